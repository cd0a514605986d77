//! The calls themselves: how often, and which left what behind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Findings;
use crate::campaign::world::{OrderView, World, number, rows, text};

/// A call that was under way while the other one was being throttled, in microseconds.
const UNDER_WAY_US: i64 = 300_000;

/// Invariant 12: pulls of orders keep to their interval, and a throttled call comes again only after
/// its time.
pub(super) fn manners(world: &World) -> Findings {
    let mut found = Findings::default();
    for (shop, ledger) in &world.shops {
        let calls = rows(ledger, "calls");
        let pulls: Vec<&Value> = calls.iter().filter(|c| is_pull(c)).collect();
        found.saw(shop, too_many(world, &pulls));
        for (name, calls) in by_subject(calls) {
            found.saw(format!("{shop} {name}"), too_soon(world, &calls));
        }
    }
    found
}

/// The first page of what changed; read-backs ride along with it.
fn is_pull(call: &Value) -> bool {
    let path = text(call, "path");
    let first = !path.contains("offset=") || path.contains("offset=0");
    text(call, "op") == "OR11" && path.contains("start_update_date") && first
}

fn too_many(world: &World, pulls: &[&Value]) -> Option<String> {
    let (first, last) = (pulls.first()?, pulls.last()?);
    let us = number(last, "real_at_us") - number(first, "real_at_us");
    // A failed pull is tried again sooner than its interval, and each worker's start brings one.
    let failed = pulls.iter().filter(|c| number(c, "status") != 200);
    let allowed = us as f64 / 1e6 * world.pulls_a_second * 1.1
        + 5.0
        + (failed.count() + 2 * world.worker_starts) as f64;
    let count = pulls.len() as f64;
    (count > allowed).then(|| format!("{count} pulls of orders; {allowed:.0} are allowed"))
}

fn by_subject(calls: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut subjects = BTreeMap::<String, Vec<&Value>>::new();
    for call in calls {
        let name = format!("{} {}", text(call, "op"), text(call, "key"));
        subjects.entry(name).or_default().push(call);
    }
    subjects.retain(|_, calls| calls.iter().any(|c| number(c, "status") == 429));
    subjects
}

fn too_soon(world: &World, calls: &[&Value]) -> Option<String> {
    let wait_us = (world.told_to_wait_s * 1e6) as i64;
    let throttled = calls.iter().filter(|c| number(c, "status") == 429);
    for told in throttled {
        let at = number(told, "real_at_us");
        let early = calls
            .iter()
            .map(|c| number(c, "real_at_us") - at)
            .find(|after| (UNDER_WAY_US..wait_us).contains(after));
        if let Some(after) = early {
            return Some(format!(
                "called again {:.2} s after it was told to wait {} s",
                after as f64 / 1e6,
                world.told_to_wait_s
            ));
        }
    }
    None
}

/// Invariant 15: the ledger's entries of an order against what stands on both sides.
pub(super) fn writes_are_accounted_for(world: &World) -> Findings {
    let mut found = Findings::default();
    let none = vec![];
    for order in world.orders() {
        let entries = world.entries.get(&order.name()).unwrap_or(&none);
        for (write, stands, noted) in accounts(&order, entries) {
            let evidence = match (stands, noted) {
                // Entries are gone with the ledger that held them.
                (true, false) if was_lost(world, &order) => None,
                (true, false) => Some(format!("{write} stands, and no entry tells of it")),
                (false, true) => Some(format!("an entry tells of {write}, and it does not stand")),
                _ => None,
            };
            found.saw(order.name(), evidence);
        }
    }
    found
}

/// Was the ledger lost after this order was sold?
fn was_lost(world: &World, order: &OrderView<'_>) -> bool {
    let sold = text(order.row, "created").parse::<Timestamp>().ok();
    let lost = world.ledger_lost_at;
    lost.zip(sold).is_some_and(|(lost, sold)| sold <= lost)
}

/// Each kind of write: does it stand on the other side, and does an entry tell of it?
fn accounts(order: &OrderView<'_>, entries: &[String]) -> [(&'static str, bool, bool); 4] {
    let noted = |words: &[&str]| entries.iter().any(|e| words.contains(&e.as_str()));
    let by_us =
        |accept: &Value, list: &str| text(accept, "by") == "api" && !rows(accept, list).is_empty();
    let sales_order = order.sales_orders().next().is_some();
    let accepted = order.effects("accepts").any(|a| by_us(a, "accepted"));
    let only_refused = |a: &Value| by_us(a, "refused") && !by_us(a, "accepted");
    let refused = order.effects("accepts").any(only_refused);
    let shipped = order.effects("shipments").next().is_some();
    // An answer that was lost and then seen on the order is noted as found, whichever it was.
    let seen = noted(&["answer_found"]);
    [
        (
            "a sales order",
            sales_order,
            noted(&["sales_order_created"]),
        ),
        (
            "an acceptance",
            accepted,
            noted(&["accepted"]) || accepted && (seen || noted(&["acceptance_sent"])),
        ),
        ("a refusal", refused, noted(&["refused"]) || refused && seen),
        (
            "a shipment",
            shipped,
            noted(&["shipment_confirmed"]) || shipped && seen,
        ),
    ]
}
