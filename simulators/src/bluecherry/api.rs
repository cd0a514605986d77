//! The routes of the connector profile.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::answer::{Page, Refusal, Written};
use super::site::{Remembered, Shared, Site};
use super::text::same;
use crate::fault::Asks;
use crate::http::{Asked, Committed, Vocabulary};

type Parameters = Query<BTreeMap<String, String>>;

/// What the faults ask for, where they ask for something.
type Told = Option<Extension<Asks>>;

/// Every route under `/v1`, behind the key and the limits.
pub fn routes(site: Shared) -> Router {
    Router::new()
        .route("/v1/profile", get(profile))
        .route("/v1/batches", get(batches))
        .route("/v1/customers", get(find_customer))
        .route("/v1/customers/by-handle/{handle}", put(put_customer))
        .route(
            "/v1/sales-orders",
            post(create_sales_order).get(find_sales_orders),
        )
        .route("/v1/sales-orders/{ord_num}", get(get_sales_order))
        .route("/v1/sales-orders/{ord_num}/ship-to", patch(set_ship_to))
        .route("/v1/sales-orders/{ord_num}/release", post(release))
        .route(
            "/v1/sales-orders/{ord_num}/cancel-lines",
            post(cancel_lines),
        )
        .route("/v1/fulfilments", get(fulfilments))
        .route("/v1/inventory/positions", get(positions))
        .route("/v1/return-authorizations", post(announce_return))
        .route("/v1/returns", get(returns))
        .route("/v1/credit-memos", get(credit_memos))
        .route("/v1/items", get(items))
        .fallback(|| async { Refusal::not_found("no such route") })
        .layer(from_fn_with_state(site.clone(), gate))
        .with_state(site)
}

/// What faults may change in the site's answers.
pub const VOCABULARY: Vocabulary = Vocabulary {
    rows: &["items"],
    words: &["status", "line_status"],
    optional: &[
        "service",
        "tracking_url",
        "invoice_no",
        "store_code",
        "terms",
    ],
};

/// Names the operation of a request and what it is about.
pub fn classify(asked: &Asked<'_>) -> Option<(&'static str, Option<String>)> {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let named = |text: &&str| Some((*text).to_owned());
    let body = |field: &str| {
        let body: Value = serde_json::from_slice(asked.body).ok()?;
        body[field].as_str().map(str::to_owned)
    };
    let (get, post) = (asked.method == Method::GET, asked.method == Method::POST);
    let (put, patch) = (asked.method == Method::PUT, asked.method == Method::PATCH);
    match parts.as_slice() {
        ["v1", "profile"] if get => Some(("get_profile", None)),
        ["v1", "batches"] if get => Some(("list_batches", None)),
        ["v1", "customers"] if get => Some(("find_customer", asked_for(asked, "external_handle"))),
        ["v1", "customers", "by-handle", handle] if put => Some(("put_customer", named(handle))),
        ["v1", "sales-orders"] if post => Some(("create_sales_order", body("external_po"))),
        ["v1", "sales-orders"] if get => {
            Some(("find_sales_orders", asked_for(asked, "external_po")))
        }
        ["v1", "sales-orders", number] if get => Some(("get_sales_order", named(number))),
        ["v1", "sales-orders", number, "ship-to"] if patch => Some(("set_ship_to", named(number))),
        ["v1", "sales-orders", number, "release"] if post => {
            Some(("release_sales_order", named(number)))
        }
        ["v1", "sales-orders", number, "cancel-lines"] if post => {
            Some(("cancel_lines", named(number)))
        }
        ["v1", "fulfilments"] if get => Some(("list_fulfilments", None)),
        ["v1", "inventory", "positions"] if get => Some(("list_positions", None)),
        ["v1", "return-authorizations"] if post => {
            Some(("announce_return", body("external_return_id")))
        }
        ["v1", "returns"] if get => Some(("list_returns", None)),
        ["v1", "credit-memos"] if get => Some(("list_credit_memos", None)),
        ["v1", "items"] if get => Some(("list_items", None)),
        _ => None,
    }
}

