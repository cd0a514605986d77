//! Goods that left: what Mirakl is told of them, and when.

use super::{Facts, canceled_by_the_house, open_quantities, person, tracking_key};
use crate::aftercare;
use crate::exception::{Kind, Problem};
use crate::marketplace::ShortShip;
use crate::order::State;
use crate::parcel::{self, ToldBy};
use crate::progress::{Progress, Sent};
use crate::shipment::{Shipped, missing, shipped};
use crate::step::{Step, Wait};

/// Goods have left: each parcel is told by itself where the operator allows that; else they gather
/// until the order is complete, and go as one shipment.
pub(super) fn leaving(progress: &Progress, facts: &Facts<'_>, shipped: &Shipped<'_>) -> Step {
    // While nobody asked, a whole order goes as one shipment, which every operator takes.
    let is_whole = matches!(shipped, Shipped::Whole(..));
    let one_by_one = facts.multi_shipment.unwrap_or(!is_whole);
    if one_by_one
        && progress.shipment == Sent::No
        && let Some(step) = parcels_due(progress, facts)
    {
        return step;
    }
    match shipped {
        Shipped::Whole(..) if one_by_one && progress.shipment == Sent::No => {
            Step::Wait(Wait::Aftercare)
        }
        Shipped::Whole(shipment, _) => {
            if progress.tracking.as_deref() != Some(tracking_key(shipment).as_str()) {
                return number_or(progress, facts, Step::SendTracking);
            }
            match progress.shipment {
                Sent::No => Step::ConfirmShipment,
                Sent::Doubtful { read_after } if facts.order.read_at < read_after => {
                    Step::Wait(Wait::ReadBack)
                }
                Sent::Doubtful { .. } => Step::ConfirmShipment,
                Sent::Yes => Step::Wait(Wait::Aftercare),
            }
        }
        Shipped::Short => short(progress, facts),
        // Nothing says that this was the last parcel, and what was canceled comes in none.
        _ => canceled_by_the_house(progress, facts).unwrap_or(Step::Wait(Wait::Shipment)),
    }
}

/// Something will not come. BlueCherry has to confirm that the units are canceled; then they are
/// canceled or repaid on Mirakl, or a person is asked, as the shop's rule is.
fn short(progress: &Progress, facts: &Facts<'_>) -> Step {
    if facts.policy.short_ship == ShortShip::Ask {
        return person(Problem::new(Kind::ShortShip));
    }
    let units = progress.care.erp_units.as_ref();
    let is_seen = units.is_some_and(|units| {
        units.shipments_version == facts.versions.shipments
            && units.look_at.is_none_or(|at| facts.now < at)
    });
    if !is_seen {
        return Step::ReadUnits;
    }
    if aftercare::is_in_doubt(progress) {
        return Step::Wait(Wait::ReadBack);
    }
    if aftercare::due(progress, facts).is_some() {
        return Step::Wait(Wait::Shipment);
    }
    let missing = missing(
        &open_quantities(progress, facts.order, facts.shipments),
        facts.shipments,
    );
    let problem = Problem::new(Kind::ShortShip);
    person(missing.iter().fold(problem, |problem, line| {
        let canceled = units.map_or(0, |units| units.canceled(&line.line_id));
        let word = format!(
            "{} missing, {canceled} canceled in BlueCherry",
            line.quantity
        );
        problem.with(&line.line_id, word)
    }))
}

/// Parcels to be told one by one, or of which corrected tracking is to be sent.
fn parcels_due(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    if !parcel::corrections(progress, facts.shipments).is_empty() {
        return Some(number_or(progress, facts, Step::CorrectTracking));
    }
    let is_due = !parcel::untold(progress, facts.shipments).is_empty();
    is_due.then(|| number_or(progress, facts, Step::TellParcels))
}

/// The step, unless a late tracking number is waited for.
fn number_or(progress: &Progress, facts: &Facts<'_>, step: Step) -> Step {
    match &progress.tracking_awaited {
        Some(late)
            if late.shipments_version == facts.versions.shipments && facts.now < late.until =>
        {
            Step::Wait(Wait::Tracking)
        }
        _ => step,
    }
}

/// Tracking that changed after the order was shipped, while Mirakl takes it; and, where parcels go
/// one by one, those of which it is not known whether Mirakl was told.
pub(super) fn corrected(progress: &Progress, facts: &Facts<'_>) -> Option<Step> {
    if facts.order.state != State::Shipped {
        return None;
    }
    let is_whole = progress.told.iter().any(|told| told.call == ToldBy::Order);
    if is_whole {
        let open = open_quantities(progress, facts.order, facts.shipments);
        let Shipped::Whole(shipment, _) = shipped(&open, facts.shipments) else {
            return None;
        };
        let is_told = progress.tracking.as_deref() == Some(tracking_key(shipment).as_str());
        return (!is_told).then(|| number_or(progress, facts, Step::SendTracking));
    }
    let one_by_one = facts.multi_shipment == Some(true) && progress.shipment == Sent::No;
    one_by_one.then(|| parcels_due(progress, facts)).flatten()
}
