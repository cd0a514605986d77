//! Refunds: what was credited goes back to the customer, once (OR28).

use std::time::Duration;

use domain::aftercare::{is_fresh, refund_effect, refunds_due};
use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::progress::Progress;
use domain::refund::{self, RefundItem, Sent, SentState};
use domain::retry::Fate;
use domain::step::{Decision, Step};
use jiff::Timestamp;
use ledger::{Ended, NewEvent, Settled};
use mirakl::{Amount, RefundLine};
use serde::{Deserialize, Serialize};

use super::aftercare::{is_sent, may_still_show};
use super::effect::is_refusal;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::settings::after;
use crate::translate::evidence;

/// A refund that the shop's balance did not cover is tried again after so long.
const BALANCE_LOOK: Duration = Duration::from_secs(3600);

/// Body of an OR28 intent: one refund, and since when it is meant.
#[derive(Serialize, Deserialize)]
struct Meant {
    item: RefundItem,
    meant_at: Timestamp,
}

impl Meant {
    fn sent(&self, state: SentState) -> Sent {
        Sent {
            item: self.item.clone(),
            sent_at: self.meant_at,
            state,
        }
    }
}

impl Orders {
    /// Repays what is credited, one OR28 for each line of a credit memo or for units that fell short.
    ///
    /// Safe to repeat: each cause has its intent, and one whose answer was lost is looked for in an
    /// order read late enough to show it. A refund that Mirakl refuses stops no other.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn refund(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let mut at = self.situation(key).await?;
        if at.step() != Step::Refund || !is_fresh(&at.row.progress, &at.facts()) {
            return self.decide(key).await;
        }
        at.aftercare.rules.allowed = Some(Box::pin(self.refund_reasons(&at)).await?);
        for item in refunds_due(&at.row.progress, &at.facts()) {
            Box::pin(self.refund_one(&at, item)).await?;
        }
        self.decide(key).await
    }

    async fn refund_one(&self, at: &Situation<'_>, item: RefundItem) -> Result<(), Failure> {
        let cause = item.cause.key();
        let effect = refund_effect(&cause);
        let meant = Meant {
            item,
            meant_at: at.now,
        };
        let body = serde_json::to_string(&meant)
            .map_err(|_| Failure::unexpected("a refund cannot be written".into()))?;
        let read = |body: &str| serde_json::from_str::<Meant>(body).ok();
        let window = at.window();
        let is_same = |body: &str| read(body).is_some_and(|old| old.item == meant.item);
        let intent = self.intend_anew(at, &effect, &body, is_same).await?;
        let meant = read(&intent.body).unwrap_or(meant);
        if let Some(shows) = may_still_show(at, &intent) {
            return self.doubt_refund(at, &effect, &meant, shows).await;
        }
        if is_sent(&self.progress_now(&at.row.key).await?, &meant.item) {
            return self.settle_done(at, &intent).await;
        }
        if let Some(problem) = self.unknowns(at, &intent, window).await? {
            let problem = with_item(problem, &meant.item);
            return self.park_care(at, &cause, problem, &intent).await;
        }
        let admitted = self.admit(To::Mirakl(at.shop), "OR28").await?;
        let attempt = self.before_sending(&intent, "OR28", window).await?;
        self.in_time(&attempt).await?;
        let lines = [line(&meant.item)];
        match admitted.send(at.shop.client.refund_lines(&lines)).await {
            Ok(made) => {
                let refund_id = made.into_iter().next().map(|made| made.refund_id);
                let refund_id = refund_id.unwrap_or_default();
                let detail = vec![
                    ("cause", evidence(&cause)),
                    ("refund", evidence(&refund_id)),
                    ("line", evidence(&meant.item.order_line_id)),
                    ("amount", meant.item.money.amount.to_string()),
                    ("shipping", meant.item.money.shipping.to_string()),
                ];
                let event = NewEvent {
                    what: "refunded",
                    detail,
                };
                let sent = meant.sent(SentState::Done { refund_id });
                let change = |p: &mut Progress| {
                    if !is_sent(p, &sent.item) {
                        p.care.refunds.push(sent.clone());
                    }
                    p.care.unstop(&cause);
                };
                self.care_done(at, &attempt, event, change).await
            }
            Err(error) if error.fate() == Fate::Unknown => {
                self.ended(&attempt, Ended::Lost).await?;
                self.doubt_refund(at, &effect, &meant, attempt.shows())
                    .await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.ended(&attempt, Ended::NotDone).await?;
                let says = error.says().unwrap_or_default();
                let problem = Problem::new(Kind::RefundRefused)
                    .with("code", evidence(error.code().unwrap_or("refused")))
                    .with("says", says);
                let problem = with_item(problem, &meant.item);
                // Sales that are paid out raise the balance; nobody tells when.
                let look_at = error
                    .lacks_balance()
                    .then(|| after(self.now(), BALANCE_LOOK));
                let settle = Some((&attempt.intent, Settled::Refused));
                self.stop(at, &cause, problem, look_at, settle).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    async fn doubt_refund(
        &self,
        at: &Situation<'_>,
        effect: &str,
        meant: &Meant,
        shows: Timestamp,
    ) -> Result<(), Failure> {
        let sent = meant.sent(SentState::Unknown);
        let doubtful = |p: &mut Progress| {
            if !is_sent(p, &sent.item) {
                p.care.refunds.push(sent.clone());
            }
        };
        self.doubt_care(at, effect, shows, doubtful).await
    }
}

fn with_item(problem: Problem, item: &RefundItem) -> Problem {
    problem
        .with("line", evidence(&item.order_line_id))
        .with("amount", item.money.amount)
        .with("shipping", item.money.shipping)
}

/// A refund as Mirakl takes it: taxes that it computes by itself are left out.
fn line(item: &RefundItem) -> RefundLine {
    RefundLine {
        order_line_id: item.order_line_id.clone(),
        amount: Amount(item.money.amount),
        shipping_amount: Amount(item.money.shipping),
        reason_code: item.reason_code.clone(),
        quantity: Some(item.quantity),
        currency_iso_code: Some(item.currency.clone()),
        taxes: taxes(&item.money.taxes),
        shipping_taxes: taxes(&item.money.shipping_taxes),
        excluded_from_shipment: item.excluded_from_shipment,
    }
}

/// Taxes as Mirakl takes them.
pub(super) fn taxes(parts: &[refund::TaxPart]) -> Vec<mirakl::TaxPart> {
    let part = |part: &refund::TaxPart| mirakl::TaxPart {
        code: part.code.clone(),
        amount: Amount(part.amount),
    };
    parts.iter().map(part).collect()
}
