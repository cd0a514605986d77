//! No attempt publishes an older snapshot than the one before it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Our number of a snapshot. It strictly grows, whatever the batches are called.
///
/// A run takes a new one whenever it computes, also from a batch used before: units in flight have
/// changed since, and an older sum of the same batch would put sold units back.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SnapshotNo(pub u64);

impl SnapshotNo {
    /// The next one; `None` when numbers have run out, and then nothing is published.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for SnapshotNo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What an attempt to publish may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Send.
    Send,
    /// A newer snapshot was published already: end without sending.
    Late {
        /// That one.
        newest: SnapshotNo,
    },
}

/// The newest snapshot that one marketplace was sent. Kept in the ledger, and moved in the
/// transaction that writes the intent to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// `None` before the first.
    pub newest: Option<SnapshotNo>,
}

impl Fence {
    /// May an attempt with this snapshot send? The same number may again: it repeats the same
    /// numbers.
    #[must_use]
    pub fn admit(&mut self, no: SnapshotNo) -> Admission {
        match self.newest {
            Some(newest) if no < newest => Admission::Late { newest },
            _ => {
                self.newest = Some(no);
                Admission::Send
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_attempt_never_publishes_an_older_snapshot() {
        let mut fence = Fence::default();
        let table = [(3, true), (3, true), (2, false), (5, true), (4, false)];
        for (no, sends) in table {
            let admission = fence.admit(SnapshotNo(no));
            assert_eq!(admission == Admission::Send, sends, "{no}");
        }
        assert_eq!(fence.newest, Some(SnapshotNo(5)));
        assert_eq!(SnapshotNo(u64::MAX).next(), None);
    }
}
