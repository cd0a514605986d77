//! An order's life as a pure function: what is known in, the next step out.

mod leaving;
mod open;
mod show;
#[cfg(test)]
pub(crate) mod tests;
mod wake;

use jiff::Timestamp;

use leaving::{corrected, leaving};
pub use open::{open_quantities, tracking_key};
pub use show::{deadline, shown};
use wake::aftercare_ends;
pub use wake::{wake_at, wants_read_back};

use crate::acceptance::{self, Verdict};
use crate::aftercare::{self, Aftercare};
use crate::exception::{Kind, Problem};
use crate::marketplace::{Policy, ShortShip, ShortStock};
use crate::order::{Order, State};
use crate::parcel;
use crate::progress::{Acceptance, Progress, SalesOrder, Sent};
use crate::shipment::{Shipment, Shipped, shipped};
use crate::step::{Decision, Outcome, Step, Wait};

/// Everything a decision is made from, besides [`Progress`].
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The order as last read from Mirakl.
    pub order: &'a Order,
    /// Its shipments as last read from BlueCherry.
    pub shipments: &'a [Shipment],
    /// The shop's rules.
    pub policy: &'a Policy,
    /// May an order leave in several shipments (the operator's setting)? `None` while nobody asked.
    pub multi_shipment: Option<bool>,
    /// Its returns and credits, and the rules for them.
    pub aftercare: &'a Aftercare,
    /// Which versions of things these are.
    pub versions: Versions,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// Numbers that grow with each change, to tell whether a refusal may be outdated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Mapping tables in force.
    pub mapping: i64,
    /// The order, counted by the ledger.
    pub order: i64,
    /// Its shipments, counted by the ledger.
    pub shipments: i64,
}

/// Decides what comes next, and what to show meanwhile.
pub fn decide(progress: &Progress, facts: &Facts<'_>) -> Decision {
    let step = next_step(progress, facts);
    let shown = shown(progress, facts, &step);
    Decision { step, shown }
}

/// Decides what comes next in an order's life.
///
/// The same for the same input, whatever happened in between: a run that was lost, or restored from
/// an old copy, goes on where things stand.
pub fn next_step(progress: &Progress, facts: &Facts<'_>) -> Step {
    let step = checked(progress, facts, natural_step(progress, facts));
    if !gives_way(&step) {
        return step;
    }
    match aftercare::due(progress, facts) {
        Some(due) => checked(progress, facts, due),
        // What became of the last call comes with the next pull; a person is asked all the same.
        None if aftercare::is_in_doubt(progress)
            && !matches!(step, Step::Wait(Wait::Person(_))) =>
        {
            Step::Wait(Wait::ReadBack)
        }
        None => step,
    }
}

/// The step, unless the shop runs dry, a person holds the order, or it was refused and stands so.
fn checked(progress: &Progress, facts: &Facts<'_>, step: Step) -> Step {
    if step.is_effect() && facts.policy.dry_run {
        return Step::Wait(Wait::DryRun(step.as_str().to_owned()));
    }
    if progress.held && step.is_effect() && step != Step::CancelSalesOrder {
        return Step::Wait(Wait::Held);
    }
    match &progress.blocked {
        Some(blocked)
            if blocked.step == step.as_str()
                && still_blocked(progress, facts)
                && blocked.look_at.is_none_or(|at| facts.now < at) =>
        {
            Step::Wait(Wait::Person(blocked.problem.clone()))
        }
        _ => step,
    }
}

/// Does the order's own life pause here, so that returns and refunds have their turn?
fn gives_way(step: &Step) -> bool {
    matches!(
        step,
        Step::Wait(
            Wait::Payment | Wait::Shipment | Wait::Tracking | Wait::Aftercare | Wait::Person(_)
        ) | Step::Done(Outcome::Fulfilled | Outcome::Cancelled)
    )
}

/// Does the last refusal still stand, or has something changed that may be its cure?
fn still_blocked(progress: &Progress, facts: &Facts<'_>) -> bool {
    let Some(blocked) = &progress.blocked else {
        return false;
    };
    let kind = blocked.problem.kind;
    let remapped = kind.is_cured_by_mapping() && facts.versions.mapping != blocked.mapping_version;
    let reshipped = matches!(
        blocked.step.as_str(),
        "send_tracking" | "confirm_shipment" | "tell_parcels" | "correct_tracking"
    ) && facts.versions.shipments != blocked.shipments_version;
    let reread = matches!(kind, Kind::TotalMismatch | Kind::AddressUnusable)
        && facts.versions.order != blocked.order_version;
    !(remapped || reshipped || reread)
}

