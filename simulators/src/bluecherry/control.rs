//! Control routes: what a test sees of the site, and what it makes the site do.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Refusal, read};
use super::batches::{Spoil, Taken};
use super::changes::HoldIn;
use super::credits::CreditIn;
use super::mishaps::BatchMishaps;
use super::parcels::{LineQty, ShipIn};
use super::returns::ReceiveIn;
use super::site::Shared;
use super::stock::{FIRST_QUALITY, RecordType, StockKey};
use super::text::{code, same};
use super::wholesale::Wholesale;
use crate::calls::CallLog;
use crate::http::{FeedKey, LedgerQuery, NewKey};
use crate::scenario::Large;

/// Every control route of this site.
pub fn routes(site: Shared, calls: CallLog) -> Router {
    let seen = Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/summary", get(summary))
        .with_state((site.clone(), calls));
    Router::new()
        .route("/_sim/key", post(change_key))
        .route("/_sim/release", post(release))
        .route("/_sim/shipments", post(ship))
        .route("/_sim/shipments/{id}/void", post(void))
        .route("/_sim/stock", post(stock))
        .route("/_sim/pick", post(pick))
        .route("/_sim/hold", post(hold))
        .route("/_sim/cancel", post(cancel))
        .route("/_sim/returns/receive", post(receive_return))
        .route("/_sim/credit-memos", post(make_credit))
        .route("/_sim/credit-memos/{credit_no}/{step}", post(change_credit))
        .route("/_sim/queue/run", post(run_queue))
        .route("/_sim/batches/run", post(run_batch))
        .route("/_sim/batches/mishaps", post(change_mishaps))
        .route("/_sim/wholesale", post(wholesale))
        .route("/_sim/catalogue", post(open_large))
        .with_state(site)
        .merge(seen)
}

