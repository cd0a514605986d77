//! What the seller does to an order: OR04, OR21, OR23, OR24, OR29.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refusal;
use super::options::MiraklOptions;
use super::order::{Order, State, Tracking};
use super::world::World;

/// OR21: accepts or refuses every line.
pub fn accept(world: &mut World, order_id: &str, body: &Value) -> Result<(), Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let order = world.order_mut(order_id).map_err(|refusal| Refusal {
        code: Some("ORDER_NOT_FOUND"),
        ..refusal
    })?;
    if !order.is_shipped_by_seller() {
        let message = "The order is fulfilled by the operator";
        return Err(Refusal::coded("ORDER_FULFILLED_UNAUTHORIZED", message));
    }
    if order.state != State::WaitingAcceptance {
        let message = format!("Order '{order_id}' is in state {}", order.state.word());
        return Err(Refusal::coded("ORDER_INVALID_STATE", message));
    }
    let decisions = decisions(order, body, &options)?;
    order.decide(&decisions, now, &options);
    order.decided = Some(order.updated);
    world.note_decision(order_id, "api");
    Ok(())
}

fn decisions(order: &Order, body: &Value, options: &MiraklOptions) -> Result<Vec<bool>, Refusal> {
    let invalid = |message: &str| Refusal::coded("VALIDATION_ERROR", message);
    let sent = body.get("order_lines").and_then(Value::as_array);
    let sent = sent.filter(|lines| !lines.is_empty());
    let sent = sent.ok_or_else(|| invalid("order_lines must be a list and not empty"))?;
    let mut decisions = vec![None; order.lines.len()];
    for line in sent {
        if line.is_null() {
            let message = "order_lines holds a null element";
            return Err(Refusal::coded("ORDER_LINE_NULL_ELEMENT", message));
        }
        let id = line
            .get("id")
            .and_then(text)
            .ok_or_else(|| invalid("id is required"))?;
        let accepted = line.get("accepted").and_then(boolean);
        let accepted = accepted.ok_or_else(|| invalid("accepted is required"))?;
        let place = order.lines.iter().position(|line| line.order_line_id == id);
        let place = place.ok_or_else(|| {
            let message = format!("Order line '{id}' does not exist on the order");
            Refusal::not_found("ORDER_LINE_NOT_FOUND", message)
        })?;
        if decisions[place].replace(accepted).is_some() {
            let message = format!("Order line '{id}' appears more than once");
            return Err(Refusal::coded("ORDER_LINE_DUPLICATE_ID", message));
        }
    }
    let decisions: Option<Vec<bool>> = decisions.into_iter().collect();
    let decisions = decisions.ok_or_else(|| {
        let message = "Every order line needs a decision";
        Refusal::coded("ORDER_LINE_ACCEPTANCE_DECISION_MISSING", message)
    })?;
    let is_partial = decisions.iter().any(|decision| *decision != decisions[0]);
    if is_partial && !options.partial_acceptance {
        let message = "Lines cannot be decided on differently";
        return Err(Refusal::coded("ORDER_PARTIAL_ACCEPTANCE_DISABLED", message));
    }
    Ok(decisions)
}

/// The server takes numbers for text and text for booleans.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

#[derive(Deserialize)]
pub struct SentTracking {
    carrier_code: Option<String>,
    carrier_standard_code: Option<String>,
    carrier_name: Option<String>,
    /// Of OR23.
    pub carrier_url: Option<String>,
    /// The same of shipments.
    pub tracking_url: Option<String>,
    tracking_number: Option<String>,
}

/// OR23: carrier and tracking number.
pub fn track(world: &mut World, order_id: &str, body: Value) -> Result<(), Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let order = world.order_mut(order_id)?;
    let sent: SentTracking =
        serde_json::from_value(body).map_err(|error| Refusal::bad(error.to_string()))?;
    if !matches!(order.state, State::Shipping | State::Shipped) || !order.is_shipped_by_seller() {
        let state = order.state.word();
        return Err(Refusal::bad(format!(
            "Order '{order_id}' in state {state} takes no tracking"
        )));
    }
    order.tracking = Some(tracking(sent, &options)?);
    order.touch(now);
    world.note_tracking(order_id);
    Ok(())
}

