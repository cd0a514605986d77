//! The site behaving otherwise, and what its ledger tells of it.

use super::*;
use crate::fault::FaultRule;

fn plant(erp: &Erp, rule: FaultRule) {
    erp.sim.faults().inject(rule).unwrap();
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_not_found_while_reads_lag() {
    let erp = Erp::start().await;
    plant(
        &erp,
        FaultRule::once("find_sales_orders", "stale-reads:3600"),
    );
    plant(
        &erp,
        FaultRule::once("create_sales_order", "reset-after-commit"),
    );
    let sku = erp.sku.clone();
    let body = order("PO-1", &[(&sku, 1)]);
    let key = Some("create/PO-1");
    let path = "/v1/sales-orders";
    assert!(erp.send(Method::POST, path, key, &body).await.is_err());

    let find = "/v1/sales-orders?external_po=PO-1";
    assert_eq!(erp.get(find).await["count"], 0);
    assert_eq!(erp.get(find).await["count"], 1);
}

#[tokio::test]
async fn a_stale_order_stands_at_its_state_before_the_change() {
    let erp = Erp::start().await;
    let sku = erp.sku.clone();
    plant(
        &erp,
        FaultRule::once("get_sales_order", "stale-reads:1").times(0),
    );
    let (_, created) = erp.create("PO-1", &[(&sku, 1)]).await;
    let number = created["ord_num"].as_str().unwrap();
    let path = format!("/v1/sales-orders/{number}");
    let visible = async {
        while erp
            .send(Method::GET, &path, None, &Value::Null)
            .await
            .unwrap()
            .0
            != 200
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let bound = std::time::Duration::from_secs(10);
    tokio::time::timeout(bound, visible).await.unwrap();

    assert_eq!(erp.ship_to(number, &created["version"]).await.0, 200);
    assert_eq!(erp.order(number).await["ship_to_set"], false);
    erp.sim.faults().clear();
    assert_eq!(erp.order(number).await["ship_to_set"], true);
}

#[tokio::test]
async fn withheld_fulfilments_come_out_of_order_when_they_are_released() {
    let erp = Erp::start().await;
    let sku = erp.sku.clone();
    for po in ["PO-1", "PO-2", "PO-3"] {
        erp.ready(po, &[(&sku, 1)]).await;
        if po == "PO-1" {
            erp.post("/_sim/hold", &json!({ "key": "PO-1" })).await;
            erp.post("/_sim/hold", &json!({ "key": "PO-2" })).await;
        }
        erp.post("/_sim/shipments", &json!({ "external_po": po }))
            .await;
    }
    let shown = async || {
        let page = erp.get("/v1/fulfilments").await;
        let rows = page["items"].as_array().unwrap().iter();
        rows.map(|row| row["external_po"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown().await, ["PO-3"]);
    let (_, released) = erp.post("/_sim/release", &json!({})).await;
    assert_eq!(released["released"], 2);
    assert_eq!(shown().await, ["PO-3", "PO-2", "PO-1"]);

    plant(&erp, FaultRule::once("list_fulfilments", "repeat"));
    assert_eq!(
        shown().await,
        ["PO-3", "PO-3", "PO-2", "PO-2", "PO-1", "PO-1"]
    );
    plant(&erp, FaultRule::once("list_fulfilments", "shuffle"));
    assert_eq!(shown().await, ["PO-1", "PO-2", "PO-3"]);
}

#[tokio::test]
async fn the_ledger_tells_refused_and_repeated_creates_and_each_effect_with_its_place() {
    let erp = Erp::start().await;
    let sku = erp.sku.clone();
    let (_, created) = erp.create("PO-1", &[(&sku, 2)]).await;
    erp.create("PO-1", &[(&sku, 2)]).await;
    let body = order("PO-1", &[(&sku, 2)]);
    let path = "/v1/sales-orders";
    let (status, _) = erp.call(Method::POST, path, Some("other"), &body).await;
    assert_eq!(status, 409);
    let number = created["ord_num"].as_str().unwrap();
    erp.post("/_sim/cancel", &json!({ "ord_num": number }))
        .await;

    let ledger = erp.sim.ledger();
    let told: Vec<(&Value, &Value)> = ledger["creates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|create| (&create["outcome"], &create["code"]))
        .collect();
    let duplicate = json!("duplicate_external_po");
    let expected = [
        (&json!("created"), &Value::Null),
        (&json!("repeated"), &Value::Null),
        (&json!("refused"), &duplicate),
    ];
    assert_eq!(told, expected);
    let effects = ledger["effects"].as_array().unwrap();
    let whats: Vec<_> = effects
        .iter()
        .map(|e| (&e["what"], &e["allocated"]))
        .collect();
    let expected = [
        (&json!("created"), &json!(2)),
        (&json!("lines_cancelled"), &json!(0)),
    ];
    assert_eq!(whats, expected);
    assert!(effects[0]["seq"].as_u64() < effects[1]["seq"].as_u64());
    assert!(effects[0]["real_at_us"].is_i64());
    assert_eq!(ledger["sales_orders"][0]["allocated"], 0);
    assert!(ledger["customers"][0]["seq"].is_u64());
    assert_eq!(ledger["calls"][1]["idempotency_key"], "create/PO-1");
    let summary = erp.get("/_sim/summary").await;
    assert_eq!(summary["states"], json!({ "cancelled": 1 }));
    assert!(
        erp.get("/_sim/ledger?without=calls")
            .await
            .get("calls")
            .is_none()
    );
}

#[tokio::test]
async fn a_partial_create_keeps_the_order_and_rejects_its_first_line() {
    let erp = Erp::start().await;
    let sku = erp.sku.clone();
    plant(&erp, FaultRule::once("create_sales_order", "partial"));
    let (status, created) = erp.create("PO-1", &[(&sku, 1), (&sku, 1)]).await;
    assert_eq!(status, 201);
    let words: Vec<&Value> = (0..2)
        .map(|n| &created["lines"][n]["line_status"])
        .collect();
    assert_eq!(words, [&json!("rejected"), &json!("accepted")]);
}

#[tokio::test]
async fn a_changed_key_and_a_throttled_call_are_answered_by_the_site() {
    let erp = Erp::start().await;
    plant(&erp, FaultRule::once("list_items", "throttle"));
    let path = "/v1/items";
    let (status, refused) = erp
        .send(Method::GET, path, None, &Value::Null)
        .await
        .unwrap();
    assert_eq!((status, &refused["retry_after_s"]), (429, &json!(60)));
    plant(&erp, FaultRule::once("list_items", "throttle-bare"));
    let (status, refused) = erp
        .send(Method::GET, path, None, &Value::Null)
        .await
        .unwrap();
    assert_eq!((status, &refused["retry_after_s"]), (429, &Value::Null));

    let change = json!({ "api_key": "another" });
    let changed = erp.send(Method::POST, "/_sim/key", None, &change).await;
    assert_eq!(changed.unwrap().0, 204);
    let (status, _) = erp
        .send(Method::GET, path, None, &Value::Null)
        .await
        .unwrap();
    assert_eq!(status, 401);
}
