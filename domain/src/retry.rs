//! What a failed call allows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What may be done after a call failed, whoever was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing is wrong with what was asked: ask again, each time a little later.
    Backoff,
    /// The other side said how long to wait.
    After(Duration),
    /// Asking again would be answered the same: a person, or another step, comes next.
    Never,
}

/// What a failed write left behind at the other side.
///
/// A read leaves nothing behind, so it counts as [`Fate::NotDone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It never reached the other side, or the other side said no: nothing was written.
    NotDone,
    /// The answer was lost or cannot be read: it may have been written. Ask before sending again.
    Unknown,
}
