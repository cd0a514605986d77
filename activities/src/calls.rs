//! The one way from an activity to either system: first whether it may go, then the call, then what
//! its answer tells of the endpoint.
//!
//! Whether it may go is known in memory while all is well: gates and closed calls are read from the
//! ledger once a second for all calls together, and only calls with a published limit write to it.

mod answer;
mod limits;
mod probe;
mod view;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::frequency::Limit;
use domain::gate::{self, Endpoint, Pace, Reason};
use domain::marketplace::OrderKey;
use jiff::Timestamp;

use crate::Failure;
use crate::settings::{Connections, Shop, until};
use crate::switches::Point;

pub(crate) use answer::Answered;
pub use limits::Limits;
pub(crate) use view::View;

use view::Seen;

tokio::task_local! {
    /// For which order this task calls. It travels with the task, so that no call can forget it.
    static WHOSE: OrderKey;
}

/// Which system is called.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    /// The marketplace of a shop.
    Mirakl(&'a Shop),
    /// The ERP.
    BlueCherry,
}

/// A call that may go out; the pages of one pull are one.
pub(crate) struct Admitted<'a> {
    connections: &'a Connections,
    to: To<'a>,
    endpoint: Endpoint,
    call: &'static str,
    /// The gate when it was admitted: an answer tells of no later one.
    version: i64,
    /// When its use was taken, where it has a limit.
    used: Option<(Timestamp, Vec<Limit>)>,
    is_probe: AtomicBool,
    /// Something usable came back already.
    answered: AtomicBool,
}

impl Connections {
    /// Runs work that is done for one order: its calls take that order's turn at a gate.
    pub async fn on_behalf_of<T>(&self, order: &OrderKey, work: impl Future<Output = T>) -> T {
        // Boxed: a step's future is large, and would stand on the stack once more here.
        WHOSE.scope(order.clone(), Box::pin(work)).await
    }

