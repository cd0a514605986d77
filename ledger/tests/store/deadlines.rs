//! Deadlines raised once a level, whoever looks; stale feeds.

use domain::deadline::{Deadline, Level, What, Window};
use domain::exception::Kind;
use domain::step::{Stage, Step, Wait};
use ledger::{Due, Exception, ExceptionFilter, Ledger, OrderFilter, Stale};

use crate::harness::*;

/// A deadline of acceptance over the first thousand seconds.
fn thousand() -> Deadline {
    Deadline {
        what: What::Acceptance,
        window: Window {
            from: at(0),
            due: at(1_000),
        },
    }
}

async fn look(ledger: &Ledger, deadline: Option<Deadline>, now: i64) -> Option<Level> {
    let evidence = [("waits_for".to_owned(), "queue".to_owned())];
    let due = Due {
        key: &key("A"),
        deadline,
        evidence: &evidence,
    };
    ledger.settle_deadline(&due, at(now)).await.unwrap()
}

async fn open(ledger: &Ledger) -> Vec<Exception> {
    let filter = ExceptionFilter::default();
    ledger.exceptions(&filter, 99).await.unwrap()
}

async fn untold(ledger: &Ledger) -> Vec<Exception> {
    ledger.exceptions_to_tell(99).await.unwrap()
}

#[tokio::test]
async fn an_order_without_an_exception_gets_one_that_is_raised_once_a_level() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    assert_eq!(look(&ledger, Some(thousand()), 499).await, None);
    assert!(open(&ledger).await.is_empty());

    for (now, level) in [
        (500, Level::Half),
        (750, Level::ThreeQuarters),
        (900, Level::NineTenths),
        (1_000, Level::Overdue),
    ] {
        assert_eq!(look(&ledger, Some(thousand()), now).await, Some(level));
        assert_eq!(look(&ledger, Some(thousand()), now).await, None, "once");
        let all = open(&ledger).await;
        assert_eq!((all.len(), all[0].kind), (1, Kind::AcceptanceDue));
        assert_eq!((all[0].level, all[0].deadline), (level, Some(at(1_000))));
        let told = untold(&ledger).await;
        assert_eq!(told.len(), 1, "told again at {level}");
        ledger.exceptions_told(&told, at(now)).await.unwrap();
        assert!(untold(&ledger).await.is_empty());
    }

    look(&ledger, None, 1_100).await;
    assert!(open(&ledger).await.is_empty(), "it closes when it is met");
}

#[tokio::test]
async fn an_exception_that_is_there_is_raised_and_no_other_is_opened() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    decide(&ledger, "A", &blocked(Kind::UnmappedSku, "BC-1"), 2).await;
    decide(&ledger, "B", &blocked(Kind::UnmappedSku, "BC-1"), 2).await;
    ledger
        .exceptions_told(&untold(&ledger).await, at(3))
        .await
        .unwrap();

    assert_eq!(
        look(&ledger, Some(thousand()), 800).await,
        Some(Level::ThreeQuarters)
    );

    let all = open(&ledger).await;
    let shown: Vec<_> = all
        .iter()
        .map(|e| (e.subject.as_str(), e.kind, e.level))
        .collect();
    assert_eq!(
        shown,
        [
            ("A", Kind::UnmappedSku, Level::ThreeQuarters),
            ("B", Kind::UnmappedSku, Level::Calm),
        ],
        "the nearest first"
    );
    let told = untold(&ledger).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "A");
}

#[tokio::test]
async fn a_deadline_that_moves_lowers_what_was_raised_and_tells_nobody() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    look(&ledger, Some(thousand()), 950).await;
    ledger
        .exceptions_told(&untold(&ledger).await, at(950))
        .await
        .unwrap();
    let mut later = thousand();
    later.window.due = at(1_800);
    assert_eq!(look(&ledger, Some(later), 950).await, None);
    assert_eq!(open(&ledger).await[0].level, Level::Half);
    assert!(untold(&ledger).await.is_empty());

    later.window.due = at(9_000);
    look(&ledger, Some(later), 950).await;
    assert!(open(&ledger).await.is_empty());
}

#[tokio::test]
async fn one_that_gets_another_explanation_leaves_the_telling_to_it() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    look(&ledger, Some(thousand()), 500).await;
    decide(&ledger, "A", &blocked(Kind::UnmappedTax, "VAT"), 600).await;
    assert_eq!(
        look(&ledger, Some(thousand()), 601).await,
        Some(Level::Half)
    );
    let all = open(&ledger).await;
    assert_eq!((all.len(), all[0].kind), (1, Kind::UnmappedTax));
    assert_eq!(all[0].level, Level::Half);
}

