//! What was paid on an order and what went back, from the records of its lines.

use domain::refund::{Money, PaidLine, PaidOrder, PaidTax, ShownRefund, TaxPart, TaxRule};
use jiff::Timestamp;
use mirakl::{Amount, Cancelation, OrderLine, Refund, RefundState, Tax, TaxCalculationRule};
use rust_decimal::Decimal;

/// What was paid and what went back; nothing where a line does not say its price, since a refund must
/// not be reckoned from a guess.
pub(super) fn paid(wire: &mirakl::Order) -> Option<PaidOrder> {
    let lines = wire.order_lines.as_deref().unwrap_or_default();
    Some(PaidOrder {
        currency: wire.currency_iso_code.clone()?,
        lines: lines.iter().map(line).collect::<Option<_>>()?,
    })
}

fn line(wire: &OrderLine) -> Option<PaidLine> {
    let refunds = wire.refunds.as_deref().unwrap_or_default();
    let cancelations = wire.cancelations.as_deref().unwrap_or_default();
    Some(PaidLine {
        order_line_id: wire.order_line_id.clone(),
        quantity: u32::try_from(wire.quantity?).ok()?,
        amount: wire.price.as_ref()?.0,
        shipping: of(wire.shipping_price.as_ref()),
        taxes: taxes(wire.taxes.as_deref()),
        shipping_taxes: taxes(wire.shipping_taxes.as_deref()),
        refunds: refunds.iter().map(refund).collect(),
        cancelations: cancelations.iter().map(cancelation).collect(),
    })
}

fn refund(wire: &Refund) -> ShownRefund {
    ShownRefund {
        id: wire.id.clone().unwrap_or_default(),
        reason_code: wire.reason_code.clone(),
        quantity: pieces(wire.quantity),
        created_at: wire.created_date,
        money: Money {
            amount: of(wire.amount.as_ref()),
            shipping: of(wire.shipping_amount.as_ref()),
            taxes: parts(wire.taxes.as_deref()),
            shipping_taxes: parts(wire.shipping_taxes.as_deref()),
        },
    }
}

fn cancelation(wire: &Cancelation) -> Money {
    Money {
        amount: of(wire.amount.as_ref()),
        shipping: of(wire.shipping_amount.as_ref()),
        taxes: parts(wire.taxes.as_deref()),
        shipping_taxes: parts(wire.shipping_taxes.as_deref()),
    }
}

/// Pieces of a line that were canceled one by one.
pub(super) fn canceled(wire: &OrderLine) -> u32 {
    let all = wire.cancelations.as_deref().unwrap_or_default();
    all.iter()
        .map(|one| pieces(one.quantity))
        .fold(0, u32::saturating_add)
}

/// Since when the longest waiting refund is asked for and not paid back.
pub(super) fn pending_since(wire: &mirakl::Order) -> Option<Timestamp> {
    let lines = wire.order_lines.as_deref().unwrap_or_default();
    let refunds = lines
        .iter()
        .flat_map(|line| line.refunds.as_deref().unwrap_or_default());
    refunds
        .filter(|refund| refund.refund_state.as_ref() != Some(&RefundState::Refunded))
        .filter_map(|refund| refund.created_date)
        .min()
}

fn taxes(wire: Option<&[Tax]>) -> Vec<PaidTax> {
    let tax = |tax: &Tax| PaidTax {
        code: tax.code.clone().unwrap_or_default(),
        amount: of(tax.amount.as_ref()),
        rule: match &tax.tax_calculation_rule {
            // Nothing is said: then nothing is computed.
            None | Some(TaxCalculationRule::None) => TaxRule::None,
            Some(TaxCalculationRule::ProportionalToAmount) => TaxRule::ProportionalToAmount,
            Some(other) => TaxRule::Unknown(other.as_str().to_owned()),
        },
    };
    wire.unwrap_or_default().iter().map(tax).collect()
}

fn parts(wire: Option<&[Tax]>) -> Vec<TaxPart> {
    let part = |tax: &Tax| TaxPart {
        code: tax.code.clone().unwrap_or_default(),
        amount: of(tax.amount.as_ref()),
    };
    wire.unwrap_or_default().iter().map(part).collect()
}

fn of(amount: Option<&Amount>) -> Decimal {
    amount.map(|amount| amount.0).unwrap_or_default()
}

fn pieces(quantity: Option<i64>) -> u32 {
    quantity.and_then(|q| u32::try_from(q).ok()).unwrap_or(0)
}
