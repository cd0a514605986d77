//! Rows of a sales order as pieces of Mirakl's lines, and back.

use bluecherry::{CancelQuantity, LineStatus, SalesOrder, SalesOrderLine};
use domain::aftercare::{ErpUnits, to_cancel_in_erp};
use domain::order::Order;
use domain::shipment::Quantity;

use crate::orders::Situation;

/// Rows of the sales order that BlueCherry took for a line of ours.
fn rows<'a>(order: &'a SalesOrder, line_id: &'a str) -> impl Iterator<Item = &'a SalesOrderLine> {
    order.lines.iter().filter(move |row| {
        row.external_line_id.trim() == line_id && row.line_status == LineStatus::Accepted
    })
}

/// Canceled pieces of each line of ours. A pack that BlueCherry holds as components counts in whole
/// packs: as many as the component of which the fewest are canceled makes.
pub(super) fn canceled(ours: &Order, order: &SalesOrder) -> Vec<Quantity> {
    let pieces = |line: &domain::order::Line| {
        let of_row = |row: &SalesOrderLine| {
            let whole = u64::from(row.qty_cancelled) * u64::from(line.quantity);
            let pieces = whole.checked_div(row.qty_ordered.into()).unwrap_or(0);
            u32::try_from(pieces).unwrap_or(u32::MAX)
        };
        rows(order, &line.line_id).map(of_row).min().unwrap_or(0)
    };
    let all = ours.lines.iter().map(|line| Quantity {
        line_id: line.line_id.clone(),
        quantity: pieces(line),
    });
    all.filter(|q| q.quantity > 0).collect()
}

/// What is to be canceled of each row, components in step with their pack.
pub(super) fn wanted(at: &Situation<'_>, order: &SalesOrder) -> Vec<CancelQuantity> {
    let ours = &at.row.order;
    let mut wanted = vec![];
    // The rows tell better than what was noted of them.
    let mut progress = at.row.progress.clone();
    progress.care.erp_units = Some(ErpUnits {
        canceled: canceled(ours, order),
        not_canceled: vec![],
        shipments_version: 0,
        look_at: None,
    });
    for due in to_cancel_in_erp(&progress, &at.facts()) {
        let Some(line) = ours.lines.iter().find(|l| l.line_id == due.line_id) else {
            continue;
        };
        for row in rows(order, &due.line_id) {
            let each = row
                .qty_ordered
                .checked_div(line.quantity)
                .unwrap_or(1)
                .max(1);
            let left = row.qty_ordered.saturating_sub(row.qty_cancelled);
            wanted.push(CancelQuantity {
                line_seq: row.line_seq,
                size_bucket: row.size_bucket,
                qty: due.quantity.saturating_mul(each).min(left),
            });
        }
    }
    wanted.retain(|row| row.qty > 0);
    wanted
}

/// Pieces of our lines that BlueCherry could not cancel.
pub(super) fn not_canceled(
    ours: &Order,
    order: &SalesOrder,
    late: Vec<(u32, u8, u32)>,
) -> Vec<Quantity> {
    let mut all: Vec<Quantity> = vec![];
    for (line_seq, size_bucket, qty) in late {
        let is_it = |row: &&SalesOrderLine| {
            row.line_seq == line_seq && row.size_bucket == size_bucket && qty > 0
        };
        let Some(row) = order.lines.iter().find(is_it) else {
            continue;
        };
        let id = row.external_line_id.trim();
        let line = ours.lines.iter().find(|l| l.line_id == id);
        let each = line.and_then(|line| row.qty_ordered.checked_div(line.quantity));
        let pieces = qty.div_ceil(each.unwrap_or(1).max(1));
        match all.iter_mut().find(|q| q.line_id == id) {
            Some(one) => one.quantity = one.quantity.max(pieces),
            None => all.push(Quantity {
                line_id: id.to_owned(),
                quantity: pieces,
            }),
        }
    }
    all
}
