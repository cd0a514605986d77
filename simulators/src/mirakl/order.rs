//! One order, as the marketplace holds it, and the moves it makes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::amount::Amount;
use super::cancelation::Cancelation;
use super::options::{MiraklOptions, PaymentWorkflow, TaxMode};
use super::refund::Refund;
use super::shipments::Shipment;
use super::spec::{CustomerSpec, Debit, FeeSpec, PromotionSpec, TaxSpec};
use crate::calls::Mark;

/// State of a line, and of the order its lines make. Declared from least to most advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Waits for the seller's decision.
    WaitingAcceptance,
    /// Accepted.
    WaitingDebit,
    /// The debit is under way.
    WaitingDebitPayment,
    /// The seller has to ship.
    Shipping,
    /// The seller has shipped.
    Shipped,
    /// The customer has it.
    Received,
    /// Final.
    Closed,
    /// Refused by the seller, or not decided on in time.
    Refused,
    /// Ended before shipping.
    Canceled,
    /// Of a line alone: all of it is refunded, and the refunds are paid.
    Refunded,
}

impl State {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::WaitingAcceptance => "WAITING_ACCEPTANCE",
            Self::WaitingDebit => "WAITING_DEBIT",
            Self::WaitingDebitPayment => "WAITING_DEBIT_PAYMENT",
            Self::Shipping => "SHIPPING",
            Self::Shipped => "SHIPPED",
            Self::Received => "RECEIVED",
            Self::Closed => "CLOSED",
            Self::Refused => "REFUSED",
            Self::Canceled => "CANCELED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// The line goes on: neither refused nor canceled nor wholly refunded.
    pub fn is_active(self) -> bool {
        self < Self::Refused
    }
}

/// One order.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// When it appeared, among all calls and effects.
    #[serde(flatten)]
    pub mark: Mark,
    pub order_id: String,
    pub commercial_id: String,
    /// The state its lines make.
    pub state: State,
    pub reason: Option<&'static str>,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Set when the seller decided, by call or by hand.
    pub decided: Option<Timestamp>,
    pub accepted: Option<Timestamp>,
    pub debited: Option<Timestamp>,
    pub to_ship_since: Option<Timestamp>,
    pub deadline: Option<Timestamp>,
    pub shipped: Option<Timestamp>,
    pub received: Option<Timestamp>,
    pub debit: Debit,
    pub payment_workflow: PaymentWorkflow,
    pub tax_mode: TaxMode,
    pub currency: String,
    pub shipping_type_code: String,
    pub fulfillment_center: String,
    pub customer: CustomerSpec,
    pub customer_notification_email: String,
    pub reference_for_seller: Option<String>,
    pub tracking: Option<Tracking>,
    /// What left, or is being prepared, in parts.
    pub shipments: Vec<Shipment>,
    /// Shipments ever made, those taken back too.
    pub shipments_made: u32,
    pub lines: Vec<Line>,
    pub extra: Map<String, Value>,
}

/// One line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub order_line_id: String,
    pub state: State,
    pub updated: Timestamp,
    pub offer_id: i64,
    pub offer_sku: String,
    pub title: String,
    pub quantity: u32,
    pub price_unit: Amount,
    pub origin_unit_price: Option<Amount>,
    pub price: Amount,
    pub shipping_price: Amount,
    pub total_price: Amount,
    pub commission: Amount,
    pub taxes: Vec<TaxSpec>,
    pub shipping_taxes: Vec<TaxSpec>,
    pub fees: Vec<FeeSpec>,
    pub promotions: Vec<PromotionSpec>,
    /// Refunds asked for, the oldest first.
    pub refunds: Vec<Refund>,
    /// Cancelations of a part, the oldest first.
    pub cancelations: Vec<Cancelation>,
    /// Reason of the dispute that is open on the line.
    pub incident: Option<String>,
}

/// Carrier and number, as OR23 left them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tracking {
    pub carrier_code: Option<String>,
    pub carrier_standard_code: Option<String>,
    pub carrier_name: Option<String>,
    pub url: Option<String>,
    pub number: Option<String>,
}

/// Why the marketplace canceled an order whose debit failed.
pub const DEBIT_REFUSED: &str = "SYSTEM_CANCELATION_DEBIT_REFUSED";
/// Why the marketplace canceled an order that was shipped too late.
pub const TOO_LATE: &str = "SYSTEM_LATE_SHIPMENT_CANCELATION";

/// A move the clock made that others count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Nobody decided in time.
    Refused,
    /// The debit failed or the shipment came too late; the reason says which.
    Canceled(&'static str),
    /// Any other move.
    On,
}

impl Order {
    /// Shipping is the seller's part of this order.
    pub fn is_shipped_by_seller(&self) -> bool {
        self.fulfillment_center == "DEFAULT"
    }

    /// Whether OR29 works now.
    pub fn can_cancel(&self, options: &MiraklOptions) -> bool {
        match (self.state, self.payment_workflow) {
            (_, _) if self.debited.is_some() => false,
            (State::WaitingDebit | State::WaitingDebitPayment, _) => options.cancel_before_debit,
            (State::Shipping, workflow) => workflow != PaymentWorkflow::PayOnAcceptance,
            _ => false,
        }
    }

