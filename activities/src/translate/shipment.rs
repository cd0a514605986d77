//! BlueCherry's fulfilment to ours.

use domain::shipment::{Parcel, Quantity, Shipment};

/// Reads what decisions need from a fulfilment as BlueCherry sent it.
pub fn shipment(wire: &bluecherry::Fulfilment) -> Shipment {
    let parcel = |p: &bluecherry::Parcel| Parcel {
        parcel_id: Some(p.parcel_id.trim().to_owned()).filter(|id| !id.is_empty()),
        tracking_number: p.tracking_number.clone().filter(|n| !n.trim().is_empty()),
        tracking_url: p.tracking_url.clone(),
        lines: merged(p.lines.iter().map(|l| (l.external_line_id.as_str(), l.qty))),
    };
    Shipment {
        shipment_id: wire.shipment_id.clone(),
        version: i64::try_from(wire.version).unwrap_or(i64::MAX),
        is_final: wire.is_final,
        voided: wire.voided,
        ship_via: wire.ship_via.clone(),
        carrier: wire.carrier_name.clone().unwrap_or_default(),
        confirmed_at: Some(wire.confirmed_at),
        parcels: wire.parcels.iter().map(parcel).collect(),
        short: merged(
            wire.short_lines
                .iter()
                .map(|l| (l.external_line_id.as_str(), l.qty)),
        ),
    }
}

/// One entry a line: BlueCherry may split a line over its size matrix.
fn merged<'a>(rows: impl Iterator<Item = (&'a str, u32)>) -> Vec<Quantity> {
    let mut lines: Vec<Quantity> = vec![];
    for (line_id, quantity) in rows.filter(|(_, quantity)| *quantity > 0) {
        match lines.iter_mut().find(|l| l.line_id == line_id) {
            Some(line) => line.quantity = line.quantity.saturating_add(quantity),
            None => lines.push(Quantity {
                line_id: line_id.to_owned(),
                quantity,
            }),
        }
    }
    lines
}
