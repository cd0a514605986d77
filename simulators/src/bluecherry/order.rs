//! A sales order as the site keeps it and as it shows it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stock::StockKey;
use crate::calls::Mark;

/// A delivery or billing address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    pub line1: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line3: Option<String>,
    pub city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub postal_code: String,
    pub country: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Address {
    /// The first required field that is empty or impossible.
    pub fn fault(&self) -> Option<&'static str> {
        [
            ("name", self.name.trim().is_empty()),
            ("line1", self.line1.trim().is_empty()),
            ("city", self.city.trim().is_empty()),
            ("postal_code", self.postal_code.trim().is_empty()),
            ("country", self.country.trim().len() != 2),
        ]
        .into_iter()
        .find_map(|(field, wrong)| wrong.then_some(field))
    }
}

/// A reason to keep an order from the warehouse.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub code: String,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// The sums of an order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    pub goods: Decimal,
    pub shipping: Decimal,
    pub tax: Decimal,
    pub discount: Decimal,
    pub grand: Decimal,
}

/// One line. Of an accepted one, `ordered = open + picked + shipped + cancelled` at all times.
#[derive(Clone, Debug)]
pub struct Line {
    pub external_line_id: String,
    pub line_seq: u32,
    pub size_bucket: u8,
    pub sku: String,
    pub unit_price: Decimal,
    pub ordered: i64,
    pub open: i64,
    pub picked: i64,
    pub shipped: i64,
    pub cancelled: i64,
    pub reject_code: Option<&'static str>,
    /// Where the units stand in the stock ledger, and how many there for one unit of the line; none
    /// when the line was rejected.
    pub places: Vec<(StockKey, i64)>,
}

impl Line {
    /// How other documents name this line.
    pub fn reference(&self, qty: i64) -> Value {
        json!({
            "external_line_id": self.external_line_id,
            "line_seq": self.line_seq,
            "size_bucket": self.size_bucket,
            "sku": self.sku,
            "qty": qty,
        })
    }

    fn to_value(&self) -> Value {
        let mut line = json!({
            "external_line_id": self.external_line_id,
            "line_seq": self.line_seq,
            "size_bucket": self.size_bucket,
            "sku": self.sku,
            "qty_ordered": self.ordered,
            "qty_open": self.open,
            "qty_allocated": self.open,
            "qty_cancelled": self.cancelled,
            "qty_picked": self.picked,
            "qty_shipped": self.shipped,
            "unit_price": self.unit_price,
            "line_status": if self.reject_code.is_some() { "rejected" } else { "accepted" },
        });
        if let Some(code) = self.reject_code {
            line["reject_code"] = json!(code);
        }
        line
    }
}

/// One cancellation, kept so that its repeat gets the same answer.
#[derive(Clone, Debug, Serialize)]
pub struct Cancellation {
    pub external_cancel_id: String,
    pub request: Value,
    pub answer: Value,
    #[serde(flatten)]
    pub mark: Mark,
}

/// A sales order. It is never deleted.
#[derive(Clone, Debug)]
pub struct SalesOrder {
    /// Place among all calls and effects.
    pub seq: u64,
    pub real_at_us: i64,
    pub created_at: Timestamp,
    pub ord_num: String,
    pub external_po: String,
    pub customer_code: String,
    pub channel: String,
    pub channel_order_id: String,
    pub holds: Vec<Hold>,
    pub released: Vec<String>,
    pub ship_to: Option<Address>,
    pub ship_via: String,
    pub warehouse: String,
    pub division: String,
    pub currency: String,
    pub totals: Totals,
    pub lines: Vec<Line>,
    pub version: u64,
    /// Since when nothing keeps the warehouse from picking.
    pub ready_since: Option<Timestamp>,
    pub picked_at: Option<Timestamp>,
    pub cancellations: Vec<Cancellation>,
    pub cancelled_at: Option<Timestamp>,
    pub cancelled_real_at_us: Option<i64>,
    /// The order as it was sent.
    pub input: Value,
}

impl SalesOrder {
    fn sum(&self, of: impl Fn(&Line) -> i64) -> i64 {
        self.lines.iter().map(of).sum()
    }

    /// Units that stand on the order and have not left.
    pub fn allocated(&self) -> i64 {
        self.sum(|line| line.open + line.picked)
    }

    /// Neutral status, and the site's own word for it.
    pub fn status(&self) -> (&'static str, &'static str) {
        let (open, picked) = (self.sum(|line| line.open), self.sum(|line| line.picked));
        let shipped = self.sum(|line| line.shipped);
        if open + picked + shipped == 0 {
            ("cancelled", "X")
        } else if open + picked == 0 {
            ("shipped", "S")
        } else if shipped > 0 {
            ("partially_shipped", "B")
        } else if picked > 0 {
            ("picking", "P")
        } else if !self.holds.is_empty() {
            ("held", "H")
        } else if self.ship_to.is_some() {
            ("allocated", "A")
        } else {
            ("open", "O")
        }
    }

    /// Whether the warehouse has begun, or there is nothing left to change.
    pub fn locked(&self) -> bool {
        !matches!(self.status().0, "held" | "open" | "allocated")
    }

    /// Counts a change and notes whether the warehouse may begin.
    pub fn changed(&mut self, now: Timestamp) {
        self.version += 1;
        let ready = self.holds.is_empty()
            && self.ship_to.is_some()
            && self.sum(|line| line.open + line.picked) > 0;
        self.ready_since = if ready {
            self.ready_since.or(Some(now))
        } else {
            None
        };
    }

    /// The order as the profile shows it.
    pub fn to_value(&self, now: Timestamp) -> Value {
        let (status, raw_status) = self.status();
        json!({
            "ord_num": self.ord_num,
            "external_po": self.external_po,
            "customer_code": self.customer_code,
            "channel": self.channel,
            "channel_order_id": self.channel_order_id,
            "status": status,
            "raw_status": raw_status,
            "version": self.version,
            "hold": self.holds.first(),
            "ship_to_set": self.ship_to.is_some(),
            "ship_via": self.ship_via,
            "warehouse": self.warehouse,
            "division": self.division,
            "currency": self.currency,
            "totals": self.totals,
            "lines": self.lines.iter().map(Line::to_value).collect::<Vec<_>>(),
            "as_of": now,
        })
    }

    /// The order with all that tests look for.
    pub fn to_ledger(&self, now: Timestamp) -> Value {
        let mut value = self.to_value(now);
        let expired = |hold: &Hold| hold.expires_at.is_some_and(|at| at <= now);
        value["seq"] = json!(self.seq);
        value["real_at_us"] = json!(self.real_at_us);
        value["allocated"] = json!(self.allocated());
        value["created_at"] = json!(self.created_at);
        value["holds"] = json!(self.holds);
        value["hold_expired"] = json!(self.holds.iter().any(expired));
        value["released_holds"] = json!(self.released);
        value["ship_to"] = json!(self.ship_to);
        value["picked_at"] = json!(self.picked_at);
        value["cancelled_at"] = json!(self.cancelled_at);
        value["cancelled_real_at_us"] = json!(self.cancelled_real_at_us);
        value["cancellations"] = json!(self.cancellations);
        value["input"] = self.input.clone();
        value
    }
}
