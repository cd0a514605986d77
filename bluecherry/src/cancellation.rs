//! Canceled quantities of a sales order: what was asked for, and what really happened.

use serde::{Deserialize, Serialize};

use crate::sales_orders::SalesOrder;

/// Who caused a cancellation.
///
/// Source: BlueCherry connector profile v1, "Cancellation".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer, or the marketplace for them.
    Customer,
    /// We did.
    House,
}

/// Units of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelQuantity {
    /// Sequence of the order detail.
    pub line_seq: u32,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// Units, at least one.
    pub qty: u32,
}

/// What is to be canceled. The same `external_cancel_id` never cancels twice.
///
/// Source: BlueCherry connector profile v1, "Cancellation".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Units by line, at least one line.
    pub lines: Vec<CancelQuantity>,
    /// Who caused it.
    pub side: Side,
    /// Reason code of the site.
    pub reason_code: String,
    /// The caller's own ID.
    pub external_cancel_id: String,
}

/// Units that were not canceled, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCancelled {
    /// Sequence of the order detail.
    pub line_seq: u32,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// Units.
    pub qty: u32,
    /// A code such as `picked` or `shipped`.
    pub reason: String,
}

/// The order after a cancellation, and what was really canceled.
///
/// Source: BlueCherry connector profile v1, "CancelledSalesOrder".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledOrder {
    /// The order as it stands now.
    #[serde(flatten)]
    pub order: SalesOrder,
    /// Units that were canceled.
    pub cancelled: Vec<CancelQuantity>,
    /// Units that were not.
    pub not_cancelled: Vec<NotCancelled>,
}
