//! What an order does over its life.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use simulators::mirakl::{
    ControlError, Debit, MiraklOptions, MiraklSim, OrderSpec, PaymentWorkflow,
};

use crate::seller::{state, still};

fn last_updated(sim: &MiraklSim, order_id: &str) -> Timestamp {
    let shown = sim.order(order_id).unwrap();
    shown["last_updated_date"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn an_order_goes_from_acceptance_to_closed() {
    let options = MiraklOptions {
        debit_delay_s: 60,
        received_after_s: Some(3600),
        closed_after_s: Some(7200),
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    sim.create_order(OrderSpec::of("S-1", 2, "10.65").id("W1-A"))
        .unwrap();
    let mut seen = vec![state(&sim, "W1-A")];
    let mut updated = vec![last_updated(&sim, "W1-A")];
    let mut look = || {
        seen.push(state(&sim, "W1-A"));
        updated.push(last_updated(&sim, "W1-A"));
    };

    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
    look();
    sim.clock().advance(Duration::from_secs(30));
    look();
    sim.clock().advance(Duration::from_secs(30));
    look();
    let tracking = json!({ "carrier_code": "ups", "tracking_number": "1Z" });
    assert_eq!(
        seller
            .put("/api/orders/W1-A/tracking", tracking)
            .await
            .status,
        204
    );
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 204);
    look();
    sim.clock().advance(Duration::from_secs(3600));
    look();
    sim.clock().advance(Duration::from_secs(7200));
    look();

    let life =
        "WAITING_ACCEPTANCE WAITING_DEBIT WAITING_DEBIT_PAYMENT SHIPPING SHIPPED RECEIVED CLOSED";
    assert_eq!(seen.join(" "), life);
    assert!(
        updated.is_sorted_by(|earlier, later| earlier < later),
        "{updated:?}"
    );
    let ledger = sim.ledger();
    assert_eq!(ledger["accepts"][0]["accepted"], json!(["W1-A-1"]));
    assert_eq!(ledger["accepts"][0]["by"], "api");
    assert_eq!(ledger["shipments"][0]["carrier_name"], "UPS");
    assert_eq!(ledger["shipments"][0]["tracking_number"], "1Z");
    assert_eq!(ledger["counts"]["states"]["CLOSED"], 1);
    let order = sim.order("W1-A").unwrap();
    assert_eq!(
        order["shipping_tracking_url"],
        "https://track.example/ups/1Z"
    );
    assert_eq!(order["price"].to_string(), "21.3");
    assert_eq!(order["total_commission"].to_string(), "2.56");
}

#[tokio::test]
async fn addresses_are_null_before_shipping_unless_the_marketplace_shows_them() {
    let (sim, _) = still(MiraklOptions {
        debit_delay_s: 0,
        ..MiraklOptions::default()
    })
    .await;
    let early = sim
        .create_order(OrderSpec::of("S-1", 1, "5").id("W1-A"))
        .unwrap();
    assert_eq!(early["customer"]["shipping_address"], Value::Null);
    assert_eq!(early["customer"]["billing_address"], Value::Null);
    assert_eq!(early["shipping_deadline"], Value::Null);

    sim.accept_by_hand("W1-A").unwrap();

    let shown = sim.order("W1-A").unwrap();
    assert_eq!(shown["order_state"], "SHIPPING");
    assert_eq!(
        shown["customer"]["shipping_address"]["country_iso_code"],
        "USA"
    );
    assert_ne!(shown["shipping_deadline"], Value::Null);

    let options = MiraklOptions {
        addresses_before_acceptance: true,
        ..MiraklOptions::default()
    };
    let (open, _) = still(options).await;
    let early = open.create_order(OrderSpec::of("S-1", 1, "5")).unwrap();
    assert!(early["customer"]["shipping_address"].is_object());
}

#[tokio::test]
async fn debits_are_refused_confirmed_by_hand_or_not_needed() {
    let options = MiraklOptions {
        debit_delay_s: 10,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    let spec = |debit| OrderSpec {
        debit: Some(debit),
        ..OrderSpec::of("S-1", 1, "5")
    };
    sim.create_order(spec(Debit::Refuse).id("W1-A")).unwrap();
    sim.create_order(spec(Debit::Manual).id("W2-A")).unwrap();
    let later = Some(PaymentWorkflow::PayOnDueDate);
    let due = OrderSpec {
        payment_workflow: later,
        ..OrderSpec::of("S-1", 1, "5")
    };
    sim.create_order(due.id("W3-A")).unwrap();
    for order_id in ["W1-A", "W2-A", "W3-A"] {
        seller.accept(order_id, 1).await;
    }
    sim.clock().advance(Duration::from_secs(10));

    assert_eq!(state(&sim, "W1-A"), "CANCELED");
    assert_eq!(state(&sim, "W2-A"), "WAITING_DEBIT_PAYMENT");
    assert_eq!(state(&sim, "W3-A"), "SHIPPING");
    let reason = sim.order("W1-A").unwrap()["order_state_reason_code"].to_string();
    assert!(reason.contains("SYSTEM_CANCELATION_DEB"), "{reason}");
    assert_eq!(sim.debit("W2-A").unwrap()["order_state"], "SHIPPING");
    assert!(matches!(sim.debit("W2-A"), Err(ControlError::Conflict(_))));
    assert_eq!(
        seller.put_empty("/api/orders/W2-A/cancel").await.status,
        400
    );
    assert_eq!(
        seller
            .put("/api/orders/W3-A/cancel", json!({}))
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn shipping_needs_the_right_state_and_tracking_where_it_is_mandatory() {
    let options = MiraklOptions {
        debit_delay_s: 0,
        unregistered_carriers_allowed: false,
        late_shipment_cancel_s: Some(60),
        lead_time_s: 600,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    let express = OrderSpec {
        shipping_type_code: Some("EXP".to_owned()),
        ..OrderSpec::of("S-1", 1, "5")
    };
    sim.create_order(express.id("W1-A")).unwrap();
    sim.create_order(OrderSpec::of("S-1", 1, "5").id("W2-A"))
        .unwrap();
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 400);
    assert_eq!(seller.put_empty("/api/orders/W9-A/ship").await.status, 404);
    sim.accept_by_hand("W1-A").unwrap();
    sim.accept_by_hand("W2-A").unwrap();
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 400);

    for (tracking, status) in [
        (
            json!({ "carrier_code": "nobody", "tracking_number": "1" }),
            400,
        ),
        (json!({ "carrier_code": "ups" }), 400),
        (
            json!({ "carrier_name": "Pigeons", "tracking_number": "1" }),
            400,
        ),
        (json!({ "tracking_number": "1" }), 400),
        (json!({ "carrier_code": "van" }), 204),
        (
            json!({ "carrier_standard_code": "UPS", "tracking_number": "1" }),
            204,
        ),
    ] {
        let answer = seller
            .put("/api/orders/W1-A/tracking", tracking.clone())
            .await;
        assert_eq!(answer.status, status, "{tracking}");
    }
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 204);
    assert_eq!(seller.put_empty("/api/orders/W1-A/ship").await.status, 400);

    sim.clock().advance(Duration::from_secs(700));
    assert_eq!(state(&sim, "W2-A"), "CANCELED");
    assert_eq!(
        sim.ledger()["cancels"][0]["reason"],
        "SYSTEM_LATE_SHIPMENT_CANCELATION"
    );
}

#[tokio::test]
async fn references_are_written_read_back_and_found() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    sim.create_order(OrderSpec::of("S-1", 1, "5").id("W1-A"))
        .unwrap();
    let refer = |order_id: &str, text: Value| json!({ "order_id": order_id, "references": { "order_reference_for_seller": text } });
    let sent = [
        refer("W1-A", json!("500001")),
        refer("W9-A", json!("500002")),
        refer("W1-A", json!("")),
    ];

    let answer = seller.put("/api/orders", json!({ "orders": sent })).await;

    assert_eq!(answer.status, 200);
    let results = answer.body["updated_orders"].as_array().unwrap();
    assert_eq!(
        results[0]["updated"]["references"]["order_reference_for_seller"],
        "500001"
    );
    assert_eq!(results[1]["errors"][0]["field"], "order_id");
    assert!(results[2].get("updated").is_none());
    let found = seller
        .get("/api/orders?order_references_for_seller=500001")
        .await;
    assert_eq!(found.body["total_count"], 1);
    let many = vec![refer("W1-A", json!("x")); 101];
    assert_eq!(
        seller
            .put("/api/orders", json!({ "orders": many }))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn orders_are_created_and_moved_over_the_control_routes() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    let spec = json!({
        "order_id": "W1-A",
        "lines": [{ "offer_sku": "S-1", "quantity": 3, "price_unit": "9.99", "shipping_price": 4.5 }],
        "accepted_elsewhere": true,
        "extra": { "order_state": "SOMETHING_NEW", "order_lines": [{ "quantity": "three" }] },
    });
    let made = seller.post("/_sim/orders", spec.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["order_state"], "SOMETHING_NEW");
    assert_eq!(made.body["order_lines"][0]["quantity"], "three");
    assert_eq!(made.body["total_price"].to_string(), "34.47");
    assert_eq!(made.body["acceptance_decision_date"], Value::Null);
    assert_eq!(seller.post("/_sim/orders", spec).await.status, 409);
    assert_eq!(
        seller
            .post("/_sim/orders", json!({ "lines": [] }))
            .await
            .status,
        400
    );
    for (step, status) in [
        ("accept", 409),
        ("debit", 200),
        ("receive", 200),
        ("close", 200),
        ("cancel", 409),
        ("fly", 404),
    ] {
        let answer = seller
            .post(&format!("/_sim/orders/W1-A/{step}"), json!({}))
            .await;
        assert_eq!(answer.status, status, "{step}: {}", answer.body);
    }
    assert_eq!(
        seller
            .post("/_sim/orders/W9-A/debit", json!({}))
            .await
            .status,
        404
    );
    assert_eq!(
        seller.get("/_sim/ledger").await.body["orders"][0]["state"],
        "CLOSED"
    );
    assert!(sim.calls().list().is_empty());
}
