//! More messages to one order than any history should hold.

use domain::exception::Kind;
use futures::StreamExt;
use serde_json::json;
use temporalio_client::{
    UntypedSignal, WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowListOptions,
};
use temporalio_common::data_converters::RawValue;

use crate::harness::{PATIENCE, Setup, World, json_value, no_payload, raw, until};

/// Signals that say "look again".
const NEWS: usize = 3_000;
/// Of every so many, one more is rubbish.
const RUBBISH_IN: usize = 20;
/// Signals on their way at once.
const AT_ONCE: usize = 128;
/// A run continues as new after 2,000 events; what was under way may still come.
const EVENTS_MAX: i64 = 4_000;

#[tokio::test]
async fn thousands_of_signals_keep_histories_short_and_drop_nothing() {
    let world = Setup::new("flood").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("Q-1-A");
    spec.shipping_type_code = Some("XPR".to_owned());
    world.sell(spec);
    world.exception("Q-1-A", Kind::UnmappedCarrier).await;

    flood(&world, NEWS / 2).await;
    // A person's word in the middle of it counts.
    let hold = world.signal("Q-1-A", "hold", no_payload());
    tokio::join!(hold, flood(&world, NEWS / 2));
    let run = world.run("Q-1-A");
    until("the run is held and still answers", PATIENCE, async || {
        let described = run.describe(WorkflowDescribeOptions::default()).await;
        let open = described.ok()?.status() == WorkflowExecutionStatus::Running;
        let order = crate::harness::key("nordwind", "Q-1-A");
        let row = world.ledger.order(&order).await.ok()??;
        (open && row.progress.held).then_some(())
    })
    .await;
    let released = world.update("Q-1-A", "release", &json!(null)).await;
    assert_eq!(released.code, "released");
    let cure = json!({ "carrier_code": "ups" });
    world.signal("Q-1-A", "correct", json_value(&cure)).await;
    world.reaches("Q-1-A", "SHIPPED").await;
    assert_eq!(world.effects("shipments", "Q-1-A").len(), 1);
    assert_eq!(world.sales_order("Q-1-A")["status"], "shipped");
    assert!(world.exceptions(false).await.is_empty());

    let lengths = until("every run of the order is listed", PATIENCE, async || {
        let lengths = lengths(&world).await;
        (lengths.len() >= 2).then_some(lengths)
    })
    .await;
    println!("events of each run: {lengths:?}");
    assert!(lengths.iter().all(|n| *n <= EVENTS_MAX), "{lengths:?}");
    worker.stop().await;
}

/// Sends so many signals to the order, with rubbish among them.
async fn flood(world: &World, news: usize) {
    let run = world.run("Q-1-A");
    let signals = (0..news).flat_map(|n| {
        let rubbish = n % RUBBISH_IN == 0;
        let words: [(&str, RawValue); 3] = [
            ("order_changed", no_payload()),
            ("never_heard_of", raw("binary/plain", &[0xff, 0, 0x80])),
            ("order_changed", raw("no/such-encoding", b"?")),
        ];
        words.into_iter().take(if rubbish { 3 } else { 1 })
    });
    let sending = signals.map(|(name, detail)| {
        let run = &run;
        async move {
            let sent = run.signal(UntypedSignal::new(name), detail, Default::default());
            sent.await.expect("a signal that is taken");
        }
    });
    let sending = futures::stream::iter(sending).buffer_unordered(AT_ONCE);
    sending.for_each(|()| async {}).await;
}

/// Events of each run of the order.
async fn lengths(world: &World) -> Vec<i64> {
    let query = "WorkflowId = 'order/nordwind/Q-1-A'";
    let listed = world
        .client
        .list_workflows(query, WorkflowListOptions::default());
    let runs = listed.collect::<Vec<_>>().await;
    let mut lengths = vec![];
    for run in runs.into_iter().flatten() {
        let one = world.run_of("Q-1-A", run.run_id());
        let described = one.describe(WorkflowDescribeOptions::default()).await;
        let raw = described.expect("a run").raw_description.clone();
        lengths.push(
            raw.workflow_execution_info
                .unwrap_or_default()
                .history_length,
        );
    }
    lengths
}
