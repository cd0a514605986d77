//! Units that fell short, returns, refunds and incidents, against both simulators.

mod incidents;
mod refunds;
mod returns;
mod units;

use domain::marketplace::{OrderKey, ReturnsRule, ShortShip};
use domain::step::{Step, Wait};
use ledger::ExceptionFilter;
use serde_json::{Value, json};
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, list};
use crate::plan::Plan;
use crate::web;

/// A shop and a site with returns, where short units are repaid by rule.
pub fn plan() -> Plan {
    let mut plan = Plan::usual();
    plan.policy.short_ship = ShortShip::Refund;
    plan.policy.returns = ReturnsRule::Accept;
    plan.policy.return_method = Some("RETURN_METHOD_BY_MAIL".to_owned());
    plan.returns_every = Some(std::time::Duration::ZERO);
    plan.mirakl.returns = true;
    plan.erp.returns_in = true;
    plan
}

/// Brings a placed order to its customer.
pub async fn shipped(env: &Env, spec: OrderSpec) -> OrderKey {
    let key = env.released(spec).await;
    env.ship(&key, json!({})).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    env.pull().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    key
}

/// Posts a credit memo for pieces of an order's first line, and has it read. Answers it.
pub async fn credit(env: &Env, key: &OrderKey, qty: u32) -> Value {
    let line = json!({"external_line_id": format!("{}-1", key.order_id), "qty": qty});
    credit_of(env, key, json!({"lines": [line]})).await
}

/// Posts a credit memo as the body says, and has it read. Answers it.
pub async fn credit_of(env: &Env, key: &OrderKey, mut body: Value) -> Value {
    body["external_po"] = json!(format!("NW-{}", key.order_id));
    let memo = env.erp_control("/_sim/credit-memos", &body).await;
    env.pull_shipments().await;
    look(env, key).await;
    memo
}

/// Before money goes back, the order is read once more.
pub async fn look(env: &Env, key: &OrderKey) {
    if env.decide(key).await == Step::Wait(Wait::ReadBack) {
        env.pull().await;
    }
}

/// A control call of the marketplace.
pub async fn mirakl_control(env: &Env, path: &str, body: &Value) -> Value {
    web::post(&env.mirakl.url(), path, body).await
}

/// What went back to the customer: line, price and reason.
pub fn refunds(env: &Env, key: &OrderKey) -> Vec<(String, String, String)> {
    let of = |row: &Value| {
        let text = |name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (text("order_line_id"), text("amount"), text("reason_code"))
    };
    let mut all = list(&env.mirakl.ledger(), "refunds");
    all.retain(|row| row["order_id"] == key.order_id.as_str());
    all.iter().map(of).collect()
}

/// Open exceptions: kind and subject.
pub async fn open(env: &Env) -> Vec<(String, String)> {
    let filter = ExceptionFilter::default();
    let open = env.ledger.exceptions(&filter, 100).await.unwrap();
    let of = |e: ledger::Exception| (e.kind.as_str().to_owned(), e.subject);
    open.into_iter().map(of).collect()
}

/// Nothing is meant and not sent, and nobody is asked.
pub async fn all_settled(env: &Env) {
    let intents = env.ledger.counts().await.unwrap().open_intents;
    assert_eq!((intents, open(env).await), (0, vec![]));
}

/// A customer announces pieces of the first line. Answers Mirakl's return ID.
pub async fn announce(env: &Env, key: &OrderKey, qty: u32, reason: &str) -> String {
    let line = json!({"order_line_id": format!("{}-1", key.order_id), "quantity": qty, "reason_code": reason});
    let made = mirakl_control(
        env,
        "/_sim/returns",
        &json!({
            "order_commercial_id": key.order_id.trim_end_matches("-A"),
            "method_code": "RETURN_METHOD_BY_MAIL", "return_lines": [line],
        }),
    )
    .await;
    env.pull().await;
    made["return_success"][0]["id"].as_str().unwrap().to_owned()
}

/// The one return of an order at the site.
pub fn ra(env: &Env, key: &OrderKey) -> Value {
    let mut all = returns_in(env, key);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Every return of an order at the site.
pub fn returns_in(env: &Env, key: &OrderKey) -> Vec<Value> {
    let mut all = list(&env.erp.ledger(), "returns");
    all.retain(|one| one["external_po"] == format!("NW-{}", key.order_id).as_str());
    all
}

/// A piece of the first line comes to the warehouse, and that is read.
pub async fn receive(env: &Env, key: &OrderKey, disposition: &str) {
    let number = ra(env, key)["ra_number"].clone();
    let line = json!({
        "external_line_id": format!("{}-1", key.order_id), "qty": 1, "disposition": disposition,
    });
    let body = json!({"ra_number": number, "lines": [line]});
    env.erp_control("/_sim/returns/receive", &body).await;
    env.pull_shipments().await;
}
