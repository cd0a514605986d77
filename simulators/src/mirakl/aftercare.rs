//! What follows a sale: refunds, cancelations, incidents and the account; their routes and records.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::amount::Amount;
use super::cancelation;
use super::error::{ControlError, Refusal};
use super::incidents::{self, IncidentIn};
use super::order::Order;
use super::parts::Asked;
use super::refund::{self, By};
use super::returns::Return;
use super::routes::{Shared, committed, json_body, lock};
use super::seek::Ask;
use super::transactions::Transactions;
use super::world::{Effect, World};
use crate::http::{Asked as Call, Named, sentence};

/// Most lines of the account on a page.
const ACCOUNT_PAGE: usize = 2000;

/// What happened after sales.
#[derive(Debug, Default)]
pub struct Aftercare {
    pub refunds: Vec<Effect>,
    pub cancelations: Vec<Effect>,
    pub incidents: Vec<Effect>,
    pub returns: BTreeMap<String, Return>,
    pub transactions: Transactions,
    /// Refunds that are paid by the clock, and when.
    pub confirming: Vec<(Timestamp, String)>,
    last_id: u32,
    last_uuid: u128,
}

impl Aftercare {
    /// The next ID of a refund or a cancelation.
    pub fn next_id(&mut self) -> String {
        self.last_id += 1;
        (1100 + self.last_id).to_string()
    }

    /// The next ID of a return or of the refunds of one call.
    pub fn next_uuid(&mut self) -> String {
        self.last_uuid += 1;
        uuid_of(1, self.last_uuid)
    }

    /// Adds what happened to the ledger.
    pub fn show(&self, ledger: &mut Value) {
        ledger["refunds"] = json!(self.refunds);
        ledger["cancelations"] = json!(self.cancelations);
        ledger["incidents"] = json!(self.incidents);
        ledger["returns"] = json!(self.returns.values().collect::<Vec<_>>());
        ledger["transactions"] = json!(self.transactions.all());
    }
}

/// A UUID out of a kind of thing and a number: the same in each run.
pub fn uuid_of(kind: u128, number: u128) -> String {
    let fixed = (kind << 96) | (0x4000 << 64) | (0x8000 << 48);
    uuid::Uuid::from_u128(fixed | number).to_string()
}

/// The moment so many seconds on.
pub fn paid_after(now: Timestamp, seconds: u64) -> Timestamp {
    now.checked_add(Duration::from_secs(seconds)).unwrap_or(now)
}

/// Copies of the orders that a call is about, to check all of it before any of it is done.
#[derive(Debug)]
pub struct Drafts(BTreeMap<String, Order>);

/// One line of a draft.
#[derive(Debug)]
pub struct Draft<'a> {
    pub order: &'a mut Order,
    pub line: usize,
}

/// Copies of the orders of the lines asked for.
///
/// # Errors
/// A line is on no order here.
pub fn drafts(world: &World, asked: &[Asked]) -> Result<Drafts, Refusal> {
    let mut drafts = BTreeMap::new();
    for one in asked {
        let id = order_of(&one.order_line_id);
        let order = world
            .orders
            .get(id)
            .ok_or_else(|| no_line(&one.order_line_id))?;
        drafts.insert(id.to_owned(), order.clone());
    }
    Ok(Drafts(drafts))
}

impl Drafts {
    /// The draft's order and the place of a line in it.
    ///
    /// # Errors
    /// There is no such line.
    pub fn find(&mut self, line_id: &str) -> Result<Draft<'_>, Refusal> {
        let order = self.0.get_mut(order_of(line_id));
        let order = order.ok_or_else(|| no_line(line_id))?;
        let place = order
            .lines
            .iter()
            .position(|line| line.order_line_id == line_id);
        let line = place.ok_or_else(|| no_line(line_id))?;
        Ok(Draft { order, line })
    }
}

/// Order of a line, by how line IDs are made.
pub fn order_of(line_id: &str) -> &str {
    line_id.rsplit_once('-').map_or(line_id, |(order, _)| order)
}

fn no_line(line_id: &str) -> Refusal {
    let message = format!("Order line '{line_id}' does not exist");
    Refusal::new(StatusCode::NOT_FOUND, message)
}

impl World {
    /// Brings the account up to what an order has become.
    pub fn account_for(&mut self, order_id: &str) {
        let now = self.now();
        if let Some(order) = self.orders.get(order_id) {
            self.aftercare.transactions.follow(order, now);
        }
    }

