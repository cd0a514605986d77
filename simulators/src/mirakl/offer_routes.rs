//! The routes of the shop's offers.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ControlError, Refusal};
use super::offers::Ways;
use super::routes::{Shared, json_body, lock};
use super::spec::OrderSpec;
use crate::http::{Asked, Committed, Named, sentence};
use crate::scenario::Large;

/// The seller's routes.
pub fn routes() -> Router<Shared> {
    let import = "/api/offers/stock/imports";
    Router::new()
        .route("/api/offers", get(of21))
        .route("/api/offers/export/async", post(of52))
        .route("/api/offers/export/async/status/{id}", get(of53))
        .route("/api/offers/export/async/file/{id}", get(of54))
        .route(import, post(sto01))
        .route(&format!("{import}/{{id}}/status"), get(sto02))
        .route(&format!("{import}/{{id}}/error_report"), get(sto03))
        .layer(DefaultBodyLimit::disable())
}

/// The control routes: offers that are there, and how files go from now on.
pub fn control_routes() -> Router<Shared> {
    Router::new()
        .route("/_sim/offers", get(offers).post(put))
        .route("/_sim/offers/ways", post(change))
        .route("/_sim/offers/catalogue", post(list_large))
        .route("/_sim/buy", post(buy))
        .layer(DefaultBodyLimit::disable())
}

/// Names a request about offers, and the file it is about.
pub fn classify(asked: &Asked<'_>) -> Option<Named> {
    let path = asked.path.strip_prefix("/api/offers")?;
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (op, id) = match (asked.method, parts.as_slice()) {
        (&Method::GET, [""]) => ("OF21", None),
        (&Method::POST, ["export", "async"]) => ("OF52", None),
        (&Method::GET, ["export", "async", "status", id]) => ("OF53", Some(*id)),
        (&Method::GET, ["export", "async", "file", id]) => ("OF54", Some(*id)),
        (&Method::POST, ["stock", "imports"]) => ("STO01", None),
        (&Method::GET, ["stock", "imports", id, "status"]) => ("STO02", Some(*id)),
        (&Method::GET, ["stock", "imports", id, "error_report"]) => ("STO03", Some(*id)),
        _ => return None,
    };
    Some((op, id.map(str::to_owned)))
}

type Asks = Query<BTreeMap<String, String>>;

fn not_found(what: &str) -> Response {
    Refusal::new(StatusCode::NOT_FOUND, what).into_response()
}

fn committed(mut response: Response) -> Response {
    response.extensions_mut().insert(Committed);
    response
}

fn csv(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/csv;charset=UTF-8")], text).into_response()
}

async fn of21(State(shared): State<Shared>, Query(asked): Asks) -> Response {
    let mut world = lock(&shared);
    world.settle_offers();
    let number = |name: &str, usual: usize| {
        asked
            .get(name)
            .map_or(Some(usual), |text| text.parse().ok())
    };
    let (Some(most), Some(offset)) = (number("max", 10), number("offset", 0)) else {
        return Refusal::bad("The page is not valid").into_response();
    };
    let offers = &world.offers.by_sku;
    let one = asked.get("sku").map(|sku| offers.get_key_value(sku));
    let (page, total): (Vec<_>, usize) = match one {
        Some(found) => {
            let total = usize::from(found.is_some());
            (found.into_iter().skip(offset).collect(), total)
        }
        None => {
            let page = offers.iter().skip(offset).take(most.min(100));
            (page.collect(), offers.len())
        }
    };
    let page = page.into_iter();
    let rows: Vec<Value> = page
        .map(|(sku, offer)| world.shown_offer(sku, offer))
        .collect();
    Json(json!({ "offers": rows, "total_count": total })).into_response()
}

