//! Which items may be listed on a marketplace. What may not gets zero and says why.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Why an item may not be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// Its status is not one that sells, or is a word not known.
    Status,
    /// Switched off in the item master.
    Inactive,
    /// It has no barcode.
    NoBarcode,
    /// No price above zero at the marketplace's level.
    NoPrice,
    /// A sample.
    Sample,
    /// A line type that is not sold, such as point-of-sale or raw material.
    LineType,
    /// Made for another retailer.
    OtherRetailer,
    /// Its first day of sale is still to come.
    NotLaunched,
    /// Its last day of sale is over.
    Ended,
    /// The item master does not have it.
    NoItem,
}

impl Ineligible {
    /// In words.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Status => "its status does not sell",
            Self::Inactive => "it is switched off in the item master",
            Self::NoBarcode => "it has no barcode",
            Self::NoPrice => "it has no price at this marketplace's level",
            Self::Sample => "it is a sample",
            Self::LineType => "its line type is not sold",
            Self::OtherRetailer => "it is made for another retailer",
            Self::NotLaunched => "its launch date is still to come",
            Self::Ended => "its last day of sale is over",
            Self::NoItem => "the item master does not have it",
        }
    }
}

/// What the item master says of one item.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Status, in the site's word.
    pub status: &'a str,
    /// Whether orders for it are taken.
    pub active: bool,
    /// UPC or EAN; blank counts as none.
    pub barcode: Option<&'a str>,
    /// Price at the marketplace's level and currency today; `None` when there is none.
    pub price: Option<Decimal>,
    /// A sample.
    pub sample: bool,
    /// Line type code.
    pub line_type: Option<&'a str>,
    /// The one retailer it is made for.
    pub smu_account: Option<&'a str>,
    /// First day of sale.
    pub launch_date: Option<Date>,
    /// Last day of sale.
    pub discontinue_date: Option<Date>,
}

/// What one marketplace lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListingRules {
    /// Statuses that sell beside `active`, such as `discontinued` while stock lasts.
    pub statuses: Vec<String>,
    /// Line types that are never listed.
    pub excluded_line_types: Vec<String>,
    /// The marketplace's own account, for what is made for it; empty when nothing is.
    pub account: Option<String>,
}

impl ListingRules {
    /// Everything that forbids listing the item on this day of the site; empty when it may be.
    #[must_use]
    pub fn judge(&self, item: &Item<'_>, today: Date) -> Vec<Ineligible> {
        let status = item.status.trim();
        let sells = same(status, "active") || self.statuses.iter().any(|one| same(one, status));
        let line_type = item.line_type.is_some_and(|code| {
            self.excluded_line_types
                .iter()
                .any(|excluded| same(excluded, code))
        });
        let smu = item.smu_account.filter(|code| !code.trim().is_empty());
        let other = smu.is_some_and(|made_for| {
            !self
                .account
                .as_deref()
                .is_some_and(|ours| same(ours, made_for))
        });
        [
            (!sells, Ineligible::Status),
            (!item.active, Ineligible::Inactive),
            (
                item.barcode.is_none_or(|code| code.trim().is_empty()),
                Ineligible::NoBarcode,
            ),
            (
                item.price.is_none_or(|price| price <= Decimal::ZERO),
                Ineligible::NoPrice,
            ),
            (item.sample, Ineligible::Sample),
            (line_type, Ineligible::LineType),
            (other, Ineligible::OtherRetailer),
            (
                item.launch_date.is_some_and(|day| today < day),
                Ineligible::NotLaunched,
            ),
            (
                item.discontinue_date.is_some_and(|day| today > day),
                Ineligible::Ended,
            ),
        ]
        .into_iter()
        .filter_map(|(holds, reason)| holds.then_some(reason))
        .collect()
    }
}

/// Codes compare without case and the blanks around them.
fn same(one: &str, two: &str) -> bool {
    one.trim().eq_ignore_ascii_case(two.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Item<'static> = Item {
        status: "active",
        active: true,
        barcode: Some("012345678905"),
        price: Some(Decimal::ONE),
        sample: false,
        line_type: Some("REG"),
        smu_account: None,
        launch_date: None,
        discontinue_date: None,
    };

    #[test]
    fn what_may_not_be_listed_says_why() {
        let rules = ListingRules {
            statuses: vec!["discontinued".to_owned()],
            excluded_line_types: vec!["POP".to_owned(), "RAW".to_owned()],
            account: Some("NORTH".to_owned()),
        };
        let today = Date::constant(2025, 3, 4);
        let tomorrow = Date::constant(2025, 3, 5);
        let table: [(Item<'_>, &[Ineligible]); 14] = [
            (ITEM, &[]),
            (
                Item {
                    status: " Discontinued ",
                    ..ITEM
                },
                &[],
            ),
            (
                Item {
                    status: "hold",
                    ..ITEM
                },
                &[Ineligible::Status],
            ),
            (
                Item {
                    status: "a new word",
                    ..ITEM
                },
                &[Ineligible::Status],
            ),
            (
                Item {
                    active: false,
                    ..ITEM
                },
                &[Ineligible::Inactive],
            ),
            (
                Item {
                    barcode: Some(" "),
                    ..ITEM
                },
                &[Ineligible::NoBarcode],
            ),
            (
                Item {
                    price: None,
                    ..ITEM
                },
                &[Ineligible::NoPrice],
            ),
            (
                Item {
                    price: Some(Decimal::ZERO),
                    ..ITEM
                },
                &[Ineligible::NoPrice],
            ),
            (
                Item {
                    sample: true,
                    ..ITEM
                },
                &[Ineligible::Sample],
            ),
            (
                Item {
                    line_type: Some("pop"),
                    ..ITEM
                },
                &[Ineligible::LineType],
            ),
            (
                Item {
                    smu_account: Some("SOUTH"),
                    ..ITEM
                },
                &[Ineligible::OtherRetailer],
            ),
            (
                Item {
                    smu_account: Some("north "),
                    ..ITEM
                },
                &[],
            ),
            (
                Item {
                    launch_date: Some(tomorrow),
                    ..ITEM
                },
                &[Ineligible::NotLaunched],
            ),
            (
                Item {
                    launch_date: Some(today),
                    discontinue_date: Some(today),
                    ..ITEM
                },
                &[],
            ),
        ];
        for (item, reasons) in table {
            assert_eq!(rules.judge(&item, today), reasons, "{item:?}");
        }
        let ended = Item {
            discontinue_date: Some(today),
            ..ITEM
        };
        assert_eq!(rules.judge(&ended, tomorrow), [Ineligible::Ended]);
        let unnamed = Item {
            smu_account: Some("NORTH"),
            ..ITEM
        };
        assert_eq!(
            ListingRules::default().judge(&unnamed, today),
            [Ineligible::OtherRetailer]
        );
    }
}
