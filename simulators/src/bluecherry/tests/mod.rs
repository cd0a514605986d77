//! The site, seen from outside over HTTP.

mod behavior;
mod conformance;
mod feeds;
mod life;
mod returns;
mod stock;
mod traffic;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{BlueCherryOptions, BlueCherrySim};
use crate::scenario::World;

/// An ordinary SKU of the seeded catalogue, and one of which there is a single unit.
const SCARCE: &str = "00999-RED-M";

struct Erp {
    sim: BlueCherrySim,
    http: Client,
    sku: String,
}

impl Erp {
    async fn start() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut BlueCherryOptions)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let world = World::new(1);
        let mut options = world.bluecherry_options();
        change(&mut options);
        let sim = BlueCherrySim::start(options).await.unwrap();
        let sku = world.catalogue()[0].item.sku.clone();
        let erp = Self {
            sim,
            http: Client::new(),
            sku,
        };
        let (status, customer) = erp
            .call(
                Method::PUT,
                "/v1/customers/by-handle/NORDWIND",
                None,
                &customer(),
            )
            .await;
        assert_eq!(
            (status, &customer["customer_code"]),
            (200, &json!("C00001"))
        );
        erp
    }

    /// A call that may fail on the way.
    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> reqwest::Result<(u16, Value)> {
        let url = self.sim.url() + path;
        let mut request = self.http.request(method, url).bearer_auth("sim-erp-key");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok((
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        ))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        self.send(method, path, key, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, None, body).await
    }

    async fn create(&self, po: &str, lines: &[(&str, i64)]) -> (u16, Value) {
        let key = format!("create/{po}");
        self.call(
            Method::POST,
            "/v1/sales-orders",
            Some(&key),
            &order(po, lines),
        )
        .await
    }

    async fn ship_to(&self, number: &str, version: &Value) -> (u16, Value) {
        let path = format!("/v1/sales-orders/{number}/ship-to");
        let body = json!({ "ship_to": address(), "expected_version": version });
        self.call(Method::PATCH, &path, None, &body).await
    }

    async fn release(&self, number: &str) -> (u16, Value) {
        let path = format!("/v1/sales-orders/{number}/release");
        self.post(&path, &json!({ "hold_code": "MARKETPLACE" }))
            .await
    }

    /// An order that the warehouse may begin with.
    async fn ready(&self, po: &str, lines: &[(&str, i64)]) -> String {
        let (status, order) = self.create(po, lines).await;
        assert_eq!(status, 201, "{order}");
        let number = order["ord_num"].as_str().unwrap().to_owned();
        assert_eq!(self.ship_to(&number, &order["version"]).await.0, 200);
        assert_eq!(self.release(&number).await.0, 200);
        number
    }

    async fn order(&self, number: &str) -> Value {
        self.get(&format!("/v1/sales-orders/{number}")).await
    }

    /// Figures of a SKU in NJ1 as they are now.
    fn figures(&self, sku: &str) -> (i64, i64, i64) {
        let ledger = self.sim.ledger();
        let rows = ledger["positions"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["sku"] == sku && row["warehouse"] == "NJ1" && row["lot"] == "A")
            .unwrap();
        let of = |name: &str| row[name].as_i64().unwrap();
        (of("open"), of("picked"), of("erp_available"))
    }
}

fn customer() -> Value {
    json!({
        "name": "Nordwind Marketplace", "account_model": "channel", "bill_to": address(),
        "division": "01", "terms": "NET30", "currency": "USD", "price_level": "RETAIL",
    })
}

fn address() -> Value {
    json!({
        "name": "Test Person", "line1": "12 Sample Street", "city": "Buffalo", "region": "NY",
        "postal_code": "14201", "country": "US",
    })
}

/// A held order at 20.00 a unit, without taxes; its lines are `{po}-1`, `{po}-2` and so on.
fn order(po: &str, lines: &[(&str, i64)]) -> Value {
    let units: i64 = lines.iter().map(|(_, qty)| qty).sum();
    let goods = format!("{}.00", units * 20);
    let rows: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(n, (sku, qty))| {
            json!({
                "external_line_id": format!("{po}-{}", n + 1), "sku": sku, "qty": qty,
                "unit_price": "20.00", "discount": [], "tax": [],
            })
        })
        .collect();
    json!({
        "customer_code": "C00001", "external_po": po, "channel": "NORDWIND",
        "channel_order_id": po, "order_type": "dropship", "division": "01", "warehouse": "NJ1",
        "order_date": "2026-03-02", "start_date": "2026-03-02", "cancel_date": "2026-03-09",
        "ship_by_deadline": null, "currency": "USD", "price_basis": "net", "ship_via": "UPSG",
        "hold": { "code": "MARKETPLACE", "expires_at": "2026-03-09T00:00:00Z" }, "ship_to": null,
        "lines": rows, "charges": [],
        "totals": {
            "goods": goods, "shipping": "0.00", "tax": "0.00", "discount": "0.00", "grand": goods,
        },
    })
}
