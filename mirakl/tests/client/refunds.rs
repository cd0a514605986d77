//! Refunds, cancelations and returns: what is sent, and how answers are matched.

use mirakl::{
    Amount, CancelLine, Error, LineCompliance, NewReturn, NewReturnLine, RefundLine,
    ReturnCompliance, ReturnDecision, ReturnQuery, TaxPart,
};
use serde_json::{Value, json};

use super::conformance::{check, description};
use super::scripted::{Reply, Scripted};

fn amount(text: &str) -> Amount {
    Amount(text.parse().unwrap())
}

fn refund(line: &str, of: &str) -> RefundLine {
    RefundLine {
        order_line_id: line.into(),
        amount: amount(of),
        shipping_amount: amount("0"),
        reason_code: "17".into(),
        quantity: Some(1),
        currency_iso_code: Some("USD".into()),
        taxes: vec![TaxPart {
            code: "CITY".into(),
            amount: amount("1.10"),
        }],
        shipping_taxes: vec![],
        excluded_from_shipment: true,
    }
}

fn cancel() -> CancelLine {
    CancelLine {
        order_line_id: "A-1".into(),
        amount: amount("50.00"),
        shipping_amount: amount("0"),
        quantity: 1,
        reason_code: "35".into(),
        currency_iso_code: None,
        taxes: vec![],
        shipping_taxes: vec![],
    }
}

fn returned() -> NewReturn {
    NewReturn {
        order_commercial_id: "A".into(),
        method_code: "RETURN_METHOD_BY_MAIL".into(),
        return_lines: vec![NewReturnLine {
            order_line_id: "A-1".into(),
            quantity: 1,
            reason_code: "RETURN_OTHER".into(),
        }],
        accepted: Some(true),
        rma: Some("RA000001".into()),
    }
}

#[tokio::test]
async fn bodies_match_the_description() {
    let Some(description) = description() else {
        return;
    };
    let server = Scripted::start([Reply::of(200, "{}")]).await;
    let client = server.client();
    let _ = client.refund_lines(&[refund("A-1", "50.00")]).await;
    let _ = client.cancel_lines(&[cancel()]).await;
    let _ = client.resolve_incident("A", "A-1", "10").await;
    let _ = client.create_returns(&[returned()]).await;
    let decision = ReturnDecision {
        id: "r".into(),
        accepted: false,
        rejection_reason_code: Some("RETURN_REJECTION_NOT_ELIGIBLE".into()),
    };
    let _ = client.decide_returns(&[decision]).await;
    let _ = client.receive_returns(&["r"]).await;
    let verdict = ReturnCompliance {
        id: "r".into(),
        return_lines: vec![LineCompliance {
            order_line_id: "A-1".into(),
            compliant: false,
            non_compliance_reason_code: Some("RETURN_NON_COMPLIANT_OTHER".into()),
        }],
    };
    let _ = client.judge_returns(&[verdict]).await;
    let _ = client.close_returns(&["r"]).await;
    let operations = [
        ("/api/orders/refund", "put"),
        ("/api/orders/cancel", "put"),
        (
            "/api/orders/{order_id}/lines/{line}/resolve_incident",
            "put",
        ),
        ("/api/returns", "post"),
        ("/api/returns/accept", "put"),
        ("/api/returns/receive", "put"),
        ("/api/returns/compliance", "put"),
        ("/api/returns/close", "put"),
    ];
    let seen = server.seen();
    assert_eq!(seen.len(), operations.len());
    for ((path, method), request) in operations.into_iter().zip(&seen) {
        check(&description, path, method, request);
    }
}

