//! What the guard holds, and what a person says about it.

use domain::exception::Kind;
use ledger::{
    Error, ExceptionFilter, HeldOffer, ImportOf, Publication, ReviewDecision, ReviewNow,
    StockReview,
};

use super::place::*;
use crate::harness::*;

fn held(offer_sku: &str, meanwhile: Option<i64>) -> HeldOffer {
    HeldOffer {
        offer_sku: offer_sku.into(),
        was: Some(9),
        wanted: 0,
        meanwhile,
        reason: "zeroed".into(),
    }
}

async fn hold(
    place: &Place,
    publication: &Publication,
    offers: &[HeldOffer],
    refused: Option<&str>,
) -> Option<StockReview> {
    let (ledger, holding) = (&place.ledger, place.holding(50));
    ledger.begin_holding(holding, &nw()).await.unwrap();
    ledger.hold_offers(holding, &nw(), offers).await.unwrap();
    let print = offers.iter().map(|o| o.offer_sku.len() as i64).sum::<i64>();
    let new = ReviewNow {
        marketplace: &nw(),
        snapshot_no: publication.snapshot_no,
        snapshot: publication.snapshot,
        held: offers.len() as u64,
        print: print + refused.map_or(0, |batch| 100 * batch.len() as i64),
        refused: refused.map(|batch| ("main", batch)),
        numbers: "{}",
        evidence: &[],
    };
    ledger.settle_review(holding, &new).await.unwrap()
}

async fn decide(place: &Place, review: i64, approved: bool) -> ReviewDecision {
    let decided = place
        .ledger
        .decide_stock_review(place.holding(60), &nw(), review, approved, "anna")
        .await;
    decided.unwrap()
}

async fn open(place: &Place) -> Vec<Kind> {
    let filter = ExceptionFilter::default();
    let open = place.ledger.exceptions(&filter, 9).await.unwrap();
    open.into_iter().map(|e| e.kind).collect()
}

#[tokio::test]
async fn what_is_held_stays_out_of_every_file_until_a_person_lets_it_go() {
    let place = Place::new().await;
    place.show(&[("A", 9), ("B", 9)], 0, 0).await;
    let first = place.want(&[("A", 0), ("B", 1)], 1).await;
    let review = hold(&place, &first, &[held("A", None)], None).await;
    let review = review.unwrap();
    assert_eq!(review.review, first.snapshot_no);
    assert_eq!(open(&place).await, [Kind::StockHeld]);
    let (_, lines) = place.file(&first, ImportOf::Full, 2).await;
    assert_eq!(lines, pairs(&[("B", 1)]));

    assert_eq!(
        decide(&place, review.review, true).await,
        ReviewDecision::Decided
    );
    assert!(open(&place).await.is_empty());
    let ledger = &place.ledger;
    let offer = ledger.offer_stock(&nw(), "A").await.unwrap().unwrap();
    assert_eq!(offer.approved, Some(0));
    let second = place.compute(false, 70).await;
    assert_eq!(hold(&place, &second, &[], None).await, None);
    let (file, lines) = place.file(&second, ImportOf::Full, 70).await;
    assert_eq!(lines, pairs(&[("A", 0), ("B", 1)]));
    place.send(&second, &file, &[], 71).await;
    let offer = ledger.offer_stock(&nw(), "A").await.unwrap().unwrap();
    assert_eq!(offer.approved, None, "said once, not for ever");
    let late = decide(&place, review.review, false).await;
    let ReviewDecision::Over(over) = late else {
        panic!("decided twice");
    };
    assert_eq!(
        (over.state.as_str(), over.decided_by.as_deref()),
        ("approved", Some("anna"))
    );
}

