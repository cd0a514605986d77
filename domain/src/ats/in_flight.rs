//! Marketplace units that a snapshot has not seen.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a snapshot has seen orders, as the site says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenThrough {
    /// Orders created up to this moment are in the figures.
    Time(Timestamp),
    /// Orders up to this number are; numbers compare only with the same letters in front.
    Number {
        /// What stands before the digits.
        prefix: String,
        /// The digits.
        number: u64,
    },
}

impl SeenThrough {
    /// Reads the site's word: a moment, or an order number. `None` for anything else, and then
    /// `as_of` and the lag decide.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = text.parse() {
            return Some(Self::Time(moment));
        }
        let prefix = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number = text.get(prefix.len()..)?.parse().ok()?;
        Some(Self::Number {
            prefix: prefix.to_uppercase(),
            number,
        })
    }
}

/// What the figures of one item are true for: the oldest of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The moment.
    pub as_of: Timestamp,
    /// How far orders are in the figures; `None` when the site cannot say.
    pub through: Option<SeenThrough>,
}

impl Mark {
    /// The one that has seen less of both. Marks that do not compare give none: the lag decides.
    #[must_use]
    pub fn older(self, other: Self) -> Self {
        let through = match (self.through, other.through) {
            (Some(SeenThrough::Time(one)), Some(SeenThrough::Time(two))) => {
                Some(SeenThrough::Time(one.min(two)))
            }
            (
                Some(SeenThrough::Number { prefix, number }),
                Some(SeenThrough::Number {
                    prefix: same,
                    number: two,
                }),
            ) if prefix == same => Some(SeenThrough::Number {
                prefix,
                number: number.min(two),
            }),
            _ => None,
        };
        Self {
            as_of: self.as_of.min(other.as_of),
            through,
        }
    }
}

/// Units of one marketplace order line, in units of the stocked item: packs that explode count in
/// components, stocked packs in packs. Cancelled units are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The shop the order came from.
    pub marketplace: String,
    /// Units.
    pub units: u32,
    /// Number of the BlueCherry sales order; `None` while there is none.
    pub sales_order: Option<String>,
    /// When BlueCherry had that order; `None` while it is not confirmed.
    pub in_erp_since: Option<Timestamp>,
}

impl InFlight {
    /// Do the figures contain this order already?
    ///
    /// By the site's own mark where it compares, else when the order stood in BlueCherry for the
    /// whole batch lag before `as_of`. In doubt it is not contained, and its units are taken off.
    #[must_use]
    pub fn is_seen(&self, mark: &Mark, lag: SignedDuration) -> bool {
        let Some(since) = self.in_erp_since else {
            return false;
        };
        match (&mark.through, &self.sales_order) {
            (Some(SeenThrough::Time(through)), _) => since <= *through,
            (Some(SeenThrough::Number { prefix, number }), Some(order)) => {
                match SeenThrough::parse(order) {
                    Some(SeenThrough::Number {
                        prefix: same,
                        number: ours,
                    }) if same == *prefix => ours <= *number,
                    _ => Self::is_older(since, mark, lag),
                }
            }
            _ => Self::is_older(since, mark, lag),
        }
    }

    fn is_older(since: Timestamp, mark: &Mark, lag: SignedDuration) -> bool {
        since
            .checked_add(lag)
            .is_ok_and(|visible| visible <= mark.as_of)
    }
}
