//! Intent, act, outcome: what all writes share.

use std::time::Duration;

use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::progress::{Progress, Sent};
use domain::retry::{Fate, Retry};
use domain::step::{Decision, Step, UNKNOWNS_MAX};
use jiff::Timestamp;
use ledger::{Ended, Intent};

use super::{Orders, Situation};
use crate::Failure;
use crate::settings::{after, until};
use crate::switches::Point;

/// Longest an attempt may stand still between its note in the ledger and its first byte. It is part
/// of the noted deadline, so a call that begins within it also ends within it.
pub const SEND_MARGIN: Duration = Duration::from_secs(5);

/// How often a parked write is looked for, until a person decides.
const PARKED_LOOK: Duration = Duration::from_secs(600);

/// BlueCherry's code for a key that was used for another body.
pub(super) const TWO_BODIES: &str = "idempotency_conflict";

/// How long a write may take, and how late its effect may show.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) call_timeout: Duration,
    pub(super) read_lag: Duration,
}

impl Window {
    /// From when on the other side must show what an attempt did that may send until `deadline`.
    pub(super) fn shows(self, deadline: Timestamp) -> Timestamp {
        after(deadline, self.read_lag)
    }
}

/// An attempt that stands in the ledger and has its time to send.
pub(super) struct Attempt {
    /// The intent as it stands since.
    pub(super) intent: Intent,
    pub(super) call: &'static str,
    /// Until when it may still reach the other side.
    pub(super) deadline: Timestamp,
    window: Window,
    /// When it was noted, by the clock that is never set, and by the clock of the deadline.
    noted: Duration,
    noted_at: Timestamp,
}

impl Attempt {
    /// From when on the other side must show what it did.
    pub(super) fn shows(&self) -> Timestamp {
        self.window.shows(self.deadline)
    }

    /// Is the whole call over before the noted deadline, if it begins now?
    ///
    /// Both clocks must say so. On a machine that was paused as a whole the one that is never set stood
    /// still too; and where the other one was set, the deadline was noted by a wrong clock.
    fn is_in_time(&self, elapsed: Duration, now: Timestamp) -> bool {
        let by_the_clock = now.duration_since(self.noted_at).unsigned_abs();
        elapsed.saturating_sub(self.noted) <= SEND_MARGIN && by_the_clock <= SEND_MARGIN
    }
}

impl Orders {
    /// How long a write to BlueCherry may take.
    pub(super) fn erp_window(&self) -> Window {
        let site = self.site();
        Window {
            call_timeout: site.call_timeout,
            read_lag: site.read_lag,
        }
    }

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

    /// The progress as it stands now: where an intent is new, another worker may have settled the one
    /// before it since this one looked.
    pub(super) async fn progress_now(&self, key: &OrderKey) -> Result<Progress, Failure> {
        let row = self.ledger().order(key).await?;
        row.map(|row| row.progress)
            .ok_or_else(|| Failure::unexpected(format!("order {key} is not in the ledger")))
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
        let (now, shows) = (self.now(), window.shows(deadline));
        if now < shows {
            Err(Failure::ask_later(call, until(now, shows)))
        } else {
            Ok(())
        }
    }

    /// The problem that parks a money write which was looked for and is not there: its answer was
    /// lost too often, or a person was asked already and has not decided.
    pub(super) async fn parks(
        &self,
        at: &Situation<'_>,
        step: &Step,
        intent: &Intent,
        window: Window,
    ) -> Result<Option<Problem>, Failure> {
        if let Some(blocked) = &at.row.progress.blocked
            && blocked.is_parked_at(step)
        {
            return Ok(Some(blocked.problem.clone()));
        }
        if !step.is_money() || intent.attempts == 0 {
            return Ok(None);
        }
        let order_id = &at.row.key.order_id;
        let key = match step {
            Step::CancelOrder => order_id,
            _ => at.row.external_po.as_ref().unwrap_or(order_id),
        };
        self.outcome_unknown(intent, window, key).await
    }

    /// The problem of a money write whose answer was lost too often, and that was looked for since.
    pub(super) async fn outcome_unknown(
        &self,
        intent: &Intent,
        window: Window,
        key: &str,
    ) -> Result<Option<Problem>, Failure> {
        let lag = jiff::SignedDuration::try_from(window.read_lag).unwrap_or_default();
        let sent_until = self.now().checked_sub(lag).unwrap_or(Timestamp::MIN);
        let unknown = self.ledger().not_shown(intent, sent_until).await?;
        let (Some(first), Some(last)) = (unknown.first(), unknown.last()) else {
            return Ok(None);
        };
        if unknown.len() < UNKNOWNS_MAX {
            return Ok(None);
        }
        Ok(Some(
            Problem::new(Kind::OutcomeUnknown)
                .with("call", &last.call)
                .with("key", key)
                .with("body", intent.body_hash.get(..16).unwrap_or_default())
                .with("attempts", unknown.len())
                .with("first_sent", first.began_at)
                .with("last_sent", last.began_at),
        ))
    }

    /// Parks a write: only a person's word sends it again. It is looked for now and then, and where
    /// it shows, the exception closes by itself.
    pub(super) async fn park(
        &self,
        at: &Situation<'_>,
        step: &Step,
        problem: Problem,
        intent: &Intent,
    ) -> Result<Decision, Failure> {
        // What became of a call to Mirakl comes with the next pull; BlueCherry has to be asked.
        let asks = *step != Step::CancelOrder;
        let look_at = asks.then(|| after(self.now(), PARKED_LOOK));
        let looked_for = |p: &mut Progress| {
            if let Some(blocked) = &mut p.blocked {
                blocked.look_at = look_at;
            }
        };
        // Parked first: should this end in between, they are parked once more and not sent.
        let decision = self.block(at, step, problem, None, looked_for).await?;
        self.ledger().park_attempts(intent).await?;
        Ok(decision)
    }

