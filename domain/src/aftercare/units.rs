//! Units that will not be delivered: who canceled them, and what the other side has to hear.

use crate::fulfillment::Facts;
use crate::order::{Line, Order, State};
use crate::progress::Progress;
use crate::refund::{self, Money, Short};
use crate::shipment::Quantity;

use super::care::{cancelation_key, of};

/// Units of a line that Mirakl shows canceled, by whomever.
pub fn canceled_on_mirakl(line: &Line) -> u32 {
    match line.state {
        State::Canceled => line.quantity,
        _ => line.canceled.min(line.quantity),
    }
}

/// Units of a line that are canceled on Mirakl, those included that it took from us and that the order
/// as last read may not show yet.
pub fn canceled_by_now(progress: &Progress, line: &Line) -> u32 {
    let ours = progress.care.cancelations.iter();
    let ours = ours.filter(|c| c.is_done && c.order_line_id == line.line_id);
    let ours = ours.map(|c| c.to).max().unwrap_or(0);
    canceled_on_mirakl(line).max(ours).min(line.quantity)
}

/// Units that Mirakl canceled and BlueCherry has not, by line: they must not leave.
///
/// A line that was refused at acceptance is none of them: BlueCherry never took it.
pub fn to_cancel_in_erp(progress: &Progress, facts: &Facts<'_>) -> Vec<Quantity> {
    if progress.cancelled.is_some() {
        return vec![];
    }
    let units = progress.care.erp_units.as_ref();
    let lines = facts
        .order
        .lines
        .iter()
        .filter(|line| is_booked(progress, line));
    lines
        .map(|line| {
            let id = &line.line_id;
            let care = &progress.care;
            // What was repaid as short stands for no unit that Mirakl canceled.
            let there = units.map_or(0, |units| units.canceled(id));
            let there = there.saturating_sub(care.excluded(id));
            let ours = care.canceled_by_us(id);
            let in_vain = units.map_or(0, |units| of(&units.not_canceled, id));
            Quantity {
                line_id: id.clone(),
                quantity: canceled_by_now(progress, line)
                    .saturating_sub(there.max(ours))
                    .saturating_sub(in_vain),
            }
        })
        .filter(|q| q.quantity > 0)
        .collect()
}

fn is_booked(progress: &Progress, line: &Line) -> bool {
    progress.sales_order.booked().is_some_and(|booked| {
        let mut lines = booked.lines.iter();
        lines.any(|l| l.line_id == line.line_id && l.taken)
    })
}

/// Units that BlueCherry canceled and that nobody canceled on Mirakl, by line: all of them so far,
/// those included that were repaid.
///
/// None while a whole order is called off: that has its own steps.
pub fn shorts(progress: &Progress, facts: &Facts<'_>) -> Vec<Short> {
    let Some(units) = &progress.care.erp_units else {
        return vec![];
    };
    if progress.cancelled.is_some() {
        return vec![];
    }
    let lines = facts
        .order
        .lines
        .iter()
        .filter(|line| is_booked(progress, line));
    lines
        .map(|line| Short {
            order_line_id: line.line_id.clone(),
            quantity: units
                .canceled(&line.line_id)
                .min(line.quantity)
                .saturating_sub(canceled_by_now(progress, line)),
        })
        .filter(|short| short.quantity > 0)
        .collect()
}

/// Short units that neither a refund nor a cancelation settled yet, by line.
pub fn unsettled(progress: &Progress, facts: &Facts<'_>) -> Vec<Short> {
    let mut all = shorts(progress, facts);
    for short in &mut all {
        let settled = progress.care.excluded(&short.order_line_id);
        short.quantity = short.quantity.saturating_sub(settled);
    }
    all.retain(|short| short.quantity > 0);
    all
}

/// Units of a line that are still to be shipped: what Mirakl canceled and what was repaid is not.
pub fn to_ship(progress: &Progress, line: &Line) -> u32 {
    line.quantity
        .saturating_sub(canceled_by_now(progress, line))
        .saturating_sub(progress.care.excluded(&line.line_id))
}

/// One item of OR30.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelationItem {
    /// Mirakl's line.
    pub order_line_id: String,
    /// Units canceled before these.
    pub from: u32,
    /// Units canceled with these.
    pub to: u32,
    /// What falls away.
    pub money: Money,
    /// Why, a code of the operator.
    pub reason_code: String,
}

impl CancelationItem {
    /// The name under which the ledger keeps it.
    pub fn key(&self) -> String {
        cancelation_key(&self.order_line_id, self.from, self.to)
    }
}

/// What of the short units is to be canceled on Mirakl now, or why not; by subject.
///
/// Only before money was taken: after that a refund repays them.
pub(super) fn cancelations(
    progress: &Progress,
    facts: &Facts<'_>,
) -> Vec<Result<CancelationItem, (String, refund::Problem)>> {
    let order = facts.order;
    let Some(paid) = order.paid.as_ref().filter(|_| is_unpaid(order)) else {
        return vec![];
    };
    let item = |short: &Short| {
        let id = &short.order_line_id;
        let line = order.lines.iter().find(|l| l.line_id == *id)?;
        let from = canceled_by_now(progress, line);
        let to = from.saturating_add(short.quantity);
        let is_sent = progress
            .care
            .cancelations
            .iter()
            .any(|c| c.order_line_id == *id && !c.is_done);
        if is_sent {
            return None;
        }
        let subject = || cancelation_key(id, from, to);
        let Some(reason_code) = facts.aftercare.cancel_reason.clone() else {
            let problem = refund::Problem::ReasonNotAllowed {
                reason: "(none mapped)".to_owned(),
            };
            return Some(Err((subject(), problem)));
        };
        let paid_line = paid.line(id)?;
        let money = refund::cancelation(paid_line, from, to, &paid.currency);
        Some(match money {
            Ok(money) => Ok(CancelationItem {
                order_line_id: id.clone(),
                from,
                to,
                money,
                reason_code,
            }),
            Err(problem) => Err((subject(), problem)),
        })
    };
    shorts(progress, facts).iter().filter_map(item).collect()
}

/// Can units still be canceled, because no money was taken and the goods are not out?
pub(super) fn is_unpaid(order: &Order) -> bool {
    let before_delivery = matches!(
        order.state,
        State::WaitingDebit | State::WaitingDebitPayment | State::Shipping
    );
    before_delivery && order.debited_at.is_none()
}

/// Is no unit left that BlueCherry could still ship, because it canceled what Mirakl waits for, or
/// because all was canceled or repaid? Not so for an order that was called off as a whole.
pub fn is_nothing_left(progress: &Progress, facts: &Facts<'_>) -> bool {
    let shorts = shorts(progress, facts);
    let lines = facts
        .order
        .lines
        .iter()
        .filter(|line| is_booked(progress, line));
    let is_known = progress.care.erp_units.is_some() && progress.cancelled.is_none();
    is_known
        && lines.into_iter().all(|line| {
            let short = shorts.iter().find(|s| s.order_line_id == line.line_id);
            let left = line
                .quantity
                .saturating_sub(canceled_by_now(progress, line));
            short.map_or(0, |short| short.quantity) >= left
        })
}