/// The next step if nobody holds the order and nothing was refused.
fn natural_step(progress: &Progress, facts: &Facts<'_>) -> Step {
    let Facts { order, policy, .. } = facts;
    if !policy.ships_from(order.center.as_deref()) || order.created_at < policy.take_over_from {
        return Step::Done(Outcome::NotOurs);
    }
    if let Some(word) = order.unknown_word() {
        return person(Problem::new(Kind::UnknownWord).with("state", word));
    }
    let refused_by_us = progress.acceptance == (Acceptance::Told { accepted: false });
    match &order.state {
        state if state.is_called_off() || refused_by_us => called_off(progress, facts),
        State::Staging => Step::Wait(Wait::Validation),
        State::WaitingAcceptance => before_acceptance(progress, facts),
        State::WaitingDebit | State::WaitingDebitPayment => before_payment(progress, facts),
        State::Shipping => before_shipment(progress, facts),
        _ => after_shipment(progress, facts),
    }
}

fn person(problem: Problem) -> Step {
    Step::Wait(Wait::Person(problem))
}

/// The step that makes the sales order certain, or `None` when it is.
fn toward_sales_order(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    match &progress.sales_order {
        SalesOrder::None | SalesOrder::Doubtful => Some(Step::CreateSalesOrder),
        SalesOrder::Queued {
            look_at,
            late_at,
            since,
        } => Some(if facts.now >= *look_at {
            Step::FindSalesOrder
        } else if facts.now >= *late_at {
            person(Problem::new(Kind::QueuedTooLong).with("queued_at", since))
        } else {
            Step::Wait(Wait::Queue)
        }),
        SalesOrder::There(_) => None,
    }
}

fn before_acceptance(progress: &Progress, facts: &Facts<'_>) -> Step {
    match progress.acceptance {
        Acceptance::Told { accepted: true } => return Step::Wait(Wait::Payment),
        Acceptance::Doubtful { read_after } if facts.order.read_at < read_after => {
            return Step::Wait(Wait::ReadBack);
        }
        _ => {}
    }
    if progress.cancel.is_some() {
        return Step::RefuseLines;
    }
    if progress.no_stock && progress.sales_order == SalesOrder::None {
        return match facts.policy.short_stock {
            ShortStock::Ask => {
                person(Problem::new(Kind::ShortStock).with("whole_order", "insufficient_stock"))
            }
            ShortStock::AcceptPart | ShortStock::Refuse => Step::RefuseLines,
        };
    }
    if let Some(step) = toward_sales_order(progress, facts) {
        return step;
    }
    let Some(booked) = progress.sales_order.booked() else {
        return Step::CreateSalesOrder;
    };
    match acceptance::decide(booked, facts.policy, progress.partial_forbidden) {
        Verdict::Accept(_) => Step::AcceptLines,
        Verdict::RefuseAll => Step::RefuseLines,
        Verdict::Ask(problem) => person(problem),
    }
}

fn before_payment(progress: &Progress, facts: &Facts<'_>) -> Step {
    if let Some(step) = toward_sales_order(progress, facts) {
        return step;
    }
    if progress.cancel.is_some() {
        return call_off(progress, facts);
    }
    canceled_units(progress, facts)
        .or_else(|| short_after_acceptance(progress))
        .unwrap_or(Step::Wait(Wait::Payment))
}

fn before_shipment(progress: &Progress, facts: &Facts<'_>) -> Step {
    if let Some(step) = toward_sales_order(progress, facts) {
        return step;
    }
    let open = open_quantities(progress, facts.order, facts.shipments);
    let shipped = shipped(&open, facts.shipments);
    if progress.cancel.is_some() && shipped == Shipped::Nothing && progress.told.is_empty() {
        return call_off(progress, facts);
    }
    if let Some(step) = canceled_units(progress, facts) {
        return step;
    }
    if let Some(problem) = parcel::changed(progress, facts.shipments) {
        return person(problem);
    }
    match shipped {
        Shipped::Nothing if progress.released => {
            let problem = changed_lines(progress, facts.order).map(person);
            problem
                .or_else(|| canceled_by_the_house(progress, facts))
                .unwrap_or(Step::Wait(Wait::Shipment))
        }
        Shipped::Nothing => {
            let problem = short_after_acceptance(progress)
                .or_else(|| changed_lines(progress, facts.order).map(person))
                .or_else(|| canceled_by_the_house(progress, facts));
            match problem {
                Some(wait) => wait,
                None if aftercare::is_nothing_left(progress, facts) => Step::Wait(Wait::Shipment),
                None if facts.order.has_address => Step::Release,
                None => Step::Wait(Wait::Address),
            }
        }
        Shipped::Excess => person(Problem::new(Kind::ExcessShip)),
        Shipped::Whole(..) | Shipped::Part | Shipped::Short => leaving(progress, facts, &shipped),
    }
}

