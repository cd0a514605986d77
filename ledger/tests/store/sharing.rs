//! Several programs on one ledger, older and newer ones.

use ledger::{Ledger, MasterKey};
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
