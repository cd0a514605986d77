//! Every order of the marketplace, what happened to them, and the control moves.

mod noted;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::aftercare::Aftercare;
use super::create::Maker;
use super::error::{ControlError, Refusal};
use super::export::Exports;
use super::limits::Uses;
use super::offers::Offers;
use super::options::{Acceptance, MiraklOptions};
use super::order::{Moved, Order};
use super::spec::OrderSpec;
use super::step::Step;
use super::wire;
use crate::calls::Mark;
use crate::http::{Controls, before_us};
use crate::past::Past;

/// Something that happened to an order, kept for the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    #[serde(flatten)]
    pub mark: Mark,
    pub order_id: String,
    #[serde(flatten)]
    pub what: Value,
}

/// The state behind the server.
#[derive(Debug)]
pub struct World {
    pub options: MiraklOptions,
    pub orders: BTreeMap<String, Order>,
    pub uses: Uses,
    /// Keys of orders that the list does not show until they are released.
    pub held: BTreeSet<String>,
    /// Asynchronous exports (OR13 to OR15).
    pub exports: Exports,
    /// The shop's offers and their files (OF21, OF52 to OF54, STO01 to STO03).
    pub offers: Offers,
    /// Refunds, incidents, returns and the transaction log (OR28, OR30, OR64, RT01 to RT29, TL02).
    pub aftercare: Aftercare,
    controls: Controls,
    past: Past<Order>,
    /// When the clock moves which order next; entries that are no longer true do no harm.
    due: BinaryHeap<Reverse<(Timestamp, String)>>,
    /// Orders whose next move is to be looked at anew.
    touched: Vec<String>,
    maker: Maker,
    accepts: Vec<Effect>,
    cancels: Vec<Effect>,
    tracking: Vec<Effect>,
    shipments: Vec<Effect>,
    references: Vec<Effect>,
}

