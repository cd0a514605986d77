//! What both simulators saw: their ledgers and call logs, never our own word.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::bail;
use jiff::Timestamp;
use serde_json::Value;

use super::Bench;
use crate::place::Place;

/// How often a ledger is read while something is waited for; reading it costs the simulator time.
const LOOK: Duration = Duration::from_secs(1);

/// One call as a simulator logged it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Arrival, in microseconds since 1970, real time.
    pub at_us: i64,
    /// Name of the operation.
    pub op: String,
    /// What it was about.
    pub key: Option<String>,
    /// Path with its query.
    pub path: String,
    /// It was not a read.
    pub writes: bool,
    /// It changed something.
    pub committed: bool,
}

/// Both ledgers at one moment.
pub struct Witness {
    mirakl: Value,
    bluecherry: Value,
}

impl Witness {
    /// Reads both ledgers.
    ///
    /// # Errors
    /// A simulator that does not answer.
    pub async fn read(place: &Place) -> anyhow::Result<Self> {
        Ok(Self {
            mirakl: place.mirakl.get("/_sim/ledger").await?,
            bluecherry: place.bluecherry.get("/_sim/ledger").await?,
        })
    }

    /// When each order was accepted on Mirakl, real time.
    pub fn accepted(&self) -> BTreeMap<String, i64> {
        effects(&self.mirakl, "accepts")
    }

    /// When each order was shipped on Mirakl, real time.
    pub fn shipped(&self) -> BTreeMap<String, i64> {
        effects(&self.mirakl, "shipments")
    }

    /// When each order was sold. Simulated time, which is real time while the clock was never sped.
    pub fn sold(&self) -> BTreeMap<String, i64> {
        let orders = rows(&self.mirakl, "orders").filter_map(|order| {
            let id = order["order_id"].as_str()?;
            let created: Timestamp = order["created"].as_str()?.parse().ok()?;
            Some((id.to_owned(), created.as_microsecond()))
        });
        orders.collect()
    }

    /// How many orders are in each state.
    pub fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for order in rows(&self.mirakl, "orders") {
            let state = order["state"].as_str().unwrap_or_default().to_owned();
            *states.entry(state).or_default() += 1;
        }
        states
    }

    /// Sales orders that the warehouse may work on.
    pub fn released(&self) -> usize {
        rows(&self.bluecherry, "sales_orders")
            .filter(|s| s["status"] != "held")
            .count()
    }

    /// Sales orders beyond the first of an order.
    pub fn doubled(&self) -> usize {
        let all = rows(&self.bluecherry, "sales_orders").count();
        let distinct: BTreeSet<&str> = rows(&self.bluecherry, "sales_orders")
            .filter_map(|s| s["channel_order_id"].as_str())
            .collect();
        all - distinct.len()
    }

    /// Calls of the marketplace, in order of arrival.
    pub fn mirakl_calls(&self) -> Vec<Call> {
        calls(&self.mirakl)
    }

    /// Calls of the site, in order of arrival.
    pub fn bluecherry_calls(&self) -> Vec<Call> {
        calls(&self.bluecherry)
    }

    /// When the OR11 call arrived that first held each order: the first after it was sold that asked
    /// for changes.
    pub fn seen(&self) -> BTreeMap<String, i64> {
        let pulls: Vec<i64> = self
            .mirakl_calls()
            .iter()
            .filter(|c| c.op == "OR11" && !c.path.contains("order_ids="))
            .map(|c| c.at_us)
            .collect();
        let first = |(id, sold): (String, i64)| {
            let at = pulls.partition_point(|pull| *pull < sold);
            Some((id, *pulls.get(at)?))
        };
        self.sold().into_iter().filter_map(first).collect()
    }
}

fn rows<'a>(ledger: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    ledger[name].as_array().into_iter().flatten()
}

fn effects(ledger: &Value, name: &str) -> BTreeMap<String, i64> {
    let mut first = BTreeMap::new();
    for effect in rows(ledger, name) {
        if let (Some(id), Some(at)) = (effect["order_id"].as_str(), effect["real_at_us"].as_i64()) {
            first.entry(id.to_owned()).or_insert(at);
        }
    }
    first
}

fn calls(ledger: &Value) -> Vec<Call> {
    let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
    let call = |call: &Value| Call {
        at_us: call["real_at_us"].as_i64().unwrap_or_default(),
        op: text(call, "op"),
        key: call["key"].as_str().map(str::to_owned),
        path: text(call, "path"),
        writes: call["method"] != "GET",
        committed: call["committed"] == true,
    };
    rows(ledger, "calls").map(call).collect()
}

/// Now, in microseconds since 1970, as the simulators stamp.
pub fn now_us() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Seconds between two stamps.
pub fn seconds(from_us: i64, to_us: i64) -> f64 {
    (to_us - from_us) as f64 / 1_000_000.0
}

/// Reads the ledgers until `enough`, and tells meanwhile how far things are.
///
/// # Errors
/// When that does not come within `patience`.
pub async fn until(
    bench: &Bench,
    place: &Place,
    what: &str,
    patience: Duration,
    enough: impl Fn(&Witness) -> bool,
) -> anyhow::Result<Witness> {
    let started = Instant::now();
    let mut told = Instant::now();
    loop {
        let seen = Witness::read(place).await?;
        if enough(&seen) {
            return Ok(seen);
        }
        if started.elapsed() >= patience {
            bail!(
                "{what}: not within {} s; orders stand at {:?}",
                patience.as_secs(),
                seen.states()
            );
        }
        if told.elapsed() >= Duration::from_secs(5) {
            bench.tell(&format!("{what}: {:?}", seen.states()));
            told = Instant::now();
        }
        tokio::time::sleep(LOOK).await;
    }
}
