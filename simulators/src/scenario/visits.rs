//! Customers who come to look at offers, and what they want.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{GALERIA, NORDWIND};

/// A customer of one marketplace who wants some of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The marketplace.
    pub marketplace: &'static str,
    /// Which of the items.
    pub item: usize,
    /// Units: one, of each fourth customer two.
    pub units: u32,
}

/// So many customers over both marketplaces, for any of so many items. The same seed gives the same.
pub(super) fn visits(seed: u64, items: usize, n: usize) -> Vec<Visit> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let visit = |_| Visit {
        marketplace: [NORDWIND, GALERIA][random.random_range(0..2)],
        item: random.random_range(0..items.max(1)),
        units: if random.random_range(0..4) == 0 { 2 } else { 1 },
    };
    (0..n).map(visit).collect()
}