impl World {
    /// An empty marketplace.
    pub fn new(options: MiraklOptions, controls: Controls) -> Self {
        Self {
            maker: Maker::new(options.seed),
            options,
            orders: BTreeMap::new(),
            uses: Uses::default(),
            held: BTreeSet::new(),
            past: Past::new(controls.faults.clone()),
            exports: Exports::default(),
            offers: Offers::default(),
            aftercare: Aftercare::default(),
            controls,
            due: BinaryHeap::new(),
            touched: Vec::new(),
            accepts: Vec::new(),
            cancels: Vec::new(),
            tracking: Vec::new(),
            shipments: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Simulated time.
    pub fn now(&self) -> Timestamp {
        self.controls.clock.now()
    }

    /// Makes every move that is due by the clock.
    pub fn settle(&mut self) {
        let now = self.now();
        self.confirm_due_refunds(now);
        for order_id in std::mem::take(&mut self.touched) {
            self.account_for(&order_id);
            self.schedule(order_id);
        }
        let is_kept = self.past.is_kept();
        let mut counted = Vec::new();
        while self.due.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, order_id))) = self.due.pop() else {
                break;
            };
            let Some(order) = self.orders.get_mut(&order_id) else {
                continue;
            };
            let before = is_kept.then(|| order.clone());
            while let Some(moved) = order.move_by_clock(now, &self.options) {
                if moved != Moved::On {
                    counted.push((order_id.clone(), moved));
                }
            }
            if let Some(before) = before {
                self.past.note(&order_id, &before);
            }
            self.account_for(&order_id);
            self.schedule(order_id);
        }
        for (order_id, moved) in counted {
            match moved {
                Moved::Refused => self.note_decision(&order_id, "auto"),
                Moved::Canceled(reason) => self.note_cancel(&order_id, "auto", Some(reason)),
                Moved::On => {}
            }
        }
    }

    fn schedule(&mut self, order_id: String) {
        let order = self.orders.get(&order_id);
        if let Some(at) = order.and_then(|order| order.next_move(&self.options)) {
            self.due.push(Reverse((at, order_id)));
        }
    }

    /// The order to change: what it is now is kept for reads that lag, its next move looked at.
    pub fn changing(&mut self, order_id: &str) -> Option<&mut Order> {
        let order = self.orders.get_mut(order_id)?;
        self.past.note(order_id, order);
        self.touched.push(order_id.to_owned());
        Some(order)
    }

    /// The order as a read sees it that lags so far behind; none when it was not there yet.
    pub fn seen<'a>(&'a self, order: &'a Order, ago: Option<Duration>) -> Option<&'a Order> {
        let Some(ago) = ago else {
            return Some(order);
        };
        let moment_us = before_us(Timestamp::now().as_microsecond(), ago);
        let was_there = order.mark.real_at_us <= moment_us;
        was_there.then(|| self.past.at(&order.order_id, moment_us).unwrap_or(order))
    }

    /// Whether the list shows the order: nothing in its ID is held.
    pub fn is_listed(&self, order_id: &str) -> bool {
        !self.held.iter().any(|key| order_id.contains(key.as_str()))
    }

    /// Shows what was held: under one key, or under every one. The orders come as changed now.
    pub fn release(&mut self, key: Option<&str>) -> usize {
        let now = self.now();
        let hidden = |world: &Self| -> BTreeSet<String> {
            let ids = world.orders.keys();
            ids.filter(|id| !world.is_listed(id)).cloned().collect()
        };
        let before = hidden(self);
        match key {
            Some(key) => drop(self.held.remove(key)),
            None => self.held.clear(),
        }
        let still = hidden(self);
        let shown: Vec<&String> = before.difference(&still).collect();
        for order_id in &shown {
            if let Some(order) = self.changing(order_id) {
                order.touch(now);
            }
        }
        shown.len()
    }

    /// Adds an order and returns it as OR11 shows it.
    ///
    /// # Errors
    /// The ID is taken, or the spec makes no order.
    pub fn create(&mut self, spec: OrderSpec) -> Result<Value, ControlError> {
        if let Some(taken) = spec
            .order_id
            .as_ref()
            .filter(|id| self.orders.contains_key(*id))
        {
            return Err(ControlError::Conflict(format!(
                "order {taken} exists already"
            )));
        }
        let elsewhere = spec.accepted_elsewhere.unwrap_or(false);
        let now = self.now();
        let mark = self.controls.calls.mark();
        let made = self.maker.make(spec, mark, &self.options);
        let mut order = made.map_err(ControlError::Invalid)?;
        let order_id = order.order_id.clone();
        if self.orders.contains_key(&order_id) {
            return Err(ControlError::Conflict(format!(
                "order {order_id} exists already"
            )));
        }
        let automatic = elsewhere || self.options.order_acceptance == Acceptance::Automatic;
        if automatic {
            let decisions = vec![true; order.lines.len()];
            order.decide(&decisions, now, &self.options);
        }
        let shown = wire::order(&order, &self.options);
        self.orders.insert(order_id.clone(), order);
        self.touched.push(order_id.clone());
        if automatic {
            self.note_decision(&order_id, "auto");
        }
        Ok(shown)
    }

    /// Moves an order by hand, as the marketplace or a person in its portal would.
    ///
    /// # Errors
    /// No such order, or its state does not allow the move.
    pub fn control(&mut self, order_id: &str, step: Step) -> Result<Value, ControlError> {
        self.settle();
        let now = self.now();
        let options = self.options.clone();
        let options = &options;
        let unknown = || ControlError::NotFound(format!("order {order_id} does not exist"));
        let order = self.changing(order_id).ok_or_else(unknown)?;
        if !step.is_allowed_in(order.state) {
            let state = order.state.word();
            let words = format!(
                "order {order_id} is {state}; {} is not possible",
                step.word()
            );
            return Err(ControlError::Conflict(words));
        }
        match step {
            Step::Debit => order.debit(now, options),
            Step::RefuseDebit => order.cancel(now, Some(super::order::DEBIT_REFUSED)),
            Step::Receive => order.receive(now),
            Step::Close => order.close(now),
            Step::Cancel => order.cancel(now, None),
            Step::Accept => {
                let decisions = vec![true; order.lines.len()];
                order.decide(&decisions, now, options);
                order.decided = Some(order.updated);
            }
        }
        let shown = wire::order(order, options);
        match step {
            Step::Accept => self.note_decision(order_id, "hand"),
            Step::Cancel => self.note_cancel(order_id, "operator", None),
            Step::RefuseDebit => {
                self.note_cancel(order_id, "operator", Some(super::order::DEBIT_REFUSED));
            }
            Step::Debit | Step::Receive | Step::Close => {}
        }
        Ok(shown)
    }

    /// The order, for a call of the seller.
    pub fn order_mut(&mut self, order_id: &str) -> Result<&mut Order, Refusal> {
        self.changing(order_id).ok_or_else(|| {
            let message = format!("Order with id '{order_id}' does not exist");
            Refusal::new(StatusCode::NOT_FOUND, message)
        })
    }

    /// Everything but the calls, for a test to look at.
    pub fn ledger(&mut self) -> Value {
        let mut ledger = json!({
            "counts": self.summary(),
            "now": self.now(),
            "orders": self.orders.values().collect::<Vec<_>>(),
            "accepts": self.accepts,
            "cancels": self.cancels,
            "tracking": self.tracking,
            "shipments": self.shipments,
            "references": self.references,
            "held": self.held,
        });
        self.aftercare.show(&mut ledger);
        ledger
    }

    /// How many there are of what.
    pub fn summary(&mut self) -> Value {
        self.settle();
        let mut states = BTreeMap::<&str, usize>::new();
        for order in self.orders.values() {
            *states.entry(order.state.word()).or_default() += 1;
        }
        json!({
            "orders": self.orders.len(),
            "states": states,
            "accepts": self.accepts.len(),
            "cancels": self.cancels.len(),
            "tracking": self.tracking.len(),
            "shipments": self.shipments.len(),
            "references": self.references.len(),
            "refunds": self.aftercare.refunds.len(),
            "cancelations": self.aftercare.cancelations.len(),
            "returns": self.aftercare.returns.len(),
            "incidents": self.aftercare.incidents.len(),
            "transactions": self.aftercare.transactions.len(),
        })
    }
}
