//! Asynchronous exports of orders: asked for (OR13), waited for (OR14), read file by file (OR15).
//!
//! Where the vendor's text is silent: a second request while one is pending is refused with 400, a
//! file is a list of orders as OR11 shows them, and an export shows the orders as they are when it
//! ends.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Refusal;
use super::routes::{Shared, json_body, lock};
use super::wire;
use super::world::World;
use crate::http::{Asked, Committed, Named, sentence};

/// Longest span of an export.
const SPAN_H_MAX: i64 = 366 * 24;

/// How exports go, for a test to change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ways {
    /// Simulated seconds that an export takes.
    delay_s: f64,
    /// Orders a file.
    orders_a_file: usize,
    /// Exports end as FAILED.
    fail: bool,
    /// Host and port that the files' addresses name; absent means this one.
    files_at: Option<String>,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            delay_s: 0.0,
            orders_a_file: 10_000,
            fail: false,
            files_at: None,
        }
    }
}

/// Every export that was asked for.
#[derive(Debug, Default)]
pub struct Exports {
    ways: Ways,
    asked: BTreeMap<String, Export>,
}

#[derive(Debug)]
struct Export {
    filter: Filter,
    ready: Timestamp,
    failed: bool,
    /// The files, once it is ready.
    files: Option<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    start_update_date: Option<Timestamp>,
    end_update_date: Option<Timestamp>,
    #[serde(default)]
    order_state_codes: Vec<String>,
    #[serde(default)]
    channel_codes: Vec<String>,
    only_null_channel: Option<bool>,
    fulfillment_center_codes: Option<String>,
    order_tax_mode: Option<String>,
    items_per_chunk: Option<u64>,
    megabytes_per_chunk: Option<u64>,
}

impl Filter {
    fn check(&self) -> Result<(), Refusal> {
        let created = self.start_date.zip(self.end_date);
        let updated = self.start_update_date.zip(self.end_update_date);
        if created.is_none() && updated.is_none() {
            return Err(Refusal::bad("At least one date range is required"));
        }
        for (from, to) in created.into_iter().chain(updated) {
            let span = to.duration_since(from);
            if span.is_negative() || span > SignedDuration::from_hours(SPAN_H_MAX) {
                return Err(Refusal::bad("The date range must not exceed one year"));
            }
        }
        let items = self.items_per_chunk.unwrap_or(1_000_000);
        let megabytes = self.megabytes_per_chunk.unwrap_or(512);
        if !(10_000..=1_000_000).contains(&items) || !(10..=1_024).contains(&megabytes) {
            return Err(Refusal::bad("The size of the chunks is out of bounds"));
        }
        let words = [&self.order_state_codes, &self.channel_codes];
        if words.iter().any(|list| list.len() > 100) {
            return Err(Refusal::bad("The limit of 100 is exceeded"));
        }
        if self
            .order_tax_mode
            .as_deref()
            .is_some_and(|mode| mode != "TAX_INCLUDED" && mode != "TAX_EXCLUDED")
        {
            return Err(Refusal::bad("The tax mode is not known"));
        }
        Ok(())
    }

    fn shown(&self, world: &World) -> Vec<Value> {
        let within = |from: Option<Timestamp>, to: Option<Timestamp>, at: Timestamp| {
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        };
        let only_channels = !self.channel_codes.is_empty() && self.only_null_channel != Some(true);
        let orders = world.orders.values().filter(|order| {
            let state = order.state.word();
            let center = self.fulfillment_center_codes.as_deref();
            within(self.start_date, self.end_date, order.created)
                && within(self.start_update_date, self.end_update_date, order.updated)
                && (self.order_state_codes.is_empty()
                    || self.order_state_codes.iter().any(|code| code == state))
                && center.is_none_or(|center| center == order.fulfillment_center)
                && !only_channels
        });
        orders
            .map(|order| wire::order(order, &world.options))
            .collect()
    }
}

/// The seller's routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/orders/async-export", post(or13))
        .route("/api/orders/async-export/status/{tracking_id}", get(or14))
        .route("/api/orders/async-export/files/{tracking_id}", get(or15))
}

/// The control route: how exports go from now on.
pub fn control_routes() -> Router<Shared> {
    Router::new().route("/_sim/exports", post(change))
}

