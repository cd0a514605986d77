//! Who may publish: leases, reviews, and the fast lane.

use std::time::Duration;

use simulators::mirakl::OrderSpec;
use workflows::stock::{ReviewTicket, Word};

use super::desk::{Desk, plan};
use crate::plan::{offer, sku};

/// The guard holds a fall of this share at least.
async fn strict() -> Desk {
    let mut plan = plan();
    plan.stock.site.guard.fall_max_percent = 5;
    Desk::start(plan).await
}

async fn halve_most(desk: &Desk) {
    for n in 0..20 {
        desk.move_units(&sku(n), "NJ1", -1_500).await;
    }
    desk.batch("none").await;
}

#[tokio::test]
async fn a_second_run_finds_the_marketplace_busy_and_may_go_once_the_first_is_over() {
    let desk = Desk::usual().await;
    let mut ticket = desk.ready("run-1").await;
    let second = desk.read("run-2").await.unwrap();
    assert_eq!((second.word, second.ticket), (Word::Busy, None));
    desk.compute(&mut ticket, "run-1").await.unwrap();
    desk.send(&ticket, "run-1").await.unwrap();
    desk.wait(&ticket, "run-1").await.unwrap();
    assert_eq!(desk.read("run-2").await.unwrap().word, Word::Go);
}

#[tokio::test]
async fn a_run_that_was_away_for_too_long_writes_nothing_any_more() {
    let desk = Desk::usual().await;
    let mut old = desk.ready("run-1").await;
    desk.compute(&mut old, "run-1").await.unwrap();
    desk.env.clock.advance(Duration::from_secs(120));
    let mut new = desk.ready("run-2").await;
    desk.compute(&mut new, "run-2").await.unwrap();
    let late = desk.send(&old, "run-1").await.unwrap_err();
    assert_eq!(late.kind, "LeaseLost");
    let late = desk.compute(&mut old, "run-1").await.unwrap_err();
    assert_eq!(late.kind, "LeaseLost");
    assert_eq!(desk.send(&new, "run-2").await.unwrap().word, Word::Go);
    desk.wait(&new, "run-2").await.unwrap();
    // Even when the marketplace is free again, the old ticket is worth nothing.
    let late = desk.send(&old, "run-1").await.unwrap_err();
    assert_eq!(late.kind, "LeaseLost");
    assert_eq!(desk.env.mirakl_calls("STO01"), 1);
}

#[tokio::test]
async fn what_is_approved_goes_and_the_guard_does_not_hold_it_twice() {
    let desk = strict().await;
    desk.publish("run-1").await;
    let good = desk.shown().await;
    halve_most(&desk).await;
    let held = desk.publish("run-2").await;
    assert_eq!(held.held, 20);
    let review = held.new_review.unwrap();
    assert_eq!(review.held.by_reason["fall"], 20);
    assert_eq!(desk.shown().await, good);
    let again = desk.publish("run-3").await;
    let same = again.new_review.unwrap().review;
    assert_eq!(same, review.review, "the same waits on");

    let ticket = ReviewTicket {
        of: desk.of.clone(),
        ledger_id: desk.env.ledger.id().to_owned(),
        review: review.review,
        approve: true,
        by: "anna".to_owned(),
    };
    let stocks = &desk.env.stocks;
    let state = stocks.decide_stock(&ticket, "review", &desk.told).await;
    assert_eq!(state.unwrap(), "approved");
    assert_eq!(*desk.told.published.lock().unwrap(), 1);
    let gone = desk.publish("run-4").await;
    assert_eq!((gone.held, gone.new_review), (0, None));
    assert_eq!(desk.shown().await[&offer(0)], good[&offer(0)] - 1_500);
    let twice = stocks.decide_stock(&ticket, "review", &desk.told).await;
    assert_eq!(twice.unwrap(), "approved", "said twice, it changes nothing");
}

#[tokio::test]
async fn a_sale_goes_off_a_held_offer_and_a_fixed_feed_tells_the_review_that_it_is_over() {
    let desk = strict().await;
    desk.publish("run-1").await;
    let good = desk.shown().await;
    halve_most(&desk).await;
    desk.env
        .place(OrderSpec::of(&offer(0), 3, "20.00").id("C1-A"))
        .await;
    let held = desk.publish("run-2").await;
    let review = held.new_review.unwrap().review;
    assert_eq!(desk.shown().await[&offer(0)], good[&offer(0)] - 3);
    for n in 0..20 {
        desk.move_units(&sku(n), "NJ1", 1_500).await;
    }
    desk.batch("none").await;
    let fixed = desk.publish("run-3").await;
    assert_eq!(fixed.held, 0);
    assert_eq!(*desk.told.replaced.lock().unwrap(), [review]);
    assert_eq!(desk.shown().await[&offer(1)], good[&offer(1)]);
}

#[tokio::test]
async fn a_sale_hurries_the_next_run_until_it_has_computed() {
    let desk = Desk::usual().await;
    let hurry = async || desk.env.stocks.is_in_a_hurry(&desk.of).await.unwrap();
    assert!(!hurry().await, "the first run is the schedule's");
    desk.publish("run-1").await;
    assert!(!hurry().await);
    desk.env
        .place(OrderSpec::of(&offer(0), 1, "20.00").id("C1-A"))
        .await;
    assert!(hurry().await);
    desk.publish("run-2").await;
    assert!(!hurry().await);
}

#[tokio::test]
async fn a_shop_without_a_stock_section_publishes_nothing() {
    let mut plan = plan();
    plan.stock.shops.clear();
    let desk = Desk::start(plan).await;
    let read = desk.read("run-1").await.unwrap();
    assert_eq!((read.word, read.ticket), (Word::Off, None));
}
