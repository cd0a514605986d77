//! The routes of returns (RT01 to RT29): batches answered element by element.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::aftercare::listed;
use super::error::Refusal;
use super::parts::reason;
use super::returns::{ReturnIn, ReturnState, asked, open, returnable};
use super::routes::{Shared, committed, json_body, lock};
use super::seek::Ask;
use super::world::World;
use crate::fault::Asks;

type Told = Option<Extension<Asks>>;
type Listed = Query<Vec<(String, String)>>;

/// RT01 to RT29.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/returns", get(rt11).post(rt01).put(rt04))
        .route("/api/returns/items_to_return", get(rt12))
        .route("/api/returns/accept", put(rt21))
        .route("/api/returns/receive", put(rt25))
        .route("/api/returns/compliance", put(rt26))
        .route("/api/returns/close", put(rt27))
        .route("/api/returns/cancel", put(rt29))
}

fn refuse_where_off(world: &World) -> Result<(), Refusal> {
    if world.options.returns {
        return Ok(());
    }
    let words = "Returns are not activated";
    Err(Refusal::new(StatusCode::FORBIDDEN, words))
}

async fn rt11(State(shared): State<Shared>, Query(query): Listed) -> Response {
    let mut world = lock(&shared);
    world.settle();
    if let Err(refusal) = refuse_where_off(&world) {
        return refusal.into_response();
    }
    listed(Ask::from_query(query).and_then(|(ask, from)| {
        let rows = asked(&world, &ask)?.into_iter();
        ask.page(rows.map(super::returns::Return::shown).collect(), from, 100)
    }))
}

async fn rt12(State(shared): State<Shared>, Query(query): Listed) -> Response {
    let mut world = lock(&shared);
    world.settle();
    if let Err(refusal) = refuse_where_off(&world) {
        return refusal.into_response();
    }
    listed(Ask::from_query(query).and_then(|(ask, from)| {
        let reasons: Vec<&str> = world
            .options
            .reasons
            .iter()
            .filter(|one| one.kind == "RETURN")
            .map(|one| one.code.as_str())
            .collect();
        let lines = world.orders.values();
        let lines = lines.flat_map(|order| order.lines.iter().map(move |line| (order, line)));
        let rows = lines.filter_map(|(order, line)| {
            let is_meant = ask.names("order_commercial_id", &order.commercial_id)
                && ask.names("order_line_id", &line.order_line_id);
            let left = returnable(&world, &line.order_line_id);
            (is_meant && left > 0).then(|| {
                json!({
                    "order_commercial_id": order.commercial_id,
                    "order_line_id": line.order_line_id,
                    "returnable_quantity": left,
                    "return_window": 30,
                    "available_return_methods": ["RETURN_METHOD_BY_MAIL"],
                    "available_return_reasons": reasons,
                })
            })
        });
        ask.page(rows.collect(), from, 100)
    }))
}

async fn rt01(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let name = "order_commercial_id";
    batch(
        &shared,
        told,
        (&headers, &body),
        (name, 200),
        |world, item| {
            let wish: ReturnIn = serde_json::from_value(item.clone())
                .map_err(|_| "The return cannot be read".to_owned())?;
            open(world, &wish, true)
        },
    )
}

async fn rt04(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(
        &shared,
        told,
        (&headers, &body),
        ("id", 100),
        |world, item| {
            let now = world.now();
            let one = named(world, item)?;
            let rma = item.get("rma").and_then(Value::as_str);
            let is_code = |rma: &str| {
                let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                (1..=100).contains(&rma.len()) && rma.chars().all(legal)
            };
            if rma.is_some_and(|rma| !is_code(rma)) {
                return Err("rma is not valid".to_owned());
            }
            if let Some(code) = item.get("method_code").and_then(Value::as_str) {
                if one.state != ReturnState::WaitingAcceptance {
                    return Err("method_code cannot change after acceptance".to_owned());
                }
                code.clone_into(&mut one.method_code);
            }
            if let Some(rma) = rma {
                one.rma = Some(rma.to_owned());
            }
            if let Some(url) = item.get("label_url").and_then(Value::as_str) {
                one.label_url = Some(url.to_owned());
            }
            if let Some(tracking) = item.get("tracking").filter(|sent| sent.is_object()) {
                one.tracking = tracking.clone();
            }
            one.touch(now);
            Ok(vec![one.shown()])
        },
    )
}

async fn rt21(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(
        &shared,
        told,
        (&headers, &body),
        ("id", 100),
        |world, item| {
            let accepted = item.get("accepted").and_then(Value::as_bool);
            let accepted = accepted.ok_or_else(|| "accepted is required".to_owned())?;
            let code = item.get("rejection_reason_code").and_then(Value::as_str);
            if let Some(code) = code.filter(|_| !accepted) {
                let known = reason(&world.options, code, "RETURN_REJECTION", true);
                known.map_err(|refusal| refusal.message)?;
            }
            let to = if accepted {
                ReturnState::InProgress
            } else {
                ReturnState::Refused
            };
            let answer = step(world, item, &[ReturnState::WaitingAcceptance], to)?;
            if !accepted {
                named(world, item)?.rejection_reason_code = code.map(str::to_owned);
            }
            Ok(answer)
        },
    )
}

