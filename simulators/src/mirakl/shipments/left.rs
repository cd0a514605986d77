//! What of an order is still to ship, and what ships with the rest.

use jiff::Timestamp;

use super::super::order::{Line, Order, State, Tracking};
use super::{Shipment, ShipmentLine, shipment_id};

impl Order {
    /// What is still to be put into a shipment, by place of the line: neither canceled nor refunded
    /// instead of shipped.
    pub fn left_to_ship(&self) -> Vec<u32> {
        let placed = |id: &str| -> u32 {
            let lines = self.shipments.iter().flat_map(|s| &s.lines);
            let mine = lines.filter(|line| line.order_line_id == id);
            mine.map(|line| line.quantity).sum()
        };
        let left = |line: &Line| match line.state.is_active() {
            true => {
                let excluded = line.refunds.iter().filter(|r| r.excluded_from_shipment);
                let excluded: u32 = excluded.map(|refund| refund.quantity).sum();
                let gone = placed(&line.order_line_id).saturating_add(excluded);
                line.open_quantity().saturating_sub(gone)
            }
            false => 0,
        };
        self.lines.iter().map(left).collect()
    }

    /// Puts everything that is left into one shipment under the order's tracking, and ships all.
    pub fn ship_rest(&mut self, now: Timestamp) {
        let left = self.left_to_ship();
        let rest = self.lines.iter().zip(left).filter(|(_, left)| *left > 0);
        let lines: Vec<ShipmentLine> = rest
            .map(|(line, quantity)| ShipmentLine {
                order_line_id: line.order_line_id.clone(),
                offer_sku: line.offer_sku.clone(),
                quantity,
                package_reference: None,
            })
            .collect();
        if !lines.is_empty() {
            let tracking = self.tracking.clone();
            self.add_shipment(lines, tracking, now);
        }
        let waiting = self.shipments.iter_mut().filter(|s| !s.is_shipped);
        waiting.for_each(|shipment| shipment.leave(now));
        self.ship(now);
    }

    pub(super) fn add_shipment(
        &mut self,
        lines: Vec<ShipmentLine>,
        tracking: Option<Tracking>,
        now: Timestamp,
    ) -> &mut Shipment {
        self.shipments_made += 1;
        let id = shipment_id(&self.order_id, self.shipments_made);
        self.shipments.push(Shipment {
            id,
            is_shipped: false,
            created: now,
            updated: now,
            shipped: None,
            tracking,
            lines,
        });
        let last = self.shipments.len() - 1;
        &mut self.shipments[last]
    }

    /// The rest of an order of several shipments was canceled or refunded: it has left as it is.
    pub fn ship_if_rest_is_off(&mut self, now: Timestamp) {
        if self.state == State::Shipping && !self.shipments.is_empty() {
            self.ship_if_complete(now);
        }
    }

    /// The order has left once every piece is in a shipment that has.
    pub(super) fn ship_if_complete(&mut self, now: Timestamp) {
        let is_placed = self.left_to_ship().iter().all(|left| *left == 0);
        if is_placed && self.shipments.iter().all(|s| s.is_shipped) {
            self.ship(now);
        } else {
            self.touch(now);
        }
    }
}
