//! Mapping tables that wait for a person, and migrations that only add.

use domain::exception::Kind;
use domain::mapping::Mappings;
use ledger::{Approval, ChangedKey, ExceptionFilter, Ledger, Offered, read_tables};

use crate::harness::*;
use crate::inbox::one_allowance;

fn changed(_: &Mappings) -> Option<(Vec<ChangedKey>, usize)> {
    let key = ChangedKey {
        key: "skus nw A".into(),
        was: "sku=1".into(),
        becomes: "sku=2".into(),
    };
    Some((vec![key], 9))
}

fn unchanged(_: &Mappings) -> Option<(Vec<ChangedKey>, usize)> {
    None
}

async fn is_open(ledger: &Ledger) -> bool {
    let open = ledger.exceptions(&ExceptionFilter::default(), 10).await;
    let open = open.unwrap();
    assert!(open.iter().all(|e| e.kind == Kind::MappingHeld));
    !open.is_empty()
}

#[tokio::test]
async fn the_first_tables_are_in_force_at_once_and_later_ones_may_wait() {
    let (_home, ledger) = fresh().await;
    let [a, b, c] = ["A", "B", "C"].map(one_allowance);
    assert_eq!(
        ledger.offer_mappings(&a, changed, at(1)).await.unwrap(),
        Offered::InForce(1)
    );
    let held = ledger.offer_mappings(&b, changed, at(2)).await.unwrap();
    let Offered::Held(proposal) = &held else {
        panic!("{held:?}");
    };
    assert_eq!(
        (proposal.changed, proposal.total, proposal.keys.len()),
        (1, 9, 1)
    );
    assert!(is_open(&ledger).await);
    assert_eq!(
        ledger.offer_mappings(&b, changed, at(3)).await.unwrap(),
        held
    );
    assert_eq!(ledger.mapping_version().await.unwrap(), 1);

    // Later tables take the place of those that wait.
    assert_eq!(
        ledger.offer_mappings(&c, unchanged, at(4)).await.unwrap(),
        Offered::InForce(2)
    );
    assert!(!is_open(&ledger).await);
    let late = ledger
        .approve_mappings(proposal.id, "AB", at(5))
        .await
        .unwrap();
    let replaced = Approval::Decided {
        outcome: "replaced".into(),
        by: None,
        at: at(4),
    };
    assert_eq!(late, replaced);
    let unknown = ledger.approve_mappings(99, "AB", at(5)).await;
    assert!(matches!(unknown, Err(ledger::Error::NotFound)));
}

#[tokio::test]
async fn a_yes_counts_once_and_the_next_person_is_told() {
    let (_home, ledger) = fresh().await;
    let [a, b] = ["A", "B"].map(one_allowance);
    ledger.offer_mappings(&a, changed, at(1)).await.unwrap();
    let Offered::Held(proposal) = ledger.offer_mappings(&b, changed, at(2)).await.unwrap() else {
        panic!("not held");
    };
    let yes = ledger.approve_mappings(proposal.id, "AB", at(3)).await;
    assert_eq!(yes.unwrap(), Approval::InForce(2));
    assert_eq!(ledger.mappings(2).await.unwrap(), b);
    assert!(!is_open(&ledger).await);
    assert_eq!(ledger.held_mappings().await.unwrap(), None);
    let again = ledger.approve_mappings(proposal.id, "CD", at(4)).await;
    let told = Approval::Decided {
        outcome: "approved".into(),
        by: Some("AB".into()),
        at: at(3),
    };
    assert_eq!(again.unwrap(), told);
    assert_eq!(ledger.mapping_version().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_workers_that_offer_the_same_tables_at_once_one_proposes_them() {
    let (home, ledger) = fresh().await;
    let [a, b] = ["A", "B"].map(one_allowance);
    ledger.offer_mappings(&a, changed, at(1)).await.unwrap();
    let pools = [home.open().await, home.open().await];
    let mut offers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (pool, tables) = (pools[n % 2].clone(), b.clone());
        offers.spawn(async move {
            let offered = pool.offer_mappings(&tables, changed, at(2)).await;
            assert!(matches!(offered.unwrap(), Offered::Held(_)));
        });
    }
    offers.join_all().await;

    let proposals = home.rows("SELECT id FROM mapping_proposals").await;
    assert_eq!(proposals.len(), 1);
}

#[test]
fn migrations_only_add_so_that_an_older_program_works_on() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        files += 1;
        let bare: String = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("--"))
            .collect();
        for statement in bare.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let added = [
                "CREATE TABLE ",
                "CREATE INDEX ",
                "CREATE UNIQUE INDEX ",
                "INSERT INTO ",
            ];
            let adds_column = statement.starts_with("ALTER TABLE ")
                && statement.contains(" ADD COLUMN ")
                && (!statement.contains("NOT NULL") || statement.contains("DEFAULT"));
            let adds = added.iter().any(|start| statement.starts_with(start));
            assert!(adds || adds_column, "{}: {statement}", path.display());
        }
    }
    assert!(files >= 2, "{files} migrations");
}

#[tokio::test]
async fn the_tables_in_force_are_kept_beside_the_export_and_held_ones_are_not() {
    let (home, ledger) = fresh().await;
    let export = home.dir.path().join("decisions.jsonl");
    assert_eq!(read_tables(&export).unwrap(), None);
    let ledger = ledger.exporting_to(export.clone());
    let [a, b, c] = ["A", "B", "C"].map(one_allowance);
    let kept = || read_tables(&export).unwrap().unwrap();

    ledger.offer_mappings(&a, changed, at(1)).await.unwrap();
    assert_eq!((kept().tables, kept().published_at), (a.clone(), at(1)));
    let held = ledger.offer_mappings(&b, changed, at(2)).await.unwrap();
    assert_eq!(kept().tables, a);
    let Offered::Held(proposal) = held else {
        panic!("{held:?}");
    };
    let yes = ledger.approve_mappings(proposal.id, "AB", at(3)).await;
    yes.unwrap();
    assert_eq!((kept().tables, kept().published_at), (b, at(3)));
    ledger.publish_mappings(&c, at(4)).await.unwrap();
    assert_eq!(kept().tables, c);

    // A program that kept none, or a file that broke: the next start keeps them.
    std::fs::write(ledger::beside(&export), "{").unwrap();
    assert!(read_tables(&export).is_err());
    ledger.keep_tables().await.unwrap();
    assert_eq!((kept().tables, kept().published_at), (c, at(4)));
    assert_eq!(kept().ledger, ledger.id());
}
