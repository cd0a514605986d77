//! The taxes of a credit: given by code, left to the marketplace, or not fitting.

use rust_decimal::{Decimal, RoundingStrategy};

use super::memo::{MemoLine, TaxBase};
use super::order::{Money, PaidLine, PaidTax, TaxPart, TaxRule};
use super::problem::{Part, Problem};
use super::rest::remaining;

/// The smallest amount of a currency with so many digits.
pub(super) fn minor(digits: u32) -> Decimal {
    Decimal::new(1, digits)
}

/// A share of a total, `part` of `whole`, to the minor unit; nothing when there is no whole.
pub(super) fn share(total: Decimal, part: Decimal, whole: Decimal, digits: u32) -> Decimal {
    if whole.is_zero() {
        return Decimal::ZERO;
    }
    (total * part / whole).round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// Splits an amount by weights, exactly: what rounding leaves goes to the largest remainders.
///
/// Takes at most the sum of the weights; each share is at most its weight.
pub(super) fn split(amount: Decimal, weights: &[Decimal], digits: u32) -> Vec<Decimal> {
    let unit = minor(digits);
    let total: Decimal = weights.iter().sum();
    if total.is_zero() {
        return vec![Decimal::ZERO; weights.len()];
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut left = amount;
    for (n, weight) in weights.iter().enumerate() {
        let exact = amount * weight / total;
        let floor = exact.round_dp_with_strategy(digits, RoundingStrategy::ToZero);
        left -= floor;
        shares.push((n, floor, exact - floor));
    }
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*b].2.cmp(&shares[*a].2).then(a.cmp(b)));
    for n in order {
        if left < unit {
            break;
        }
        if shares[n].1 + unit <= weights[n] {
            shares[n].1 += unit;
            left -= unit;
        }
    }
    shares.into_iter().map(|(_, amount, _)| amount).collect()
}

/// A line, and what is on the way for it.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    pub line: &'a PaidLine,
    pub in_flight: &'a [Money],
    pub digits: u32,
}

impl<'a> Rest<'a> {
    pub(super) fn of(self, part: &Part) -> Decimal {
        remaining(self.line, part, self.in_flight).remaining()
    }

    fn taxes(self) -> impl Iterator<Item = (TaxBase, &'a PaidTax)> {
        let goods = self.line.taxes.iter().map(|t| (TaxBase::Goods, t));
        goods.chain(
            self.line
                .shipping_taxes
                .iter()
                .map(|t| (TaxBase::Shipping, t)),
        )
    }

    /// What the marketplace adds by itself when this much of price and shipping goes back.
    pub(super) fn computed(self, amount: Decimal, shipping: Decimal) -> Money {
        let mut money = Money::default();
        for (on, tax) in self.taxes() {
            if tax.rule != TaxRule::ProportionalToAmount {
                continue;
            }
            let (part, whole) = match on {
                TaxBase::Goods => (amount, self.line.amount),
                TaxBase::Shipping => (shipping, self.line.shipping),
            };
            let left = self.of(&Part::Tax {
                code: tax.code.clone(),
                on,
            });
            let amount = share(tax.amount, part, whole, self.digits).min(left);
            put(&mut money, on, &tax.code, amount);
        }
        money
    }
}

/// Adds an amount to a tax; nothing is not written.
pub(super) fn put(money: &mut Money, on: TaxBase, code: &str, amount: Decimal) {
    if amount.is_zero() {
        return;
    }
    let taxes = match on {
        TaxBase::Goods => &mut money.taxes,
        TaxBase::Shipping => &mut money.shipping_taxes,
    };
    match taxes.iter_mut().find(|t| t.code == code) {
        Some(tax) => tax.amount += amount,
        None => taxes.push(TaxPart {
            code: code.to_owned(),
            amount,
        }),
    }
}

fn total(money: &Money) -> Decimal {
    let taxes = money.taxes.iter().chain(&money.shipping_taxes);
    taxes.map(|t| t.amount).sum()
}

