//! Bodies of the client and answers of the simulated site, against the document.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::bluecherry::BlueCherrySim;

use crate::samples::{KEY, cancel, customer, order, ship_to};
use crate::schema::{faults, schema_of};
use crate::world::{control, customer_code, site};

/// Sends one raw request and checks the answer against the document.
async fn checked(
    sim: &BlueCherrySim,
    operation: &str,
    (method, target): (Method, &str),
    body: Option<&Value>,
    status: u16,
) -> Value {
    let mut request = reqwest::Client::new()
        .request(method, sim.url() + target)
        .header("authorization", format!("Bearer {KEY}"))
        .header("idempotency-key", format!("raw {target}"));
    if let Some(body) = body {
        let found = faults(schema_of(operation, None), body);
        assert!(found.is_empty(), "{operation} body: {found:?}");
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.expect("an answer");
    let found_status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    assert_eq!(found_status, status, "{operation}: {text}");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let found = faults(schema_of(operation, Some(status)), &answer);
    assert!(
        found.is_empty(),
        "{operation} {status}: {found:?}\n{answer:#}"
    );
    answer
}

#[tokio::test]
async fn each_body_and_each_answer_is_what_the_document_says() {
    let (sim, rest) = site().await;
    let code = customer_code(&rest).await;
    let get = |target: &'static str| (Method::GET, target);
    checked(&sim, "get_profile", get("/v1/profile"), None, 200).await;
    checked(&sim, "list_batches", get("/v1/batches"), None, 200).await;
    let target = "/v1/customers?external_handle=NORDWALD";
    checked(&sim, "find_customer", get(target), None, 200).await;
    let body = serde_json::to_value(customer()).expect("JSON");
    let target = (Method::PUT, "/v1/customers/by-handle/NORDWALD:77");
    checked(&sim, "put_customer", target, Some(&body), 200).await;

    let body = serde_json::to_value(order(&code, "NW-9")).expect("JSON");
    let target = (Method::POST, "/v1/sales-orders");
    let created = checked(&sim, "create_sales_order", target, Some(&body), 201).await;
    let path = format!(
        "/v1/sales-orders/{}",
        created["ord_num"].as_str().expect("a number")
    );
    checked(
        &sim,
        "find_sales_orders",
        get("/v1/sales-orders?external_po=NW-9"),
        None,
        200,
    )
    .await;
    checked(&sim, "get_sales_order", (Method::GET, &path), None, 200).await;
    let mut rejected = order(&code, "NW-10");
    rejected.lines[0].sku = "NO-SUCH".into();
    let body = serde_json::to_value(rejected).expect("JSON");
    let target = format!("{}/v1/sales-orders", sim.url());
    let answer = reqwest::Client::new()
        .post(target)
        .header("authorization", format!("Bearer {KEY}"))
        .header("idempotency-key", "another")
        .body(body.to_string());
    let answer = answer.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let answer: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    let found = faults(schema_of("create_sales_order", Some(status)), &answer);
    assert!(found.is_empty(), "{status}: {found:?}\n{answer:#}");

    let body = serde_json::to_value(ship_to(1)).expect("JSON");
    let target = format!("{path}/ship-to");
    checked(
        &sim,
        "set_ship_to",
        (Method::PATCH, &target),
        Some(&body),
        200,
    )
    .await;
    let body = json!({ "hold_code": "MARKETPLACE" });
    let target = format!("{path}/release");
    checked(
        &sim,
        "release_sales_order",
        (Method::POST, &target),
        Some(&body),
        200,
    )
    .await;
    let body = serde_json::to_value(cancel(1, "x1")).expect("JSON");
    let target = format!("{path}/cancel-lines");
    checked(
        &sim,
        "cancel_lines",
        (Method::POST, &target),
        Some(&body),
        200,
    )
    .await;

    control(&sim, "/_sim/shipments", json!({ "external_po": "NW-9" })).await;
    checked(
        &sim,
        "list_fulfilments",
        get("/v1/fulfilments?limit=5"),
        None,
        200,
    )
    .await;
    checked(
        &sim,
        "list_positions",
        get("/v1/inventory/positions?mode=delta"),
        None,
        200,
    )
    .await;
    checked(&sim, "list_items", get("/v1/items"), None, 200).await;
    checked(
        &sim,
        "get_sales_order",
        get("/v1/sales-orders/1"),
        None,
        404,
    )
    .await;
    checked(&sim, "list_items", get("/v1/items?limit=0"), None, 422).await;
}
