//! The same stock under other settings of a marketplace: a question, never published.

use rust_decimal::Decimal;

use super::buffer::{Buffer, BufferTerm};
use super::compute::finish;
use super::explanation::{Explanation, Quantity, Setting};

/// Where the settings of a question stand.
const SOURCE: &str = "what if";

/// Settings of a marketplace that are asked about; what is empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Units kept back of every item on the marketplace, instead of its buffer.
    pub buffer: Option<u32>,
    /// Part of the stock that it may promise, 0 to 1.
    pub share: Option<Decimal>,
    /// Most units to show.
    pub cap: Option<u32>,
}

impl WhatIf {
    /// The sum with these settings, of the stock and sales that it was made from. What may not be
    /// listed still shows nothing, what is unknown stays so, and figures that are too old still raise
    /// nothing.
    #[must_use]
    pub fn of(&self, sum: &Explanation) -> Explanation {
        let mut asked = sum.clone();
        if let Some(units) = self.buffer {
            asked
                .buffers
                .retain(|term| term.buffer != Buffer::Marketplace);
            if units > 0 {
                asked.buffers.push(BufferTerm {
                    buffer: Buffer::Marketplace,
                    units,
                    source: SOURCE.to_owned(),
                });
            }
        }
        if let Some(share) = self.share {
            asked.share = Some(Setting {
                value: share,
                source: SOURCE.to_owned(),
            });
        }
        if let Some(cap) = self.cap {
            asked.cap = Some(Setting {
                value: cap,
                source: SOURCE.to_owned(),
            });
        }
        let (Some(packs), true) = (asked.packs, asked.ineligible.is_empty()) else {
            return asked;
        };
        let (share, cap) = (asked.share.as_ref(), asked.cap.as_ref());
        match finish(packs, share, cap, &asked.buffers) {
            Ok((original, units)) => {
                asked.original = Some(original);
                asked.quantity = Quantity::Units(units);
            }
            Err(unknown) => asked.quantity = Quantity::Unknown(unknown),
        }
        if let Some(action) = asked.stale {
            asked.grow_stale(action, sum.quantity.units());
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::eligibility::Ineligible;
    use crate::stock::fence::SnapshotNo;
    use crate::stock::snapshot::AgeAction;

    fn sum(packs: i64) -> Explanation {
        let buffers = vec![
            BufferTerm {
                buffer: Buffer::Global,
                units: 1,
                source: "stock.buffers.global".into(),
            },
            BufferTerm {
                buffer: Buffer::Marketplace,
                units: 2,
                source: "marketplaces.stock.buffer".into(),
            },
        ];
        let (original, units) = finish(packs, None, None, &buffers).unwrap();
        Explanation {
            snapshot_no: SnapshotNo(7),
            components: vec![],
            packs: Some(packs),
            share: None,
            buffers,
            cap: None,
            original: Some(original),
            ineligible: vec![],
            stale: None,
            quantity: Quantity::Units(units),
        }
    }

    #[test]
    fn each_setting_moves_the_number_and_nothing_asked_leaves_it() {
        let half = Decimal::new(5, 1);
        let ask = |buffer, share, cap| WhatIf { buffer, share, cap };
        for (asked, units) in [
            (ask(None, None, None), 7),
            (ask(Some(0), None, None), 9),
            (ask(Some(5), None, None), 4),
            (ask(Some(50), None, None), 0),
            (ask(None, Some(half), None), 2),
            (ask(None, None, Some(3)), 3),
            (ask(Some(0), Some(half), Some(3)), 3),
        ] {
            let told = asked.of(&sum(10));
            assert_eq!(told.quantity, Quantity::Units(units), "{asked:?}");
        }
        assert_eq!(ask(None, None, None).of(&sum(10)), sum(10));
    }

    #[test]
    fn what_is_not_listed_unknown_or_too_old_is_not_raised_by_a_question() {
        let open = WhatIf {
            buffer: Some(0),
            ..WhatIf::default()
        };
        let mut unlisted = sum(10);
        unlisted.ineligible = vec![Ineligible::NoBarcode];
        unlisted.quantity = Quantity::Units(0);
        assert_eq!(open.of(&unlisted).quantity, Quantity::Units(0));
        let mut unknown = sum(10);
        unknown.packs = None;
        unknown.quantity = Quantity::Unknown(super::super::Unknown::NoPosition);
        assert_eq!(open.of(&unknown).quantity, unknown.quantity);
        let mut old = sum(10);
        old.stale = Some(AgeAction::HoldLast);
        old.quantity = Quantity::Units(4);
        assert_eq!(open.of(&old).quantity, Quantity::Units(4));
    }
}
