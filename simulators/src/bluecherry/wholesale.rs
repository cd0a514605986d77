//! Wholesale traffic: orders of other customers, which take units away between two batches.

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::site::Site;
use super::stock::{RecordType, StockKey};
use super::text::code;

/// Wholesale orders, at once or in turns.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wholesale {
    /// Seconds between two turns; 0 is one turn, at once.
    pub every_s: u64,
    /// Orders a turn, each for one item.
    pub orders: u32,
    /// Units an order at most; never more than can be promised there.
    pub units: u32,
    /// Seed of items and units.
    pub seed: u64,
    /// SKUs to take from; every item when empty.
    pub skus: Vec<String>,
}

impl Default for Wholesale {
    fn default() -> Self {
        Self {
            every_s: 0,
            orders: 1,
            units: 1,
            seed: 1,
            skus: Vec::new(),
        }
    }
}

/// Wholesale that goes on, and where it stands.
#[derive(Debug)]
pub struct Traffic {
    wish: Wholesale,
    random: ChaCha8Rng,
    last: Timestamp,
}

impl Site {
    /// Takes wholesale orders once, or from now on in turns in the place of those before. The answer
    /// is how many units went at once.
    pub fn wholesale(&mut self, wish: Wholesale) -> i64 {
        let mut traffic = Traffic {
            random: ChaCha8Rng::seed_from_u64(wish.seed),
            last: self.now(),
            wish,
        };
        if traffic.wish.every_s == 0 {
            self.traffic = None;
            return self.wholesale_turn(&mut traffic);
        }
        self.traffic = Some(traffic);
        0
    }

    /// The turns that are due.
    pub(super) fn work_wholesale(&mut self, now: Timestamp) {
        let Some(mut traffic) = self.traffic.take() else {
            return;
        };
        let every_s = i64::try_from(traffic.wish.every_s).unwrap_or(i64::MAX);
        let every = SignedDuration::from_secs(every_s.max(1));
        // A clock that was pushed far ahead is no reason for a thousand turns at one moment.
        if now.duration_since(traffic.last) >= every {
            traffic.last = now;
            self.wholesale_turn(&mut traffic);
        }
        self.traffic = Some(traffic);
    }

    fn wholesale_turn(&mut self, traffic: &mut Traffic) -> i64 {
        let wish = &traffic.wish;
        let mut places: Vec<StockKey> = match wish.skus.as_slice() {
            [] => {
                let all = self.stock.places();
                all.filter(|(key, _)| self.sells(key))
                    .map(|(key, _)| StockKey::clone(key))
                    .collect()
            }
            skus => {
                let places = skus.iter().flat_map(|sku| self.stock.of_sku(sku));
                let sold = places.filter(|(key, _)| self.sells(key));
                sold.map(|(key, _)| key.clone()).collect()
            }
        };
        places.sort();
        let mut went = 0;
        for _ in 0..wish.orders {
            if places.is_empty() || wish.units == 0 {
                break;
            }
            let place = &places[traffic.random.random_range(0..places.len())];
            let asked = i64::from(traffic.random.random_range(1..=wish.units));
            let mut lots = self.stock.lots(&place.sku, &place.warehouse);
            let there = lots.find(|(key, _)| *key == place);
            let units = there.map_or(0, |(_, f)| asked.min(f.promisable().max(0)));
            drop(lots);
            self.wholesale_orders += 1;
            let reference = code(&format!("WHOLESALE-{}", self.wholesale_orders));
            let now = self.now();
            // It stands in the books as open for good: nobody waits for its shipment.
            self.stock
                .write(now, place, RecordType::Op, units, Some(&reference));
            went += units;
        }
        self.wholesale_units += went;
        went
    }
}
