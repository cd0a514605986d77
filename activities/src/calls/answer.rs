//! What an answer, or a missing one, tells of the endpoint, and how that is noted.

use std::sync::atomic::Ordering;

use std::time::Duration;

use domain::gate::{self, Lost, Reason};
use ledger::{CallClosing, Closing};

use super::{Admitted, whose};
use crate::Failure;
use crate::settings::after;

/// What an answer tells of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It answers, whatever it said.
    Fine,
    /// Nothing left this machine.
    NotSent,
    /// No answer that a living system would give.
    Lost,
    /// This call has to wait, for as long as was said.
    Throttled(Option<Duration>),
    /// The key is not taken.
    KeyRefused,
    /// The key lacks the right for this call.
    RightMissing,
}

/// An error of a client, as a gate sees it.
pub(crate) trait Answered {
    /// What it tells of the endpoint.
    fn told(&self) -> Told;
}

impl Answered for mirakl::Error {
    fn told(&self) -> Told {
        match self {
            Self::NotSent { .. } => Told::NotSent,
            Self::Unknown { .. } | Self::Unreachable { .. } => Told::Lost,
            Self::Throttled { wait, told, .. } => Told::Throttled(told.then_some(*wait)),
            Self::Unauthorized { .. } => Told::KeyRefused,
            Self::Forbidden { .. } => Told::RightMissing,
            _ => Told::Fine,
        }
    }
}

impl Answered for bluecherry::Error {
    fn told(&self) -> Told {
        match self {
            Self::NotSent { .. } => Told::NotSent,
            // An incomplete look-up is an answer of a system that is there.
            Self::Unreachable {
                loss: bluecherry::Loss::Incomplete,
                ..
            } => Told::Fine,
            Self::Unknown { .. } | Self::Unreachable { .. } => Told::Lost,
            // A site that says it is closed is as good as one that says nothing.
            Self::Unavailable { code, .. }
                if matches!(code.as_str(), "unavailable" | "quiet_window") =>
            {
                Told::Lost
            }
            Self::Throttled { wait, .. } => Told::Throttled(*wait),
            Self::Unauthorized { .. } => Told::KeyRefused,
            Self::Forbidden { .. } => Told::RightMissing,
            _ => Told::Fine,
        }
    }
}

