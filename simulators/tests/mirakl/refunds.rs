//! Refunds, partial cancelations, incidents and the account.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::mirakl::{Amount, MiraklOptions, MiraklSim, OrderSpec, PaymentWorkflow, TaxRule};

use crate::conformance::{Description, rich};
use crate::seller::{Answer, Seller, state, still};

/// A paid order of the description's test, in SHIPPING.
async fn paid(options: MiraklOptions) -> (MiraklSim, Seller) {
    let (sim, seller) = still(options).await;
    let mut spec = rich("W1-A");
    spec.lines.truncate(1);
    sim.create_order(spec.id("W1-A")).unwrap();
    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
    sim.clock().advance(Duration::from_secs(5));
    assert_eq!(state(&sim, "W1-A"), "SHIPPING");
    (sim, seller)
}

async fn refund(seller: &Seller, item: Value) -> Answer {
    let mut whole = json!({
        "order_line_id": "W1-A-1", "amount": 0, "shipping_amount": 0, "quantity": 1,
        "reason_code": "17", "currency_iso_code": "USD",
    });
    whole
        .as_object_mut()
        .unwrap()
        .extend(item.as_object().unwrap().clone());
    let body = json!({ "order_tax_mode": "TAX_EXCLUDED", "refunds": [whole] });
    seller.put("/api/orders/refund", body).await
}

fn line(sim: &MiraklSim) -> Value {
    sim.order("W1-A").unwrap()["order_lines"][0].clone()
}

fn sum(sim: &MiraklSim, types: &[&str]) -> f64 {
    let ledger = sim.ledger();
    let lines = ledger["transactions"].as_array().unwrap();
    let meant = lines
        .iter()
        .filter(|one| types.contains(&one["type"].as_str().unwrap()));
    let cents: f64 = meant
        .map(|one| (one["amount"].as_f64().unwrap() * 100.0).round())
        .sum();
    cents / 100.0
}

#[tokio::test]
async fn a_blind_repeat_of_a_refund_refunds_twice_and_never_more_than_was_paid() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let half = json!({ "amount": 10.65 });
    let first = refund(&seller, half.clone()).await;
    let second = refund(&seller, half.clone()).await;
    assert_eq!((first.status, second.status), (200, 200));
    let id = |answer: &Answer| answer.body["refunds"][0]["refund_id"].clone();
    assert_ne!(id(&first), id(&second));

    let line = line(&sim);
    assert_eq!(line["refunds"].as_array().unwrap().len(), 2);
    assert_eq!(line["refunds"][0]["taxes"][0]["amount"], 0.85);
    assert_eq!(line["refunds"][1]["taxes"][0]["amount"], 0.85);
    assert_eq!(line["refunds"][0]["refund_state"], "WAITING_REFUND");
    assert_eq!(line["can_refund"], false);

    let third = refund(&seller, half).await;
    assert_eq!(third.status, 400);
    let words = third.body["message"].as_str().unwrap();
    assert!(words.contains("exceeds the remaining amount"), "{words}");
}

