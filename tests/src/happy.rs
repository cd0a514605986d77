//! From sale to SHIPPED with nothing in the way.

use domain::step::Step;
use serde_json::json;
use simulators::mirakl::{OrderSpec, TaxSpec};
use simulators::scenario::{GALERIA, NORDWIND};
use temporalio_client::{UntypedQuery, WorkflowDescribeOptions, WorkflowExecutionStatus};
use worker::bench::actions;
use workflows::orders::{BLOCKED_ON, DEADLINE, MARKETPLACE, ORDER_STAGE, OWNER, SALES_ORDER};

use crate::harness::{PATIENCE, Setup, World, no_payload, until};

/// A happy order's history may not grow beyond this.
const EVENTS_MAX: usize = 90;
/// Billable actions of a happy order: 14, and looks more (a signal, a decision each) when pulls come
/// between a call and its answer, which pulls three times a second make likely and one a minute do not.
const ACTIONS_MAX: u64 = 22;

#[tokio::test]
async fn an_order_goes_from_sale_to_shipped() {
    let mut setup = Setup::new("happy");
    setup.nordwind.debit_delay_s = 1;
    let world = setup.start().await;
    let worker = world.worker().await;
    world.sell(world.plain("H-1-A"));

    world.reaches("H-1-A", "SHIPPED").await;
    let sales_order = world.sales_order("H-1-A");
    let number = sales_order["ord_num"].as_str().unwrap_or_default();
    assert_eq!(sales_order["external_po"], "NW-H-1-A");
    assert_eq!(sales_order["totals"]["grand"], json!("49.95"));
    assert_eq!(sales_order["status"], "shipped");
    assert_ne!(sales_order["ship_to"], json!(null));
    assert_eq!(world.effects("accepts", "H-1-A").len(), 1);
    assert_eq!(world.effects("shipments", "H-1-A").len(), 1);
    world.assert_accepted_after_the_sales_order();
    until(
        "the sales order's number is on Mirakl",
        PATIENCE,
        async || {
            let order = world.nordwind.order("H-1-A")?;
            (order["references"]["order_reference_for_seller"] == number).then_some(())
        },
    )
    .await;
    let order = world.nordwind.order("H-1-A").unwrap();
    assert_eq!(order["shipping_carrier_code"], "ups");
    let parcel = &world.erp.ledger()["shipments"][0]["parcels"][0];
    assert_eq!(order["shipping_tracking"], parcel["tracking_number"]);
    shown_in_the_ui(&world, number).await;

    world.nordwind.receive("H-1-A").unwrap();
    world.nordwind.close("H-1-A").unwrap();
    world
        .run_is("H-1-A", WorkflowExecutionStatus::Completed)
        .await;
    worker.stop().await;
    assert!(world.exceptions(true).await.is_empty());
    let history = world.history("H-1-A").await;
    let actions = actions(&history);
    let total: u64 = actions.values().sum();
    println!(
        "a happy order: {} events, {total} actions {actions:?}",
        history.len()
    );
    assert!(history.len() <= EVENTS_MAX, "{} events", history.len());
    assert!(total <= ACTIONS_MAX, "{actions:?}");
    world.record("happy", "H-1-A").await;
}

/// Attributes, static summary and current details of a shipped order's run.
async fn shown_in_the_ui(world: &World, number: &str) {
    world.attribute_is("H-1-A", &ORDER_STAGE, "shipped").await;
    assert_eq!(world.attribute("H-1-A", &MARKETPLACE).await, "nordwind");
    assert_eq!(world.attribute("H-1-A", &SALES_ORDER).await, number);
    for unset in [&BLOCKED_ON, &OWNER, &DEADLINE] {
        assert_eq!(world.attribute("H-1-A", unset).await, "");
    }
    let run = world.run("H-1-A");
    let described = run
        .describe(WorkflowDescribeOptions::default())
        .await
        .unwrap();
    assert_eq!(described.static_summary(), Some("nordwind · H-1-A"));
    let metadata = UntypedQuery::new("__temporal_workflow_metadata");
    let answer = run
        .query(metadata, no_payload(), Default::default())
        .await
        .unwrap();
    let details = String::from_utf8_lossy(&answer.payloads[0].data).into_owned();
    assert!(
        details.contains("**shipped**") && details.contains(number),
        "{details}"
    );
    let progress = world.progress("H-1-A").await;
    assert!(matches!(progress.step, Some(Step::Wait(_))), "{progress:?}");
}

#[tokio::test]
async fn several_lines_make_one_sales_order_with_the_same_total() {
    let world = Setup::new("several").start().await;
    let worker = world.worker().await;
    let mut spec = OrderSpec::of(&world.sku(0), 2, "19.95")
        .line(&world.sku(1), 1, "49.95")
        .line(&world.sku(2), 3, "0.10")
        .id("L-1-A");
    spec.lines[0].shipping_price = serde_json::from_value(json!("3.95")).unwrap();
    spec.lines[0].taxes = vec![TaxSpec {
        code: "US_SALES_TAX".to_owned(),
        amount: serde_json::from_value(json!("3.54")).unwrap(),
        rate: None,
    }];
    world.sell(spec);

    world.reaches("L-1-A", "SHIPPED").await;
    let sales_order = world.sales_order("L-1-A");
    assert_eq!(sales_order["lines"].as_array().map(Vec::len), Some(3));
    // 39.90 + 49.95 + 0.30 + 3.95 + 3.54, since prices are without tax here.
    assert_eq!(sales_order["totals"]["grand"], json!("97.64"));
    worker.stop().await;
}

#[tokio::test]
async fn the_same_order_id_on_two_marketplaces_is_two_orders() {
    let world = Setup::new("same-id").with_galeria().start().await;
    let worker = world.worker().await;
    let galeria = world.galeria.as_ref().unwrap();
    let german = world.sku(0).replace("NW-", "GA-");
    world.sell(world.plain("S-1-A"));
    galeria
        .create_order(OrderSpec::of(&german, 1, "39.95").id("S-1-A"))
        .unwrap();

    world.reaches("S-1-A", "SHIPPED").await;
    until("the other one is shipped", PATIENCE, async || {
        (galeria.order("S-1-A")?["order_state"] == "SHIPPED").then_some(())
    })
    .await;
    let ours = [NORDWIND, GALERIA].map(|name| world.sales_orders(name, "S-1-A"));
    let keys = ours.map(|s| (s.len(), s[0]["external_po"].as_str().map(str::to_owned)));
    assert_eq!(keys[0], (1, Some("NW-S-1-A".to_owned())));
    assert_eq!(keys[1], (1, Some("GA-S-1-A".to_owned())));
    worker.stop().await;
}
