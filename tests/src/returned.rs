//! After the sale: goods come back or never left, and money goes back once.

use domain::exception::Kind;
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::harness::{PATIENCE, Setup, World, json_value, key, post, until};

/// Sells two pieces of one line and one of another, and has them reach the customer.
pub async fn delivered(world: &World, order_id: &str) {
    let mut spec = world.plain(order_id);
    spec.lines[0].quantity = 2;
    world.sell(spec.line(&world.sku(1), 1, "19.95"));
    world.reaches(order_id, "SHIPPED").await;
}

/// The customer announces a piece of the first line; answers Mirakl's return.
async fn announce(world: &World, order_id: &str) -> String {
    let line = json!({
        "order_line_id": format!("{order_id}-1"), "quantity": 1,
        "reason_code": "RETURN_PRODUCT_DOES_NOT_FIT",
    });
    let wish = json!({
        "order_commercial_id": order_id.trim_end_matches("-A"),
        "method_code": "RETURN_METHOD_BY_MAIL", "return_lines": [line],
    });
    let url = format!("{}/_sim/returns", world.nordwind.url());
    let made = post(&url, wish).await;
    let id = made["return_success"][0]["id"].as_str();
    id.expect("a return").to_owned()
}

/// Credits a piece of the first line in BlueCherry.
pub async fn credit(world: &World, order_id: &str) -> Value {
    let line = json!({ "external_line_id": format!("{order_id}-1"), "qty": 1 });
    let wish = json!({ "external_po": format!("NW-{order_id}"), "lines": [line] });
    world.warehouse("/_sim/credit-memos", wish).await
}

/// Waits until an order was repaid so often; answers the lines.
pub async fn repaid(world: &World, order_id: &str, times: usize) -> Vec<String> {
    let what = format!("{order_id} is repaid {times} times");
    until(&what, PATIENCE, async || {
        let refunds = world.effects("refunds", order_id);
        let line = |refund: &Value| refund["order_line_id"].as_str().map(str::to_owned);
        (refunds.len() >= times).then(|| refunds.iter().filter_map(line).collect())
    })
    .await
}

/// Waits until nothing that was meant is open any more.
pub async fn settled(world: &World) {
    until("every intent is settled", PATIENCE, async || {
        let counts = world.ledger.counts().await.ok()?;
        (counts.open_intents == 0).then_some(())
    })
    .await;
}

