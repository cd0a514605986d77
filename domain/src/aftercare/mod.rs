//! What follows a sale: units that will not come, returns, refunds; each cause once, on both sides.
//!
//! The ERP owns the record: nothing is repaid but for a posted credit memo or for units that it
//! confirms as canceled. One credit, return or unit that goes no further stops no other.

mod absorb;
mod care;
mod refunds;
mod returning;
mod units;

use jiff::{SignedDuration, Timestamp};

pub use absorb::{cancelation_effect, cancelation_of, incident_effect, refund_effect};
pub use care::{
    Care, ErpUnits, Looked, Resolving, ReturnTold, SentCancelation, Stop, incident_key,
};
pub use refunds::{planned, refunds_due};
pub use returning::{ReturnStep, erp_subject, passed_untaken, returns_due, steps as return_steps};
pub use units::{
    CancelationItem, canceled_by_now, canceled_on_mirakl, is_nothing_left, shorts,
    to_cancel_in_erp, to_ship, unsettled,
};

use crate::exception::{Kind, Problem};
use crate::fulfillment::Facts;
use crate::marketplace::ShortShip;
use crate::order::{Order, State};
use crate::papers::Papers;
use crate::progress::{Progress, Sent};
use crate::refund::Rules;
use crate::returns;
use crate::step::{Step, Wait};

/// What a decision on aftercare is made from, besides the order and its shipments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aftercare {
    /// Returns and credits as both sides show them.
    pub papers: Papers,
    /// Reasons of refunds, and what a person let through.
    pub rules: Rules,
    /// How returns go.
    pub returns: returns::Site,
    /// Reason of a cancelation, a code of the operator; empty while none is mapped.
    pub cancel_reason: Option<String>,
}

/// The step of aftercare that is due now, if any.
pub fn due(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    progress.sales_order.booked()?;
    if is_calling_off(progress, facts.order) {
        return Some(Step::Wait(Wait::ReadBack));
    }
    if let Some(resolving) = &progress.care.resolving
        && is_disputed(facts.order, &resolving.order_line_id)
        && !is_stopped(progress, facts, &incident_key(&resolving.order_line_id))
    {
        return Some(Step::ResolveIncident);
    }
    if refunds::wants_units(progress, facts) {
        return Some(Step::ReadUnits);
    }
    // Money goes by an order that was read late enough to show what went before.
    let knows = !is_in_doubt(progress);
    if knows && !refunds_due(progress, facts).is_empty() {
        return Some(Step::Refund);
    }
    if knows && units_settled_by_rule(facts) && !cancelations_due(progress, facts).is_empty() {
        let whole = facts.order.can_cancel && units::is_nothing_left(progress, facts);
        return Some(match progress.order_cancelled {
            Sent::Doubtful { read_after } if facts.order.read_at < read_after => {
                Step::Wait(Wait::ReadBack)
            }
            _ if whole => Step::CancelOrder,
            _ => Step::CancelLines,
        });
    }
    (!returns_due(progress, facts).is_empty()).then_some(Step::ForwardReturns)
}

/// Did Mirakl take it that the whole order is called off, and does the order as read not show it yet?
fn is_calling_off(progress: &Progress, order: &Order) -> bool {
    progress.order_cancelled == Sent::Yes && units::is_unpaid(order)
}

/// Does Mirakl show an open incident on a line?
pub fn is_disputed(order: &Order, order_line_id: &str) -> bool {
    let mut lines = order.lines.iter();
    lines.any(|l| l.line_id == order_line_id && l.state == State::IncidentOpen)
}

/// How long an order stays fresh enough for money to go back by it.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Was the order read since the papers at hand came, and not long ago? Somebody may have repaid it in
/// the portal meanwhile, and two systems that are read one after the other tell that too late.
pub fn is_fresh(progress: &Progress, facts: &Facts<'_>) -> bool {
    let read_at = facts.order.read_at;
    progress.care.looked.as_ref().is_some_and(|looked| {
        looked.shipments_version == facts.versions.shipments && read_at >= looked.since
    }) && facts.now.duration_since(read_at) <= FRESH
}

