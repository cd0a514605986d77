//! Orders that leave in parts.

use serde_json::{Value, json};
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use crate::seller::{Answer, Seller, state, still};

/// An order of 2 and 3 pieces, to be shipped.
async fn to_ship(multi_shipment: bool) -> (MiraklSim, Seller) {
    let options = MiraklOptions {
        multi_shipment,
        auto_debit: false,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    let spec = OrderSpec::of("S-1", 2, "5").line("S-2", 3, "4").id("W1-A");
    sim.create_order(spec).unwrap();
    seller.accept("W1-A", 2).await;
    sim.debit("W1-A").unwrap();
    (sim, seller)
}

fn parcel(line: &str, quantity: u32) -> Value {
    json!({
        "order_id": "W1-A",
        "shipped": true,
        "shipment_lines": [
            { "order_line_id": line, "quantity": quantity, "package_reference": "P-1" }
        ],
        "tracking": { "carrier_code": "ups", "tracking_number": "1Z" },
    })
}

async fn send(seller: &Seller, shipments: &[Value]) -> Answer {
    let body = json!({ "shipments": shipments });
    seller.post("/api/shipments", body).await
}

async fn ids(seller: &Seller, query: &str) -> Vec<Value> {
    let listed = seller.get(&format!("/api/shipments?{query}")).await;
    let data = listed.body["data"].as_array().unwrap();
    data.iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn an_order_is_shipped_once_nothing_is_left_to_ship() {
    let (sim, seller) = to_ship(true).await;
    let sent = send(&seller, &[parcel("W1-A-1", 2), parcel("W1-A-2", 4)]).await;
    assert_eq!(sent.status, 201);
    assert_eq!(sent.body["shipment_success"].as_array().unwrap().len(), 1);
    let refused = json!([{ "order_id": "W1-A", "message": "Shipment quantity is invalid." }]);
    assert_eq!(sent.body["shipment_errors"], refused);
    assert_eq!(state(&sim, "W1-A"), "SHIPPING");
    let left = seller.get("/api/shipments/items_to_ship").await.body;
    let lines = &left["data"][0]["shipment_lines"];
    assert_eq!(
        (&lines[0]["quantity"], &lines[1]),
        (&json!(3), &json!(null))
    );

    send(&seller, &[parcel("W1-A-2", 3)]).await;

    assert_eq!(state(&sim, "W1-A"), "SHIPPED");
    assert_eq!(sim.ledger()["shipments"].as_array().unwrap().len(), 2);
    let late = send(&seller, &[parcel("W1-A-2", 1)]).await;
    let message = late.body["shipment_errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("it is 'SHIPPED'"), "{message}");
}

#[tokio::test]
async fn what_is_left_goes_with_the_confirmation_of_the_order() {
    let (sim, seller) = to_ship(true).await;
    send(&seller, &[parcel("W1-A-1", 1)]).await;
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 204);
    let told = sim.ledger()["shipments"][1]["lines"].clone();
    assert_eq!(
        told,
        json!([{ "id": "W1-A-1", "quantity": 1 }, { "id": "W1-A-2", "quantity": 3 }])
    );
    assert_eq!(state(&sim, "W1-A"), "SHIPPED");
}

#[tokio::test]
async fn a_prepared_shipment_leaves_or_is_taken_back() {
    let (sim, seller) = to_ship(true).await;
    let mut prepared = parcel("W1-A-1", 2);
    prepared["shipped"] = json!(false);
    send(&seller, &[prepared.clone()]).await;
    let id = ids(&seller, "shipment_state_code=SHIPPING").await.remove(0);
    let one = json!({ "shipments": [{ "id": id }] });
    let gone = seller.put("/api/shipments/delete", one.clone()).await;
    assert_eq!(gone.body["shipment_success"], json!([{ "id": id }]));
    send(&seller, &[prepared, parcel("W1-A-2", 3)]).await;
    assert_eq!(state(&sim, "W1-A"), "SHIPPING");
    let id = ids(&seller, "shipment_state_code=SHIPPING").await.remove(0);
    let one = json!({ "shipments": [{ "id": id }] });
    seller.put("/api/shipments/ship", one.clone()).await;
    assert_eq!(state(&sim, "W1-A"), "SHIPPED");
    let again = seller.put("/api/shipments/delete", one).await;
    assert_eq!(again.body["shipment_errors"][0]["id"], id);
}

#[tokio::test]
async fn tracking_is_written_anew_and_its_carrier_is_checked() {
    let (sim, seller) = to_ship(true).await;
    send(&seller, &[parcel("W1-A-1", 2)]).await;
    let id = ids(&seller, "order_id=W1-A").await.remove(0);
    let to = |code: &str| {
        let tracking = json!({ "carrier_code": code, "tracking_number": "1Z2" });
        json!({ "shipments": [{ "id": id, "tracking": tracking }] })
    };
    let path = "/api/shipments/tracking";
    let strange = seller.post(path, to("nobody")).await;
    assert_eq!(strange.body["shipment_errors"][0]["id"], id);
    let done = seller.post(path, to("fedex")).await;
    assert_eq!(done.body["shipment_success"], json!([{ "id": id }]));
    assert_eq!(sim.ledger()["tracking"][0]["tracking_number"], "1Z2");
}

#[tokio::test]
async fn pages_are_sought_by_their_token_alone() {
    let (_sim, seller) = to_ship(true).await;
    send(
        &seller,
        &[
            parcel("W1-A-1", 1),
            parcel("W1-A-1", 1),
            parcel("W1-A-2", 1),
        ],
    )
    .await;
    let first = seller
        .get("/api/shipments?order_id=W1-A&limit=2")
        .await
        .body;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let token = first["next_page_token"].as_str().unwrap();
    let last = seller
        .get(&format!("/api/shipments?page_token={token}"))
        .await
        .body;
    assert_eq!(last["data"].as_array().unwrap().len(), 1);
    assert!(last["next_page_token"].is_null() && last["previous_page_token"].is_string());
    assert!(ids(&seller, "order_id=W2-A").await.is_empty());
}

#[tokio::test]
async fn where_it_is_switched_off_its_calls_are_refused() {
    let (sim, seller) = to_ship(false).await;
    assert_eq!(send(&seller, &[parcel("W1-A-1", 2)]).await.status, 400);
    for path in ["/api/shipments", "/api/shipments/items_to_ship"] {
        assert_eq!(seller.get(path).await.status, 400);
    }
    assert_eq!(state(&sim, "W1-A"), "SHIPPING");
}
