//! The warehouse: picking, shipping, voiding, and the fulfilments that tell of it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::order::SalesOrder;
use super::parcels::{LineQty, Parcel, ShipIn, after_shorts, share_out, short_row};
use super::site::Site;
use super::stock::RecordType;
use super::text::digits;
use crate::calls::Mark;

/// One shipment, at its newest version.
#[derive(Clone, Debug, Serialize)]
pub struct Shipment {
    pub shipment_id: String,
    pub version: u64,
    pub ord_num: String,
    pub external_po: String,
    pub confirmed_at: Timestamp,
    pub warehouse: String,
    pub r#final: bool,
    pub ship_via: String,
    pub carrier_name: String,
    pub service: Option<String>,
    pub parcels: Vec<Value>,
    pub short_lines: Vec<Value>,
    pub invoice_no: Option<String>,
    pub voided: bool,
    /// Units by place of the line in the order, for a later void.
    #[serde(skip)]
    pub units: Vec<(usize, i64)>,
    /// When it was noted; the ledger shows it and the feed does not.
    #[serde(skip)]
    pub mark: Mark,
}

impl Site {
    /// Picks every open unit of an order.
    pub fn pick(&mut self, number: &str, force: bool) -> Result<(), Refusal> {
        let now = self.now();
        let order = self.order_mut(number)?;
        if order.ready_since.is_none() && !force {
            let message = "the order is on hold, has no ship-to, or has nothing left to pick";
            return Err(Refusal::conflict("order_locked", message));
        }
        let open: Vec<i64> = order.lines.iter().map(|line| line.open).collect();
        order.picked_at = Some(now);
        let number = order.ord_num.clone();
        for (line, qty) in open.into_iter().enumerate() {
            self.pick_units(&number, line, qty, now)?;
        }
        self.order_mut(&number)?.changed(now);
        self.note_effect(&number, "picked");
        Ok(())
    }

    fn pick_units(
        &mut self,
        number: &str,
        line: usize,
        qty: i64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let line = &mut self.order_mut(number)?.lines[line];
        line.open -= qty;
        line.picked += qty;
        let places = line.places.clone();
        self.book(now, &places, RecordType::Op, -qty, number);
        self.book(now, &places, RecordType::Pk, qty, number);
        Ok(())
    }

    /// Ships an order, or what is asked of it, and publishes the fulfilment.
    pub fn ship(&mut self, wish: ShipIn) -> Result<Value, Refusal> {
        let now = self.now();
        let (number, po) = (wish.ord_num.as_deref(), wish.external_po.as_deref());
        let order = match (number, po) {
            (Some(number), _) => self.order(number).ok(),
            (None, Some(po)) => self.orders_of(po).next(),
            (None, None) => None,
        };
        let order = order.ok_or_else(|| Refusal::not_found("no such sales order"))?;
        if order.ready_since.is_none() && !wish.force {
            let message = "the order is on hold, has no ship-to, or has nothing left to ship";
            return Err(Refusal::conflict("order_locked", message));
        }
        let number = order.ord_num.clone();
        let left = after_shorts(order, &wish.short)?;
        let mut parcels = share_out(order, wish.parcels.unwrap_or_default(), left)?;
        parcels.retain(|parcel| !parcel.units.is_empty());
        if parcels.is_empty() && wish.short.is_empty() {
            return Err(Refusal::invalid("parcels", "there is nothing to ship"));
        }
        let mut units = vec![0; order.lines.len()];
        for (line, qty) in parcels.iter().flat_map(|parcel| &parcel.units) {
            units[*line] += qty;
        }
        if let Some(n) =
            (0..units.len()).find(|&n| units[n] > order.lines[n].open + order.lines[n].picked)
        {
            return Err(Refusal::invalid(
                "parcels",
                format!("line {n} has fewer units left"),
            ));
        }
        if !wish.voided {
            for (line, &qty) in units.iter().enumerate() {
                self.ship_units(&number, line, qty, now)?;
            }
        }
        let shorts: i64 = wish.short.iter().map(|short| short.qty).sum();
        let rest: i64 = self
            .order(&number)?
            .lines
            .iter()
            .map(|l| l.open + l.picked)
            .sum();
        let last = wish.r#final.unwrap_or(rest == shorts) && !wish.voided;
        let short_lines = if last {
            self.drop_rest(&number, now)?
        } else {
            let order = self.order(&number)?;
            let row = |short: &LineQty| {
                let line = order
                    .lines
                    .iter()
                    .find(|l| l.external_line_id == short.external_line_id);
                line.map(|line| short_row(line, short.qty))
            };
            wish.short.iter().filter_map(row).collect()
        };
        let order = self.order_mut(&number)?;
        order.picked_at = order.picked_at.or(Some(now));
        order.changed(now);
        order.note_end(now);
        let order = order.clone();
        let shipment = self.note_shipment(
            &order,
            wish.ship_via.as_deref().unwrap_or(&order.ship_via),
            wish.carrier_name,
            parcels,
            units,
        );
        let shipment = Shipment {
            r#final: last,
            short_lines,
            voided: wish.voided,
            ..shipment
        };
        self.shipments.push(shipment.clone());
        self.note_effect(&shipment.ord_num, "shipped");
        self.publish(&shipment);
        Ok(json!(shipment))
    }

