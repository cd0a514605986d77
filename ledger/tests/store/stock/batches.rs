//! Batches as they were read, the items, the lease, and the sums behind numbers.

use ledger::{Error, Holding, StoredItem};

use super::place::*;
use crate::harness::*;

#[tokio::test]
async fn a_page_that_comes_again_changes_nothing_and_positions_are_read_by_whole_items() {
    let place = Place::new().await;
    let rows = [
        position("A", "NJ1", "1"),
        position("A", "NJ2", "2"),
        position("B", "NJ1", "3"),
        position("C", "NJ1", "4"),
    ];
    let snapshot = place.begin("b-1", false).await;
    place.add(&snapshot, &rows[..3]).await;
    assert_eq!(place.begin("b-1", false).await, snapshot);
    place.add(&snapshot, &rows).await;
    assert!(place.accept(&snapshot).await);
    // Nothing is added to it any more, nor is it judged twice.
    place.add(&snapshot, &[position("D", "NJ1", "9")]).await;
    assert!(!place.accept(&snapshot).await);
    let ledger = &place.ledger;
    let refused = ledger
        .refuse_snapshot(place.holding(3), snapshot.id, "{}", &[])
        .await;
    assert!(!refused.unwrap());

    let found = place.positions(&snapshot, &["A", "C", "D", "X"]).await;
    let [a1, a2, _, c] = rows.clone();
    assert_eq!(found, [a1, a2, c]);
    assert_eq!(
        ledger.positions_of(snapshot.id, "A").await.unwrap(),
        rows[..2]
    );
    let current = ledger.current_snapshot("main").await.unwrap().unwrap();
    assert_eq!(current.state, "accepted");
    assert_eq!(current.totals, "{\"n\":4}");
    assert_eq!(current.orders_seen_through.as_deref(), Some("SO-9"));
}

