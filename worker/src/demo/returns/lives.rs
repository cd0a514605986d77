//! What becomes of an order after it is sold: what the customer, the warehouse, finance and the
//! operator do, and what it must come to.

use serde::Serialize;

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Life {
    /// Two parcels; everything comes back, and a dispute on the way.
    AllComesBack,
    /// A part of a line comes back, some of it damaged; the credit is a draft first, with a fee.
    PartComesBack,
    /// The warehouse finds too few.
    ShortPick,
    /// The house cancels a unit that is paid.
    HouseCancels,
    /// The house cancels a unit before it is paid.
    HouseCancelsUnpaid,
    /// The marketplace calls a line off that is paid and not shipped.
    LineCalledOff,
    /// A credit is posted twice.
    PostedTwice,
    /// A credit is voided after the customer was repaid.
    VoidedAfterRefund,
    /// A credit is above what was paid.
    AbovePaid,
    /// A credit is in another currency.
    OtherCurrency,
    /// A credit names a line that was never sold, beside one that was.
    NeverSold,
    /// The shop refunds in the portal, and the credit for it comes before the feed shows the refund.
    PortalRefund,
    /// The shop cancels a line in the marketplace's portal before it is paid.
    CanceledInPortal,
    /// The marketplace calls the whole order off.
    CalledOff,
    /// Goods come back that nobody announced.
    BeganAtErp,
    /// A return is announced, and nothing comes.
    NothingComes,
    /// Two parcels, and that is all.
    Kept,
}

/// What happens from outside, one thing after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The house cancels a unit of the first line in the ERP, before the customer has paid.
    HouseCancelUnpaid,
    /// The house cancels a unit of the first line in the ERP, once it may be picked.
    HouseCancelPaid,
    /// The nightly sweep runs now: it is what finds units that the house canceled before payment.
    Sweep,
    /// The shop cancels the last line in the marketplace's portal, before the customer has paid.
    CancelLineInPortal,
    /// The marketplace cancels the last line, which is paid.
    CallLineOff,
    /// The marketplace cancels the order.
    CallOff,
    /// The customer pays, once the marketplace shows the cancelation before.
    Pay,
    /// The warehouse ships one unit of the first line; more is to come.
    ShipOne,
    /// The warehouse ships what is left, in so many parcels.
    ShipRest {
        /// Parcels.
        parcels: usize,
        /// Units of the first line that are not found.
        short: i64,
    },
    /// The customer opens a dispute on the first line.
    OpenIncident,
    /// It is settled.
    CloseIncident,
    /// The customer wishes to send so many units of the first line back, for a reason of Mirakl's; 0
    /// means all units of all lines.
    SendBack(u32, &'static str),
    /// The goods of the authorization arrive, a unit for each disposition; none means all of them,
    /// as they should be.
    Arrive(&'static [&'static str]),
    /// A unit of the first line arrives, and nobody announced it.
    ArriveUnannounced,
    /// The warehouse gives up waiting for the goods.
    GiveUpWaiting,
    /// The operator tells that nothing came.
    OperatorGivesUp,
    /// Finance credits what came back.
    CreditWhatCame,
    /// Finance credits units of the first line.
    Credit(Credit),
    /// Finance posts the draft.
    Post,
    /// Finance makes the same credit once more, after the refund.
    Repeat,
    /// Finance voids the credit, after the refund.
    Void,
    /// The shop refunds a unit of the first line in the marketplace's portal.
    RefundInPortal,
    /// The marketplace's list of orders does not show this one for a while.
    HideFromList,
    /// It shows it again.
    ShowInList,
}

/// A credit memo of units of the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credit {
    /// Units.
    pub(super) units: u32,
    /// What is particular about it.
    pub(super) manner: Manner,
}

/// What is particular about a credit memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Nothing.
    Plain,
    /// A draft first, and less a restocking fee.
    DraftLessFee,
    /// More than was paid.
    TooMuch,
    /// In another currency.
    ForeignCurrency,
    /// With one more line, which was never sold.
    WithStranger,
}

