//! Temporal's side: runs that settle, stay healthy, write nothing twice and tell nothing.

use serde_json::Value;

use super::Findings;
use crate::campaign::world::{OrderView, Planned, Run, World, text};

/// Most events a history may have.
const EVENTS_MAX: usize = 500;
/// A feed continues as new after so many pulls, at some eleven events each.
const FEED_EVENTS_MAX: usize = 12 * workflows::feeds::PULLS_A_RUN as usize;
/// Most bytes a history may have.
const BYTES_MAX: usize = 1_000_000;

/// The server's own way to hand over news that came at the moment a run wanted to end: the task is
/// done again with it, and nothing failed.
const NEWS_CAME: &str = "UNHANDLED_COMMAND";
/// A run that is terminated while its worker holds a task of it: the server ends the task by this.
const CUT_OFF: &str = "FORCE_CLOSE_COMMAND";

/// Exceptions that an order may end with which somebody called off or steered meanwhile.
const AFTER_A_PERSON: [&str; 5] = [
    "needs_refund",
    "cancelled_after_pick",
    "cancelled_in_erp",
    "lines_changed",
    "shipped_elsewhere",
];

/// Invariant 13.
pub(super) fn nothing_leaks(world: &World) -> Findings {
    let mut found = Findings {
        looked_at: world.searched,
        ..Findings::default()
    };
    for leak in &world.leaks {
        found.saw(&leak.place, Some(format!("{} stands there", leak.what)));
    }
    found
}

/// Invariant 14.
pub(super) fn everything_settles(world: &World) -> Findings {
    let mut found = orders(world);
    let late = "after the last fault it went on past its time";
    found.saw("-", (!world.second_pass.settled).then(|| late.to_owned()));
    for run in world.runs.iter().filter(|run| is_open_order(run)) {
        found.saw(&run.id, unsettled(run));
    }
    found
}

/// The part of invariant 14 that both sides and the exceptions show.
pub(super) fn orders_are_at_their_end(world: &World) -> bool {
    orders(world).broken.is_empty()
}

fn orders(world: &World) -> Findings {
    let mut found = Findings::default();
    for planned in &world.plan {
        let name = format!("{}/{}", planned.marketplace, planned.order_id);
        let Some(order) = world.order(&name) else {
            continue;
        };
        found.saw(name, not_at_its_end(&order, planned));
    }
    let strangers = world.exceptions.iter().filter(|open| {
        let planned = |p: &&Planned| format!("{}/{}", p.marketplace, p.order_id) == open.order;
        !world.plan.iter().any(|p| planned(&p))
    });
    for open in strangers {
        found.saw(&open.order, Some(format!("{} is open", open.kind)));
    }
    found
}

/// Why an order is not where it was planned to be, if it is not.
fn not_at_its_end(order: &OrderView<'_>, planned: &Planned) -> Option<String> {
    let open = order.world.open_for(&order.name());
    let allowed = |kind: &&str| {
        planned.exception.as_deref() == Some(*kind)
            || planned.disturbed && AFTER_A_PERSON.contains(kind)
    };
    if let Some(kind) = open.iter().find(|kind| !allowed(kind)) {
        return Some(format!("{kind} is open, and was not planned"));
    }
    let state = order.state();
    let in_erp = order
        .sales_orders()
        .any(|s| !matches!(text(s, "status"), "cancelled"));
    let ended = match planned.end.as_str() {
        _ if !open.is_empty() => true,
        // Whatever happened to it: at an end on both sides, whichever.
        _ if planned.disturbed => order.is_shipped() || order.is_called_off() && !in_erp,
        "shipped" => order.is_shipped(),
        "refused" => state == "REFUSED" && !in_erp,
        "cancelled" => state == "CANCELED" && !in_erp,
        _ => false,
    };
    (!ended).then(|| {
        let wanted = planned.exception.as_ref().unwrap_or(&planned.end);
        let erp = order.sales_orders().map(|s| text(s, "status"));
        let erp: Vec<&str> = erp.collect();
        format!("{state} on Mirakl, {erp:?} in BlueCherry; planned: {wanted}")
    })
}

fn is_open_order(run: &Run) -> bool {
    run.status == "Running" && run.id.starts_with("order/")
}

/// Waits for a named event outside, and nothing of it is under way.
fn unsettled(run: &Run) -> Option<String> {
    if !run.pending.is_empty() {
        return Some(format!("still at work: {}", run.pending.join(", ")));
    }
    let step = run.step.as_ref().unwrap_or(&Value::Null);
    let named = ["shipment", "aftercare", "payment", "address", "validation"];
    let wait = &step["wait"];
    let waits = wait.as_str().is_some_and(|word| named.contains(&word));
    let person = wait.get("person").is_some();
    (!waits && !person).then(|| format!("is at {step}, which no outside event ends"))
}

/// Invariant 16.
pub(super) fn runs_are_healthy(world: &World) -> Findings {
    let mut found = Findings::default();
    for run in &world.runs {
        let mut faults = vec![];
        let is_feed = run.id.starts_with("feed/");
        // A rebuild ends the feeds of the ledger that is gone.
        let ended_by_rebuild = is_feed && world.ledger_lost_at.is_some();
        match run.status.as_str() {
            "Terminated" if ended_by_rebuild => {}
            "Failed" | "TimedOut" | "Terminated" => faults.push(run.status.clone()),
            _ => {}
        }
        if run.events > if is_feed { FEED_EVENTS_MAX } else { EVENTS_MAX } {
            faults.push(format!("{} events", run.events));
        }
        if run.bytes > BYTES_MAX {
            faults.push(format!("{} bytes", run.bytes));
        }
        let failed = run.task_failures.iter();
        let failed = failed.filter(|failure| {
            let cut_off = ended_by_rebuild && failure.ends_with(CUT_OFF);
            !cut_off && !failure.ends_with(NEWS_CAME)
        });
        faults.extend(failed.map(|failure| format!("task failed: {failure}")));
        let evidence = format!("run {}: {}", run.run_id, faults.join(", "));
        found.saw(&run.id, (!faults.is_empty()).then_some(evidence));
    }
    found
}

/// Invariant 17.
pub(super) fn the_second_pass_writes_nothing(world: &World) -> Findings {
    let mut found = Findings::default();
    let pass = &world.second_pass;
    found.looked_at += pass.told;
    let none = "nothing had settled, so there was no second pass";
    found.saw("-", (!pass.settled).then(|| none.to_owned()));
    for run in &pass.silent {
        found.saw(run, Some("was told to look again, and did not".to_owned()));
    }
    for (feed, pulls) in &pass.pulls {
        let evidence = format!("{pulls} pulls in the second pass");
        found.saw(feed, (*pulls == 0).then_some(evidence));
    }
    for commit in &pass.commits {
        found.saw(commit, Some("was written by the second pass".to_owned()));
    }
    found
}