async fn rt25(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(
        &shared,
        told,
        (&headers, &body),
        ("id", 100),
        |world, item| {
            step(
                world,
                item,
                &[ReturnState::InProgress],
                ReturnState::Received,
            )
        },
    )
}

async fn rt26(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(&shared, told, (&headers, &body), ("id", 100), comply)
}

async fn rt27(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(
        &shared,
        told,
        (&headers, &body),
        ("id", 100),
        |world, item| step(world, item, &[ReturnState::Received], ReturnState::Closed),
    )
}

async fn rt29(
    State(shared): State<Shared>,
    told: Told,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    batch(
        &shared,
        told,
        (&headers, &body),
        ("id", 100),
        |world, item| {
            let from = [ReturnState::WaitingAcceptance, ReturnState::InProgress];
            step(world, item, &from, ReturnState::Canceled)
        },
    )
}

/// RT26: what the seller found on each line.
fn comply(world: &mut World, item: &Value) -> Result<Vec<Value>, String> {
    let options = world.options.clone();
    let now = world.now();
    let one = named(world, item)?;
    if one.state != ReturnState::Received {
        let words = format!("Return '{}' is {}", one.id, one.state.word());
        return Err(words);
    }
    let sent = item.get("return_lines").and_then(Value::as_array);
    let sent = sent.ok_or_else(|| "return_lines is required".to_owned())?;
    let mut found = Vec::new();
    for line in sent {
        let id = line.get("order_line_id").and_then(Value::as_str);
        let place = one
            .lines
            .iter()
            .position(|known| Some(known.order_line_id.as_str()) == id);
        let place = place.ok_or_else(|| "The return has no such line".to_owned())?;
        let compliant = line.get("compliant").and_then(Value::as_bool);
        let compliant = compliant.ok_or_else(|| "compliant is required".to_owned())?;
        let code = line
            .get("non_compliance_reason_code")
            .and_then(Value::as_str);
        if let Some(code) = code.filter(|_| !compliant) {
            let known = reason(&options, code, "RETURN_NON_COMPLIANT", true);
            known.map_err(|refusal| refusal.message)?;
        }
        let more = line.get("non_compliance_additional_info");
        let row = json!({
            "compliant": compliant,
            "non_compliance_reason_code": code,
            "non_compliance_additional_info": more,
        });
        found.push((place, row));
    }
    for (place, row) in found {
        one.lines[place].compliance = vec![row];
    }
    one.touch(now);
    Ok(vec![json!({ "id": one.id })])
}

fn named<'a>(world: &'a mut World, item: &Value) -> Result<&'a mut super::returns::Return, String> {
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let one = world.aftercare.returns.get_mut(id);
    one.ok_or_else(|| format!("Return '{id}' does not exist"))
}

fn step(
    world: &mut World,
    item: &Value,
    from: &[ReturnState],
    to: ReturnState,
) -> Result<Vec<Value>, String> {
    let now = world.now();
    let one = named(world, item)?;
    if !from.contains(&one.state) {
        let words = format!("Return '{}' is {}", one.id, one.state.word());
        return Err(words);
    }
    one.go(to, now);
    Ok(vec![json!({ "id": one.id })])
}

/// Does each element and tells of each; those that a fault names are refused inside the answer.
fn batch(
    shared: &Shared,
    told: Told,
    (headers, body): (&HeaderMap, &Bytes),
    (name, most): (&str, usize),
    mut work: impl FnMut(&mut World, &Value) -> Result<Vec<Value>, String>,
) -> Response {
    let Extension(asks) = told.unwrap_or_default();
    let body = match json_body(headers, body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let mut world = lock(shared);
    world.settle();
    if let Err(refusal) = refuse_where_off(&world) {
        return refusal.into_response();
    }
    let items = body.get("returns").and_then(Value::as_array);
    let items = items.filter(|items| (1..=most).contains(&items.len()));
    let Some(items) = items else {
        let words = format!("returns must hold 1 to {most} elements");
        return Refusal::bad(words).into_response();
    };
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for item in items {
        let id = item.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_struck = asks.partial.as_deref().is_some_and(|key| id.contains(key));
        let result = if is_struck {
            Err("The return cannot be updated at the moment".to_owned())
        } else {
            work(&mut world, item)
        };
        match result {
            Ok(rows) => done.extend(rows),
            Err(message) => refused.push(json!({ name: id, "message": message })),
        }
    }
    let is_changed = !done.is_empty();
    let answer = json!({ "return_success": done, "return_errors": refused });
    let response = Json(answer).into_response();
    if is_changed {
        committed(response)
    } else {
        response
    }
}
