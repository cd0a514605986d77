//! Cancelations of a part (OR30): what is taken off before any money was.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::aftercare::{Draft, drafts};
use super::amount::Amount;
use super::error::Refusal;
use super::options::MiraklOptions;
use super::order::{Line, Order, State};
use super::parts::{Parts, reason};
use super::refund::{By, check_mode, items};
use super::world::World;

/// One cancelation on a line.
#[derive(Clone, Debug, Serialize)]
pub struct Cancelation {
    pub id: String,
    pub created: Timestamp,
    pub reason_code: String,
    pub quantity: u32,
    #[serde(flatten)]
    pub parts: Parts,
    pub commission: Amount,
}

/// A cancelation as OR11 shows it.
pub fn shown(cancelation: &Cancelation) -> Value {
    json!({
        "id": cancelation.id,
        "created_date": cancelation.created,
        "reason_code": cancelation.reason_code,
        "quantity": cancelation.quantity,
        "amount": cancelation.parts.amount,
        "shipping_amount": cancelation.parts.shipping_amount,
        "taxes": cancelation.parts.taxes,
        "shipping_taxes": cancelation.parts.shipping_taxes,
        "fees": cancelation.parts.fees,
        "commission_amount": cancelation.commission,
        "commission_taxes": [],
        "commission_total_amount": cancelation.commission,
    })
}

/// OR30, and what the operator cancels: every item, or none. The operator may for any reason, and while
/// units are still to be shipped.
///
/// # Errors
/// An item that cannot be canceled.
pub fn cancel(world: &mut World, body: &Value, by: By) -> Result<Value, Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let is_shop = by != By::Operator;
    if is_shop && !options.partial_cancelation {
        let words = "Partial cancelation is not activated";
        return Err(Refusal::new(axum::http::StatusCode::FORBIDDEN, words));
    }
    let (mode, asked) = items(body, "cancelations")?;
    let mut drafts = drafts(world, &asked)?;
    let mut rows = Vec::new();
    for asked in &asked {
        let Draft { order, line: at } = drafts.find(&asked.order_line_id)?;
        asked.check_money(order, &options)?;
        check_mode(mode, order)?;
        let line = &order.lines[at];
        if is_shop {
            check_state(order, line, &options)?;
        }
        reason(&options, &asked.reason_code, "CANCELATION", is_shop)?;
        let open = order.left_to_ship().get(at).copied().unwrap_or_default();
        if asked.quantity == 0 || asked.quantity > open {
            let id = &line.order_line_id;
            return Err(Refusal::bad(format!(
                "quantity {} is not within the {open} units of line '{id}' that are still to ship",
                asked.quantity
            )));
        }
        let parts = asked.parts(line, options.tax_calculation_rule)?;
        let cancelation = Cancelation {
            id: world.aftercare.next_id(),
            created: super::order::whole_ms(now),
            reason_code: asked.reason_code.clone(),
            quantity: asked.quantity,
            commission: parts.commission(line),
            parts,
        };
        rows.push((order.order_id.clone(), at, cancelation.clone()));
        order.lines[at].cancelations.push(cancelation);
    }
    let mut answer = Vec::new();
    let mut answered_mode = Value::Null;
    for (order_id, at, cancelation) in rows {
        let order = world.order_mut(&order_id)?;
        order.touch(now);
        let updated = order.updated;
        let line = &mut order.lines[at];
        line.updated = updated;
        line.cancelations.push(cancelation.clone());
        if line.open_quantity() == 0 {
            line.state = State::Canceled;
        }
        let row = json!({
            "order_line_id": line.order_line_id,
            "cancelation_id": cancelation.id,
            "amount": cancelation.parts.amount,
            "shipping_amount": cancelation.parts.shipping_amount,
            "taxes": cancelation.parts.taxes,
            "shipping_taxes": cancelation.parts.shipping_taxes,
            "fees": cancelation.parts.fees,
            "quantity": cancelation.quantity,
            "reason_code": cancelation.reason_code,
            "currency_iso_code": order.currency,
        });
        order.derive();
        order.ship_if_rest_is_off(now);
        answered_mode = json!(order.tax_mode);
        let is_ended = order.state == State::Canceled;
        let effect = world.effect(&order_id, row.clone());
        world.aftercare.cancelations.push(effect);
        if is_ended {
            let word = if is_shop { "api" } else { "operator" };
            world.note_cancel(&order_id, word, None);
        }
        answer.push(row);
    }
    Ok(json!({ "order_tax_mode": answered_mode, "cancelations": answer }))
}

fn check_state(order: &Order, line: &Line, options: &MiraklOptions) -> Result<(), Refusal> {
    let id = &line.order_line_id;
    if order.debited.is_some() {
        let words = format!("Order line '{id}' is debited: refund it");
        return Err(Refusal::bad(words));
    }
    if line.state == order.state && order.can_cancel(options) {
        return Ok(());
    }
    let state = line.state.word();
    Err(Refusal::bad(format!(
        "Order line '{id}' in state {state} cannot be canceled"
    )))
}

impl Line {
    /// Units ordered and not canceled.
    pub fn open_quantity(&self) -> u32 {
        let canceled: u32 = self.cancelations.iter().map(|one| one.quantity).sum();
        self.quantity.saturating_sub(canceled)
    }
}