fn asked_for(asked: &Asked<'_>, name: &str) -> Option<String> {
    let uri = format!("/?{}", asked.query).parse().ok()?;
    let Query(query) = Query::<BTreeMap<String, String>>::try_from_uri(&uri).ok()?;
    query.get(name).cloned()
}

/// The site's error body for a status that a fault asked for.
pub fn error_body(status: StatusCode) -> Response {
    let code = match status {
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        status if status.is_server_error() => return (status, "upstream failure").into_response(),
        _ => "invalid",
    };
    let retryable = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let body = json!({ "code": code, "message": "an injected fault", "retryable": retryable });
    (status, Json(body)).into_response()
}

async fn gate(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let admitted = {
        let mut site = site.lock();
        let key = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let token = key.and_then(|value| value.strip_prefix("Bearer "));
        let asked = request.extensions().get::<Asks>();
        if token.is_none_or(|token| token.trim() != site.options.api_key) {
            Err(Refusal::unauthorized())
        } else if let Some((tells, wait_s)) = asked.and_then(|asks| asks.throttle) {
            let wait_s = wait_s.unwrap_or_else(|| site.rest_of_minute_s());
            Err(Refusal::throttled(tells.then_some(wait_s)))
        } else {
            site.admit(request.method() != Method::GET)
        }
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Does a write once: under a key that was seen, the first answer comes again.
fn write(
    site: &Shared,
    headers: &HeaderMap,
    (target, needs_key): (&str, bool),
    body: &Bytes,
    work: impl FnOnce(&mut Site, &Value) -> Result<Written, Refusal>,
) -> Result<Response, Refusal> {
    let key = headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    let key = key.map(str::trim).filter(|key| !key.is_empty());
    if needs_key && key.is_none() {
        return Err(Refusal::invalid(
            "Idempotency-Key",
            "this write needs a key",
        ));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("body", format!("not JSON: {error}")))?;
    let mut site = site.lock();
    let repeatable = target == "create" && site.options.repeats_are_new_orders;
    let key = key.filter(|_| !repeatable);
    let request = json!([target, body]);
    if let Some(seen) = key.and_then(|key| site.remembered.get(key)) {
        if seen.request != request {
            let message = "this key was used for another request";
            return Err(Refusal::conflict("idempotency_conflict", message));
        }
        return Ok((seen.answer.status, Json(seen.answer.body.clone())).into_response());
    }
    let answer = work(&mut site, &body)?;
    let mut response = (answer.status, Json(answer.body.clone())).into_response();
    if answer.changed {
        response.extensions_mut().insert(Committed);
    }
    if let Some(key) = key {
        site.remembered
            .insert(key.to_owned(), Remembered { request, answer });
    }
    Ok(response)
}

async fn profile(State(site): State<Shared>) -> Json<Value> {
    Json(site.lock().profile())
}

async fn batches(State(site): State<Shared>, Query(query): Parameters) -> Page {
    site.lock()
        .batch_page(query.get("feed").map(String::as_str))
}

async fn find_customer(
    State(site): State<Shared>,
    Query(query): Parameters,
) -> Result<Page, Refusal> {
    let handle = needed(&query, "external_handle")?;
    let site = site.lock();
    Ok(Page::live(site.find_customer(handle), site.now()))
}

async fn put_customer(
    State(site): State<Shared>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let target = format!("customer/{handle}");
    write(&site, &headers, (&target, false), &body, |site, body| {
        site.put_customer(&handle, body)
    })
}

async fn create_sales_order(
    State(site): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let mut is_first = false;
    let result = write(&site, &headers, ("create", true), &body, |site, body| {
        is_first = true;
        site.short = asks.partial.is_some();
        let written = site.take_order(body);
        site.short = false;
        written
    });
    let key = headers.get("idempotency-key");
    let key = key.and_then(|value| value.to_str().ok());
    let status = result.as_ref().map(Response::status);
    site.lock().note_create(&body, key, is_first, status);
    result
}

async fn find_sales_orders(
    State(site): State<Shared>,
    told: Told,
    Query(query): Parameters,
) -> Result<Page, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let po = needed(&query, "external_po")?;
    let customer = query.get("customer");
    let site = site.lock();
    let now = site.now();
    let items = site
        .orders_of(po)
        .filter_map(|order| site.seen(order, asks.stale))
        .filter(|order| customer.is_none_or(|code| same(&order.customer_code, code)))
        .map(|order| order.to_value(now))
        .collect();
    Ok(Page::live(items, now))
}

async fn get_sales_order(
    State(site): State<Shared>,
    told: Told,
    Path(number): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let site = site.lock();
    let order = site.seen(site.order(&number)?, asks.stale);
    let order = order.ok_or_else(|| Refusal::not_found("no such sales order"))?;
    Ok(Json(order.to_value(site.now())))
}

async fn set_ship_to(
    State(site): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let target = format!("ship-to/{number}");
    write(&site, &headers, (&target, false), &body, |site, body| {
        site.set_ship_to(&number, body)
    })
}

async fn release(
    State(site): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let target = format!("release/{number}");
    write(&site, &headers, (&target, false), &body, |site, body| {
        site.release(&number, body)
    })
}

async fn cancel_lines(
    State(site): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let target = format!("cancel/{number}");
    write(&site, &headers, (&target, false), &body, |site, body| {
        site.cancel_lines(&number, body)
    })
}

async fn fulfilments(
    State(site): State<Shared>,
    told: Told,
    Query(query): Parameters,
) -> Result<Page, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let site = site.lock();
    let limit = page_size(&site, &query)?;
    site.fulfilments(query.get("cursor").map(String::as_str), limit, &asks)
}

