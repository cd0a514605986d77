//! Orders that come to nothing: by the customer, by the operator, by a person here.

use domain::exception::Kind;
use domain::step::Outcome;
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::{Debit, OrderSpec};
use temporalio_client::WorkflowExecutionStatus;
use workflows::orders::FulfillOrder;

use crate::harness::{PATIENCE, Setup, World, key, until};

#[tokio::test]
async fn a_refused_debit_cancels_the_sales_order() {
    let world = Setup::new("debit-refused").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("D-1-A");
    spec.debit = Some(Debit::Refuse);
    world.sell(spec);

    world.reaches("D-1-A", "CANCELED").await;
    world
        .run_is("D-1-A", WorkflowExecutionStatus::Completed)
        .await;
    assert_eq!(outcome(&world, "D-1-A").await, Outcome::Cancelled);
    assert_eq!(world.sales_order("D-1-A")["status"], "cancelled");
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
    world.record("debit-refused", "D-1-A").await;
}

#[tokio::test]
async fn a_customer_cancels_before_the_release() {
    let world = Setup::new("customer-cancels").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("D-2-A");
    spec.debit = Some(Debit::Manual);
    world.sell(spec);
    world.reaches("D-2-A", "WAITING_DEBIT_PAYMENT").await;

    world.nordwind.cancel("D-2-A").unwrap();
    world
        .run_is("D-2-A", WorkflowExecutionStatus::Completed)
        .await;
    assert_eq!(outcome(&world, "D-2-A").await, Outcome::Cancelled);
    assert_eq!(world.sales_order("D-2-A")["status"], "cancelled");
    worker.stop().await;
}

#[tokio::test]
async fn an_automatic_refusal_that_wins_the_race_leaves_no_open_sales_order() {
    let mut setup = Setup::new("auto-refused");
    setup.nordwind.acceptance_limit_s = Some(2);
    let world = setup.start().await;
    let down = FaultRule::once("OR21", "status:503").times(0);
    world.nordwind.faults().inject(down).unwrap();
    let worker = world.worker().await;
    world.sell(world.plain("D-3-A"));

    world.reaches("D-3-A", "REFUSED").await;
    world.nordwind.faults().clear();
    world
        .run_is("D-3-A", WorkflowExecutionStatus::Completed)
        .await;
    assert_eq!(outcome(&world, "D-3-A").await, Outcome::Refused);
    assert_eq!(world.sales_order("D-3-A")["status"], "cancelled");
    assert_eq!(
        world
            .effects("accepts", "D-3-A")
            .iter()
            .filter(|a| a["by"] == "api")
            .count(),
        0
    );
    worker.stop().await;
}

#[tokio::test]
async fn what_is_short_is_refused_on_mirakl() {
    let world = Setup::new("short").start().await;
    let worker = world.worker().await;
    let scarce = world.plan.catalogue().iter().find(|i| i.scarce).unwrap();
    world.sell(OrderSpec::of(&scarce.offer_sku("nordwind"), 5, "149.95").id("D-4-A"));

    world.reaches("D-4-A", "REFUSED").await;
    world
        .run_is("D-4-A", WorkflowExecutionStatus::Completed)
        .await;
    assert_eq!(outcome(&world, "D-4-A").await, Outcome::Refused);
    assert_ne!(world.sales_order("D-4-A")["status"], "open");
    worker.stop().await;
    world.record("refused", "D-4-A").await;
}

