//! What of an order is still to be shipped, or may have been.

use crate::aftercare;
use crate::order::{Line, Order, State};
use crate::progress::Progress;
use crate::shipment::{Quantity, Shipment, counting};

/// Names a shipment as sent to Mirakl; a corrected one is sent again.
pub fn tracking_key(shipment: &Shipment) -> String {
    format!("{}@{}", shipment.shipment_id, shipment.version)
}

/// What is to be shipped in all, by line: neither what Mirakl canceled, nor what was repaid as short.
///
/// A line that was repaid in full wants nothing more; what left of it before counts as it left.
pub fn open_quantities(
    progress: &Progress,
    order: &Order,
    shipments: &[Shipment],
) -> Vec<Quantity> {
    let lines = order.lines.iter().filter(|l| !l.state.is_called_off());
    let quantities = lines.map(|line| {
        let wanted = aftercare::to_ship(progress, line);
        Quantity {
            line_id: line.line_id.clone(),
            quantity: match line.state {
                State::Refunded if order.state.is_shipped() => {
                    wanted.min(left(&line.line_id, shipments))
                }
                State::Refunded => wanted.min(left_rightly(progress, line, shipments)),
                _ => wanted,
            },
        }
    });
    let is_open = |q: &Quantity| {
        let is_refunded = |l: &Line| l.line_id == q.line_id && l.state == State::Refunded;
        q.quantity > 0 || !order.lines.iter().any(is_refunded)
    };
    quantities.filter(is_open).collect()
}

/// Units of a line that was repaid in full which left before: all that did where a credit of the ERP was
/// the cause, else those of which Mirakl was told.
fn left_rightly(progress: &Progress, line: &Line, shipments: &[Shipment]) -> u32 {
    let refunds = &progress.care.refunds;
    let is_ours = refunds
        .iter()
        .any(|sent| sent.item.order_line_id == line.line_id && sent.refund_id().is_some());
    if is_ours {
        return left(&line.line_id, shipments);
    }
    sum(
        progress.told.iter().flat_map(|told| &told.lines),
        &line.line_id,
    )
}

/// Units of a line in shipments that count.
fn left(line_id: &str, shipments: &[Shipment]) -> u32 {
    let parcels = counting(shipments).flat_map(|s| &s.parcels);
    sum(parcels.flat_map(|p| &p.lines), line_id)
}

fn sum<'a>(quantities: impl Iterator<Item = &'a Quantity>, line_id: &str) -> u32 {
    let of_it = quantities.filter(|q| q.line_id == line_id);
    of_it.map(|q| q.quantity).fold(0, u32::saturating_add)
}
