//! Why a credit is parked, with its arithmetic.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::memo::TaxBase;
use crate::exception::{self, Kind};

/// Which part of a line's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The price.
    Amount,
    /// The shipping.
    Shipping,
    /// One tax.
    Tax {
        /// Its code.
        code: String,
        /// What it stands on.
        on: TaxBase,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount => f.write_str("price"),
            Self::Shipping => f.write_str("shipping"),
            Self::Tax {
                code,
                on: TaxBase::Goods,
            } => write!(f, "tax {code}"),
            Self::Tax {
                code,
                on: TaxBase::Shipping,
            } => write!(f, "shipping tax {code}"),
        }
    }
}

/// What was paid for a part, and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// Paid.
    pub paid: Decimal,
    /// Refunded, as Mirakl shows.
    pub refunded: Decimal,
    /// Canceled, as Mirakl shows.
    pub canceled: Decimal,
    /// Sent or planned by us, and not shown yet.
    pub in_flight: Decimal,
}

impl Arithmetic {
    /// What is left; never below zero.
    pub fn remaining(&self) -> Decimal {
        (self.paid - self.refunded - self.canceled - self.in_flight).max(Decimal::ZERO)
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            paid,
            refunded,
            canceled,
            in_flight,
        } = self;
        let left = self.remaining();
        write!(
            f,
            "{paid} paid - {refunded} refunded - {canceled} canceled - {in_flight} on the way = {left} left"
        )
    }
}

/// Why a credit does not become a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The order has no such line.
    #[error("line {order_line_id} is not in the order")]
    NeverSold {
        /// The line of the credit.
        order_line_id: String,
    },
    /// More than is left.
    #[error("{part}: {credited} credited, {arithmetic}")]
    AboveRemaining {
        /// Of what.
        part: Part,
        /// What the credit asks for.
        credited: Decimal,
        /// What is left, and why.
        arithmetic: Arithmetic,
    },
    /// Another currency than the order's.
    #[error("credited in {credited}, paid in {paid}")]
    OtherCurrency {
        /// The credit's.
        credited: String,
        /// The order's.
        paid: String,
    },
    /// The same credit stands in the books under another number.
    #[error("credit memo {first} holds the same lines and amounts")]
    PostedTwice {
        /// Number of the memo that counts.
        first: String,
    },
    /// Taken back after the customer was repaid.
    #[error("voided after {refunded} were refunded")]
    VoidedAfterRefund {
        /// Price and shipping refunded for it.
        refunded: Decimal,
    },
    /// Another amount than the one that was refunded for it.
    #[error("{credited} credited now, {refunded} refunded before")]
    ChangedAfterRefund {
        /// Price and shipping as the memo says now.
        credited: Decimal,
        /// Price and shipping refunded for it.
        refunded: Decimal,
    },
    /// The tax is not what the platform computes, or what is left.
    #[error(
        "tax: {credited} credited, {computed} computed by the marketplace, {given_max} left of the other taxes"
    )]
    TaxDoesNotFit {
        /// The credit's.
        credited: Decimal,
        /// Sum of what the marketplace adds by itself.
        computed: Decimal,
        /// Most that may be given for taxes it does not compute.
        given_max: Decimal,
    },
    /// The memo's detail of taxes does not add up to its tax.
    #[error("tax: {credited} credited, its detail makes {detailed}")]
    DetailDoesNotAddUp {
        /// The line's tax.
        credited: Decimal,
        /// Sum of its detail.
        detailed: Decimal,
    },
    /// The fee is more than the goods.
    #[error("restocking fee {fee} is above the goods, {goods}")]
    FeeAboveGoods {
        /// The fee.
        fee: Decimal,
        /// The goods.
        goods: Decimal,
    },
    /// A negative amount, or a part of a minor unit.
    #[error("{part}: {amount} is no amount of {currency} that can be refunded")]
    NotAnAmount {
        /// Of what.
        part: Part,
        /// The amount.
        amount: Decimal,
        /// The currency.
        currency: String,
    },
    /// No reason is mapped, or the mapped one is not the shop's to give.
    #[error("reason {reason} may not be given by the shop")]
    ReasonNotAllowed {
        /// The operator's code, or the ERP's where no code is mapped.
        reason: String,
    },
    /// Units that were refunded as short before, credited once more, or the other way.
    #[error("{quantity} short units, {refunded} refunded as short before, {sold} sold")]
    ShortTwice {
        /// Units of this cause.
        quantity: u32,
        /// Units refunded before.
        refunded: u32,
        /// Units of the line.
        sold: u32,
    },
    /// A word this program does not know.
    #[error("unknown word {word}")]
    UnknownWord {
        /// The word.
        word: String,
    },
}

impl Problem {
    /// The exception it becomes.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NeverSold { .. } => Kind::CreditWithoutSale,
            Self::AboveRemaining { .. } | Self::FeeAboveGoods { .. } | Self::ShortTwice { .. } => {
                Kind::CreditAbovePaid
            }
            Self::OtherCurrency { .. } | Self::NotAnAmount { .. } => Kind::CreditUnusable,
            Self::PostedTwice { .. } => Kind::CreditPostedTwice,
            Self::VoidedAfterRefund { .. } | Self::ChangedAfterRefund { .. } => {
                Kind::CreditChangedAfterRefund
            }
            Self::TaxDoesNotFit { .. } | Self::DetailDoesNotAddUp { .. } => Kind::CreditTaxMismatch,
            Self::ReasonNotAllowed { .. } => Kind::UnmappedReason,
            Self::UnknownWord { .. } => Kind::CreditUnusable,
        }
    }

    /// The exception with this problem's arithmetic as evidence; codes and amounts only.
    pub fn exception(&self) -> exception::Problem {
        exception::Problem::new(self.kind()).with("arithmetic", self)
    }
}
