//! Stock: batches, what offers should show and why, files for Mirakl, what is held, and the lease.

use std::collections::BTreeMap;

use domain::progress::{Progress, SalesOrder};
use ledger::{
    HeldOffer, Import, ImportLine, ImportOf, Ledger, NewEvent, NewSnapshot, Note, Snapshot,
    StoredPosition, WantedStock,
};

use crate::harness::*;

async fn begin(ledger: &Ledger, batch_id: &str, delta: bool) -> Snapshot {
    let new = NewSnapshot {
        site: "main",
        batch_id,
        delta,
        as_of: at(0),
        orders_seen_through: Some(at(-1)),
        now: at(1),
    };
    ledger.begin_snapshot(&new).await.unwrap()
}

fn position(sku: &str, place: &str, figures: &str) -> StoredPosition {
    StoredPosition {
        sku: sku.into(),
        place: place.into(),
        figures: figures.into(),
    }
}

async fn read(ledger: &Ledger, batch_id: &str, delta: bool, rows: &[StoredPosition]) -> Snapshot {
    let snapshot = begin(ledger, batch_id, delta).await;
    let no = snapshot.snapshot_no;
    ledger.add_positions(no, rows).await.unwrap();
    assert!(
        ledger
            .accept_snapshot(&snapshot, "{}", at(2))
            .await
            .unwrap()
    );
    snapshot
}

fn wanted(offer_sku: &str, quantity: u32) -> WantedStock {
    WantedStock {
        offer_sku: offer_sku.into(),
        quantity,
        explanation: format!("{{\"ots\":{quantity}}}"),
    }
}

async fn want(ledger: &Ledger, snapshot_no: i64, offers: &[(&str, u32)], now: i64) {
    let offers: Vec<_> = offers.iter().map(|(sku, n)| wanted(sku, *n)).collect();
    let noted = ledger
        .want_stock(&nw(), snapshot_no, &offers, at(now))
        .await;
    noted.unwrap();
}

async fn file(ledger: &Ledger, run: &str, of: ImportOf, now: i64) -> (Import, Vec<(String, i64)>) {
    let import = ledger.begin_import(&nw(), run, of, at(now)).await.unwrap();
    let lines = ledger.import_lines(import.id, "", 99).await.unwrap();
    let pair = |line: ImportLine| (line.offer_sku, line.quantity);
    (import, lines.into_iter().map(pair).collect())
}

/// Sends a file and has Mirakl refuse these lines of it.
async fn send(ledger: &Ledger, import: &Import, refused: &[&str], now: i64) {
    let deadline = at(now + 60);
    assert!(
        ledger
            .begin_import_attempt(import, deadline, at(now))
            .await
            .unwrap()
    );
    assert!(ledger.import_sent(import.id, "77").await.unwrap());
    let refused: Vec<_> = refused.iter().map(|sku| (*sku).to_owned()).collect();
    ledger
        .refuse_import_lines(import.id, &refused)
        .await
        .unwrap();
    assert!(ledger.import_done(import, at(now)).await.unwrap());
}

async fn acknowledged(ledger: &Ledger, offer_sku: &str) -> Option<i64> {
    let offer = ledger.offer_stock(&nw(), offer_sku).await.unwrap().unwrap();
    offer.acknowledged.map(|(quantity, _)| quantity)
}

fn pairs(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(sku, n)| ((*sku).to_owned(), *n)).collect()
}

