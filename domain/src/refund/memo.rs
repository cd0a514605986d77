//! Credit memos, as far as a refund needs them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Where a credit memo stands. Only a posted one may become a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoStatus {
    /// Not in the books yet; waits.
    Draft,
    /// In the books.
    Posted,
    /// Taken back.
    Voided,
    /// A word this program does not know; holds this memo.
    #[serde(untagged)]
    Unknown(String),
}

/// What a line of a memo gives money for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoKind {
    /// Goods that came back.
    Goods,
    /// Units that were paid and never shipped.
    ShortShip,
    /// Money without goods.
    Allowance,
    /// A word this program does not know; holds this line.
    #[serde(untagged)]
    Unknown(String),
}

/// What a tax stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBase {
    /// The price.
    Goods,
    /// The shipping.
    Shipping,
}

/// The part of a line's tax that one code makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxDetail {
    /// Mirakl's code of the tax.
    pub code: String,
    /// Its amount.
    pub amount: Decimal,
    /// What it stands on.
    pub on: TaxBase,
}

/// One line of a credit memo. Amounts are positive when the customer gets money.
///
/// Source: BlueCherry connector profile v1, "CreditMemo".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoLine {
    /// The line's own ID in the memo.
    pub line_id: String,
    /// Mirakl's order line.
    pub order_line_id: String,
    /// Pieces; empty for a component of a pack, of which the order line knows no pieces.
    pub quantity: Option<u32>,
    /// What it gives money for.
    pub kind: MemoKind,
    /// Goods credited, before the fee.
    pub goods: Decimal,
    /// Shipping credited.
    pub shipping: Decimal,
    /// All taxes credited, on goods and shipping.
    pub tax: Decimal,
    /// Kept back from the goods; zero when there is none.
    pub restocking_fee: Decimal,
    /// The taxes by code; empty when the ERP gives no detail.
    pub tax_detail: Vec<TaxDetail>,
    /// Why the goods came back, a code of the ERP.
    pub reason_code: Option<String>,
}

/// A credit memo of one order, in one version.
///
/// Source: BlueCherry connector profile v1, "CreditMemo".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditMemo {
    /// Its number.
    pub number: String,
    /// Grows with every change; the highest of a number counts.
    pub version: u64,
    /// Where it stands.
    pub status: MemoStatus,
    /// ISO 4217; empty means the order's.
    pub currency: Option<String>,
    /// The return authorization it belongs to.
    pub ra_number: Option<String>,
    /// Its lines.
    pub lines: Vec<MemoLine>,
}