#[tokio::test]
async fn a_chunk_larger_than_a_statement_goes_in_whole() {
    let place = Place::new().await;
    let names: Vec<String> = (0..1_203).map(|n| format!("S{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<_> = names.iter().map(|sku| position(sku, "NJ1", "1")).collect();
    let snapshot = place.read("b-1", false, &rows).await;
    assert_eq!(place.positions(&snapshot, &names).await, rows);
    let offers: Vec<_> = names.iter().map(|sku| (*sku, 0)).collect();
    place.show(&offers, 2, 2).await;
    let offers: Vec<_> = names.iter().map(|sku| (*sku, 2)).collect();
    let publication = place.want(&offers, 3).await;
    let (import, _) = place
        .file(&publication, ledger::ImportOf::Difference, 4)
        .await;
    assert_eq!(import.lines, 1_203);
}

#[tokio::test]
async fn a_delta_keeps_what_it_does_not_name_and_a_full_batch_does_not() {
    let place = Place::new().await;
    let rows = [position("A", "NJ1", "1"), position("B", "NJ1", "2")];
    place.read("b-1", false, &rows).await;
    let delta = place.read("b-2", true, &[position("B", "NJ1", "7")]).await;
    let stands = place.positions(&delta, &["A", "B"]).await;
    assert_eq!(stands, [rows[0].clone(), position("B", "NJ1", "7")]);
    let full = place.read("b-3", false, &[position("B", "NJ1", "8")]).await;
    assert!(place.positions(&full, &["A"]).await.is_empty());
    assert!(place.positions(&delta, &["A", "B"]).await.is_empty());
}

#[tokio::test]
async fn positions_that_a_computation_reads_outlive_a_newer_batch() {
    let place = Place::new().await;
    let old = place.read("b-1", false, &[position("A", "NJ1", "1")]).await;
    let mut publication = place.compute(false, 3).await;
    assert_eq!(publication.snapshot, old.id);
    place.read("b-2", false, &[position("A", "NJ1", "2")]).await;
    assert_eq!(place.positions(&old, &["A"]).await.len(), 1);

    publication.state = "done".to_owned();
    let noted = place
        .ledger
        .note_publication(place.holding(4), &publication);
    noted.await.unwrap();
    place.read("b-3", false, &[position("A", "NJ1", "3")]).await;
    assert!(place.positions(&old, &["A"]).await.is_empty());
}

#[tokio::test]
async fn a_refused_batch_leaves_the_current_one_and_a_late_one_is_not_accepted() {
    let place = Place::new().await;
    let good = place.read("b-1", false, &[position("A", "NJ1", "1")]).await;
    let late = place.begin("b-2", false).await;
    let bad = place.begin("b-3", false).await;
    let reasons = ["shrunken".to_owned()];
    let refused = place
        .ledger
        .refuse_snapshot(place.holding(3), bad.id, "{}", &reasons)
        .await;
    assert!(refused.unwrap());
    let current = place.ledger.current_snapshot("main").await.unwrap();
    assert_eq!(current.unwrap().id, good.id);
    let again = place.read("b-3", false, &[position("A", "NJ1", "2")]).await;
    assert!(again.id > bad.id, "numbers grow");
    assert!(!place.accept(&late).await);
    let listed = place.ledger.snapshots("main", 2).await.unwrap();
    let states: Vec<_> = listed
        .iter()
        .map(|s| (s.state.as_str(), s.reasons.len()))
        .collect();
    assert_eq!(states, [("accepted", 0), ("refused", 1)]);
}

#[tokio::test]
async fn an_item_that_a_whole_pass_does_not_name_is_forgotten() {
    let place = Place::new().await;
    let item = |sku: &str, facts: &str| StoredItem {
        sku: sku.into(),
        facts: facts.into(),
    };
    let ledger = &place.ledger;
    let both = [item("A", "1"), item("B", "2")];
    ledger.put_stock_items("main", &both, at(1)).await.unwrap();
    let newer = [item("A", "3"), item("A", "4")];
    ledger.put_stock_items("main", &newer, at(2)).await.unwrap();
    assert_eq!(ledger.forget_stock_items("main", at(2)).await.unwrap(), 1);
    let known = ledger.stock_items("main", &["A", "B"]).await.unwrap();
    assert_eq!(known, [item("A", "4")]);
    assert!(
        ledger
            .stock_items("other", &["A"])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn one_run_at_a_time_publishes_and_a_lease_that_ran_out_goes_to_the_next() {
    let (_home, ledger) = fresh().await;
    let take = async |holder: &str, until, now| {
        let taken = ledger
            .take_stock_lease("nw", holder, at(until), at(now))
            .await;
        taken.unwrap()
    };
    let epoch = async |holder: &str, until, now| take(holder, until, now).await.map(|l| l.epoch);
    assert_eq!(epoch("run-1", 60, 0).await, Some(1));
    assert_eq!(epoch("run-2", 90, 30).await, None);
    assert_eq!(epoch("run-1", 99, 50).await, Some(1), "prolonged");
    assert_eq!(epoch("run-2", 150, 99).await, Some(2));
    ledger.give_stock_lease_back("nw", "run-1").await.unwrap();
    assert_eq!(epoch("run-1", 160, 100).await, None);
    ledger.give_stock_lease_back("nw", "run-2").await.unwrap();
    let lease = take("run-1", 160, 101).await.unwrap();
    assert_eq!(lease.epoch, 3);
    assert_eq!(epoch("run-3", 260, 161).await, Some(4));
    let holding = Holding {
        lease: &lease,
        until: at(300),
        now: at(162),
    };
    let late = ledger.keep_stock_lease(holding).await;
    assert!(matches!(late, Err(Error::LeaseLost)));
}

#[tokio::test]
async fn the_number_of_any_past_moment_is_explained_and_an_older_computation_changes_none() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 1, 1).await;
    let first = place.want(&[("A", 3), ("B", 1)], 10).await;
    let second = place.want(&[("B", 2)], 20).await;
    let third = place.want(&[("A", 4)], 30).await;
    assert!(first.snapshot_no < second.snapshot_no && second.snapshot_no < third.snapshot_no);
    place.want_by(second.snapshot_no, &[("A", 9)], 25).await;
    let ledger = &place.ledger;
    let then = async |second| {
        let at = ledger.published_at(&nw(), "A", at(second)).await.unwrap();
        at.map(|p| (p.quantity, p.snapshot_no, p.explanation.snapshot_no.0))
    };
    let named = |quantity, no: i64| Some((Some(quantity), no, u64::try_from(no).unwrap()));
    assert_eq!(then(9).await, None);
    assert_eq!(then(10).await, named(3, first.snapshot_no));
    assert_eq!(then(24).await, named(3, first.snapshot_no));
    assert_eq!(then(99).await, named(4, third.snapshot_no));
    let history = ledger.stock_history(&nw(), "B", 9).await.unwrap();
    let numbers: Vec<_> = history.iter().map(|p| p.quantity).collect();
    assert_eq!(numbers, [Some(2), Some(1)]);
    assert!(history.iter().all(|p| p.as_of == Some(at(0))));
    let offers = ledger.offers_after(&nw(), "", 9).await.unwrap();
    let stands: Vec<_> = offers
        .iter()
        .map(|o| (o.offer_sku.as_str(), o.wanted, o.sku.as_deref()))
        .collect();
    assert_eq!(
        stands,
        [("A", Some(4), Some("a")), ("B", Some(2), Some("b"))]
    );
    // What stood at the end of the retention can still be told.
    assert_eq!(ledger.forget_stock(&nw(), at(30)).await.unwrap(), 3);
    assert_eq!(then(29).await, None);
    assert_eq!(then(30).await, named(4, third.snapshot_no));
}
