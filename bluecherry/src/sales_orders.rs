//! Sales orders as the site has them, and the changes before picking.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::words::words;

words! {
    /// Where a sales order stands, in the neutral words of the profile.
    ///
    /// Source: BlueCherry connector profile v1, "SalesOrder".
    pub enum OrderStatus {
        /// A hold keeps it from the warehouse.
        Held = "held",
        /// Open.
        Open = "open",
        /// Stock is assigned to it.
        Allocated = "allocated",
        /// The warehouse has it: changes and cancellations are refused.
        Picking = "picking",
        /// Some of it has left.
        PartiallyShipped = "partially_shipped",
        /// All of it has left.
        Shipped = "shipped",
        /// Invoiced.
        Invoiced = "invoiced",
        /// Closed.
        Closed = "closed",
        /// Canceled as a whole.
        Cancelled = "cancelled",
    }
}

words! {
    /// Whether the site took a line.
    ///
    /// Source: BlueCherry connector profile v1, "SalesOrderLine".
    pub enum LineStatus {
        /// Taken.
        Accepted = "accepted",
        /// Not taken; the line has a `reject_code`.
        Rejected = "rejected",
    }
}

/// What keeps an order from the warehouse.
///
/// Source: BlueCherry connector profile v1, "Hold".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Code; releasing names it.
    pub code: String,
    /// When somebody has to look; it neither cancels nor releases by itself.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// The sums of an order, in its currency.
///
/// For the price basis net: grand = goods − discount + shipping + charges + tax. For gross the tax
/// stands inside the amounts and is not added again.
///
/// Source: BlueCherry connector profile v1, "Totals".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Quantities times unit prices.
    pub goods: Decimal,
    /// Shipping of all lines.
    pub shipping: Decimal,
    /// Taxes on goods and shipping, whoever remits them.
    pub tax: Decimal,
    /// Discounts, as a positive amount.
    pub discount: Decimal,
    /// What the customer pays.
    pub grand: Decimal,
}

/// A sales order.
///
/// Source: BlueCherry connector profile v1, "SalesOrder".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesOrder {
    /// Number of the site.
    pub ord_num: String,
    /// Purchase order number of the marketplace, as it was sent.
    pub external_po: String,
    /// Customer code.
    pub customer_code: String,
    /// Marketplace.
    pub channel: String,
    /// Order ID on the marketplace.
    pub channel_order_id: String,
    /// Where it stands, in neutral words.
    pub status: OrderStatus,
    /// Where it stands, in the word of the site.
    pub raw_status: String,
    /// Grows with every change.
    pub version: u64,
    /// The hold it bears.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Whether it has a delivery address.
    pub ship_to_set: bool,
    /// Carrier service code.
    #[serde(default)]
    pub ship_via: Option<String>,
    /// Warehouse code.
    pub warehouse: String,
    /// Division code.
    pub division: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Sums.
    pub totals: Totals,
    /// Lines, rejected ones too.
    pub lines: Vec<SalesOrderLine>,
    /// The moment this is true for.
    pub as_of: Timestamp,
}

/// A line of a sales order, named by `line_seq` and `size_bucket`.
///
/// Source: BlueCherry connector profile v1, "SalesOrderLine".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesOrderLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// Sequence of the order detail.
    pub line_seq: u32,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units ordered.
    pub qty_ordered: u32,
    /// Units neither picked, shipped nor canceled.
    pub qty_open: u32,
    /// Units with stock assigned.
    pub qty_allocated: u32,
    /// Units canceled.
    pub qty_cancelled: u32,
    /// Units picked and not yet shipped.
    pub qty_picked: u32,
    /// Units shipped.
    pub qty_shipped: u32,
    /// Price of a unit.
    pub unit_price: Decimal,
    /// Whether the site took it.
    pub line_status: LineStatus,
    /// Why it did not, in the words of the error codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_code: Option<String>,
}

/// Where an order goes, for [`set_ship_to`](crate::Binding::set_ship_to).
///
/// Source: BlueCherry connector profile v1, "ShipTo".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipToChange {
    /// Delivery address.
    pub ship_to: Address,
    /// Carrier service code; left as it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_via: Option<String>,
    /// Version the caller has seen.
    pub expected_version: u64,
}