    /// Pending and payable balance of the shop.
    pub fn balance_amounts(&self) -> (Amount, Amount) {
        let (pending, payable) = self.aftercare.transactions.balances();
        (pending, payable + self.options.opening_balance)
    }

    /// The balances as A01 shows them.
    pub fn balances(&self) -> Value {
        let (pending, payable) = self.balance_amounts();
        json!({ "paid_balance": 0, "payable_balance": payable, "pending_balance": pending })
    }

    /// Pays the refunds whose time has come.
    pub fn confirm_due_refunds(&mut self, now: Timestamp) {
        let waiting = std::mem::take(&mut self.aftercare.confirming);
        let (due, later) = waiting
            .into_iter()
            .partition::<Vec<_>, _>(|(at, _)| *at <= now);
        self.aftercare.confirming = later;
        for (at, refund_id) in due {
            self.confirm(at, |_, id| id == refund_id);
        }
    }

    /// Pays every waiting refund that is meant, by its order and its ID; which they were.
    pub fn confirm(&mut self, at: Timestamp, is_meant: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let waiting: Vec<(String, String)> = self
            .orders
            .values()
            .flat_map(|order| order.lines.iter().map(move |line| (order, line)))
            .flat_map(|(order, line)| line.refunds.iter().map(move |refund| (order, refund)))
            .filter(|(order, refund)| {
                refund.paid.is_none() && is_meant(&order.order_id, &refund.id)
            })
            .map(|(order, refund)| (order.order_id.clone(), refund.id.clone()))
            .collect();
        let mut confirmed = Vec::new();
        for (order_id, refund_id) in waiting {
            let order = self.changing(&order_id);
            if order.is_some_and(|order| order.confirm_refund(&refund_id, at)) {
                confirmed.push(refund_id);
            }
        }
        confirmed
    }
}

/// OR28, OR30, OR64, TL02.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/orders/refund", put(or28))
        .route("/api/orders/cancel", put(or30))
        .route(
            "/api/orders/{order_id}/lines/{line}/resolve_incident",
            put(or64),
        )
        .route("/api/sellerpayment/transactions_logs", get(tl02))
}

/// What the operator and the customer do.
pub fn control_routes() -> Router<Shared> {
    Router::new()
        .route("/_sim/refunds", post(refund_by_hand))
        .route("/_sim/refunds/confirm", post(confirm))
        .route("/_sim/cancelations", post(cancel_by_hand))
        .route("/_sim/incidents", post(open_incident))
        .route("/_sim/incidents/close", post(close_incident))
}

/// Names the operation of a request and what it is about.
pub fn classify(asked: &Call<'_>) -> Option<Named> {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let listed = |list: &str, id: &str| {
        let body: Value = serde_json::from_slice(asked.body).ok()?;
        let items = body.get(list)?.as_array()?.iter();
        let ids: Vec<&str> = items.filter_map(|item| item.get(id)?.as_str()).collect();
        Some(ids.join(","))
    };
    let returned = || listed("returns", "id");
    let (get, post) = (asked.method == Method::GET, asked.method == Method::POST);
    if get {
        return match parts.as_slice() {
            ["api", "returns"] => Some(("RT11", None)),
            ["api", "returns", "items_to_return"] => Some(("RT12", None)),
            ["api", "sellerpayment", "transactions_logs"] => Some(("TL02", None)),
            _ => None,
        };
    }
    if post {
        let made = parts.as_slice() == ["api", "returns"];
        return made.then(|| ("RT01", listed("returns", "order_commercial_id")));
    }
    match parts.as_slice() {
        ["api", "orders", "refund"] => Some(("OR28", listed("refunds", "order_line_id"))),
        ["api", "orders", "cancel"] => Some(("OR30", listed("cancelations", "order_line_id"))),
        ["api", "orders", _, "lines", line, "resolve_incident"] => {
            Some(("OR64", Some((*line).to_owned())))
        }
        ["api", "returns"] => Some(("RT04", returned())),
        ["api", "returns", "accept"] => Some(("RT21", returned())),
        ["api", "returns", "receive"] => Some(("RT25", returned())),
        ["api", "returns", "compliance"] => Some(("RT26", returned())),
        ["api", "returns", "close"] => Some(("RT27", returned())),
        ["api", "returns", "cancel"] => Some(("RT29", returned())),
        _ => None,
    }
}

