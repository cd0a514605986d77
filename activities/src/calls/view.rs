//! What this worker knows of gates and closed calls without asking: as of a second ago at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::gate::{self, Endpoint, Lost, Pace, Reason, Streak};
use jiff::{SignedDuration, Timestamp};
use ledger::{ClosedCall, Gate};

use super::{millis, ms};
use crate::Failure;
use crate::settings::Connections;

/// Another worker's news is known after so long.
const FRESH: Duration = Duration::from_secs(1);
/// A gate that opened longer ago is no more on trial for a worker that did not see it open.
const TRIAL: SignedDuration = SignedDuration::from_secs(60);

/// Gates and closed calls as last read, and the answers missing in a row.
#[derive(Default)]
pub(crate) struct View(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    read_at: Option<Instant>,
    gates: BTreeMap<String, Gate>,
    buckets: BTreeMap<String, Vec<ClosedCall>>,
    streaks: BTreeMap<String, (i64, Streak)>,
}

/// What is known for one call.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Why the gate is closed.
    pub(super) reason: Option<Reason>,
    pub(super) version: i64,
    pub(super) failed_probes: u32,
    pub(super) probe_at: Timestamp,
    pub(super) drain_until: Timestamp,
    /// The call's own bucket, if it was ever closed.
    pub(super) bucket: Option<ClosedCall>,
}

impl Seen {
    /// May a closed gate be probed, as far as is known here?
    pub(super) fn is_probe_due(&self, now: Timestamp) -> bool {
        let longest = ms(gate::LONGEST_PROBE);
        gate::is_reached(millis(self.probe_at), millis(now), longest)
    }
}

impl View {
    /// The next call reads anew: something changed.
    pub(crate) fn forget(&self) {
        self.lock().read_at = None;
    }

    /// A call was answered.
    pub(super) fn answered(&self, endpoint: &Endpoint, read: bool) {
        if let Some((_, streak)) = self.lock().streaks.get_mut(&endpoint.to_string()) {
            streak.answered(read);
        }
    }

    /// A call brought no answer. Closes that the gate, and how many probes count as failed then?
    pub(super) fn lost(&self, endpoint: &Endpoint, lost: Lost, pace: &Pace) -> Option<u32> {
        let mut inner = self.lock();
        let name = endpoint.to_string();
        let gate = inner.gates.get(&name);
        let failed = gate.map_or(0, |gate| gate.failed_probes);
        // One that opened long ago did not open in vain, though nothing was written since.
        let lately = gate.is_some_and(|gate| lost.at.duration_since(gate.since) < TRIAL);
        let (_, streak) = inner.streaks.entry(name).or_default();
        let in_vain = lately && streak.is_on_trial();
        // A gate that opened in vain goes on asking less and less often.
        let failed = if in_vain { failed.saturating_add(1) } else { 0 };
        streak.lost(lost, pace).then_some(failed)
    }

    fn is_fresh(&self) -> bool {
        let mut inner = self.lock();
        if inner.read_at.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        // Those that come while one reads go on with what was known.
        let first = inner.read_at.is_none();
        inner.read_at = (!first).then(Instant::now);
        false
    }

    fn take(&self, gates: Vec<Gate>, buckets: Vec<ClosedCall>, now: Timestamp) {
        let mut inner = self.lock();
        for gate in &gates {
            let (version, streak) = inner.streaks.entry(gate.endpoint.clone()).or_default();
            if *version != gate.version {
                let recent = now.duration_since(gate.since) < TRIAL;
                *version = gate.version;
                *streak = match gate.reason.is_none() && recent {
                    true => Streak::just_opened(),
                    false => Streak::default(),
                };
            }
        }
        inner.gates = gates.into_iter().map(|g| (g.endpoint.clone(), g)).collect();
        inner.buckets.clear();
        for bucket in buckets {
            let of_endpoint = inner.buckets.entry(bucket.endpoint.clone()).or_default();
            of_endpoint.push(bucket);
        }
        inner.read_at = Some(Instant::now());
    }

    fn of(&self, endpoint: &Endpoint, call: &str) -> Seen {
        let inner = self.lock();
        let name = endpoint.to_string();
        let gate = inner.gates.get(&name);
        let buckets = inner.buckets.get(&name);
        Seen {
            reason: gate.and_then(|gate| gate.reason),
            version: gate.map_or(0, |gate| gate.version),
            failed_probes: gate.map_or(0, |gate| gate.failed_probes),
            probe_at: gate.map_or(Timestamp::MIN, |gate| gate.probe_at),
            drain_until: gate.map_or(Timestamp::MIN, |gate| gate.drain_until),
            bucket: buckets
                .and_then(|all| all.iter().find(|bucket| bucket.call == call))
                .cloned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// What is known of a call's gate and bucket, read anew once a second for all calls together.
    pub(super) async fn seen(&self, endpoint: &Endpoint, call: &str) -> Result<Seen, Failure> {
        if !self.view.is_fresh() {
            let gates = self.ledger.gates().await?;
            let buckets = self.ledger.closed_calls().await?;
            self.view.take(gates, buckets, self.clock.now());
        }
        Ok(self.view.of(endpoint, call))
    }
}