    /// Notes, before the first byte is sent, until when this attempt may still reach the other side.
    pub(super) async fn before_sending(
        &self,
        intent: &Intent,
        call: &'static str,
        window: Window,
    ) -> Result<Attempt, Failure> {
        let noted = self.connections.clock.elapsed();
        let now = self.now();
        let deadline = after(now, SEND_MARGIN + window.call_timeout);
        match self
            .ledger()
            .begin_attempt(intent, call, deadline, now)
            .await
        {
            Ok(intent) => Ok(Attempt {
                intent,
                call,
                deadline,
                window,
                noted,
                noted_at: now,
            }),
            // Another attempt of this step began or ended it meanwhile: look anew, and at once.
            Err(ledger::Error::NotFound) => Err(Failure::overtaken(&intent.effect)),
            Err(error) => Err(error.into()),
        }
    }

    /// The last look before the first byte: an attempt that stood still for longer than its margin
    /// does not send, since another may have looked and sent meanwhile.
    pub(super) async fn in_time(&self, attempt: &Attempt) -> Result<(), Failure> {
        self.connections
            .switches
            .reach(Point::BeforeLook, attempt.call);
        let clock = &self.connections.clock;
        if attempt.is_in_time(clock.elapsed(), clock.now()) {
            return Ok(());
        }
        self.ended(attempt, Ended::NotDone).await?;
        Err(Failure::too_late(attempt.call))
    }

    /// Notes how an attempt ended.
    pub(super) async fn ended(&self, attempt: &Attempt, how: Ended) -> Result<(), Failure> {
        let (intent, number) = (&attempt.intent, attempt.intent.attempts);
        let now = self.now();
        Ok(self.ledger().end_attempt(intent, number, how, now).await?)
    }

    /// What a failed write asks for: nothing was written, so it may go again as told; or nobody knows,
    /// so the next attempt asks first.
    pub(super) async fn after_failing(
        &self,
        attempt: &Attempt,
        fate: Fate,
        failure: Failure,
    ) -> Failure {
        let how = match fate {
            Fate::NotDone => Ended::NotDone,
            Fate::Unknown => Ended::Lost,
        };
        if let Err(error) = self.ended(attempt, how).await {
            return error;
        }
        match fate {
            Fate::NotDone => failure,
            Fate::Unknown => {
                tracing::warn!(intent = attempt.intent.id, "{}", failure.text);
                Failure::ask_later(attempt.call, until(self.now(), attempt.shows()))
            }
        }
    }
}

/// Is this failure one that comes again whatever is tried: the other side said no?
pub(super) fn is_refusal(retry: Retry, fate: Fate) -> bool {
    retry == Retry::Never && fate == Fate::NotDone
}

/// The exception of a write that BlueCherry refused; two bodies under one key are our own fault.
pub(super) fn refused_by_erp(error: &bluecherry::Error, kind: Kind) -> Problem {
    let code = error.code().unwrap_or("refused");
    match code {
        TWO_BODIES => Problem::new(Kind::IdempotencyConflict).with("call", error.call()),
        code => Problem::new(kind).with("code", code),
    }
}

/// Until when an attempt may still show whose end nobody noted: its worker was killed over it.
pub(super) fn unfinished(intent: &Intent, window: Window) -> Option<Timestamp> {
    intent.send_deadline.map(|deadline| window.shows(deadline))
}

/// What another attempt saw done meanwhile stays done.
pub(super) fn doubt_sent(sent: &mut Sent, read_after: Timestamp) {
    if *sent != Sent::Yes {
        *sent = Sent::Doubtful { read_after };
    }
}

/// Is a refusal by state no work of ours: refused, read back, and refused again, and whatever was lost
/// before must have shown by that reading?
pub(super) fn is_proven(doubted: &Sent, intent: &Intent, window: Window, read: Timestamp) -> bool {
    matches!(doubted, Sent::Doubtful { .. }) && has_shown(intent, window, read)
}

/// Must every attempt of the intent have shown by a reading?
pub(super) fn has_shown(intent: &Intent, window: Window, read_at: Timestamp) -> bool {
    unfinished(intent, window).is_none_or(|shows| shows <= read_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_stood_still_for_longer_than_its_margin_does_not_send() {
        let attempt = |noted| Attempt {
            intent: Intent {
                id: 1,
                effect: "release".to_owned(),
                body: String::new(),
                body_hash: String::new(),
                mapping_version: 1,
                attempts: 1,
                send_deadline: None,
                created_at: Timestamp::UNIX_EPOCH,
            },
            call: "release_sales_order",
            deadline: Timestamp::UNIX_EPOCH,
            window: Window {
                call_timeout: Duration::from_secs(30),
                read_lag: Duration::from_secs(10),
            },
            noted,
            noted_at: Timestamp::UNIX_EPOCH,
        };
        let noted = Duration::from_secs(100);
        for (stood_ms, clock_ms, sends) in [
            (0, 0, true),
            (5_000, 5_000, true),
            (5_001, 5_000, false),
            (60_000, 60_000, false),
            // The machine was paused, or its clock was set.
            (1, 60_000, false),
            (1, -60_000, false),
            (1, 200, true),
        ] {
            let elapsed = noted + Duration::from_millis(stood_ms);
            let now = Timestamp::from_millisecond(clock_ms).unwrap();
            let in_time = attempt(noted).is_in_time(elapsed, now);
            assert_eq!(in_time, sends, "{stood_ms} ms, {clock_ms} ms by the clock");
        }
    }
}
