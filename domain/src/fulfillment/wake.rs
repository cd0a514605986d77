//! When an order that waits is looked at again without news.

use jiff::{SignedDuration, Timestamp};

use super::Facts;
use crate::aftercare;
use crate::progress::{Progress, SalesOrder};
use crate::step::{Step, Wait};

/// Until when an order that left is followed.
pub(super) fn aftercare_ends(facts: &Facts<'_>) -> Timestamp {
    let left = facts.shipments.iter().filter_map(|s| s.confirmed_at).max();
    let start = left.unwrap_or(facts.order.updated_at);
    let care = SignedDuration::from_secs(i64::from(facts.policy.aftercare_s));
    start.checked_add(care).unwrap_or(Timestamp::MAX)
}

/// When an order that waits wants to be looked at again without any news; `None` for never.
///
/// Kept in the ledger and watched by the feed, so that a run needs no timer of its own.
pub fn wake_at(progress: &Progress, facts: &Facts<'_>, step: &Step) -> Option<Timestamp> {
    let own = wake_for(progress, facts, step);
    let care = aftercare::wake_at(progress, facts);
    own.into_iter().chain(care).min()
}

fn wake_for(progress: &Progress, facts: &Facts<'_>, step: &Step) -> Option<Timestamp> {
    if let (SalesOrder::Queued { look_at, .. }, Step::Wait(_)) = (&progress.sales_order, step) {
        return Some(*look_at);
    }
    match step {
        Step::Wait(Wait::Aftercare) => Some(aftercare_ends(facts)),
        Step::Wait(Wait::Tracking) => progress.tracking_awaited.as_ref().map(|late| late.until),
        Step::Wait(Wait::Person(_)) => progress.blocked.as_ref().and_then(|b| b.look_at),
        _ => None,
    }
}

/// Does the order wait for the next pull to tell what became of a call?
pub fn wants_read_back(progress: &Progress, step: &Step) -> bool {
    matches!(step, Step::Wait(Wait::ReadBack))
        || (aftercare::is_in_doubt(progress) && !matches!(step, Step::Done(_)))
}
