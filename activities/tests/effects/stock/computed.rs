//! Computing: every number, and what keeps one from being published.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ats::Buffer;
use domain::exception::Kind;
use domain::mapping::{SkuRule, Valid};
use domain::stock::eligibility::Ineligible;
use domain::stock::snapshot::AgeAction;
use ledger::Published;
use rust_decimal::Decimal;
use simulators::mirakl::OrderSpec;
use simulators::scenario::NORDWIND;

use super::desk::{Desk, plan};
use crate::plan::{offer, sku};

async fn why(desk: &Desk, offer_sku: &str) -> Published {
    let now = desk.env.clock.now();
    let found = desk.env.ledger.published_at(&desk.of, offer_sku, now).await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn each_computation_has_a_number_of_its_own_and_writes_down_only_what_changed() {
    let desk = Desk::usual().await;
    let first = desk.publish("run-1").await;
    assert_eq!(first.offers, first.changed);
    let mut ticket = desk.ready("run-2").await;
    let second = desk.compute(&mut ticket, "run-2").await.unwrap();
    let again = desk.compute(&mut ticket, "run-2").await.unwrap();
    assert!(first.snapshot_no < second.snapshot_no && second.snapshot_no < again.snapshot_no);
    assert_eq!((second.changed, again.changed), (0, 0));
    let stands = desk.offer(&offer(0)).await;
    assert_eq!(stands.snapshot_no, first.snapshot_no);
}

#[tokio::test]
async fn share_cap_and_buffers_stand_in_the_sum_with_their_sources() {
    let mut plan = plan();
    let shop = plan.stock.shops.values_mut().next().unwrap();
    shop.share = Some(Decimal::new(5, 1));
    shop.cap = Some(100);
    shop.buffer = 2;
    plan.stock.site.buffers.global = 1;
    plan.stock.site.buffers.groups = BTreeMap::from([("TOPS".to_owned(), 3)]);
    plan.stock.site.buffers.skus = BTreeMap::from([(sku(0), 4)]);
    let desk = Desk::start(plan).await;
    desk.publish("run-1").await;
    let why = why(&desk, &offer(0)).await;
    let sum = why.explanation;
    let buffers: Vec<_> = sum.buffers.iter().map(|b| (&b.buffer, b.units)).collect();
    let tops = Buffer::Group("TOPS".to_owned());
    assert_eq!(
        buffers,
        [
            (&Buffer::Global, 1),
            (&Buffer::Marketplace, 2),
            (&tops, 3),
            (&Buffer::Sku, 4)
        ]
    );
    let half = sum.packs.unwrap() / 2;
    assert_eq!(sum.original, Some(half - 10));
    assert_eq!(why.quantity, Some(100));
    assert_eq!(desk.shown().await[&offer(0)], 100);
}

#[tokio::test]
async fn an_item_that_may_not_be_listed_shows_nothing_and_says_why() {
    let mut plan = plan();
    let shop = plan.stock.shops.values_mut().next().unwrap();
    shop.price = Some(("NOSUCH".to_owned(), "USD".to_owned()));
    let desk = Desk::start(plan).await;
    desk.publish("run-1").await;
    assert!(desk.shown().await.values().all(|n| *n == 0));
    let why = why(&desk, &offer(0)).await;
    assert_eq!(why.explanation.ineligible, [Ineligible::NoPrice]);
    assert!(why.explanation.packs.unwrap() > 0, "the stock is told too");
}

#[tokio::test]
async fn an_offer_that_no_table_maps_keeps_what_it_shows_and_its_owner_is_told() {
    let desk = Desk::usual().await;
    desk.mirakl("/_sim/offers", serde_json::json!({ "NW-GHOST": 5000 }))
        .await;
    let made = desk.publish("run-1").await;
    assert_eq!(made.unmapped, 1);
    assert_eq!(desk.shown().await["NW-GHOST"], 5_000);
    let open = desk.exceptions().await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].kind, Kind::UnmappedOffers);
    let named = open[0].evidence.iter().any(|(_, sku)| sku == "NW-GHOST");
    assert!(named, "{:?}", open[0].evidence);
    desk.env
        .remap(|tables| {
            let mut row = tables.skus[0].clone();
            row.offer_sku = "NW-GHOST".to_owned();
            tables.skus.push(row);
        })
        .await;
    desk.publish("run-2").await;
    assert!(desk.exceptions().await.is_empty());
    let shown = desk.shown().await;
    assert_eq!(shown["NW-GHOST"], shown[&offer(0)]);
}

