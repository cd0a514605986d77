//! Goods that come back: what is announced, and what the warehouse made of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// Where a return authorization stands.
    ///
    /// Source: BlueCherry connector profile v1, "Return".
    pub enum ReturnStatus {
        /// The goods may come.
        Authorized = "authorised",
        /// They came.
        Received = "received",
        /// Nothing came.
        NoReception = "no_reception",
        /// Called off.
        Canceled = "cancelled",
    }
}

words! {
    /// What inspection made of returned goods.
    ///
    /// Source: BlueCherry connector profile v1, "Return".
    pub enum Disposition {
        /// For sale again.
        Restock = "restock",
        /// Sold as a second.
        Second = "second",
        /// To be repaired.
        Repair = "repair",
        /// Thrown away.
        Scrap = "scrap",
        /// Not inspected yet.
        Pending = "pending",
    }
}

/// Goods to be announced. The same `external_return_id` is authorized once.
///
/// Source: BlueCherry connector profile v1, "NewReturn".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReturn {
    /// The caller's own ID.
    pub external_return_id: String,
    /// Sales order number.
    pub ord_num: String,
    /// Purchase order number of the marketplace.
    pub external_po: String,
    /// What comes back, at least one line.
    pub lines: Vec<NewReturnLine>,
}

/// Units of one order line to be announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReturnLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units.
    pub qty_authorised: u32,
    /// Reason code of the site.
    pub reason_code: String,
}

/// A return authorization, and what came of it.
///
/// Source: BlueCherry connector profile v1, "Return".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Number of the site.
    pub ra_number: String,
    /// The caller's own ID; empty for a return that began at the ERP.
    #[serde(default)]
    pub external_return_id: Option<String>,
    /// Sales order number.
    pub ord_num: String,
    /// Purchase order number of the marketplace.
    pub external_po: String,
    /// Grows with every change, where the site counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Where it stands, where the site says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ReturnStatus>,
    /// When the goods came.
    #[serde(default)]
    pub received_at: Option<Timestamp>,
    /// One row a disposition: a line may have several.
    pub lines: Vec<ReturnLine>,
}

/// Units of one line with one disposition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units that may come.
    pub qty_authorised: u32,
    /// Units that came.
    pub qty_received: u32,
    /// What inspection made of them.
    pub disposition: Disposition,
    /// Reason code of the site.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// Where the goods are.
    #[serde(default)]
    pub location: Option<String>,
}

/// What became of a return that was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It is authorized.
    Done(Return),
    /// It waits for the next batch: it does not exist until the feed shows it.
    Queued,
}
