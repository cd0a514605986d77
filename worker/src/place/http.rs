//! A simulator's control interface, from outside.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Speaks to one simulator.
#[derive(Clone, Debug)]
pub struct Http {
    url: String,
    client: reqwest::Client,
}

impl Http {
    /// For a base address such as `http://127.0.0.1:4010`.
    ///
    /// # Errors
    /// When this machine cannot make a client.
    pub fn new(url: String) -> anyhow::Result<Self> {
        // Another part of the program may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(180))
            .build()
            .context("the client cannot be made")?;
        Ok(Self { url, client })
    }

    /// The base address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads; the answer as JSON.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.get(format!("{}{path}", self.url)), path)
            .await
    }

    /// Tells; the answer as JSON, `Null` when there is none.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("Content-Type", "application/json")
            .body(body.to_string());
        self.send(request, path).await
    }

    /// Takes every planted fault away.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        let path = "/_sim/faults";
        self.send(self.client.delete(format!("{}{path}", self.url)), path)
            .await?;
        Ok(())
    }

    async fn send(&self, request: reqwest::RequestBuilder, path: &str) -> anyhow::Result<Value> {
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
