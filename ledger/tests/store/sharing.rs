//! Several programs on one ledger, older and newer ones.

use std::time::Duration;

use domain::exception::Kind;
use domain::mapping::{Mappings, ShipViaRow, Valid};
use ledger::{ExceptionFilter, Ledger, MasterKey, Note};
use tokio::task::JoinSet;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_open_a_new_ledger_at_once_share_it() {
    let home = Home::new().await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let url = home.url.clone();
        tasks.spawn(async move {
            let key = MasterKey::from_base64(KEY).unwrap();
            let ledger = Ledger::open(&url, key, at(0)).await.unwrap();
            ledger.id().to_owned()
        });
    }
    let mut ids = tasks.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_pools_write_at_once_and_none_finds_it_locked() {
    let (home, one) = fresh().await;
    let two = home.open().await;
    let mut tasks = JoinSet::new();
    for (at_once, ledger) in [one.clone(), two, one.clone()].into_iter().enumerate() {
        tasks.spawn(async move {
            for n in 0..40 {
                let id = format!("{at_once}-{n}");
                let page = [seen(&id, 1), seen("shared", 1)];
                put(&ledger, &page, 1).await;
                let shared = key("shared");
                let intent = ledger.intend(&shared, &id, "b", 1, at(1)).await;
                intent.unwrap();
                assert!(!owed(&ledger, 1).await.is_empty());
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(one.counts().await.unwrap().by_stage["new"], 121);
    assert_eq!(one.counts().await.unwrap().open_intents, 120);
}

#[tokio::test]
async fn an_older_program_works_on_a_newer_ledger() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    home.meddle("INSERT INTO schema_migrations (version, applied_at) VALUES (999, 0)")
        .await;
    home.meddle("ALTER TABLE orders ADD COLUMN from_the_future TEXT")
        .await;
    let older = home.open().await;
    assert_eq!(put(&older, &[seen("A", 2)], 2).await.changed, 1);
    assert_eq!(row(&older, "A").await.seen_version, 2);
}

#[tokio::test]
async fn sqlite_is_set_up_to_lose_nothing() {
    let (home, _ledger) = fresh().await;
    if home.url.starts_with("sqlite") {
        let mode: String = sqlx::Row::get(&home.rows("PRAGMA journal_mode").await[0], 0);
        assert_eq!(mode, "wal");
    }
}

/// Does the same through two handles at the same moment, so often.
async fn both<T>(
    home: &Home,
    times: usize,
    act: impl AsyncFn(Ledger, usize, usize) -> T + Copy,
) -> Vec<[T; 2]> {
    let (one, two) = (home.open().await, home.open().await);
    let mut done = vec![];
    for n in 0..times {
        let (a, b) = tokio::join!(act(one.clone(), n, 0), act(two.clone(), n, 1));
        done.push([a, b]);
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_and_its_shipment_that_come_at_once_see_each_other() {
    let (home, ledger) = fresh().await;
    both(&home, 40, async |ledger, n, which| {
        let id = format!("S{n}");
        if which == 0 {
            put(&ledger, &[seen(&id, 1)], 1).await;
        } else {
            let run = page(SHIPMENTS, "c", 1, &[]);
            let one = [shipment(&id, "S", 1)];
            ledger.record_shipments(&run, &one, &[]).await.unwrap();
        }
    })
    .await;
    for n in 0..40 {
        let row = row(&ledger, &format!("S{n}")).await;
        assert_eq!((row.shipments.len(), row.shipments_version), (1, 1), "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_comes_while_its_order_is_erased_is_not_kept() {
    let (home, ledger) = fresh().await;
    both(&home, 25, async |ledger, n, which| {
        let id = format!("E{n}");
        if which == 0 {
            put(&ledger, &[seen(&id, 1)], 1).await;
        } else {
            ledger.forget(&key(&id), "GDPR", at(1)).await.unwrap();
        }
    })
    .await;
    for n in 0..25 {
        assert!(ledger.payload(&key(&format!("E{n}"))).await.is_err());
    }
    assert!(home.rows("SELECT owner FROM data_keys").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_change_publish_intend_and_decide_at_once_and_nothing_is_lost() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let versions = both(&home, 20, async |ledger, n, which| {
        let mut tables = Mappings::default();
        tables.ship_vias.push(ShipViaRow {
            marketplace: "nw".into(),
            shipping_type_code: format!("{n}"),
            ship_via: "X".into(),
            valid: Valid::default(),
        });
        let made = ledger.publish_mappings(&tables, at(1)).await.unwrap();
        let add = |p: &mut domain::progress::Progress| {
            let offer = format!("{n}-{which}");
            p.corrections.skus.insert(offer, "X".into());
        };
        let note = Note::default();
        ledger.advance(&key("A"), note, at(1), add).await.unwrap();
        let effect = format!("e{n}");
        let intent = ledger.intend(&key("A"), &effect, "b", 1, at(1)).await;
        let intent = intent.unwrap();
        let block = blocked(Kind::UnmappedSku, "x");
        decide(&ledger, "A", &block, 2).await;
        (made, intent.id)
    })
    .await;
    for (n, [one, two]) in versions.iter().enumerate() {
        assert_eq!(one, two);
        assert_eq!(usize::try_from(one.0).unwrap(), n + 1);
    }
    assert_eq!(row(&ledger, "A").await.progress.corrections.skus.len(), 40);
    assert_eq!(ledger.counts().await.unwrap().open_intents, 20);
    let open = ledger.exceptions(&ExceptionFilter::default(), 9).await;
    assert_eq!(open.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_is_one_workers_and_a_wrong_clock_does_not_keep_it() {
    let (home, ledger) = fresh().await;
    let minute = Duration::from_secs(60);
    let turns = both(&home, 10, async |ledger, n, _| {
        let now = at(i64::try_from(n).unwrap() * 60);
        ledger.take_turn("OR04/nw", minute, now).await.unwrap()
    })
    .await;
    assert!(turns.iter().all(|[one, two]| one != two), "{turns:?}");
    let take = async |now| ledger.take_turn("OR04/nw", minute, at(now)).await.unwrap();
    assert!(!take(599).await);
    assert!(take(600).await);
    // The clock stood an hour ahead, and is right again.
    assert!(take(4_200).await);
    assert!(take(660).await);
}
