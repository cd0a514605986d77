//! Refunds (OR28): money given back after it was taken. Nothing guards against a repeat.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::aftercare::{Draft, drafts, paid_after};
use super::amount::Amount;
use super::error::Refusal;
use super::options::MiraklOptions;
use super::options::TaxMode;
use super::order::{Line, Order, State};
use super::parts::{Asked, Parts, reason};
use super::world::World;

/// One refund of a line.
#[derive(Clone, Debug, Serialize)]
pub struct Refund {
    pub id: String,
    /// The same for every line of an order that one call refunds.
    pub order_refund_id: String,
    pub created: Timestamp,
    /// When the operator confirmed that the money went.
    pub paid: Option<Timestamp>,
    pub reason_code: String,
    pub quantity: u32,
    #[serde(flatten)]
    pub parts: Parts,
    pub commission: Amount,
    /// The refunded units need not be shipped any more.
    pub excluded_from_shipment: bool,
}

/// Who asks for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The shop, by call.
    Api,
    /// The shop, in its portal.
    Seller,
    /// The operator, who needs no balance and may use every reason.
    Operator,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Seller => "seller",
            Self::Operator => "operator",
        }
    }
}

/// A refund as OR11 shows it.
pub fn shown(refund: &Refund) -> Value {
    let state = if refund.paid.is_some() {
        "REFUNDED"
    } else {
        "WAITING_REFUND"
    };
    json!({
        "id": refund.id,
        "order_refund_id": refund.order_refund_id,
        "created_date": refund.created,
        "refund_state": state,
        "state": state,
        "reason_code": refund.reason_code,
        "quantity": refund.quantity,
        "amount": refund.parts.amount,
        "shipping_amount": refund.parts.shipping_amount,
        "taxes": refund.parts.taxes,
        "shipping_taxes": refund.parts.shipping_taxes,
        "fees": refund.parts.fees,
        "commission_amount": refund.commission,
        "commission_taxes": [],
        "commission_tax_amount": 0,
        "commission_total_amount": refund.commission,
        "transaction_date": refund.paid,
        "transaction_number": refund.paid.map(|_| format!("R-{}", refund.id)),
    })
}

/// Why a line cannot be refunded as it stands; nothing when it can.
pub fn state_fault(order: &Order, line: &Line, options: &MiraklOptions) -> Option<String> {
    let allowed = match line.state {
        State::Shipping => options.refund_while_shipping,
        State::Shipped | State::Received => true,
        _ => false,
    };
    let id = &line.order_line_id;
    if order.debited.is_none() {
        return Some(format!("Order line '{id}' is not debited yet"));
    }
    let state = line.state.word();
    (!allowed).then(|| format!("Order line '{id}' in state {state} cannot be refunded"))
}

/// OR28: refunds every item, or none.
///
/// # Errors
/// An item that cannot be refunded.
pub fn refund(world: &mut World, body: &Value, by: By) -> Result<Value, Refusal> {
    let options = world.options.clone();
    let now = world.now();
    let (mode, asked) = items(body, "refunds")?;
    let mut drafts = drafts(world, &asked)?;
    let mut groups = BTreeMap::<String, String>::new();
    let mut rows = Vec::new();
    for asked in &asked {
        let Draft { order, line: at } = drafts.find(&asked.order_line_id)?;
        asked.check_money(order, &options)?;
        check_mode(mode, order)?;
        let line = &order.lines[at];
        if let Some(fault) = state_fault(order, line, &options) {
            return Err(Refusal::bad(fault));
        }
        reason(&options, &asked.reason_code, "REFUND", by != By::Operator)?;
        let parts = asked.parts(line, options.tax_calculation_rule)?;
        let group = groups.entry(order.order_id.clone());
        let group = group.or_insert_with(|| world.aftercare.next_uuid());
        let refund = Refund {
            id: world.aftercare.next_id(),
            order_refund_id: group.clone(),
            created: super::order::whole_ms(now),
            paid: None,
            reason_code: asked.reason_code.clone(),
            quantity: asked.quantity,
            commission: parts.commission(line),
            parts,
            excluded_from_shipment: asked.excluded_from_shipment,
        };
        rows.push((order.order_id.clone(), at, refund.clone()));
        order.lines[at].refunds.push(refund);
    }
    if options.refund_balance_check && by != By::Operator {
        check_balance(world, &rows)?;
    }
    let mut answer = Vec::new();
    for (order_id, at, refund) in rows {
        let order = world.order_mut(&order_id)?;
        order.touch(now);
        order.lines[at].updated = order.updated;
        let line_id = order.lines[at].order_line_id.clone();
        let is_whole = {
            order.lines[at].refunds.push(refund.clone());
            Parts::remaining(&order.lines[at]).net().is_zero()
        };
        if is_whole {
            order.lines[at].incident = None;
        }
        if refund.excluded_from_shipment {
            order.ship_if_rest_is_off(now);
        }
        let (currency, mode) = (order.currency.clone(), order.tax_mode);
        let order = order.clone();
        world
            .aftercare
            .transactions
            .refund(&order, at, &refund, now);
        let mut row = shown_answer(&refund, &line_id, &currency);
        row["order_tax_mode"] = json!(mode);
        let mut what = row.clone();
        what["by"] = json!(by.word());
        let effect = world.effect(&order_id, what);
        world.aftercare.refunds.push(effect);
        if let Some(after_s) = options.refund_confirm_after_s {
            let due = paid_after(now, after_s);
            world.aftercare.confirming.push((due, refund.id));
        }
        answer.push(row);
    }
    let mode = answer.first().map(|row| row["order_tax_mode"].clone());
    for row in &mut answer {
        row.as_object_mut().map(|row| row.remove("order_tax_mode"));
    }
    Ok(json!({ "order_tax_mode": mode, "refunds": answer }))
}

