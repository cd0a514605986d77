//! What can be picked is shown, and what sells goes off it.

use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;

use super::place::*;
use crate::harness::{PATIENCE, record, until};

#[tokio::test]
async fn what_can_be_picked_is_shown_and_a_run_costs_a_handful_of_actions() {
    let world = setup("stock-happy").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let worker = world.worker().await;

    let first = publish(&world).await;

    let listed = world.plan.catalogue().len() as u64;
    assert_eq!(first.counts.offers, listed);
    assert_eq!((first.counts.unknown, first.counts.unmapped), (0, 0));
    assert_eq!(shown(&world).await, pickable(&world));
    let sku = world.sku(0);
    let stands = offer(&world, &sku).await;
    let acknowledged = stands.acknowledged.map(|(quantity, _)| quantity);
    assert_eq!(acknowledged, stands.wanted);
    let why = world
        .ledger
        .published_at(&nordwind(), &sku, jiff::Timestamp::now())
        .await;
    let why = why.expect("a ledger").expect("a sum");
    assert_eq!(why.quantity, stands.wanted);

    // A second run from the same batch reads no further page and sends nothing.
    let (pages, files) = (world.erp_calls("list_positions"), world.calls("STO01"));
    let second = publish(&world).await;
    assert!(second.snapshot_no > first.snapshot_no);
    assert_eq!(second.counts.changed, 0);
    assert_eq!(world.erp_calls("list_positions"), pages + 1);
    assert_eq!(world.calls("STO01"), files);

    let runs = until("both runs have ended", PATIENCE, async || {
        let runs = ended_runs(&world).await;
        (runs.len() == 2).then_some(runs)
    })
    .await;
    let parts = |events: &Vec<HistoryEvent>| {
        let scheduled = |e: &&HistoryEvent| e.event_type() == EventType::ActivityTaskScheduled;
        events.iter().filter(scheduled).count()
    };
    let mut parts: Vec<_> = runs.iter().map(parts).collect();
    parts.sort_unstable();
    assert_eq!(parts, [3, 5], "a handful of actions, whatever the size");
    let longest = runs.iter().max_by_key(|events| events.len());
    record("stock", longest.expect("a run"));
    worker.stop().await;
}
