//! What was paid on a Mirakl order, and what of it went back.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What becomes of a tax when a part of its base is refunded. Words are Mirakl's.
///
/// Source: Mirakl seller API, OR11, `tax_calculation_rule`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxRule {
    /// Nothing is computed: what is not given is not refunded.
    None,
    /// Mirakl computes the share; it is left out.
    ProportionalToAmount,
    /// A word this program does not know; holds what bears on this tax.
    #[serde(untagged)]
    Unknown(String),
}

/// A tax of an order line, as it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidTax {
    /// Its code.
    pub code: String,
    /// Its amount.
    pub amount: Decimal,
    /// What becomes of it on a part.
    pub rule: TaxRule,
}

/// An amount of one tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxPart {
    /// Its code.
    pub code: String,
    /// Its amount.
    pub amount: Decimal,
}

/// Money of one line that goes back or falls away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Part of the price.
    pub amount: Decimal,
    /// Part of the shipping.
    pub shipping: Decimal,
    /// Taxes on the price.
    pub taxes: Vec<TaxPart>,
    /// Taxes on the shipping.
    pub shipping_taxes: Vec<TaxPart>,
}

impl Money {
    /// Is there nothing in it?
    pub fn is_nothing(&self) -> bool {
        let taxes = self.taxes.iter().chain(&self.shipping_taxes);
        self.amount.is_zero()
            && self.shipping.is_zero()
            && taxes.into_iter().all(|t| t.amount.is_zero())
    }
}

/// A refund as Mirakl shows it on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRefund {
    /// Mirakl's ID.
    pub id: String,
    /// Why, a code of the operator.
    pub reason_code: Option<String>,
    /// Pieces, for information.
    pub quantity: u32,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// What went back, the taxes that Mirakl computed included.
    pub money: Money,
}

/// An order line as it was sold, with what went back of it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidLine {
    /// Mirakl's line ID.
    pub order_line_id: String,
    /// Pieces as sold.
    pub quantity: u32,
    /// Price as sold, all pieces.
    pub amount: Decimal,
    /// Shipping as sold.
    pub shipping: Decimal,
    /// Taxes on the price.
    pub taxes: Vec<PaidTax>,
    /// Taxes on the shipping.
    pub shipping_taxes: Vec<PaidTax>,
    /// Refunds, whoever made them, in Mirakl's order.
    pub refunds: Vec<ShownRefund>,
    /// Cancelations, whoever made them.
    pub cancelations: Vec<Money>,
}

/// An order as refunds see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidOrder {
    /// ISO 4217.
    pub currency: String,
    /// Its lines.
    pub lines: Vec<PaidLine>,
}

impl PaidOrder {
    /// The line of this ID.
    pub fn line(&self, order_line_id: &str) -> Option<&PaidLine> {
        self.lines.iter().find(|l| l.order_line_id == order_line_id)
    }
}