    /// Asks whether a call may go out now.
    ///
    /// # Errors
    /// A [`Failure`] that says how long to wait: nothing was sent.
    pub(crate) async fn admit<'a>(
        &'a self,
        to: To<'a>,
        call: &'static str,
    ) -> Result<Admitted<'a>, Failure> {
        let endpoint = self.endpoint(to);
        let now = self.clock.now();
        let mut seen = self.seen(&endpoint, call).await?;
        if seen.bucket.is_some() {
            Box::pin(self.pass_bucket(&endpoint, call, &seen, now)).await?;
        }
        let mut is_probe = false;
        if seen.reason.is_some() {
            is_probe = Box::pin(self.pass_closed_gate(to, &endpoint, call, &seen)).await?;
            seen = self.seen(&endpoint, call).await?;
        }
        if !is_probe && seen.drain_until > now {
            Box::pin(self.take_turn(to, &endpoint, now)).await?;
        }
        let limits = self.limits.of(to, call);
        if !limits.is_empty()
            && let Err(free_at) = self.ledger.take_use(&endpoint, call, &limits, now).await?
        {
            if is_probe {
                self.ledger.drop_probe(&endpoint).await?;
            }
            let wait = until(now, free_at);
            return Err(Failure::not_now(
                "Budget",
                format!("{call}: {endpoint} lets it be called again then"),
                wait,
            ));
        }
        let used = (!limits.is_empty()).then_some((now, limits));
        Ok(Admitted {
            connections: self,
            to,
            endpoint,
            call,
            version: seen.version,
            used,
            is_probe: AtomicBool::new(is_probe),
            answered: AtomicBool::new(false),
        })
    }

    /// The endpoint of a system.
    pub(crate) fn endpoint(&self, to: To<'_>) -> Endpoint {
        match to {
            To::Mirakl(shop) => Endpoint::Mirakl(shop.code.clone()),
            To::BlueCherry => Endpoint::BlueCherry(self.site.name.clone()),
        }
    }

    pub(crate) fn pace(&self, to: To<'_>) -> Pace {
        let call_timeout = match to {
            To::Mirakl(shop) => shop.call_timeout,
            To::BlueCherry => self.site.call_timeout,
        };
        let Limits {
            longest_probe,
            drain_per_s,
            ..
        } = &self.limits;
        Pace::of_calls(call_timeout, *longest_probe, *drain_per_s)
    }

    /// Refuses a call that was told to wait. Of those that lack a right, one tries when it is time.
    async fn pass_bucket(
        &self,
        endpoint: &Endpoint,
        call: &'static str,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(bucket) = &seen.bucket else {
            return Ok(());
        };
        let mut until_then = bucket.until;
        // A wait that nobody can have told was noted by a clock that ran ahead.
        let longest = match bucket.reason {
            Reason::RightMissing => gate::TRY_AGAIN,
            _ => gate::LONGEST_TOLD,
        };
        let over = gate::is_reached(millis(bucket.until), millis(now), ms(longest));
        if bucket.reason == Reason::RightMissing && bucket.strikes > 0 && over {
            let next = crate::settings::after(now, gate::TRY_AGAIN);
            if self.ledger.try_call(endpoint, call, now, next).await? {
                self.view.forget();
                return Ok(());
            }
            until_then = next;
        }
        if until_then <= now || over && until_then == bucket.until {
            return Ok(());
        }
        let (kind, why) = match bucket.reason {
            Reason::RightMissing => ("RightMissing", "the key lacks the right for it"),
            _ => ("Throttled", "the other side told to wait"),
        };
        let wait = until(now, until_then);
        Err(Failure::not_now(
            kind,
            format!("{call} at {endpoint}: {why}"),
            wait,
        ))
    }

    /// After a gate opened, each order waits for its turn; what is no order's goes.
    async fn take_turn(
        &self,
        to: To<'_>,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(order) = whose() else {
            return Ok(());
        };
        let every = ms(self.pace(to).drain_every);
        let turn = self
            .ledger
            .turn_at_gate(endpoint, &order, every, now)
            .await?;
        if turn <= now {
            return Ok(());
        }
        Err(Failure::not_now(
            "Draining",
            format!("{endpoint} is back; this order's turn comes, the nearest deadline first"),
            until(now, turn),
        ))
    }

    /// The gate is closed: this call may be the one probe, or another asks, or all wait.
    ///
    /// True for a read that goes out as the probe; false when a probe in its place opened the gate.
    async fn pass_closed_gate(
        &self,
        to: To<'_>,
        endpoint: &Endpoint,
        call: &'static str,
        seen: &Seen,
    ) -> Result<bool, Failure> {
        let now = self.clock.now();
        let due = seen.is_probe_due(now) && {
            let lease = crate::settings::after(now, self.longest_call(to) + Duration::from_secs(1));
            self.ledger.take_probe(endpoint, now, lease).await?
        };
        if due && gate::is_read(call) && self.limits.of(to, call).is_empty() {
            return Ok(true);
        }
        if due && self.probe(to, endpoint, seen.reason).await {
            return Ok(false);
        }
        let seen = match due {
            true => self.seen(endpoint, call).await?,
            false => seen.clone(),
        };
        Err(self.closed(to, endpoint, &seen).await?)
    }

    fn longest_call(&self, to: To<'_>) -> Duration {
        match to {
            To::Mirakl(shop) => shop.call_timeout,
            To::BlueCherry => self.site.call_timeout,
        }
    }

    /// What somebody who waits at a closed gate is told: when to come back, by rank and deadline.
    async fn closed(
        &self,
        to: To<'_>,
        endpoint: &Endpoint,
        seen: &Seen,
    ) -> Result<Failure, Failure> {
        let (now, pace) = (self.clock.now(), self.pace(to));
        let told = until(now, seen.probe_at).min(gate::LONGEST_PROBE);
        let mut wait = told.max(pace.first_probe);
        if let Some(order) = whose() {
            let ahead = self.ledger.wait_at_gate(endpoint, &order).await?;
            wait += pace.drain_every.saturating_mul(ahead) + jitter(&order, pace.drain_every);
        }
        Ok(match seen.reason {
            Some(Reason::KeyRefused) => Failure::not_now(
                "KeyRefused",
                format!("{endpoint} does not take the key; nothing was sent"),
                wait,
            ),
            _ => Failure::not_now(
                "EndpointDown",
                format!("{endpoint} does not answer; one probe at a time asks, nothing was sent"),
                wait,
            ),
        })
    }
}

impl Admitted<'_> {
    /// Sends it. What the answer tells of the endpoint is noted for all workers.
    pub(crate) async fn send<T, E: Answered>(
        &self,
        sending: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let switches = &self.connections.switches;
        switches.reach(Point::BeforeSend, self.call);
        let answer = sending.await;
        switches.reach(Point::AfterAnswer, self.call);
        // A use counts for its whole window once it brought something, and for a minute until then.
        if answer.is_ok()
            && !self.answered.swap(true, Ordering::Relaxed)
            && let Err(failure) = Box::pin(self.end_use(true)).await
        {
            tracing::warn!(
                call = self.call,
                "a use of the call is not noted: {failure}"
            );
        }
        let is_probe = self.is_probe.swap(false, Ordering::Relaxed);
        let told = answer
            .as_ref()
            .map_or_else(Answered::told, |_| answer::Told::Fine);
        Box::pin(self.note(told, is_probe)).await;
        answer
    }
}

/// For which order this task calls.
pub(crate) fn whose() -> Option<OrderKey> {
    WHOSE.try_with(OrderKey::clone).ok()
}

/// So that those who wait do not come back in the same moment; the same order, the same jitter.
fn jitter(order: &OrderKey, up_to: Duration) -> Duration {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    order.hash(&mut hasher);
    let thousandth = u32::try_from(hasher.finish() % 1000).unwrap_or(0);
    up_to.saturating_mul(thousandth) / 1000
}

pub(crate) fn millis(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

pub(crate) fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
