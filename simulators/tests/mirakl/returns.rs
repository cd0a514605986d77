//! Returns over their life.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use crate::conformance::Description;
use crate::seller::{Seller, still};

/// A received order of three units, on a marketplace with returns.
async fn received(options: MiraklOptions) -> (MiraklSim, Seller) {
    let (sim, seller) = still(MiraklOptions {
        returns: true,
        ..options
    })
    .await;
    sim.create_order(OrderSpec::of("S-1", 3, "10").id("W1-A"))
        .unwrap();
    seller.accept("W1-A", 1).await;
    sim.clock().advance(Duration::from_secs(5));
    sim.receive("W1-A").unwrap();
    (sim, seller)
}

fn wish(quantity: u32) -> Value {
    json!({
        "order_commercial_id": "W1", "method_code": "RETURN_METHOD_BY_MAIL",
        "return_lines": [{
            "order_line_id": "W1-A-1", "quantity": quantity, "reason_code": "RETURN_CHANGED_MIND",
        }],
    })
}

async fn open(seller: &Seller, quantity: u32) -> String {
    let opened = seller.post("/_sim/returns", wish(quantity)).await;
    assert_eq!(opened.status, 201, "{:?}", opened.body);
    let id = opened.body["return_success"][0]["id"].as_str();
    id.unwrap().to_owned()
}

/// Puts one element, and tells whether it went through.
async fn put(seller: &Seller, path: &str, item: Value) -> bool {
    let answer = seller.put(path, json!({ "returns": [item] })).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let done = answer.body["return_success"].as_array().unwrap().len();
    let refused = answer.body["return_errors"].as_array().unwrap().len();
    assert_eq!(done + refused, 1);
    done == 1
}

async fn state_of(seller: &Seller, id: &str) -> Value {
    let page = seller.get(&format!("/api/returns?return_id={id}")).await;
    page.body["data"][0]["state"].clone()
}

#[tokio::test]
async fn a_return_goes_from_the_wish_to_its_end() {
    let (_sim, seller) = received(MiraklOptions::default()).await;
    let id = open(&seller, 2).await;
    let one = json!({ "id": id });
    assert!(!put(&seller, "/api/returns/receive", one.clone()).await);
    let accept = json!({ "id": id, "accepted": true });
    assert!(put(&seller, "/api/returns/accept", accept).await);
    assert!(put(&seller, "/api/returns", json!({ "id": id, "rma": "RA-1" })).await);
    assert!(!put(&seller, "/api/returns", json!({ "id": id, "rma": "RA 1" })).await);
    assert!(put(&seller, "/api/returns/receive", one.clone()).await);
    let comply = json!({ "id": id, "return_lines": [{
        "order_line_id": "W1-A-1", "compliant": false,
        "non_compliance_reason_code": "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT",
    }] });
    assert!(put(&seller, "/api/returns/compliance", comply).await);
    assert!(put(&seller, "/api/returns/close", one.clone()).await);
    assert!(!put(&seller, "/api/returns/cancel", one).await);
    assert_eq!(state_of(&seller, &id).await, "CLOSED");
    let page = seller.get("/api/returns?return_rma=RA-1").await.body;
    let line = &page["data"][0]["return_lines"][0];
    assert_eq!(line["compliance"][0]["compliant"], false);
}