async fn announce_return(
    State(site): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    write(&site, &headers, ("return", true), &body, |site, body| {
        site.announce_return(body)
    })
}

async fn returns(
    State(site): State<Shared>,
    told: Told,
    Query(query): Parameters,
) -> Result<Page, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let site = site.lock();
    let limit = page_size(&site, &query)?;
    site.return_page(query.get("cursor").map(String::as_str), limit, &asks)
}

async fn credit_memos(
    State(site): State<Shared>,
    told: Told,
    Query(query): Parameters,
) -> Result<Page, Refusal> {
    let Extension(asks) = told.unwrap_or_default();
    let site = site.lock();
    let limit = page_size(&site, &query)?;
    site.credit_page(query.get("cursor").map(String::as_str), limit, &asks)
}

async fn positions(State(site): State<Shared>, Query(query): Parameters) -> Result<Page, Refusal> {
    let mut site = site.lock();
    let limit = page_size(&site, &query)?;
    let text = |name: &str| query.get(name).map(String::as_str);
    site.positions(text("cursor"), text("mode"), limit)
}

async fn items(State(site): State<Shared>, Query(query): Parameters) -> Result<Page, Refusal> {
    let site = site.lock();
    let limit = page_size(&site, &query)?;
    site.item_page(query.get("cursor").map(String::as_str), limit)
}

fn needed<'a>(query: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Refusal> {
    let given = query
        .get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    given.ok_or_else(|| Refusal::invalid(name, "this list needs it"))
}

fn page_size(site: &Site, query: &BTreeMap<String, String>) -> Result<usize, Refusal> {
    let most = site.options.max_page;
    let Some(text) = query.get("limit") else {
        return Ok(most);
    };
    let limit: usize = text.parse().unwrap_or(0);
    if limit == 0 {
        return Err(Refusal::invalid("limit", "a whole number from 1"));
    }
    Ok(limit.min(most))
}
