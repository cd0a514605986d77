//! Accept or refuse on Mirakl (OR21): after the sales order, never before.

use domain::acceptance::{self, Verdict};
use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::progress::{Acceptance, Progress};
use domain::retry::Fate;
use domain::step::{Decision, Step};
use jiff::Timestamp;
use ledger::{Ended, Intent, NewEvent, Note, Settled};
use mirakl::LineDecision;
use serde::{Deserialize, Serialize};

use super::effect::{Window, has_shown, is_refusal, unfinished};
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::switches::Plant;

/// Body of an OR21 intent.
#[derive(Serialize, Deserialize)]
struct Lines(Vec<(String, bool)>);

/// Mirakl's refusals that mean "somebody decided already": the order is read back.
const DECIDED_ALREADY: &str = "ORDER_INVALID_STATE";
/// The operator forbids accepting some lines and refusing others.
const NOT_IN_PART: &str = "ORDER_PARTIAL_ACCEPTANCE_DISABLED";

/// What another attempt told Mirakl meanwhile stays told.
fn doubt_acceptance(progress: &mut Progress, read_after: Timestamp) {
    if !matches!(progress.acceptance, Acceptance::Told { .. }) {
        progress.acceptance = Acceptance::Doubtful { read_after };
    }
}

impl Situation<'_> {
    pub(super) fn window(&self) -> Window {
        Window {
            call_timeout: self.shop.call_timeout,
            read_lag: self.shop.read_lag,
        }
    }
}

impl Orders {
    /// Accepts on Mirakl the lines that BlueCherry took, and refuses the others.
    ///
    /// Safe to repeat: guarded by the order's state, and never sent unless the sales order is there.
    /// A lost answer asks for the next pull to tell, because OR11 may be read once a minute only.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn accept_order_lines(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::AcceptLines {
            return self.decide(key).await;
        }
        // A test's planted fault: says yes to all of it.
        if self.is_planted(Plant::AcceptBeforeOrder) {
            let all = at.row.order.lines.iter();
            let lines = all.map(|l| (l.line_id.clone(), true)).collect();
            return self.tell(&at, Step::AcceptLines, Lines(lines)).await;
        }
        let Some(booked) = at.row.progress.sales_order.booked() else {
            return self.decide(key).await;
        };
        let forbidden = at.row.progress.partial_forbidden;
        let Verdict::Accept(taken) = acceptance::decide(booked, &at.shop.policy, forbidden) else {
            return self.decide(key).await;
        };
        let line = |l: &domain::order::Line| (l.line_id.clone(), taken.contains(&l.line_id));
        let lines = at.row.order.lines.iter().map(line).collect();
        self.tell(&at, Step::AcceptLines, Lines(lines)).await
    }

    /// Refuses the whole order on Mirakl.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn refuse_order_lines(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::RefuseLines {
            return self.decide(key).await;
        }
        let lines = at
            .row
            .order
            .lines
            .iter()
            .map(|l| (l.line_id.clone(), false))
            .collect();
        self.tell(&at, Step::RefuseLines, Lines(lines)).await
    }

    async fn tell(
        &self,
        at: &Situation<'_>,
        step: Step,
        lines: Lines,
    ) -> Result<Decision, Failure> {
        let key = &at.row.key;
        let effect = step.as_str();
        let body = serde_json::to_string(&lines)
            .map_err(|_| Failure::unexpected("the decision's body cannot be written".into()))?;
        let intent = self.intend(key, effect, &body, at.mapped.version).await?;
        let Lines(lines) = serde_json::from_str(&intent.body)
            .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))?;
        let window = at.window();
        let doubted = &at.row.progress.acceptance;
        if let (Some(read_after), Acceptance::None) = (unfinished(&intent, window), doubted) {
            let doubtful = |p: &mut Progress| doubt_acceptance(p, read_after);
            return self.doubt(at, &intent, effect, doubtful).await;
        }
        let read_back = matches!(doubted, Acceptance::Doubtful { .. });
        let admitted = self.admit(To::Mirakl(at.shop), "OR21").await?;
        let attempt = self.before_sending(&intent, "OR21", window).await?;
        let decisions: Vec<LineDecision> = lines
            .iter()
            .map(|(id, accepted)| LineDecision {
                id: id.clone(),
                accepted: *accepted,
            })
            .collect();
        let accepted = lines.iter().any(|(_, accepted)| *accepted);
        self.in_time(&attempt).await?;
        let sending = at.shop.client.accept_order(&key.order_id, &decisions);
        match admitted.send(sending).await {
            Ok(()) => {
                let what = if accepted { "accepted" } else { "refused" };
                let taken = lines.iter().filter(|(_, accepted)| *accepted).count();
                let detail = vec![("lines", format!("{taken} of {}", lines.len()))];
                let told = |p: &mut Progress| p.acceptance = Acceptance::Told { accepted };
                self.done(key, &intent, NewEvent { what, detail }, told)
                    .await
            }
            Err(error) if error.fate() == Fate::Unknown => {
                self.ended(&attempt, Ended::Lost).await?;
                let read_after = attempt.shows();
                let doubtful = |p: &mut Progress| doubt_acceptance(p, read_after);
                self.doubt(at, &intent, effect, doubtful).await
            }
            Err(error) if error.code() == Some(NOT_IN_PART) => {
                let event = NewEvent {
                    what: "partial_acceptance_forbidden",
                    detail: vec![],
                };
                let note = Note {
                    settle: Some((&intent, Settled::Refused)),
                    event: Some(event),
                };
                self.ledger()
                    .advance(key, note, at.now, |p| p.partial_forbidden = true)
                    .await?;
                self.decide(key).await
            }
            // Refused, read back, and refused again without a lost answer between: so it is.
            Err(error)
                if error.code() == Some(DECIDED_ALREADY)
                    && !(read_back && has_shown(&intent, window, at.row.order.read_at)) =>
            {
                let read_after = self.now();
                self.ended(&attempt, Ended::NotDone).await?;
                let doubtful = |p: &mut Progress| doubt_acceptance(p, read_after);
                self.doubt(at, &intent, effect, doubtful).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.refused(at, &step, &intent, &error).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    /// Nobody knows what became of a call: the next pull reads the order back.
    pub(super) async fn doubt(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
        effect: &str,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<Decision, Failure> {
        tracing::warn!(order = %at.row.key, intent = intent.id, "{effect}: asks for a read-back");
        let detail = vec![("step", effect.to_owned())];
        let note = Note {
            settle: None,
            event: Some(NewEvent {
                what: "answer_lost",
                detail,
            }),
        };
        self.ledger()
            .advance(&at.row.key, note, self.now(), change)
            .await?;
        self.decide(&at.row.key).await
    }

    /// Mirakl said no for good: the order is blocked with Mirakl's code.
    pub(super) async fn refused(
        &self,
        at: &Situation<'_>,
        step: &Step,
        intent: &Intent,
        error: &mirakl::Error,
    ) -> Result<Decision, Failure> {
        let problem = Problem::new(Kind::MarketplaceRefused)
            .with("call", error.call())
            .with("code", error.code().unwrap_or("none"));
        self.block(at, step, problem, Some(intent), |_| {}).await
    }
}
