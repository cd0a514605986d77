//! What lists and the Temporal UI show of an order.

use jiff::{SignedDuration, Timestamp};

use super::Facts;
use crate::order::State;
use crate::progress::{Acceptance, Progress, Sent};
use crate::shipment::{Shipped, shipped};
use crate::step::{Outcome, Shown, Stage, Step, Wait};

/// What to show of an order whose next step is `step`.
pub fn shown(progress: &Progress, facts: &Facts<'_>, step: &Step) -> Shown {
    let stage = stage(progress, facts, step);
    let blocked_on = match step {
        Step::Wait(Wait::Person(problem)) => Some(problem.clone()),
        // While a parked write is only looked for, its exception stays.
        step => progress
            .blocked
            .as_ref()
            .filter(|blocked| blocked.is_parked_at(step))
            .map(|blocked| blocked.problem.clone()),
    };
    Shown {
        stage,
        sales_order: progress.sales_order.booked().map(|b| b.number.clone()),
        blocked_on,
        deadline: deadline(stage, facts),
    }
}

fn stage(progress: &Progress, facts: &Facts<'_>, step: &Step) -> Stage {
    match (step, &facts.order.state) {
        (Step::Done(Outcome::NotOurs), _) => Stage::NotOurs,
        (Step::Done(Outcome::Refused), _) => Stage::Refused,
        (Step::Done(Outcome::Cancelled | Outcome::SettledByHand), _) => Stage::Cancelled,
        (Step::Done(Outcome::Fulfilled), _) => Stage::Shipped,
        (_, State::Refused | State::Canceled) => Stage::Cancelling,
        (_, state) if state.is_shipped() => Stage::Shipped,
        _ if progress.cancel.is_some() => Stage::Cancelling,
        (_, State::WaitingDebit | State::WaitingDebitPayment)
            if progress.sales_order.booked().is_some() =>
        {
            Stage::AwaitingPayment
        }
        (_, State::Shipping) if progress.sales_order.booked().is_some() => {
            shipping_stage(progress, facts)
        }
        _ => match (&progress.acceptance, progress.sales_order.booked()) {
            (Acceptance::Told { accepted: true }, _) => Stage::AwaitingPayment,
            (Acceptance::Told { accepted: false }, _) => Stage::Cancelling,
            (_, Some(_)) => Stage::Accepting,
            (_, None) => Stage::New,
        },
    }
}

fn shipping_stage(progress: &Progress, facts: &Facts<'_>) -> Stage {
    if progress.shipment == Sent::Yes {
        return Stage::Shipped;
    }
    match shipped(
        &super::open_quantities(progress, facts.order, facts.shipments),
        facts.shipments,
    ) {
        Shipped::Nothing if progress.released => Stage::AwaitingShipment,
        Shipped::Nothing => Stage::Releasing,
        _ => Stage::Confirming,
    }
}

/// By when a stage should be over: the operator's acceptance limit, then Mirakl's shipping deadline.
pub fn deadline(stage: Stage, facts: &Facts<'_>) -> Option<Timestamp> {
    match stage {
        Stage::New | Stage::Accepting => {
            let limit = SignedDuration::from_secs(i64::from(facts.policy.acceptance_limit_s));
            facts.order.created_at.checked_add(limit).ok()
        }
        Stage::Releasing | Stage::AwaitingShipment | Stage::Confirming => facts.order.ship_by,
        _ => None,
    }
}