async fn or28(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    change(&shared, &headers, &body, |world, body| {
        refund::refund(world, body, By::Api)
    })
}

async fn or30(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    change(&shared, &headers, &body, |world, body| {
        cancelation::cancel(world, body, By::Api)
    })
}

async fn or64(
    State(shared): State<Shared>,
    Path((order_id, line)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = match json_body(&headers, &body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(&shared);
    world.settle();
    match incidents::resolve(&mut world, &order_id, &line, &body) {
        Ok(()) => committed(StatusCode::NO_CONTENT.into_response()),
        Err(refusal) => refusal.into_response(),
    }
}

async fn tl02(
    State(shared): State<Shared>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    let mut world = lock(&shared);
    world.settle();
    let page = Ask::from_query(asked).and_then(|(ask, from)| {
        let found = world.aftercare.transactions.asked(&ask)?;
        let rows = found.into_iter();
        let rows = rows.map(|one| one.shown(world.orders.get(&one.order_id)));
        ask.page(rows.collect(), from, ACCOUNT_PAGE)
    });
    listed(page)
}

/// A page, or why there is none.
pub fn listed(page: Result<Value, String>) -> Response {
    match page {
        Ok(page) => Json(page).into_response(),
        Err(words) => Refusal::bad(words).into_response(),
    }
}

/// Runs a change on a world that is up to date; 200 with what it answers.
fn change(
    shared: &Shared,
    headers: &HeaderMap,
    body: &Bytes,
    work: impl FnOnce(&mut World, &Value) -> Result<Value, Refusal>,
) -> Response {
    let body = match json_body(headers, body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(shared);
    world.settle();
    match work(&mut world, &body) {
        Ok(answer) => committed(Json(answer).into_response()),
        Err(refusal) => refusal.into_response(),
    }
}

async fn refund_by_hand(State(shared): State<Shared>, body: Bytes) -> Response {
    by_hand(&shared, &body, refund::refund)
}

async fn cancel_by_hand(State(shared): State<Shared>, body: Bytes) -> Response {
    by_hand(&shared, &body, cancelation::cancel)
}

/// What the operator or the seller does in the portal.
fn by_hand(
    shared: &Shared,
    body: &Bytes,
    work: impl FnOnce(&mut World, &Value, By) -> Result<Value, Refusal>,
) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return sentence(StatusCode::BAD_REQUEST, "a body as JSON is needed");
    };
    let by = match body.get("by").and_then(Value::as_str) {
        None | Some("operator") => By::Operator,
        Some("seller") => By::Seller,
        Some(_) => return sentence(StatusCode::BAD_REQUEST, "by is operator or seller"),
    };
    let mut world = lock(shared);
    world.settle();
    match work(&mut world, &body, by) {
        Ok(answer) => (StatusCode::CREATED, Json(answer)).into_response(),
        Err(refusal) => sentence(refusal.status, &refusal.message),
    }
}

/// Which refunds the operator confirms; nothing named means all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Confirm {
    order_id: Option<String>,
    refund_id: Option<String>,
}

async fn confirm(State(shared): State<Shared>, body: Bytes) -> Response {
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let wish: Confirm = match serde_json::from_slice(body) {
        Ok(wish) => wish,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let mut world = lock(&shared);
    world.settle();
    let now = world.now();
    let is = |wished: &Option<String>, id: &str| wished.as_ref().is_none_or(|one| one == id);
    let confirmed = world.confirm(now, |order_id, refund_id| {
        is(&wish.order_id, order_id) && is(&wish.refund_id, refund_id)
    });
    Json(json!({ "confirmed": confirmed })).into_response()
}

async fn open_incident(State(shared): State<Shared>, body: Bytes) -> Response {
    set_incident(&shared, &body, true)
}

async fn close_incident(State(shared): State<Shared>, body: Bytes) -> Response {
    set_incident(&shared, &body, false)
}

fn set_incident(shared: &Shared, body: &[u8], opens: bool) -> Response {
    let set = serde_json::from_slice::<IncidentIn>(body)
        .map_err(|error| ControlError::Invalid(error.to_string()))
        .and_then(|wish| incidents::set(&mut lock(shared), &wish, opens));
    match set {
        Ok(shown) => Json(shown).into_response(),
        Err(error) => sentence(error.status(), &error.to_string()),
    }
}