async fn of52(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let body = match json_body(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let since = match body.get("last_request_date").and_then(Value::as_str) {
        Some(text) => match text.parse::<Timestamp>() {
            Ok(since) => Some(since),
            Err(_) => return Refusal::bad("last_request_date is not valid").into_response(),
        },
        None => None,
    };
    let inactive = body.get("include_inactive_offers").and_then(Value::as_bool);
    if since.is_some() && inactive.is_some() {
        let words = "include_inactive_offers is not allowed with last_request_date";
        return Refusal::bad(words).into_response();
    }
    if body
        .get("export_type")
        .is_some_and(|kind| kind != "text/csv")
    {
        return Refusal::bad("Only text/csv is written here").into_response();
    }
    let chunk = body
        .get("items_per_chunk")
        .map_or(Some(100_000), Value::as_u64);
    let Some(chunk) = chunk.filter(|chunk| (10_000..=1_000_000).contains(chunk)) else {
        return Refusal::bad("The size of the chunks is out of bounds").into_response();
    };
    let mut world = lock(&shared);
    let now = world.now();
    let chunk = usize::try_from(chunk).unwrap_or(usize::MAX);
    let id = world
        .offers
        .export(since, inactive == Some(true), chunk, now);
    committed(Json(json!({ "tracking_id": id })).into_response())
}

async fn of53(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut world = lock(&shared);
    world.settle_offers();
    let now = world.now();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("localhost");
    let Some(export) = world.offers.exports.get(&id) else {
        return not_found("Export not found");
    };
    let shown = match &export.files {
        _ if export.failed => json!({ "status": "FAILED", "last_updated": now,
            "error": { "code": "1", "detail": "Internal error" } }),
        None => json!({ "status": "PENDING", "last_updated": now }),
        Some(files) => {
            let address = |n| format!("http://{host}/api/offers/export/async/file/{id}?file={n}");
            let urls: Vec<String> = (0..files.len()).map(address).collect();
            json!({ "status": "COMPLETED", "last_updated": now, "urls": urls })
        }
    };
    Json(shown).into_response()
}

async fn of54(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Asks,
) -> Response {
    let world = lock(&shared);
    let file = asked.get("file").and_then(|n| n.parse::<usize>().ok());
    let files = world
        .offers
        .exports
        .get(&id)
        .and_then(|export| export.files.as_ref());
    match files.zip(file).and_then(|(files, n)| files.get(n)) {
        Some(text) => csv(text.clone()),
        None => not_found("File not found"),
    }
}

async fn sto01(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(file) = uploaded(&headers, &body) else {
        return Refusal::bad("The file is missing").into_response();
    };
    if !file.starts_with("\"offer-sku\";\"quantity\"") && !file.starts_with("offer-sku;quantity") {
        return Refusal::bad("The columns offer-sku and quantity are required").into_response();
    }
    let mut world = lock(&shared);
    let now = world.now();
    let id = world.offers.import(file.to_owned(), now);
    let place = format!("/api/offers/stock/imports/{id}/status");
    let body = Json(json!({ "import_id": id }));
    committed((StatusCode::CREATED, [(header::LOCATION, place)], body).into_response())
}

/// The content of the part named `file`.
fn uploaded<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<&'a str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary = kind
        .strip_prefix("multipart/form-data")?
        .split_once("boundary=")?
        .1;
    let mark = format!("--{}", boundary.trim().trim_matches('"'));
    let text = std::str::from_utf8(body).ok()?;
    text.split(&*mark).find_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let is_file = head.contains("name=\"file\"");
        is_file.then(|| content.strip_suffix("\r\n").unwrap_or(content))
    })
}

async fn sto02(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut world = lock(&shared);
    world.settle_offers();
    let now = world.now();
    let Some(import) = world.offers.imports.get(&id) else {
        return not_found("Import not found");
    };
    let mut shown = json!({
        "import_id": id, "status": import.status(now), "date_created": import.created,
        "has_error_report": !import.report.is_empty(), "shop_id": world.options.shop_id,
    });
    if let Some((done, refused)) = import.ended {
        shown["lines_in_success"] = json!(done);
        shown["lines_in_error"] = json!(refused);
    }
    Json(shown).into_response()
}

async fn sto03(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut world = lock(&shared);
    world.settle_offers();
    match world.offers.imports.get(&id) {
        Some(import) if !import.report.is_empty() => csv(import.report.clone()),
        _ => not_found("There is no error report"),
    }
}

async fn offers(State(shared): State<Shared>) -> Json<Value> {
    let mut world = lock(&shared);
    world.settle_offers();
    Json(json!({ "offers": world.offers.by_sku, "imports": world.offers.imports }))
}

async fn put(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<BTreeMap<String, i64>>(&body) {
        Ok(wanted) => {
            let mut world = lock(&shared);
            world.list_offers(wanted);
            Json(json!({ "offers": world.offers.by_sku.len() })).into_response()
        }
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn change(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Ways>(&body) {
        Ok(ways) => {
            let shown = Json(json!(ways)).into_response();
            lock(&shared).offers.ways = ways;
            shown
        }
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

#[derive(Deserialize)]
struct LargeIn {
    #[serde(flatten)]
    large: Large,
    /// What offer SKUs begin with, before a hyphen.
    prefix: String,
    #[serde(default)]
    quantity: i64,
}

/// Puts every item of a generated catalogue on the marketplace.
async fn list_large(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<LargeIn>(&body) {
        Ok(LargeIn {
            large,
            prefix,
            quantity,
        }) => {
            let offers = (0..large.count()).map(|n| (large.offer_sku(&prefix, n), quantity));
            lock(&shared).list_offers(offers);
            Json(json!({ "offers": large.count() })).into_response()
        }
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// A customer buys what the offers show.
async fn buy(State(shared): State<Shared>, body: Bytes) -> Response {
    let bought = serde_json::from_slice::<OrderSpec>(&body)
        .map_err(|error| ControlError::Invalid(error.to_string()))
        .and_then(|spec| lock(&shared).buy(spec));
    match bought {
        Ok(Some(order)) => (StatusCode::CREATED, Json(order)).into_response(),
        Ok(None) => sentence(StatusCode::CONFLICT, "an offer shows less than is wanted"),
        Err(error) => sentence(error.status(), &error.to_string()),
    }
}
