//! Which feeds are told as stale.

use std::collections::BTreeSet;
use std::sync::Mutex;

use activities::{Clock, Site};
use domain::exception::Kind;
use domain::marketplace::{CustomerModel, Policy, ReturnsRule, ShortShip, ShortStock};
use ledger::{ExceptionFilter, FeedRun, Ledger, MasterKey};
use secrecy::SecretString;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A shop with returns and a site that keeps them; nobody is called.
fn connections(ledger: Ledger, clock: Clock) -> Connections {
    let key = || SecretString::from("key");
    let nowhere = "http://127.0.0.1:1";
    let client = mirakl::Client::new(mirakl::Config::new(nowhere, key())).unwrap();
    let rest = bluecherry::Rest::new(bluecherry::Config::new(nowhere, key())).unwrap();
    let minute = Duration::from_secs(60);
    let shop = Shop {
        code: MarketplaceCode::new("nordwind").unwrap(),
        client,
        host: "marketplace.example".into(),
        policy: Policy {
            prefix: "NW".into(),
            external_po_max: 22,
            take_over_from: at(0),
            dry_run: false,
            partial_acceptance: true,
            short_stock: ShortStock::Refuse,
            own_centers: vec![],
            acceptance_limit_s: 86_400,
            aftercare_s: 86_400,
            tracking_grace_s: 0,
            short_ship: ShortShip::Ask,
            refund_age_s: 86_400,
            returns: ReturnsRule::Ask,
            return_method: None,
        },
        customer: CustomerModel::Consumer,
        poll: minute,
        overlap: minute,
        call_timeout: minute,
        read_lag: minute,
        ship_within_days: 2,
        cancel_after_days: 14,
        terms: None,
        price_level: None,
        returns_every: Some(minute * 5),
    };
    let site = Site {
        name: "SITE".into(),
        binding: Arc::new(rest),
        hold_code: "MKT".into(),
        call_timeout: minute,
        read_lag: minute,
        queue_cycle: minute,
        poll: minute,
        returns_in: true,
    };
    Connections::new(ledger, vec![shop], site, clock)
}

async fn succeeds(ledger: &Ledger, feeds: &[&str], now: Timestamp) {
    for feed in feeds {
        let run = FeedRun {
            feed,
            cursor: None,
            last_page: true,
            now,
            prefixes: &[],
        };
        ledger.record_shipments(&run, &[], &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_list_that_alone_stands_still_is_told_and_a_run_that_does_is_told_once() {
    let home = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/ledger.db", home.path().display());
    let ledger = Ledger::open(&url, MasterKey::generate(), at(0))
        .await
        .unwrap();
    let now = Arc::new(Mutex::new(at(0)));
    let shown = now.clone();
    let clock = Clock::following(move || *shown.lock().unwrap());
    let watch = Watch {
        since: at(0),
        connections: Arc::new(connections(ledger.clone(), clock)),
        temporal: None,
    };
    let stale = async |second| {
        *now.lock().unwrap() = at(second);
        watch.freshness().await.unwrap();
        let filter = ExceptionFilter {
            kind: Some(Kind::FeedStale),
            ..ExceptionFilter::default()
        };
        let open = ledger.exceptions(&filter, 20).await.unwrap();
        open.into_iter().map(|e| e.subject).collect::<BTreeSet<_>>()
    };
    let others = [
        "nordwind/orders",
        "nordwind/returns",
        "SITE/shipments",
        "SITE/returns",
    ];
    succeeds(&ledger, &others, at(0)).await;
    succeeds(&ledger, &["SITE/credit_memos"], at(0)).await;
    assert_eq!(stale(170).await, BTreeSet::new());

    succeeds(&ledger, &others[..1], at(200)).await;
    succeeds(&ledger, &others[2..], at(200)).await;
    let credits = BTreeSet::from(["SITE/credit_memos".to_owned()]);
    assert_eq!(stale(200).await, credits, "returns have five minutes");

    let all = stale(2_000).await;
    let told = ["SITE/credit_memos", "SITE/shipments", "nordwind/orders"];
    assert_eq!(all, told.map(str::to_owned).into());

    succeeds(&ledger, &others, at(2_010)).await;
    assert_eq!(stale(2_010).await, credits);
    succeeds(&ledger, &["SITE/credit_memos"], at(2_020)).await;
    assert_eq!(stale(2_020).await, BTreeSet::new());
}