#[tokio::test]
async fn amounts_are_sent_as_exact_numbers() {
    let server = Scripted::start([Reply::of(200, "{}")]).await;
    let _ = server.client().refund_lines(&[refund("A-1", "0.30")]).await;
    let body = server.only_body();
    assert!(body.contains(r#""amount":0.3,"#), "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["refunds"][0]["excluded_from_shipment"], true);
    assert!(body["refunds"][0].get("shipping_taxes").is_none());
}

#[tokio::test]
async fn results_of_refunds_are_matched_to_what_was_asked() {
    let made = |line: &str, id: &str, of: f64| json!({"order_line_id": line, "refund_id": id, "amount": of, "shipping_amount": 0});
    let swapped = json!({"refunds": [made("A-2", "2", 7.5), made("A-1", "1", 50.0)]});
    let short = json!({"refunds": [made("A-1", "1", 50.0)]});
    let other = json!({"refunds": [made("A-1", "1", 50.0), made("A-2", "2", 7.0)]});
    let replies = [swapped, short, other].map(|body| Reply::of(200, &body.to_string()));
    let client = Scripted::start(replies).await.client();
    let asked = [refund("A-1", "50.00"), refund("A-2", "7.50")];

    let results = client.refund_lines(&asked).await.unwrap();
    let ids: Vec<_> = results.iter().map(|one| one.refund_id.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    for _ in 0..2 {
        let doubtful = client.refund_lines(&asked).await;
        assert!(
            matches!(doubtful, Err(Error::Unknown { .. })),
            "{doubtful:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_success_that_cannot_be_read_is_unknown_and_named_by_its_place() {
    let made = json!({"order_line_id": "A-1", "amount": 50, "shipping_amount": 0});
    let one = |name: &str| Reply::of(200, &json!({ name: [made] }).to_string());
    let text = r#"{"refunds": "none"}"#;
    let replies = [
        one("refunds"),
        Reply::of(200, text),
        one("cancelations"),
        Reply::of(200, text),
    ];
    let client = Scripted::start(replies).await.client();
    let mut places = Vec::new();
    for _ in 0..2 {
        let refunded = client.refund_lines(&[refund("A-1", "50")]).await;
        places.push(refunded.unwrap_err());
    }
    places.push(client.cancel_lines(&[cancel()]).await.unwrap_err());
    places.push(client.close_returns(&["a"]).await.unwrap_err());
    let told = places.iter().map(|error| match error {
        Error::Unknown { call, source } => format!("{call}: {source}"),
        other => format!("{other:?}"),
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "OR28: the answer cannot be read at refunds[0].refund_id",
            "OR28: the answer cannot be read at refunds",
            "OR30: the answer cannot be read at cancelations[0].cancelation_id",
            "RT27: the answer cannot be read at return_success",
        ]
    );
}

#[tokio::test]
async fn each_return_of_a_call_has_its_own_result() {
    let told = |success: Value, errors: Value| {
        let body = json!({"return_success": success, "return_errors": errors});
        Reply::of(200, &body.to_string())
    };
    let (a, b) = (json!({"id": "a"}), json!({"id": "b", "message": "no"}));
    let replies = [
        told(json!([a]), json!([b])),
        told(json!([a]), json!([])),
        told(json!([a, b]), json!([b])),
    ];
    let client = Scripted::start(replies).await.client();

    let results = client.close_returns(&["b", "a"]).await.unwrap();
    let taken: Vec<_> = results.iter().map(|r| (r.id.as_str(), r.taken)).collect();
    assert_eq!(taken, [("b", false), ("a", true)]);
    for _ in 0..2 {
        let doubtful = client.close_returns(&["a", "b"]).await;
        assert!(matches!(doubtful, Err(Error::Unknown { .. })));
    }
}

#[tokio::test]
async fn returns_are_read_page_by_page_and_a_broken_one_stops_nobody() {
    let good = json!({"id": "r1", "order_id": "A-A", "order_commercial_id": "A", "state": "TELEPORTED",
        "return_lines": [{"order_line_id": "A-1", "quantity": 1}]});
    let page = json!({"data": [good, {"id": "r2", "state": 7}], "next_page_token": "n1"});
    let server = Scripted::start([Reply::of(200, &page.to_string())]).await;
    let client = server.client();

    let read = client.list_returns(&ReturnQuery::default()).await.unwrap();
    assert_eq!(read.items[0].read.as_ref().unwrap().state, "TELEPORTED");
    assert_eq!(read.items[1].return_id.as_deref(), Some("r2"));
    assert!(read.items[1].read.is_err());
    assert_eq!(read.items[1].json, r#"{"id":"r2","state":7}"#);
    let shown = format!("{read:?}");
    assert!(!shown.contains("\"order_commercial_id"), "{shown}");
    assert!(server.seen()[0].starts_with("GET /api/returns?limit=100 "));

    let next = ReturnQuery {
        page_token: read.next_page_token,
        ..ReturnQuery::default()
    };
    let same = client.list_returns(&next).await;
    assert!(matches!(same, Err(Error::Unreadable { .. })));
    assert!(server.seen()[1].starts_with("GET /api/returns?page_token=n1 "));
}
