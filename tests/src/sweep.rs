//! The sweep: its schedule, and what it takes up again.

use domain::exception::Kind;
use jiff::{SignedDuration, Timestamp};
use ledger::Sweep;
use serde_json::json;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use temporalio_client::{WorkflowExecutionStatus, WorkflowTerminateOptions};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use workflows::ids;

use crate::harness::{PATIENCE, Setup, World, history, key, post, record, until};

/// Triggers a sweep from Temporal's side, waits for its end, and answers it with its workflow ID.
async fn sweep(world: &World) -> (Sweep, String) {
    let code = key("nordwind", "").marketplace;
    let before = world.ledger.sweeps(Some(&code), 1).await.expect("sweeps");
    let before = before.first().map_or(0, |sweep| sweep.id);
    let schedule = world.client.get_schedule_handle(ids::sweep(&code));
    let triggered = schedule.trigger(ScheduleOverlapPolicy::Skip, Default::default());
    triggered.await.expect("a sweep that begins");
    let done = until("the sweep is done", PATIENCE, async || {
        let newest = world.ledger.sweeps(Some(&code), 1).await.ok()?.pop()?;
        (newest.id > before && newest.state == "done").then_some(newest)
    })
    .await;
    let ran = until("the run is listed", PATIENCE, async || {
        let described = schedule.describe(Default::default()).await.ok()?;
        described.recent_actions().pop()
    })
    .await;
    (done, ran.workflow_id)
}

#[tokio::test]
async fn a_run_terminated_by_hand_and_an_order_no_pull_brought_are_taken_up() {
    let mut setup = Setup::new("sweep").shipping_by_hand();
    setup.take_over_from = Timestamp::now() - SignedDuration::from_hours(1);
    let world = setup.start().await;
    let worker = world.worker().await;
    world.sell(world.plain("S-1-A"));
    world.reaches("S-1-A", "SHIPPING").await;
    until("S-1-A waits for the warehouse", PATIENCE, async || {
        let row = world.ledger.order(&key("nordwind", "S-1-A")).await.ok()??;
        (row.waits_for.as_deref() == Some("shipment")).then_some(())
    })
    .await;
    world.sell(world.plain("S-2-A"));
    world
        .run_is("S-2-A", WorkflowExecutionStatus::Running)
        .await;
    // Mirakl's list leaves one order out, and its export does not.
    let hold = format!("{}/_sim/hold", world.nordwind.url());
    post(&hold, json!({"key": "S-3-A"})).await;
    let sold = Timestamp::now();
    world.sell(world.plain("S-3-A"));
    until("pulls have passed S-3-A", PATIENCE, async || {
        let feeds = world.ledger.feeds().await.ok()?;
        let feed = feeds.into_iter().find(|f| f.name == "nordwind/orders")?;
        let passed = sold + SignedDuration::from_secs(2);
        (feed.last_success? > passed).then_some(())
    })
    .await;
    assert_eq!(world.status("S-3-A").await, None);
    // Without news of it, nothing but a sweep tells the order's run.
    let code = key("nordwind", "").marketplace;
    until("nothing is owed", PATIENCE, async || {
        let owed = world.ledger.owed_orders(&code, Timestamp::now(), 9).await;
        owed.ok()?.is_empty().then_some(())
    })
    .await;
    let terminated = world.run("S-1-A");
    let terminated = terminated.terminate(WorkflowTerminateOptions::default());
    terminated.await.expect("a run that is terminated");

    let (done, workflow_id) = sweep(&world).await;

    assert_eq!(done.counts.missed, 1);
    assert_eq!(done.counts.taken_up, 1);
    world
        .run_is("S-1-A", WorkflowExecutionStatus::Running)
        .await;
    world
        .run_is("S-3-A", WorkflowExecutionStatus::Running)
        .await;
    until("S-3-A is accepted", PATIENCE, async || {
        (!world.effects("accepts", "S-3-A").is_empty()).then_some(())
    })
    .await;
    let missed = world.exceptions(true).await;
    let missed: Vec<_> = missed
        .iter()
        .filter(|e| e.kind == Kind::MissedOrder)
        .collect();
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].order_id.as_deref(), Some("S-3-A"));
    for order_id in ["S-1-A", "S-2-A", "S-3-A"] {
        assert_eq!(world.sales_orders("nordwind", order_id).len(), 1);
    }
    let events = history(&world.workflow(&workflow_id)).await;
    let scheduled = events
        .iter()
        .filter(|e| e.event_type() == EventType::ActivityTaskScheduled);
    assert_eq!(
        scheduled.count(),
        4,
        "a handful of actions, whatever the size"
    );
    record("sweep", &events);
    worker.stop().await;
}

#[tokio::test]
async fn the_schedule_is_there_after_each_start_and_a_persons_pause_stays() {
    let world = Setup::new("schedule").start().await;
    world.worker().await.stop().await;
    let id = ids::sweep(&key("nordwind", "").marketplace);
    let schedule = world.client.get_schedule_handle(id);
    let described = schedule.describe(Default::default()).await.unwrap();
    assert!(!described.paused());
    schedule
        .pause(Some("stock-taking"), Default::default())
        .await
        .unwrap();

    let worker = world.worker().await;

    let described = schedule.describe(Default::default()).await.unwrap();
    assert!(described.paused(), "a person's pause stays");
    assert_eq!(described.note(), Some("stock-taking"));
    let raw = described.into_raw().schedule.unwrap();
    let policies = raw.policies.unwrap();
    assert_eq!(policies.catchup_window.unwrap().seconds, 12 * 3600);
    let Some(Action::StartWorkflow(run)) = raw.action.unwrap().action else {
        panic!("no workflow");
    };
    assert_eq!(run.workflow_execution_timeout.unwrap().seconds, 6 * 3600);
    // Triggered from Temporal's side, it runs all the same.
    let (first, _) = sweep(&world).await;
    let (second, _) = sweep(&world).await;
    assert_eq!(first.counts, second.counts);
    worker.stop().await;
}
