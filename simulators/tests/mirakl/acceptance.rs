//! Who decides on an order, and how a wrong decision is refused.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::mirakl::{MiraklOptions, OrderSpec};

use crate::seller::{state, still};

#[tokio::test]
async fn each_wrong_acceptance_is_refused_with_its_code_and_changes_nothing() {
    let options = MiraklOptions {
        partial_acceptance: false,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    sim.create_order(OrderSpec::of("S-1", 1, "5").line("S-2", 1, "6").id("W1-A"))
        .unwrap();
    let theirs = OrderSpec {
        fulfillment_center: Some("OP".to_owned()),
        ..OrderSpec::of("S-1", 1, "5")
    };
    sim.create_order(theirs.id("W2-A")).unwrap();
    let line =
        |index: u8, accepted: bool| json!({ "id": format!("W1-A-{index}"), "accepted": accepted });
    let lines = |lines: Value| json!({ "order_lines": lines });
    let cases = [
        (
            "W9-A",
            lines(json!([line(1, true)])),
            404,
            "ORDER_NOT_FOUND",
        ),
        (
            "W2-A",
            lines(json!([line(1, true)])),
            400,
            "ORDER_FULFILLED_UNAUTHORIZED",
        ),
        ("W1-A", json!({}), 400, "VALIDATION_ERROR"),
        (
            "W1-A",
            lines(json!([{ "id": "W1-A-1" }])),
            400,
            "VALIDATION_ERROR",
        ),
        ("W1-A", lines(json!([null])), 400, "ORDER_LINE_NULL_ELEMENT"),
        (
            "W1-A",
            lines(json!([{ "id": "x", "accepted": true }])),
            404,
            "ORDER_LINE_NOT_FOUND",
        ),
        (
            "W1-A",
            lines(json!([line(1, true), line(1, true)])),
            400,
            "ORDER_LINE_DUPLICATE_ID",
        ),
        (
            "W1-A",
            lines(json!([line(1, true)])),
            400,
            "ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
        ),
        (
            "W1-A",
            lines(json!([line(1, true), line(2, false)])),
            400,
            "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
        ),
    ];
    for (order_id, body, status, code) in cases {
        let answer = seller
            .put(&format!("/api/orders/{order_id}/accept"), body)
            .await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (status, Some(code))
        );
        assert_eq!(answer.body["status"], status);
    }
    assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE");
    assert_eq!(seller.accept("W1-A", 2).await.status, 204);
    let again = seller.accept("W1-A", 2).await;
    assert_eq!(again.body["code"], "ORDER_INVALID_STATE");
    assert_eq!(sim.ledger()["counts"]["accepts"], 1);
}

#[tokio::test]
async fn refused_lines_stay_behind_and_all_refused_refuse_the_order() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    for order_id in ["W1-A", "W2-A"] {
        sim.create_order(
            OrderSpec::of("S-1", 1, "5")
                .line("S-2", 1, "6")
                .id(order_id),
        )
        .unwrap();
    }
    let decide = |order_id: &str, first: bool| {
        json!({ "order_lines": [
            { "id": format!("{order_id}-1"), "accepted": first },
            { "id": format!("{order_id}-2"), "accepted": false },
        ] })
    };
    seller
        .put("/api/orders/W1-A/accept", decide("W1-A", true))
        .await;
    seller
        .put("/api/orders/W2-A/accept", decide("W2-A", false))
        .await;

    sim.debit("W1-A").unwrap();
    let order = sim.order("W1-A").unwrap();
    assert_eq!(order["order_state"], "SHIPPING");
    assert_eq!(order["order_lines"][1]["order_line_state"], "REFUSED");
    assert_eq!(order["order_lines"][1]["debited_date"], Value::Null);
    assert_eq!(state(&sim, "W2-A"), "REFUSED");
}

#[tokio::test]
async fn nobody_deciding_in_time_refuses_the_order_without_a_decision_date() {
    let options = MiraklOptions {
        acceptance_limit_s: Some(86_400),
        ..MiraklOptions::default()
    };
    let (sim, _) = still(options).await;
    sim.create_order(OrderSpec::of("S-1", 1, "5").id("W1-A"))
        .unwrap();
    sim.clock().advance(Duration::from_secs(86_400));

    let order = sim.order("W1-A").unwrap();

    assert_eq!(order["order_state"], "REFUSED");
    assert_eq!(order["acceptance_decision_date"], Value::Null);
    assert_eq!(sim.ledger()["accepts"][0]["by"], "auto");
}
