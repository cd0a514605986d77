//! Is a batch of stock whole and new enough to publish from?

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One batch as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The site's name of it.
    pub batch_id: String,
    /// The moment its figures are true for.
    pub as_of: Timestamp,
    /// Does it hold every position, or only those that changed?
    pub full: bool,
    /// Was its last page read?
    pub ended: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows the site says it has; `None` when it does not say.
    pub rows_told: Option<u64>,
    /// Sum of on-hand units read; `None` when too large to add up.
    pub units: Option<i64>,
    /// That sum as the site says it; `None` when it does not say.
    pub units_told: Option<i64>,
}

/// The last batch that was found good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// The site's name of it.
    pub batch_id: String,
    /// The moment its figures were true for.
    pub as_of: Timestamp,
    /// Rows of the last full one; `None` before the first.
    pub rows: Option<u64>,
    /// On-hand units of the last full one; `None` before the first.
    pub units: Option<i64>,
}

/// What to publish when the newest good batch is too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeAction {
    /// Leave what Mirakl shows, and tell.
    #[default]
    HoldLast,
    /// Show this part of what is shown, in percent, rounded down.
    Reduce(u8),
    /// Show nothing.
    Zero,
}

impl AgeAction {
    /// What to show instead of `last`; `None` to leave it. A reduction never raises a number.
    #[must_use]
    pub fn apply(self, last: u32) -> Option<u32> {
        match self {
            Self::HoldLast => None,
            Self::Zero => Some(0),
            Self::Reduce(percent) => {
                let part = u64::from(last) * u64::from(percent.min(100)) / 100;
                u32::try_from(part).ok()
            }
        }
    }
}

/// What a batch is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most rows, in percent, that a full batch may have fewer than the one before.
    pub rows_drop_max_percent: u8,
    /// Most times the on-hand units of the one before, and least part of it, as a factor.
    pub units_factor_max: u32,
    /// Age of the figures, in seconds, from which on they are stale.
    pub age_s_max: u32,
    /// How far `as_of` may lie ahead of our clock, in seconds.
    pub ahead_s_max: u32,
    /// What to do when they are.
    pub on_stale: AgeAction,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows_drop_max_percent: 20,
            units_factor_max: 10,
            age_s_max: 7_200,
            ahead_s_max: 300,
            on_stale: AgeAction::HoldLast,
        }
    }
}

/// What is wrong with a batch, with the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The last page was not read, or fewer or more rows came than told.
    Incomplete {
        /// Rows read.
        rows: u64,
        /// Rows told.
        told: Option<u64>,
    },
    /// The units do not add up to the site's control total.
    ControlTotal {
        /// Units read; `None` when too large.
        units: Option<i64>,
        /// Units told.
        told: i64,
    },
    /// No row at all.
    Empty,
    /// Far fewer rows than before.
    Shrunken {
        /// Rows now.
        rows: u64,
        /// Rows before.
        before: u64,
    },
    /// Units are many times what they were, or a small part of it.
    Scale {
        /// Units now; `None` when too large.
        units: Option<i64>,
        /// Units before.
        before: i64,
    },
    /// The batch that was taken already.
    Duplicate,
    /// Older than the one that was taken.
    OutOfOrder {
        /// The moment of the newer one.
        newer: Timestamp,
    },
    /// The figures are from a moment that has not come: a clock is wrong.
    Ahead {
        /// Seconds ahead.
        ahead_s: i64,
    },
    /// The figures are too old.
    Stale {
        /// Seconds.
        age_s: i64,
    },
}

impl Fault {
    /// May nothing of the batch be taken? A stale one is whole: the age action decides on it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        !matches!(self, Self::Stale { .. })
    }
}

/// Judges a batch; an empty list means it is good. A repeat of the last batch is told as
/// [`Fault::Duplicate`] alone, because it changes nothing.
#[must_use]
pub fn judge(
    batch: &Batch,
    previous: Option<&Previous>,
    limits: &Limits,
    now: Timestamp,
) -> Vec<Fault> {
    if let Some(previous) = previous {
        if previous.batch_id == batch.batch_id {
            return vec![Fault::Duplicate];
        }
        if batch.as_of < previous.as_of {
            return vec![Fault::OutOfOrder {
                newer: previous.as_of,
            }];
        }
    }
    let mut faults = Vec::new();
    let told_otherwise = batch.rows_told.is_some_and(|told| told != batch.rows);
    if !batch.ended || told_otherwise {
        faults.push(Fault::Incomplete {
            rows: batch.rows,
            told: batch.rows_told,
        });
    }
    if let Some(told) = batch.units_told.filter(|told| Some(*told) != batch.units) {
        faults.push(Fault::ControlTotal {
            units: batch.units,
            told,
        });
    }
    if batch.full {
        compare(batch, previous, limits, &mut faults);
    }
    let age_s = now.duration_since(batch.as_of).as_secs();
    if age_s > i64::from(limits.age_s_max) {
        faults.push(Fault::Stale { age_s });
    } else if -age_s > i64::from(limits.ahead_s_max) {
        faults.push(Fault::Ahead { ahead_s: -age_s });
    }
    faults
}

/// A full batch against the full one before.
fn compare(batch: &Batch, previous: Option<&Previous>, limits: &Limits, faults: &mut Vec<Fault>) {
    if batch.rows == 0 {
        faults.push(Fault::Empty);
        return;
    }
    if let Some(before) = previous.and_then(|previous| previous.rows) {
        let left = u128::from(100 - limits.rows_drop_max_percent.min(100));
        if u128::from(batch.rows) * 100 < u128::from(before) * left {
            faults.push(Fault::Shrunken {
                rows: batch.rows,
                before,
            });
        }
    }
    let before = previous.and_then(|previous| previous.units);
    let scaled = match (batch.units, before) {
        (None, before) => Some(before.unwrap_or(0)),
        (Some(_), None | Some(..=0)) => None,
        (Some(units), Some(before)) => {
            let factor = Decimal::from(limits.units_factor_max.max(1));
            let (now, then) = (Decimal::from(units), Decimal::from(before));
            (now > then * factor || now * factor < then).then_some(before)
        }
    };
    if let Some(before) = scaled {
        faults.push(Fault::Scale {
            units: batch.units,
            before,
        });
    }
}

#[cfg(test)]
mod tests;
