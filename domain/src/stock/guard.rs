//! Holds what changes too much, and nothing else.
//!
//! Two passes over the changes of a run, so that no list of them is needed: [`Totals::add`] each of
//! them, [`Totals::judge`] once, then [`Trips::decide`] each of them again.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One offer of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What Mirakl acknowledged last; `None` for an offer never sent.
    pub last: Option<u32>,
    /// What it should be.
    pub next: u32,
    /// Units sold since `last`, on every channel, as far as they are known.
    pub sold: u32,
    /// Price of a unit, in the marketplace's currency; `None` when unknown, which counts as zero.
    pub price: Option<Decimal>,
}

impl Change {
    /// Units that go away without a sale.
    fn unexplained(&self) -> u32 {
        self.last
            .unwrap_or(0)
            .saturating_sub(self.next)
            .saturating_sub(self.sold)
    }

    /// Units that come.
    fn rise(&self) -> u32 {
        self.last.map_or(0, |last| self.next.saturating_sub(last))
    }
}

/// What trips the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most offers, in percent of those that show units, that may go to zero without a sale.
    pub zeroed_max_percent: u32,
    /// Most units, in percent of all shown, that may go away without a sale.
    pub fall_max_percent: u32,
    /// Most units, in percent of all shown, that may come.
    pub rise_max_percent: u32,
    /// Most times its last number that one offer may show.
    pub spike_factor_max: u32,
    /// Units below which a rise of one offer is no spike.
    pub spike_units_min: u32,
    /// Most value that may go away without a sale; `None` is no limit.
    pub value_max: Option<Decimal>,
    /// Fewest offers, unexplained or risen, for shares of the whole to mean anything.
    pub offers_min: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            zeroed_max_percent: 10,
            fall_max_percent: 30,
            rise_max_percent: 100,
            spike_factor_max: 20,
            spike_units_min: 100,
            value_max: None,
            offers_min: 10,
        }
    }
}

/// Sums over the changes of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Offers that show units now.
    pub shown: u64,
    /// Of those, how many go to zero without a sale that explains it.
    pub zeroed: u64,
    /// Units shown now.
    pub units: u64,
    /// Units that go away without a sale.
    pub fall: u64,
    /// Offers that lose units without a sale.
    pub fallen: u64,
    /// Units that come to offers already sent.
    pub rise: u64,
    /// Offers with more units.
    pub risen: u64,
    /// Value of `fall`; `None` when too large to add up, which trips the guard.
    pub value: Option<Decimal>,
}

/// Which limits a run trips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trips {
    /// Too many offers go to zero.
    pub zeroed: bool,
    /// Too many units go away.
    pub fall: bool,
    /// Too many units come.
    pub rise: bool,
    /// Too much value goes away.
    pub value: bool,
    /// Limits of one offer.
    limits: Limits,
}

/// Why an offer is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// One of too many that go to zero.
    Zeroed,
    /// One of those by which too many units go away.
    Fall,
    /// One of those by which too many units come.
    Rise,
    /// One of those by which too much value goes away.
    Value,
    /// It alone rises too much.
    Spike,
}

/// What to do with one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: Mirakl has that number.
    Same,
    /// Send it.
    Send(u32),
    /// Hold it for a person.
    Hold {
        /// Why.
        hold: Hold,
        /// What goes out all the same, because sales explain it; `None` when nothing does.
        meanwhile: Option<u32>,
    },
}

impl Totals {
    /// Sums of no change.
    #[must_use]
    pub fn new() -> Self {
        Self {
            value: Some(Decimal::ZERO),
            ..Self::default()
        }
    }

    /// Adds one offer, changed or not: the unchanged ones are what shares are of.
    pub fn add(&mut self, change: &Change) {
        let last = change.last.unwrap_or(0);
        let fall = change.unexplained();
        let rise = change.rise();
        self.shown += u64::from(last > 0);
        self.units = self.units.saturating_add(u64::from(last));
        self.zeroed += u64::from(fall > 0 && change.next == 0);
        self.fallen += u64::from(fall > 0);
        self.fall = self.fall.saturating_add(u64::from(fall));
        self.risen += u64::from(rise > 0);
        self.rise = self.rise.saturating_add(u64::from(rise));
        let price = change.price.unwrap_or(Decimal::ZERO);
        self.value = self.value.and_then(|value| {
            price
                .checked_mul(Decimal::from(fall))
                .and_then(|lost| value.checked_add(lost))
        });
    }

    /// Which limits are tripped.
    #[must_use]
    pub fn judge(&self, limits: &Limits) -> Trips {
        let many = |offers: u64| offers >= u64::from(limits.offers_min);
        Trips {
            zeroed: many(self.zeroed) && over(self.zeroed, limits.zeroed_max_percent, self.shown),
            fall: many(self.fallen) && over(self.fall, limits.fall_max_percent, self.units),
            rise: many(self.risen) && over(self.rise, limits.rise_max_percent, self.units),
            value: limits
                .value_max
                .is_some_and(|max| self.value.is_none_or(|value| value > max)),
            limits: *limits,
        }
    }
}

/// Is a part more than so many percent of the whole?
fn over(part: u64, percent: u32, whole: u64) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

impl Trips {
    /// Does the run trip nothing as a whole? Single offers may still be held.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        !(self.zeroed || self.fall || self.rise || self.value)
    }

    /// What to do with one offer. An offer never sent goes out.
    #[must_use]
    pub fn decide(&self, change: &Change) -> Decision {
        let Some(last) = change.last else {
            return Decision::Send(change.next);
        };
        if change.next == last {
            return Decision::Same;
        }
        match self.hold(change, last) {
            None => Decision::Send(change.next),
            Some(hold) => {
                let explained = last.saturating_sub(change.sold).max(change.next);
                Decision::Hold {
                    hold,
                    meanwhile: (explained < last).then_some(explained),
                }
            }
        }
    }

    fn hold(&self, change: &Change, last: u32) -> Option<Hold> {
        if change.unexplained() > 0 {
            return match () {
                () if self.zeroed && change.next == 0 => Some(Hold::Zeroed),
                () if self.fall => Some(Hold::Fall),
                () if self.value && change.price.is_some() => Some(Hold::Value),
                () => None,
            };
        }
        let rise = change.rise();
        // What was sold out and comes back is no spike: a wrong scale leaves a zero as it is.
        let most = u64::from(last) * u64::from(self.limits.spike_factor_max);
        if last > 0 && rise >= self.limits.spike_units_min.max(1) && u64::from(change.next) > most {
            return Some(Hold::Spike);
        }
        (rise > 0 && self.rise).then_some(Hold::Rise)
    }
}

#[cfg(test)]
mod tests;
