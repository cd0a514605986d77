//! The routes of shipments, and their seek pages.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::aftercare::listed;
use super::error::Refusal;
use super::order::{Order, State as OrderState};
use super::routes::{Shared, committed, json_body, lock};
use super::seek::Ask;
use super::shipments;
use super::wire;
use super::world::World;
use crate::fault::Asks;
use crate::http::{Asked, Named};

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

type Listed = Query<Vec<(String, String)>>;

/// A page of what the orders that are asked for have, as they were so long ago.
fn seeking(
    shared: &Shared,
    told: Told,
    query: Vec<(String, String)>,
    rows: impl FnOnce(Vec<&Order>, &Ask) -> Vec<Value>,
) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let mut world = lock(shared);
    world.settle();
    if let Err(refusal) = shipments::allowed(&world.options) {
        return refusal.into_response();
    }
    listed(Ask::from_query(query).and_then(|(ask, from)| {
        let meant = world.orders.values();
        let meant = meant.filter(|order| ask.names("order_id", &order.order_id));
        let seen = meant.filter_map(|order| world.seen(order, asks.stale));
        ask.page(rows(seen.collect(), &ask), from, LIMIT_MOST)
    }))
}

async fn st11(State(shared): State<Shared>, told: Told, Query(query): Listed) -> Response {
    seeking(&shared, told, query, |orders, ask| {
        let mut found: Vec<_> = orders
            .into_iter()
            .flat_map(|order| order.shipments.iter().map(move |one| (order, one)))
            .collect();
        found.sort_by_key(|(order, shipment)| (shipment.created, &order.order_id, &shipment.id));
        let rows = found.into_iter().map(|(o, s)| shipments::row(o, s));
        let is_meant = |row: &Value| {
            let status = row["status"].as_str().unwrap_or_default();
            ask.names("shipment_state_code", status)
        };
        rows.filter(is_meant).collect()
    })
}

async fn st12(State(shared): State<Shared>, told: Told, Query(query): Listed) -> Response {
    seeking(&shared, told, query, |mut orders, _| {
        orders.retain(|order| order.state == OrderState::Shipping);
        orders.sort_by_key(|order| (order.to_ship_since, &order.order_id));
        orders.into_iter().filter_map(to_ship_row).collect()
    })
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