impl Admitted<'_> {
    pub(super) async fn end_use(&self, answered: bool) -> Result<(), Failure> {
        if let Some((at, limits)) = &self.used {
            let ledger = &self.connections.ledger;
            let (endpoint, call) = (&self.endpoint, self.call);
            ledger
                .end_use(endpoint, call, limits, *at, answered)
                .await?;
        }
        Ok(())
    }

    /// Notes what an answer told. A ledger that cannot be written hides no answer.
    pub(super) async fn note(&self, told: Told, is_probe: bool) {
        let noted = match told {
            Told::Fine => self.went_through(is_probe).await,
            Told::NotSent => self.got_no_answer(false, is_probe).await,
            Told::Lost => self.got_no_answer(true, is_probe).await,
            Told::KeyRefused => self.key_refused(is_probe).await,
            Told::Throttled(wait) => self.has_to_wait(wait, is_probe).await,
            Told::RightMissing => self.lacks_right(is_probe).await,
        };
        if let Err(failure) = noted {
            tracing::warn!(
                call = self.call,
                "what an answer told is not noted: {failure}"
            );
        }
    }

    async fn went_through(&self, is_probe: bool) -> Result<(), Failure> {
        let connections = self.connections;
        let seen = connections.seen(&self.endpoint, self.call).await?;
        if is_probe {
            self.open().await?;
        } else {
            let read = gate::is_read(self.call);
            connections.view.answered(&self.endpoint, read);
        }
        if seen.bucket.is_some_and(|bucket| bucket.strikes > 0) {
            let now = connections.clock.now();
            connections
                .ledger
                .open_call(&self.endpoint, self.call, now)
                .await?;
            connections.view.forget();
        }
        Ok(())
    }

    pub(super) async fn open(&self) -> Result<(), Failure> {
        let connections = self.connections;
        connections.open_gate(self.to).await
    }

    async fn got_no_answer(&self, sent: bool, is_probe: bool) -> Result<(), Failure> {
        let connections = self.connections;
        let (now, pace) = (connections.clock.now(), connections.pace(self.to));
        // What was answered once was used, whatever became of its later pages.
        if !sent && !self.answered.load(Ordering::Relaxed) {
            self.end_use(false).await?;
        }
        if is_probe {
            return self.probe_failed(Reason::Down).await;
        }
        let lost = Lost {
            at: now,
            read: gate::is_read(self.call),
            whose: whose().map(|order| order.to_string()),
        };
        let seen = connections.seen(&self.endpoint, self.call).await?;
        // What went out before the gate last changed tells nothing of it now.
        if seen.version != self.version || seen.reason.is_some() {
            return Ok(());
        }
        match connections.view.lost(&self.endpoint, lost, &pace) {
            Some(failed) => {
                self.close(Reason::Down, failed, pace.next_probe(failed))
                    .await
            }
            None => Ok(()),
        }
    }

    async fn key_refused(&self, is_probe: bool) -> Result<(), Failure> {
        if is_probe {
            return self.probe_failed(Reason::KeyRefused).await;
        }
        self.close(Reason::KeyRefused, 0, gate::TRY_AGAIN).await
    }

    async fn close(&self, reason: Reason, failed: u32, wait: Duration) -> Result<(), Failure> {
        let connections = self.connections;
        let now = connections.clock.now();
        let closing = Closing {
            endpoint: &self.endpoint,
            reason,
            call: self.call,
            seen_version: self.version,
            failed_probes: failed,
            probe_at: after(now, wait),
        };
        if connections.ledger.close_gate(&closing, now).await? {
            let reason = reason.as_str();
            tracing::warn!(endpoint = %self.endpoint, reason, call = self.call, "gate closed");
        }
        connections.view.forget();
        Ok(())
    }

    pub(super) async fn probe_failed(&self, reason: Reason) -> Result<(), Failure> {
        let connections = self.connections;
        let now = connections.clock.now();
        let seen = connections.seen(&self.endpoint, self.call).await?;
        let wait = match reason {
            Reason::KeyRefused => gate::TRY_AGAIN,
            _ => connections
                .pace(self.to)
                .next_probe(seen.failed_probes.saturating_add(1)),
        };
        let (ledger, probe_at) = (&connections.ledger, after(now, wait));
        ledger
            .probe_failed(&self.endpoint, reason, self.call, probe_at, now)
            .await?;
        connections.view.forget();
        Ok(())
    }

    async fn has_to_wait(&self, told: Option<Duration>, is_probe: bool) -> Result<(), Failure> {
        self.close_call(Reason::Throttled, is_probe, |strikes| {
            gate::throttled_for(told, strikes)
        })
        .await
    }

    async fn lacks_right(&self, is_probe: bool) -> Result<(), Failure> {
        self.close_call(Reason::RightMissing, is_probe, |_| gate::TRY_AGAIN)
            .await
    }

    /// Closes this call alone. It was an answer, so the endpoint is there.
    async fn close_call(
        &self,
        reason: Reason,
        is_probe: bool,
        wait: impl FnOnce(u32) -> Duration,
    ) -> Result<(), Failure> {
        let connections = self.connections;
        let now = connections.clock.now();
        let seen = connections.seen(&self.endpoint, self.call).await?;
        if is_probe {
            self.open().await?;
        } else {
            connections.view.answered(&self.endpoint, true);
        }
        let strikes = seen.bucket.map_or(0, |bucket| bucket.strikes);
        let closing = CallClosing {
            endpoint: &self.endpoint,
            call: self.call,
            reason,
            until: after(now, wait(strikes)),
        };
        connections.ledger.close_call(&closing, now).await?;
        connections.view.forget();
        let reason = reason.as_str();
        tracing::warn!(endpoint = %self.endpoint, reason, call = self.call, "call closed");
        Ok(())
    }
}