#[tokio::test]
async fn a_confirmed_full_refund_ends_the_line_and_the_order() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let before = sim.order("W1-A").unwrap()["last_updated_date"].clone();
    let all = json!({
        "amount": "21.30", "shipping_amount": 4.99, "fees": [{ "code": "GIFT", "amount": 1 }],
    });
    let refunded = refund(&seller, all).await;
    assert_eq!(refunded.status, 200, "{:?}", refunded.body);
    let order = sim.order("W1-A").unwrap();
    assert_eq!(order["fully_refunded"], true);
    assert_eq!(order["order_state"], "SHIPPING");
    assert!(order["last_updated_date"].as_str() > before.as_str());
    assert_eq!(
        line(&sim)["refunds"][0]["commission_amount"],
        line(&sim)["commission_fee"]
    );

    let confirmed = seller
        .post("/_sim/refunds/confirm", json!({ "order_id": "W1-A" }))
        .await;
    assert_eq!(confirmed.body["confirmed"].as_array().unwrap().len(), 1);
    assert_eq!(line(&sim)["order_line_state"], "REFUNDED");
    assert_eq!(line(&sim)["refunds"][0]["refund_state"], "REFUNDED");
    assert_eq!(state(&sim, "W1-A"), "CLOSED");
    let again = refund(&seller, json!({ "amount": 1 })).await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn refunds_are_paid_by_the_clock_where_the_operator_is_prompt() {
    let options = MiraklOptions {
        refund_confirm_after_s: Some(60),
        ..MiraklOptions::default()
    };
    let (sim, seller) = paid(options).await;
    assert_eq!(refund(&seller, json!({ "amount": 1 })).await.status, 200);
    let state = || line(&sim)["refunds"][0]["refund_state"].clone();
    sim.clock().advance(Duration::from_secs(59));
    assert_eq!(state(), "WAITING_REFUND");
    sim.clock().advance(Duration::from_secs(1));
    assert_eq!(state(), "REFUNDED");
    assert_eq!(line(&sim)["order_line_state"], "SHIPPING");
}

#[tokio::test]
async fn what_a_shop_may_not_ask_for_is_refused_and_changes_nothing() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    for (item, words) in [
        (
            json!({ "amount": 1, "reason_code": "14" }),
            "cannot be used by a shop",
        ),
        (
            json!({ "amount": 1, "reason_code": "34" }),
            "of type REFUND",
        ),
        (
            json!({ "amount": 1, "currency_iso_code": "EUR" }),
            "currency",
        ),
        (json!({ "amount": 0 }), "Nothing is asked for"),
        (json!({ "amount": -1 }), "negative"),
        (json!({ "amount": 21.31 }), "exceeds"),
        (json!({ "shipping_amount": 5 }), "exceeds"),
        (
            json!({ "amount": 1, "taxes": [{ "code": "US_SALES", "amount": 0.08 }] }),
            "must not be sent",
        ),
    ] {
        let answer = refund(&seller, item.clone()).await;
        assert_eq!(answer.status, 400, "{item}");
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.contains(words), "{item}: {message}");
    }
    let unknown = refund(&seller, json!({ "amount": 1, "order_line_id": "W9-A-1" })).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(line(&sim)["refunds"], json!([]));
}

#[tokio::test]
async fn taxes_that_nobody_computes_must_be_given() {
    let options = MiraklOptions {
        tax_calculation_rule: TaxRule::None,
        ..MiraklOptions::default()
    };
    let (sim, seller) = paid(options).await;
    assert_eq!(refund(&seller, json!({ "amount": 5 })).await.status, 400);
    let taxes = json!([{ "code": "US_SALES", "amount": "0.40" }]);
    let given = refund(&seller, json!({ "amount": 5, "taxes": taxes })).await;
    assert_eq!(given.status, 200, "{:?}", given.body);
    assert_eq!(line(&sim)["refunds"][0]["taxes"][0]["amount"], 0.4);
}

#[tokio::test]
async fn a_refund_beyond_the_balance_is_refused_until_the_balance_holds_it() {
    let options = MiraklOptions {
        refund_balance_check: true,
        ..MiraklOptions::default()
    };
    let (sim, seller) = paid(options).await;
    sim.create_order(OrderSpec::of("S-9", 1, "1000").id("W2-A"))
        .unwrap();
    seller.accept("W2-A", 1).await;
    sim.clock().advance(Duration::from_secs(5));
    sim.receive("W1-A").unwrap();
    assert_eq!(refund(&seller, json!({ "amount": 21.3 })).await.status, 200);
    // What is left payable does not hold the other order's goods, which are pending.
    sim.receive("W2-A").unwrap();
    let body = json!({ "refunds": [{
        "order_line_id": "W2-A-1", "amount": 1000, "shipping_amount": 0, "reason_code": 17,
    }] });
    let first = seller.put("/api/orders/refund", body).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let left = refund(&seller, json!({ "shipping_amount": 4.99 })).await;
    assert_eq!(left.status, 200, "{:?}", left.body);

    let poor = MiraklOptions {
        refund_balance_check: true,
        opening_balance: Amount("-1000".parse().unwrap()),
        ..MiraklOptions::default()
    };
    let (poor, seller) = paid(poor).await;
    poor.receive("W1-A").unwrap();
    let refused = refund(&seller, json!({ "amount": 5 })).await;
    assert_eq!(refused.status, 400);
    let words = refused.body["message"].as_str().unwrap();
    assert!(words.contains("no sufficient payable balance"), "{words}");
    let by_hand = json!({ "by": "operator", "refunds": [{
        "order_line_id": "W1-A-1", "amount": 5, "shipping_amount": 0, "reason_code": "14",
    }] });
    assert_eq!(seller.post("/_sim/refunds", by_hand).await.status, 201);
    assert_eq!(poor.ledger()["refunds"][0]["by"], "operator");
}

