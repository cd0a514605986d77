//! The sum behind one published number, as it is kept.

use std::fmt;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::buffer::{Buffer, BufferTerm};
use super::pool::{Code, Exclusion};
use super::position::Figures;
use crate::stock::eligibility::Ineligible;
use crate::stock::fence::SnapshotNo;
use crate::stock::snapshot::AgeAction;

/// What to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// This many.
    #[serde(rename = "u")]
    Units(u32),
    /// Nothing can be said, so nothing is sent.
    #[serde(rename = "x")]
    Unknown(Unknown),
}

impl Quantity {
    /// The units; `None` when unknown.
    #[must_use]
    pub fn units(self) -> Option<u32> {
        match self {
            Self::Units(units) => Some(units),
            Self::Unknown(_) => None,
        }
    }
}

/// Why a quantity is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The snapshot has no row of it, or of one of its components.
    NoPosition,
    /// A pack without components.
    NoComponents,
    /// A component that the pack contains zero times.
    PerPack,
    /// The share is not between 0 and 1.
    Share,
    /// The figures are larger than any stock.
    TooLarge,
    /// The figures are too old to begin with.
    TooOld,
}

impl Unknown {
    /// In words, for a table or an exception.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::NoPosition => "the snapshot has no row of it",
            Self::NoComponents => "a pack without components",
            Self::PerPack => "a component that the pack contains zero times",
            Self::Share => "the share is not between 0 and 1",
            Self::TooLarge => "figures larger than any stock",
            Self::TooOld => "figures too old to begin with",
        }
    }
}

/// A figure of the configuration and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting<T> {
    /// The figure.
    #[serde(rename = "v")]
    pub value: T,
    /// Where it stands, such as a key of the configuration.
    #[serde(rename = "s")]
    pub source: String,
}

/// One row of the snapshot, and what of it counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Warehouse.
    #[serde(rename = "w")]
    pub warehouse: Code,
    /// Lot.
    #[serde(rename = "l", default, skip_serializing_if = "Code::is_blank")]
    pub lot: Code,
    /// Pool of customers.
    #[serde(rename = "p", default, skip_serializing_if = "Code::is_blank")]
    pub pool: Code,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Units that went into the sum; `None` when the figures do not add up.
    #[serde(rename = "c")]
    pub counted: Option<i64>,
    /// Why it adds nothing.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Exclusion>,
}

/// Units of one marketplace that the snapshot has not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlightTerm {
    /// The shop.
    #[serde(rename = "m")]
    pub marketplace: String,
    /// Units.
    #[serde(rename = "u")]
    pub units: u64,
    /// Order lines.
    #[serde(rename = "n")]
    pub lines: u32,
}

/// The sum of one stocked item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentSum {
    /// SKU as the site prints it.
    #[serde(rename = "k")]
    pub sku: String,
    /// Units of it in one sold unit.
    #[serde(rename = "pp")]
    pub per_pack: u32,
    /// Oldest moment of its rows; empty when there are none.
    #[serde(rename = "at", default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Its rows.
    #[serde(rename = "pl")]
    pub places: Vec<Place>,
    /// What is sold and not seen yet.
    #[serde(rename = "if", default, skip_serializing_if = "Vec::is_empty")]
    pub in_flight: Vec<InFlightTerm>,
    /// How many sold units it is enough for; `None` when unknown. May be negative.
    #[serde(rename = "q")]
    pub packs: Option<i64>,
}

/// The sum behind one published number. Kept as JSON: fields are only added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Number of the snapshot.
    #[serde(rename = "no")]
    pub snapshot_no: SnapshotNo,
    /// Every stocked item behind the offer.
    #[serde(rename = "co")]
    pub components: Vec<ComponentSum>,
    /// The least of the components; `None` when unknown. May be negative.
    #[serde(rename = "q")]
    pub packs: Option<i64>,
    /// Part that this channel may promise.
    #[serde(rename = "sh", default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Setting<Decimal>>,
    /// Kept back.
    #[serde(rename = "bu", default, skip_serializing_if = "Vec::is_empty")]
    pub buffers: Vec<BufferTerm>,
    /// Most units to show.
    #[serde(rename = "ca", default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Setting<u32>>,
    /// Before it was raised to zero and cut at the cap.
    #[serde(rename = "or")]
    pub original: Option<i64>,
    /// Why it may not be listed.
    #[serde(rename = "ne", default, skip_serializing_if = "Vec::is_empty")]
    pub ineligible: Vec<Ineligible>,
    /// What was done because the figures are too old; empty while they are not.
    #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<AgeAction>,
    /// The outcome.
    #[serde(rename = "to")]
    pub quantity: Quantity,
}