/// Carrier and number as they will be shown, or why they are not taken.
pub fn tracking(sent: SentTracking, options: &MiraklOptions) -> Result<Tracking, Refusal> {
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let number = filled(sent.tracking_number);
    let code = filled(sent.carrier_code);
    let standard_code = filled(sent.carrier_standard_code);
    let name = filled(sent.carrier_name);
    let registered = options
        .carriers
        .iter()
        .find(|carrier| match (&code, &standard_code) {
            (Some(code), _) => carrier.code == *code,
            (None, Some(_)) => carrier.standard_code == standard_code,
            (None, None) => false,
        });
    if let Some(carrier) = registered {
        let template = carrier.tracking_url.as_deref();
        if number.is_none() && template.is_some_and(|address| address.contains("{trackingId}")) {
            let message = format!("tracking_number is required for carrier '{}'", carrier.code);
            return Err(Refusal::bad(message));
        }
        let id = number.as_deref().unwrap_or_default();
        return Ok(Tracking {
            carrier_code: Some(carrier.code.clone()),
            carrier_standard_code: carrier.standard_code.clone(),
            carrier_name: Some(carrier.label.clone()),
            url: template.map(|address| address.replace("{trackingId}", id)),
            number,
        });
    }
    if let Some(code) = code {
        return Err(Refusal::bad(format!(
            "Carrier with code '{code}' does not exist"
        )));
    }
    let message = "carrier_code or carrier_name is required";
    let name = name.ok_or_else(|| Refusal::bad(message))?;
    if !options.unregistered_carriers_allowed {
        return Err(Refusal::bad(format!("Carrier '{name}' is not registered")));
    }
    Ok(Tracking {
        carrier_code: None,
        carrier_standard_code: standard_code,
        carrier_name: Some(name),
        url: filled(sent.carrier_url),
        number,
    })
}

/// OR24: the whole order has left, or what is left of it.
pub fn ship(world: &mut World, order_id: &str) -> Result<(), Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let order = world.order_mut(order_id)?;
    if !order.can_ship() {
        let state = order.state.word();
        return Err(Refusal::bad(format!(
            "Order '{order_id}' in state {state} cannot be shipped"
        )));
    }
    let mandatory = options.is_tracking_mandatory(&order.shipping_type_code);
    if mandatory && order.tracking.is_none() {
        return Err(Refusal::bad(format!(
            "Tracking is mandatory for order '{order_id}'"
        )));
    }
    let left: Vec<(String, u32)> = order
        .lines
        .iter()
        .map(|line| line.order_line_id.clone())
        .zip(order.left_to_ship())
        .collect();
    order.ship_rest(now);
    world.note_shipment(order_id, &left);
    Ok(())
}

/// OR29: the seller cancels the whole order.
pub fn cancel(world: &mut World, order_id: &str) -> Result<(), Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let order = world.order_mut(order_id)?;
    if !order.can_cancel(&options) {
        let state = order.state.word();
        return Err(Refusal::bad(format!(
            "Order '{order_id}' in state {state} cannot be canceled"
        )));
    }
    order.cancel(now, None);
    world.note_cancel(order_id, "api", None);
    Ok(())
}

/// OR04: writes the seller's reference on orders. Tells what became of each, and whether any changed.
///
/// Orders whose ID holds `refused` are refused inside the answer; empty means every one.
pub fn refer(
    world: &mut World,
    body: &Value,
    refused: Option<&str>,
) -> Result<(Value, bool), Refusal> {
    let orders = body.get("orders").and_then(Value::as_array);
    let orders = orders.ok_or_else(|| Refusal::bad("orders must be a list"))?;
    if !(1..=100).contains(&orders.len()) {
        return Err(Refusal::bad("orders must hold 1 to 100 elements"));
    }
    let mut any_changed = false;
    let results: Vec<Value> = orders
        .iter()
        .map(|sent| {
            let order_id = sent.get("order_id").and_then(text).unwrap_or_default();
            let referred = match refused {
                Some(key) if order_id.contains(key) => Err(NOT_NOW),
                _ => refer_one(world, &order_id, sent),
            };
            match referred {
                Ok(updated) => {
                    any_changed = true;
                    json!({ "order_id": order_id, "updated": updated })
                }
                Err((code, field, message)) => {
                    let error = json!({ "code": code, "field": field, "message": message });
                    json!({ "order_id": order_id, "errors": [error] })
                }
            }
        })
        .collect();
    Ok((json!({ "updated_orders": results }), any_changed))
}

type FieldError = (&'static str, &'static str, &'static str);

const NOT_NOW: FieldError = (
    "ORDER_UPDATE_FAILED",
    "order_id",
    "The order cannot be updated at the moment",
);

fn refer_one(world: &mut World, order_id: &str, sent: &Value) -> Result<Value, FieldError> {
    const FIELD: &str = "references.order_reference_for_seller";
    let now = world.now();
    let unknown = ("ORDER_NOT_FOUND", "order_id", "The order does not exist");
    let order = world.order_mut(order_id).map_err(|_| unknown)?;
    match sent.pointer("/references/order_reference_for_seller") {
        None => {}
        Some(Value::Null) => order.reference_for_seller = None,
        Some(value) => {
            let reference = text(value).ok_or(("VALIDATION_ERROR", FIELD, "Text is expected"))?;
            if !(1..=2000).contains(&reference.chars().count()) {
                return Err((
                    "VALIDATION_ERROR",
                    FIELD,
                    "1 to 2000 characters are allowed",
                ));
            }
            order.reference_for_seller = Some(reference);
        }
    }
    order.touch(now);
    let reference = order.reference_for_seller.clone();
    world.note_reference(order_id);
    Ok(json!({ "references": { "order_reference_for_seller": reference } }))
}