#[tokio::test]
async fn the_same_again_is_the_same_review_and_a_no_stands() {
    let place = Place::new().await;
    place.show(&[("A", 9)], 0, 0).await;
    let first = place.want(&[("A", 0)], 1).await;
    let review = hold(&place, &first, &[held("A", None)], None)
        .await
        .unwrap();
    let second = place.compute(false, 2).await;
    let again = hold(&place, &second, &[held("A", Some(7))], None).await;
    assert_eq!(
        again.as_ref(),
        Some(&review),
        "sales meanwhile change nothing"
    );
    let (_, lines) = place.file(&second, ImportOf::Full, 3).await;
    assert_eq!(lines, pairs(&[("A", 7)]), "what sales explain goes out");
    assert_eq!(
        decide(&place, review.review, false).await,
        ReviewDecision::Decided
    );
    let third = place.compute(false, 4).await;
    let stands = hold(&place, &third, &[held("A", None)], None).await;
    assert_eq!(stands.unwrap().state, "rejected");
    assert!(open(&place).await.is_empty(), "nobody is asked twice");
    let (file, _) = place.file(&third, ImportOf::Full, 5).await;
    assert_eq!(file.lines, 0);
}

#[tokio::test]
async fn a_later_batch_replaces_what_waits_and_a_good_one_ends_it() {
    let place = Place::new().await;
    place.show(&[("A", 9), ("BB", 9)], 0, 0).await;
    let first = place.want(&[("A", 0), ("BB", 0)], 1).await;
    hold(&place, &first, &[held("A", None)], None)
        .await
        .unwrap();
    let second = place.compute(false, 2).await;
    let other = hold(&place, &second, &[held("BB", None)], None).await;
    assert_eq!(other.unwrap().review, second.snapshot_no);
    let third = place.compute(false, 3).await;
    assert_eq!(hold(&place, &third, &[], None).await, None);
    let ledger = &place.ledger;
    assert_eq!(ledger.open_stock_review(&nw()).await.unwrap(), None);
    assert!(open(&place).await.is_empty());
    let reviews = ledger.stock_reviews(&nw(), 9).await.unwrap();
    let states: Vec<_> = reviews.iter().map(|r| r.state.as_str()).collect();
    assert_eq!(states, ["replaced", "replaced"]);
    let untold = ledger.reviews_to_tell(&nw()).await.unwrap();
    assert_eq!(untold, [first.snapshot_no, second.snapshot_no]);
    ledger.review_told(&nw(), first.snapshot_no).await.unwrap();
    assert_eq!(
        ledger.reviews_to_tell(&nw()).await.unwrap(),
        [second.snapshot_no]
    );
    let none = ledger.stock_review(&nw(), 999).await;
    assert!(matches!(none, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_batch_that_looks_wrong_waits_and_is_let_through_for_the_marketplace_that_said_so() {
    let place = Place::new().await;
    let first = place.compute(false, 1).await;
    let review = hold(&place, &first, &[], Some("b-7")).await.unwrap();
    assert_eq!(review.batch_id.as_deref(), Some("b-7"));
    assert_eq!(open(&place).await, [Kind::StockHeld]);
    let ledger = &place.ledger;
    let approvals = async |batch: &str| ledger.batch_approvals("main", batch).await.unwrap();
    assert!(approvals("b-7").await.is_empty());
    decide(&place, review.review, true).await;
    assert_eq!(approvals("b-7").await, [nw()]);
    assert!(approvals("b-8").await.is_empty());
}

#[tokio::test]
async fn what_never_sold_is_not_judged_and_what_shows_units_or_had_some_is() {
    let place = Place::new().await;
    place
        .show(&[("NEW", 0), ("SHOWN", 2), ("TAKEN", 0)], 0, 0)
        .await;
    let first = place.want(&[("TAKEN", 4)], 1).await;
    let (file, _) = place.file(&first, ImportOf::Difference, 2).await;
    place.send(&first, &file, &[], 3).await;
    place
        .want(&[("NEW", 5), ("SHOWN", 1), ("TAKEN", 0)], 4)
        .await;
    let changing = place.ledger.changing_offers_after(&nw(), "", 10).await;
    let changing: Vec<_> = changing.unwrap().into_iter().map(|o| o.offer_sku).collect();
    assert_eq!(changing, ["SHOWN", "TAKEN"]);
}
