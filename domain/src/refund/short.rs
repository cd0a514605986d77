//! Units that will not come: their share of what the line costs.

use rust_decimal::Decimal;

use super::memo::TaxBase;
use super::order::{Money, PaidLine, TaxRule};
use super::problem::{Arithmetic, Part, Problem};
use super::rest::{part_of, remaining};
use super::tax::{minor, put, share};
use crate::money::minor_digits;

/// What units `from` to `to` of a line cost: price, shipping and the taxes that nobody computes.
///
/// Cut so that all units together cost exactly the line.
pub(super) fn units(line: &PaidLine, from: u32, to: u32, digits: u32) -> Money {
    let window = |total: Decimal| {
        let up_to = |n: u32| share(total, n.into(), line.quantity.into(), digits);
        up_to(to) - up_to(from)
    };
    let mut money = Money {
        amount: window(line.amount),
        shipping: window(line.shipping),
        ..Money::default()
    };
    for (on, taxes) in [
        (TaxBase::Goods, &line.taxes),
        (TaxBase::Shipping, &line.shipping_taxes),
    ] {
        for tax in taxes.iter().filter(|t| t.rule == TaxRule::None) {
            put(&mut money, on, &tax.code, window(tax.amount));
        }
    }
    money
}

/// Holds money against what is left of each part. A minor unit too much, which an earlier rounding
/// took, is let go; more is an error.
pub(super) fn fit(
    line: &PaidLine,
    money: &Money,
    in_flight: &[Money],
    slack: Decimal,
) -> Result<Money, Problem> {
    let fitting = |part: Part| -> Result<Decimal, Problem> {
        let credited = part_of(money, &part);
        let arithmetic: Arithmetic = remaining(line, &part, in_flight);
        let left = arithmetic.remaining();
        if credited > left + slack {
            return Err(Problem::AboveRemaining {
                part,
                credited,
                arithmetic,
            });
        }
        Ok(credited.min(left))
    };
    let mut fitted = Money {
        amount: fitting(Part::Amount)?,
        shipping: fitting(Part::Shipping)?,
        ..Money::default()
    };
    for (on, taxes) in [
        (TaxBase::Goods, &money.taxes),
        (TaxBase::Shipping, &money.shipping_taxes),
    ] {
        for tax in taxes {
            let amount = fitting(Part::Tax {
                code: tax.code.clone(),
                on,
            })?;
            put(&mut fitted, on, &tax.code, amount);
        }
    }
    Ok(fitted)
}

/// What to cancel for some units before money was taken (OR30), less what fell away already.
///
/// `from` units of the line are canceled or refunded already; `to` shall be.
///
/// # Errors
/// [`Problem::AboveRemaining`]: more than is left of the line. [`Problem::ShortTwice`]: no such
/// units. [`Problem::UnknownWord`]: a tax follows a rule that this program does not know.
pub fn cancelation(line: &PaidLine, from: u32, to: u32, currency: &str) -> Result<Money, Problem> {
    if to <= from || to > line.quantity {
        return Err(Problem::ShortTwice {
            quantity: to.saturating_sub(from),
            refunded: from,
            sold: line.quantity,
        });
    }
    for tax in line.taxes.iter().chain(&line.shipping_taxes) {
        if let TaxRule::Unknown(word) = &tax.rule {
            return Err(Problem::UnknownWord { word: word.clone() });
        }
    }
    let digits = minor_digits(currency);
    fit(line, &units(line, from, to, digits), &[], minor(digits))
}
