//! Control routes that every simulated system has: its clock and its faults.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Controls, sentence};
use crate::fault::{ACTIONS, FaultRule};

pub(super) fn control_routes(controls: Controls) -> Router {
    let faults = post(inject).delete(clear_faults).get(list_faults);
    Router::new()
        .route("/_sim/clock", get(show_clock).post(set_clock))
        .route("/_sim/faults", faults)
        .with_state(controls)
}

async fn show_clock(State(controls): State<Controls>) -> Json<Value> {
    Json(json!({ "now": controls.clock.now() }))
}

async fn set_clock(State(controls): State<Controls>, body: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        advance_s: Option<f64>,
        speed: Option<f64>,
    }
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Some(speed) = change.speed {
        controls.clock.set_speed(speed);
    }
    if let Some(advance_s) = change.advance_s {
        match Duration::try_from_secs_f64(advance_s) {
            Ok(by) => controls.clock.advance(by),
            Err(_) => {
                return sentence(
                    StatusCode::BAD_REQUEST,
                    "advance_s must be 0 or more seconds",
                );
            }
        }
    }
    show_clock(State(controls)).await.into_response()
}

async fn inject(State(controls): State<Controls>, body: Bytes) -> Response {
    let rule: FaultRule = match serde_json::from_slice(&body) {
        Ok(rule) => rule,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match controls.faults.inject(rule) {
        Ok(id) => (StatusCode::CREATED, Json(json!({ "id": id }))).into_response(),
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error),
    }
}

async fn clear_faults(State(controls): State<Controls>) -> StatusCode {
    controls.faults.clear();
    StatusCode::NO_CONTENT
}

async fn list_faults(State(controls): State<Controls>) -> Response {
    Json(json!({ "faults": controls.faults.list(), "actions": ACTIONS })).into_response()
}

/// What `GET /_sim/ledger` leaves out.
#[derive(Debug, Default, serde::Deserialize)]
pub struct LedgerQuery {
    without: Option<String>,
}

impl LedgerQuery {
    /// The calls, which are most of a ledger, are not wanted.
    pub fn is_without_calls(&self) -> bool {
        self.without.as_deref() == Some("calls")
    }
}

/// Body of `POST /_sim/key`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    api_key: String,
}

impl NewKey {
    /// The key that callers must send from now on.
    ///
    /// # Errors
    /// The answer to give instead, when there is no key in the body.
    pub fn read(body: &[u8]) -> Result<String, Box<Response>> {
        let change = serde_json::from_slice::<Self>(body).map_err(unreadable)?;
        Ok(change.api_key)
    }
}

/// Body of `POST /_sim/hold` and `POST /_sim/release`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedKey {
    /// Part of the key of the rows meant; absent means all of them.
    pub key: Option<String>,
}

impl FeedKey {
    /// What a body says; an empty one says nothing.
    ///
    /// # Errors
    /// The answer to give instead, when the body cannot be read.
    pub fn read(body: &[u8]) -> Result<Self, Box<Response>> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body).map_err(unreadable)
    }
}

fn unreadable(error: serde_json::Error) -> Box<Response> {
    Box::new(sentence(StatusCode::BAD_REQUEST, &error.to_string()))
}
