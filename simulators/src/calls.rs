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
    /// Hash of the request's body, which itself is not kept; absent when there was none.
    pub body_hash: Option<String>,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Status sent, or that would have been sent had the answer not been lost.
    pub status: Option<u16>,
    /// The call changed something here.
    pub committed: bool,
    /// A usable answer went out whole; false while the call is under way, after a reset and when
    /// the answer was spoiled.
    pub answered: bool,
    /// Real time when it went out, in microseconds since 1970.
    pub answered_at_us: Option<i64>,
    /// The caller was told to come less often.
    pub throttled: bool,
    /// Seconds that the caller was told to wait.
    pub retry_after_s: Option<u64>,
}

/// A call as it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Arrival<'a> {
    pub op: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub key: Option<String>,
    pub body: &'a [u8],
    pub idempotency_key: Option<&'a str>,
}

/// What became of a call, whether or not its caller will learn of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handled {
    pub status: Option<u16>,
    pub committed: bool,
    pub retry_after_s: Option<u64>,
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

    /// How many calls arrived.
    pub fn len(&self) -> usize {
        self.with(|calls| calls.len())
    }

    /// Whether no call arrived yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn arrived(&self, arrival: Arrival<'_>) -> u64 {
        let body_hash = hash(arrival.body);
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
                op: arrival.op.to_owned(),
                method: arrival.method.to_owned(),
                path: arrival.path.to_owned(),
                key: arrival.key,
                body_hash,
                idempotency_key: arrival.idempotency_key.map(str::to_owned),
                status: None,
                committed: false,
                answered: false,
                answered_at_us: None,
                throttled: false,
                retry_after_s: None,
            });
            seq
        })
    }

    pub(crate) fn handled(&self, seq: u64, handled: Handled) {
        self.change(seq, |call| {
            call.status = handled.status;
            call.committed = handled.committed;
            call.throttled = handled.status == Some(429);
            call.retry_after_s = handled.retry_after_s;
        });
    }

    pub(crate) fn answered(&self, seq: u64) {
        self.change(seq, |call| {
            call.answered = true;
            call.answered_at_us = Some(Timestamp::now().as_microsecond());
        });
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

/// FNV-1a over 64 bits: tells two bodies apart, and is the same on every run and machine.
fn hash(body: &[u8]) -> Option<String> {
    let mixed = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| {
        (mixed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (!body.is_empty()).then(|| format!("{mixed:016x}"))
}
