//! What was ordered and what left, as tables.

use crate::orders::document::{LineItem, OrderDocument, ParcelItem, ShipmentItem};
use crate::render::{Cell, Look, Tone, moment, or_dash, pieces, table, word};

impl OrderDocument {
    /// Shipments and parcels, by heading; those that tell nothing are left out.
    pub(super) fn goods(&self, look: Look) -> Vec<(String, String)> {
        let mut tables = vec![];
        if !self.shipments.is_empty() {
            tables.push(("Shipments".to_owned(), self.shipments(look)));
        }
        if self.parcels.iter().any(|parcel| parcel.told_at.is_some()) || self.parcels.len() > 1 {
            tables.push(("Parcels".to_owned(), self.parcels(look)));
        }
        tables
    }

    pub(super) fn lines(&self, look: Look) -> String {
        let row = |line: &LineItem| {
            let answer = match (line.taken, &line.reject_code) {
                (None, _) => or_dash(None::<&str>),
                (Some(true), _) => Cell::new("taken", Tone::Good),
                (Some(false), code) => {
                    let code = code.as_deref().unwrap_or("no code");
                    Cell::new(format!("not taken: {code}"), Tone::Bad)
                }
            };
            vec![
                Cell::from(&line.line_id),
                line.offer_sku.as_str().into(),
                line.quantity.to_string().into(),
                word(&line.state).into(),
                answer,
            ]
        };
        let headers = ["line", "offer SKU", "pieces", "on Mirakl", "in BlueCherry"];
        table(&headers, self.lines.iter().map(row).collect(), look)
    }

    fn parcels(&self, look: Look) -> String {
        let row = |parcel: &ParcelItem| {
            let by = match parcel.told_by {
                Some("") => "somebody else",
                Some(call) => call,
                None => "-",
            };
            vec![
                Cell::from(&parcel.parcel),
                pieces(&parcel.lines).into(),
                match (parcel.voided, parcel.tracked) {
                    (true, _) => "voided".into(),
                    (false, true) => "yes".into(),
                    (false, false) => "none".into(),
                },
                or_dash(parcel.told_at.map(moment)),
                by.into(),
            ]
        };
        let headers = ["parcel", "pieces", "tracking", "told", "by"];
        table(&headers, self.parcels.iter().map(row).collect(), look)
    }

    fn shipments(&self, look: Look) -> String {
        let row = |shipment: &ShipmentItem| {
            let tracking = format!("{} of {}", shipment.tracked, shipment.parcels);
            vec![
                Cell::from(&shipment.shipment_id),
                shipment.status.into(),
                shipment.carrier.as_str().into(),
                shipment.ship_via.as_str().into(),
                shipment.pieces.to_string().into(),
                tracking.into(),
                or_dash(shipment.confirmed_at.map(moment)),
            ]
        };
        let headers = [
            "shipment",
            "status",
            "carrier",
            "ship-via",
            "pieces",
            "parcels tracked",
            "confirmed",
        ];
        table(&headers, self.shipments.iter().map(row).collect(), look)
    }
}
