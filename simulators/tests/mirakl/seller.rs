//! A caller with the shop's key.

use std::sync::Once;

use reqwest::Method;
use serde_json::Value;
use simulators::mirakl::{MiraklOptions, MiraklSim};

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub link: Option<String>,
    pub retry_after: Option<String>,
    pub body: Value,
}

/// A caller of one simulated marketplace.
#[derive(Debug)]
pub struct Seller {
    pub base: String,
    pub key: Option<String>,
    pub http: reqwest::Client,
}

impl Seller {
    pub fn of(sim: &MiraklSim) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self {
            base: sim.url(),
            key: Some(sim.api_key()),
            http: reqwest::Client::new(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await.expect("an answer")
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body))
            .await
            .expect("an answer")
    }

    pub async fn put_empty(&self, path: &str) -> Answer {
        self.send(Method::PUT, path, None).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body))
            .await
            .expect("an answer")
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("Authorization", key);
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await?;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (link, retry_after) = (header("link"), header("retry-after"));
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            link,
            retry_after,
            body,
        })
    }

    /// Accepts every line of an order.
    pub async fn accept(&self, order_id: &str, lines: usize) -> Answer {
        let lines: Vec<Value> = (1..=lines)
            .map(|index| serde_json::json!({ "id": format!("{order_id}-{index}"), "accepted": true }))
            .collect();
        let body = serde_json::json!({ "order_lines": lines });
        self.put(&format!("/api/orders/{order_id}/accept"), body)
            .await
    }
}

/// A marketplace whose clock stands still.
pub async fn still(options: MiraklOptions) -> (MiraklSim, Seller) {
    let start = "2026-03-02T09:15:00Z".parse().ok();
    let sim = MiraklSim::start(MiraklOptions {
        start,
        speed: 0.0,
        ..options
    })
    .await
    .unwrap();
    let seller = Seller::of(&sim);
    (sim, seller)
}

/// State of an order.
pub fn state(sim: &MiraklSim, order_id: &str) -> String {
    sim.order(order_id).unwrap()["order_state"]
        .as_str()
        .unwrap()
        .to_owned()
}