const fn credit(units: u32, manner: Manner) -> Deed {
    Deed::Credit(Credit { units, manner })
}

/// The whole order in one parcel.
const SHIP: Deed = Deed::ShipRest {
    parcels: 1,
    short: 0,
};

/// What an order must come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expect {
    /// It ends canceled instead of shipped.
    pub(super) canceled: bool,
    /// Refunds by this program.
    pub(super) refunds: usize,
    /// Cancelations of a part, whoever made them.
    pub(super) cancelations: usize,
    /// State of its one return on the marketplace.
    pub(super) returned: Option<&'static str>,
    /// Exception that stays open.
    pub(super) exception: Option<&'static str>,
}

impl Life {
    /// Every life, the most telling first: twelve orders show all that can go wrong with a credit.
    pub(super) const ALL: [Self; 17] = [
        Self::AllComesBack,
        Self::PartComesBack,
        Self::ShortPick,
        Self::HouseCancels,
        Self::HouseCancelsUnpaid,
        Self::LineCalledOff,
        Self::PostedTwice,
        Self::VoidedAfterRefund,
        Self::AbovePaid,
        Self::OtherCurrency,
        Self::NeverSold,
        Self::PortalRefund,
        Self::CanceledInPortal,
        Self::CalledOff,
        Self::BeganAtErp,
        Self::NothingComes,
        Self::Kept,
    ];

