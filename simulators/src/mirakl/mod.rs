//! A Mirakl marketplace as one shop's API key sees it, as an HTTP server.
//!
//! Where the vendor's public text is silent, the choice made is a field of [`MiraklOptions`] or said
//! at the place; a client must not rely on it.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::clock::SimClock;
use crate::fault::Faults;
use crate::http::{Controls, Server, System};
use crate::scenario::Large;

mod actions;
mod aftercare;
mod amount;
mod cancelation;
mod control;
mod create;
mod error;
mod export;
mod incidents;
mod limits;
mod list;
mod offer_routes;
mod offers;
mod options;
mod order;
mod parts;
mod platform;
mod refund;
mod return_control;
mod return_routes;
mod returns;
mod routes;
mod seek;
mod shipment_routes;
mod shipments;
mod spec;
mod step;
mod transactions;
mod wire;
mod world;

pub use amount::Amount;
pub use error::ControlError;
pub use limits::Limits;
pub use options::{
    Acceptance, Carrier, MiraklOptions, PaymentWorkflow, Reason, ShippingType, TaxMode, TaxRule,
};
pub use spec::{CustomerSpec, Debit, FeeSpec, LineSpec, OrderSpec, PromotionSpec, TaxSpec};

use routes::{Shared, lock};
use step::Step;
use world::World;

/// Real time between two looks at what the clock has made due.
const TICK: Duration = Duration::from_millis(20);

/// A running marketplace; dropping it stops the server.
#[derive(Debug)]
pub struct MiraklSim {
    server: Server,
    controls: Controls,
    shared: Shared,
    ticking: JoinHandle<()>,
}

impl MiraklSim {
    /// Starts a marketplace with a clock of its own, as the options set it.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(options: MiraklOptions) -> anyhow::Result<Self> {
        let start = options.start.unwrap_or_else(Timestamp::now);
        let clock = SimClock::new(start, options.speed);
        Self::start_with_clock(options, clock).await
    }

    /// Starts a marketplace on a clock that others may share; `start` and `speed` do not count.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start_with_clock(options: MiraklOptions, clock: SimClock) -> anyhow::Result<Self> {
        let controls = Controls::new(clock);
        let listen = options.listen;
        let shared: Shared = Arc::new(Mutex::new(World::new(options, controls.clone())));
        let system = System {
            classify: routes::classify,
            error: error::bare,
            vocabulary: routes::VOCABULARY,
        };
        let routes = routes::routes(shared.clone(), controls.calls.clone());
        let server = Server::start(listen, routes, system, controls.clone()).await?;
        let ticking = tokio::spawn(tick(shared.clone()));
        Ok(Self {
            server,
            controls,
            shared,
            ticking,
        })
    }

    /// Base address without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The key callers must send.
    pub fn api_key(&self) -> String {
        lock(&self.shared).options.key()
    }

    /// The marketplace's clock.
    pub fn clock(&self) -> &SimClock {
        &self.controls.clock
    }

    /// The marketplace's faults.
    pub fn faults(&self) -> &Faults {
        &self.controls.faults
    }

    /// What was called so far.
    pub fn calls(&self) -> &crate::calls::CallLog {
        &self.controls.calls
    }

    /// Everything that is and was, as `GET /_sim/ledger` shows it.
    pub fn ledger(&self) -> Value {
        routes::ledger_with_calls(&self.shared, &self.controls.calls)
    }

    /// One order as OR11 shows it now; empty when there is no such order.
    pub fn order(&self, order_id: &str) -> Option<Value> {
        let mut world = lock(&self.shared);
        world.settle();
        world
            .orders
            .get(order_id)
            .map(|order| wire::order(order, &world.options))
    }

    /// Adds an order and returns it as OR11 shows it.
    ///
    /// # Errors
    /// The ID is taken, or the spec makes no order here.
    pub fn create_order(&self, spec: OrderSpec) -> Result<Value, ControlError> {
        lock(&self.shared).create(spec)
    }

    /// A customer buys what the offers show: an order, or none when an offer shows less than is
    /// wanted or is not there.
    ///
    /// # Errors
    /// As [`MiraklSim::create_order`].
    pub fn buy(&self, spec: OrderSpec) -> Result<Option<Value>, ControlError> {
        lock(&self.shared).buy(spec)
    }

    /// What each offer shows now, by the shop's SKU.
    pub fn quantities(&self) -> BTreeMap<String, i64> {
        let mut world = lock(&self.shared);
        world.settle_offers();
        let offers = world.offers.by_sku.iter();
        offers
            .map(|(sku, offer)| (sku.clone(), offer.quantity))
            .collect()
    }

    /// Puts offers on the marketplace, or sets their quantities by hand.
    pub fn list_offers(&self, offers: impl IntoIterator<Item = (String, i64)>) {
        lock(&self.shared).list_offers(offers);
    }

    /// Puts every item of a generated catalogue on the marketplace.
    pub fn list_large(&self, large: &Large, prefix: &str, quantity: i64) {
        let offers = (0..large.count()).map(|n| (large.offer_sku(prefix, n), quantity));
        self.list_offers(offers);
    }

    /// The customer's money came: WAITING_DEBIT or WAITING_DEBIT_PAYMENT becomes SHIPPING.
    ///
    /// # Errors
    /// No such order, or its state does not allow it. So for every step below.
    pub fn debit(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::Debit)
    }

    /// The customer's money did not come: the order is canceled.
    ///
    /// # Errors
    /// As [`MiraklSim::debit`].
    pub fn refuse_debit(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::RefuseDebit)
    }

    /// The customer has the goods: SHIPPING or SHIPPED becomes RECEIVED.
    ///
    /// # Errors
    /// As [`MiraklSim::debit`].
    pub fn receive(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::Receive)
    }

    /// RECEIVED becomes CLOSED.
    ///
    /// # Errors
    /// As [`MiraklSim::debit`].
    pub fn close(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::Close)
    }

    /// The marketplace cancels an order that is not shipped.
    ///
    /// # Errors
    /// As [`MiraklSim::debit`].
    pub fn cancel(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::Cancel)
    }

    /// Somebody accepts every line in the marketplace's portal.
    ///
    /// # Errors
    /// As [`MiraklSim::debit`].
    pub fn accept_by_hand(&self, order_id: &str) -> Result<Value, ControlError> {
        self.step(order_id, Step::Accept)
    }

    fn step(&self, order_id: &str, step: Step) -> Result<Value, ControlError> {
        lock(&self.shared).control(order_id, step)
    }
}

impl Drop for MiraklSim {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

async fn tick(shared: Shared) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        lock(&shared).settle();
    }
}

/// Runs a marketplace until the task is dropped: for a program.
///
/// # Errors
/// The address cannot be listened on.
pub async fn run(options: MiraklOptions) -> anyhow::Result<()> {
    let sim = MiraklSim::start(options).await?;
    tracing::info!(url = %sim.url(), "Mirakl simulator listens");
    pending().await
}
