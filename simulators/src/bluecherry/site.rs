//! The books of the site, and the moves it makes as its clock goes on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::answer::{Refusal, Written};
use super::batches::{Batch, Snapshot, Taken};
use super::credits::Credits;
use super::customers::Customer;
use super::effects::{Create, Effect};
use super::items::Items;
use super::options::{BlueCherryOptions, Carrier};
use super::order::SalesOrder;
use super::oversold::Oversold;
use super::returns::Returns;
use super::shipping::Shipment;
use super::stock::{FIRST_QUALITY, StockKey, StockLedger};
use super::text::{code, real_now_us, same};
use super::wholesale::Traffic;
use crate::calls::CallLog;
use crate::clock::SimClock;
use crate::http::{Controls, before_us};
use crate::past::Past;

/// Number of the first order.
pub const FIRST_NUMBER: usize = 500_001;

/// An order that was taken and waits for the next run of the queue, or has had its turn.
#[derive(Clone, Debug, Serialize)]
pub struct Queued {
    pub customer_code: String,
    pub external_po: String,
    pub body: Value,
    pub queued_at: Timestamp,
    pub real_at_us: i64,
    pub ord_num: Option<String>,
    pub refused: Option<Value>,
}

/// A write that was answered under an idempotency key.
pub struct Remembered {
    pub request: Value,
    pub answer: Written,
}

/// Everything the site knows.
pub struct Site {
    pub options: BlueCherryOptions,
    pub clock: SimClock,
    pub calls: CallLog,
    pub stock: StockLedger,
    pub items: Items,
    pub customers: Vec<Customer>,
    pub orders: Vec<SalesOrder>,
    pub queue: Vec<Queued>,
    pub creates: Vec<Create>,
    pub effects: Vec<Effect>,
    pub shipments: Vec<Shipment>,
    pub parcels: u64,
    pub fulfilments: Vec<Value>,
    pub fulfilments_published: usize,
    /// Real moments at which the fulfilments became readable, in microseconds since 1970.
    pub fulfilments_seen_us: Vec<i64>,
    /// Keys whose fulfilments are withheld, and those rows.
    pub held: BTreeSet<String>,
    pub withheld: Vec<Value>,
    /// Places of the orders under each customer order number.
    pub by_po: BTreeMap<String, Vec<usize>>,
    /// Places of the orders that the warehouse may work on.
    pub ready: BTreeSet<usize>,
    /// The next order loses its first line, as if its stock had just gone.
    pub short: bool,
    pub past: Past<SalesOrder>,
    pub batches: Vec<Batch>,
    pub snapshots: VecDeque<Snapshot>,
    pub remembered: BTreeMap<String, Remembered>,
    pub oversold: Vec<Oversold>,
    pub returns: Returns,
    pub credits: Credits,
    /// Wholesale orders that go on, and what went to them so far.
    pub traffic: Option<Traffic>,
    pub wholesale_orders: u64,
    pub wholesale_units: i64,
    pub started_at: Timestamp,
    last_queue_run: Timestamp,
    pub last_positions: Timestamp,
    last_fulfilments: Timestamp,
    requests: VecDeque<Instant>,
}

/// The site, shared between the server and its background work.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Site>>);

impl Shared {
    /// Shares a site.
    pub fn new(site: Site) -> Self {
        Self(Arc::new(Mutex::new(site)))
    }

    /// The site, for one request or one tick.
    pub fn lock(&self) -> MutexGuard<'_, Site> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    /// A site as the options describe it, with its first inventory batch.
    pub fn new(options: BlueCherryOptions, controls: Controls) -> Self {
        let Controls { clock, calls, .. } = controls.clone();
        let now = clock.now();
        let items = Items::new(&options.items);
        let mut stock = StockLedger::default();
        for row in &options.stock {
            let lot = row.lot.as_deref().unwrap_or(FIRST_QUALITY);
            let key = StockKey::new(&row.sku, &row.warehouse, lot);
            stock.write(now, &key, row.record_type, row.qty, None);
        }
        let mut site = Self {
            options,
            clock,
            calls,
            stock,
            items,
            customers: Vec::new(),
            orders: Vec::new(),
            queue: Vec::new(),
            creates: Vec::new(),
            effects: Vec::new(),
            shipments: Vec::new(),
            parcels: 0,
            fulfilments: Vec::new(),
            fulfilments_published: 0,
            fulfilments_seen_us: Vec::new(),
            held: BTreeSet::new(),
            withheld: Vec::new(),
            by_po: BTreeMap::new(),
            ready: BTreeSet::new(),
            short: false,
            past: Past::new(controls.faults),
            batches: Vec::new(),
            snapshots: VecDeque::new(),
            remembered: BTreeMap::new(),
            oversold: Vec::new(),
            returns: Returns::default(),
            credits: Credits::default(),
            traffic: None,
            wholesale_orders: 0,
            wholesale_units: 0,
            started_at: now,
            last_queue_run: now,
            last_positions: now,
            last_fulfilments: now,
            requests: VecDeque::new(),
        };
        if let Some(large) = site.options.large {
            site.open_large(large);
        }
        if let Some(wish) = site.options.wholesale.clone() {
            site.wholesale(wish);
        }
        site.take_positions(Taken::default(), now);
        site
    }

