//! Credit memos: what a customer gets back, as the books have it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// Where a credit memo stands; only a posted one may become a refund.
    ///
    /// Source: BlueCherry connector profile v1, "CreditMemo".
    pub enum CreditStatus {
        /// Not in the books yet.
        Draft = "draft",
        /// In the books.
        Posted = "posted",
        /// Taken back.
        Voided = "voided",
    }
}

/// A credit memo. A change comes again under its number, with a higher version.
///
/// Amounts are positive when the customer gets money. For the price basis net, total = goods +
/// shipping + tax - restocking fees.
///
/// Source: BlueCherry connector profile v1, "CreditMemo".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditMemo {
    /// Number of the site.
    pub credit_no: String,
    /// Grows with every change.
    pub version: u64,
    /// Where it stands.
    pub status: CreditStatus,
    /// Return authorization it belongs to.
    #[serde(default)]
    pub ra_number: Option<String>,
    /// Invoice it takes from.
    #[serde(default)]
    pub invoice_no: Option<String>,
    /// Sales order number, where the site says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ord_num: Option<String>,
    /// Purchase order number of the marketplace, where the site says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_po: Option<String>,
    /// The connector's own ID of the return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_return_id: Option<String>,
    /// ISO 4217 code; the order's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// When it was posted.
    #[serde(default)]
    pub posted_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_at: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<CreditLine>,
    /// What the customer gets.
    pub total: Decimal,
}

/// A line of a credit memo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// ID of the line in its memo.
    pub line_id: String,
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// SKU as the site prints it; of a component where a pack is credited by components.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// SKU of the pack that the component is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_sku: Option<String>,
    /// `goods`, `short_ship` or `allowance`; goods when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Units.
    pub qty: u32,
    /// Goods, before the fee.
    pub goods: Decimal,
    /// Shipping.
    pub shipping: Decimal,
    /// Taxes on goods and shipping.
    pub tax: Decimal,
    /// Taxes by code; empty when the site gives no detail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_detail: Vec<CreditTax>,
    /// Kept back from the goods.
    #[serde(default)]
    pub restocking_fee: Option<Decimal>,
}

/// A tax of a credit memo's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditTax {
    /// Its code.
    pub code: String,
    /// Its amount.
    pub amount: Decimal,
    /// `goods` or `shipping`.
    pub on: String,
}
