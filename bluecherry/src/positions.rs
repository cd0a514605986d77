//! Stock per SKU, warehouse and lot.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Which positions a pass gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    Full,
    /// Those changed since the batch before.
    Delta,
}

impl Mode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Delta => "delta",
        }
    }
}

/// One sellable item as BlueCherry keys it. The barcode is never the key.
///
/// Source: BlueCherry connector profile v1, "SkuKey".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SkuKey {
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
}

/// Stock of one SKU in one warehouse and lot, as one batch saw it. Figures may be negative.
///
/// Source: BlueCherry connector profile v1, "Position".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
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
    /// Barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upc: Option<String>,
    /// The parts as the site prints them.
    pub sku: String,
    /// Warehouse code; `POE`, `FOB` and blank are goods that are in none.
    pub warehouse: String,
    /// Pool inside the warehouse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Pool of customers the units are kept for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Units that are there, committed and irregular ones included.
    pub on_hand: i64,
    /// On open sales orders.
    pub open: i64,
    /// Picked.
    pub picked: i64,
    /// Reserved.
    pub reserved: i64,
    /// Wanted by assembly or kitting.
    pub demand: i64,
    /// Received for an order.
    pub linked_received: i64,
    /// Of those, invoiced.
    pub linked_invoiced: i64,
    /// Consumed as a component.
    #[serde(default)]
    pub consumed: i64,
    /// Seconds, contained in `on_hand`.
    #[serde(default)]
    pub irregular: i64,
    /// In production.
    #[serde(default)]
    pub wip: i64,
    /// In production and bound for a location.
    #[serde(default)]
    pub wip_ship_to: i64,
    /// On the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_transit: Option<i64>,
    /// The next units that come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_receipt: Option<NextReceipt>,
    /// What the site itself calls available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erp_available: Option<i64>,
    /// Whether this pool may be sold from.
    pub sellable: bool,
    /// The moment these figures are true for.
    pub as_of: Timestamp,
    /// Last order number, or time, whose orders these figures contain; absent when the site cannot
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders_seen_through: Option<String>,
}

/// Units that come next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextReceipt {
    /// Day, in the time zone of the site.
    pub date: Date,
    /// Units.
    pub qty: i64,
}

impl Position {
    /// Open to sell: on hand, less what is linked to an order, picked, open, reserved or in demand.
    ///
    /// Irregular units are still in it. `None` when the figures are too large to add up, which no
    /// stock is: treat it as unknown.
    #[must_use]
    pub fn ots(&self) -> Option<i64> {
        let linked = self.linked_received.checked_sub(self.linked_invoiced)?;
        [linked, self.picked, self.open, self.reserved, self.demand]
            .into_iter()
            .try_fold(self.on_hand, i64::checked_sub)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn position(figures: [i64; 7]) -> Position {
        let [
            on_hand,
            linked_received,
            linked_invoiced,
            picked,
            open,
            reserved,
            demand,
        ] = figures;
        let mut row: Position = serde_json::from_str(
            r#"{"division": "01", "style": "004512", "color": "NVY", "size_bucket": 3,
                "sku": "004512-NVY-M", "warehouse": "NJ1", "on_hand": 0, "open": 0, "picked": 0,
                "reserved": 0, "demand": 0, "linked_received": 0, "linked_invoiced": 0,
                "irregular": 2, "wip": 900, "wip_ship_to": 900, "in_transit": 900,
                "sellable": true, "as_of": "2025-03-04T15:00:00Z"}"#,
        )
        .expect("a position");
        row.on_hand = on_hand;
        row.linked_received = linked_received;
        row.linked_invoiced = linked_invoiced;
        row.picked = picked;
        row.open = open;
        row.reserved = reserved;
        row.demand = demand;
        row
    }

    #[test]
    fn open_to_sell_takes_off_everything_promised_and_adds_nothing_that_is_not_there() {
        for (figures, ots) in [
            ([120, 10, 4, 6, 14, 5, 0], Some(89)),
            ([0, 0, 0, 0, 0, 0, 0], Some(0)),
            ([5, 0, 0, 0, 9, 0, 0], Some(-4)),
            ([-3, 0, 2, 0, 0, 0, 1], Some(-2)),
            ([10, 10, 10, 1, 2, 3, 4], Some(0)),
            ([i64::MIN, 0, 0, 1, 0, 0, 0], None),
        ] {
            assert_eq!(position(figures).ots(), ots, "{figures:?}");
        }
    }

    #[test]
    fn the_key_keeps_leading_zeros() {
        assert_eq!(position([0; 7]).sku_key().style, "004512");
    }
}
