//! The routes of the simulated marketplace, and who may call them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use serde_json::Value;

use super::error::{ControlError, Refusal};
use super::spec::OrderSpec;
use super::world::{Step, World};
use super::{actions, export, list, platform};
use crate::http::{Asked, Committed, Named, sentence};

/// The world, shared by the routes, the clock's task and the handle.
pub type Shared = Arc<Mutex<World>>;

/// The world, even when a panic left the lock poisoned.
pub fn lock(shared: &Shared) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every route of the seller API that is simulated, and the control routes.
pub fn routes(shared: Shared) -> Router {
    let api = Router::new()
        .route("/api/orders", get(or11).put(or04))
        .route("/api/orders/{order_id}/accept", put(or21))
        .route("/api/orders/{order_id}/tracking", put(or23))
        .route("/api/orders/{order_id}/ship", put(or24))
        .route("/api/orders/{order_id}/cancel", put(or29))
        .merge(export::routes())
        .route("/api/shipping/types", get(sh12))
        .route("/api/shipping/carriers", get(sh21))
        .route("/api/reasons", get(re01))
        .route("/api/platform/configuration", get(pc01))
        .route("/api/account", get(a01))
        .route("/api/version", get(v01))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "Resource not found"))
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
        })
        .layer(from_fn_with_state(shared.clone(), admit));
    let control = Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/orders", post(create))
        .route("/_sim/orders/{order_id}/{step}", post(control))
        .merge(export::control_routes());
    api.merge(control).with_state(shared)
}

/// Names the operation of a request and the order it is about.
pub fn classify(asked: &Asked<'_>) -> Option<Named> {
    if let Some(named) = export::classify(asked) {
        return Some(named);
    }
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let op = match (asked.method, parts.as_slice()) {
        (&Method::GET, ["api", "orders"]) => {
            let ids = asked
                .query
                .split('&')
                .find_map(|part| part.strip_prefix("order_ids="));
            return Some(("OR11", ids.map(str::to_owned)));
        }
        (&Method::PUT, ["api", "orders"]) => return Some(("OR04", referred(asked.body))),
        (&Method::PUT, ["api", "orders", order_id, action]) => {
            let op = match *action {
                "accept" => "OR21",
                "tracking" => "OR23",
                "ship" => "OR24",
                "cancel" => "OR29",
                _ => return None,
            };
            return Some((op, Some((*order_id).to_owned())));
        }
        (&Method::GET, ["api", "shipping", "types"]) => "SH12",
        (&Method::GET, ["api", "shipping", "carriers"]) => "SH21",
        (&Method::GET, ["api", "reasons"]) => "RE01",
        (&Method::GET, ["api", "platform", "configuration"]) => "PC01",
        (&Method::GET, ["api", "account"]) => "A01",
        (&Method::GET, ["api", "version"]) => "V01",
        _ => return None,
    };
    Some((op, None))
}

fn referred(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let orders = body.get("orders")?.as_array()?.iter();
    let ids: Vec<&str> = orders
        .filter_map(|order| order.get("order_id")?.as_str())
        .collect();
    Some(ids.join(","))
}

/// Lets a call in whose key, shop and content type are right.
async fn admit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (key, shop_id) = {
        let world = lock(&shared);
        (world.options.key(), world.options.shop_id.to_string())
    };
    let sent = request.headers().get(header::AUTHORIZATION);
    if sent.is_none_or(|sent| sent.as_bytes() != key.as_bytes()) {
        return Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized").into_response();
    }
    let query = request.uri().query().unwrap_or_default();
    let mut shops = query
        .split('&')
        .filter_map(|part| part.strip_prefix("shop_id="));
    if shops.any(|asked| asked != shop_id) {
        return Refusal::new(StatusCode::FORBIDDEN, "Access denied to this shop").into_response();
    }
    next.run(request).await
}