#[tokio::test]
async fn no_more_units_come_back_than_were_bought() {
    let (_sim, seller) = received(MiraklOptions::default()).await;
    let id = open(&seller, 2).await;
    let more = seller.post("/_sim/returns", wish(2)).await;
    assert_eq!(more.status, 409);
    let left = seller.get("/api/returns/items_to_return").await.body;
    assert_eq!(left["data"][0]["returnable_quantity"], 1);
    let body = json!({
        "id": id, "accepted": false, "rejection_reason_code": "RETURN_REJECTION_NOT_NEEDED",
    });
    assert!(put(&seller, "/api/returns/accept", body).await);
    assert_eq!(state_of(&seller, &id).await, "REFUSED");
    let opened = seller
        .post("/api/returns", json!({ "returns": [wish(3)] }))
        .await;
    assert_eq!(opened.body["return_success"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_marketplace_may_accept_by_itself_and_nothing_may_come() {
    let options = MiraklOptions {
        automatic_return_acceptance: true,
        ..MiraklOptions::default()
    };
    let (_sim, seller) = received(options).await;
    let id = open(&seller, 1).await;
    assert_eq!(state_of(&seller, &id).await, "IN_PROGRESS");
    let path = format!("/_sim/returns/{id}/no-reception");
    assert_eq!(seller.post(&path, json!({})).await.status, 200);
    assert_eq!(state_of(&seller, &id).await, "NO_RECEPTION");
}

#[tokio::test]
async fn a_changed_return_is_found_by_its_last_update_and_lists_are_paged() {
    let (sim, seller) = received(MiraklOptions::default()).await;
    let first = open(&seller, 1).await;
    open(&seller, 1).await;
    let page = seller.get("/api/returns?limit=1").await.body;
    let token = page["next_page_token"].as_str().unwrap();
    let rest = seller
        .get(&format!("/api/returns?page_token={token}"))
        .await;
    assert_eq!(rest.body["data"].as_array().unwrap().len(), 1);
    assert_ne!(rest.body["data"][0]["id"], page["data"][0]["id"]);
    assert!(rest.body["next_page_token"].is_null());

    sim.clock().advance(Duration::from_secs(3600));
    let accept = json!({ "id": first, "accepted": true });
    assert!(put(&seller, "/api/returns/accept", accept).await);
    let path = "/api/returns?return_last_updated_from=2026-03-02T10:00:00Z";
    let page = seller.get(path).await.body;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["data"][0]["id"], json!(first));
}

#[tokio::test]
async fn a_return_may_be_refused_inside_the_answer_and_returns_may_be_off() {
    let (_sim, seller) = received(MiraklOptions::default()).await;
    let id = open(&seller, 1).await;
    let fault = json!({ "op": "RT21", "action": "partial", "times": 1 });
    assert_eq!(seller.post("/_sim/faults", fault).await.status, 201);
    let accept = json!({ "id": id, "accepted": true });
    assert!(!put(&seller, "/api/returns/accept", accept.clone()).await);
    assert!(put(&seller, "/api/returns/accept", accept).await);

    let (_sim, seller) = still(MiraklOptions::default()).await;
    assert_eq!(seller.get("/api/returns").await.status, 403);
}

#[tokio::test]
async fn answers_about_returns_are_as_described() {
    let Some(description) = Description::read() else {
        return;
    };
    let (_sim, seller) = received(MiraklOptions::default()).await;
    description.check(
        "RT12",
        &seller.get("/api/returns/items_to_return").await.body,
    );
    let body = json!({ "returns": [wish(1), wish(9)] });
    let opened = seller.post("/api/returns", body).await.body;
    description.check("RT01", &opened);
    let id = opened["return_success"][0]["id"].clone();
    for (op, path, item) in [
        ("RT04", "", json!({ "id": id, "rma": "RA-1" })),
        ("RT21", "/accept", json!({ "id": id, "accepted": true })),
        ("RT25", "/receive", json!({ "id": id })),
        (
            "RT26",
            "/compliance",
            json!({ "id": id, "return_lines": [{ "order_line_id": "W1-A-1", "compliant": true }] }),
        ),
        ("RT27", "/close", json!({ "id": id })),
        ("RT29", "/cancel", json!({ "id": id })),
    ] {
        let body = json!({ "returns": [item, { "id": "none" }] });
        let answer = seller.put(&format!("/api/returns{path}"), body).await;
        assert_eq!(answer.status, 200, "{op}");
        description.check(op, &answer.body);
    }
    description.check("RT11", &seller.get("/api/returns").await.body);
}
