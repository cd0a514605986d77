//! What the client sends, against Mirakl's own machine description where there is a copy of it.

use std::path::PathBuf;

use mirakl::{LineDecision, OrderQuery, Reference, Tracking};
use serde_json::{Value, json};

use super::scripted::{Reply, Scripted};

/// The description named by `MIRAKL_OPENAPI`, which is not part of this repository.
pub fn description() -> Option<Value> {
    let Some(path) = std::env::var_os("MIRAKL_OPENAPI").map(PathBuf::from) else {
        eprintln!("skipped: MIRAKL_OPENAPI does not name a copy of Mirakl's seller description");
        return None;
    };
    let text = std::fs::read_to_string(path).expect("MIRAKL_OPENAPI names a readable file");
    Some(serde_json::from_str(&text).expect("MIRAKL_OPENAPI names a JSON file"))
}

#[tokio::test]
async fn request_bodies_match_the_description() {
    let Some(description) = description() else {
        return;
    };
    let server = Scripted::start([Reply::of(200, "{}")]).await;
    let client = server.client();

    let lines = [("A-1", true), ("A-2", false)];
    let lines = lines.map(|(id, accepted)| LineDecision {
        id: id.into(),
        accepted,
    });
    client.accept_order("A", &lines).await.unwrap();
    let registered = Tracking {
        carrier_code: Some("UPS".into()),
        tracking_number: Some("1Z".into()),
        ..Tracking::default()
    };
    client.set_tracking("A", &registered).await.unwrap();
    let other = Tracking {
        carrier_name: Some("Van".into()),
        carrier_url: Some("https://van.example/1".into()),
        ..Tracking::default()
    };
    client.set_tracking("A", &other).await.unwrap();
    let references = [Reference {
        order_id: "A".into(),
        reference: "500001".into(),
    }];
    let _ = client.write_references(&references).await;
    let (since, until) = (
        "2026-03-01T00:00:00.123456Z".parse().unwrap(),
        "2026-03-02T00:00:00Z".parse().unwrap(),
    );
    let _ = client.request_order_export(since, until).await;
    let _ = client.request_offer_export(None).await;
    let _ = client.request_offer_export(Some(since)).await;

    let seen = server.seen();
    let operations = [
        ("/api/orders/{order_id}/accept", "put", &seen[0]),
        ("/api/orders/{order_id}/tracking", "put", &seen[1]),
        ("/api/orders/{order_id}/tracking", "put", &seen[2]),
        ("/api/orders", "put", &seen[3]),
        ("/api/orders/async-export", "post", &seen[4]),
        ("/api/offers/export/async", "post", &seen[5]),
        ("/api/offers/export/async", "post", &seen[6]),
    ];
    for (path, method, request) in operations {
        check(&description, path, method, request);
    }
}

/// Holds the body of one request against the description of its operation.
pub fn check(description: &Value, path: &str, method: &str, request: &str) {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let body: Value = serde_json::from_str(body).unwrap();
    let content = &description["paths"][path][method]["requestBody"]["content"];
    let mut schema = content["application/json"]["schema"].clone();
    assert!(schema.is_object(), "{path} has a request schema");
    schema["components"] = description["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<_> = validator
        .iter_errors(&body)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{path}: {problems:?}");
    refuse_unknown(
        description,
        &content["application/json"]["schema"],
        &body,
        path,
    );
}

/// A misspelt field passes a schema that allows more fields, so each name is looked up as well.
fn refuse_unknown(description: &Value, schema: &Value, body: &Value, at: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => description.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                let known = &schema["properties"][name];
                assert!(known.is_object(), "{at}.{name} is not in the description");
                refuse_unknown(description, known, value, &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            for item in items {
                refuse_unknown(description, &schema["items"], item, at);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_samples_of_the_description_are_read() {
    let Some(description) = description() else {
        return;
    };
    let samples = |path: &str, method: &str| -> Vec<Reply> {
        let answer = &description["paths"][path][method]["responses"]["200"];
        let samples = answer["content"]["application/json"]["examples"]
            .as_object()
            .unwrap();
        // Samples made of type words, such as "string", say nothing.
        let real = samples.iter().filter(|(name, _)| !name.ends_with("-auto"));
        real.map(|(_, sample)| Reply::of(200, &sample["value"].to_string()))
            .collect()
    };
    for reply in samples("/api/orders", "get") {
        let server = Scripted::start([reply]).await;
        let page = server
            .client()
            .list_orders(&OrderQuery::default())
            .await
            .unwrap();
        assert!(!page.items.is_empty());
        for raw in page.items {
            let order = raw
                .order
                .unwrap_or_else(|error| panic!("{:?}: {error}", raw.order_id));
            assert!(!order.order_lines.unwrap().is_empty());
            assert!(order.total_price.is_some() && order.customer.is_some());
        }
    }
    for reply in samples("/api/orders/async-export", "post") {
        let client = Scripted::start([reply]).await.client();
        let (since, until) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH);
        let asked = client.request_order_export(since, until).await.unwrap();
        assert_eq!(asked, "tracking_id_001");
    }
    for reply in samples("/api/orders/async-export/status/{tracking_id}", "get") {
        // The sample's files are on another host than this test's.
        let client = Scripted::start([reply]).await.client();
        let status = client.order_export("tracking_id_001").await;
        assert!(matches!(status, Err(mirakl::Error::Elsewhere { .. })));
    }
    for reply in samples("/api/shipping/carriers", "get") {
        assert!(
            !Scripted::start([reply])
                .await
                .client()
                .carriers()
                .await
                .unwrap()
                .is_empty()
        );
    }
    for reply in samples("/api/shipping/types", "get") {
        let types = Scripted::start([reply])
            .await
            .client()
            .shipping_types()
            .await
            .unwrap();
        assert!(types.iter().all(|one| one.mandatory_tracking.is_some()));
    }
    for reply in samples("/api/reasons", "get") {
        let reasons = Scripted::start([reply])
            .await
            .client()
            .reasons()
            .await
            .unwrap();
        assert!(reasons.iter().all(|one| one.is_shop_right.is_some()));
    }
    for reply in samples("/api/platform/configuration", "get") {
        let settings = Scripted::start([reply])
            .await
            .client()
            .platform_settings()
            .await
            .unwrap();
        assert!(settings.features.unwrap().order_workflows.is_some());
    }
    for reply in samples("/api/account", "get") {
        let shop = Scripted::start([reply])
            .await
            .client()
            .shop()
            .await
            .unwrap();
        assert!(shop.payment_details.unwrap().payable_balance.is_some());
    }
}

#[tokio::test]
async fn a_body_holds_what_is_said_and_nothing_more() {
    let server = Scripted::start([Reply::of(204, "")]).await;
    let tracking = Tracking {
        carrier_code: Some("UPS".into()),
        ..Tracking::default()
    };
    server.client().set_tracking("A", &tracking).await.unwrap();
    let body: Value = serde_json::from_str(&server.only_body()).unwrap();
    assert_eq!(body, json!({"carrier_code": "UPS"}));
}
