//! What the simulator notes down of what was done, for its ledger.

use serde_json::{Value, json};

use super::super::order::{State, Tracking};
use super::super::shipments::ShipmentLine;
use super::{Effect, World};

impl World {
    /// Notes that the lines of an order were decided on, as they are now.
    pub fn note_decision(&mut self, order_id: &str, by: &str) {
        let Some(order) = self.orders.get(order_id) else {
            return;
        };
        let ids = |refused: bool| -> Vec<&str> {
            let lines = order.lines.iter();
            lines
                .filter(|line| (line.state == State::Refused) == refused)
                .map(|line| line.order_line_id.as_str())
                .collect()
        };
        let what = json!({ "accepted": ids(false), "refused": ids(true), "by": by });
        let effect = self.effect(order_id, what);
        self.accepts.push(effect);
    }

    /// Notes that an order was canceled.
    pub fn note_cancel(&mut self, order_id: &str, by: &str, reason: Option<&str>) {
        let effect = self.effect(order_id, json!({ "by": by, "reason": reason }));
        self.cancels.push(effect);
    }

    /// Notes an order's tracking as it is now.
    pub fn note_tracking(&mut self, order_id: &str) {
        let effect = self.effect(order_id, self.tracking_of(order_id));
        self.tracking.push(effect);
    }

    /// Notes that the rest of an order was shipped, with its tracking as it is now; `left` is what
    /// was left to ship of each line.
    pub fn note_shipment(&mut self, order_id: &str, left: &[(String, u32)]) {
        let mut what = self.tracking_of(order_id);
        let lines = left.iter().filter(|(_, quantity)| *quantity > 0);
        let line = |(id, quantity): &(String, u32)| json!({ "id": id, "quantity": quantity });
        what["lines"] = lines.map(line).collect();
        let effect = self.effect(order_id, what);
        self.shipments.push(effect);
    }

    /// Notes that one shipment of an order left, with its own tracking.
    pub fn note_parcel(&mut self, order_id: &str, shipment_id: &str) {
        if let Some(what) = self.parcel_of(order_id, shipment_id) {
            let effect = self.effect(order_id, what);
            self.shipments.push(effect);
        }
    }

    /// Notes the tracking of one shipment as it is now.
    pub fn note_parcel_tracking(&mut self, order_id: &str, shipment_id: &str) {
        if let Some(what) = self.parcel_of(order_id, shipment_id) {
            let effect = self.effect(order_id, what);
            self.tracking.push(effect);
        }
    }

    fn parcel_of(&self, order_id: &str, shipment_id: &str) -> Option<Value> {
        let shipments = &self.orders.get(order_id)?.shipments;
        let shipment = shipments.iter().find(|s| s.id == shipment_id)?;
        let line =
            |line: &ShipmentLine| json!({ "id": line.order_line_id, "quantity": line.quantity });
        let mut what = shown_tracking(shipment.tracking.as_ref());
        what["shipment"] = json!(shipment.id);
        what["lines"] = shipment.lines.iter().map(line).collect();
        Some(what)
    }

    /// Notes an order's reference as it is now.
    pub fn note_reference(&mut self, order_id: &str) {
        let reference = self
            .orders
            .get(order_id)
            .map(|order| &order.reference_for_seller);
        let what = json!({ "order_reference_for_seller": reference });
        let effect = self.effect(order_id, what);
        self.references.push(effect);
    }

    fn tracking_of(&self, order_id: &str) -> Value {
        let order = self.orders.get(order_id);
        shown_tracking(order.and_then(|order| order.tracking.as_ref()))
    }

    /// Something that happened to an order just now.
    pub fn effect(&self, order_id: &str, what: Value) -> Effect {
        Effect {
            mark: self.controls.calls.mark(),
            order_id: order_id.to_owned(),
            what,
        }
    }
}

fn shown_tracking(tracking: Option<&Tracking>) -> Value {
    json!({
        "carrier_code": tracking.and_then(|tracking| tracking.carrier_code.as_ref()),
        "carrier_name": tracking.and_then(|tracking| tracking.carrier_name.as_ref()),
        "tracking_number": tracking.and_then(|tracking| tracking.number.as_ref()),
    })
}