/// May what fell short be told without a person?
fn units_settled_by_rule(facts: &Facts<'_>) -> bool {
    facts.policy.short_ship == ShortShip::Refund
}

/// Units to be canceled on Mirakl now (OR30).
pub fn cancelations_due(progress: &Progress, facts: &Facts<'_>) -> Vec<CancelationItem> {
    let all = units::cancelations(progress, facts).into_iter();
    all.filter_map(Result::ok)
        .filter(|item| !is_stopped(progress, facts, &item.key()))
        .collect()
}

/// Is something sent of which only a newer look at the order tells what became of it?
pub fn is_in_doubt(progress: &Progress) -> bool {
    progress.care.read_after.is_some()
}

/// Does something keep this subject, and has nothing changed that may be its cure?
pub fn is_stopped(progress: &Progress, facts: &Facts<'_>, subject: &str) -> bool {
    let mut stops = progress.care.stops.iter();
    stops.any(|stop| stop.subject == subject && stands(stop, facts))
}

fn stands(stop: &Stop, facts: &Facts<'_>) -> bool {
    let versions = facts.versions;
    let remapped =
        stop.problem.kind.is_cured_by_mapping() && versions.mapping != stop.mapping_version;
    let news = versions.order != stop.order_version || versions.shipments != stop.shipments_version;
    let is_time = stop.look_at.is_some_and(|at| facts.now >= at);
    stop.is_parked || !(remapped || news || is_time)
}

/// Everything of aftercare that needs a person, by subject. It stops nothing but itself.
pub fn parked(progress: &Progress, facts: &Facts<'_>) -> Vec<(String, Problem)> {
    let order = facts.order;
    let mut parked = refunds::parked(progress, facts);
    parked.extend(returning::parked(progress, facts));
    if units_settled_by_rule(facts) {
        let refused = units::cancelations(progress, facts).into_iter();
        parked.extend(refused.filter_map(|one| {
            one.err()
                .map(|(subject, problem)| (subject, problem.exception()))
        }));
    }
    let stops = progress.care.stops.iter();
    parked.extend(
        stops
            .filter(|stop| stands(stop, facts))
            .map(|stop| (stop.subject.clone(), stop.problem.clone())),
    );
    let disputed = order
        .lines
        .iter()
        .filter(|l| l.state == State::IncidentOpen);
    parked.extend(disputed.map(|line| {
        let problem = Problem::new(Kind::IncidentOpen).with("line", &line.line_id);
        (incident_key(&line.line_id), problem)
    }));
    if let Some(since) = order.refund_pending_since
        && facts.now >= refund_is_late(since, facts)
    {
        let problem = Problem::new(Kind::RefundAgeing).with("asked_at", since);
        parked.push(("refund_age".to_owned(), problem));
    }
    // One subject, one exception: the first that was found says why.
    let mut seen = std::collections::BTreeSet::new();
    parked.retain(|(subject, _)| seen.insert(subject.clone()));
    parked
}

fn refund_is_late(since: Timestamp, facts: &Facts<'_>) -> Timestamp {
    let age = SignedDuration::from_secs(i64::from(facts.policy.refund_age_s));
    since.checked_add(age).unwrap_or(Timestamp::MAX)
}

/// When aftercare wants to look again without any news; `None` for never.
pub fn wake_at(progress: &Progress, facts: &Facts<'_>) -> Option<Timestamp> {
    let care = &progress.care;
    let stops = care.stops.iter().filter(|stop| stands(stop, facts));
    // A look that is past was taken, or nothing is short any more: it must not wake the order for ever.
    let units = care.erp_units.as_ref().and_then(|units| units.look_at);
    let units = units.filter(|at| *at > facts.now);
    let age = facts
        .order
        .refund_pending_since
        .map(|since| refund_is_late(since, facts))
        .filter(|at| *at > facts.now);
    stops
        .filter_map(|stop| stop.look_at)
        .chain(units)
        .chain(age)
        .min()
}

#[cfg(test)]
mod lives;
#[cfg(test)]
mod tests;
