//! The arithmetic.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::buffer::BufferTerm;
use super::explanation::{
    ComponentSum, Explanation, InFlightTerm, Place, Quantity, Setting, Unknown,
};
use super::in_flight::{InFlight, Mark, SeenThrough};
use super::pool::{Exclusion, PoolRules};
use super::position::Position;
use crate::stock::eligibility::Ineligible;
use crate::stock::fence::SnapshotNo;

/// One stocked item behind an offer: the item itself, a stocked pack, or a component of a pack.
///
/// Everything that sells from one item shares its rows and its in-flight units, however it is sold.
#[derive(Clone, Copy, Debug)]
pub struct Component<'a> {
    /// SKU as the site prints it.
    pub sku: &'a str,
    /// Units of it in one sold unit; 1 for a single item.
    pub per_pack: u32,
    /// All its rows in the snapshot; empty means unknown.
    pub positions: &'a [Position],
    /// Its units on marketplace orders of every shop.
    pub in_flight: &'a [InFlight],
}

/// What applies to one offer on one marketplace.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Which stock counts.
    pub pools: &'a PoolRules,
    /// How long an order may take from BlueCherry into a batch.
    pub lag: SignedDuration,
    /// Part of the stock this channel may promise, 0 to 1; `None` is all.
    pub share: Option<&'a Setting<Decimal>>,
    /// Most units to show; `None` is no limit.
    pub cap: Option<&'a Setting<u32>>,
    /// Kept back; all add up.
    pub buffers: &'a [BufferTerm],
    /// Why it may not be listed; empty when it may.
    pub ineligible: &'a [Ineligible],
}

/// Computes what to publish, with its sum. Never fails: what cannot be computed is
/// [`Quantity::Unknown`] and must not be sent.
///
/// An item that may not be listed gets zero, even when its stock is unknown.
#[must_use]
pub fn explain(no: SnapshotNo, components: &[Component<'_>], terms: &Terms<'_>) -> Explanation {
    let mut sum = Explanation {
        snapshot_no: no,
        components: Vec::with_capacity(components.len()),
        packs: None,
        share: terms.share.cloned(),
        buffers: terms.buffers.to_vec(),
        cap: terms.cap.cloned(),
        original: None,
        ineligible: terms.ineligible.to_vec(),
        stale: None,
        quantity: Quantity::Unknown(Unknown::TooLarge),
    };
    let computed = fill(&mut sum, components, terms);
    sum.quantity = match computed {
        _ if !terms.ineligible.is_empty() => Quantity::Units(0),
        Ok(units) => Quantity::Units(units),
        Err(unknown) => Quantity::Unknown(unknown),
    };
    sum
}

fn fill(
    sum: &mut Explanation,
    components: &[Component<'_>],
    terms: &Terms<'_>,
) -> Result<u32, Unknown> {
    let mut failed = None;
    for component in components {
        let (shown, unknown) = add_up(component, terms);
        failed = failed.or(unknown);
        sum.components.push(shown);
    }
    if let Some(unknown) = failed {
        return Err(unknown);
    }
    let packs = sum
        .components
        .iter()
        .filter_map(|component| component.packs)
        .min()
        .ok_or(Unknown::NoComponents)?;
    sum.packs = Some(packs);
    let (original, units) = finish(packs, terms.share, terms.cap, terms.buffers)?;
    sum.original = Some(original);
    Ok(units)
}

/// What is left of the stock by share, buffers and cap: before floor and cap, and after.
pub(super) fn finish(
    packs: i64,
    share: Option<&Setting<Decimal>>,
    cap: Option<&Setting<u32>>,
    buffers: &[BufferTerm],
) -> Result<(i64, u32), Unknown> {
    let shared = match share {
        None => packs,
        Some(share) if share.value < Decimal::ZERO || share.value > Decimal::ONE => {
            return Err(Unknown::Share);
        }
        Some(share) => Decimal::from(packs)
            .checked_mul(share.value)
            .and_then(|shared| shared.floor().to_i64())
            .ok_or(Unknown::TooLarge)?,
    };
    let original = buffers
        .iter()
        .try_fold(shared, |left, term| left.checked_sub(i64::from(term.units)))
        .ok_or(Unknown::TooLarge)?;
    let floored = u32::try_from(original.max(0)).map_err(|_| Unknown::TooLarge)?;
    Ok((original, cap.map_or(floored, |cap| floored.min(cap.value))))
}

/// Adds up one component; the sum is shown also when it stays unknown.
fn add_up(component: &Component<'_>, terms: &Terms<'_>) -> (ComponentSum, Option<Unknown>) {
    let mut shown = ComponentSum {
        sku: component.sku.to_owned(),
        per_pack: component.per_pack,
        as_of: None,
        places: Vec::with_capacity(component.positions.len()),
        in_flight: Vec::new(),
        packs: None,
    };
    let mut mark: Option<Mark> = None;
    let mut left = Some(0_i64);
    for row in component.positions {
        let excluded = terms
            .pools
            .exclusion(&row.warehouse, &row.lot, &row.pool, row.sellable);
        let ots = row.figures.open_to_sell();
        let counted = match excluded {
            None => ots,
            Some(Exclusion::NoWarehouse) => ots.map(|ots| ots.min(0)),
            Some(_) => Some(0),
        };
        left = left
            .zip(counted)
            .and_then(|(sum, one)| sum.checked_add(one));
        shown.places.push(Place {
            warehouse: row.warehouse.clone(),
            lot: row.lot.clone(),
            pool: row.pool.clone(),
            figures: row.figures,
            counted,
            excluded,
        });
        let seen = Mark {
            as_of: row.as_of,
            through: row
                .orders_seen_through
                .as_deref()
                .and_then(SeenThrough::parse),
        };
        mark = Some(match mark {
            None => seen,
            Some(before) => before.older(seen),
        });
    }
    let Some(mark) = mark else {
        return (shown, Some(Unknown::NoPosition));
    };
    shown.as_of = Some(mark.as_of);
    for line in component.in_flight {
        if line.is_seen(&mark, terms.lag) {
            continue;
        }
        left = left.and_then(|left| left.checked_sub(i64::from(line.units)));
        let known = shown
            .in_flight
            .iter_mut()
            .find(|term| term.marketplace == line.marketplace);
        match known {
            Some(term) => {
                term.units = term.units.saturating_add(u64::from(line.units));
                term.lines = term.lines.saturating_add(1);
            }
            None => shown.in_flight.push(InFlightTerm {
                marketplace: line.marketplace.clone(),
                units: u64::from(line.units),
                lines: 1,
            }),
        }
    }
    if component.per_pack == 0 {
        return (shown, Some(Unknown::PerPack));
    }
    shown.packs = left.map(|left| left.div_euclid(i64::from(component.per_pack)));
    let unknown = shown.packs.is_none().then_some(Unknown::TooLarge);
    (shown, unknown)
}
