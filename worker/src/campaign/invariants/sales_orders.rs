//! The sales orders beside the orders: none lost, none doubled, none early, none left behind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Findings;
use crate::campaign::world::{OrderView, World, number, rows, text};

/// Invariant 1.
pub(super) fn none_is_lost(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        let made = order.sales_orders().count();
        let kept = order.is_called_off() || made == 1 || order.has_exception();
        let evidence = format!("{} on Mirakl, {made} sales orders", order.state());
        found.saw(order.name(), (!kept).then_some(evidence));
    }
    // What was sold and is not there at all would be the harness's loss.
    for planned in &world.plan {
        let name = format!("{}/{}", planned.marketplace, planned.order_id);
        if world.order(&name).is_none() {
            found.saw(
                name,
                Some("was sold, and Mirakl does not have it".to_owned()),
            );
        }
    }
    found
}

/// Invariant 2: a cancelled twin counts.
pub(super) fn none_is_doubled(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        let numbers: Vec<&str> = order.sales_orders().map(|s| text(s, "ord_num")).collect();
        let evidence = format!("sales orders {}", numbers.join(", "));
        found.saw(order.name(), (numbers.len() > 1).then_some(evidence));
    }
    let mut accounts = BTreeMap::<&str, usize>::new();
    for customer in rows(&world.erp, "customers") {
        *accounts
            .entry(text(customer, "external_handle"))
            .or_default() += 1;
    }
    for (handle, count) in accounts {
        let evidence = format!("{count} accounts");
        found.saw(handle, (count > 1).then_some(evidence));
    }
    found
}

/// Invariant 3: by real time, which both simulators note.
pub(super) fn none_is_accepted_early(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        for accept in order.effects("accepts").filter(|a| is_yes_of_ours(a)) {
            let at = number(accept, "real_at_us");
            let stood = order.sales_orders().any(|s| {
                let cancelled = s["cancelled_real_at_us"].as_i64();
                number(s, "real_at_us") < at && cancelled.is_none_or(|c| c > at)
            });
            let evidence = "accepted while no sales order stood".to_owned();
            found.saw(order.name(), (!stood).then_some(evidence));
        }
    }
    found
}

fn is_yes_of_ours(accept: &Value) -> bool {
    text(accept, "by") == "api" && !rows(accept, "accepted").is_empty()
}

/// Invariant 5.
pub(super) fn called_off_on_both_sides(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders().filter(OrderView::is_called_off) {
        let mut left = vec![];
        for sales_order in order.sales_orders() {
            let status = text(sales_order, "status");
            let units: i64 = rows(sales_order, "lines").iter().map(units_kept).sum();
            let gone = status == "cancelled" && units == 0;
            let told = matches!(status, "shipped" | "partially_shipped" | "picking")
                && order.has_exception();
            if !gone && !told {
                let number = text(sales_order, "ord_num");
                left.push(format!(
                    "sales order {number} is {status}, {units} units kept"
                ));
            }
        }
        let evidence = format!("{} on Mirakl; {}", order.state(), left.join("; "));
        found.saw(order.name(), (!left.is_empty()).then_some(evidence));
    }
    found
}

fn units_kept(line: &Value) -> i64 {
    number(line, "qty_open") + number(line, "qty_picked") + number(line, "qty_allocated")
}

/// Invariant 18: of the time that the operator waits, a quarter is left at acceptance.
pub(super) fn accepted_in_time(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        if !order.effects("accepts").any(is_yes_of_ours) {
            continue;
        }
        let took_s = seconds(text(order.row, "created"), text(order.row, "accepted"));
        let late = took_s.is_none_or(|took| took > 0.75 * world.acceptance_limit_s);
        let evidence = format!(
            "accepted after {:.1} s of {:.0} s",
            took_s.unwrap_or(f64::NAN),
            world.acceptance_limit_s
        );
        found.saw(order.name(), late.then_some(evidence));
    }
    found
}

fn seconds(from: &str, to: &str) -> Option<f64> {
    let (from, to): (Timestamp, Timestamp) = (from.parse().ok()?, to.parse().ok()?);
    Some(to.duration_since(from).as_secs_f64())
}
