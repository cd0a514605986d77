//! Disputes on a line: the customer or the operator opens one, the seller resolves it (OR64).

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ControlError, Refusal};
use super::order::{Line, State};
use super::parts::reason;
use super::wire;
use super::world::World;

/// Which line a control call means, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentIn {
    order_id: String,
    order_line_id: String,
    reason_code: Option<String>,
}

/// OR64: the seller resolves the incident on a line.
///
/// # Errors
/// No such line, no incident on it, or a reason that is not for shops.
pub fn resolve(
    world: &mut World,
    order_id: &str,
    line_id: &str,
    body: &Value,
) -> Result<(), Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let code = match body.get("reason_code") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Number(code)) => code.to_string(),
        _ => return Err(Refusal::bad("reason_code is required")),
    };
    reason(&options, &code, "INCIDENT_CLOSE", true)?;
    let order = world.order_mut(order_id)?;
    let place = order
        .lines
        .iter()
        .position(|line| line.order_line_id == line_id);
    let line = place.map(|at| &mut order.lines[at]).ok_or_else(|| {
        let message = format!("Order line '{line_id}' does not exist on the order");
        Refusal::new(axum::http::StatusCode::NOT_FOUND, message)
    })?;
    if line.incident.is_none() {
        return Err(Refusal::bad(format!(
            "Order line '{line_id}' has no incident"
        )));
    }
    if options.incident_closes_at_once {
        line.incident = None;
    }
    order.touch(now);
    note(world, order_id, line_id, "resolved", &code);
    Ok(())
}

/// The customer or the operator opens an incident, or closes it; the order as OR11 shows it.
///
/// # Errors
/// No such line, or its state does not allow it.
pub fn set(world: &mut World, wish: &IncidentIn, opens: bool) -> Result<Value, ControlError> {
    world.settle();
    let now = world.now();
    let options = world.options.clone();
    let unknown = || ControlError::NotFound(format!("no line {}", wish.order_line_id));
    let order = world.changing(&wish.order_id).ok_or_else(unknown)?;
    let is_meant = |line: &&mut Line| line.order_line_id == wish.order_line_id;
    let line = order.lines.iter_mut().find(is_meant).ok_or_else(unknown)?;
    let is_allowed = matches!(
        line.state,
        State::Shipping | State::Shipped | State::Received
    );
    if !is_allowed || line.incident.is_some() == opens {
        let words = format!("line {} takes no such step now", wish.order_line_id);
        return Err(ControlError::Conflict(words));
    }
    let usual = if opens { "1" } else { "11" };
    let code = wish.reason_code.as_deref().unwrap_or(usual);
    line.incident = opens.then(|| code.to_owned());
    order.touch(now);
    let shown = wire::order(order, &options);
    let what = if opens { "opened" } else { "closed" };
    note(world, &wish.order_id, &wish.order_line_id, what, code);
    Ok(shown)
}

fn note(world: &mut World, order_id: &str, line_id: &str, what: &str, code: &str) {
    let row = json!({ "order_line_id": line_id, "what": what, "reason_code": code });
    let effect = world.effect(order_id, row);
    world.aftercare.incidents.push(effect);
    world.settle();
}
