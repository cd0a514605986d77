//! Answers against the vendor's machine description, where it is at hand.

mod shipments;

use std::time::Duration;

use serde_json::{Map, Value, json};
use simulators::mirakl::{
    CustomerSpec, Debit, FeeSpec, LineSpec, MiraklOptions, OrderSpec, PaymentWorkflow,
    PromotionSpec, TaxSpec,
};

use crate::seller::{Seller, still};

/// Required by the description, null in the vendor's own samples and text.
const NULL_ANYWAY: [&str; 3] = ["billing_address", "shipping_address", "description"];

/// The description, with what its prose says and its schemas do not: optional fields may be null.
pub struct Description {
    whole: Value,
}

impl Description {
    pub fn read() -> Option<Self> {
        let Ok(path) = std::env::var("MIRAKL_OPENAPI") else {
            println!("skipped: MIRAKL_OPENAPI does not name the description file");
            return None;
        };
        let text = std::fs::read_to_string(path).expect("the description file");
        let mut whole = serde_json::from_str(&text).expect("the description as JSON");
        prepare(&mut whole);
        Some(Self { whole })
    }

    fn errors(&self, op: &str, answer: &Value) -> Vec<String> {
        let status = if op == "ST01" { 201 } else { 200 };
        let schema = json!({
            "$ref": format!("#/components/schemas/{op}_Response_{status}"),
            "components": self.whole["components"],
        });
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("a usable description");
        validator
            .iter_errors(answer)
            .map(|error| format!("{op} {}: {error}", error.instance_path()))
            .collect()
    }

    pub fn check(&self, op: &str, answer: &Value) {
        let errors = self.errors(op, answer);
        assert!(errors.is_empty(), "{errors:#?}");
    }

    fn promises(&self, path: &str, status: u16) {
        let answers = &self.whole["paths"][path]["put"]["responses"];
        assert!(answers[status.to_string()].is_object(), "{path} {status}");
    }
}

/// Lets optional fields be null and closes objects, so that a misspelt field is found.
fn prepare(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        let is_closed = !["allOf", "anyOf", "oneOf", "additionalProperties"]
            .iter()
            .any(|word| fields.contains_key(*word));
        let required = fields.get("required").cloned().unwrap_or_default();
        if let Some(Value::Object(properties)) = fields.get_mut("properties") {
            let is_required = |name: &String| {
                let listed = required
                    .as_array()
                    .is_some_and(|all| all.contains(&json!(name)));
                listed && !NULL_ANYWAY.contains(&name.as_str())
            };
            allow_null(properties, is_required);
            if is_closed {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
        }
        fields.values_mut().for_each(prepare);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(prepare);
    }
}

fn allow_null(properties: &mut Map<String, Value>, is_required: impl Fn(&String) -> bool) {
    for (name, schema) in properties.iter_mut() {
        if schema.is_object() && !is_required(name) {
            let inner = schema.take();
            *schema = json!({ "anyOf": [inner, { "type": "null" }] });
        }
    }
}

pub fn rich(order_id: &str) -> OrderSpec {
    let amount = |digits: &str| simulators::mirakl::Amount(digits.parse().unwrap());
    let tax = |digits: &str| TaxSpec {
        code: "US_SALES".to_owned(),
        amount: amount(digits),
        rate: Some(amount("8")),
    };
    OrderSpec {
        lines: vec![
            LineSpec {
                offer_sku: "S-1".to_owned(),
                quantity: 2,
                price_unit: amount("10.65"),
                origin_unit_price: Some(amount("12.65")),
                shipping_price: amount("4.99"),
                taxes: vec![tax("1.70")],
                shipping_taxes: vec![tax("0.40")],
                fees: vec![FeeSpec {
                    code: "GIFT".to_owned(),
                    amount: amount("1"),
                }],
                promotions: vec![PromotionSpec {
                    id: "SPRING".to_owned(),
                    deduced_amount: amount("4"),
                    promo_code: Some("SPRING4".to_owned()),
                }],
                title: None,
            },
            LineSpec {
                offer_sku: "S-2".to_owned(),
                quantity: 1,
                ..LineSpec::default()
            },
        ],
        customer: Some(CustomerSpec {
            customer_id: "C77".to_owned(),
            firstname: "Ann".to_owned(),
            lastname: "Lee".to_owned(),
            street_1: "1 Alder Street".to_owned(),
            street_2: Some("Door 2".to_owned()),
            zip_code: "97201".to_owned(),
            city: "Portland".to_owned(),
            state: None,
            country_iso_code: "USA".to_owned(),
            phone: None,
        }),
        ..OrderSpec::default()
    }
    .id(order_id)
}

