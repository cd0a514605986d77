//! New releases over work in flight, and back: rules change freely, the loop behind patches only.

mod loops;
mod script;

use domain::step::{Outcome, Stage};
use simulators::mirakl::{Debit, OrderSpec};
use temporalio_client::{UntypedWorkflow, WorkflowHistory, WorkflowStartOptions};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use workflows::ids;
use workflows::orders::FulfillOrder;

use crate::harness::{PATIENCE, Setup, World, history, key, shared, until};
use crate::replay::{folder, recorded};

/// Paths of the first release that come to a sales order and need no person.
const CREATING: [&str; 3] = ["happy", "debit-refused", "refused"];

#[tokio::test]
async fn a_change_of_the_loop_behind_a_patch_replays_what_an_earlier_release_began() {
    for path in CREATING {
        let file = folder().join("0.1.0").join(format!("{path}.bin"));
        let options = WorkflowReplayerOptions::new().register_workflow::<loops::Patched>();
        let replayed = replay(options.unwrap().build(), recorded(&file)).await;
        assert!(replayed.is_ok(), "{path}: {:?}", replayed.err());

        let options = WorkflowReplayerOptions::new().register_workflow::<loops::Unpatched>();
        let refused = replay(options.unwrap().build(), recorded(&file)).await;
        assert!(is_nondeterminism(&refused), "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn a_build_to_roll_back_to_keeps_the_patched_branches() {
    let begun_by_the_later = patched_history().await;
    let patched = begun_by_the_later.iter();
    let markers = patched.filter(|e| e.event_type() == EventType::MarkerRecorded);
    assert!(markers.count() >= 3, "two looks and the patch");
    let history = || {
        let events = begun_by_the_later.clone();
        WorkflowHistory::from(History { events })
    };

    // The first release does not know the branch: its runs would stand still after a roll-back.
    let options = WorkflowReplayerOptions::new().register_workflow::<FulfillOrder>();
    let refused = replay(options.unwrap().build(), history()).await;
    assert!(is_nondeterminism(&refused), "{refused:?}");
    let options = WorkflowReplayerOptions::new().register_workflow::<loops::Patched>();
    let replayed = replay(options.unwrap().build(), history()).await;
    assert!(replayed.is_ok(), "{:?}", replayed.err());
}

#[tokio::test]
async fn other_rules_come_and_go_over_orders_in_flight() {
    let world = Setup::new("other-rules").shipping_by_hand().start().await;
    let first = std::fs::read_to_string(world.config()).unwrap();
    let later = first.replace(
        "short_stock = \"refuse\"",
        "short_stock = \"ask\"\naftercare_days = 2\nship_within_days = 5\ncancel_after_days = 20\n\
         own_centers = [\"DEFAULT\", \"EAST\"]",
    );
    assert_ne!(first, later);
    let scarce = world.plan.catalogue().iter().find(|i| i.scarce).unwrap();
    let short = |id: &str| OrderSpec::of(&scarce.offer_sku("nordwind"), 5, "149.95").id(id);

    // Under the first rules: one waits for its payment, one for the warehouse, one is refused.
    let worker = world.worker().await;
    let mut unpaid = world.plain("V-1-A");
    unpaid.debit = Some(Debit::Manual);
    world.sell(unpaid);
    world.sell(world.plain("V-2-A"));
    world.sell(short("V-3-A"));
    world.reaches("V-1-A", "WAITING_DEBIT_PAYMENT").await;
    world.reaches("V-3-A", "REFUSED").await;
    stands(&world, "V-2-A", Stage::AwaitingShipment).await;
    worker.stop().await;

    // Under the later rules a short order asks, and what is in flight goes on.
    std::fs::write(world.config(), &later).unwrap();
    swap_ship_via(&world);
    let worker = world.worker().await;
    world.sell(short("V-4-A"));
    let asked = domain::exception::Kind::ShortStock;
    world.exception("V-4-A", asked).await;
    world.nordwind.debit("V-1-A").unwrap();
    stands(&world, "V-1-A", Stage::AwaitingShipment).await;
    let mut unpaid = world.plain("V-5-A");
    unpaid.debit = Some(Debit::Manual);
    world.sell(unpaid);
    world.reaches("V-5-A", "WAITING_DEBIT_PAYMENT").await;
    worker.stop().await;

    // And back: what the later rules began is ended by the first ones.
    std::fs::write(world.config(), &first).unwrap();
    let worker = world.worker().await;
    world.nordwind.debit("V-5-A").unwrap();
    stands(&world, "V-5-A", Stage::AwaitingShipment).await;
    world
        .update("V-4-A", "retry", &serde_json::Value::Null)
        .await;
    world.reaches("V-4-A", "REFUSED").await;
    for order_id in ["V-1-A", "V-2-A", "V-5-A"] {
        let key = format!("NW-{order_id}");
        let shipped = serde_json::json!({ "external_po": key });
        world.warehouse("/_sim/shipments", shipped).await;
        world.reaches(order_id, "SHIPPED").await;
        assert_eq!(world.sales_order(order_id)["status"], "shipped");
        assert_eq!(world.effects("accepts", order_id).len(), 1);
        assert_eq!(world.effects("shipments", order_id).len(), 1);
    }
    world.assert_accepted_after_the_sales_order();
    worker.stop().await;
    for n in 1..=5 {
        let events = world.history(&format!("V-{n}-A")).await;
        let failed = |t: EventType| t == EventType::WorkflowTaskFailed;
        assert!(!events.iter().any(|e| failed(e.event_type())), "V-{n}-A");
    }
}

/// The later release's tables send what goes by one ship-via by another.
fn swap_ship_via(world: &World) {
    let table = world.folder.join("mappings/ship_via.csv");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(
        &table,
        text.replace("nordwind,STD,UPSG", "nordwind,STD,UPS2"),
    )
    .unwrap();
}

async fn stands(world: &World, order_id: &str, stage: Stage) {
    let order = key("nordwind", order_id);
    until(&format!("{order_id} is {stage:?}"), PATIENCE, async || {
        let row = world.ledger.order(&order).await.ok()??;
        (row.shown?.stage == stage).then_some(())
    })
    .await;
}

async fn replay(
    options: WorkflowReplayerOptions,
    history: WorkflowHistory,
) -> Result<(), WorkflowReplayError> {
    let replayer = WorkflowReplayer::new(options)?;
    replayer.replay_workflow(history).await.map(|_| ())
}

fn is_nondeterminism(replayed: &Result<(), WorkflowReplayError>) -> bool {
    use WorkflowReplayFailure::Nondeterminism;
    matches!(
        replayed,
        Err(WorkflowReplayError::Replay(Nondeterminism { .. }))
    )
}

/// What a run did that began under the patched loop.
async fn patched_history()
-> Vec<temporalio_common::protos::temporal::api::history::v1::HistoryEvent> {
    let (_, client) = shared()
        .await
        .namespace("patched")
        .await
        .expect("a namespace");
    let options = WorkerOptions::new(ids::ORDERS)
        .register_workflow::<loops::Patched>()
        .expect("the later loop")
        .register_activities(script::Script)
        .build();
    let runtime = Runtime::from_current_tokio(Default::default()).expect("Temporal's runtime");
    let mut worker = Worker::new(&runtime, client.clone(), options).expect("a worker");
    let stop = worker.shutdown_handle();
    let order = key("nordwind", "Z-1-A");
    let id = ids::order(&order);
    let ended = async {
        let options = WorkflowStartOptions::new(ids::ORDERS, id.as_str()).build();
        let started = client.start_workflow(loops::Patched::run, order, options);
        let run = started.await.expect("a run");
        let outcome = run.get_result(Default::default()).await;
        assert_eq!(outcome.expect("a run that ends well"), Outcome::Fulfilled);
        stop();
        history(&client.get_workflow_handle::<UntypedWorkflow>(id.as_str())).await
    };
    let (ran, events) = tokio::join!(worker.run(), ended);
    ran.expect("a worker that ends well");
    events
}
