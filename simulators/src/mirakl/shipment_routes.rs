//! The routes of shipments, and their seek pages.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::error::Refusal;
use super::order::{Order, State as OrderState};
use super::routes::{Shared, committed, json_body, lock};
use super::shipments;
use super::wire;
use super::world::World;
use crate::fault::Asks;
use crate::http::{Asked, Named};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MOST: usize = 100;

/// The seller's routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/shipments", get(st11).post(st01))
        .route("/api/shipments/items_to_ship", get(st12))
        .route("/api/shipments/tracking", post(st23))
        .route("/api/shipments/ship", put(st24))
        .route("/api/shipments/delete", put(st06))
}

/// Names a request about shipments, and the orders or shipments it is about.
pub fn classify(asked: &Asked<'_>) -> Option<Named> {
    let path = asked.path.strip_prefix("/api/shipments")?;
    let op = match (asked.method, path.trim_matches('/')) {
        (&Method::GET, "") => {
            let ids = asked
                .query
                .split('&')
                .filter_map(|part| part.strip_prefix("order_id="));
            let ids = ids.collect::<Vec<_>>().join(",");
            return Some(("ST11", (!ids.is_empty()).then_some(ids)));
        }
        (&Method::POST, "") => "ST01",
        (&Method::GET, "items_to_ship") => "ST12",
        (&Method::POST, "tracking") => "ST23",
        (&Method::PUT, "ship") => "ST24",
        (&Method::PUT, "delete") => "ST06",
        _ => return None,
    };
    Some((op, named(asked.body)))
}

fn named(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let elements = body.get("shipments")?.as_array()?.iter();
    let id = |one: &Value| {
        let id = one.get("order_id").or_else(|| one.get("id"))?;
        id.as_str().map(str::to_owned)
    };
    Some(elements.filter_map(id).collect::<Vec<_>>().join(","))
}

type Told = Option<Extension<Asks>>;
type Changed = Result<(Value, bool), Refusal>;

