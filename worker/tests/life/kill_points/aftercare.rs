//! `kill -9` at every call after the sale: returns on both sides, refunds, units canceled unpaid.

use serde_json::{Value, json};
use simulators::mirakl::PaymentWorkflow;

use super::{END, Point, one_life};
use crate::machine::{terminate, until, within};
use crate::world::{World, world};

/// Calls once the customer has announced goods, and once they are there and credited; each has an
/// order of its own.
const ANNOUNCED: [&str; 2] = ["announce_return", "RT21"];
const RECEIVED: [&str; 5] = ["RE01", "OR28", "RT25", "RT26", "RT27"];
/// Orders that are canceled in part, unpaid.
const UNPAID: [&str; 2] = ["KU-1-A", "KU-2-A"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_at_any_call_after_the_sale_repays_every_credit_once() {
    tokio::join!(
        returns_chain("kill-ret-before", Point::BeforeSend),
        returns_chain("kill-ret-commit", Point::AfterCommit),
        returns_chain("kill-ret-answer", Point::AfterAnswer),
        unpaid_chain("kill-unpaid-before", Point::BeforeSend),
        unpaid_chain("kill-unpaid-commit", Point::AfterCommit),
        unpaid_chain("kill-unpaid-answer", Point::AfterAnswer),
    );
}

/// Lines of the shop's configuration for returns and for units that fall short.
const RULES: &str = "returns = \"accept\"\nreturns_poll_s = 0.3\nshort_ship = \"refund\"";

async fn returns_chain(name: &'static str, point: Point) {
    let mut setup = world(name);
    setup.shop.returns = true;
    setup.erp.returns_in = true;
    let world = setup.start().await;
    world.configure("bcm", &format!("{}\n{RULES}", world.customer()));
    let worker = world.worker();
    let number_of = |n: usize| format!("KR-{}-A", n + 1);
    let orders: Vec<String> = (0..RECEIVED.len()).map(number_of).collect();
    for order_id in &orders {
        let mut spec = world.plain(order_id);
        spec.lines[0].quantity = 2;
        world.sell(spec);
    }
    for order_id in &orders {
        world.reaches(order_id, "SHIPPED").await;
    }
    assert!(terminate(worker).await.success());

    for (op, order_id) in ANNOUNCED.into_iter().zip(&orders) {
        announce(&world, order_id).await;
        one_life(&world, op, point).await;
    }
    for order_id in orders.iter().skip(ANNOUNCED.len()) {
        announce(&world, order_id).await;
    }
    let worker = world.worker();
    within(END, "every return is under way", async || {
        let under_way = states(&world)
            .iter()
            .filter(|s| **s == "IN_PROGRESS")
            .count();
        (under_way == orders.len() && numbers(&world).len() == orders.len()).then_some(())
    })
    .await;
    assert!(terminate(worker).await.success());

    for (op, number) in RECEIVED.into_iter().zip(numbers(&world)) {
        let number = json!({ "ra_number": number });
        control(&world, "/_sim/returns/receive", &number).await;
        control(&world, "/_sim/credit-memos", &number).await;
        one_life(&world, op, point).await;
    }
    let last = world.worker();
    within(END, "every return is over and repaid", async || {
        let over = states(&world).iter().filter(|s| **s == "CLOSED").count();
        (over == orders.len() && refunds(&world).len() >= orders.len()).then_some(())
    })
    .await;
    settled(&world).await;
    let mut repaid = refunds(&world);
    repaid.sort();
    let lines: Vec<String> = orders.iter().map(|id| format!("{id}-1")).collect();
    assert_eq!(repaid, lines, "each credit went back once");
    assert_eq!(
        numbers(&world).len(),
        orders.len(),
        "one authorization each"
    );
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(last).await.success());
}

