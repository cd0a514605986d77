//! Checks that need nothing but the credit itself.

use rust_decimal::Decimal;

use super::{CreditMemo, MemoLine, Rules, Sent};
use crate::mapping::same_code;
use crate::money::is_bookable;
use crate::refund::memo::{MemoKind, MemoStatus, TaxBase};
use crate::refund::order::PaidLine;
use crate::refund::{Cause, Part, Problem};

/// No line of clothing costs more; beyond it an amount is a fault, and arithmetic could overflow.
const AMOUNT_MAX: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

/// Number of a memo with the same content that counts before this one.
pub(super) fn twin<'a>(memos: &[&'a CreditMemo], place: usize, sent: &[Sent]) -> Option<&'a str> {
    let memo = memos.get(place)?;
    let was_sent = |number: &str| {
        sent.iter().any(|s| {
            s.counts()
                && matches!(&s.item.cause, Cause::CreditMemo { number: n, .. } if n == number)
        })
    };
    let others = memos.iter().enumerate().filter(|(n, _)| *n != place);
    others
        .filter(|(_, other)| other.status == MemoStatus::Posted)
        .filter(|(_, other)| other.ra_number == memo.ra_number && content(other) == content(memo))
        .find(|(n, other)| *n < place || was_sent(&other.number))
        .map(|(_, other)| other.number.as_str())
}

type Content<'a> = (&'a str, &'a str, Option<u32>, [Decimal; 4]);

fn content(memo: &CreditMemo) -> Vec<Content<'_>> {
    let line = |l: &MemoLine| [l.goods, l.shipping, l.tax, l.restocking_fee].map(|a| a.normalize());
    let mut lines: Vec<_> = memo
        .lines
        .iter()
        .map(|l| (l.order_line_id.as_str(), kind(&l.kind), l.quantity, line(l)))
        .collect();
    lines.sort_unstable();
    lines
}

/// A unit that came back and one that never left are two, whatever they cost.
fn kind(kind: &MemoKind) -> &str {
    match kind {
        MemoKind::Goods => "goods",
        MemoKind::ShortShip => "short_ship",
        MemoKind::Allowance => "allowance",
        MemoKind::Unknown(word) => word,
    }
}

/// Are these amounts that can be paid?
pub(super) fn amounts(credit: &MemoLine, paid: &PaidLine, currency: &str) -> Result<(), Problem> {
    let wrong = |part: Part, amount: Decimal| Problem::NotAnAmount {
        part,
        amount,
        currency: currency.to_owned(),
    };
    let detail = credit.tax_detail.iter().map(|d| {
        let part = Part::Tax {
            code: d.code.clone(),
            on: d.on,
        };
        (part, d.amount)
    });
    let all_tax = Part::Tax {
        code: "(all)".to_owned(),
        on: TaxBase::Goods,
    };
    let said = [
        (Part::Amount, credit.goods),
        (Part::Shipping, credit.shipping),
        (all_tax, credit.tax),
        (Part::Amount, credit.restocking_fee),
    ];
    for (part, amount) in said.into_iter().chain(detail) {
        if amount < Decimal::ZERO || amount > AMOUNT_MAX || !is_bookable(amount, currency) {
            return Err(wrong(part, amount));
        }
    }
    sold(paid, currency)?;
    if credit.restocking_fee > credit.goods {
        return Err(Problem::FeeAboveGoods {
            fee: credit.restocking_fee,
            goods: credit.goods,
        });
    }
    Ok(())
}

/// Was the line sold for amounts that can be reckoned with?
pub(super) fn sold(paid: &PaidLine, currency: &str) -> Result<(), Problem> {
    let taxes = |taxes: &[crate::refund::PaidTax], on: TaxBase| -> Vec<(Part, Decimal)> {
        let part = |code: &String| Part::Tax {
            code: code.clone(),
            on,
        };
        taxes.iter().map(|t| (part(&t.code), t.amount)).collect()
    };
    let parts = [(Part::Amount, paid.amount), (Part::Shipping, paid.shipping)]
        .into_iter()
        .chain(taxes(&paid.taxes, TaxBase::Goods))
        .chain(taxes(&paid.shipping_taxes, TaxBase::Shipping));
    for (part, amount) in parts {
        if amount < Decimal::ZERO || amount > AMOUNT_MAX {
            return Err(Problem::NotAnAmount {
                part,
                amount,
                currency: currency.to_owned(),
            });
        }
    }
    Ok(())
}

/// The operator's reason, if the shop may give it.
pub(super) fn reason(
    own: Option<&str>,
    otherwise: Option<&String>,
    rules: &Rules,
) -> Result<String, Problem> {
    let by_erp = |code: &str| rules.reasons.iter().find(|(erp, _)| same_code(erp, code));
    let mapped = own.and_then(by_erp).map(|(_, code)| code).or(otherwise);
    let refused = |reason: &str| Problem::ReasonNotAllowed {
        reason: reason.to_owned(),
    };
    let Some(code) = mapped else {
        return Err(refused(own.unwrap_or("(none)")));
    };
    match &rules.allowed {
        Some(allowed) if !allowed.contains(code) => Err(refused(code)),
        _ => Ok(code.clone()),
    }
}
