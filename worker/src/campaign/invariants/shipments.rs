//! What left the warehouse, beside what Mirakl was told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Findings;
use crate::campaign::world::{OrderView, World, number, rows, text};

/// Invariant 11.
pub(super) fn stand_once_on_both_sides(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        let shipped = order.erp_shipments().count();
        let confirmed = order.effects("shipments").count();
        if shipped + confirmed > 0 {
            found.saw(order.name(), fault(&order, shipped, confirmed));
        }
    }
    found
}

fn fault(order: &OrderView<'_>, shipped: usize, confirmed: usize) -> Option<String> {
    if confirmed > 1 {
        return Some(format!("confirmed {confirmed} times on Mirakl"));
    }
    if shipped == 0 {
        return Some("confirmed on Mirakl, and BlueCherry shipped nothing".to_owned());
    }
    if let Some(line) = shipped_in_excess(order) {
        return Some(format!("more of line {line} was shipped than ordered"));
    }
    let told = order.effects("shipments").next();
    match told {
        None if order.has_exception() => None,
        None => Some("BlueCherry shipped it, and Mirakl does not know".to_owned()),
        Some(told) => wrong_tracking(order, told),
    }
}

fn shipped_in_excess(order: &OrderView<'_>) -> Option<String> {
    let shipped = |line: &str| -> i64 {
        let parcels = order.erp_shipments().flat_map(|s| rows(s, "parcels"));
        let lines = parcels.flat_map(|p| rows(p, "lines"));
        let mine = lines.filter(|l| text(l, "external_line_id") == line);
        mine.map(|l| number(l, "qty")).sum()
    };
    let lines = rows(order.row, "lines").iter();
    let mut excess = lines.filter(|l| shipped(text(l, "order_line_id")) > number(l, "quantity"));
    excess.next().map(|l| text(l, "order_line_id").to_owned())
}

fn wrong_tracking(order: &OrderView<'_>, told: &Value) -> Option<String> {
    let shipment = order.erp_shipments().next()?;
    let numbers: BTreeSet<&str> = rows(shipment, "parcels")
        .iter()
        .map(|p| text(p, "tracking_number"))
        .collect();
    let number = text(told, "tracking_number");
    if !numbers.contains(number) {
        return Some(format!(
            "tracking {number} on Mirakl, {numbers:?} in BlueCherry"
        ));
    }
    let by_name = text(told, "carrier_code").is_empty();
    let (code, name) = (text(told, "carrier_code"), text(told, "carrier_name"));
    let right = match text(shipment, "carrier_name") {
        "UPS" => code == "ups",
        "DHL" => by_name && name == "DHL",
        _ => false,
    };
    (!right).then(|| {
        let carrier = text(shipment, "carrier_name");
        format!("carrier {code} {name} on Mirakl, {carrier} in BlueCherry")
    })
}
