//! The schedule in a person's hands: paused, triggered, back-filled.

use std::time::{Duration, SystemTime};

use simulators::mirakl::OrderSpec;
use temporalio_client::schedules::{ScheduleBackfill, ScheduleOverlapPolicy};
use workflows::ids;

use super::place::*;
use crate::harness::{PATIENCE, until};

#[tokio::test]
async fn a_back_fill_of_several_runs_at_once_has_one_effect_and_never_goes_back_in_number() {
    let mut setup = setup("stock-backfill");
    setup.more = setup.more.replace("every_s = 86400", "every_s = 600");
    let world = setup.start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let worker = world.worker().await;
    publish(&world).await;
    let before = newest(&world).await;
    let files = world.calls("STO01");

    let schedule = world.client.get_schedule_handle(ids::stock(&nordwind()));
    let (from, to) = (
        SystemTime::now() - Duration::from_secs(3_600),
        SystemTime::now(),
    );
    let all_at_once = ScheduleBackfill::new(from, to)
        .overlap_policy(ScheduleOverlapPolicy::AllowAll)
        .build();
    let filled = schedule.backfill([all_at_once], Default::default());
    filled.await.expect("a back-fill");

    until("all runs are over", PATIENCE, async || {
        let described = schedule.describe(Default::default()).await.ok()?;
        let ran = described.action_count() >= 6 && described.running_actions().is_empty();
        ran.then_some(())
    })
    .await;
    done_after(&world, before).await;
    assert_eq!(shown(&world).await, pickable(&world));
    assert_eq!(world.calls("STO01"), files, "there was nothing to send");
    let mut sent: Vec<i64> = world
        .ledger
        .imports(&nordwind(), 99)
        .await
        .expect("files")
        .into_iter()
        .map(|file| file.snapshot_no)
        .collect();
    sent.reverse();
    assert!(sent.is_sorted(), "{sent:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_paused_schedule_stays_so_whatever_sells_and_a_trigger_publishes_all_the_same() {
    let world = setup("stock-paused").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    ways(&world, serde_json::json!({ "lower_at_order": false })).await;
    let worker = world.worker().await;
    publish(&world).await;
    let schedule = world.client.get_schedule_handle(ids::stock(&nordwind()));
    let paused = schedule.pause(Some("stock-taking"), Default::default());
    paused.await.expect("a pause");
    let (before, sku) = (newest(&world).await, world.sku(0));
    let many = shown(&world).await[&sku];

    world.sell(OrderSpec::of(&sku, 2, "49.95").id("S-1-A"));
    world.reaches("S-1-A", "SHIPPING").await;

    assert_eq!(newest(&world).await, before, "a person's pause stands");
    publish(&world).await;
    assert_eq!(shown(&world).await[&sku], many - 2);
    worker.stop().await;
    // The next worker leaves the pause alone, and so does the fast lane.
    let worker = world.worker().await;
    let described = schedule
        .describe(Default::default())
        .await
        .expect("a schedule");
    assert!(described.paused());
    worker.stop().await;
}
