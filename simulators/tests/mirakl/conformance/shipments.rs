//! Shipments of parts of an order, held to the description.

use super::*;

#[tokio::test]
async fn answers_about_shipments_keep_to_the_description() {
    let Some(description) = Description::read() else {
        return;
    };
    let options = MiraklOptions {
        multi_shipment: true,
        auto_debit: false,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    sim.create_order(rich("W1-A")).unwrap();
    seller.accept("W1-A", 2).await;
    sim.debit("W1-A").unwrap();
    let to_ship = seller.get("/api/shipments/items_to_ship").await.body;
    description.check("ST12", &to_ship);
    let parcel = |quantity: u32, shipped: bool| {
        json!({
            "order_id": "W1-A",
            "shipped": shipped,
            "shipment_lines": [{ "order_line_id": "W1-A-1", "quantity": quantity }],
            "tracking": { "carrier_code": "ups", "tracking_number": "1Z" },
        })
    };
    let body = json!({ "shipments": [parcel(1, true), parcel(1, false), parcel(9, true)] });
    let made = seller.post("/api/shipments", body).await;
    assert_eq!(made.status, 201);
    description.check("ST01", &made.body);
    let listed = seller.get("/api/shipments?limit=1").await.body;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    description.check("ST11", &listed);
    let id = &made.body["shipment_success"][1]["id"];
    let strange = json!({ "id": "00000000-0000-4000-8000-000000000000" });
    let named = json!({ "shipments": [{ "id": id }, strange] });
    let tracking = json!({ "carrier_code": "ups", "tracking_number": "1Z2" });
    let tracked = json!({ "shipments": [{ "id": id, "tracking": tracking }] });
    let path = "/api/shipments/tracking";
    description.check("ST23", &seller.post(path, tracked).await.body);
    for (op, path) in [
        ("ST24", "/api/shipments/ship"),
        ("ST06", "/api/shipments/delete"),
    ] {
        description.check(op, &seller.put(path, named.clone()).await.body);
    }
}
