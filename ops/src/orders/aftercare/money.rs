//! What was paid for each line, and where it went.

use domain::refund::{
    Arithmetic, Money, PaidLine, Part, Sent, SentState, TaxBase, read_back, remaining,
};
use ledger::OrderRow;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::render::amount;

/// What was paid for one part of a line, and where it went. Amounts are decimals as text, in the
/// order's currency; paid, less the three others, is what is left.
#[derive(Clone, Debug, Serialize)]
pub struct MoneyItem {
    /// Mirakl's line ID.
    pub line_id: String,
    /// `price`, `shipping`, `tax CODE` or `shipping tax CODE`.
    pub part: String,
    /// As sold.
    pub paid: String,
    /// Refunded, as Mirakl shows it.
    pub refunded: String,
    /// Canceled, as Mirakl shows it.
    pub canceled: String,
    /// Sent to Mirakl, and not shown there yet.
    pub on_the_way: String,
    /// What may still be refunded.
    pub left: String,
}

/// Every part of every line that costs something, in the order of the lines.
pub(super) fn all(row: &OrderRow) -> Vec<MoneyItem> {
    let Some(paid) = &row.order.paid else {
        return vec![];
    };
    let of_line = |line: &PaidLine| {
        let flights = flights(row, &line.order_line_id);
        let sums = parts(line).into_iter().map(|part| {
            let sum = remaining(line, &part, &flights);
            (part, sum)
        });
        let moved = sums.filter(|(_, sum)| !is_nothing(sum));
        let told = moved.map(|(part, sum)| {
            let told = |value: Decimal| amount(value, &paid.currency);
            MoneyItem {
                line_id: line.order_line_id.clone(),
                part: part.to_string(),
                paid: told(sum.paid),
                refunded: told(sum.refunded),
                canceled: told(sum.canceled),
                on_the_way: told(sum.in_flight),
                left: told(sum.remaining()),
            }
        });
        told.collect::<Vec<_>>()
    };
    paid.lines.iter().flat_map(of_line).collect()
}

/// Price and shipping that are left of a line; empty where nobody knows what was paid.
pub(super) fn left(row: &OrderRow, line_id: &str) -> Option<String> {
    let paid = row.order.paid.as_ref()?;
    let line = paid.line(line_id)?;
    let flights = flights(row, line_id);
    let of = |part| remaining(line, &part, &flights).remaining();
    let left = of(Part::Amount) + of(Part::Shipping);
    Some(amount(left, &paid.currency))
}

/// Refunds that were sent and that Mirakl does not show yet.
pub(super) fn on_the_way(row: &OrderRow) -> Vec<&Sent> {
    let sent = &row.progress.care.refunds;
    let Some(paid) = &row.order.paid else {
        return vec![];
    };
    let back = read_back(sent, paid);
    let is_shown = |place: usize, one: &Sent| match &one.state {
        SentState::Refused => true,
        SentState::Unknown => back.found.iter().any(|(found, _)| *found == place),
        SentState::Done { refund_id } => {
            let line = paid.line(&one.item.order_line_id);
            line.is_some_and(|line| line.refunds.iter().any(|shown| shown.id == *refund_id))
        }
    };
    // Credits that stand for one refund are on the way once.
    let is_counted = |place: usize, one: &Sent| {
        let is_done = matches!(one.state, SentState::Done { .. });
        is_done && sent.iter().take(place).any(|s| s.state == one.state)
    };
    let all = sent.iter().enumerate();
    all.filter(|(place, one)| !is_shown(*place, one) && !is_counted(*place, one))
        .map(|(_, one)| one)
        .collect()
}

/// Money of these for one line, with the taxes that Mirakl adds by itself.
fn flights(row: &OrderRow, line_id: &str) -> Vec<Money> {
    let all = on_the_way(row).into_iter();
    let of_it = all.filter(|sent| sent.item.order_line_id == line_id);
    of_it
        .flat_map(|sent| [sent.item.money.clone(), sent.item.computed.clone()])
        .collect()
}

/// Price, shipping, and each tax once.
fn parts(line: &PaidLine) -> Vec<Part> {
    let mut parts = vec![Part::Amount, Part::Shipping];
    let goods = line.taxes.iter().map(|tax| (tax, TaxBase::Goods));
    let shipping = line
        .shipping_taxes
        .iter()
        .map(|tax| (tax, TaxBase::Shipping));
    for (tax, on) in goods.chain(shipping) {
        let code = tax.code.clone();
        let part = Part::Tax { code, on };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

fn is_nothing(sum: &Arithmetic) -> bool {
    let all = [sum.paid, sum.refunded, sum.canceled, sum.in_flight];
    all.iter().all(Decimal::is_zero)
}