/// The taxes to give with a refund, and those that the marketplace adds.
///
/// # Errors
/// [`Problem::TaxDoesNotFit`] and its neighbours, with the arithmetic.
pub(super) fn taxes(
    rest: Rest<'_>,
    credit: &MemoLine,
    amount: Decimal,
    shipping: Decimal,
) -> Result<(Money, Money), Problem> {
    let credited = |on| match on {
        TaxBase::Goods => !amount.is_zero() || shipping.is_zero(),
        TaxBase::Shipping => !shipping.is_zero() || amount.is_zero(),
    };
    for (on, tax) in rest.taxes() {
        if let TaxRule::Unknown(word) = &tax.rule
            && credited(on)
        {
            return Err(Problem::UnknownWord { word: word.clone() });
        }
    }
    let computed = rest.computed(amount, shipping);
    let given = if credit.tax_detail.is_empty() {
        undetailed(rest, credit.tax, &computed, credited)?
    } else {
        detailed(rest, credit, &computed)?
    };
    Ok((given, computed))
}

/// No detail: what is not computed is split over the other taxes by what is left of them.
fn undetailed(
    rest: Rest<'_>,
    tax: Decimal,
    computed: &Money,
    credited: impl Fn(TaxBase) -> bool,
) -> Result<Money, Problem> {
    let open: Vec<(TaxBase, &str, Decimal)> = rest
        .taxes()
        .filter(|(on, tax)| tax.rule == TaxRule::None && credited(*on))
        .map(|(on, tax)| {
            let part = Part::Tax {
                code: tax.code.clone(),
                on,
            };
            (on, tax.code.as_str(), rest.of(&part))
        })
        .collect();
    let given_max: Decimal = open.iter().map(|(_, _, left)| left).sum();
    let platform = total(computed);
    // The marketplace rounds each tax by itself, the ERP perhaps their sum.
    // An earlier rounding may have left nothing of one.
    let parts = rest
        .taxes()
        .filter(|(on, tax)| tax.rule == TaxRule::ProportionalToAmount && credited(*on))
        .count();
    let tolerance = minor(rest.digits) * Decimal::from(parts);
    let wanted = tax - platform;
    let give = wanted.clamp(Decimal::ZERO, given_max);
    if (wanted - give).abs() > tolerance {
        return Err(Problem::TaxDoesNotFit {
            credited: tax,
            computed: platform,
            given_max,
        });
    }
    let weights: Vec<Decimal> = open.iter().map(|(_, _, left)| *left).collect();
    let mut given = Money::default();
    for ((on, code, _), share) in open.iter().zip(split(give, &weights, rest.digits)) {
        put(&mut given, *on, code, share);
    }
    Ok(given)
}

/// Each tax as the ERP says it, the computed ones within a minor unit.
fn detailed(rest: Rest<'_>, credit: &MemoLine, computed: &Money) -> Result<Money, Problem> {
    let detail: Decimal = credit.tax_detail.iter().map(|d| d.amount).sum();
    if detail != credit.tax {
        return Err(Problem::DetailDoesNotAddUp {
            credited: credit.tax,
            detailed: detail,
        });
    }
    let mut said = Money::default();
    for part in &credit.tax_detail {
        put(&mut said, part.on, &part.code, part.amount);
    }
    let mut given = Money::default();
    for (on, tax) in rest.taxes() {
        let part = Part::Tax {
            code: tax.code.clone(),
            on,
        };
        let amount = super::rest::part_of(&said, &part);
        match tax.rule {
            TaxRule::None => put(&mut given, on, &tax.code, amount),
            _ => {
                let platform = super::rest::part_of(computed, &part);
                if (amount - platform).abs() > minor(rest.digits) {
                    return Err(Problem::TaxDoesNotFit {
                        credited: amount,
                        computed: platform,
                        given_max: Decimal::ZERO,
                    });
                }
            }
        }
    }
    for part in &credit.tax_detail {
        let known = rest
            .taxes()
            .any(|(on, tax)| on == part.on && tax.code == part.code);
        if !known && !part.amount.is_zero() {
            let part_name = Part::Tax {
                code: part.code.clone(),
                on: part.on,
            };
            return Err(Problem::AboveRemaining {
                arithmetic: remaining(rest.line, &part_name, rest.in_flight),
                part: part_name,
                credited: part.amount,
            });
        }
    }
    Ok(given)
}