/// Everything that is and was, the calls too.
pub fn ledger_with_calls(site: &Shared, calls: &CallLog) -> Value {
    let mut ledger = site.lock().ledger();
    ledger["calls"] = json!(calls.list());
    ledger
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StockIn {
    sku: String,
    warehouse: Option<String>,
    lot: Option<String>,
    #[serde(default)]
    record_type: RecordType,
    qty: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderRef {
    ord_num: String,
    #[serde(default)]
    force: bool,
}

/// What the house cancels; without lines everything that is open.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HouseCancel {
    ord_num: String,
    lines: Option<Vec<LineQty>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchIn {
    #[serde(default)]
    status: BatchStatus,
    /// What is wrong with it.
    #[serde(default)]
    spoil: Spoil,
    /// How far back the moment lies that it claims to describe: out of order.
    #[serde(default)]
    as_of_ago_s: u32,
    /// Seconds that it can be read later than usual.
    #[serde(default)]
    late_s: u32,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BatchStatus {
    #[default]
    Ok,
    Partial,
    Failed,
}

async fn ledger(
    State((site, calls)): State<(Shared, CallLog)>,
    Query(query): Query<LedgerQuery>,
) -> Json<Value> {
    if query.is_without_calls() {
        return Json(site.lock().ledger());
    }
    Json(ledger_with_calls(&site, &calls))
}

async fn summary(State((site, calls)): State<(Shared, CallLog)>) -> Json<Value> {
    let mut summary = site.lock().summary();
    summary["calls"] = json!(calls.len());
    Json(summary)
}

async fn change_key(State(site): State<Shared>, body: Bytes) -> Response {
    match NewKey::read(&body) {
        Ok(key) => {
            site.lock().options.api_key = key;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refused) => *refused,
    }
}

async fn release(State(site): State<Shared>, body: Bytes) -> Response {
    match FeedKey::read(&body) {
        Ok(wish) => {
            let count = site.lock().release_rows(wish.key.as_deref());
            Json(json!({ "released": count })).into_response()
        }
        Err(refused) => *refused,
    }
}

async fn ship(State(site): State<Shared>, body: Bytes) -> Result<Response, Refusal> {
    let wish: ShipIn = parse(&body)?;
    let shipment = site.lock().ship(wish)?;
    Ok((StatusCode::CREATED, Json(shipment)).into_response())
}

async fn void(State(site): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    Ok(Json(site.lock().void(&id)?))
}

async fn stock(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: StockIn = parse(&body)?;
    let mut site = site.lock();
    if site.items.get(&code(&wish.sku)).is_none() {
        return Err(Refusal::refused("unknown_sku", "sku", "no such item"));
    }
    let first = site
        .options
        .warehouses
        .first()
        .map(|place| place.code.clone());
    let warehouse = wish.warehouse.or(first).unwrap_or_default();
    if !site
        .options
        .warehouses
        .iter()
        .any(|place| same(&place.code, &warehouse))
    {
        return Err(Refusal::refused(
            "unknown_warehouse",
            "warehouse",
            "no such warehouse",
        ));
    }
    let lot = wish.lot.as_deref().unwrap_or(FIRST_QUALITY);
    let (now, key) = (site.now(), StockKey::new(&wish.sku, &warehouse, lot));
    site.stock
        .write(now, &key, wish.record_type, wish.qty, None);
    let ots: i64 = site
        .stock
        .lots(&wish.sku, &warehouse)
        .map(|(_, figures)| figures.ots())
        .sum();
    Ok(Json(
        json!({ "sku": key.sku, "warehouse": key.warehouse, "ots": ots }),
    ))
}

async fn pick(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: OrderRef = parse(&body)?;
    let mut site = site.lock();
    site.pick(&wish.ord_num, wish.force)?;
    Ok(Json(site.order(&wish.ord_num)?.to_value(site.now())))
}

/// A `key` withholds fulfilments; an `ord_num` with a `code` puts the house's hold on an order.
async fn hold(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    if let Ok(FeedKey { key: Some(key) }) = FeedKey::read(&body) {
        let mut site = site.lock();
        site.held.insert(key);
        return Ok(Json(json!({ "held": site.held })));
    }
    let wish: HoldIn = parse(&body)?;
    Ok(Json(site.lock().put_hold(wish)?))
}

async fn cancel(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: HouseCancel = parse(&body)?;
    let mut site = site.lock();
    Ok(Json(
        site.house_cancel(&wish.ord_num, wish.lines.as_deref())?,
    ))
}

/// Goods come back, announced or not, or nothing does.
async fn receive_return(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: ReceiveIn = parse(&body)?;
    Ok(Json(site.lock().receive_return(wish)?))
}

async fn make_credit(State(site): State<Shared>, body: Bytes) -> Result<Response, Refusal> {
    let wish: CreditIn = parse(&body)?;
    let memo = site.lock().make_credit(wish)?;
    Ok((StatusCode::CREATED, Json(memo)).into_response())
}

async fn change_credit(
    State(site): State<Shared>,
    Path((credit_no, step)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(site.lock().change_credit(&credit_no, &step)?))
}

async fn run_queue(State(site): State<Shared>) -> Json<Value> {
    Json(json!({ "processed": site.lock().run_queue() }))
}

async fn run_batch(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: BatchIn = parse(if body.is_empty() { b"{}" } else { &body })?;
    let status = match wish.status {
        BatchStatus::Ok => "ok",
        BatchStatus::Partial => "partial",
        BatchStatus::Failed => "failed",
    };
    let mut site = site.lock();
    let now = site.now();
    let as_of = now - SignedDuration::from_secs(i64::from(wish.as_of_ago_s));
    let taken = Taken {
        status,
        spoil: wish.spoil,
        late_s: wish.late_s.into(),
    };
    site.take_positions(taken, as_of);
    site.publish_fulfilments();
    Ok(Json(json!(site.batches)))
}

/// From now on batches that come by themselves go wrong so often; `null` ends it.
async fn change_mishaps(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: Option<BatchMishaps> = parse(&body)?;
    site.lock().options.batch_mishaps = wish;
    Ok(Json(json!(wish)))
}

/// Wholesale orders take units, once or in turns.
async fn wholesale(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: Wholesale = parse(if body.is_empty() { b"{}" } else { &body })?;
    let units = site.lock().wholesale(wish);
    Ok(Json(json!({ "units": units })))
}

/// Adds a generated catalogue with its stock, and takes a batch that shows it.
async fn open_large(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let large: Large = parse(&body)?;
    let mut site = site.lock();
    site.open_large(large);
    let now = site.now();
    site.take_positions(Taken::default(), now);
    Ok(Json(json!({ "items": large.count() })))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("body", format!("not JSON: {error}")))?;
    read(&body)
}