#[tokio::test]
async fn a_person_cancels_before_acceptance_and_before_payment() {
    let world = Setup::new("cancel-unpaid").start().await;
    let worker = world.worker().await;
    world.sell(OrderSpec::of("NW-GHOST", 1, "49.95").id("P-1-A"));
    let mut unpaid = world.plain("P-2-A");
    unpaid.debit = Some(Debit::Manual);
    world.sell(unpaid);
    world.exception("P-1-A", Kind::UnmappedSku).await;
    world.reaches("P-2-A", "WAITING_DEBIT_PAYMENT").await;
    world
        .run_is("P-2-A", WorkflowExecutionStatus::Running)
        .await;

    let unreadable = world.update("P-1-A", "cancel", &Value::Null).await;
    assert_eq!(
        (unreadable.done, unreadable.code.as_str()),
        (false, "unreadable")
    );
    let reason = json!({ "reason_code": "CUSTOMER" });
    assert_eq!(
        world.update("P-1-A", "cancel", &reason).await.code,
        "cancelling"
    );
    assert_eq!(
        world.update("P-2-A", "cancel", &reason).await.code,
        "cancelling"
    );

    world.reaches("P-1-A", "REFUSED").await;
    world.reaches("P-2-A", "CANCELED").await;
    for order_id in ["P-1-A", "P-2-A"] {
        world
            .run_is(order_id, WorkflowExecutionStatus::Completed)
            .await;
    }
    assert!(world.sales_orders("nordwind", "P-1-A").is_empty());
    assert_eq!(world.sales_order("P-2-A")["status"], "cancelled");
    let (cancelled, on_mirakl) = cancelled_at(&world, "P-2-A");
    assert!(cancelled < on_mirakl, "first in the ERP, then on Mirakl");
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
    world.record("cancelled", "P-2-A").await;
}

#[tokio::test]
async fn a_paid_order_that_is_cancelled_needs_a_refund_and_can_be_taken_back() {
    let world = Setup::new("cancel-paid").shipping_by_hand().start().await;
    let worker = world.worker().await;
    world.sell(world.plain("P-3-A"));
    world.reaches("P-3-A", "SHIPPING").await;
    until("the order is released", PATIENCE, async || {
        world.sales_order("P-3-A")["ship_to"]
            .is_object()
            .then_some(())
    })
    .await;

    let reason = json!({ "reason_code": "CUSTOMER" });
    assert_eq!(
        world.update("P-3-A", "cancel", &reason).await.code,
        "needs_refund"
    );
    world.exception("P-3-A", Kind::NeedsRefund).await;
    assert_eq!(world.state("P-3-A"), "SHIPPING");
    assert_ne!(world.sales_order("P-3-A")["status"], "cancelled");

    let withdrawn = world.update("P-3-A", "release", &Value::Null).await;
    assert_eq!(withdrawn.code, "cancel_withdrawn");
    world
        .warehouse("/_sim/shipments", json!({ "external_po": "NW-P-3-A" }))
        .await;
    world.reaches("P-3-A", "SHIPPED").await;
    until("nothing is open", PATIENCE, async || {
        world.exceptions(false).await.is_empty().then_some(())
    })
    .await;
    let shipped = world.update("P-3-A", "cancel", &reason).await;
    assert_eq!((shipped.done, shipped.code.as_str()), (false, "shipped"));
    worker.stop().await;
}

#[tokio::test]
async fn a_held_order_waits_for_its_release() {
    let world = Setup::new("held").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("P-4-A");
    spec.debit = Some(Debit::Manual);
    world.sell(spec);
    world.reaches("P-4-A", "WAITING_DEBIT_PAYMENT").await;
    assert_eq!(
        world.update("P-4-A", "hold", &Value::Null).await.code,
        "held"
    );

    world.nordwind.debit("P-4-A").unwrap();
    until(
        "the run has seen the payment and holds",
        PATIENCE,
        async || {
            let progress = world.progress("P-4-A").await;
            matches!(
                progress.step?,
                domain::step::Step::Wait(domain::step::Wait::Held)
            )
            .then_some(())
        },
    )
    .await;
    assert_eq!(world.sales_order("P-4-A")["ship_to"], Value::Null);
    assert_eq!(
        world.update("P-4-A", "release", &Value::Null).await.code,
        "released"
    );
    world.reaches("P-4-A", "SHIPPED").await;
    worker.stop().await;
}

/// How an order's run says it ended.
async fn outcome(world: &World, order_id: &str) -> Outcome {
    let id = workflows::ids::order(&key("nordwind", order_id));
    let run = world.client.get_workflow_handle::<FulfillOrder>(id);
    run.get_result(Default::default())
        .await
        .expect("a run that ended well")
}

/// When the sales order and the order were cancelled, in real time.
fn cancelled_at(world: &World, order_id: &str) -> (i64, i64) {
    let erp = world.sales_order(order_id)["cancelled_real_at_us"].as_i64();
    let mirakl = world.effects("cancels", order_id)[0]["real_at_us"].as_i64();
    (erp.expect("a moment"), mirakl.expect("a moment"))
}