    fn ship_units(
        &mut self,
        number: &str,
        n: usize,
        qty: i64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let missing = qty - self.order(number)?.lines[n].picked;
        if missing > 0 {
            self.pick_units(number, n, missing, now)?;
        }
        let line = &mut self.order_mut(number)?.lines[n];
        line.picked -= qty;
        line.shipped += qty;
        let places = line.places.clone();
        self.book(now, &places, RecordType::Pk, -qty, number);
        self.book(now, &places, RecordType::In, qty, number);
        Ok(())
    }

    /// After the last shipment: the house cancels what did not go, and says so.
    fn drop_rest(&mut self, number: &str, now: Timestamp) -> Result<Vec<Value>, Refusal> {
        let mut shorts = Vec::new();
        for n in 0..self.order(number)?.lines.len() {
            let line = &mut self.order_mut(number)?.lines[n];
            let qty = line.open + line.picked;
            if qty > 0 {
                shorts.push(short_row(line, qty));
            }
            // Back onto the open order first, so that the ledger shows the pick undone.
            let undone = std::mem::take(&mut line.picked);
            line.open += undone;
            let places = line.places.clone();
            self.book(now, &places, RecordType::Pk, -undone, number);
            self.book(now, &places, RecordType::Op, undone, number);
            self.cancel_open(number, n, qty, true, now)?;
        }
        Ok(shorts)
    }

    fn note_shipment(
        &mut self,
        order: &SalesOrder,
        ship_via: &str,
        carrier_name: Option<String>,
        parcels: Vec<Parcel>,
        units: Vec<i64>,
    ) -> Shipment {
        let id = format!("S{:06}", self.shipments.len() + 1);
        let carrier = self.carrier(ship_via);
        let mut made = Vec::new();
        for parcel in parcels {
            self.parcels += 1;
            let tracking = parcel.tracking_number.unwrap_or_else(|| {
                carrier.tracking_prefix.clone() + &digits(self.options.seed, self.parcels)
            });
            let lines: Vec<Value> = parcel
                .units
                .iter()
                .map(|(n, qty)| order.lines[*n].reference(*qty))
                .collect();
            let mut row = json!({
                "parcel_id": format!("P{:06}", self.parcels),
                "tracking_number": tracking,
                "lines": lines,
            });
            if let Some(url) = &carrier.tracking_url {
                row["tracking_url"] = json!(format!("{url}{tracking}"));
            }
            made.push(row);
        }
        Shipment {
            invoice_no: Some(format!("I{:06}", self.shipments.len() + 1)),
            shipment_id: id,
            version: 1,
            ord_num: order.ord_num.clone(),
            external_po: order.external_po.clone(),
            confirmed_at: self.now(),
            warehouse: order.warehouse.clone(),
            r#final: false,
            ship_via: ship_via.to_owned(),
            carrier_name: carrier_name.unwrap_or(carrier.carrier_name),
            service: carrier.service,
            parcels: made,
            short_lines: Vec::new(),
            voided: false,
            mark: self.calls.mark(),
            units: units
                .into_iter()
                .enumerate()
                .filter(|(_, qty)| *qty > 0)
                .collect(),
        }
    }

    /// Takes a shipment back: its units are picked again, and it is published once more as void.
    pub fn void(&mut self, id: &str) -> Result<Value, Refusal> {
        let now = self.now();
        let at = self
            .shipments
            .iter()
            .position(|shipment| shipment.shipment_id == id)
            .ok_or_else(|| Refusal::not_found("no such shipment"))?;
        if !self.shipments[at].voided {
            let shipment = &mut self.shipments[at];
            shipment.voided = true;
            shipment.version += 1;
            let shipment = shipment.clone();
            for &(n, qty) in &shipment.units {
                let line = &mut self.order_mut(&shipment.ord_num)?.lines[n];
                line.shipped -= qty;
                line.picked += qty;
                let (places, number) = (line.places.clone(), &shipment.ord_num);
                self.book(now, &places, RecordType::In, -qty, number);
                self.book(now, &places, RecordType::Pk, qty, number);
            }
            let order = self.order_mut(&shipment.ord_num)?;
            order.picked_at = Some(now);
            order.changed(now);
            self.note_effect(&shipment.ord_num, "voided");
            self.publish(&shipment);
        }
        Ok(json!(self.shipments[at]))
    }

    /// Picks and ships what is due, when the site does so by itself.
    pub(super) fn work_warehouse(&mut self, now: Timestamp) {
        let Some(pace) = self.options.auto_ship else {
            return;
        };
        let due = |since: Option<Timestamp>, after_s: u64| {
            let after = SignedDuration::from_secs(i64::try_from(after_s).unwrap_or(i64::MAX));
            since.is_some_and(|since| now.duration_since(since) >= after)
        };
        let ready: Vec<usize> = self.ready.iter().copied().collect();
        for n in ready {
            let order = &self.orders[n];
            let Some(ready_since) = order.ready_since else {
                continue;
            };
            let number = order.ord_num.clone();
            if order.lines.iter().any(|line| line.open > 0) {
                if due(Some(ready_since), pace.pick_after_s) {
                    let _ = self.pick(&number, false);
                }
            } else if due(order.picked_at, pace.ship_after_s) {
                let _ = self.ship(ShipIn {
                    ord_num: Some(number),
                    ..ShipIn::default()
                });
            }
        }
    }
}
