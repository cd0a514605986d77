//! Where the pieces of each line are.

use domain::aftercare::canceled_by_now;
use domain::order::Line;
use domain::parcel;
use domain::shipment::Quantity;
use ledger::OrderRow;
use serde::Serialize;

use super::{money, returns};

/// Pieces of one line, counted on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct PiecesItem {
    /// Mirakl's line ID.
    pub line_id: String,
    /// As sold.
    pub ordered: u32,
    /// Canceled on Mirakl, by whomever; with what it took from us and may not show yet.
    pub canceled: u32,
    /// Of these, canceled too late for BlueCherry.
    pub not_canceled: u32,
    /// Left the warehouse, voided shipments aside.
    pub shipped: u32,
    /// Parcels they left in.
    pub parcels: usize,
    /// Canceled in BlueCherry and not on Mirakl.
    pub short: u32,
    /// Of these, repaid: they need not be shipped any more.
    pub excluded: u32,
    /// Announced to come back.
    pub announced: u32,
    /// Came back.
    pub returned: u32,
    /// Refunded as Mirakl shows it, for information: a refund may name no pieces.
    pub refunded: u32,
    /// The same, sent and not shown by Mirakl yet.
    pub refunding: u32,
}

/// Every line of the order.
pub(super) fn all(row: &OrderRow) -> Vec<PiecesItem> {
    row.order.lines.iter().map(|line| of(row, line)).collect()
}

fn of(row: &OrderRow, line: &Line) -> PiecesItem {
    let id = line.line_id.as_str();
    let care = &row.progress.care;
    let canceled = canceled_by_now(&row.progress, line);
    let units = care.erp_units.as_ref();
    let whole = row.progress.cancelled.is_some();
    let in_erp = units.map_or(0, |units| units.canceled(id));
    let left = parcel::left(&row.shipments);
    let left = left.iter().map(|named| sum(&named.parcel.lines, id));
    let left: Vec<u32> = left.filter(|pieces| *pieces > 0).collect();
    let paid = row.order.paid.as_ref().and_then(|paid| paid.line(id));
    let refunds = paid.map_or(&[][..], |paid| &paid.refunds);
    let mut sent = money::on_the_way(row);
    sent.retain(|sent| sent.item.order_line_id == id);
    let (announced, returned) = returns::pieces(row, id);
    PiecesItem {
        line_id: line.line_id.clone(),
        ordered: line.quantity,
        canceled,
        not_canceled: units.map_or(0, |units| sum(&units.not_canceled, id)),
        shipped: total(left.iter().copied()),
        parcels: left.len(),
        // An order that is called off as a whole falls short of nothing.
        short: match whole {
            true => 0,
            false => in_erp.min(line.quantity).saturating_sub(canceled),
        },
        excluded: care.excluded(id),
        announced,
        returned,
        refunded: total(refunds.iter().map(|refund| refund.quantity)),
        refunding: total(sent.iter().map(|sent| sent.item.quantity)),
    }
}

fn sum(list: &[Quantity], line_id: &str) -> u32 {
    let of_it = list.iter().filter(|q| q.line_id == line_id);
    total(of_it.map(|q| q.quantity))
}

pub(super) fn total(pieces: impl Iterator<Item = u32>) -> u32 {
    pieces.fold(0, u32::saturating_add)
}