fn state(world: &World, return_id: &str) -> String {
    let all = world.nordwind.ledger()["returns"].take();
    let mut all = all.as_array().cloned().unwrap_or_default().into_iter();
    let one = all.find(|one| one["id"] == return_id).unwrap_or_default();
    one["state"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_return_goes_through_bluecherry_first_and_is_repaid_once_over_workers_and_lost_answers() {
    let world = Setup::new("returned").with_aftercare().start().await;
    let lost = |op: &str| FaultRule::once(op, "reset-after-commit");
    world.erp.faults().inject(lost("announce_return")).unwrap();
    for op in ["RT25", "OR28"] {
        world.nordwind.faults().inject(lost(op)).unwrap();
    }
    let worker = world.worker().await;
    delivered(&world, "B-1-A").await;
    let id = announce(&world, "B-1-A").await;
    let authorized = until("BlueCherry expects the goods", PATIENCE, async || {
        let all = world.erp.ledger()["returns"].take();
        let one = all.as_array()?.first()?.clone();
        (state(&world, &id) == "IN_PROGRESS").then_some(one)
    })
    .await;
    assert_eq!(authorized["external_return_id"], format!("NW-{id}"));
    assert_eq!(authorized["lines"][0]["reason_code"], "FIT");
    assert_eq!(world.calls("OR28"), 0, "no credit, no refund");
    worker.stop().await;

    // Another worker, and the goods are there.
    let number = json!({ "ra_number": authorized["ra_number"] });
    world
        .warehouse("/_sim/returns/receive", number.clone())
        .await;
    world.warehouse("/_sim/credit-memos", number).await;
    let worker = world.worker().await;
    assert_eq!(repaid(&world, "B-1-A", 1).await, ["B-1-A-1"]);
    until("the return is over", PATIENCE, async || {
        (state(&world, &id) == "CLOSED").then_some(())
    })
    .await;
    settled(&world).await;
    assert_eq!(repaid(&world, "B-1-A", 1).await.len(), 1);
    let announced = world.erp.ledger()["returns"].take();
    assert_eq!(announced.as_array().map(Vec::len), Some(1));
    assert!(world.exceptions(true).await.is_empty());
    world.record("returned", "B-1-A").await;
    worker.stop().await;
}

#[tokio::test]
async fn what_fell_short_is_repaid_and_the_rest_confirmed_while_a_bad_credit_waits_alone() {
    let setup = Setup::new("short").with_aftercare().shipping_by_hand();
    let world = setup.start().await;
    let lost = FaultRule::once("OR28", "reset-after-commit");
    world.nordwind.faults().inject(lost).unwrap();
    let worker = world.worker().await;
    let mut spec = world.plain("B-2-A");
    spec.lines[0].quantity = 3;
    world.sell(spec);
    until("B-2-A is released", PATIENCE, async || {
        let made = world.sales_orders("nordwind", "B-2-A");
        let made = made.first()?;
        (made["ship_to"].is_object() && made["hold"].is_null()).then_some(())
    })
    .await;
    let line = json!([{ "external_line_id": "B-2-A-1", "qty": 1 }]);
    let bad = json!({ "external_po": "NW-B-2-A", "lines": line, "currency": "CHF" });
    world.warehouse("/_sim/credit-memos", bad).await;
    world.exception("B-2-A", Kind::CreditUnusable).await;

    let short = json!([{ "external_line_id": "B-2-A-1", "qty": 1 }]);
    let shipped = json!({ "external_po": "NW-B-2-A", "short": short, "final": true });
    world.warehouse("/_sim/shipments", shipped).await;
    world.reaches("B-2-A", "SHIPPED").await;
    settled(&world).await;

    assert_eq!(repaid(&world, "B-2-A", 1).await, ["B-2-A-1"]);
    let refund = &world.effects("refunds", "B-2-A")[0];
    assert_eq!(
        (&refund["quantity"], &refund["reason_code"]),
        (&json!(1), &json!("15"))
    );
    let open: Vec<Kind> = world
        .exceptions(false)
        .await
        .iter()
        .map(|e| e.kind)
        .collect();
    assert_eq!(open, [Kind::CreditUnusable]);
    worker.stop().await;
}

#[tokio::test]
async fn an_incident_holds_a_part_of_its_line_until_a_person_says_that_it_is_settled() {
    let world = Setup::new("incident").with_aftercare().start().await;
    let worker = world.worker().await;
    delivered(&world, "B-3-A").await;
    let incident = json!({
        "order_id": "B-3-A", "order_line_id": "B-3-A-1", "reason_code": "1",
    });
    let url = format!("{}/_sim/incidents", world.nordwind.url());
    post(&url, incident).await;
    world.exception("B-3-A", Kind::IncidentOpen).await;
    credit(&world, "B-3-A").await;
    until("the credit is known", PATIENCE, async || {
        let row = world.ledger.order(&key("nordwind", "B-3-A")).await.ok()??;
        (row.papers.credits.len() == 1).then_some(())
    })
    .await;
    assert!(world.effects("refunds", "B-3-A").is_empty());

    let settled_with = json!({ "reason_code": "10" });
    world
        .signal("B-3-A", "resolve_incident", json_value(&settled_with))
        .await;
    assert_eq!(repaid(&world, "B-3-A", 1).await, ["B-3-A-1"]);
    settled(&world).await;
    until("nobody is asked any more", PATIENCE, async || {
        world.exceptions(false).await.is_empty().then_some(())
    })
    .await;
    assert_eq!(world.calls("OR64"), 1);
    worker.stop().await;
}