fn shown_answer(refund: &Refund, line_id: &str, currency: &str) -> Value {
    json!({
        "order_line_id": line_id,
        "refund_id": refund.id,
        "order_refund_id": refund.order_refund_id,
        "amount": refund.parts.amount,
        "shipping_amount": refund.parts.shipping_amount,
        "taxes": refund.parts.taxes,
        "shipping_taxes": refund.parts.shipping_taxes,
        "fees": refund.parts.fees,
        "quantity": refund.quantity,
        "reason_code": refund.reason_code,
        "currency_iso_code": currency,
        "excluded_from_shipment": refund.excluded_from_shipment,
    })
}

/// The tax mode that a call names, and its items.
///
/// # Errors
/// They cannot be read, or there are none.
pub fn items<'a>(body: &'a Value, name: &str) -> Result<(Option<&'a str>, Vec<Asked>), Refusal> {
    let list = body.get(name).cloned().unwrap_or_default();
    let asked: Vec<Asked> = serde_json::from_value(list).map_err(|_| {
        Refusal::bad(format!(
            "Error with field {name}. Please check the field datatype."
        ))
    })?;
    if asked.is_empty() {
        return Err(Refusal::bad(format!("{name} must not be empty")));
    }
    Ok((body.get("order_tax_mode").and_then(Value::as_str), asked))
}

/// Whether the call's tax mode is the order's.
///
/// # Errors
/// It is not.
pub fn check_mode(sent: Option<&str>, order: &Order) -> Result<(), Refusal> {
    let mode = match order.tax_mode {
        TaxMode::TaxIncluded => "TAX_INCLUDED",
        TaxMode::TaxExcluded => "TAX_EXCLUDED",
    };
    if sent.is_none_or(|sent| sent == mode) {
        return Ok(());
    }
    let id = &order.order_id;
    Err(Refusal::bad(format!("Order '{id}' has tax mode {mode}")))
}

fn check_balance(world: &World, rows: &[(String, usize, Refund)]) -> Result<(), Refusal> {
    let (pending, payable) = world.balance_amounts();
    let mut drawn = [Amount::default(); 2];
    for (order_id, at, refund) in rows {
        let order = &world.orders[order_id];
        let on_top = match order.tax_mode {
            TaxMode::TaxExcluded => refund.parts.tax(),
            TaxMode::TaxIncluded => Amount::default(),
        };
        let draw = refund.parts.net() + on_top - refund.commission;
        let is_received = order.lines[*at].state == State::Received;
        let place = &mut drawn[usize::from(is_received)];
        *place = *place + draw;
    }
    for (name, drawn, balance) in [
        ("pending", drawn[0], pending),
        ("payable", drawn[1], payable),
    ] {
        if drawn > balance && !drawn.is_zero() {
            let words = format!("The shop has no sufficient {name} balance for this refund");
            return Err(Refusal::bad(words));
        }
    }
    Ok(())
}

impl Order {
    /// The refunds asked for reach everything that remains of the active lines.
    pub fn is_fully_refunded(&self) -> bool {
        let mut alive = self
            .lines
            .iter()
            .filter(|line| !matches!(line.state, State::Refused | State::Canceled))
            .peekable();
        alive.peek().is_some()
            && alive.all(|line| !line.refunds.is_empty() && Parts::remaining(line).net().is_zero())
    }

    /// The operator confirms a refund: false when it has none to confirm under that ID.
    pub fn confirm_refund(&mut self, refund_id: &str, now: Timestamp) -> bool {
        let is_meant = |refund: &&mut Refund| refund.id == refund_id && refund.paid.is_none();
        let Some(at) = self.lines.iter_mut().position(|line| {
            let found = line.refunds.iter_mut().find(is_meant);
            found.map(|refund| refund.paid = Some(now)).is_some()
        }) else {
            return false;
        };
        self.touch(now);
        let updated = self.updated;
        let line = &mut self.lines[at];
        line.updated = updated;
        let all_paid = line.refunds.iter().all(|refund| refund.paid.is_some());
        if all_paid && Parts::remaining(line).net().is_zero() {
            line.state = State::Refunded;
            self.derive();
        }
        true
    }
}
