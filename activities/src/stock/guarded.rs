//! What the guard holds of a computation.

use domain::stock::guard::{Change, Decision, Hold, Trips};
use ledger::{HeldOffer, OfferStock};
use workflows::stock::Held;

use super::print;

/// What is held so far.
#[derive(Default)]
pub(super) struct Guarded {
    pub(super) held: Held,
    /// Fingerprint of what is held; the order of the offers does not count.
    pub(super) print: i64,
}

impl Guarded {
    /// Judges one change; answers the offer when it is held.
    pub(super) fn judge(
        &mut self,
        offer: &OfferStock,
        change: &Change,
        trips: &Trips,
    ) -> Option<HeldOffer> {
        let Decision::Hold { hold, meanwhile } = trips.decide(change) else {
            return None;
        };
        let reason = word(hold);
        let held = &mut self.held;
        held.offers += 1;
        *held.by_reason.entry(reason.to_owned()).or_default() += 1;
        held.units_shown += u64::from(change.last.unwrap_or(0));
        held.units_wanted += u64::from(change.next);
        // What sales take meanwhile is no other review.
        let one = print(&[offer.offer_sku.as_bytes(), &change.next.to_le_bytes()]);
        self.print = self.print.wrapping_add(one);
        Some(HeldOffer {
            offer_sku: offer.offer_sku.clone(),
            was: change.last.map(i64::from),
            wanted: i64::from(change.next),
            meanwhile: meanwhile.map(i64::from),
            reason: reason.to_owned(),
        })
    }
}

fn word(hold: Hold) -> &'static str {
    match hold {
        Hold::Zeroed => "zeroed",
        Hold::Fall => "fall",
        Hold::Rise => "rise",
        Hold::Spike => "spike",
        Hold::Value => "value",
    }
}
