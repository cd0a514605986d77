//! What happened at the site, in the order in which it happened: for tests to look at.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::site::Site;
use crate::calls::Mark;

/// One thing that happened to a sales order.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    #[serde(flatten)]
    pub mark: Mark,
    /// `created`, `ship_to_set`, `released`, `held`, `lines_cancelled`, `picked`, `shipped` or
    /// `voided`.
    pub what: &'static str,
    pub ord_num: String,
    pub external_po: String,
    /// Units that stand on the order and have not left, after it.
    pub allocated: i64,
}

/// One attempt to create a sales order that reached the books.
#[derive(Clone, Debug, Serialize)]
pub struct Create {
    #[serde(flatten)]
    pub mark: Mark,
    pub external_po: Value,
    pub idempotency_key: Option<String>,
    /// `created`, `queued`, `repeated` (the answer of the first attempt came again) or `refused`.
    pub outcome: &'static str,
    /// Why it was refused.
    pub code: Option<&'static str>,
}

impl Site {
    /// Notes what has just happened to an order.
    pub fn note_effect(&mut self, number: &str, what: &'static str) {
        let mark = self.calls.mark();
        let Ok(place) = self.place(number) else {
            return;
        };
        let order = &self.orders[place];
        if order.ready_since.is_some() {
            self.ready.insert(place);
        } else {
            self.ready.remove(&place);
        }
        let effect = Effect {
            mark,
            what,
            ord_num: order.ord_num.clone(),
            external_po: order.external_po.clone(),
            allocated: order.allocated(),
        };
        self.effects.push(effect);
    }

    /// Notes an attempt to create an order and what it came to.
    pub fn note_create(
        &mut self,
        body: &[u8],
        idempotency_key: Option<&str>,
        is_first: bool,
        result: Result<StatusCode, &Refusal>,
    ) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let outcome = match result {
            Err(_) => "refused",
            Ok(_) if !is_first => "repeated",
            Ok(StatusCode::ACCEPTED) => "queued",
            Ok(_) => "created",
        };
        self.creates.push(Create {
            mark: self.calls.mark(),
            external_po: body["external_po"].clone(),
            idempotency_key: idempotency_key.map(str::to_owned),
            outcome,
            code: result.err().map(Refusal::code),
        });
    }

    /// How many there are of what.
    pub fn summary(&self) -> Value {
        let mut states = std::collections::BTreeMap::<&str, usize>::new();
        for order in &self.orders {
            *states.entry(order.status().0).or_default() += 1;
        }
        let waiting = self
            .queue
            .iter()
            .filter(|q| q.ord_num.is_none() && q.refused.is_none())
            .count();
        let cancelled = self
            .orders
            .iter()
            .filter(|order| order.cancelled_at.is_some())
            .count();
        json!({
            "customers": self.customers.len(),
            "oversold": self.oversold_units(),
            "wholesale": self.wholesale_units,
            "sales_orders_ever": self.orders.len(),
            "sales_orders_cancelled": cancelled,
            "states": states,
            "creates": self.creates.len(),
            "effects": self.effects.len(),
            "queued": waiting,
            "shipments": self.shipments.len(),
            "returns": self.returns.all.len(),
            "credit_memos": self.credits.all.len(),
            "fulfilments": self.fulfilments.len(),
            "fulfilments_withheld": self.withheld.len(),
            "stock_transactions": self.stock.transactions().len(),
        })
    }

    /// Everything but the calls, for tests to look at.
    pub fn ledger(&self) -> Value {
        let now = self.now();
        let orders: Vec<Value> = self
            .orders
            .iter()
            .map(|order| order.to_ledger(now))
            .collect();
        let shipments = self.shipments.iter();
        let shipments = shipments.map(|shipment| marked(shipment, &shipment.mark));
        let customers = self.customers.iter();
        let customers = customers.map(|customer| marked(customer, &customer.mark));
        json!({
            "site": self.options.site,
            "company": self.options.company,
            "now": now,
            "started_at": self.started_at,
            "counts": self.summary(),
            "customers": customers.collect::<Vec<_>>(),
            "sales_orders": orders,
            "creates": self.creates,
            "effects": self.effects,
            "queue": self.queue,
            "stock_transactions": self.stock.transactions(),
            "positions": self.position_rows(now),
            "shipments": shipments.collect::<Vec<_>>(),
            "fulfilments": self.fulfilments,
            "withheld": self.withheld,
            "held": self.held,
            "batches": self.batches,
            "returns": self.returns.all.iter().map(|one| marked(one, &one.mark)).collect::<Vec<_>>(),
            "credit_memos": self.credits.all.iter().map(|one| marked(one, &one.mark)).collect::<Vec<_>>(),
            "oversold": self.oversold_shown(),
            "wholesale": { "orders": self.wholesale_orders, "units": self.wholesale_units },
        })
    }
}

/// A record that its feed shows without the mark, with it.
fn marked(record: &impl Serialize, mark: &Mark) -> Value {
    let mut row = json!(record);
    row["seq"] = json!(mark.seq);
    row["at"] = json!(mark.at);
    row["real_at_us"] = json!(mark.real_at_us);
    row
}
