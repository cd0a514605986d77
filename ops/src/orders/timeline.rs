//! What happened to an order, in plain sentences.

use jiff::Timestamp;
use ledger::{Event, OrderRow};
use serde::Serialize;

use crate::render::Named;
use crate::words;

mod aftercare;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// When, RFC 3339.
    pub at: Timestamp,
    /// What, a code; `sold` and `first_seen` come from the order, all others from the ledger's events.
    pub code: String,
    /// The same as a sentence.
    pub says: String,
    /// Names and values.
    pub detail: Vec<Named>,
}

/// Everything that happened, the oldest first.
pub(super) fn timeline(row: &OrderRow, events: &[Event]) -> Vec<Moment> {
    let own = |at, code: &str, says: String| Moment {
        at,
        code: code.to_owned(),
        says,
        detail: vec![],
    };
    let marketplace = &row.key.marketplace;
    let mut moments = vec![
        own(
            row.order.created_at,
            "sold",
            format!("Sold on {marketplace}."),
        ),
        own(
            row.first_seen_at,
            "first_seen",
            "First read from Mirakl.".to_owned(),
        ),
    ];
    moments.extend(events.iter().map(|event| Moment {
        at: event.at,
        code: event.what.clone(),
        says: says(event, &row.order.currency),
        detail: Named::all(&event.detail),
    }));
    // Stable: what was written in the same millisecond stays in its order.
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// An event as a sentence. A code that nobody taught us is shown as it is, with what it carries.
///
/// Amounts are of the order, so they bear its currency.
pub(super) fn says(event: &Event, currency: &str) -> String {
    let detail = |name: &str| {
        let found = event.detail.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    let numbered = |name: &str| detail(name).map(|v| format!(" {v}")).unwrap_or_default();
    match event.what.as_str() {
        "sales_order_created" => format!(
            "Sales order{} stands in BlueCherry, on hold.",
            numbered("sales_order")
        ),
        "sales_order_queued" => {
            "BlueCherry queued the sales order; it counts once it shows there.".into()
        }
        "sales_order_not_there" => "BlueCherry shows no such sales order.".into(),
        "accepted" => format!("Accepted on Mirakl{}.", lines(detail("lines"))),
        "refused" => "Refused on Mirakl, every line.".into(),
        "sales_order_refused" => "BlueCherry refused the sales order: no stock for it.".into(),
        "partial_acceptance_forbidden" => "Mirakl takes this order whole or not at all.".into(),
        "accepted_elsewhere" => {
            "Accepted on Mirakl by somebody else: by itself, or by hand in the back office.".into()
        }
        "answer_lost" => format!(
            "The answer was lost while {}; the next pull of orders tells what became of it.",
            words::step(detail("step").unwrap_or("writing"))
        ),
        "answer_found" => format!(
            "Mirakl shows that {} was done.",
            words::step(detail("step").unwrap_or("it"))
        ),
        "released" => format!(
            "Sales order{} has its ship-to and is released.",
            numbered("sales_order")
        ),
        "tracking_sent" => format!(
            "Mirakl has the carrier{} of shipment{}.",
            numbered("carrier"),
            numbered("shipment")
        ),
        "parcel_told" => format!(
            "Mirakl has parcel{}, by{}.",
            numbered("parcel"),
            numbered("carrier")
        ),
        "parcel_found" => format!("Mirakl shows parcel{} already.", numbered("parcel")),
        "tracking_corrected" => format!(
            "Mirakl has the new tracking of parcel{}.",
            numbered("parcel")
        ),
        "tracking_late" => format!(
            "Shipment{} left without its tracking number; it is waited for.",
            numbered("shipment")
        ),
        "shipment_confirmed" => "Shipment confirmed on Mirakl.".into(),
        "sales_order_cancelled" => match detail("not_cancelled") {
            None | Some("0") => "Sales order cancelled in BlueCherry.".into(),
            Some(left) => format!(
                "Sales order cancelled in BlueCherry, but for pieces picked or shipped already: {left}."
            ),
        },
        "order_cancelled" => "Order cancelled on Mirakl.".into(),
        "blocked" => blocked(detail("step"), detail("kind")),
        "unblocked" => format!("Goes on{}.", stage(detail("stage"))),
        "stage_changed" => format!("Stage{}.", numbered("stage").replace('_', " ")),
        "command" => command(
            detail("command").unwrap_or("a command"),
            detail("by").unwrap_or("somebody"),
            detail("outcome").unwrap_or("unknown"),
        ),
        "reference_written" => format!(
            "Mirakl has sales order{} as the seller's reference.",
            numbered("sales_order")
        ),
        "forgotten" => "Personal data erased for good.".into(),
        _ => aftercare::says(event, currency).unwrap_or_else(|| as_it_is(event)),
    }
}

fn lines(taken: Option<&str>) -> String {
    taken.map_or(String::new(), |taken| format!(": {taken} lines"))
}

fn stage(stage: Option<&str>) -> String {
    stage.map_or(String::new(), |stage| {
        format!(", stage {}", stage.replace('_', " "))
    })
}

/// With a step it is the refusal itself, without it is what the order waits for since.
fn blocked(step: Option<&str>, kind: Option<&str>) -> String {
    let word = kind.unwrap_or("unknown");
    let Some(kind) = words::kind(word) else {
        return format!("Needs a person: {word}.");
    };
    match (step.and_then(words::subject), step) {
        (Some(about), _) => format!(
            "{} goes no further for now: {}",
            capital(&about),
            kind.cause()
        ),
        (None, Some(step)) => format!("Stopped at {}: {}", words::step(step), kind.cause()),
        (None, None) => format!("Waits for {}: {word}.", words::owner(kind.owner())),
    }
}

/// As the first words of a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn command(name: &str, by: &str, outcome: &str) -> String {
    let from = match by {
        "cli" => "from the command line",
        "temporal_ui" => "from the Temporal UI",
        "cancel_button" => "by Temporal's Cancel button",
        other => return format!("A person said {name} ({other}): {outcome}."),
    };
    format!("A person said {name} {from}: {outcome}.")
}

fn as_it_is(event: &Event) -> String {
    let detail = event.detail.iter().map(|(n, v)| format!(" {n}={v}"));
    format!("{}{}", event.what, detail.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(what: &str, detail: &[(&str, &str)]) -> Event {
        let owned = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        Event {
            at: Timestamp::UNIX_EPOCH,
            what: what.to_owned(),
            detail: detail.iter().map(owned).collect(),
        }
    }

    #[test]
    fn each_code_is_a_sentence_and_an_unknown_one_stays_as_it_is() {
        let events = [
            event("sales_order_created", &[("sales_order", "500001")]),
            event("sales_order_created", &[]),
            event("sales_order_queued", &[]),
            event("sales_order_not_there", &[]),
            event("accepted", &[("lines", "1 of 2")]),
            event("refused", &[("lines", "0 of 2")]),
            event("partial_acceptance_forbidden", &[]),
            event("accepted_elsewhere", &[]),
            event("answer_lost", &[("step", "confirm_shipment")]),
            event("answer_found", &[("step", "accept_lines")]),
            event("released", &[("sales_order", "500001")]),
            event("tracking_sent", &[("shipment", "S1@1"), ("carrier", "UPS")]),
            event("shipment_confirmed", &[]),
            event("sales_order_cancelled", &[("not_cancelled", "0")]),
            event("sales_order_cancelled", &[("not_cancelled", "2")]),
            event("order_cancelled", &[]),
            event(
                "blocked",
                &[("step", "create_sales_order"), ("kind", "unmapped_tax")],
            ),
            event(
                "blocked",
                &[("step", "memo/CM-1/1"), ("kind", "refund_refused")],
            ),
            event("answer_lost", &[("step", "refund:memo/CM-1/1")]),
            event("answer_found", &[("step", "forward_returns:R-1:close")]),
            event("return_told", &[("return", "R-1"), ("step", "close")]),
            event("blocked", &[("stage", "new"), ("kind", "unmapped_tax")]),
            event("blocked", &[("stage", "new"), ("kind", "solar_flare")]),
            event("unblocked", &[("stage", "awaiting_payment")]),
            event("stage_changed", &[("stage", "awaiting_payment")]),
            event(
                "command",
                &[("command", "hold"), ("by", "cli"), ("outcome", "held")],
            ),
            event(
                "command",
                &[("command", "hold"), ("by", "desk"), ("outcome", "held")],
            ),
            event("reference_written", &[("sales_order", "500001")]),
            event("forgotten", &[]),
            event("teleported", &[("to", "Mars"), ("pieces", "2")]),
        ];
        let told: Vec<String> = events.iter().map(|e| says(e, "USD")).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Sales order 500001 stands in BlueCherry, on hold.
        Sales order stands in BlueCherry, on hold.
        BlueCherry queued the sales order; it counts once it shows there.
        BlueCherry shows no such sales order.
        Accepted on Mirakl: 1 of 2 lines.
        Refused on Mirakl, every line.
        Mirakl takes this order whole or not at all.
        Accepted on Mirakl by somebody else: by itself, or by hand in the back office.
        The answer was lost while confirming the shipment; the next pull of orders tells what became of it.
        Mirakl shows that accepting on Mirakl was done.
        Sales order 500001 has its ship-to and is released.
        Mirakl has the carrier UPS of shipment S1@1.
        Shipment confirmed on Mirakl.
        Sales order cancelled in BlueCherry.
        Sales order cancelled in BlueCherry, but for pieces picked or shipped already: 2.
        Order cancelled on Mirakl.
        Stopped at creating the sales order: A tax code of this order has no remitter in taxes.csv, so it is unknown who pays it over.
        Credit memo CM-1, line 1 goes no further for now: Mirakl refused a refund that was credited in BlueCherry; its own words stand in the evidence. Where the shop's balance does not cover it, it is tried again every hour.
        The answer was lost while repaying credit memo CM-1, line 1; the next pull of orders tells what became of it.
        Mirakl shows that closing return R-1 was done.
        Return R-1 closed on Mirakl.
        Waits for finance: unmapped_tax.
        Needs a person: solar_flare.
        Goes on, stage awaiting payment.
        Stage awaiting payment.
        A person said hold from the command line: held.
        A person said hold (desk): held.
        Mirakl has sales order 500001 as the seller's reference.
        Personal data erased for good.
        teleported to=Mars pieces=2
        ");
    }
}