    /// Units of each line.
    pub(super) fn units(self) -> &'static [u32] {
        match self {
            Self::AllComesBack | Self::Kept => &[2, 1],
            Self::PartComesBack => &[3],
            Self::ShortPick | Self::HouseCancelsUnpaid => &[2, 1],
            Self::LineCalledOff | Self::CanceledInPortal => &[2, 1],
            Self::HouseCancels => &[3, 1],
            Self::PostedTwice | Self::PortalRefund | Self::CalledOff | Self::NeverSold => &[2],
            Self::VoidedAfterRefund | Self::AbovePaid | Self::OtherCurrency => &[1],
            Self::BeganAtErp | Self::NothingComes => &[2],
        }
    }

    /// Does the customer pay when the story says so, and not by itself?
    pub(super) fn pays_later(self) -> bool {
        self.deeds().contains(&Deed::Pay)
    }

    /// Does the customer announce a return?
    pub(super) fn is_announced(self) -> bool {
        let announces = |deed: &Deed| matches!(deed, Deed::SendBack(..));
        self.deeds().iter().any(announces)
    }

    /// What happens, in this order.
    pub(super) fn deeds(self) -> &'static [Deed] {
        use Deed::{
            Arrive, ArriveUnannounced, CallLineOff, CallOff, CancelLineInPortal, CloseIncident,
            CreditWhatCame, GiveUpWaiting, HideFromList, HouseCancelPaid, HouseCancelUnpaid,
            OpenIncident, OperatorGivesUp, Pay, Post, RefundInPortal, Repeat, SendBack, ShipOne,
            ShipRest, ShowInList, Sweep, Void,
        };
        match self {
            Self::AllComesBack => &[
                ShipOne,
                SHIP,
                OpenIncident,
                CloseIncident,
                SendBack(0, "RETURN_CHANGED_MIND"),
                Arrive(&[]),
                CreditWhatCame,
            ],
            Self::PartComesBack => {
                const {
                    &[
                        SHIP,
                        SendBack(2, "RETURN_DEFECTIVE_ITEM"),
                        Arrive(&["restock", "scrap"]),
                        credit(2, Manner::DraftLessFee),
                        Post,
                    ]
                }
            }
            Self::ShortPick => &[ShipRest {
                parcels: 1,
                short: 1,
            }],
            Self::HouseCancels => &[
                HouseCancelPaid,
                ShipRest {
                    parcels: 2,
                    short: 0,
                },
            ],
            Self::HouseCancelsUnpaid => &[HouseCancelUnpaid, Sweep, Pay, SHIP],
            Self::LineCalledOff => &[CallLineOff, SHIP],
            Self::CanceledInPortal => &[CancelLineInPortal, Pay, SHIP],
            Self::PostedTwice => const { &[SHIP, credit(1, Manner::Plain), Repeat] },
            Self::VoidedAfterRefund => const { &[SHIP, credit(1, Manner::Plain), Void] },
            Self::AbovePaid => const { &[SHIP, credit(1, Manner::TooMuch)] },
            Self::OtherCurrency => const { &[SHIP, credit(1, Manner::ForeignCurrency)] },
            Self::NeverSold => const { &[SHIP, credit(1, Manner::WithStranger)] },
            Self::PortalRefund => {
                const {
                    &[
                        SHIP,
                        HideFromList,
                        RefundInPortal,
                        credit(1, Manner::Plain),
                        ShowInList,
                    ]
                }
            }
            Self::CalledOff => &[CallOff],
            Self::BeganAtErp => &[SHIP, ArriveUnannounced, CreditWhatCame],
            Self::NothingComes => &[
                SHIP,
                SendBack(1, "RETURN_PRODUCT_DOES_NOT_FIT"),
                GiveUpWaiting,
                OperatorGivesUp,
            ],
            Self::Kept => &[
                ShipOne,
                ShipRest {
                    parcels: 2,
                    short: 0,
                },
            ],
        }
    }

    /// What it must come to.
    pub(super) fn expect(self) -> Expect {
        let usual = Expect::default();
        let refunded = Expect {
            refunds: 1,
            ..usual
        };
        let parked = |refunds, kind| Expect {
            refunds,
            exception: Some(kind),
            ..usual
        };
        let back = |refunds| Expect {
            refunds,
            returned: Some("CLOSED"),
            ..usual
        };
        let canceled_part = Expect {
            cancelations: 1,
            ..usual
        };
        match self {
            Self::AllComesBack => back(2),
            Self::PartComesBack | Self::BeganAtErp => back(1),
            Self::ShortPick | Self::HouseCancels => refunded,
            Self::HouseCancelsUnpaid | Self::LineCalledOff | Self::CanceledInPortal => {
                canceled_part
            }
            Self::PostedTwice => parked(1, "credit_posted_twice"),
            Self::VoidedAfterRefund => parked(1, "credit_changed_after_refund"),
            Self::AbovePaid => parked(0, "credit_above_paid"),
            Self::OtherCurrency => parked(0, "credit_unusable"),
            Self::NeverSold => parked(1, "credit_without_sale"),
            Self::PortalRefund | Self::Kept => usual,
            Self::CalledOff => Expect {
                canceled: true,
                ..usual
            },
            Self::NothingComes => Expect {
                returned: Some("NO_RECEPTION"),
                ..usual
            },
        }
    }
}

/// Kinds of exceptions that stand for a credit that does not become a refund.
pub(super) const PARKED: [&str; 5] = [
    "credit_without_sale",
    "credit_above_paid",
    "credit_unusable",
    "credit_posted_twice",
    "credit_changed_after_refund",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::exception::Kind;

    use super::*;

    #[test]
    fn twelve_orders_show_every_credit_that_is_parked() {
        let shown: BTreeSet<_> = Life::ALL[..12]
            .iter()
            .filter_map(|life| life.expect().exception)
            .collect();
        assert_eq!(shown, PARKED.into());
        for word in PARKED {
            assert!(Kind::ALL.iter().any(|kind| kind.as_str() == word), "{word}");
        }
    }

    #[test]
    fn every_life_ships_unless_it_is_called_off() {
        for life in Life::ALL {
            let ships = |deed: &&Deed| matches!(deed, Deed::ShipRest { .. });
            let shipments = life.deeds().iter().filter(ships).count();
            assert_eq!(shipments == 0, life.expect().canceled, "{life:?}");
        }
    }
}
