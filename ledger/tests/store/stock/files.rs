//! Files for Mirakl, what it took of them, and what it shows.

use domain::exception::Kind;
use ledger::{ExceptionFilter, ImportOf};

use super::place::*;
use crate::harness::*;

#[tokio::test]
async fn a_file_holds_what_differs_and_good_rows_stand_beside_refused_ones() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 0, 0).await;
    let first = place.want(&[("A", 3), ("B", 1)], 1).await;
    let (import, lines) = place.file(&first, ImportOf::Difference, 2).await;
    assert_eq!(lines, pairs(&[("A", 3), ("B", 1)]));
    let told = [("B".to_owned(), vec![("reason".to_owned(), "no".to_owned())])];
    let ledger = &place.ledger;
    ledger.refused_offers(&nw(), &told, at(3)).await.unwrap();
    place.send(&first, &import, &["B"], 3).await;
    assert_eq!(place.acknowledged("A").await, Some(3));
    assert_eq!(place.acknowledged("B").await, None);
    let ended = ledger.import_of(first.snapshot_no).await.unwrap().unwrap();
    assert_eq!((ended.state.as_str(), ended.refused_lines), ("done", 1));
    let open = async || {
        let filter = ExceptionFilter::default();
        let open = ledger.exceptions(&filter, 9).await.unwrap();
        open.into_iter().map(|e| e.kind).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [Kind::OfferRefused]);

    let second = place.compute(false, 4).await;
    let (empty, _) = place.file(&second, ImportOf::Difference, 4).await;
    assert_eq!((empty.state.as_str(), empty.lines), ("done", 0));
    let third = place.compute(true, 5).await;
    let (_, all) = place.file(&third, ImportOf::Full, 5).await;
    assert_eq!(all.len(), 2, "a full file tries a refused row again");
    let fourth = place.want(&[("B", 2)], 6).await;
    let (import, changed) = place.file(&fourth, ImportOf::Difference, 7).await;
    assert_eq!(changed, pairs(&[("B", 2)]));
    place.send(&fourth, &import, &[], 8).await;
    assert!(open().await.is_empty(), "Mirakl took the refused offer");
}

#[tokio::test]
async fn a_file_whose_fate_is_unknown_is_never_sent_again_and_the_next_says_it_all() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 0, 0).await;
    let before = place.want(&[("B", 5)], 1).await;
    let (sent, _) = place.file(&before, ImportOf::Difference, 1).await;
    place.send(&before, &sent, &[], 1).await;
    let first = place.want(&[("A", 3)], 2).await;
    let (import, lines) = place.file(&first, ImportOf::Difference, 2).await;
    assert!(place.attempt(&import, 3).await);
    let (again, same) = place.file(&first, ImportOf::Difference, 5).await;
    assert_eq!((again.id, again.attempts, same), (import.id, 1, lines));
    assert!(!place.attempt(&again, 6).await, "it may have arrived");
    let ledger = &place.ledger;
    assert!(ledger.drop_import(import.id, at(70)).await.unwrap());
    assert!(!ledger.import_done(&import, &first, at(71)).await.unwrap());
    let second = place.want(&[("A", 3)], 72).await;
    let (_, next) = place.file(&second, ImportOf::Difference, 72).await;
    assert_eq!(next, pairs(&[("A", 3)]), "nobody knows what Mirakl holds");
}

#[tokio::test]
async fn a_file_of_which_nothing_left_may_be_sent() {
    let place = Place::new().await;
    place.show(&[("A", 0)], 0, 0).await;
    let first = place.want(&[("A", 3)], 1).await;
    let (import, _) = place.file(&first, ImportOf::Difference, 2).await;
    assert!(place.attempt(&import, 3).await);
    place.ledger.import_not_sent(import.id).await.unwrap();
    let (import, _) = place.file(&first, ImportOf::Difference, 4).await;
    place.send(&first, &import, &[], 5).await;
    assert_eq!(place.acknowledged("A").await, Some(3));
}

