//! How often each shop may make each call, and how gates behave: what a configuration says of them.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::frequency::{Frequencies, Limit};
use domain::gate::LONGEST_PROBE;
use domain::marketplace::MarketplaceCode;

use super::To;

/// Limits of calls and pace of gates.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How often each shop may call. A shop that is not named here is taken for a simulator, which
    /// is called as often as its poll interval says.
    pub shops: BTreeMap<MarketplaceCode, Frequencies>,
    /// Longest time between two probes of a closed gate.
    pub longest_probe: Duration,
    /// Orders a second that go on after a gate opened.
    pub drain_per_s: f64,
}

/// Orders a second that go on after a gate opened, unless told otherwise.
pub const DRAIN_PER_S: f64 = 5.0;

impl Default for Limits {
    fn default() -> Self {
        Self {
            shops: BTreeMap::new(),
            longest_probe: LONGEST_PROBE,
            drain_per_s: DRAIN_PER_S,
        }
    }
}

impl Limits {
    /// The limits of a call; none at the ERP, which publishes none.
    pub(crate) fn of(&self, to: To<'_>, call: &str) -> Vec<Limit> {
        let To::Mirakl(shop) = to else {
            return vec![];
        };
        match self.shops.get(&shop.code) {
            Some(frequencies) => frequencies.of(call),
            None => Frequencies {
                simulated: Some(shop.poll),
                ..Frequencies::default()
            }
            .of(call),
        }
    }
}
