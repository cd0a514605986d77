//! Control routes: what a test sees of the marketplace, and what it makes it do.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::error::ControlError;
use super::routes::{Shared, ledger_with_calls, lock};
use super::spec::OrderSpec;
use super::step::Step;
use crate::calls::CallLog;
use crate::http::{FeedKey, LedgerQuery, NewKey, sentence};

type Parts = State<(Shared, CallLog)>;

/// Every control route of this marketplace.
pub fn routes(shared: Shared, calls: CallLog) -> Router {
    Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/summary", get(summary))
        .route("/_sim/orders", post(create))
        .route("/_sim/orders/{order_id}/{step}", post(control))
        .route("/_sim/key", post(change_key))
        .route("/_sim/hold", post(hold))
        .route("/_sim/release", post(release))
        .with_state((shared, calls))
}

async fn ledger(State((shared, calls)): Parts, Query(query): Query<LedgerQuery>) -> Json<Value> {
    if query.is_without_calls() {
        return Json(lock(&shared).ledger());
    }
    Json(ledger_with_calls(&shared, &calls))
}

async fn summary(State((shared, calls)): Parts) -> Json<Value> {
    let mut summary = lock(&shared).summary();
    summary["calls"] = json!(calls.len());
    Json(summary)
}

async fn create(State((shared, _)): Parts, body: Bytes) -> Response {
    let made = serde_json::from_slice::<OrderSpec>(&body)
        .map_err(|error| ControlError::Invalid(error.to_string()))
        .and_then(|spec| lock(&shared).create(spec));
    control_answer(StatusCode::CREATED, made)
}

async fn control(
    State((shared, _)): Parts,
    Path((order_id, step)): Path<(String, String)>,
) -> Response {
    let Some(step) = Step::from_word(&step) else {
        return sentence(StatusCode::NOT_FOUND, &format!("there is no step `{step}`"));
    };
    let moved = lock(&shared).control(&order_id, step);
    control_answer(StatusCode::OK, moved)
}

async fn change_key(State((shared, _)): Parts, body: Bytes) -> Response {
    match NewKey::read(&body) {
        Ok(key) => {
            lock(&shared).options.api_key = Some(key);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refused) => *refused,
    }
}

async fn hold(State((shared, _)): Parts, body: Bytes) -> Response {
    match FeedKey::read(&body) {
        Ok(FeedKey { key: Some(key) }) if !key.is_empty() => {
            let mut world = lock(&shared);
            world.held.insert(key);
            Json(json!({ "held": world.held })).into_response()
        }
        Ok(_) => sentence(StatusCode::BAD_REQUEST, "which key is to be held?"),
        Err(refused) => *refused,
    }
}

async fn release(State((shared, _)): Parts, body: Bytes) -> Response {
    match FeedKey::read(&body) {
        Ok(wish) => {
            let shown = lock(&shared).release(wish.key.as_deref());
            Json(json!({ "released": shown })).into_response()
        }
        Err(refused) => *refused,
    }
}

fn control_answer(status: StatusCode, result: Result<Value, ControlError>) -> Response {
    match result {
        Ok(shown) => (status, Json(shown)).into_response(),
        Err(error) => sentence(error.status(), &error.to_string()),
    }
}