impl Explanation {
    /// Takes the action chosen for figures that are too old. It never raises a number over `last`,
    /// what Mirakl holds; what sales took since goes off all the same.
    pub fn grow_stale(&mut self, action: AgeAction, last: Option<u32>) {
        self.stale = Some(action);
        let known = self.quantity.units();
        let most = last.unwrap_or(u32::MAX);
        self.quantity = match (action, known, last) {
            _ if !self.ineligible.is_empty() => return,
            (AgeAction::Zero, _, _) => Quantity::Units(0),
            (_, None, _) => return,
            (AgeAction::HoldLast, Some(_), None) => Quantity::Unknown(Unknown::TooOld),
            (AgeAction::HoldLast, Some(units), Some(last)) => Quantity::Units(units.min(last)),
            (AgeAction::Reduce(_), Some(units), _) => {
                Quantity::Units(action.apply(units).unwrap_or(0).min(most))
            }
        };
    }
}

impl fmt::Display for Explanation {
    /// The sum, one term a line, with its sources.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for component in &self.components {
            component.fmt(out)?;
        }
        if let (Some(packs), true) = (self.packs, self.components.len() > 1) {
            writeln!(out, "{packs:>8}  least of the components")?;
        }
        if let Some(share) = &self.share {
            writeln!(out, "×{:>7}  share ({})", share.value, share.source)?;
        }
        for term in &self.buffers {
            write!(out, "{:>8}  ", -i64::from(term.units))?;
            match &term.buffer {
                Buffer::Global => write!(out, "buffer")?,
                Buffer::Marketplace => write!(out, "buffer of the marketplace")?,
                Buffer::Group(group) => write!(out, "buffer of group {group}")?,
                Buffer::Sku => write!(out, "buffer of the SKU")?,
                Buffer::Adaptive(adaptive) => write!(
                    out,
                    "adaptive buffer: {} a day × {} s × risk {}",
                    adaptive.units_per_day, adaptive.age_s, adaptive.risk
                )?,
            }
            writeln!(out, " ({})", term.source)?;
        }
        if let Some(original) = self.original {
            writeln!(out, "{original:>8}  before floor and cap")?;
        }
        if let Some(cap) = &self.cap {
            writeln!(out, "≤{:>7}  cap ({})", cap.value, cap.source)?;
        }
        for reason in &self.ineligible {
            writeln!(out, "{:>8}  not listed: {}", 0, reason.plain())?;
        }
        match self.stale {
            Some(AgeAction::HoldLast) => writeln!(out, "          too old: no more than shown")?,
            Some(AgeAction::Zero) => writeln!(out, "{:>8}  too old: nothing is shown", 0)?,
            Some(AgeAction::Reduce(part)) => writeln!(out, "×{part:>6}%  too old: reduced")?,
            None => {}
        }
        match self.quantity {
            Quantity::Units(units) => write!(out, "{units:>8}  published")?,
            Quantity::Unknown(unknown) => write!(out, "       ?  unknown: {}", unknown.plain())?,
        }
        write!(out, ", snapshot {}", self.snapshot_no)
    }
}

impl fmt::Display for ComponentSum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {} a unit", self.sku, self.per_pack)?;
        match self.as_of {
            Some(as_of) => writeln!(out, ", as of {as_of}")?,
            None => writeln!(out, ", no row")?,
        }
        for place in &self.places {
            place.fmt(out)?;
        }
        for term in &self.in_flight {
            let InFlightTerm {
                marketplace,
                units,
                lines,
            } = term;
            let of = if *lines == 1 { "line" } else { "lines" };
            writeln!(
                out,
                "{:>8}  in flight on {marketplace} ({lines} {of})",
                format!("-{units}")
            )?;
        }
        match self.packs {
            // A single item is not divided.
            Some(_) if self.per_pack == 1 => Ok(()),
            Some(packs) => writeln!(out, "{packs:>8}  ÷ {}", self.per_pack),
            None => writeln!(out, "       ?  ÷ {}", self.per_pack),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.counted {
            Some(counted) => write!(out, "{counted:>8}  ")?,
            None => write!(out, "       ?  ")?,
        }
        let warehouse = match self.warehouse.as_str() {
            "" => "no warehouse",
            code => code,
        };
        write!(out, "{warehouse}")?;
        for part in [&self.lot, &self.pool] {
            if !part.is_blank() {
                write!(out, "/{}", part.as_str())?;
            }
        }
        let figures = &self.figures;
        write!(out, ": {} on hand", figures.on_hand)?;
        for (units, word) in [
            (figures.linked, "linked"),
            (figures.picked.max(0), "picked"),
            (figures.open.max(0), "open"),
            (figures.reserved.max(0), "reserved"),
            (figures.demand.max(0), "in work orders"),
            (figures.irregular.max(0), "irregular"),
        ] {
            if units != 0 {
                write!(out, " - {units} {word}")?;
            }
        }
        match self.excluded {
            Some(Exclusion::NoWarehouse) => writeln!(out, "; only a shortage counts"),
            Some(Exclusion::NotArrived) => writeln!(out, "; not arrived"),
            Some(Exclusion::Warehouse) => writeln!(out, "; not a warehouse of this shop"),
            Some(Exclusion::Lot) => writeln!(out, "; lot kept out"),
            Some(Exclusion::Pool) => writeln!(out, "; pool of others"),
            Some(Exclusion::NotSellable) => writeln!(out, "; not sellable"),
            None => writeln!(out),
        }
    }
}