fn written(
    shared: &Shared,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    change: impl FnOnce(&mut World, &Value) -> Changed,
) -> Response {
    let body = match json_body(headers, body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(shared);
    world.settle();
    match change(&mut world, &body) {
        Ok((shown, true)) => committed((status, Json(shown)).into_response()),
        Ok((shown, false)) => (status, Json(shown)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn st01(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    written(
        &shared,
        StatusCode::CREATED,
        &headers,
        &body,
        |world, body| shipments::create(world, body, asks.partial.as_deref()),
    )
}

async fn st23(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    written(&shared, StatusCode::OK, &headers, &body, |world, body| {
        shipments::change_each(world, body, shipments::track)
    })
}

async fn st24(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    written(&shared, StatusCode::OK, &headers, &body, |world, body| {
        shipments::change_each(world, body, shipments::leave)
    })
}

async fn st06(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    written(&shared, StatusCode::OK, &headers, &body, |world, body| {
        shipments::change_each(world, body, shipments::delete)
    })
}

/// The page that is asked for; the token carries the whole question, so nothing else counts with one.
struct Seek {
    order_ids: Vec<String>,
    states: Vec<String>,
    limit: usize,
    from: usize,
}

impl Seek {
    fn read(uri: &Uri) -> Result<Self, Refusal> {
        let cannot = |_| Refusal::bad("The query cannot be read");
        let Query(asked) =
            Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|e| cannot(e.to_string()))?;
        let all = |name: &str| -> Vec<String> {
            let mine = asked.iter().filter(|(asked, _)| asked == name);
            let texts = mine.flat_map(|(_, text)| text.split(','));
            texts.filter(|t| !t.is_empty()).map(str::to_owned).collect()
        };
        if let Some(token) = all("page_token").first() {
            return Self::from_token(token).ok_or_else(|| Refusal::bad("page_token is not valid"));
        }
        let limit = match all("limit").first() {
            Some(text) => text.parse().ok(),
            None => Some(LIMIT_DEFAULT),
        };
        let limit = limit.filter(|limit| (1..=LIMIT_MOST).contains(limit));
        Ok(Self {
            order_ids: all("order_id"),
            states: all("shipment_state_code"),
            limit: limit.ok_or_else(|| Refusal::bad("limit must be 1 to 100"))?,
            from: 0,
        })
    }

    /// The order IDs come last, since they may hold dots.
    fn token(&self, from: usize) -> String {
        let (ids, states) = (self.order_ids.join("~"), self.states.join("~"));
        format!("{from}.{}.{states}.{ids}", self.limit)
    }

    fn from_token(token: &str) -> Option<Self> {
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [from, limit, states, ids] = parts.as_slice() else {
            return None;
        };
        let list = |text: &str| -> Vec<String> {
            let texts = text.split('~').filter(|t| !t.is_empty());
            texts.map(str::to_owned).collect()
        };
        Some(Self {
            order_ids: list(ids),
            states: list(states),
            limit: limit.parse().ok()?,
            from: from.parse().ok()?,
        })
    }

    fn page(&self, rows: Vec<Value>) -> Response {
        let total = rows.len();
        let after = self.from.saturating_add(self.limit);
        let data: Vec<Value> = rows.into_iter().skip(self.from).take(self.limit).collect();
        let mut body = json!({ "data": data });
        if after < total {
            body["next_page_token"] = json!(self.token(after));
        }
        if self.from > 0 {
            body["previous_page_token"] = json!(self.token(self.from.saturating_sub(self.limit)));
        }
        Json(body).into_response()
    }

    /// The orders that are meant, as they were so long ago.
    fn orders<'a>(
        &'a self,
        world: &'a World,
        ago: Option<Duration>,
    ) -> impl Iterator<Item = &'a Order> {
        let meant = world
            .orders
            .values()
            .filter(|order| self.order_ids.is_empty() || self.order_ids.contains(&order.order_id));
        meant.filter_map(move |order| world.seen(order, ago))
    }
}

async fn st11(State(shared): State<Shared>, told: Told, uri: Uri) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let mut world = lock(&shared);
    world.settle();
    let seek = match shipments::allowed(&world.options).and_then(|()| Seek::read(&uri)) {
        Ok(seek) => seek,
        Err(refusal) => return refusal.into_response(),
    };
    let mut found: Vec<_> = seek
        .orders(&world, asks.stale)
        .flat_map(|order| {
            order
                .shipments
                .iter()
                .map(move |shipment| (order, shipment))
        })
        .collect();
    found.sort_by_key(|(order, shipment)| (shipment.created, &order.order_id, &shipment.id));
    let rows = found.into_iter().map(|(o, s)| shipments::row(o, s));
    let is_meant = |row: &Value| {
        let status = row["status"].as_str().unwrap_or_default();
        seek.states.is_empty() || seek.states.iter().any(|state| state == status)
    };
    seek.page(rows.filter(is_meant).collect())
}

async fn st12(State(shared): State<Shared>, told: Told, uri: Uri) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let mut world = lock(&shared);
    world.settle();
    let seek = match shipments::allowed(&world.options).and_then(|()| Seek::read(&uri)) {
        Ok(seek) => seek,
        Err(refusal) => return refusal.into_response(),
    };
    let to_ship = seek
        .orders(&world, asks.stale)
        .filter(|order| order.state == OrderState::Shipping);
    let mut found: Vec<&Order> = to_ship.collect();
    found.sort_by_key(|order| (order.to_ship_since, &order.order_id));
    let rows = found.into_iter().filter_map(to_ship_row);
    seek.page(rows.collect())
}

fn to_ship_row(order: &Order) -> Option<Value> {
    let left = order.left_to_ship();
    let lines: Vec<Value> = order
        .lines
        .iter()
        .zip(left)
        .filter(|(_, left)| *left > 0)
        .map(|(line, left)| {
            json!({
                "order_line_id": line.order_line_id,
                "offer_sku": line.offer_sku,
                "product_title": line.title,
                "quantity": left,
            })
        })
        .collect();
    (!lines.is_empty()).then(|| {
        json!({
            "order_id": order.order_id,
            "fulfillment": { "center": { "code": order.fulfillment_center } },
            "shipping_date": order.to_ship_since,
            "shipping_deadline": order.deadline,
            "shipping_type_code": order.shipping_type_code,
            "shipping_address": wire::shipping_address(order),
            "shipment_lines": lines,
        })
    })
}
