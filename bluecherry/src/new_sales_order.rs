//! A sales order as it is sent to the site.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Redacted};
use crate::sales_orders::{Hold, Totals};

/// Whether amounts come without or with the tax in them.
///
/// Source: BlueCherry connector profile v1, "NewSalesOrder".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceBasis {
    /// Tax comes on top.
    Net,
    /// Tax stands inside the amounts.
    Gross,
}

/// Who pays a tax to the state.
///
/// Source: BlueCherry connector profile v1, "Tax".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remitter {
    /// The operator of the marketplace.
    Marketplace,
    /// We do.
    Seller,
}

/// A sales order to be created. `Debug` shows neither addresses nor notes.
///
/// Source: BlueCherry connector profile v1, "NewSalesOrder".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSalesOrder {
    /// Customer code of the site.
    pub customer_code: String,
    /// Purchase order number: with the customer, the natural key.
    pub external_po: String,
    /// Marketplace.
    pub channel: String,
    /// Order ID on the marketplace.
    pub channel_order_id: String,
    /// `dropship` for every marketplace order.
    pub order_type: String,
    /// Division code.
    pub division: String,
    /// Warehouse code.
    pub warehouse: String,
    /// Season code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<String>,
    /// Day of the order, in the time zone of the site, as all three dates.
    pub order_date: Date,
    /// Not to be shipped before.
    pub start_date: Date,
    /// Not to be shipped after.
    pub cancel_date: Date,
    /// When the marketplace wants it shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_by_deadline: Option<Timestamp>,
    /// ISO 4217 code.
    pub currency: String,
    /// Tax on top or inside.
    pub price_basis: PriceBasis,
    /// Carrier service code.
    pub ship_via: String,
    /// Hold that keeps it from the warehouse until it is released.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Null until the marketplace gives the address.
    #[serde(default)]
    pub ship_to: Option<Address>,
    /// Where the invoice goes, when not to the customer's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Address>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Lines, at least one.
    pub lines: Vec<NewLine>,
    /// Amounts of the whole order.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// Sums, checked by the site.
    pub totals: Totals,
}

impl fmt::Debug for NewSalesOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSalesOrder")
            .field("customer_code", &self.customer_code)
            .field("external_po", &self.external_po)
            .field("channel", &self.channel)
            .field("channel_order_id", &self.channel_order_id)
            .field("hold", &self.hold)
            .field("ship_to", &self.ship_to)
            .field("bill_to", &self.bill_to)
            .field("notes", &Redacted::option(self.notes.as_ref()))
            .field("lines", &self.lines)
            .field("charges", &self.charges)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}

/// A line to be created. Discount, tax and shipping are for the whole line, not for a unit.
///
/// Source: BlueCherry connector profile v1, "NewLine".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units, at least one.
    pub qty: u32,
    /// Price of a unit.
    pub unit_price: Decimal,
    /// Price of a unit before any reduction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retail_price: Option<Decimal>,
    /// Reductions.
    #[serde(default)]
    pub discount: Vec<Discount>,
    /// Taxes on the goods.
    #[serde(default)]
    pub tax: Vec<Tax>,
    /// Shipping the customer pays for this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// Set when the line sells a pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<LinePack>,
}

/// A reduction with the reason the ledger wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// Allowance code of the site.
    pub allowance_code: String,
    /// Positive amount for the whole line.
    pub amount: Decimal,
}

/// A tax on a line or on its shipping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// Tax code of the site.
    pub code: String,
    /// Percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    /// Amount for the whole line.
    pub amount: Decimal,
    /// Who pays it to the state.
    pub remitter: Remitter,
}

/// Shipping of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipping {
    /// Amount for the whole line.
    pub amount: Decimal,
    /// Taxes on it.
    #[serde(default)]
    pub tax: Vec<Tax>,
}

/// The pack a line sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePack {
    /// SKU of the pack.
    pub pack_sku: String,
    /// Packs.
    pub pack_qty: u32,
    /// What the site is to do with it.
    pub component_policy: ComponentPolicy,
}

/// Whether a pack is ordered as its components or as itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentPolicy {
    /// Order the components.
    Explode,
    /// Order the pack.
    AsPack,
}

/// An amount of the whole order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Charge code of the site.
    pub code: String,
    /// Amount.
    pub amount: Decimal,
}
