//! One row of a snapshot: an item in one warehouse, lot and pool.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::pool::Code;

/// The figures of one row, in units. Production and goods on their way are left out on purpose:
/// they are never promised.
///
/// Source: BlueCherry connector profile v1, "Position".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// There, with committed and irregular units; may be negative.
    #[serde(rename = "oh", default)]
    pub on_hand: i64,
    /// Received for one order and not invoiced yet (received less invoiced).
    #[serde(rename = "ln", default, skip_serializing_if = "is_zero")]
    pub linked: i64,
    /// Picked.
    #[serde(rename = "pk", default, skip_serializing_if = "is_zero")]
    pub picked: i64,
    /// On open sales orders.
    #[serde(rename = "op", default, skip_serializing_if = "is_zero")]
    pub open: i64,
    /// Reserved.
    #[serde(rename = "rs", default, skip_serializing_if = "is_zero")]
    pub reserved: i64,
    /// Wanted by open work orders: assembly, kitting.
    #[serde(rename = "dm", default, skip_serializing_if = "is_zero")]
    pub demand: i64,
    /// Seconds, contained in `on_hand`.
    #[serde(rename = "ir", default, skip_serializing_if = "is_zero")]
    pub irregular: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(units: &i64) -> bool {
    *units == 0
}

impl Figures {
    /// Open to sell of first quality: what is there, less everything promised and less seconds.
    ///
    /// A commitment below zero is a fault of the site and never adds units. `None` when the figures
    /// do not add up in 64 bits: the item is unknown.
    #[must_use]
    pub fn open_to_sell(&self) -> Option<i64> {
        [
            self.linked,
            self.picked.max(0),
            self.open.max(0),
            self.reserved.max(0),
            self.demand.max(0),
            self.irregular.max(0),
        ]
        .into_iter()
        .try_fold(self.on_hand, i64::checked_sub)
    }
}

/// One row of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Warehouse; blank, `POE` and `FOB` are none.
    pub warehouse: Code,
    /// Pool inside the warehouse; blank when the site keeps none.
    #[serde(default)]
    pub lot: Code,
    /// Customers the units are kept for; blank is common stock.
    #[serde(default)]
    pub pool: Code,
    /// Whether the site lets anybody sell from it.
    pub sellable: bool,
    /// Units.
    pub figures: Figures,
    /// The moment the figures are true for.
    pub as_of: Timestamp,
    /// Last order number, or time, whose orders are in the figures; empty when the site cannot say.
    #[serde(default)]
    pub orders_seen_through: Option<String>,
}
