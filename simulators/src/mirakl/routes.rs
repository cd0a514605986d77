//! The routes of the simulated marketplace, and who may call them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use serde_json::Value;

use super::error::Refusal;
use super::limits::Limits;
use super::world::World;
use super::{
    actions, aftercare, control, export, list, offer_routes, platform, return_control,
    return_routes, shipment_routes,
};
use crate::calls::CallLog;
use crate::fault::Asks;
use crate::http::{Asked, Committed, Named, Vocabulary};

/// The world, shared by the routes, the clock's task and the handle.
pub type Shared = Arc<Mutex<World>>;

/// The world, even when a panic left the lock poisoned.
pub fn lock(shared: &Shared) -> MutexGuard<'_, World> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every route of the seller API that is simulated, and the control routes.
pub fn routes(shared: Shared, calls: CallLog) -> Router {
    let api = Router::new()
        .route("/api/orders", get(or11).put(or04))
        .route("/api/orders/{order_id}/accept", put(or21))
        .route("/api/orders/{order_id}/tracking", put(or23))
        .route("/api/orders/{order_id}/ship", put(or24))
        .route("/api/orders/{order_id}/cancel", put(or29))
        .merge(export::routes())
        .merge(offer_routes::routes())
        .merge(aftercare::routes())
        .merge(return_routes::routes())
        .merge(shipment_routes::routes())
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
    api.with_state(shared.clone())
        .merge(export::control_routes().with_state(shared.clone()))
        .merge(offer_routes::control_routes().with_state(shared.clone()))
        .merge(aftercare::control_routes().with_state(shared.clone()))
        .merge(return_control::routes().with_state(shared.clone()))
        .merge(control::routes(shared, calls))
}

/// What faults may change in the marketplace's answers.
pub const VOCABULARY: Vocabulary = Vocabulary {
    rows: &[
        "orders",
        "carriers",
        "reasons",
        "shipping_types",
        "offers",
        "data",
    ],
    words: &["order_state", "order_line_state", "refund_state"],
    optional: &[
        "channel",
        "delivery_date",
        "invoice_details",
        "quote_id",
        "shipping_pudo_id",
        "discount_campaigns",
        "payment_duration",
        "measurement",
        "eco_contributions",
        "tax_legal_notice",
        "tracking_url",
    ],
};

/// Names the operation of a request and the order it is about.
pub fn classify(asked: &Asked<'_>) -> Option<Named> {
    let elsewhere = export::classify(asked)
        .or_else(|| offer_routes::classify(asked))
        .or_else(|| aftercare::classify(asked))
        .or_else(|| shipment_routes::classify(asked));
    if elsewhere.is_some() {
        return elsewhere;
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
    match throttled(&shared, &request) {
        Some(wait_s) => too_often(wait_s),
        None => next.run(request).await,
    }
}

/// Whether the call comes too often, and the wait that is to be told then.
fn throttled(shared: &Shared, request: &Request) -> Option<Option<u64>> {
    let query = request.uri().query().unwrap_or_default();
    let (op, _) = classify(&Asked {
        method: request.method(),
        path: request.uri().path(),
        query,
        body: &[],
    })?;
    let mut world = lock(shared);
    let now = world.now();
    let asked = request.extensions().get::<Asks>();
    if let Some((tells, wait_s)) = asked.and_then(|asks| asks.throttle) {
        let wait_s = wait_s.unwrap_or_else(|| world.uses.rest_s(op, now));
        return Some(tells.then_some(wait_s));
    }
    if world.options.limits == Limits::Off {
        return None;
    }
    world.uses.admit(op, query, now).err().map(Some)
}

fn too_often(wait_s: Option<u64>) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = Refusal::new(status, "Too many requests").into_response();
    if let Some(wait_s) = wait_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    response
}

/// What the faults ask for, where they ask for something.
type Told = Option<Extension<Asks>>;

async fn or11(State(shared): State<Shared>, told: Told, uri: Uri, headers: HeaderMap) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let asked = Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let Ok(Query(asked)) = asked else {
        return Refusal::bad("The query cannot be read").into_response();
    };
    let page = match list::page(&mut lock(&shared), &uri, &asked, &asks) {
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

async fn or04(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let body = match json_body(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(&shared);
    world.settle();
    match actions::refer(&mut world, &body, asks.partial.as_deref()) {
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
    let mut world = lock(&shared);
    world.settle();
    let balances = world.balances();
    Json(platform::account(
        &world.options,
        world.orders.len(),
        world.now(),
        &balances,
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

pub(super) fn committed(mut response: Response) -> Response {
    response.extensions_mut().insert(Committed);
    response
}

/// Everything that is and was, the calls too.
pub fn ledger_with_calls(shared: &Shared, calls: &CallLog) -> Value {
    let mut ledger = lock(shared).ledger();
    ledger["calls"] = serde_json::json!(calls.list());
    ledger
}
