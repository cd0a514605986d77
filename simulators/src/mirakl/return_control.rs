//! What the customer and the operator do about returns: control routes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde_json::json;

use super::returns::{ReturnIn, ReturnState, open};
use super::routes::{Shared, lock};
use crate::http::sentence;

/// Every control route of returns.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/_sim/returns", post(open_return))
        .route("/_sim/returns/{id}/no-reception", post(no_reception))
}

/// The customer wants to send something back.
async fn open_return(State(shared): State<Shared>, body: Bytes) -> Response {
    let wish: ReturnIn = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let mut world = lock(&shared);
    world.settle();
    match open(&mut world, &wish, false) {
        Ok(rows) => {
            let answer = json!({ "return_success": rows, "return_errors": [] });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(words) => sentence(StatusCode::CONFLICT, &words),
    }
}

/// Nothing came back in time.
async fn no_reception(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut world = lock(&shared);
    let now = world.now();
    let Some(one) = world.aftercare.returns.get_mut(&id) else {
        return sentence(StatusCode::NOT_FOUND, "no such return");
    };
    if one.state != ReturnState::InProgress {
        return sentence(StatusCode::CONFLICT, "the return is not under way");
    }
    one.go(ReturnState::NoReception, now);
    Json(one.shown()).into_response()
}