#[tokio::test]
async fn a_catalogue_that_only_a_rule_names_is_published_and_its_orders_are_taken_off() {
    let desk = Desk::usual().await;
    desk.publish("run-1").await;
    let before = desk.shown().await;
    desk.env
        .remap(|tables| {
            let by_row = &tables.skus[0];
            tables.sku_rules = vec![SkuRule {
                marketplace: NORDWIND.to_owned(),
                offer_sku: "NW-*".to_owned(),
                division: by_row.division.clone(),
                sku: "*".to_owned(),
                valid: Valid::default(),
            }];
            tables.skus.clear();
        })
        .await;
    let made = desk.publish("run-2").await;
    assert_eq!((made.unmapped, made.changed), (0, 0), "the same sums");
    let key = desk
        .env
        .place(OrderSpec::of(&offer(0), 2, "20.00").id("C1-A"))
        .await;
    desk.env.drive(&key).await;
    let booked = desk.env.sales_orders(&key);
    assert_eq!(booked.len(), 1);
    desk.publish("run-3").await;
    assert_eq!(desk.shown().await[&offer(0)], before[&offer(0)] - 2);
}

#[tokio::test]
async fn what_orders_take_is_off_until_the_batch_has_seen_it() {
    let desk = Desk::usual().await;
    desk.publish("run-1").await;
    let before = desk.shown().await[&offer(0)];
    let key = desk
        .env
        .place(OrderSpec::of(&offer(0), 2, "20.00").id("C1-A"))
        .await;
    desk.publish("run-2").await;
    let sum = why(&desk, &offer(0)).await;
    let term = &sum.explanation.components[0].in_flight[0];
    assert_eq!((term.marketplace.as_str(), term.units), (NORDWIND, 2));
    assert_eq!(sum.quantity, Some(before - 2));
    // Booked, and the batch is older: still off.
    desk.env.drive(&key).await;
    desk.publish("run-3").await;
    assert_eq!(why(&desk, &offer(0)).await.quantity, Some(before - 2));
    // The batch has it on an open order now: off once.
    desk.batch("none").await;
    desk.publish("run-4").await;
    let sum = why(&desk, &offer(0)).await;
    assert!(sum.explanation.components[0].in_flight.is_empty());
    assert_eq!(sum.quantity, Some(before - 2));
}

#[tokio::test]
async fn figures_that_are_too_old_raise_nothing_and_sales_go_off_all_the_same() {
    for (action, wanted) in [
        (AgeAction::HoldLast, [-2, 0]),
        (AgeAction::Zero, [i64::MIN, i64::MIN]),
    ] {
        let mut plan = plan();
        plan.stock.site.snapshot.on_stale = action;
        let desk = Desk::start(plan).await;
        desk.publish("run-1").await;
        let before = desk.shown().await;
        desk.env.clock.advance(Duration::from_secs(3 * 3_600));
        desk.env
            .place(OrderSpec::of(&offer(0), 2, "20.00").id("C1-A"))
            .await;
        desk.publish("run-2").await;
        let after = desk.shown().await;
        for (n, change) in wanted.into_iter().enumerate() {
            let left = before[&offer(n)].saturating_add(change).max(0);
            assert_eq!(after[&offer(n)], left, "{action:?}");
        }
        assert_eq!(why(&desk, &offer(0)).await.explanation.stale, Some(action));
        assert_eq!(desk.kinds().await, [Kind::StockStale]);
        desk.batch("none").await;
        desk.publish("run-3").await;
        assert!(desk.kinds().await.is_empty());
        assert_eq!(desk.shown().await[&offer(1)], before[&offer(1)]);
    }
}

#[tokio::test]
async fn an_adaptive_buffer_grows_with_sales_and_the_age_of_the_figures() {
    let mut plan = plan();
    plan.stock.site.buffers.adaptive_risk = Decimal::ONE;
    let desk = Desk::start(plan).await;
    desk.env
        .place(OrderSpec::of(&offer(0), 700, "20.00").id("C1-A"))
        .await;
    desk.env.clock.advance(Duration::from_secs(3_000));
    desk.publish("run-1").await;
    let sum = why(&desk, &offer(0)).await.explanation;
    // A hundred a day, and figures 3,300 s old: 3.8 pieces.
    assert_eq!(sum.buffers.len(), 1);
    assert_eq!(sum.buffers[0].units, 4);
    assert!(why(&desk, &offer(1)).await.explanation.buffers.is_empty());
}
