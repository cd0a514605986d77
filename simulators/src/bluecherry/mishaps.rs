//! What goes wrong with the inventory batches that come by themselves.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::batches::{Spoil, Taken};

/// One in so many batches is late, missing, partial, the one before again, or out of order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchMishaps {
    /// Seed: the same one gives the same mishaps in the same order.
    pub seed: u64,
    /// One batch in so many goes wrong; 0 means none.
    pub one_in: u32,
}

impl BatchMishaps {
    /// How the n-th batch goes. A late one comes a cadence and a half after its time.
    pub(super) fn turn(self, n: usize, cadence_s: u64) -> Taken {
        let usual = Taken::default();
        let mut random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(n as u64));
        if self.one_in == 0 || random.random_range(0..self.one_in) != 0 {
            return usual;
        }
        match random.random_range(0..5) {
            0 => Taken {
                late_s: cadence_s + cadence_s / 2,
                ..usual
            },
            1 => Taken {
                status: "failed",
                ..usual
            },
            2 => Taken {
                status: "partial",
                ..usual
            },
            3 => Taken {
                spoil: Spoil::Duplicate,
                ..usual
            },
            _ => Taken {
                spoil: Spoil::Older,
                ..usual
            },
        }
    }
}
