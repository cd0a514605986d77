//! Confirmed shipments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One confirmed shipment of one order. A void comes again under its number, with a higher version.
///
/// Source: BlueCherry connector profile v1, "Fulfilment".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    /// Number of the shipment.
    pub shipment_id: String,
    /// Grows with every change.
    pub version: u64,
    /// Sales order number.
    pub ord_num: String,
    /// Purchase order number of the marketplace.
    pub external_po: String,
    /// When the goods left.
    pub confirmed_at: Timestamp,
    /// Warehouse code.
    pub warehouse: String,
    /// Nothing more of this order will be shipped.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Carrier service code.
    pub ship_via: String,
    /// Carrier in the words of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_name: Option<String>,
    /// Service in the words of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Parcels.
    pub parcels: Vec<Parcel>,
    /// What was ordered and will not come.
    #[serde(default)]
    pub short_lines: Vec<ShortLine>,
    /// Invoice number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_no: Option<String>,
    /// The shipment did not happen after all.
    pub voided: bool,
}

/// A parcel of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// ID of the site.
    pub parcel_id: String,
    /// Tracking number of the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// Tracking page of the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    /// Serial shipping container code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sscc: Option<String>,
    /// What is in it.
    pub lines: Vec<ParcelLine>,
}

/// Units of one order line in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// Sequence of the order detail.
    pub line_seq: u32,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units.
    pub qty: u32,
}

/// Units of one order line that will not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortLine {
    /// Order line ID on the marketplace.
    pub external_line_id: String,
    /// Sequence of the order detail.
    pub line_seq: u32,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// SKU as the site prints it.
    pub sku: String,
    /// Units.
    pub qty: u32,
    /// Why, in a code of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
}
