//! What was called: an append-only log that a test reads afterwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::SimClock;

/// One call as the simulator saw it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Place among all calls and effects of this simulator.
    pub seq: u64,
    /// Simulated time of arrival.
    pub at: Timestamp,
    /// Real time of arrival, in microseconds since 1970: compares two simulators.
    pub real_at_us: i64,
    /// Name of the operation, or `unknown`.
    pub op: String,
    /// HTTP method.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// What the call is about, for example an order ID.
    pub key: Option<String>,
    /// Status sent, or that would have been sent had the answer not been lost.
    pub status: Option<u16>,
    /// The call changed something here.
    pub committed: bool,
    /// An answer went out; false while the call is under way and after a reset.
    pub answered: bool,
}

/// When an effect happened; flattened into the effect's own record.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// Place among all calls and effects of this simulator.
    pub seq: u64,
    /// Simulated time.
    pub at: Timestamp,
    /// Real time, in microseconds since 1970.
    pub real_at_us: i64,
}

/// The log of one simulator. Copies share it.
#[derive(Clone, Debug)]
pub struct CallLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: SimClock,
    last: AtomicU64,
    calls: Mutex<Vec<Call>>,
}

impl CallLog {
    /// An empty log whose times come from `clock`.
    pub fn new(clock: SimClock) -> Self {
        let inner = Inner {
            clock,
            last: AtomicU64::new(0),
            calls: Mutex::new(Vec::new()),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The next place in the order of calls and effects, with both times.
    pub fn mark(&self) -> Mark {
        Mark {
            seq: self.inner.last.fetch_add(1, Ordering::SeqCst) + 1,
            at: self.inner.clock.now(),
            real_at_us: Timestamp::now().as_microsecond(),
        }
    }

    /// Every call so far, in order of arrival.
    pub fn list(&self) -> Vec<Call> {
        self.with(|calls| calls.clone())
    }

    /// How many calls of one operation arrived.
    pub fn count(&self, op: &str) -> usize {
        self.with(|calls| calls.iter().filter(|call| call.op == op).count())
    }

    pub(crate) fn arrived(&self, op: &str, method: &str, path: &str, key: Option<String>) -> u64 {
        self.with(|calls| {
            let Mark {
                seq,
                at,
                real_at_us,
            } = self.mark();
            calls.push(Call {
                seq,
                at,
                real_at_us,
                op: op.to_owned(),
                method: method.to_owned(),
                path: path.to_owned(),
                key,
                status: None,
                committed: false,
                answered: false,
            });
            seq
        })
    }

    pub(crate) fn handled(&self, seq: u64, status: Option<u16>, committed: bool) {
        self.change(seq, |call| {
            call.status = status;
            call.committed = committed;
        });
    }

    pub(crate) fn answered(&self, seq: u64) {
        self.change(seq, |call| call.answered = true);
    }

    fn change(&self, seq: u64, work: impl FnOnce(&mut Call)) {
        self.with(|calls| {
            if let Ok(place) = calls.binary_search_by_key(&seq, |call| call.seq) {
                work(&mut calls[place]);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Call>) -> T) -> T {
        work(
            &mut self
                .inner
                .calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}