/// Two pieces are sold and paid at shipment; one of them will not come.
async fn unpaid_chain(name: &'static str, point: Point) {
    let mut setup = world(name);
    setup.shop.returns = true;
    setup.shop.payment_workflow = PaymentWorkflow::PayOnShipment;
    setup.erp.auto_ship = None;
    let world = setup.start().await;
    world.configure("bcm", &format!("{}\n{RULES}", world.customer()));
    let worker = world.worker();
    for order_id in UNPAID {
        let mut spec = world.plain(order_id);
        spec.lines[0].quantity = 2;
        world.sell(spec);
    }
    for order_id in UNPAID {
        until(&format!("{order_id} is released"), async || {
            let orders = world.erp.ledger()["sales_orders"].take();
            let mut orders = orders.as_array().cloned().unwrap_or_default().into_iter();
            let mine = orders.find(|o| o["channel_order_id"] == order_id)?;
            (mine["ship_to"].is_object() && mine["hold"].is_null()).then_some(())
        })
        .await;
    }
    assert!(terminate(worker).await.success());
    for order_id in UNPAID {
        let short = json!({ "external_line_id": format!("{order_id}-1"), "qty": 1 });
        let body =
            json!({ "external_po": format!("NW-{order_id}"), "short": [short], "final": true });
        control(&world, "/_sim/shipments", &body).await;
    }
    one_life(&world, "OR30", point).await;
    let last = world.worker();
    for order_id in UNPAID {
        within(END, &format!("{order_id} is SHIPPED"), async || {
            (world.state(order_id) == "SHIPPED").then_some(())
        })
        .await;
    }
    settled(&world).await;
    let mut canceled = rows(&world, "cancelations");
    canceled.sort();
    let lines: Vec<String> = UNPAID.iter().map(|id| format!("{id}-1")).collect();
    assert_eq!(canceled, lines, "each missing piece was canceled once");
    assert_eq!(refunds(&world), Vec::<String>::new());
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(last).await.success());
}

/// Waits until nothing that was meant is open any more.
async fn settled(world: &World) {
    let ledger = world.ledger().await;
    within(END, "every intent is settled", async || {
        let counts = ledger.counts().await.ok()?;
        (counts.open_intents == 0).then_some(())
    })
    .await;
}

async fn announce(world: &World, order_id: &str) {
    let line = json!({
        "order_line_id": format!("{order_id}-1"), "quantity": 1,
        "reason_code": "RETURN_CHANGED_MIND",
    });
    let body = json!({
        "order_commercial_id": order_id.trim_end_matches("-A"),
        "method_code": "RETURN_METHOD_BY_MAIL", "return_lines": [line],
    });
    post(&world.shop.url(), "/_sim/returns", &body).await;
}

async fn control(world: &World, path: &str, body: &Value) {
    post(&world.erp.url(), path, body).await;
}

async fn post(base: &str, path: &str, body: &Value) {
    let sent = reqwest::Client::new().post(format!("{base}{path}"));
    let sent = sent.header("content-type", "application/json");
    let answer = sent.body(body.to_string()).send().await.unwrap();
    let status = answer.status();
    assert!(
        status.is_success(),
        "{path}: {status} {:?}",
        answer.text().await
    );
}

/// States of all returns on the marketplace.
fn states(world: &World) -> Vec<String> {
    let all = world.shop.ledger()["returns"].take();
    let all = all.as_array().cloned().unwrap_or_default();
    all.iter()
        .filter_map(|one| one["state"].as_str().map(str::to_owned))
        .collect()
}

/// Numbers of all authorizations at the site.
fn numbers(world: &World) -> Vec<String> {
    let all = world.erp.ledger()["returns"].take();
    let all = all.as_array().cloned().unwrap_or_default();
    all.iter()
        .filter_map(|one| one["ra_number"].as_str().map(str::to_owned))
        .collect()
}

/// Lines that were repaid, once for each refund.
fn refunds(world: &World) -> Vec<String> {
    rows(world, "refunds")
}

fn rows(world: &World, list: &str) -> Vec<String> {
    let all = world.shop.ledger()[list].take();
    let all = all.as_array().cloned().unwrap_or_default();
    all.iter()
        .filter_map(|one| one["order_line_id"].as_str().map(str::to_owned))
        .collect()
}