    /// The time by the site's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does everything that is due.
    pub fn tick(&mut self) {
        let now = self.now();
        if due(&mut self.last_queue_run, now, self.options.queue_cycle_s) {
            self.run_queue();
        }
        if due(
            &mut self.last_positions,
            now,
            self.options.position_cadence_s,
        ) {
            self.take_positions_in_turn();
        }
        if due(
            &mut self.last_fulfilments,
            now,
            self.options.fulfilment_cadence_s,
        ) {
            self.publish_fulfilments();
        }
        self.work_warehouse(now);
        self.work_wholesale(now);
    }

    /// Makes every fulfilment so far readable.
    pub fn publish_fulfilments(&mut self) {
        let new = self.fulfilments.len() - self.fulfilments_published;
        self.fulfilments_published = self.fulfilments.len();
        self.fulfilments_seen_us
            .resize(self.fulfilments_published, real_now_us());
        if new > 0 {
            self.note_batch("fulfilments", new, "ok");
        }
    }

    /// Place of the order with that number: numbers are given out one after the other.
    pub(super) fn place(&self, number: &str) -> Result<usize, Refusal> {
        let counted = number.trim().parse::<usize>().ok();
        counted
            .and_then(|number| number.checked_sub(FIRST_NUMBER))
            .filter(|place| {
                let order = self.orders.get(*place);
                order.is_some_and(|order| same(&order.ord_num, number))
            })
            .ok_or_else(|| Refusal::not_found("no such sales order"))
    }

    /// The order with that number.
    pub fn order(&self, number: &str) -> Result<&SalesOrder, Refusal> {
        self.place(number).map(|place| &self.orders[place])
    }

    /// The order with that number, to change it.
    pub fn order_mut(&mut self, number: &str) -> Result<&mut SalesOrder, Refusal> {
        let place = self.place(number)?;
        let order = &mut self.orders[place];
        self.past.note(&order.ord_num, order);
        Ok(order)
    }

    /// Orders under a customer order number, whoever's they are.
    pub fn orders_of<'a>(&'a self, external_po: &str) -> impl Iterator<Item = &'a SalesOrder> {
        let places = self.by_po.get(&code(external_po));
        places
            .into_iter()
            .flatten()
            .map(|place| &self.orders[*place])
    }

    /// The order as a read sees it that lags so far behind; none when it was not there yet.
    pub fn seen<'a>(
        &'a self,
        order: &'a SalesOrder,
        ago: Option<Duration>,
    ) -> Option<&'a SalesOrder> {
        let Some(ago) = ago else {
            return Some(order);
        };
        let moment_us = before_us(real_now_us(), ago);
        let was_there = order.real_at_us <= moment_us;
        was_there.then(|| self.past.at(&order.ord_num, moment_us).unwrap_or(order))
    }

    /// The carrier behind a ship-via.
    pub fn carrier(&self, ship_via: &str) -> Carrier {
        let found = self
            .options
            .carriers
            .iter()
            .find(|(code, _)| same(code, ship_via));
        found.map_or_else(
            || Carrier {
                carrier_name: ship_via.to_owned(),
                service: None,
                tracking_prefix: "T".into(),
                tracking_url: None,
            },
            |(_, carrier)| carrier.clone(),
        )
    }

    /// Seconds until the oldest request of the minute no longer counts.
    pub fn rest_of_minute_s(&self) -> u64 {
        let oldest = self.requests.front().map_or(0, |at| at.elapsed().as_secs());
        60_u64.saturating_sub(oldest).max(1)
    }

    /// Counts a request, and refuses it when the minute is full or the hour is quiet.
    pub fn admit(&mut self, writes: bool) -> Result<(), Refusal> {
        let most = self.options.requests_per_minute as usize;
        if most > 0 {
            while self
                .requests
                .front()
                .is_some_and(|at| at.elapsed().as_secs() >= 60)
            {
                self.requests.pop_front();
            }
            if self.requests.len() >= most {
                return Err(Refusal::throttled(Some(self.rest_of_minute_s())));
            }
            self.requests.push_back(Instant::now());
        }
        if writes {
            let time = jiff::tz::Offset::UTC.to_datetime(self.now()).time();
            for window in &self.options.quiet_windows {
                let inside = if window.from <= window.to {
                    window.from <= time && time < window.to
                } else {
                    time >= window.from || time < window.to
                };
                if inside {
                    let left = time.duration_until(window.to).as_secs().rem_euclid(86_400);
                    return Err(Refusal::quiet(u64::try_from(left).unwrap_or(1).max(1)));
                }
            }
        }
        Ok(())
    }
}

/// Whether a cycle has passed; if so, counts on from now. A cycle of 0 never comes.
fn due(last: &mut Timestamp, now: Timestamp, cycle_s: u64) -> bool {
    let cycle = SignedDuration::from_secs(i64::try_from(cycle_s).unwrap_or(i64::MAX));
    let passed = cycle_s > 0 && now.duration_since(*last) >= cycle;
    if passed {
        *last = now;
    }
    passed
}