#[tokio::test]
async fn several_workers_raise_once() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let other = home.open().await;
    let now = Some(thousand());
    let (a, b, c, d) = tokio::join!(
        look(&ledger, now, 760),
        look(&other, now, 760),
        look(&ledger, now, 760),
        look(&other, now, 760)
    );
    let raised: Vec<_> = [a, b, c, d].into_iter().flatten().collect();
    assert_eq!(raised, [Level::ThreeQuarters]);
    assert_eq!(open(&ledger).await.len(), 1);
}

#[tokio::test]
async fn one_raised_while_it_was_being_told_is_told_again() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    look(&ledger, Some(thousand()), 500).await;
    let telling = untold(&ledger).await;
    look(&ledger, Some(thousand()), 750).await;
    ledger.exceptions_told(&telling, at(751)).await.unwrap();
    assert_eq!(untold(&ledger).await[0].level, Level::ThreeQuarters);
}

#[tokio::test]
async fn only_orders_that_somebody_waits_for_are_watched() {
    let (_home, ledger) = fresh().await;
    let orders = ["A", "B", "C", "D"].map(|id| seen(id, 1));
    put(&ledger, &orders, 1).await;
    let wait = |wait, stage| decision(Step::Wait(wait), stage);
    let paying = wait(Wait::Payment, Stage::AwaitingPayment);
    decide(&ledger, "B", &paying, 2).await;
    decide(&ledger, "C", &wait(Wait::Aftercare, Stage::Shipped), 2).await;
    decide(
        &ledger,
        "D",
        &wait(Wait::Shipment, Stage::AwaitingShipment),
        2,
    )
    .await;
    let ids = async |after: Option<&str>, limit| {
        let after = after.map(key);
        let page = ledger.watched_orders(after.as_ref(), limit).await;
        let (all, _) = page.unwrap();
        all.into_iter().map(|w| w.key.order_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 99).await, ["A", "D"]);
    assert_eq!(ids(None, 1).await, ["A"]);
    assert_eq!(ids(Some("A"), 1).await, ["D"]);
    // News that nobody looked at may have ended the waiting for the customer's payment.
    put(&ledger, &[seen("B", 5)], 5).await;
    assert_eq!(ids(None, 99).await, ["A", "B", "D"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_read_hides_no_deadline_behind_it() {
    let (home, ledger) = fresh().await;
    put(&ledger, &["A", "B", "C"].map(|id| seen(id, 1)), 1).await;
    home.meddle("UPDATE orders SET facts = '{' WHERE order_id = 'A'")
        .await;

    let (first, next) = ledger.watched_orders(None, 2).await.unwrap();
    let rest = ledger.watched_orders(next.as_ref(), 2).await.unwrap();

    let ids = |page: &[ledger::Watched]| -> Vec<String> {
        page.iter().map(|w| w.key.order_id.clone()).collect()
    };
    assert_eq!(ids(&first), ["B"]);
    assert_eq!(next, Some(key("B")), "there is more behind this page");
    assert_eq!((ids(&rest.0), rest.1), (vec!["C".to_owned()], None));
}

#[tokio::test]
async fn lists_and_counts_follow_the_windows() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    look(&ledger, Some(thousand()), 10).await;
    let counts = ledger.due_counts(at(920)).await.unwrap();
    assert_eq!(counts[&Level::NineTenths], 1);
    assert_eq!(counts.values().sum::<u64>(), 1);
    let filter = OrderFilter {
        by_deadline: true,
        ..OrderFilter::default()
    };
    let listed = ledger.list_orders(&filter, 9).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|o| o.key.order_id.as_str()).collect();
    assert_eq!(ids, ["A", "B"], "B has no deadline");
    assert_eq!(listed[0].window, Some(thousand().window));
}

#[tokio::test]
async fn a_stale_feed_is_one_exception_until_it_is_fresh_again() {
    let (_home, ledger) = fresh().await;
    let stale = |name: &str| Stale {
        name: name.into(),
        marketplace: Some(nw()),
        evidence: vec![("paused".into(), "yes".into())],
    };
    for now in [5, 6] {
        let both = [stale("nw/orders"), stale("sweep/nw")];
        ledger.settle_freshness(&both, &[], at(now)).await.unwrap();
    }
    assert_eq!(open(&ledger).await.len(), 2);
    let one = [stale("sweep/nw")];
    ledger.settle_freshness(&one, &[], at(7)).await.unwrap();
    let left = open(&ledger).await;
    assert_eq!((left.len(), left[0].kind), (1, Kind::FeedStale));
    assert_eq!(left[0].subject, "sweep/nw");
    assert_eq!(left[0].evidence[0].1, "yes");
    // A worker that has just started cannot say that it is fresh.
    let undecided = ["sweep/nw".to_owned()];
    let settled = ledger.settle_freshness(&[], &undecided, at(8)).await;
    settled.unwrap();
    assert_eq!(open(&ledger).await.len(), 1);
    ledger.settle_freshness(&[], &[], at(9)).await.unwrap();
    assert!(open(&ledger).await.is_empty());
}
