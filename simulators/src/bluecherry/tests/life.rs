//! An order from its creation to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::bluecherry::{AutoShip, WriteMode};
use crate::clock::SimClock;
use crate::fault::FaultRule;

#[tokio::test]
async fn an_answer_lost_after_the_write_leaves_exactly_one_order() {
    let erp = Erp::start().await;
    erp.sim
        .faults()
        .inject(FaultRule::once("create_sales_order", "reset-after-commit"))
        .unwrap();
    let body = order("NW-1-A", &[(&erp.sku, 2)]);

    let lost = erp
        .send(Method::POST, "/v1/sales-orders", Some("k1"), &body)
        .await;
    assert!(lost.is_err());
    let (status, again) = erp
        .call(Method::POST, "/v1/sales-orders", Some("k1"), &body)
        .await;

    assert_eq!((status, &again["ord_num"]), (201, &json!("500001")));
    let found = erp
        .get("/v1/sales-orders?external_po=nw-1-a&customer=c00001")
        .await;
    assert_eq!(found["count"], 1);
    let ledger = erp.sim.ledger();
    assert_eq!(ledger["counts"]["sales_orders_ever"], 1);
    assert!(ledger["sales_orders"][0]["real_at_us"].as_i64().unwrap() > 0);
    let calls = ledger["calls"].as_array().unwrap();
    let created: Vec<_> = calls
        .iter()
        .filter(|call| call["op"] == "create_sales_order")
        .collect();
    assert_eq!(
        (&created[0]["committed"], &created[0]["answered"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(created[1]["committed"], json!(false));
    assert_eq!(created[0]["key"], "NW-1-A");
}

#[tokio::test]
async fn another_body_under_a_key_or_a_number_is_refused() {
    let erp = Erp::start().await;
    assert_eq!(erp.create("NW-1-A", &[(&erp.sku, 2)]).await.0, 201);
    let other = order("NW-1-A", &[(&erp.sku, 3)]);

    let path = "/v1/sales-orders";
    let (status, same_key) = erp
        .call(Method::POST, path, Some("create/NW-1-A"), &other)
        .await;
    assert_eq!(
        (status, &same_key["code"]),
        (409, &json!("idempotency_conflict"))
    );
    let (status, same_po) = erp.call(Method::POST, path, Some("k2"), &other).await;
    assert_eq!(
        (status, &same_po["code"]),
        (409, &json!("duplicate_external_po"))
    );
    assert_eq!(same_po["existing_id"], "500001");
    let (status, no_key) = erp.call(Method::POST, path, None, &other).await;
    assert_eq!((status, &no_key["field"]), (422, &json!("Idempotency-Key")));
}

#[tokio::test]
async fn what_does_not_fit_the_profile_is_refused_by_its_field() {
    let erp = Erp::start().await;
    let try_with = async |change: &dyn Fn(&mut Value)| {
        let mut body = order("NW-1-A", &[(&erp.sku, 2)]);
        change(&mut body);
        let (status, answer) = erp
            .call(Method::POST, "/v1/sales-orders", Some("k"), &body)
            .await;
        assert_eq!(status, 422, "{answer}");
        format!(
            "{} {}",
            answer["code"].as_str().unwrap(),
            answer["field"].as_str().unwrap()
        )
    };
    assert_eq!(
        try_with(&|b| b["colour"] = json!("red")).await,
        "invalid colour"
    );
    assert_eq!(
        try_with(&|b| b["lines"][0]["qty"] = json!(0)).await,
        "invalid lines[0].qty"
    );
    assert_eq!(
        try_with(&|b| b["totals"]["grand"] = json!("1.00")).await,
        "invalid totals.grand"
    );
    assert_eq!(
        try_with(&|b| b["totals"]["tax"] = json!("1.00")).await,
        "invalid totals.tax"
    );
    assert_eq!(
        try_with(&|b| b["totals"]["tax"] = json!(0)).await,
        "invalid body"
    );
    assert_eq!(
        try_with(&|b| b["external_po"] = json!("9".repeat(23))).await,
        "invalid external_po"
    );
    assert_eq!(
        try_with(&|b| b["warehouse"] = json!("XX9")).await,
        "unknown_warehouse warehouse"
    );
    assert_eq!(
        try_with(&|b| b["ship_via"] = json!("MULE")).await,
        "unknown_ship_via ship_via"
    );
    assert_eq!(
        try_with(&|b| b["division"] = json!("77")).await,
        "unknown_division division"
    );
    assert_eq!(erp.sim.ledger()["counts"]["sales_orders_ever"], 0);
}

#[tokio::test]
async fn gross_prices_hold_their_tax() {
    let erp = Erp::start().await;
    let mut body = order("GA-1-A", &[(&erp.sku, 1)]);
    body["lines"][0]["tax"] = json!([{ "code": "VAT19", "amount": "3.19", "remitter": "seller" }]);
    body["totals"]["tax"] = json!("3.19");
    let (status, net) = erp
        .call(Method::POST, "/v1/sales-orders", Some("k"), &body)
        .await;
    assert_eq!((status, &net["field"]), (422, &json!("totals.grand")));
    body["price_basis"] = json!("gross");
    assert_eq!(
        erp.call(Method::POST, "/v1/sales-orders", Some("k"), &body)
            .await
            .0,
        201
    );
}

#[tokio::test]
async fn a_line_that_cannot_be_taken_is_rejected_alone() {
    let erp = Erp::start().await;
    let lines = [(erp.sku.as_str(), 2), ("99999-XXX-M", 1), (SCARCE, 2)];
    let (status, created) = erp.create("NW-1-A", &lines).await;

    assert_eq!((status, &created["status"]), (201, &json!("held")));
    let verdicts: Vec<String> = (0..3)
        .map(|n| {
            format!(
                "{} {}",
                created["lines"][n]["line_status"], created["lines"][n]["reject_code"]
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            "\"accepted\" null",
            "\"rejected\" \"unknown_sku\"",
            "\"rejected\" \"insufficient_stock\"",
        ]
    );
    assert_eq!(erp.figures(SCARCE).0, 0);
}

#[tokio::test]
async fn a_strict_site_refuses_the_whole_order_and_keeps_no_unit() {
    let erp = Erp::with(|options| options.reject_whole_order = true).await;
    let (status, refused) = erp.create("NW-1-A", &[(&erp.sku, 2), (SCARCE, 2)]).await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("insufficient_stock"))
    );
    assert_eq!(refused["field"], "lines[1].sku");
    assert_eq!(erp.figures(&erp.sku).0, 0);
    assert_eq!(erp.sim.ledger()["counts"]["sales_orders_ever"], 0);
}

#[tokio::test]
async fn a_queued_order_appears_with_the_next_run_and_only_once() {
    let erp = Erp::with(|options| {
        options.write_mode = WriteMode::Queued;
        options.clock = Some(SimClock::new(Timestamp::UNIX_EPOCH, 0.0));
    })
    .await;
    let (status, queued) = erp.create("NW-1-A", &[(&erp.sku, 2)]).await;
    assert_eq!(
        (status, queued),
        (202, json!({ "status": "queued", "external_po": "NW-1-A" }))
    );
    let body = order("NW-1-A", &[(&erp.sku, 2)]);
    assert_eq!(
        erp.call(Method::POST, "/v1/sales-orders", Some("k2"), &body)
            .await
            .0,
        202
    );
    let path = "/v1/sales-orders?external_po=NW-1-A";
    assert_eq!(erp.get(path).await["count"], 0);

    assert_eq!(
        erp.post("/_sim/queue/run", &json!({})).await.1["processed"],
        1
    );

    assert_eq!(erp.get(path).await["items"][0]["status"], "held");
    let (status, late) = erp
        .call(Method::POST, "/v1/sales-orders", Some("k3"), &body)
        .await;
    assert_eq!((status, &late["existing_id"]), (409, &json!("500001")));
    assert_eq!(erp.create("NW-1-A", &[(&erp.sku, 2)]).await.0, 202);
    assert_eq!(erp.sim.ledger()["counts"]["sales_orders_ever"], 1);
}

#[tokio::test]
async fn the_clock_runs_the_queue_and_the_warehouse() {
    let erp = Erp::with(|options| {
        options.write_mode = WriteMode::Queued;
        options.auto_ship = Some(AutoShip {
            pick_after_s: 600,
            ship_after_s: 600,
        });
        options.clock = Some(SimClock::new(Timestamp::UNIX_EPOCH, 0.0));
    })
    .await;
    erp.create("NW-1-A", &[(&erp.sku, 2)]).await;
    erp.sim.clock().advance(Duration::from_secs(61));
    let status = async |wanted: &str| {
        for _ in 0..300 {
            let found = erp.get("/v1/sales-orders?external_po=NW-1-A").await;
            if found["items"][0]["status"] == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the order never was {wanted}");
    };
    status("held").await;
    erp.ship_to("500001", &json!(1)).await;
    erp.release("500001").await;
    status("allocated").await;
    erp.sim.clock().advance(Duration::from_secs(601));
    status("picking").await;
    erp.sim.clock().advance(Duration::from_secs(601));
    status("shipped").await;

    let page = erp.get("/v1/fulfilments").await;
    let parcel = &page["items"][0]["parcels"][0];
    assert_eq!(page["items"][0]["carrier_name"], "UPS");
    assert!(
        parcel["tracking_number"]
            .as_str()
            .unwrap()
            .starts_with("1Z")
    );
}

#[tokio::test]
async fn release_needs_a_ship_to_and_takes_only_the_named_hold() {
    let erp = Erp::start().await;
    let (_, created) = erp.create("NW-1-A", &[(&erp.sku, 2)]).await;
    let (status, refused) = erp.release("500001").await;
    assert_eq!((status, &refused["field"]), (422, &json!("ship_to")));
    assert_eq!(erp.ship_to("500001", &created["version"]).await.0, 200);
    let (status, stale) = erp.ship_to("500001", &created["version"]).await;
    assert_eq!((status, &stale["code"]), (409, &json!("version_mismatch")));
    erp.post(
        "/_sim/hold",
        &json!({ "ord_num": "500001", "code": "CREDIT" }),
    )
    .await;

    let (_, released) = erp.release("500001").await;
    assert_eq!(
        (&released["status"], &released["hold"]["code"]),
        (&json!("held"), &json!("CREDIT"))
    );
    assert_eq!(
        erp.post("/_sim/pick", &json!({ "ord_num": "500001" }))
            .await
            .0,
        409
    );
    let (status, again) = erp.release("500001").await;
    assert_eq!((status, &again["version"]), (200, &released["version"]));
}

#[tokio::test]
async fn a_picked_order_keeps_its_ship_to_and_its_units() {
    let erp = Erp::start().await;
    let number = erp.ready("NW-1-A", &[(&erp.sku, 3)]).await;
    let (_, picked) = erp.post("/_sim/pick", &json!({ "ord_num": number })).await;
    assert_eq!(picked["status"], "picking");

    let (status, locked) = erp.ship_to(&number, &picked["version"]).await;
    assert_eq!((status, &locked["code"]), (409, &json!("order_locked")));
    let bucket = &picked["lines"][0]["size_bucket"];
    let cancel = json!({
        "lines": [{ "line_seq": 1, "size_bucket": bucket, "qty": 2 }],
        "side": "customer", "reason_code": "CHANGED_MIND", "external_cancel_id": "x1",
    });
    let path = format!("/v1/sales-orders/{number}/cancel-lines");
    let (status, answer) = erp.post(&path, &cancel).await;
    assert_eq!((status, &answer["cancelled"]), (200, &json!([])));
    assert_eq!(
        answer["not_cancelled"],
        json!([{ "line_seq": 1, "size_bucket": bucket, "qty": 2, "reason": "picked" }])
    );
}

#[tokio::test]
async fn a_cancellation_frees_units_once() {
    let erp = Erp::start().await;
    let before = erp.figures(&erp.sku);
    let (_, created) = erp.create("NW-1-A", &[(&erp.sku, 3)]).await;
    assert_eq!(erp.figures(&erp.sku), (3, 0, before.2 - 3));
    let bucket = &created["lines"][0]["size_bucket"];
    let cancel = |id: &str, qty: i64| {
        json!({
            "lines": [{ "line_seq": 1, "size_bucket": bucket, "qty": qty }],
            "side": "customer", "reason_code": "DEBIT_REFUSED", "external_cancel_id": id,
        })
    };
    let path = "/v1/sales-orders/500001/cancel-lines";
    let (_, first) = erp.post(path, &cancel("x1", 2)).await;
    let (status, again) = erp.post(path, &cancel("x1", 2)).await;
    assert_eq!((status, &again), (200, &first));
    assert_eq!(erp.figures(&erp.sku), (1, 0, before.2 - 1));
    assert_eq!(
        erp.post(path, &cancel("x1", 1)).await.1["code"],
        "idempotency_conflict"
    );

    let (_, rest) = erp.post(path, &cancel("x2", 2)).await;
    assert_eq!(rest["status"], "cancelled");
    assert_eq!(rest["not_cancelled"][0]["reason"], "already_cancelled");
    assert_eq!(erp.figures(&erp.sku), before);
    assert!(erp.sim.ledger()["sales_orders"][0]["cancelled_real_at_us"].is_i64());
}