    /// Whether OR24 may work now.
    pub fn can_ship(&self) -> bool {
        self.state == State::Shipping && self.is_shipped_by_seller()
    }

    /// Something changed: clients that poll must see it.
    pub fn touch(&mut self, now: Timestamp) {
        let next = self.updated + SignedDuration::from_millis(1);
        self.updated = whole_ms(now).max(next);
    }

    /// The lines are accepted or refused, in their order; true accepts.
    pub fn decide(&mut self, decisions: &[bool], now: Timestamp, options: &MiraklOptions) {
        self.touch(now);
        for (line, accepted) in self.lines.iter_mut().zip(decisions) {
            line.state = if *accepted {
                State::WaitingDebit
            } else {
                State::Refused
            };
            line.updated = self.updated;
        }
        self.derive();
        if self.state == State::WaitingDebit {
            self.accepted = Some(whole_ms(now));
            if self.payment_workflow != PaymentWorkflow::PayOnAcceptance {
                self.start_shipping(now, options);
            }
        }
    }

    /// The customer has paid; the seller's turn.
    pub fn debit(&mut self, now: Timestamp, options: &MiraklOptions) {
        self.debited = Some(whole_ms(now));
        self.start_shipping(now, options);
    }

    /// The order ends before shipping.
    pub fn cancel(&mut self, now: Timestamp, reason: Option<&'static str>) {
        self.reason = reason;
        self.advance(State::Canceled, now);
    }

    /// Every active line has left.
    pub fn ship(&mut self, now: Timestamp) {
        self.shipped = Some(whole_ms(now));
        self.advance(State::Shipped, now);
    }

    /// The customer has it.
    pub fn receive(&mut self, now: Timestamp) {
        self.received = Some(whole_ms(now));
        self.advance(State::Received, now);
    }

    /// Nothing more can happen.
    pub fn close(&mut self, now: Timestamp) {
        self.advance(State::Closed, now);
    }

    /// When the clock moves this order next; none while only others can move it.
    pub fn next_move(&self, options: &MiraklOptions) -> Option<Timestamp> {
        let after = |since: Option<Timestamp>, after_ms: u64| {
            since?.checked_add(Duration::from_millis(after_ms)).ok()
        };
        let after_s = |since, after_s: Option<u64>| after(since, after_s?.saturating_mul(1000));
        let debit_ms = options.debit_delay_s.saturating_mul(1000);
        match self.state {
            State::WaitingAcceptance => after_s(Some(self.created), options.acceptance_limit_s),
            State::WaitingDebit => after(self.accepted, debit_ms / 2),
            State::WaitingDebitPayment if self.debit == Debit::Manual => None,
            State::WaitingDebitPayment => after(self.accepted, debit_ms),
            State::Shipping => after_s(self.deadline, options.late_shipment_cancel_s),
            State::Shipped => after_s(self.shipped, options.received_after_s),
            State::Received => after_s(self.received, options.closed_after_s),
            State::Closed | State::Refused | State::Canceled | State::Refunded => None,
        }
    }

    /// The next move that is due by the clock, made as of the moment it fell due.
    pub fn move_by_clock(&mut self, now: Timestamp, options: &MiraklOptions) -> Option<Moved> {
        let at = self.next_move(options).filter(|at| *at <= now)?;
        match self.state {
            State::WaitingAcceptance => {
                let refusals = vec![false; self.lines.len()];
                self.decide(&refusals, at, options);
                return Some(Moved::Refused);
            }
            State::WaitingDebit => self.advance(State::WaitingDebitPayment, at),
            State::WaitingDebitPayment if self.debit == Debit::Refuse => {
                self.cancel(at, Some(DEBIT_REFUSED));
                return Some(Moved::Canceled(DEBIT_REFUSED));
            }
            State::WaitingDebitPayment => self.debit(at, options),
            State::Shipping => {
                self.cancel(at, Some(TOO_LATE));
                return Some(Moved::Canceled(TOO_LATE));
            }
            State::Shipped => self.receive(at),
            State::Received => self.close(at),
            State::Closed | State::Refused | State::Canceled | State::Refunded => return None,
        }
        Some(Moved::On)
    }

    fn start_shipping(&mut self, now: Timestamp, options: &MiraklOptions) {
        self.advance(State::Shipping, now);
        let since = whole_ms(now);
        let lead_time = Duration::from_secs(options.lead_time_s);
        self.to_ship_since = Some(since);
        self.deadline = since.checked_add(lead_time).ok();
    }

    fn advance(&mut self, state: State, now: Timestamp) {
        self.touch(now);
        for line in self.lines.iter_mut().filter(|line| line.state.is_active()) {
            line.state = state;
            line.updated = self.updated;
        }
        self.derive();
    }

    /// The order's state is that of its least advanced active line; it is closed when the last of
    /// its lines is refunded.
    pub fn derive(&mut self) {
        let active = self
            .lines
            .iter()
            .map(|line| line.state)
            .filter(|state| state.is_active());
        let ended = self.lines.iter().map(|line| line.state).max();
        let ended = ended.map(|state| match state {
            State::Refunded => State::Closed,
            state => state,
        });
        self.state = active.min().or(ended).unwrap_or(self.state);
    }
}

/// The same moment without what the wire does not carry.
pub fn whole_ms(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