async fn check_orders(description: &Description, seller: &Seller, states: &[&str]) {
    let answer = seller.get("/api/orders?max=100").await;
    description.check("OR11", &answer.body);
    let orders = answer.body["orders"].as_array().unwrap();
    let seen: Vec<&str> = orders
        .iter()
        .map(|order| order["order_state"].as_str().unwrap())
        .collect();
    assert_eq!(seen, states);
}

#[tokio::test]
async fn every_answer_keeps_to_the_description() {
    let Some(description) = Description::read() else {
        return;
    };
    let options = MiraklOptions {
        debit_delay_s: 10,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    let due = Some(PaymentWorkflow::PayOnDueDate);
    for spec in [
        rich("W1-A"),
        OrderSpec::of("S-1", 1, "5").id("W2-A"),
        OrderSpec {
            debit: Some(Debit::Refuse),
            ..rich("W3-A")
        },
        OrderSpec {
            payment_workflow: due,
            ..rich("W4-A")
        },
    ] {
        sim.create_order(spec).unwrap();
    }
    check_orders(&description, &seller, &["WAITING_ACCEPTANCE"; 4]).await;

    description.promises(
        "/api/orders/{order_id}/accept",
        seller.accept("W1-A", 2).await.status,
    );
    let refusal = json!({ "order_lines": [{ "id": "W2-A-1", "accepted": false }] });
    assert_eq!(
        seller.put("/api/orders/W2-A/accept", refusal).await.status,
        204
    );
    seller.accept("W3-A", 2).await;
    seller.accept("W4-A", 2).await;
    check_orders(
        &description,
        &seller,
        &["WAITING_DEBIT", "REFUSED", "WAITING_DEBIT", "SHIPPING"],
    )
    .await;
    sim.clock().advance(Duration::from_secs(5));
    let asked = "WAITING_DEBIT_PAYMENT";
    check_orders(
        &description,
        &seller,
        &[asked, "REFUSED", asked, "SHIPPING"],
    )
    .await;
    sim.clock().advance(Duration::from_secs(5));
    check_orders(
        &description,
        &seller,
        &["SHIPPING", "REFUSED", "CANCELED", "SHIPPING"],
    )
    .await;

    let span = json!({
        "start_update_date": "2026-03-01T00:00:00Z",
        "end_update_date": "2026-03-03T00:00:00Z",
    });
    let asked = seller.post("/api/orders/async-export", span).await.body;
    description.check("OR13", &asked);
    let id = asked["tracking_id"].as_str().unwrap();
    let status = seller
        .get(&format!("/api/orders/async-export/status/{id}"))
        .await
        .body;
    description.check("OR14", &status);
    let file = status["urls"][0].as_str().unwrap();
    let orders = seller.get(file.strip_prefix(&sim.url()).unwrap()).await;
    let page = json!({ "orders": orders.body, "total_count": 4 });
    description.check("OR11", &page);

    let reference = |order_id: &str| json!({ "order_id": order_id, "references": { "order_reference_for_seller": "500001" } });
    let sent = json!({ "orders": [reference("W1-A"), reference("W9-A")] });
    description.check("OR04", &seller.put("/api/orders", sent).await.body);
    let tracking = json!({ "carrier_code": "ups", "tracking_number": "1Z" });
    let tracked = seller
        .put("/api/orders/W1-A/tracking", tracking)
        .await
        .status;
    description.promises("/api/orders/{order_id}/tracking", tracked);
    let shipped = seller.put_empty("/api/orders/W1-A/ship").await.status;
    description.promises("/api/orders/{order_id}/ship", shipped);
    let canceled = seller.put_empty("/api/orders/W4-A/cancel").await.status;
    description.promises("/api/orders/{order_id}/cancel", canceled);
    check_orders(
        &description,
        &seller,
        &["SHIPPED", "REFUSED", "CANCELED", "CANCELED"],
    )
    .await;
    sim.receive("W1-A").unwrap();
    check_orders(
        &description,
        &seller,
        &["RECEIVED", "REFUSED", "CANCELED", "CANCELED"],
    )
    .await;
    sim.close("W1-A").unwrap();
    check_orders(
        &description,
        &seller,
        &["CLOSED", "REFUSED", "CANCELED", "CANCELED"],
    )
    .await;

    for (op, path) in [
        ("SH12", "/api/shipping/types"),
        ("SH21", "/api/shipping/carriers"),
        ("RE01", "/api/reasons"),
        ("PC01", "/api/platform/configuration"),
        ("A01", "/api/account"),
    ] {
        let answer = seller.get(path).await;
        assert_eq!(answer.status, 200, "{op}");
        description.check(op, &answer.body);
    }
    assert_eq!(seller.get("/api/version").await.status, 200);
}

#[tokio::test]
async fn the_check_finds_what_is_missing_misspelt_or_of_the_wrong_kind() {
    let Some(description) = Description::read() else {
        return;
    };
    let (sim, _) = still(MiraklOptions::default()).await;
    let order = sim.create_order(rich("W1-A")).unwrap();
    for broken in [
        json!({ "order_lines": null }),
        json!({ "order_stat": "SHIPPING" }),
        json!({ "created_date": "yesterday" }),
        json!({ "price": "21.3" }),
    ] {
        let mut order = order.clone();
        let fields = broken.as_object().unwrap().clone();
        order.as_object_mut().unwrap().extend(fields);
        let answer = json!({ "orders": [order], "total_count": 1 });
        assert_eq!(description.errors("OR11", &answer).len(), 1, "{broken}");
    }
}

#[tokio::test]
async fn answers_about_offers_and_their_files_keep_to_the_description() {
    let Some(description) = Description::read() else {
        return;
    };
    let (sim, seller) = still(MiraklOptions::default()).await;
    sim.list_offers([("A".to_owned(), 3), ("B".to_owned(), 0)]);
    description.check("OF21", &seller.get("/api/offers").await.body);

    let ways = json!({ "import_delay_s": 60.0, "export_delay_s": 60.0, "refuse": { "B": "No" } });
    seller.post("/_sim/offers/ways", ways).await;
    let file = "offer-sku;quantity\nA;7\nB;1\n";
    let part = format!(
        "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"s.csv\"\r\n\r\n{file}\r\n--X--\r\n"
    );
    let sent = seller
        .http
        .post(format!("{}/api/offers/stock/imports", sim.url()))
        .header("Authorization", sim.api_key())
        .header("Content-Type", "multipart/form-data; boundary=X")
        .body(part);
    let taken = sent.send().await.unwrap();
    assert_eq!(taken.status().as_u16(), 201);
    let taken: Value = serde_json::from_str(&taken.text().await.unwrap()).unwrap();
    let import = taken["import_id"].as_str().unwrap();
    let import = format!("/api/offers/stock/imports/{import}/status");
    let asked = seller
        .post("/api/offers/export/async", json!({}))
        .await
        .body;
    description.check("OF52", &asked);
    let export = asked["tracking_id"].as_str().unwrap();
    let export = format!("/api/offers/export/async/status/{export}");

    let mut words = vec![];
    for _ in 0..3 {
        let (status, files) = (
            seller.get(&import).await.body,
            seller.get(&export).await.body,
        );
        description.check("STO02", &status);
        description.check("OF53", &files);
        words.push((status["status"].clone(), files["status"].clone()));
        sim.clock().advance(Duration::from_secs(31));
    }
    let expected = [
        ("WAITING", "PENDING"),
        ("RUNNING", "PENDING"),
        ("COMPLETE", "COMPLETED"),
    ];
    let expected = expected.map(|(import, export)| (json!(import), json!(export)));
    assert_eq!(words, expected);
    description.check("OF21", &seller.get("/api/offers?sku=A").await.body);
}