#[tokio::test]
async fn a_page_that_comes_again_changes_nothing_and_positions_are_read_by_whole_items() {
    let (_home, ledger) = fresh().await;
    let rows = [
        position("A", "NJ1", "1"),
        position("A", "NJ2", "2"),
        position("B", "NJ1", "3"),
        position("C", "NJ1", "4"),
    ];
    let snapshot = begin(&ledger, "b-1", false).await;
    let no = snapshot.snapshot_no;
    ledger.add_positions(no, &rows[..3]).await.unwrap();
    assert_eq!(begin(&ledger, "b-1", false).await, snapshot);
    ledger.add_positions(no, &rows).await.unwrap();
    assert!(
        ledger
            .accept_snapshot(&snapshot, "{\"n\":4}", at(2))
            .await
            .unwrap()
    );
    // Nothing is added to it any more, nor is it judged twice.
    ledger
        .add_positions(no, &[position("D", "NJ1", "9")])
        .await
        .unwrap();
    assert!(
        !ledger
            .accept_snapshot(&snapshot, "{}", at(3))
            .await
            .unwrap()
    );
    assert!(!ledger.refuse_snapshot(no, "{}", &[], at(3)).await.unwrap());

    let first = ledger.positions_after(no, "", 2).await.unwrap();
    assert_eq!(first, rows[..3]);
    assert_eq!(ledger.positions_after(no, "B", 2).await.unwrap(), rows[3..]);
    assert!(ledger.positions_after(no, "C", 2).await.unwrap().is_empty());
    assert_eq!(ledger.positions_of(no, "A").await.unwrap(), rows[..2]);
    let current = ledger.current_snapshot("main").await.unwrap().unwrap();
    assert_eq!(
        (current.state.as_str(), current.totals.as_str()),
        ("accepted", "{\"n\":4}")
    );
}

#[tokio::test]
async fn a_chunk_larger_than_a_statement_goes_in_whole() {
    let (_home, ledger) = fresh().await;
    let rows: Vec<_> = (0..1203)
        .map(|n| position(&format!("S{n:05}"), "NJ1", "1"))
        .collect();
    let snapshot = read(&ledger, "b-1", false, &rows).await;
    let all = ledger.positions_after(snapshot.snapshot_no, "", 9999).await;
    assert_eq!(all.unwrap(), rows);
    let offers: Vec<_> = rows.iter().map(|row| wanted(&row.sku, 2)).collect();
    let noted = ledger
        .want_stock(&nw(), snapshot.snapshot_no, &offers, at(3))
        .await;
    noted.unwrap();
    let (import, _) = file(&ledger, "run", ImportOf::Difference, 4).await;
    assert_eq!(import.lines, 1203);
}