/// Names a request of an export, and the export it is about.
pub fn classify(asked: &Asked<'_>) -> Option<Named> {
    let path = asked.path.strip_prefix("/api/orders/async-export")?;
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (asked.method, parts.as_slice()) {
        (&Method::POST, [""]) => Some(("OR13", None)),
        (&Method::GET, ["status", id]) => Some(("OR14", Some((*id).to_owned()))),
        (&Method::GET, ["files", id]) => Some(("OR15", Some((*id).to_owned()))),
        _ => None,
    }
}

async fn or13(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let filter = json_body(&headers, &body).and_then(|body| {
        let filter = serde_json::from_value::<Filter>(body);
        filter.map_err(|error| Refusal::bad(error.to_string()))
    });
    let mut world = lock(&shared);
    match filter.and_then(|filter| request(&mut world, filter)) {
        Ok(tracking_id) => {
            let mut answer = Json(json!({ "tracking_id": tracking_id })).into_response();
            answer.extensions_mut().insert(Committed);
            answer
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn request(world: &mut World, filter: Filter) -> Result<String, Refusal> {
    filter.check()?;
    settle(world);
    let pending = |export: &Export| export.files.is_none() && !export.failed;
    if world.exports.asked.values().any(pending) {
        return Err(Refusal::bad("An export is already in progress"));
    }
    let ways = &world.exports.ways;
    let delay = SignedDuration::try_from_secs_f64(ways.delay_s).unwrap_or(SignedDuration::ZERO);
    let export = Export {
        filter,
        ready: world.now().saturating_add(delay).unwrap_or(Timestamp::MAX),
        failed: false,
        files: None,
    };
    let tracking_id = format!("export-{:06}", world.exports.asked.len() + 1);
    world.exports.asked.insert(tracking_id.clone(), export);
    Ok(tracking_id)
}

/// Ends the exports whose time has come.
fn settle(world: &mut World) {
    world.settle();
    let now = world.now();
    let ready = |export: &&Export| export.ready <= now && export.files.is_none() && !export.failed;
    let asked = world.exports.asked.iter();
    let due: Vec<(String, Vec<Value>)> = asked
        .filter(|(_, export)| ready(export))
        .map(|(id, export)| (id.clone(), export.filter.shown(world)))
        .collect();
    let Ways {
        fail,
        orders_a_file,
        ..
    } = world.exports.ways;
    for (id, shown) in due {
        if let Some(export) = world.exports.asked.get_mut(&id) {
            export.failed = fail;
            let files = shown.chunks(orders_a_file.max(1));
            export.files = (!fail).then(|| files.map(|orders| json!(orders)).collect());
        }
    }
}

async fn or14(
    State(shared): State<Shared>,
    Path(tracking_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut world = lock(&shared);
    settle(&mut world);
    let now = world.now();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let host = world.exports.ways.files_at.as_deref().unwrap_or(host);
    let Some(export) = world.exports.asked.get(&tracking_id) else {
        return Refusal::new(StatusCode::NOT_FOUND, "Export not found").into_response();
    };
    let address =
        |n: usize| format!("http://{host}/api/orders/async-export/files/{tracking_id}?file={n}");
    let shown = match &export.files {
        _ if export.failed => json!({ "status": "FAILED", "last_updated": now }),
        None => json!({ "status": "PENDING", "last_updated": now }),
        Some(files) => {
            let urls: Vec<String> = (0..files.len()).map(address).collect();
            json!({ "status": "COMPLETED", "last_updated": export.ready, "urls": urls })
        }
    };
    Json(shown).into_response()
}

async fn or15(
    State(shared): State<Shared>,
    Path(tracking_id): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    let world = lock(&shared);
    let file = asked.get("file").and_then(|n| n.parse::<usize>().ok());
    let export = world.exports.asked.get(&tracking_id);
    let files = export.and_then(|export| export.files.as_ref());
    match files.zip(file).and_then(|(files, n)| files.get(n)) {
        Some(orders) => Json(orders.clone()).into_response(),
        None => Refusal::new(StatusCode::NOT_FOUND, "File not found").into_response(),
    }
}

async fn change(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Ways>(&body) {
        Ok(ways) => {
            let shown = Json(json!(ways)).into_response();
            lock(&shared).exports.ways = ways;
            shown
        }
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}
