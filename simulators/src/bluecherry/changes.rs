//! What may still happen to a sales order before it leaves: ship-to, release, hold, cancellation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Refusal, Written, read};
use super::order::{Address, Cancellation, Hold, SalesOrder};
use super::parcels::LineQty;
use super::site::Site;
use super::stock::RecordType;
use super::text::{code, real_now_us, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShipToIn {
    ship_to: Address,
    ship_via: Option<String>,
    expected_version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseIn {
    hold_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelIn {
    lines: Vec<CancelLine>,
    side: Side,
    reason_code: String,
    external_cancel_id: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Customer,
    House,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelLine {
    line_seq: u32,
    size_bucket: u8,
    qty: i64,
}

/// Which order a control route means, and which hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldIn {
    pub ord_num: String,
    pub code: String,
}

impl Site {
    /// Gives an order its delivery address, until the warehouse has begun.
    pub fn set_ship_to(&mut self, number: &str, body: &Value) -> Result<Written, Refusal> {
        let change: ShipToIn = read(body)?;
        if let Some(field) = change.ship_to.fault() {
            return Err(Refusal::invalid(
                &format!("ship_to.{field}"),
                "missing or impossible",
            ));
        }
        if let Some(ship_via) = &change.ship_via {
            self.check_ship_via(ship_via)?;
        }
        let now = self.now();
        let order = self.order_mut(number)?;
        refuse_if_locked(order)?;
        if order.version != change.expected_version {
            let message = format!("the order is at version {}", order.version);
            return Err(Refusal::conflict("version_mismatch", message).existing(&order.ord_num));
        }
        order.ship_to = Some(change.ship_to);
        if let Some(ship_via) = change.ship_via {
            order.ship_via = ship_via;
        }
        order.changed(now);
        let shown = order.to_value(now);
        self.note_effect(number, "ship_to_set");
        Ok(Written::done(shown))
    }

    /// Takes the named hold off an order. An order that does not bear it needs no change.
    pub fn release(&mut self, number: &str, body: &Value) -> Result<Written, Refusal> {
        let change: ReleaseIn = read(body)?;
        let now = self.now();
        let order = self.order_mut(number)?;
        let Some(at) = order
            .holds
            .iter()
            .position(|hold| same(&hold.code, &change.hold_code))
        else {
            return Ok(Written::unchanged(order.to_value(now)));
        };
        refuse_if_locked(order)?;
        if order.ship_to.is_none() {
            return Err(Refusal::invalid(
                "ship_to",
                "an order without a ship-to stays on hold",
            ));
        }
        order.holds.remove(at);
        order.released.push(code(&change.hold_code));
        order.changed(now);
        let shown = order.to_value(now);
        self.note_effect(number, "released");
        Ok(Written::done(shown))
    }

    /// Puts a hold on an order, as the house does for credit.
    pub fn put_hold(&mut self, change: HoldIn) -> Result<Value, Refusal> {
        let now = self.now();
        let order = self.order_mut(&change.ord_num)?;
        refuse_if_locked(order)?;
        order.holds.push(Hold {
            code: change.code,
            expires_at: None,
        });
        order.changed(now);
        let shown = order.to_value(now);
        self.note_effect(&change.ord_num, "held");
        Ok(shown)
    }

    /// Cancels open units and says which units it was too late for.
    pub fn cancel_lines(&mut self, number: &str, body: &Value) -> Result<Written, Refusal> {
        let change: CancelIn = read(body)?;
        if change.reason_code.trim().is_empty() || change.external_cancel_id.trim().is_empty() {
            return Err(Refusal::invalid(
                "external_cancel_id",
                "an ID and a reason are needed",
            ));
        }
        let now = self.now();
        let mark = self.calls.mark();
        let order = self.order_mut(number)?;
        let earlier = order
            .cancellations
            .iter()
            .find(|c| c.external_cancel_id == change.external_cancel_id);
        if let Some(earlier) = earlier {
            if earlier.request != *body {
                let message = "this cancellation was sent before, with other lines";
                return Err(Refusal::conflict("idempotency_conflict", message));
            }
            return Ok(Written::unchanged(&earlier.answer));
        }
        let wanted = change.wanted(order)?;
        let (mut cancelled, mut not_cancelled) = (Vec::new(), Vec::new());
        let number = order.ord_num.clone();
        for (n, qty) in wanted {
            let (seq, bucket, open, picked, shipped) = {
                let line = &self.order(&number)?.lines[n];
                (
                    line.line_seq,
                    line.size_bucket,
                    line.open,
                    line.picked,
                    line.shipped,
                )
            };
            let gone = qty - qty.min(open + picked + shipped);
            let row = |qty: i64| json!({ "line_seq": seq, "size_bucket": bucket, "qty": qty });
            let freed = qty.min(open);
            self.cancel_open(&number, n, freed, change.side == Side::House, now)?;
            if freed > 0 {
                cancelled.push(row(freed));
            }
            let picked = picked.min(qty - freed);
            let shipped = shipped.min(qty - freed - picked);
            for (late, reason) in [
                (picked, "picked"),
                (shipped, "shipped"),
                (gone, "already_cancelled"),
            ] {
                if late > 0 {
                    let mut row = row(late);
                    row["reason"] = json!(reason);
                    not_cancelled.push(row);
                }
            }
        }
        let changed = !cancelled.is_empty();
        let order = self.order_mut(&number)?;
        if changed {
            order.changed(now);
            order.note_end(now);
        }
        let mut answer = order.to_value(now);
        answer["cancelled"] = json!(cancelled);
        answer["not_cancelled"] = json!(not_cancelled);
        order.cancellations.push(Cancellation {
            external_cancel_id: change.external_cancel_id,
            request: body.clone(),
            answer: answer.clone(),
            mark,
        });
        if changed {
            self.note_effect(&number, "lines_cancelled");
        }
        let written = Written::done(answer);
        Ok(Written { changed, ..written })
    }

    /// Frees open units of one line.
    pub(super) fn cancel_open(
        &mut self,
        number: &str,
        line: usize,
        qty: i64,
        by_house: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let line = &mut self.order_mut(number)?.lines[line];
        line.open -= qty;
        line.cancelled += qty;
        let kind = if by_house {
            RecordType::Ch
        } else {
            RecordType::Cc
        };
        let places = line.places.clone();
        self.book(now, &places, RecordType::Op, -qty, number);
        self.book(now, &places, kind, qty, number);
        Ok(())
    }

    /// The house cancels units that are still open: the named ones, or all.
    pub fn house_cancel(
        &mut self,
        number: &str,
        named: Option<&[LineQty]>,
    ) -> Result<Value, Refusal> {
        let order = self.order(number)?;
        let wished = |line: &super::order::Line| match named {
            None => line.open,
            Some(named) => named
                .iter()
                .filter(|one| one.external_line_id == line.external_line_id)
                .map(|one| one.qty)
                .sum(),
        };
        let lines: Vec<Value> = order
            .lines
            .iter()
            .map(|line| (line, wished(line)))
            .filter(|(_, qty)| *qty > 0)
            .map(|(line, qty)| {
                let (seq, bucket) = (line.line_seq, line.size_bucket);
                json!({ "line_seq": seq, "size_bucket": bucket, "qty": qty })
            })
            .collect();
        let id = format!("HOUSE-{}", order.cancellations.len() + 1);
        let body = json!({
            "lines": lines, "side": "house", "reason_code": "HOUSE", "external_cancel_id": id,
        });
        self.cancel_lines(number, &body).map(|written| written.body)
    }
}

impl CancelIn {
    /// Places of the named lines in the order, with the units asked for.
    fn wanted(&self, order: &SalesOrder) -> Result<Vec<(usize, i64)>, Refusal> {
        let mut wanted = Vec::new();
        for (n, line) in self.lines.iter().enumerate() {
            if line.qty < 1 {
                return Err(Refusal::invalid(&format!("lines[{n}].qty"), "at least 1"));
            }
            let at = order
                .lines
                .iter()
                .position(|o| o.line_seq == line.line_seq && o.size_bucket == line.size_bucket)
                .ok_or_else(|| {
                    Refusal::invalid(
                        &format!("lines[{n}].line_seq"),
                        "the order has no such line",
                    )
                })?;
            wanted.push((at, line.qty));
        }
        Ok(wanted)
    }
}

impl SalesOrder {
    /// Notes the moment at which nothing of the order was left to deliver.
    pub(super) fn note_end(&mut self, now: Timestamp) {
        if self.status().0 == "cancelled" && self.cancelled_at.is_none() {
            self.cancelled_at = Some(now);
            self.cancelled_real_at_us = Some(real_now_us());
            self.holds.clear();
        }
    }
}

fn refuse_if_locked(order: &SalesOrder) -> Result<(), Refusal> {
    if order.locked() {
        let message = format!("the order is {}", order.status().0);
        return Err(Refusal::conflict("order_locked", message).existing(&order.ord_num));
    }
    Ok(())
}
