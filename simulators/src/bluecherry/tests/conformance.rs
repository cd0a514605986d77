//! Every answer against the profile's document.

use super::*;

/// The profile, when it is there.
fn profile() -> Option<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../bluecherry/profile-v1.yaml");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_yaml_ng::from_str(&text).expect("the profile is YAML"))
}

/// Follows references inside the document.
fn resolve<'a>(document: &'a Value, mut node: &'a Value) -> &'a Value {
    while let Some(target) = node["$ref"].as_str() {
        node = document
            .pointer(&target[1..])
            .expect("a reference leads somewhere");
    }
    node
}

/// What stands against an answer of an operation.
fn faults(document: &Value, op: &str, status: u16, answer: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().expect("paths");
    let operation = paths
        .values()
        .flat_map(|path| path.as_object().expect("methods").values())
        .find(|operation| operation["operationId"] == op)
        .unwrap_or_else(|| panic!("{op} is not in the profile"));
    let response = &operation["responses"][status.to_string()];
    if response.is_null() {
        return vec![format!("{op} may not answer {status}")];
    }
    let schema = &resolve(document, response)["content"]["application/json"]["schema"];
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": document["components"],
    });
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&root)
        .expect("the profile's schemas are JSON Schema");
    validator
        .iter_errors(answer)
        .map(|error| format!("{op} {status} {}: {error}", error.instance_path()))
        .collect()
}