#[tokio::test]
async fn a_delta_keeps_what_it_does_not_name_and_a_full_batch_does_not() {
    let (_home, ledger) = fresh().await;
    let rows = [position("A", "NJ1", "1"), position("B", "NJ1", "2")];
    read(&ledger, "b-1", false, &rows).await;
    let delta = read(&ledger, "b-2", true, &[position("B", "NJ1", "7")]).await;
    let stands = ledger
        .positions_after(delta.snapshot_no, "", 9)
        .await
        .unwrap();
    assert_eq!(stands, [rows[0].clone(), position("B", "NJ1", "7")]);
    let full = read(&ledger, "b-3", false, &[position("B", "NJ1", "8")]).await;
    assert!(
        ledger
            .positions_of(full.snapshot_no, "A")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        ledger
            .positions_after(delta.snapshot_no, "", 9)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_refused_batch_leaves_the_current_one_and_a_late_one_is_not_accepted() {
    let (_home, ledger) = fresh().await;
    let good = read(&ledger, "b-1", false, &[position("A", "NJ1", "1")]).await;
    let late = begin(&ledger, "b-2", false).await;
    let bad = begin(&ledger, "b-3", false).await;
    let reasons = ["shrunken".to_owned()];
    assert!(
        ledger
            .refuse_snapshot(bad.snapshot_no, "{}", &reasons, at(3))
            .await
            .unwrap()
    );
    let current = ledger.current_snapshot("main").await.unwrap().unwrap();
    assert_eq!(current.snapshot_no, good.snapshot_no);
    let again = read(&ledger, "b-3", false, &[position("A", "NJ1", "2")]).await;
    assert!(again.snapshot_no > bad.snapshot_no, "numbers grow");
    assert!(!ledger.accept_snapshot(&late, "{}", at(4)).await.unwrap());
    let listed = ledger.snapshots("main", 2).await.unwrap();
    let states: Vec<_> = listed
        .iter()
        .map(|s| (s.state.as_str(), s.reasons.len()))
        .collect();
    assert_eq!(states, [("accepted", 0), ("refused", 1)]);
}

#[tokio::test]
async fn the_number_of_any_past_moment_is_explained_and_an_older_snapshot_changes_none() {
    let (_home, ledger) = fresh().await;
    want(&ledger, 5, &[("A", 3), ("B", 1)], 10).await;
    want(&ledger, 6, &[("A", 3), ("B", 2)], 20).await;
    want(&ledger, 7, &[("A", 4)], 30).await;
    want(&ledger, 6, &[("A", 9)], 40).await;
    let then = async |second| {
        let at = ledger.published_at(&nw(), "A", at(second)).await.unwrap();
        at.map(|p| (p.quantity, p.snapshot_no))
    };
    assert_eq!(then(9).await, None);
    assert_eq!(then(10).await, Some((3, 5)));
    assert_eq!(
        then(29).await,
        Some((3, 5)),
        "an unchanged sum is kept once"
    );
    assert_eq!(then(99).await, Some((4, 7)));
    let offers = ledger.offers_after(&nw(), "", 9).await.unwrap();
    let stands: Vec<_> = offers
        .iter()
        .map(|o| (o.offer_sku.as_str(), o.wanted))
        .collect();
    assert_eq!(stands, [("A", 4), ("B", 2)]);
    // What stood at the end of the retention can still be told.
    assert_eq!(ledger.forget_publications(&nw(), at(30)).await.unwrap(), 2);
    assert_eq!(then(29).await, None);
    assert_eq!(then(30).await, Some((4, 7)));
}

#[tokio::test]
async fn a_file_holds_what_differs_and_good_rows_stand_beside_refused_ones() {
    let (_home, ledger) = fresh().await;
    want(&ledger, 1, &[("A", 3), ("B", 1)], 1).await;
    let (import, lines) = file(&ledger, "run-1", ImportOf::Difference, 2).await;
    assert_eq!(lines, pairs(&[("A", 3), ("B", 1)]));
    send(&ledger, &import, &["B"], 3).await;
    assert_eq!(acknowledged(&ledger, "A").await, Some(3));
    assert_eq!(acknowledged(&ledger, "B").await, None);
    let ended = ledger.import(import.id).await.unwrap();
    assert_eq!((ended.state.as_str(), ended.refused_lines), ("done", 1));

    let (empty, _) = file(&ledger, "run-2", ImportOf::Difference, 4).await;
    assert_eq!((empty.state.as_str(), empty.lines), ("done", 0));
    let (_, all) = file(&ledger, "run-3", ImportOf::Full, 5).await;
    assert_eq!(all.len(), 2, "a full file tries a refused row again");
    want(&ledger, 2, &[("B", 2)], 6).await;
    let (_, changed) = file(&ledger, "run-4", ImportOf::Difference, 7).await;
    assert_eq!(changed, pairs(&[("B", 2)]));
}

#[tokio::test]
async fn an_answer_lost_after_the_write_has_the_same_lines_sent_again() {
    let (_home, ledger) = fresh().await;
    want(&ledger, 1, &[("A", 3)], 1).await;
    let (import, lines) = file(&ledger, "run-1", ImportOf::Difference, 2).await;
    assert!(
        ledger
            .begin_import_attempt(&import, at(60), at(3))
            .await
            .unwrap()
    );
    want(&ledger, 2, &[("A", 9)], 4).await;
    let (again, same) = file(&ledger, "run-1", ImportOf::Difference, 5).await;
    assert_eq!((again.id, again.attempts, same), (import.id, 1, lines));
    assert_eq!(again.send_deadline, Some(at(60)));
    assert!(ledger.drop_import(import.id, at(70)).await.unwrap());
    assert!(!ledger.import_done(&import, at(71)).await.unwrap());
    let (_, next) = file(&ledger, "run-2", ImportOf::Difference, 72).await;
    assert_eq!(next, pairs(&[("A", 9)]), "nobody knows what Mirakl holds");
}

#[tokio::test]
async fn an_older_file_neither_goes_out_nor_counts_after_a_later_one() {
    let (_home, ledger) = fresh().await;
    want(&ledger, 1, &[("A", 3)], 1).await;
    let (old, _) = file(&ledger, "run-1", ImportOf::Difference, 2).await;
    assert!(
        ledger
            .begin_import_attempt(&old, at(60), at(2))
            .await
            .unwrap()
    );
    assert!(ledger.import_sent(old.id, "1").await.unwrap());
    let (unsent, _) = file(&ledger, "run-2", ImportOf::Full, 3).await;
    want(&ledger, 2, &[("A", 1)], 4).await;
    let (new, _) = file(&ledger, "run-3", ImportOf::Difference, 5).await;
    send(&ledger, &new, &[], 6).await;
    assert!(
        !ledger
            .begin_import_attempt(&unsent, at(60), at(7))
            .await
            .unwrap()
    );
    assert!(ledger.import_done(&old, at(8)).await.unwrap());
    assert_eq!(acknowledged(&ledger, "A").await, Some(1));
}

#[tokio::test]
async fn drift_is_told_and_sent_again_but_not_judged_while_a_file_is_under_way() {
    let (_home, ledger) = fresh().await;
    want(&ledger, 1, &[("A", 3), ("B", 1)], 1).await;
    let (import, _) = file(&ledger, "run-1", ImportOf::Difference, 2).await;
    send(&ledger, &import, &[], 3).await;
    let shown = BTreeMap::from([("A".to_owned(), 2), ("B".to_owned(), 1)]);
    let early = ledger
        .note_shown(&nw(), &shown, at(2), at(4))
        .await
        .unwrap();
    assert!(early.is_empty(), "asked before Mirakl took the file");
    let drifts = ledger
        .note_shown(&nw(), &shown, at(5), at(6))
        .await
        .unwrap();
    let found: Vec<_> = drifts
        .iter()
        .map(|d| (d.offer_sku.as_str(), d.acknowledged, d.shown))
        .collect();
    assert_eq!(found, [("A", 3, 2)]);
    let (repair, lines) = file(&ledger, "run-2", ImportOf::Difference, 7).await;
    assert_eq!(lines, pairs(&[("A", 3)]));
    assert!(
        ledger
            .begin_import_attempt(&repair, at(60), at(8))
            .await
            .unwrap()
    );
    let under_way = ledger
        .note_shown(&nw(), &shown, at(9), at(9))
        .await
        .unwrap();
    assert!(under_way.is_empty());
    let offer = ledger.offer_stock(&nw(), "A").await.unwrap().unwrap();
    assert_eq!(offer.shown, Some((2, at(9))));
}

#[tokio::test]
async fn what_is_held_stays_out_of_every_file_until_a_person_or_a_later_snapshot_says_otherwise() {
    let (_home, ledger) = fresh().await;
    let held = [HeldOffer {
        offer_sku: "A".into(),
        was: Some(9),
        wanted: 0,
        meanwhile: None,
        reason: "to_zero".into(),
    }];
    let hold = async |no, held: &[HeldOffer]| {
        let held = ledger.hold_stock(&nw(), no, "{}", held, at(no)).await;
        held.unwrap()
    };
    want(&ledger, 1, &[("A", 0), ("B", 1)], 1).await;
    assert!(hold(1, &held).await);
    assert_eq!(ledger.held_stock(&nw(), "", 9).await.unwrap(), held);
    let (_, lines) = file(&ledger, "run-1", ImportOf::Full, 2).await;
    assert_eq!(lines, pairs(&[("B", 1)]));

    assert!(
        ledger
            .decide_stock(&nw(), 1, false, "signal", at(3))
            .await
            .unwrap()
    );
    assert!(
        !ledger
            .decide_stock(&nw(), 1, true, "signal", at(4))
            .await
            .unwrap()
    );
    assert_eq!(ledger.held_stock(&nw(), "", 9).await.unwrap().len(), 1);
    assert!(!hold(1, &held).await, "a decision stands");

    assert!(hold(2, &held).await);
    assert!(
        ledger
            .decide_stock(&nw(), 2, true, "bcm", at(5))
            .await
            .unwrap()
    );
    let (_, lines) = file(&ledger, "run-2", ImportOf::Full, 6).await;
    assert_eq!(lines, pairs(&[("A", 0), ("B", 1)]));

    let [mut sold] = held.clone();
    sold.meanwhile = Some(7);
    assert!(hold(3, &[sold]).await);
    let (_, lines) = file(&ledger, "run-3", ImportOf::Full, 7).await;
    assert_eq!(lines, pairs(&[("A", 7), ("B", 1)]), "what sales explain");
    assert!(hold(4, &[]).await, "a fixed feed releases");
    assert!(
        !hold(2, &held).await,
        "an older snapshot holds nothing any more"
    );
    assert!(ledger.held_stock(&nw(), "", 9).await.unwrap().is_empty());
    let reviews = ledger.stock_reviews(&nw(), 9).await.unwrap();
    let states: Vec<_> = reviews
        .iter()
        .map(|r| (r.snapshot_no, r.state.as_str()))
        .collect();
    assert_eq!(states, [(3, "replaced"), (2, "approved"), (1, "rejected")]);
}

#[tokio::test]
async fn one_run_at_a_time_publishes_and_a_lease_that_ran_out_goes_to_the_next() {
    let (_home, ledger) = fresh().await;
    let take = async |holder: &str, until, now| {
        let taken = ledger
            .take_stock_lease(&nw(), holder, at(until), at(now))
            .await;
        taken.unwrap()
    };
    assert_eq!(take("run-1", 60, 0).await, Some(1));
    assert_eq!(take("run-2", 90, 30).await, None);
    assert_eq!(take("run-1", 99, 50).await, Some(1), "prolonged");
    assert_eq!(take("run-2", 150, 99).await, Some(2));
    ledger.give_stock_lease_back(&nw(), "run-1").await.unwrap();
    assert_eq!(take("run-1", 160, 100).await, None);
    ledger.give_stock_lease_back(&nw(), "run-2").await.unwrap();
    assert_eq!(take("run-1", 160, 101).await, Some(3));
}

#[tokio::test]
async fn units_are_in_flight_until_a_snapshot_has_seen_their_sales_order() {
    let (_home, ledger) = fresh().await;
    let mut foreign = seen("C", 1);
    foreign.ours = false;
    put(&ledger, &[seen("A", 1), seen("B", 1), foreign], 1).await;
    let event = NewEvent {
        what: "sales_order_created",
        detail: vec![],
    };
    let note = Note {
        settle: None,
        event: Some(event),
    };
    let book = |progress: &mut Progress| progress.sales_order = booked("SO-1");
    ledger.advance(&key("B"), note, at(20), book).await.unwrap();
    let row = row(&ledger, "B").await;
    assert!(matches!(row.progress.sales_order, SalesOrder::There(_)));

    let units = async |through| {
        let units = ledger.units_in_flight(at(through)).await.unwrap();
        let pair = |u: &ledger::UnitsInFlight| (u.offer_sku.clone(), u.units);
        units.iter().map(pair).collect::<Vec<_>>()
    };
    assert_eq!(units(19).await, pairs(&[("BC-1", 4)]));
    assert_eq!(
        units(20).await,
        pairs(&[("BC-1", 2)]),
        "the snapshot has seen B"
    );
}
