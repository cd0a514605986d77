//! Calling off: the sales order in BlueCherry, the whole order on Mirakl.

use bluecherry::{CancelQuantity, Cancellation, OrderStatus, Side};
use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::order::State;
use domain::progress::{Cancelled, Progress, Sent};
use domain::retry::Fate;
use domain::step::{Decision, Step};
use ledger::{Ended, NewEvent};
use serde::{Deserialize, Serialize};

use super::effect::{doubt_sent, is_proven, is_refusal, refused_by_erp, unfinished};
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;

/// Body of the cancellation's intent: who called it off, and why, as it stood before the first send.
#[derive(Serialize, Deserialize)]
struct CallingOff {
    side: Side,
    reason_code: String,
}

impl CallingOff {
    fn of(at: &Situation<'_>) -> Self {
        Self {
            side: side(at),
            reason_code: reason(at).to_owned(),
        }
    }

    /// An older program froze the code alone.
    fn read(body: &str, at: &Situation<'_>) -> Self {
        serde_json::from_str(body).unwrap_or_else(|_| Self {
            side: side(at),
            reason_code: body.to_owned(),
        })
    }
}

impl Orders {
    /// Cancels every piece of the sales order that BlueCherry can still cancel.
    ///
    /// Safe to repeat: the sales order says what is cancelled already, and each cancellation carries
    /// an ID of its own. Pieces that could not be cancelled become an exception.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn cancel_sales_order(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        let Some(booked) = at.row.progress.sales_order.booked() else {
            return self.decide(key).await;
        };
        if at.step() != Step::CancelSalesOrder {
            return self.decide(key).await;
        }
        let effect = Step::CancelSalesOrder.as_str();
        let calling_off = serde_json::to_string(&CallingOff::of(&at))
            .map_err(|_| Failure::unexpected("a cancellation cannot be written".into()))?;
        let intent = self
            .intend(key, effect, &calling_off, at.mapped.version)
            .await?;
        let calling_off = CallingOff::read(&intent.body, &at);
        let site = self.site();
        let window = self.erp_window();
        self.not_before_it_must_show(&intent, effect, window)?;
        let reading = self.admit(To::BlueCherry, "get_sales_order").await?;
        let order = reading
            .send(site.binding.sales_order(&booked.number))
            .await?;
        let open = |l: &bluecherry::SalesOrderLine| CancelQuantity {
            line_seq: l.line_seq,
            size_bucket: l.size_bucket,
            qty: l.qty_ordered.saturating_sub(l.qty_cancelled),
        };
        let rejected =
            |l: &&bluecherry::SalesOrderLine| l.line_status == bluecherry::LineStatus::Accepted;
        let lines: Vec<_> = order
            .lines
            .iter()
            .filter(rejected)
            .map(open)
            .filter(|l| l.qty > 0)
            .collect();
        if order.status == OrderStatus::Cancelled || lines.is_empty() {
            return self.cancelled(&at, &intent, 0).await;
        }
        let step = Step::CancelSalesOrder;
        if let Some(problem) = self.parks(&at, &step, &intent, window).await? {
            return self.park(&at, &step, problem, &intent).await;
        }
        let cancellation = Cancellation {
            lines,
            side: calling_off.side,
            reason_code: calling_off.reason_code,
            // One ID for each set of lines: what a lost answer cancelled is not asked for again.
            external_cancel_id: format!("{}-C{}", order.external_po, order.version),
        };
        let admitted = self.admit(To::BlueCherry, "cancel_lines").await?;
        let attempt = self.before_sending(&intent, "cancel_lines", window).await?;
        self.in_time(&attempt).await?;
        let idempotency_key = format!("cancel:{}:{}", order.external_po, order.version);
        let cancelling = site
            .binding
            .cancel_lines(&order.ord_num, &cancellation, &idempotency_key);
        match admitted.send(cancelling).await {
            Ok(answer) => {
                let late = answer.not_cancelled.iter();
                let late = late.filter(|l| l.reason != "already_cancelled");
                let left = late.map(|l| l.qty).sum();
                self.cancelled(&at, &intent, left).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                if error.code() == Some("order_locked") {
                    let left = cancellation.lines.iter().map(|l| l.qty).sum();
                    return self.cancelled(&at, &intent, left).await;
                }
                let problem = refused_by_erp(&error, Kind::SalesOrderRefused);
                self.block(&at, &step, problem, Some(&intent), |_| {}).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    async fn cancelled(
        &self,
        at: &Situation<'_>,
        intent: &ledger::Intent,
        not_cancelled: u32,
    ) -> Result<Decision, Failure> {
        let detail = vec![("not_cancelled", not_cancelled.to_string())];
        let event = NewEvent {
            what: "sales_order_cancelled",
            detail,
        };
        let change = |p: &mut Progress| p.cancelled = Some(Cancelled { not_cancelled });
        self.done(&at.row.key, intent, event, change).await
    }

    /// Cancels the whole order on Mirakl (OR29), while nothing is paid.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn cancel_order(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::CancelOrder {
            return self.decide(key).await;
        }
        let effect = Step::CancelOrder.as_str();
        let intent = self.intend(key, effect, "{}", at.mapped.version).await?;
        let window = at.window();
        let doubted = &at.row.progress.order_cancelled;
        if let (Some(read_after), Sent::No) = (unfinished(&intent, window), doubted) {
            let doubtful = |p: &mut Progress| doubt_sent(&mut p.order_cancelled, read_after);
            return self.doubt(&at, &intent, effect, doubtful).await;
        }
        let step = Step::CancelOrder;
        if let Some(problem) = self.parks(&at, &step, &intent, window).await? {
            return self.park(&at, &step, problem, &intent).await;
        }
        let admitted = self.admit(To::Mirakl(at.shop), "OR29").await?;
        let attempt = self.before_sending(&intent, "OR29", window).await?;
        self.in_time(&attempt).await?;
        let cancelling = at.shop.client.cancel_order(&key.order_id);
        match admitted.send(cancelling).await {
            Ok(()) => {
                let event = NewEvent {
                    what: "order_cancelled",
                    detail: vec![],
                };
                self.done(key, &intent, event, |p| p.order_cancelled = Sent::Yes)
                    .await
            }
            Err(error) if error.fate() == Fate::Unknown => {
                self.ended(&attempt, Ended::Lost).await?;
                let read_after = attempt.shows();
                let doubtful = |p: &mut Progress| doubt_sent(&mut p.order_cancelled, read_after);
                self.doubt(&at, &intent, effect, doubtful).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                if is_proven(doubted, &intent, window, at.row.order.read_at) {
                    return self.refused(&at, &step, &intent, &error).await;
                }
                let read_after = self.now();
                self.ended(&attempt, Ended::NotDone).await?;
                let doubtful = |p: &mut Progress| doubt_sent(&mut p.order_cancelled, read_after);
                self.doubt(&at, &intent, effect, doubtful).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }
}

/// Who called it off: the house when we could not cover it, else the customer.
fn side(at: &Situation<'_>) -> Side {
    let ours = at.row.progress.cancel.is_none() && at.row.order.state == State::Refused;
    if ours || at.row.order.state == State::WaitingAcceptance {
        Side::House
    } else {
        Side::Customer
    }
}

/// A code for BlueCherry: a person's, Mirakl's, or that the order was refused.
pub(super) fn reason<'a>(at: &'a Situation<'_>) -> &'a str {
    let mirakl = at
        .row
        .order
        .reason_code
        .as_deref()
        .filter(|c| domain::command::is_code(c));
    at.row
        .progress
        .cancel
        .as_deref()
        .or(mirakl)
        .unwrap_or("MARKETPLACE")
}