#[tokio::test]
async fn an_older_computation_is_not_written_down_after_a_later_one() {
    let place = Place::new().await;
    place.show(&[("A", 0)], 0, 0).await;
    let old = place.want(&[("A", 3)], 1).await;
    let new = place.want(&[("A", 1)], 4).await;
    let (file, _) = place.file(&new, ImportOf::Difference, 5).await;
    place.send(&new, &file, &[], 6).await;
    let late = place
        .ledger
        .begin_import(place.holding(7), &old, ImportOf::Full)
        .await;
    assert!(late.unwrap().is_none());
    assert_eq!(place.acknowledged("A").await, Some(1));
    let ledger = &place.ledger;
    let dropped = ledger.publication(old.snapshot_no).await.unwrap();
    assert_eq!(dropped.state, "dropped", "a later one began");
}

#[tokio::test]
async fn an_offer_whose_order_moved_is_sent_again_until_a_file_that_knows_it_is_taken() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 0, 0).await;
    let first = place.want(&[("A", 3), ("B", 3)], 1).await;
    let (file, _) = place.file(&first, ImportOf::Difference, 2).await;
    // The sale comes while that file is under way.
    assert!(place.attempt(&file, 2).await);
    let ledger = &place.ledger;
    ledger
        .doubt_offers(&nw(), &["A".to_owned(), "GHOST".to_owned()], at(3))
        .await
        .unwrap();
    assert!(ledger.import_sent(file.id, "1").await.unwrap());
    assert!(ledger.import_done(&file, &first, at(4)).await.unwrap());
    let second = place.compute(false, 5).await;
    let (file, lines) = place.file(&second, ImportOf::Difference, 5).await;
    assert_eq!(lines, pairs(&[("A", 3)]));
    place.send(&second, &file, &[], 6).await;
    let third = place.compute(false, 7).await;
    let (file, _) = place.file(&third, ImportOf::Difference, 7).await;
    assert_eq!(file.lines, 0);
}

#[tokio::test]
async fn what_mirakl_shows_otherwise_is_sent_again_but_not_judged_while_a_file_is_under_way() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 0, 0).await;
    let first = place.want(&[("A", 3), ("B", 1)], 1).await;
    let (import, _) = place.file(&first, ImportOf::Difference, 2).await;
    place.send(&first, &import, &[], 3).await;
    let shown = [("A", 2), ("B", 1)];
    assert!(
        place.show(&shown, 2, 4).await.is_empty(),
        "asked before Mirakl took the file"
    );
    assert_eq!(place.show(&shown, 5, 6).await, pairs(&[("A", 2)]));
    assert_eq!(
        place.acknowledged("A").await,
        Some(3),
        "the guard goes by ours"
    );
    let second = place.compute(false, 7).await;
    let (repair, lines) = place.file(&second, ImportOf::Difference, 7).await;
    assert_eq!(lines, pairs(&[("A", 3)]));
    assert!(place.attempt(&repair, 8).await);
    assert!(place.show(&shown, 9, 9).await.is_empty());
    let offer = place.ledger.offer_stock(&nw(), "A").await.unwrap().unwrap();
    assert_eq!(offer.shown, Some((2, at(9))));
    assert!(offer.in_doubt);
}

#[tokio::test]
async fn an_offer_that_a_whole_export_does_not_name_is_sent_no_more() {
    let place = Place::new().await;
    place.show(&[("A", 0), ("B", 0)], 1, 1).await;
    place.show(&[("A", 0)], 5, 6).await;
    let ledger = &place.ledger;
    let gone = ledger
        .end_whole_export(place.holding(7), &nw(), at(5))
        .await;
    assert_eq!(gone.unwrap(), 1);
    let publication = place.want(&[("A", 1), ("B", 1)], 8).await;
    let (_, lines) = place.file(&publication, ImportOf::Full, 8).await;
    assert_eq!(lines, pairs(&[("A", 1)]));
    let counted = ledger.stock_difference(&nw()).await.unwrap();
    assert_eq!((counted.listed, counted.differing), (1, 1));
}
