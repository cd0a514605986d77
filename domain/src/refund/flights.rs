//! What was sent and does not show on Mirakl yet.

use std::collections::BTreeMap;

use super::order::{Money, PaidOrder};
use super::plan::{RefundItem, Sent, SentState};
use super::read_back::read_back;

/// Everything that leaves with an item, what the marketplace adds included.
pub(super) fn whole(item: &RefundItem) -> Money {
    let mut money = item.money.clone();
    money.taxes.extend(item.computed.taxes.iter().cloned());
    money
        .shipping_taxes
        .extend(item.computed.shipping_taxes.iter().cloned());
    money
}

/// Sent and not shown, by line. Credits that stand for one refund are on the way once.
pub fn in_flight(sent: &[Sent], order: &PaidOrder) -> BTreeMap<String, Vec<Money>> {
    let back = read_back(sent, order);
    let mut in_flight: BTreeMap<String, Vec<Money>> = BTreeMap::new();
    for (n, send) in sent.iter().enumerate() {
        if is_repeat(sent, n) {
            continue;
        }
        let line = order.line(&send.item.order_line_id);
        let shown = match &send.state {
            SentState::Refused => continue,
            SentState::Done { refund_id } => {
                line.is_some_and(|l| l.refunds.iter().any(|r| r.id == *refund_id))
            }
            SentState::Unknown => back.found.iter().any(|(found, _)| *found == n),
        };
        if !shown {
            let line = in_flight.entry(send.item.order_line_id.clone());
            line.or_default().push(whole(&send.item));
        }
    }
    in_flight
}

/// Does an earlier credit stand for the refund of this one already?
pub(super) fn is_repeat(sent: &[Sent], place: usize) -> bool {
    let id = sent[place].refund_id();
    id.is_some() && sent[..place].iter().any(|s| s.refund_id() == id)
}

/// Units of a line that refunds took out of the shipment, each refund once.
pub fn excluded(sent: &[Sent], order_line_id: &str) -> u32 {
    let is_it = |place: usize| {
        let item = &sent[place].item;
        item.order_line_id == order_line_id
            && item.excluded_from_shipment
            && sent[place].refund_id().is_some()
            && !is_repeat(sent, place)
    };
    (0..sent.len())
        .filter(|place| is_it(*place))
        .map(|place| sent[place].item.quantity)
        .fold(0, u32::saturating_add)
}
