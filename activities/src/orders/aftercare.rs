//! What a decision on aftercare is made from, and what the order as read proves of it.

use std::collections::BTreeSet;

use domain::aftercare::{self as care, Aftercare, Looked, Stop, refund_effect};
use domain::exception::Problem;
use domain::fulfillment::Facts;
use domain::mapping::Mappings;
use domain::marketplace::ReturnsRule;
use domain::progress::Progress;
use domain::refund::{Planned, RefundItem, Sent, SentState, TaxDetail};
use domain::returns;
use domain::step::Step;
use jiff::Timestamp;
use ledger::{Ended, Intent, NewEvent, Note, OrderRow, Settled};
use mirakl::Reason;

use super::effect::{Attempt, Window, unfinished};
use super::{Orders, Situation};
use crate::Failure;
use crate::settings::{Mapped, Shop};
use crate::translate::evidence;

/// Type of RE01 for refunds.
const REFUND: &str = "REFUND";

impl Orders {
    /// Returns, credits and their rules; nothing for an order that has neither, as most.
    pub(super) async fn aftercare_of(
        &self,
        shop: &Shop,
        row: &OrderRow,
        mapped: &Mapped,
    ) -> Result<Aftercare, Failure> {
        if row.papers.is_empty() && row.progress.care.is_empty() {
            return Ok(Aftercare::default());
        }
        let (tables, code) = (&mapped.tables, shop.code.as_str());
        let mut rules = tables.refund_rules(code);
        rules.approved = row.progress.corrections.approved.clone();
        rules.allowed = self.kept_refund_reasons(shop).await?;
        let policy = &shop.policy;
        let mut papers = row.papers.clone();
        for line in papers.credits.iter_mut().flat_map(|memo| &mut memo.lines) {
            line.tax_detail = in_mirakls_codes(tables, code, &line.tax_detail);
        }
        Ok(Aftercare {
            papers,
            rules,
            returns: returns::Site {
                returns_in: self.site().returns_in,
                accepts: policy.returns == ReturnsRule::Accept,
                creates: policy.returns != ReturnsRule::Off && policy.return_method.is_some(),
                dispositions: tables.dispositions(code),
                missing_reason: tables.missing_reason(code).map(str::to_owned),
            },
            cancel_reason: tables.cancel_reason(code).map(str::to_owned),
        })
    }

    /// Reasons of a refund that the shop may give (RE01), read at most once a day.
    pub(super) async fn refund_reasons(
        &self,
        at: &Situation<'_>,
    ) -> Result<BTreeSet<String>, Failure> {
        let reasons: Vec<Reason> = self
            .daily(at.shop, at.now, "RE01", || at.shop.client.reasons())
            .await?;
        Ok(for_refunds(&reasons))
    }

    /// The same as they were read last; nothing while nobody asked.
    async fn kept_refund_reasons(&self, shop: &Shop) -> Result<Option<BTreeSet<String>>, Failure> {
        let kept = self.ledger().reference(&shop.host, "RE01").await?;
        let reasons = kept.and_then(|kept| serde_json::from_str::<Vec<Reason>>(&kept.json).ok());
        Ok(reasons.as_deref().map(for_refunds))
    }

    /// Takes over refunds that stand on Mirakl for a credit and that this ledger does not know as
    /// sent: by somebody else, by a worker that died over it, or before a ledger was lost.
    pub(super) async fn adopt_refunds(&self, at: &mut Situation<'_>) -> Result<(), Failure> {
        for (item, refund_id) in answered(&at.row.progress, &at.facts()) {
            let key = &at.row.key;
            let cause = item.cause.key();
            let intent = self
                .ledger()
                .open_intent(key, &refund_effect(&cause))
                .await?;
            let detail = vec![
                ("cause", evidence(&cause)),
                ("refund", evidence(&refund_id)),
                ("line", evidence(&item.order_line_id)),
                ("amount", item.money.amount.to_string()),
            ];
            let note = Note {
                settle: intent.as_ref().map(|intent| (intent, Settled::Done)),
                event: Some(NewEvent {
                    what: "refund_found",
                    detail,
                }),
            };
            let now = at.now;
            let change = |p: &mut Progress| {
                if !is_sent(p, &item) {
                    p.care.refunds.push(Sent {
                        item: item.clone(),
                        sent_at: now,
                        state: SentState::Done {
                            refund_id: refund_id.clone(),
                        },
                    });
                }
                p.care.unstop(&cause);
            };
            at.row.progress = self.ledger().advance(key, note, now, change).await?;
        }
        Ok(())
    }

    /// Does money go back next, by an order that was not read since? Then it is asked for: the next pull
    /// reads it by its ID, and what somebody did in the portal meanwhile counts.
    pub(super) async fn wants_a_look(
        &self,
        at: &mut Situation<'_>,
        step: &Step,
    ) -> Result<bool, Failure> {
        let gives = matches!(step, Step::Refund | Step::CancelLines);
        if !gives || care::is_fresh(&at.row.progress, &at.facts()) {
            return Ok(false);
        }
        let (since, shipments_version) = (at.now, at.row.shipments_version);
        let change = |p: &mut Progress| {
            p.care.looked = Some(Looked {
                shipments_version,
                since,
            });
            p.care.read_after = p.care.read_after.max(Some(since));
        };
        let (key, note) = (&at.row.key, Note::default());
        at.row.progress = self.ledger().advance(key, note, at.now, change).await?;
        Ok(true)
    }

    /// Has a write of aftercare been sent so often without a known outcome that a person has to look?
    /// Then how often, and between when.
    pub(super) async fn unknowns(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
        window: Window,
    ) -> Result<Option<Problem>, Failure> {
        if intent.attempts == 0 {
            return Ok(None);
        }
        self.outcome_unknown(intent, window, &at.row.key.order_id)
            .await
    }

