//! Intent, act, outcome: what all writes share.

use std::time::Duration;

use domain::marketplace::OrderKey;
use domain::progress::Sent;
use domain::retry::{Fate, Retry};
use jiff::Timestamp;
use ledger::Intent;

use super::Orders;
use crate::Failure;
use crate::settings::{after, until};

/// How long a write may take, and how late its effect may show.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) call_timeout: Duration,
    pub(super) read_lag: Duration,
}

impl Orders {
    /// The open intent of an effect with its frozen body, or a new one.
    pub(super) async fn intend(
        &self,
        key: &OrderKey,
        effect: &str,
        body: &str,
        mapping_version: i64,
    ) -> Result<Intent, Failure> {
        Ok(self
            .ledger()
            .intend(key, effect, body, mapping_version, self.now())
            .await?)
    }

    /// Refuses to go on while an earlier attempt may still be under way at the other side: a slow
    /// server commits after our time-out.
    pub(super) fn not_before_it_must_show(
        &self,
        intent: &Intent,
        call: &str,
        window: Window,
    ) -> Result<(), Failure> {
        let Some(deadline) = intent.send_deadline else {
            return Ok(());
        };
        let shows = after(deadline, window.read_lag);
        let now = self.now();
        if now < shows {
            Err(Failure::ask_later(call, until(now, shows)))
        } else {
            Ok(())
        }
    }

    /// Notes, before the first byte is sent, until when this attempt may still reach the other side.
    pub(super) async fn before_sending(
        &self,
        intent: &Intent,
        window: Window,
    ) -> Result<Timestamp, Failure> {
        let now = self.now();
        let deadline = after(now, window.call_timeout);
        match self.ledger().begin_attempt(intent, deadline, now).await {
            Ok(()) => Ok(deadline),
            // Another attempt of this step ended it meanwhile: look anew, and at once.
            Err(ledger::Error::NotFound) => Err(Failure::overtaken(&intent.effect)),
            Err(error) => Err(error.into()),
        }
    }

    /// What a failed write asks for: nothing was written, so it may go again as told; or nobody knows,
    /// so the next attempt asks first.
    pub(super) async fn after_failing(
        &self,
        intent: &Intent,
        call: &str,
        fate: Fate,
        failure: Failure,
        deadline: Timestamp,
        window: Window,
    ) -> Failure {
        match fate {
            Fate::NotDone => match self.ledger().end_attempt(intent).await {
                Ok(()) => failure,
                Err(error) => error.into(),
            },
            Fate::Unknown => {
                tracing::warn!(intent = intent.id, "{}", failure.text);
                Failure::ask_later(call, until(self.now(), after(deadline, window.read_lag)))
            }
        }
    }
}

/// Is this failure one that comes again whatever is tried: the other side said no?
pub(super) fn is_refusal(retry: Retry, fate: Fate) -> bool {
    retry == Retry::Never && fate == Fate::NotDone
}

/// Until when an attempt may still show whose end nobody noted: its worker was killed over it.
pub(super) fn unfinished(intent: &Intent, window: Window) -> Option<Timestamp> {
    intent
        .send_deadline
        .map(|deadline| after(deadline, window.read_lag))
}

/// What another attempt saw done meanwhile stays done.
pub(super) fn doubt_sent(sent: &mut Sent, read_after: Timestamp) {
    if *sent != Sent::Yes {
        *sent = Sent::Doubtful { read_after };
    }
}

/// Is a refusal by state no work of ours: refused, read back, and refused again without a lost
/// answer between?
pub(super) fn is_proven(doubted: &Sent, intent: &Intent) -> bool {
    matches!(doubted, Sent::Doubtful { .. }) && intent.send_deadline.is_none()
}
