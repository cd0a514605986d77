//! Somebody's chat system, which the webhook tells.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// Listens as long as the test runs.
pub struct Hook {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    /// Starts to listen on a free port.
    pub async fn listen() -> Self {
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let ears = heard.clone();
        let hear = move |body: String| async move {
            let told = serde_json::from_str(&body).unwrap_or_default();
            let mut heard = ears.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(told);
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().route("/hook", post(hear));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard }
    }

    /// The section of `bcm.toml` that names it.
    pub fn section(&self) -> String {
        format!("[webhook]\nurl = \"http://{}/hook\"\n", self.address)
    }

    /// Every message so far.
    pub fn heard(&self) -> Vec<Value> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }
}