async fn or11(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let Ok(Query(asked)) = asked else {
        return Refusal::bad("The query cannot be read").into_response();
    };
    let page = match list::page(&mut lock(&shared), &uri, &asked) {
        Ok(page) => page,
        Err(refusal) => return refusal.into_response(),
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let links: Vec<String> = [("previous", &page.previous), ("next", &page.next)]
        .into_iter()
        .filter_map(|(rel, query)| {
            Some(format!("<http://{host}{}>; rel=\"{rel}\"", query.as_ref()?))
        })
        .collect();
    let mut response = Json(page.body).into_response();
    if let Ok(links) = HeaderValue::from_str(&links.join(", "))
        && !links.is_empty()
    {
        response.headers_mut().insert(header::LINK, links);
    }
    response
}

async fn or04(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match json_body(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(&shared);
    world.settle();
    match actions::refer(&mut world, &body) {
        Ok((shown, true)) => committed(Json(shown).into_response()),
        Ok((shown, false)) => Json(shown).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn or21(
    State(shared): State<Shared>,
    Path(order_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let coded = |refusal: Refusal| match refusal.status {
        StatusCode::BAD_REQUEST => Refusal {
            code: Some("VALIDATION_ERROR"),
            ..refusal
        },
        _ => refusal,
    };
    let body = json_body(&headers, &body).map_err(coded);
    done(&shared, |world| actions::accept(world, &order_id, &body?))
}

async fn or23(
    State(shared): State<Shared>,
    Path(order_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = json_body(&headers, &body);
    done(&shared, |world| actions::track(world, &order_id, body?))
}

async fn or24(State(shared): State<Shared>, Path(order_id): Path<String>) -> Response {
    done(&shared, |world| actions::ship(world, &order_id))
}

async fn or29(State(shared): State<Shared>, Path(order_id): Path<String>) -> Response {
    done(&shared, |world| actions::cancel(world, &order_id))
}

async fn sh12(State(shared): State<Shared>) -> Json<Value> {
    Json(platform::shipping_types(&lock(&shared).options))
}

async fn sh21(State(shared): State<Shared>) -> Json<Value> {
    Json(platform::carriers(&lock(&shared).options))
}

async fn re01(State(shared): State<Shared>) -> Json<Value> {
    Json(platform::reasons(&lock(&shared).options))
}

async fn pc01(State(shared): State<Shared>) -> Json<Value> {
    Json(platform::configuration(&lock(&shared).options))
}

async fn a01(State(shared): State<Shared>) -> Json<Value> {
    let world = lock(&shared);
    Json(platform::account(
        &world.options,
        world.orders.len(),
        world.now(),
    ))
}

async fn v01() -> Json<Value> {
    Json(platform::version())
}

pub(super) fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(
            status,
            "Content-Type must be application/json",
        ));
    }
    serde_json::from_slice(body).map_err(|_| Refusal::bad("The body is not valid JSON"))
}

/// Runs a change on a world that is up to date; 204 when it is made.
fn done(shared: &Shared, change: impl FnOnce(&mut World) -> Result<(), Refusal>) -> Response {
    let mut world = lock(shared);
    world.settle();
    match change(&mut world) {
        Ok(()) => committed(StatusCode::NO_CONTENT.into_response()),
        Err(refusal) => refusal.into_response(),
    }
}

fn committed(mut response: Response) -> Response {
    response.extensions_mut().insert(Committed);
    response
}

async fn ledger(State(shared): State<Shared>) -> Json<Value> {
    Json(lock(&shared).ledger())
}

async fn create(State(shared): State<Shared>, body: Bytes) -> Response {
    let made = serde_json::from_slice::<OrderSpec>(&body)
        .map_err(|error| ControlError::Invalid(error.to_string()))
        .and_then(|spec| lock(&shared).create(spec));
    control_answer(StatusCode::CREATED, made)
}

async fn control(
    State(shared): State<Shared>,
    Path((order_id, step)): Path<(String, String)>,
) -> Response {
    let Some(step) = Step::from_word(&step) else {
        return sentence(StatusCode::NOT_FOUND, &format!("there is no step `{step}`"));
    };
    let moved = lock(&shared).control(&order_id, step);
    control_answer(StatusCode::OK, moved)
}

fn control_answer(status: StatusCode, result: Result<Value, ControlError>) -> Response {
    match result {
        Ok(shown) => (status, Json(shown)).into_response(),
        Err(error) => sentence(error.status(), &error.to_string()),
    }
}
