//! What is left of a line: paid, less what Mirakl shows and what is on the way.

use rust_decimal::Decimal;

use super::memo::TaxBase;
use super::order::{Money, PaidLine, TaxPart};
use super::problem::{Arithmetic, Part};

/// The part of some money.
pub(super) fn part_of(money: &Money, part: &Part) -> Decimal {
    let of = |taxes: &[TaxPart], code: &str| {
        let same = taxes.iter().filter(|t| t.code == code);
        same.map(|t| t.amount).sum()
    };
    match part {
        Part::Amount => money.amount,
        Part::Shipping => money.shipping,
        Part::Tax {
            code,
            on: TaxBase::Goods,
        } => of(&money.taxes, code),
        Part::Tax {
            code,
            on: TaxBase::Shipping,
        } => of(&money.shipping_taxes, code),
    }
}

/// What is left of one part of a line, and how it comes about.
///
/// `in_flight` is what was sent or planned and what Mirakl does not show yet.
pub fn remaining(line: &PaidLine, part: &Part, in_flight: &[Money]) -> Arithmetic {
    let of = |taxes: &[super::PaidTax], code: &str| {
        let same = taxes.iter().filter(|t| t.code == code);
        same.map(|t| t.amount).sum()
    };
    let paid = match part {
        Part::Amount => line.amount,
        Part::Shipping => line.shipping,
        Part::Tax {
            code,
            on: TaxBase::Goods,
        } => of(&line.taxes, code),
        Part::Tax {
            code,
            on: TaxBase::Shipping,
        } => of(&line.shipping_taxes, code),
    };
    Arithmetic {
        paid,
        refunded: line.refunds.iter().map(|r| part_of(&r.money, part)).sum(),
        canceled: line.cancelations.iter().map(|c| part_of(c, part)).sum(),
        in_flight: in_flight.iter().map(|m| part_of(m, part)).sum(),
    }
}