#[tokio::test]
async fn an_answer_lost_after_a_refund_leaves_the_refund() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let fault = json!({ "op": "OR28", "action": "reset-after-commit", "times": 1 });
    assert_eq!(seller.post("/_sim/faults", fault).await.status, 201);
    let body = json!({ "refunds": [{
        "order_line_id": "W1-A-1", "amount": 1, "shipping_amount": 0, "reason_code": "17",
    }] });
    let lost = seller
        .send(reqwest::Method::PUT, "/api/orders/refund", Some(body))
        .await;
    assert!(lost.is_err());
    assert_eq!(line(&sim)["refunds"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn part_of_an_unpaid_order_is_canceled_and_all_of_it_ends_the_order() {
    let (sim, seller) = still(MiraklOptions {
        payment_workflow: PaymentWorkflow::PayOnDueDate,
        ..MiraklOptions::default()
    })
    .await;
    sim.create_order(OrderSpec::of("S-1", 3, "10").id("W1-A"))
        .unwrap();
    seller.accept("W1-A", 1).await;
    let item = |quantity: u32, amount: u32| {
        json!({ "cancelations": [{
            "order_line_id": "W1-A-1", "amount": amount, "shipping_amount": 0,
            "quantity": quantity, "reason_code": "35",
        }] })
    };
    let cancel = async |body: Value| seller.put("/api/orders/cancel", body).await;
    let one = cancel(item(1, 10)).await;
    assert_eq!(one.status, 200, "{:?}", one.body);
    assert_eq!(state(&sim, "W1-A"), "SHIPPING");
    assert_eq!(line(&sim)["quantity"], 3);
    assert_eq!(line(&sim)["cancelations"][0]["quantity"], 1);
    assert_eq!(refund(&seller, json!({ "amount": 1 })).await.status, 400);
    assert_eq!(cancel(item(3, 20)).await.status, 400);
    assert_eq!(cancel(item(2, 21)).await.status, 400);
    assert_eq!(cancel(item(2, 20)).await.status, 200);
    assert_eq!(state(&sim, "W1-A"), "CANCELED");
    assert_eq!(cancel(item(1, 1)).await.status, 400);
}

#[tokio::test]
async fn money_that_was_taken_is_refunded_and_not_canceled() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let body = json!({ "cancelations": [{
        "order_line_id": "W1-A-1", "amount": 1, "shipping_amount": 0, "quantity": 1,
        "reason_code": "35",
    }] });
    let refused = seller.put("/api/orders/cancel", body).await;
    assert_eq!(refused.status, 400);
    assert_eq!(line(&sim)["cancelations"], json!([]));
}

#[tokio::test]
async fn an_incident_withholds_the_money_until_the_seller_resolves_it() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    sim.receive("W1-A").unwrap();
    let balance = async || {
        let account = seller.get("/api/account").await.body;
        account["payment_details"]["payable_balance"].clone()
    };
    let usual = balance().await;
    assert_ne!(usual, json!(0));
    let wish = json!({ "order_id": "W1-A", "order_line_id": "W1-A-1" });
    let opened = seller.post("/_sim/incidents", wish).await;
    assert_eq!(opened.body["has_incident"], true);
    assert_eq!(line(&sim)["order_line_state"], "INCIDENT_OPEN");
    assert_eq!(balance().await, json!(0));

    let path = "/api/orders/W1-A/lines/W1-A-1/resolve_incident";
    let wrong = seller.put(path, json!({ "reason_code": "11" })).await;
    assert_eq!(wrong.status, 400);
    let solved = seller.put(path, json!({ "reason_code": "10" })).await;
    assert_eq!(solved.status, 204);
    assert_eq!(line(&sim)["order_line_state"], "RECEIVED");
    assert_eq!(balance().await, usual);
    assert_eq!(
        seller
            .put(path, json!({ "reason_code": "10" }))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn the_account_follows_the_sale_the_reception_and_the_refund() {
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let sales = ["ORDER_AMOUNT", "ORDER_AMOUNT_TAX", "ORDER_SHIPPING_AMOUNT"];
    assert_eq!(sum(&sim, &sales), 27.99);
    refund(&seller, json!({ "amount": 21.3, "shipping_amount": 4.99 })).await;
    assert_eq!(sum(&sim, &["REFUND_ORDER_AMOUNT"]), -21.3);
    assert_eq!(sum(&sim, &["COMMISSION_FEE", "REFUND_COMMISSION_FEE"]), 0.0);

    let path = "/api/sellerpayment/transactions_logs?limit=3&sort=lastUpdated,ASC";
    let page = seller.get(path).await.body;
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    assert_eq!(page["data"][0]["payment_state"], "PENDING");
    let mut rows = page["data"].as_array().unwrap().len();
    let mut token = page["next_page_token"].clone();
    while let Some(next) = token.as_str() {
        let path = format!("/api/sellerpayment/transactions_logs?page_token={next}");
        let page = seller.get(&path).await.body;
        rows += page["data"].as_array().unwrap().len();
        token = page["next_page_token"].clone();
    }
    let whole = sim.ledger()["transactions"].as_array().unwrap().len();
    assert_eq!(rows, whole);
    sim.receive("W1-A").unwrap();
    let path = "/api/sellerpayment/transactions_logs?limit=2000&payment_state=PAYABLE";
    let payable = seller.get(path).await.body;
    assert_eq!(payable["data"].as_array().unwrap().len(), whole);
    let refunds = "/api/sellerpayment/transactions_logs?transaction_type=REFUND_ORDER_AMOUNT";
    let refunds = seller.get(refunds).await.body;
    assert!(refunds["data"][0]["entities"]["refund"]["id"].is_string());
}

#[tokio::test]
async fn answers_about_refunds_are_as_described() {
    let Some(description) = Description::read() else {
        return;
    };
    let (sim, seller) = paid(MiraklOptions::default()).await;
    let refunded = refund(&seller, json!({ "amount": 10.65 })).await;
    description.check("OR28", &refunded.body);
    description.check("OR11", &seller.get("/api/orders?order_ids=W1-A").await.body);
    let log = seller.get("/api/sellerpayment/transactions_logs").await;
    description.check("TL02", &log.body);
    description.check("RE01", &seller.get("/api/reasons").await.body);
    drop(sim);

    let (sim, seller) = still(MiraklOptions {
        payment_workflow: PaymentWorkflow::PayOnDueDate,
        ..MiraklOptions::default()
    })
    .await;
    sim.create_order(OrderSpec::of("S-1", 2, "10").id("W1-A"))
        .unwrap();
    seller.accept("W1-A", 1).await;
    let body = json!({ "cancelations": [{
        "order_line_id": "W1-A-1", "amount": 10, "shipping_amount": 0, "quantity": 1,
        "reason_code": "34",
    }] });
    let canceled = seller.put("/api/orders/cancel", body).await;
    description.check("OR30", &canceled.body);
    description.check("OR11", &seller.get("/api/orders?order_ids=W1-A").await.body);
}
