//! What goes wrong in business: an ERP that is closed, an operator and customers who are quicker, too
//! little stock, and people who press twice.

use std::time::{Duration, Instant};

use domain::exception::Kind;
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;
use temporalio_client::WorkflowExecutionStatus;

use crate::harness::{PATIENCE, Setup, World, key, until};

/// An ERP that is back is worked off within this: the longest back-off, and the work.
const DRAINED: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_closed_erp_holds_every_acceptance_back_and_is_worked_off_when_it_opens() {
    closed_erp("erp-closed", 40).await;
}

#[tokio::test]
#[ignore = "500 orders and an outage of a minute: minutes on two cores; run by name"]
async fn a_closed_erp_with_500_orders_is_worked_off_when_it_opens() {
    closed_erp("erp-closed-long", 500).await;
}

/// Sells so many orders while BlueCherry answers 503, until all wait for one incident.
async fn closed_erp(name: &'static str, orders: usize) {
    let world = Setup::new(name).start().await;
    let worker = world.worker().await;
    let closed = FaultRule::once("*", "status:503").times(0);
    world.erp.faults().inject(closed).unwrap();
    let ids: Vec<String> = (1..=orders).map(|n| format!("E-{n}-A")).collect();
    for order_id in &ids {
        world.sell(world.plain(order_id));
    }
    until("every order waits", PATIENCE + PATIENCE, async || {
        for order_id in &ids {
            world
                .ledger
                .order(&key("nordwind", order_id))
                .await
                .ok()??;
        }
        Some(())
    })
    .await;
    world.incident(Kind::EndpointDown).await;
    // One asks whether BlueCherry is back, and nobody else.
    let (asked, probes) = (world.erp_calls("find_sales_orders"), 4);
    until("it was asked again", PATIENCE, async || {
        let ledger = world.erp.ledger();
        let calls = ledger["calls"].as_array().map_or(0, Vec::len);
        (calls > asked + probes).then_some(())
    })
    .await;
    assert_eq!(world.calls("OR21"), 0, "accepted without a sales order");
    assert_eq!(world.erp_calls("create_sales_order"), 0);

    world.erp.faults().clear();
    let opened = Instant::now();
    for order_id in &ids {
        let left = DRAINED.saturating_sub(opened.elapsed());
        until(&format!("{order_id} is shipped"), left, async || {
            (world.state(order_id) == "SHIPPED").then_some(())
        })
        .await;
    }
    println!("{orders} orders worked off in {:?}", opened.elapsed());
    for order_id in &ids {
        assert_eq!(world.sales_order(order_id)["status"], "shipped");
        assert_eq!(world.effects("accepts", order_id).len(), 1);
        assert_eq!(world.effects("shipments", order_id).len(), 1);
    }
    world.assert_accepted_after_the_sales_order();
    assert_eq!(world.erp_calls("create_sales_order"), orders);
    let incidents = world.exceptions(true).await;
    let incidents = incidents.iter().filter(|e| e.kind == Kind::EndpointDown);
    assert_eq!(incidents.count(), 1, "one incident, whatever waits");
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn an_acceptance_that_comes_too_late_frees_the_stock_again() {
    let mut setup = Setup::new("too-late");
    setup.nordwind.acceptance_limit_s = Some(1);
    let world = setup.start().await;
    let before = open_pieces(&world);
    // Between the sales order and OR21 the operator's time runs out.
    let slow = FaultRule::once("OR21", "delay_ms:1600");
    world.nordwind.faults().inject(slow).unwrap();
    let worker = world.worker().await;
    world.sell(world.plain("L-1-A"));

    world.reaches("L-1-A", "REFUSED").await;
    let over = WorkflowExecutionStatus::Completed;
    world.run_is("L-1-A", over).await;
    assert_eq!(world.sales_order("L-1-A")["status"], "cancelled");
    assert_eq!(open_pieces(&world), before, "the stock is free again");
    assert_eq!(world.effects("shipments", "L-1-A").len(), 0);
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_customer_who_cancels_before_picking_stops_the_parcel() {
    let world = Setup::new("cancels-released");
    let world = world.shipping_by_hand().start().await;
    let before = open_pieces(&world);
    let worker = world.worker().await;
    world.sell(world.plain("M-1-A"));
    released(&world, "M-1-A").await;

    world.nordwind.cancel("M-1-A").unwrap();
    let over = WorkflowExecutionStatus::Completed;
    world.run_is("M-1-A", over).await;
    assert_eq!(world.sales_order("M-1-A")["status"], "cancelled");
    assert_eq!(open_pieces(&world), before, "the stock is free again");
    assert_eq!(world.effects("shipments", "M-1-A").len(), 0);
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_customer_who_cancels_after_picking_needs_a_person_and_no_shipment_is_confirmed() {
    let world = Setup::new("cancels-picked");
    let world = world.shipping_by_hand().start().await;
    let worker = world.worker().await;
    world.sell(world.plain("M-2-A"));
    released(&world, "M-2-A").await;
    let number = world.sales_order("M-2-A")["ord_num"].clone();
    world
        .warehouse("/_sim/pick", json!({ "ord_num": number }))
        .await;

    world.nordwind.cancel("M-2-A").unwrap();
    world.exception("M-2-A", Kind::CancelledAfterPick).await;
    assert_ne!(world.sales_order("M-2-A")["status"], "cancelled");
    assert_eq!(world.calls("OR24"), 0);
    assert_eq!(world.calls("OR23"), 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_short_line_where_parts_are_forbidden_refuses_the_order_whole() {
    let mut setup = Setup::new("no-parts");
    setup.nordwind.partial_acceptance = false;
    let world = setup.start().await;
    // The shop would take a part; it is Mirakl that says ORDER_PARTIAL_ACCEPTANCE_DISABLED.
    let text = std::fs::read_to_string(world.config()).unwrap();
    let takes_part = text.replace("short_stock = \"refuse\"", "short_stock = \"accept_part\"");
    assert_ne!(takes_part, text);
    std::fs::write(world.config(), takes_part).unwrap();
    let before = open_pieces(&world);
    let worker = world.worker().await;
    let scarce = world.plan.catalogue().iter().find(|i| i.scarce).unwrap();
    let covered = world
        .plan
        .catalogue()
        .iter()
        .find(|i| !i.scarce && i.item.division == scarce.item.division);
    let covered = covered.expect("an item of the same division");
    let spec = OrderSpec::of(&covered.offer_sku("nordwind"), 1, "49.95");
    let spec = spec.line(&scarce.offer_sku("nordwind"), 5, "149.95");
    world.sell(spec.id("S-1-A"));

    world.reaches("S-1-A", "REFUSED").await;
    let over = WorkflowExecutionStatus::Completed;
    world.run_is("S-1-A", over).await;
    let tried: Vec<_> = world.effects("accepts", "S-1-A");
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert_eq!(tried[0]["accepted"], json!([]));
    assert_ne!(world.sales_order("S-1-A")["status"], "open");
    assert_eq!(open_pieces(&world), before, "no half sales order stays");
    worker.stop().await;
}

#[tokio::test]
async fn two_people_retry_at_once_and_one_presses_twice_with_one_effect() {
    let world = Setup::new("pressed-twice").start().await;
    let refuses = FaultRule::once("create_sales_order", "status:422");
    world.erp.faults().inject(refuses).unwrap();
    let worker = world.worker().await;
    world.sell(world.plain("T-1-A"));
    world.exception("T-1-A", Kind::SalesOrderRefused).await;
    let slow = FaultRule::once("create_sales_order", "delay_ms:900");
    world.erp.faults().inject(slow).unwrap();

    let (ann, bob) = (json!({ "by": "AB" }), json!({ "by": "CD" }));
    let (first, second) = tokio::join!(
        world.update("T-1-A", "retry", &ann),
        world.update("T-1-A", "retry", &bob),
    );
    let again = world.update("T-1-A", "retry", &ann).await;
    let (taken, told) = if first.code == "retried" {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(taken.code, "retried");
    for told in [&told, &again] {
        assert_eq!(told.code, "already_retried", "{told:?}");
        let one = told.says.contains("cli:AB") != told.says.contains("cli:CD");
        assert!(one, "{told:?}");
    }
    assert_eq!(told.says, again.says, "one of them was first");

    world.reaches("T-1-A", "SHIPPED").await;
    assert_eq!(world.sales_order("T-1-A")["status"], "shipped");
    assert_eq!(world.effects("accepts", "T-1-A").len(), 1);
    assert_eq!(world.effects("shipments", "T-1-A").len(), 1);
    let events = world.ledger.events(&key("nordwind", "T-1-A")).await;
    let retries = events.unwrap().into_iter().filter(|e| e.what == "command");
    assert_eq!(retries.count(), 3, "each word is written down");
    worker.stop().await;
}

/// Pieces of every item that open and picked sales orders hold.
fn open_pieces(world: &World) -> i64 {
    let ledger = world.erp.ledger();
    let rows = ledger["positions"].as_array().cloned().unwrap_or_default();
    let number = |value: &Value| {
        let text = value.as_str().and_then(|text| text.parse().ok());
        value.as_i64().or(text).unwrap_or(0)
    };
    let held = |row: &Value| number(&row["open"]) + number(&row["picked"]);
    rows.iter().map(held).sum()
}

/// Waits until the warehouse may pick an order.
async fn released(world: &World, order_id: &str) {
    until(&format!("{order_id} is released"), PATIENCE, async || {
        let made = world.sales_orders("nordwind", order_id);
        let made = made.first()?;
        (made["ship_to"].is_object() && made["hold"].is_null()).then_some(())
    })
    .await;
}
