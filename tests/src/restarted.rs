//! Runs and workers that end while an order is under way.

use domain::step::Stage;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::Debit;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    WorkflowCancelOptions, WorkflowDescribeOptions, WorkflowExecutionStatus,
    WorkflowTerminateOptions,
};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::DeleteWorkflowExecutionRequest;
use workflows::ids;

use crate::harness::{PATIENCE, Setup, World, history, key, record, until};

#[tokio::test]
async fn the_cancel_button_calls_the_order_off_in_a_new_run() {
    let world = Setup::new("cancel-button").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("B-1-A");
    spec.debit = Some(Debit::Manual);
    world.sell(spec);
    world.reaches("B-1-A", "WAITING_DEBIT_PAYMENT").await;
    let run = world.run("B-1-A");
    let first = run
        .describe(WorkflowDescribeOptions::default())
        .await
        .unwrap();
    let first = first.run_id().to_owned();

    let button = WorkflowCancelOptions::builder().reason("pressed").build();
    run.cancel(button).await.unwrap();
    world.reaches("B-1-A", "CANCELED").await;
    world
        .run_is("B-1-A", WorkflowExecutionStatus::Completed)
        .await;
    assert_eq!(world.sales_order("B-1-A")["status"], "cancelled");
    let order = world
        .ledger
        .order(&key("nordwind", "B-1-A"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(order.progress.cancel.as_deref(), Some("CANCEL_BUTTON"));

    let earlier = world.run_of("B-1-A", &first);
    let ended = earlier
        .describe(WorkflowDescribeOptions::default())
        .await
        .unwrap();
    assert_eq!(ended.status(), WorkflowExecutionStatus::ContinuedAsNew);
    worker.stop().await;
    record("continued-as-new", &history(&earlier).await);
}

#[tokio::test]
async fn news_starts_a_run_that_goes_on_after_a_terminated_one() {
    let world = Setup::new("terminated").shipping_by_hand().start().await;
    let worker = world.worker().await;
    world.sell(world.plain("B-2-A"));
    until("the order is with the warehouse", PATIENCE, async || {
        let order = world.ledger.order(&key("nordwind", "B-2-A")).await.ok()??;
        (order.shown?.stage == Stage::AwaitingShipment).then_some(())
    })
    .await;
    let by_hand = WorkflowTerminateOptions::builder()
        .reason("by hand")
        .build();
    world.run("B-2-A").terminate(by_hand).await.unwrap();
    world
        .run_is("B-2-A", WorkflowExecutionStatus::Terminated)
        .await;

    world
        .warehouse("/_sim/shipments", json!({ "external_po": "NW-B-2-A" }))
        .await;
    world.reaches("B-2-A", "SHIPPED").await;
    world
        .run_is("B-2-A", WorkflowExecutionStatus::Running)
        .await;
    assert_eq!(world.effects("accepts", "B-2-A").len(), 1);
    assert_eq!(world.effects("shipments", "B-2-A").len(), 1);
    assert_eq!(world.sales_order("B-2-A")["status"], "shipped");
    worker.stop().await;
}

#[tokio::test]
async fn an_order_that_comes_again_after_its_run_was_deleted_makes_no_second_sales_order() {
    let world = Setup::new("deleted").shipping_by_hand().start().await;
    let worker = world.worker().await;
    let mut unpaid = world.plain("B-5-A");
    unpaid.debit = Some(Debit::Manual);
    world.sell(unpaid);
    world.sell(world.plain("B-6-A"));
    world.reaches("B-5-A", "WAITING_DEBIT_PAYMENT").await;
    until("one order is with the warehouse", PATIENCE, async || {
        let order = world.ledger.order(&key("nordwind", "B-6-A")).await.ok()??;
        (order.shown?.stage == Stage::AwaitingShipment).then_some(())
    })
    .await;
    worker.stop().await;

    // Retention took the runs, and the ledger is another one: only BlueCherry remembers.
    for id in ["B-5-A", "B-6-A"].map(|id| ids::order(&key("nordwind", id))) {
        gone(&world, &id).await;
    }
    let marketplace = key("nordwind", "").marketplace;
    gone(&world, &ids::orders_feed(&marketplace)).await;
    gone(&world, &ids::shipments_feed("SIMSITE")).await;
    let text = std::fs::read_to_string(world.config()).unwrap();
    let other = text.replace("sqlite://bcm.db", "sqlite://new.db");
    std::fs::write(world.config(), other).unwrap();

    let worker = world.worker().await;
    world.nordwind.debit("B-5-A").unwrap();
    for order_id in ["B-5-A", "B-6-A"] {
        let shipped = json!({ "external_po": format!("NW-{order_id}") });
        until(
            "the sales order is with the warehouse",
            PATIENCE,
            async || {
                let made = world.sales_order(order_id);
                (made["ship_to"].is_object() && made["hold"].is_null()).then_some(())
            },
        )
        .await;
        world.warehouse("/_sim/shipments", shipped).await;
        world.reaches(order_id, "SHIPPED").await;
        assert_eq!(world.sales_order(order_id)["status"], "shipped");
        assert_eq!(world.effects("accepts", order_id).len(), 1);
        assert_eq!(world.effects("shipments", order_id).len(), 1);
    }
    worker.stop().await;
}

/// Deletes a workflow's runs with their histories.
async fn gone(world: &World, id: &str) {
    let wanted = DeleteWorkflowExecutionRequest {
        namespace: world.namespace.clone(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: String::new(),
        }),
    };
    let mut service = world.client.connection().workflow_service();
    let deleted = service.delete_workflow_execution(wanted.into_request());
    deleted.await.expect("a run to delete");
    until(&format!("{id} is gone"), PATIENCE, async || {
        let run = world.workflow(id);
        let described = run.describe(WorkflowDescribeOptions::default()).await;
        described.is_err().then_some(())
    })
    .await;
}

#[tokio::test]
async fn another_worker_goes_on_where_one_was_stopped() {
    let world = Setup::new("handed-over").start().await;
    let worker = world.worker().await;
    // The answer takes longer than the stop: the attempt is cut in the middle of its call.
    let slow = FaultRule::once("create_sales_order", "delay-after-commit_ms:1500").times(2);
    world.erp.faults().inject(slow).unwrap();
    for n in 1..=6 {
        world.sell(world.plain(&format!("B-3{n}-A")));
    }
    until("orders are being created", PATIENCE, async || {
        (world.erp_calls("create_sales_order") >= 2).then_some(())
    })
    .await;
    worker.stop().await;

    let worker = world.worker().await;
    for n in 1..=6 {
        let order_id = format!("B-3{n}-A");
        world.reaches(&order_id, "SHIPPED").await;
        assert_eq!(world.sales_order(&order_id)["status"], "shipped");
        assert_eq!(world.effects("shipments", &order_id).len(), 1);
    }
    world.assert_accepted_after_the_sales_order();
    worker.stop().await;
}

#[tokio::test]
async fn two_workers_share_the_work_and_double_nothing() {
    let world = Setup::new("two-workers").start().await;
    let workers = [world.worker().await, world.worker().await];
    for n in 1..=8 {
        world.sell(world.plain(&format!("B-4{n}-A")));
    }
    for n in 1..=8 {
        let order_id = format!("B-4{n}-A");
        world.reaches(&order_id, "SHIPPED").await;
        assert_eq!(world.sales_order(&order_id)["status"], "shipped");
        assert_eq!(world.effects("accepts", &order_id).len(), 1);
        assert_eq!(world.effects("shipments", &order_id).len(), 1);
    }
    for worker in workers {
        worker.stop().await;
    }
}