fn after_shipment(progress: &Progress, facts: &Facts<'_>) -> Step {
    if matches!(
        progress.sales_order,
        SalesOrder::Doubtful | SalesOrder::Queued { .. }
    ) {
        return toward_sales_order(progress, facts).unwrap_or(Step::FindSalesOrder);
    }
    if let Some(step) = canceled_units(progress, facts) {
        return step;
    }
    let open = open_quantities(progress, facts.order, facts.shipments);
    let shipped = shipped(&open, facts.shipments);
    let left = shipped != Shipped::Nothing;
    let by_parcels = !progress.told.is_empty();
    let ours = progress.shipment == Sent::Yes || by_parcels || progress.settled_by_hand;
    if !left && !ours && aftercare::is_nothing_left(progress, facts) {
        return Step::Done(Outcome::Cancelled);
    }
    if !left && !ours {
        return person(Problem::new(Kind::ShippedElsewhere));
    }
    if shipped == Shipped::Excess && !progress.settled_by_hand {
        return person(Problem::new(Kind::ExcessShip));
    }
    if facts.order.state == State::Closed || facts.now >= aftercare_ends(facts) {
        return Step::Done(Outcome::Fulfilled);
    }
    if let Some(problem) = parcel::changed(progress, facts.shipments) {
        return person(problem);
    }
    corrected(progress, facts).unwrap_or(Step::Wait(Wait::Aftercare))
}

/// Refused or cancelled on Mirakl: no open sales order may stay behind.
fn called_off(progress: &Progress, facts: &Facts<'_>) -> Step {
    let outcome = match facts.order.state {
        State::Canceled => Outcome::Cancelled,
        _ => Outcome::Refused,
    };
    match (&progress.sales_order, &progress.cancelled) {
        (SalesOrder::None, _) => {}
        (SalesOrder::Doubtful, _) => return Step::FindSalesOrder,
        (SalesOrder::Queued { .. }, _) => {
            return toward_sales_order(progress, facts).unwrap_or(Step::FindSalesOrder);
        }
        (SalesOrder::There(_), None) => return Step::CancelSalesOrder,
        (SalesOrder::There(_), Some(cancelled)) => {
            if cancelled.not_cancelled > 0 && !progress.settled_by_hand {
                return after_pick(cancelled.not_cancelled);
            }
        }
    }
    if !facts.order.state.is_called_off() {
        return Step::Wait(Wait::ReadBack);
    }
    let by_hand = progress.settled_by_hand;
    Step::Done(if by_hand {
        Outcome::SettledByHand
    } else {
        outcome
    })
}

/// A person wants an accepted order called off: in the ERP first, then on Mirakl, while unpaid.
fn call_off(progress: &Progress, facts: &Facts<'_>) -> Step {
    let order = facts.order;
    if order.debited_at.is_some() || !order.can_cancel {
        return person(Problem::new(Kind::NeedsRefund).with("can_cancel", order.can_cancel));
    }
    match &progress.cancelled {
        None => Step::CancelSalesOrder,
        Some(cancelled) if cancelled.not_cancelled > 0 => after_pick(cancelled.not_cancelled),
        Some(_) => match progress.order_cancelled {
            Sent::Doubtful { read_after } if order.read_at < read_after => {
                Step::Wait(Wait::ReadBack)
            }
            Sent::Yes => Step::Wait(Wait::ReadBack),
            Sent::No | Sent::Doubtful { .. } => Step::CancelOrder,
        },
    }
}

fn after_pick(pieces: u32) -> Step {
    person(Problem::new(Kind::CancelledAfterPick).with("not_cancelled", pieces))
}

/// Accepted elsewhere while BlueCherry could not cover it: promised goods that are not there.
fn short_after_acceptance(progress: &Progress) -> Option<Step> {
    let booked = progress.sales_order.booked()?;
    let short = booked.lines.iter().filter(|l| !l.taken);
    let promised = progress.accepted_elsewhere && booked.lines.iter().any(|l| !l.taken);
    promised.then(|| {
        let problem = Problem::new(Kind::ShortStock);
        person(short.fold(problem, |p, l| {
            p.with(&l.line_id, l.reject_code.as_deref().unwrap_or("rejected"))
        }))
    })
}

/// Part of the order was repaid before it left, and not by us.
fn changed_lines(progress: &Progress, order: &Order) -> Option<Problem> {
    let mut gone = order
        .lines
        .iter()
        .filter(|l| l.state == State::Refunded && aftercare::to_ship(progress, l) > 0)
        .peekable();
    gone.peek()?;
    let problem = Problem::new(Kind::LinesChanged);
    Some(gone.fold(problem, |p, l| p.with(&l.line_id, "called_off")))
}

/// Units that Mirakl canceled must not leave: BlueCherry is told first of all.
fn canceled_units(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    if !aftercare::to_cancel_in_erp(progress, facts).is_empty() {
        return Some(Step::CancelUnits);
    }
    let units = progress.care.erp_units.as_ref()?;
    let late = units.not_canceled.iter();
    let late = late.map(|q| q.quantity).fold(0, u32::saturating_add);
    (late > 0 && !progress.settled_by_hand).then(|| after_pick(late))
}

/// BlueCherry canceled units that Mirakl still waits for, and the rule is to ask.
fn canceled_by_the_house(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    if facts.policy.short_ship != ShortShip::Ask {
        return None;
    }
    let shorts = aftercare::unsettled(progress, facts);
    (!shorts.is_empty()).then(|| {
        let problem = Problem::new(Kind::ShortShip);
        person(shorts.iter().fold(problem, |problem, short| {
            problem.with(&short.order_line_id, short.quantity)
        }))
    })
}