#[tokio::test]
async fn every_answer_is_one_of_the_profile() {
    let Some(document) = profile() else { return };
    let erp = Erp::start().await;
    let mut found = Vec::new();
    let mut check = |op: &str, (status, answer): (u16, Value), wanted: u16| {
        assert_eq!(status, wanted, "{op}: {answer}");
        found.extend(faults(&document, op, status, &answer));
        answer
    };
    let get = async |path: &str| erp.call(Method::GET, path, None, &Value::Null).await;

    check("get_profile", get("/v1/profile").await, 200);
    check(
        "find_customer",
        get("/v1/customers?external_handle=NORDWIND").await,
        200,
    );
    let put = "/v1/customers/by-handle/";
    let call = erp
        .call(
            Method::PUT,
            &format!("{put}GALERIA:77"),
            Some("p"),
            &customer(),
        )
        .await;
    check("put_customer", call, 200);
    let mut other = customer();
    other["currency"] = json!("EUR");
    let call = erp
        .call(Method::PUT, &format!("{put}NORDWIND"), Some("q"), &other)
        .await;
    check("put_customer", call, 409);
    let call = erp
        .call(
            Method::PUT,
            &format!("{put}a@b.example"),
            Some("r"),
            &customer(),
        )
        .await;
    check("put_customer", call, 422);

    let lines = [(erp.sku.as_str(), 3), ("99999-XXX-M", 1)];
    let order = check(
        "create_sales_order",
        erp.create("NW-1-A", &lines).await,
        201,
    );
    let body = super::order("NW-1-A", &[(&erp.sku, 1)]);
    let twice = erp
        .call(Method::POST, "/v1/sales-orders", Some("k2"), &body)
        .await;
    check("create_sales_order", twice, 409);
    let empty = erp
        .call(Method::POST, "/v1/sales-orders", Some("k3"), &json!({}))
        .await;
    check("create_sales_order", empty, 422);
    check(
        "find_sales_orders",
        get("/v1/sales-orders?external_po=NW-1-A").await,
        200,
    );
    check("get_sales_order", get("/v1/sales-orders/500001").await, 200);
    check("get_sales_order", get("/v1/sales-orders/1").await, 404);
    check("release_sales_order", erp.release("500001").await, 422);
    check("set_ship_to", erp.ship_to("500001", &json!(99)).await, 409);
    check(
        "set_ship_to",
        erp.ship_to("500001", &order["version"]).await,
        200,
    );
    check("release_sales_order", erp.release("500001").await, 200);

    let bucket = &order["lines"][0]["size_bucket"];
    let cancel = json!({
        "lines": [{ "line_seq": 1, "size_bucket": bucket, "qty": 1 }],
        "side": "house", "reason_code": "SHORT", "external_cancel_id": "x1",
    });
    let path = "/v1/sales-orders/500001/cancel-lines";
    check("cancel_lines", erp.post(path, &cancel).await, 200);
    let short = json!([{ "external_line_id": "NW-1-A-1", "qty": 1 }]);
    let (_, shipped) = erp
        .post(
            "/_sim/shipments",
            &json!({ "ord_num": "500001", "short": short }),
        )
        .await;
    let mut late = cancel.clone();
    late["external_cancel_id"] = json!("x2");
    check("cancel_lines", erp.post(path, &late).await, 200);
    let id = shipped["shipment_id"].as_str().unwrap();
    erp.post(&format!("/_sim/shipments/{id}/void"), &json!({}))
        .await;

    let page = check("list_fulfilments", get("/v1/fulfilments").await, 200);
    assert_eq!(page["count"], 2);
    check(
        "list_fulfilments",
        get("/v1/fulfilments?cursor=nonsense").await,
        422,
    );
    check("list_positions", get("/v1/inventory/positions").await, 200);
    check(
        "list_positions",
        get("/v1/inventory/positions?mode=delta").await,
        200,
    );
    check(
        "list_positions",
        get("/v1/inventory/positions?mode=odd").await,
        422,
    );
    check("list_items", get("/v1/items?limit=7").await, 200);
    check("list_batches", get("/v1/batches").await, 200);
    let wrong = erp
        .http
        .get(erp.sim.url() + "/v1/items")
        .send()
        .await
        .unwrap();
    let status = wrong.status().as_u16();
    let answer = serde_json::from_slice(&wrong.bytes().await.unwrap()).unwrap();
    check("list_items", (status, answer), 401);

    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn a_queued_answer_is_one_of_the_profile() {
    let Some(document) = profile() else { return };
    let erp = Erp::with(|options| options.write_mode = crate::bluecherry::WriteMode::Queued).await;
    let (status, answer) = erp.create("NW-1-A", &[(&erp.sku, 1)]).await;
    assert_eq!(status, 202);
    assert_eq!(
        faults(&document, "create_sales_order", status, &answer),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn an_answer_that_strays_from_the_profile_is_noticed() {
    let Some(document) = profile() else { return };
    let erp = Erp::start().await;
    let (_, mut order) = erp.create("NW-1-A", &[(&erp.sku, 1)]).await;
    order["totals"]["grand"] = json!(20);
    order["lines"][0]["size_bucket"] = json!(25);
    order["as_of"] = json!("yesterday");
    let found = faults(&document, "create_sales_order", 201, &order);
    assert_eq!(found.len(), 3, "{found:?}");
}

#[tokio::test]
async fn every_answer_about_returns_is_one_of_the_profile() {
    let Some(document) = profile() else { return };
    let erp = Erp::with(|options| options.returns_in = true).await;
    let number = erp.ready("NW-1-A", &[(&erp.sku, 3)]).await;
    erp.post("/_sim/shipments", &json!({ "ord_num": number }))
        .await;
    let body = json!({
        "external_return_id": "R-1", "ord_num": number, "external_po": "NW-1-A",
        "lines": [{
            "external_line_id": "NW-1-A-1", "sku": erp.sku, "qty_authorised": 2,
            "reason_code": "FIT",
        }],
    });
    let path = "/v1/return-authorizations";
    let mut found = Vec::new();
    let call = async |key: &str, body: &Value| erp.call(Method::POST, path, Some(key), body).await;
    for (key, wanted) in [("a", 201), ("b", 409)] {
        let (status, answer) = call(key, &body).await;
        assert_eq!(status, wanted, "{answer}");
        found.extend(faults(&document, "announce_return", status, &answer));
    }
    let (status, answer) = call("c", &json!({})).await;
    found.extend(faults(&document, "announce_return", status, &answer));
    erp.post("/_sim/returns/receive", &json!({ "ra_number": "RA000001" }))
        .await;
    let (status, memo) = erp
        .post("/_sim/credit-memos", &json!({ "ra_number": "RA000001" }))
        .await;
    assert_eq!(status, 201, "{memo}");
    let lists = [
        ("list_returns", "/v1/returns"),
        ("list_credit_memos", "/v1/credit-memos"),
    ];
    for (op, path) in lists {
        let page = erp.get(path).await;
        assert_ne!(page["count"], 0);
        found.extend(faults(&document, op, 200, &page));
    }
    assert!(found.is_empty(), "{found:#?}");
}