    /// Notes that something goes no further for now. It stops nothing but itself.
    pub(super) async fn stop(
        &self,
        at: &Situation<'_>,
        subject: &str,
        problem: Problem,
        look_at: Option<Timestamp>,
        settle: Option<(&Intent, Settled)>,
    ) -> Result<(), Failure> {
        let kind = problem.kind;
        let stop = Stop {
            subject: subject.to_owned(),
            problem,
            look_at,
            mapping_version: at.mapped.version,
            order_version: at.row.seen_version,
            shipments_version: at.row.shipments_version,
            is_parked: kind == domain::exception::Kind::OutcomeUnknown,
        };
        let detail = vec![
            ("step", evidence(subject)),
            ("kind", kind.as_str().to_owned()),
        ];
        let note = Note {
            settle,
            event: Some(NewEvent {
                what: "blocked",
                detail,
            }),
        };
        let change = |p: &mut Progress| {
            p.care.unstop(subject);
            p.care.stops.push(stop.clone());
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }

    /// Parks a write of aftercare: nothing but a person's `retry` sends it again. Where it shows on
    /// Mirakl after all, the stop goes by itself.
    pub(super) async fn park_care(
        &self,
        at: &Situation<'_>,
        subject: &str,
        problem: Problem,
        intent: &Intent,
    ) -> Result<(), Failure> {
        // Stopped first: should this end in between, it is parked once more and not sent.
        self.stop(at, subject, problem, None, None).await?;
        Ok(self.ledger().park_attempts(intent).await?)
    }

    /// Notes that an answer was lost: a newer look at the order tells what became of it.
    pub(super) async fn doubt_care(
        &self,
        at: &Situation<'_>,
        what: &str,
        read_after: Timestamp,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<(), Failure> {
        tracing::warn!(order = %at.row.key, "{what}: asks for a read-back");
        let note = Note {
            settle: None,
            event: Some(NewEvent {
                what: "answer_lost",
                detail: vec![("step", evidence(what))],
            }),
        };
        let change = |p: &mut Progress| {
            change(p);
            p.care.read_after = p.care.read_after.max(Some(read_after));
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }

    /// An intent with exactly this body. One with another, of which nothing went through, is given up:
    /// what it stands for has changed since. One that may still go through comes as it is.
    pub(super) async fn intend_anew(
        &self,
        at: &Situation<'_>,
        effect: &str,
        body: &str,
        is_same: impl Fn(&str) -> bool,
    ) -> Result<Intent, Failure> {
        let key = &at.row.key;
        let intent = self.intend(key, effect, body, at.mapped.version).await?;
        if is_same(&intent.body) || may_still_show(at, &intent).is_some() {
            return Ok(intent);
        }
        let note = Note {
            settle: Some((&intent, Settled::Refused)),
            event: None,
        };
        self.ledger().advance(key, note, self.now(), |_| {}).await?;
        self.intend(key, effect, body, at.mapped.version).await
    }

    /// Settles an intent that another worker saw done.
    pub(super) async fn settle_done(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
    ) -> Result<(), Failure> {
        let note = Note {
            settle: Some((intent, Settled::Done)),
            event: None,
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, |_| {}).await?;
        Ok(())
    }

    /// Notes that the other side took a write of aftercare.
    pub(super) async fn care_done(
        &self,
        at: &Situation<'_>,
        attempt: &Attempt,
        event: NewEvent<'_>,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<(), Failure> {
        self.ended(attempt, Ended::Done).await?;
        let note = Note {
            settle: Some((&attempt.intent, Settled::Done)),
            event: Some(event),
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }
}

/// From when on an order tells what became of an attempt, where the one at hand was read too early to:
/// its answer was lost, its worker was killed over it, or another worker is at it.
pub(super) fn may_still_show(at: &Situation<'_>, intent: &Intent) -> Option<Timestamp> {
    unfinished(intent, at.window()).filter(|shows| at.row.order.read_at < *shows)
}

/// The ID under which the ERP keeps a return of Mirakl: IDs are unique within an operator only.
pub(super) fn external_return_id(prefix: &str, return_id: &str) -> String {
    format!("{prefix}-{return_id}")
}

/// The taxes of a credit in Mirakl's codes. Where the ERP's code does not tell which one is meant, there
/// is no detail: then the line's sum counts.
fn in_mirakls_codes(tables: &Mappings, marketplace: &str, detail: &[TaxDetail]) -> Vec<TaxDetail> {
    let named = detail.iter().map(|tax| {
        let code = tables.mirakl_tax(marketplace, &tax.code)?;
        Some(TaxDetail {
            code: code.to_owned(),
            ..tax.clone()
        })
    });
    named.collect::<Option<_>>().unwrap_or_default()
}

/// Credits that a refund on Mirakl stands for already.
pub(super) fn answered(progress: &Progress, facts: &Facts<'_>) -> Vec<(RefundItem, String)> {
    let planned = care::planned(progress, facts).into_iter();
    let answered = planned.filter_map(|one| match one {
        Planned::Answered { item, refund_id } => Some((item, refund_id)),
        _ => None,
    });
    answered.collect()
}

/// Is something of this cause sent and not refused?
pub(super) fn is_sent(progress: &Progress, item: &RefundItem) -> bool {
    let mut sent = progress.care.refunds.iter();
    sent.any(|sent| sent.item.cause == item.cause && sent.state != SentState::Refused)
}

fn for_refunds(reasons: &[Reason]) -> BTreeSet<String> {
    let ours = reasons.iter().filter(|reason| {
        reason.reason_type.as_deref() == Some(REFUND) && reason.is_shop_right.unwrap_or(false)
    });
    ours.map(|reason| reason.code.clone()).collect()
}
