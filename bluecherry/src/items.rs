//! The item master.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::positions::SkuKey;
use crate::words::words;

words! {
    /// Where an item stands in its life.
    ///
    /// Source: BlueCherry connector profile v1, "Item".
    pub enum ItemStatus {
        /// Not sold yet.
        Planned = "planned",
        /// Sold.
        Active = "active",
        /// Not made any more.
        Discontinued = "discontinued",
        /// Held back.
        Hold = "hold",
    }
}

words! {
    /// Whether an item is several in one.
    ///
    /// Source: BlueCherry connector profile v1, "Item".
    pub enum PackKind {
        /// A single item.
        None = "none",
        /// A carton with a fixed mix of sizes.
        Prepack = "prepack",
        /// A set.
        Bundle = "bundle",
    }
}

/// One sellable item.
///
/// Source: BlueCherry connector profile v1, "Item".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Division code.
    pub division: String,
    /// Style code; leading zeros count.
    pub style: String,
    /// Color code.
    pub color: String,
    /// Label code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Dimension or pack code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<String>,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// Name of the size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_name: Option<String>,
    /// Barcode, twelve digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upc: Option<String>,
    /// The parts as the site prints them.
    pub sku: String,
    /// Barcode, thirteen digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ean: Option<String>,
    /// Where it stands in its life.
    pub status: ItemStatus,
    /// Whether orders for it are taken.
    pub active: bool,
    /// Line type code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_type: Option<String>,
    /// The one retailer it is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smu_account: Option<String>,
    /// A sample, never sold.
    #[serde(default)]
    pub sample: bool,
    /// Season code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<String>,
    /// Merchandising groups, from wide to narrow.
    #[serde(default)]
    pub product_groups: Vec<String>,
    /// Name of the style.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the color.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color_name: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_of_origin: Option<String>,
    /// Customs tariff code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    /// Kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Decimal>,
    /// Prices by level and currency.
    #[serde(default)]
    pub prices: Vec<Price>,
    /// First day of sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_date: Option<Date>,
    /// Last day of sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discontinue_date: Option<Date>,
    /// What it consists of.
    pub pack: Pack,
    /// Grows with every change.
    pub version: u64,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl Item {
    /// The key of the item.
    #[must_use]
    pub fn sku_key(&self) -> SkuKey {
        SkuKey {
            division: self.division.clone(),
            style: self.style.clone(),
            color: self.color.clone(),
            label: self.label.clone(),
            dimension: self.dimension.clone(),
            size_bucket: self.size_bucket,
        }
    }
}

/// A price of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Price level code.
    pub level: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Price of a unit.
    pub amount: Decimal,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

/// What a pack consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Whether it is one.
    pub kind: PackKind,
    /// Its components; empty for a single item.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Whether stock is kept for the pack, or follows from its components.
    #[serde(default)]
    pub stocked_as_pack: bool,
}

/// A component of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// SKU as the site prints it.
    pub sku: String,
    /// Units in one pack.
    pub qty: u32,
}
