//! Units that will not be delivered: read in BlueCherry, canceled there or on Mirakl (OR30).

mod rows;
mod shown;

use std::time::Duration;

use bluecherry::{Cancellation, SalesOrder, Side};
use domain::aftercare::{
    CancelationItem, ErpUnits, SentCancelation, cancelation_effect, cancelations_due,
    canceled_by_now, is_fresh,
};
use domain::exception::{Kind, Problem};
use domain::fulfillment::open_quantities;
use domain::marketplace::OrderKey;
use domain::progress::Progress;
use domain::retry::Fate;
use domain::shipment::{Quantity, Shipped, missing, shipped};
use domain::step::{Decision, Step};
use jiff::Timestamp;
use ledger::{Ended, NewEvent, Note, Settled};
use mirakl::{Amount, CancelLine};

use super::aftercare::may_still_show;
use super::cancel::reason;
use super::effect::{is_refusal, refused_by_erp};
use super::refund::taxes;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::settings::after;
use crate::translate::evidence;
use rows::{canceled, not_canceled, wanted};

/// Units that BlueCherry does not confirm yet are looked for again after so long.
const UNITS_LOOK: Duration = Duration::from_secs(600);

impl Orders {
    /// Looks in BlueCherry which units of the sales order are canceled. Writes nothing there.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn read_units(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::ReadUnits {
            return self.decide(key).await;
        }
        if let Some(order) = self.booked_order(&at).await? {
            self.note_units(&at, &order, &[]).await?;
        }
        self.decide(key).await
    }

    async fn booked_order(&self, at: &Situation<'_>) -> Result<Option<SalesOrder>, Failure> {
        let Some(booked) = at.row.progress.sales_order.booked() else {
            return Ok(None);
        };
        let reading = self.admit(To::BlueCherry, "get_sales_order").await?;
        let order = reading
            .send(self.site().binding.sales_order(&booked.number))
            .await?;
        Ok(Some(order))
    }

    /// Notes which units a sales order shows canceled, and which could not be.
    pub(crate) async fn note_units(
        &self,
        at: &Situation<'_>,
        order: &SalesOrder,
        not_canceled: &[Quantity],
    ) -> Result<(), Failure> {
        let canceled = canceled(&at.row.order, order);
        let units = ErpUnits {
            look_at: look_at(at, &canceled, self.now()),
            canceled,
            not_canceled: not_canceled.to_vec(),
            shipments_version: at.row.shipments_version,
        };
        let sum = |list: &[Quantity]| -> u64 { list.iter().map(|q| u64::from(q.quantity)).sum() };
        let detail = vec![
            ("canceled", sum(&units.canceled).to_string()),
            ("not_canceled", sum(&units.not_canceled).to_string()),
        ];
        let known = at.row.progress.care.erp_units.as_ref();
        let is_news = known.is_none_or(|known| {
            known.canceled != units.canceled || known.not_canceled != units.not_canceled
        });
        let note = Note {
            settle: None,
            event: is_news.then_some(NewEvent {
                what: "units_read",
                detail,
            }),
        };
        let change = |p: &mut Progress| p.care.erp_units = Some(units.clone());
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }

    /// Notes units that a look-up shows canceled and that nobody knew of; answers whether there are any.
    pub(crate) async fn note_unknown_units(
        &self,
        at: &Situation<'_>,
        order: &SalesOrder,
    ) -> Result<bool, Failure> {
        let progress = &at.row.progress;
        let is_ours = progress
            .sales_order
            .booked()
            .is_some_and(|booked| booked.number == order.ord_num && progress.cancelled.is_none());
        let known = progress.care.erp_units.as_ref();
        let (known, late) = known.map_or((&[][..], &[][..]), |units| {
            (&units.canceled[..], &units.not_canceled[..])
        });
        if !is_ours || canceled(&at.row.order, order) == known {
            return Ok(false);
        }
        self.note_units(at, order, late).await?;
        Ok(true)
    }

    /// Cancels in BlueCherry the units that Mirakl canceled, before they leave.
    ///
    /// Safe to repeat: the sales order says what is canceled already, and each cancellation carries an
    /// ID of its own. Units that were picked already become an exception.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn cancel_units(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        let step = Step::CancelUnits;
        if at.step() != step {
            return self.decide(key).await;
        }
        let effect = step.as_str();
        let window = self.erp_window();
        let code = reason(&at).to_owned();
        let intent = self.intend(key, effect, &code, at.mapped.version).await?;
        self.not_before_it_must_show(&intent, effect, window)?;
        let Some(order) = self.booked_order(&at).await? else {
            return self.decide(key).await;
        };
        let wanted = wanted(&at, &order);
        if wanted.is_empty() {
            return self.units_canceled(&at, &intent, &order, &[]).await;
        }
        if let Some(problem) = self.parks(&at, &step, &intent, window).await? {
            return self.park(&at, &step, problem, &intent).await;
        }
        let cancellation = Cancellation {
            lines: wanted,
            side: Side::Customer,
            reason_code: intent.body.clone(),
            // One ID for each state of the order: what a lost answer canceled is not asked for again.
            external_cancel_id: format!("{}-U{}", order.external_po, order.version),
        };
        let admitted = self.admit(To::BlueCherry, "cancel_lines").await?;
        let attempt = self.before_sending(&intent, "cancel_lines", window).await?;
        self.in_time(&attempt).await?;
        let idempotency_key = format!("cancel-units:{}:{}", order.external_po, order.version);
        let binding = &self.site().binding;
        let cancelling = binding.cancel_lines(&order.ord_num, &cancellation, &idempotency_key);
        let late = match admitted.send(cancelling).await {
            Ok(answer) => {
                let late = answer.not_cancelled.iter();
                let late = late.filter(|l| l.reason != "already_cancelled");
                late.map(|l| (l.line_seq, l.size_bucket, l.qty)).collect()
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                if error.code() != Some("order_locked") {
                    let problem = refused_by_erp(&error, Kind::SalesOrderRefused);
                    return self.block(&at, &step, problem, Some(&intent), |_| {}).await;
                }
                let all = cancellation.lines.iter();
                all.map(|l| (l.line_seq, l.size_bucket, l.qty)).collect()
            }
            Err(error) => {
                let fate = error.fate();
                return Err(self.after_failing(&attempt, fate, error.into()).await);
            }
        };
        self.ended(&attempt, Ended::Done).await?;
        let late = not_canceled(&at.row.order, &order, late);
        let order = self.booked_order(&at).await?.unwrap_or(order);
        self.units_canceled(&at, &intent, &order, &late).await
    }

    async fn units_canceled(
        &self,
        at: &Situation<'_>,
        intent: &ledger::Intent,
        order: &SalesOrder,
        late: &[Quantity],
    ) -> Result<Decision, Failure> {
        self.note_units(at, order, late).await?;
        let event = NewEvent {
            what: "units_canceled",
            detail: vec![("not_canceled", late.len().to_string())],
        };
        self.done(&at.row.key, intent, event, |_| {}).await
    }

    /// Cancels on Mirakl the units that BlueCherry canceled, before money was taken (OR30).
    ///
    /// Safe to repeat: units are counted through, and one whose answer was lost is looked for in an
    /// order read late enough to show it. A line that Mirakl refuses stops no other.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn cancel_lines(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::CancelLines || !is_fresh(&at.row.progress, &at.facts()) {
            return self.decide(key).await;
        }
        for item in cancelations_due(&at.row.progress, &at.facts()) {
            Box::pin(self.cancel_line(&at, &item)).await?;
        }
        self.decide(key).await
    }

    async fn cancel_line(&self, at: &Situation<'_>, item: &CancelationItem) -> Result<(), Failure> {
        let subject = item.key();
        let effect = cancelation_effect(&subject);
        let line = line(item, &at.row.order.currency);
        let body = serde_json::to_string(&line)
            .map_err(|_| Failure::unexpected("a cancelation cannot be written".into()))?;
        let window = at.window();
        let intent = self
            .intend_anew(at, &effect, &body, |old| old == body)
            .await?;
        if let Some(shows) = may_still_show(at, &intent) {
            return self.doubt_cancelation(at, &effect, item, shows).await;
        }
        let sent = self.progress_now(&at.row.key).await?.care.cancelations;
        if sent.iter().any(|sent| sent.key() == subject) {
            return self.settle_done(at, &intent).await;
        }
        if let Some(problem) = self.unknowns(at, &intent, window).await? {
            let problem = problem.with("line", evidence(&item.order_line_id));
            return self.park_care(at, &subject, problem, &intent).await;
        }
        let admitted = self.admit(To::Mirakl(at.shop), "OR30").await?;
        let attempt = self.before_sending(&intent, "OR30", window).await?;
        self.in_time(&attempt).await?;
        let lines = [line];
        match admitted.send(at.shop.client.cancel_lines(&lines)).await {
            Ok(_) => {
                let detail = vec![
                    ("line", evidence(&item.order_line_id)),
                    ("units", (item.to - item.from).to_string()),
                    ("amount", item.money.amount.to_string()),
                ];
                let event = NewEvent {
                    what: "units_canceled_on_mirakl",
                    detail,
                };
                let change = |p: &mut Progress| {
                    put(p, item, true);
                    p.care.unstop(&subject);
                };
                self.care_done(at, &attempt, event, change).await
            }
            Err(error) if error.fate() == Fate::Unknown => {
                self.ended(&attempt, Ended::Lost).await?;
                self.doubt_cancelation(at, &effect, item, attempt.shows())
                    .await
            }
            // Where the operator does not take parts, the key lacks the right, and stays so.
            Err(error @ mirakl::Error::Forbidden { .. }) => {
                self.ended(&attempt, Ended::NotDone).await?;
                self.stop_cancelation(at, item, &attempt.intent, &error)
                    .await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.ended(&attempt, Ended::NotDone).await?;
                self.stop_cancelation(at, item, &attempt.intent, &error)
                    .await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    async fn stop_cancelation(
        &self,
        at: &Situation<'_>,
        item: &CancelationItem,
        intent: &ledger::Intent,
        error: &mirakl::Error,
    ) -> Result<(), Failure> {
        let problem = Problem::new(Kind::MarketplaceRefused)
            .with("call", "OR30")
            .with("code", evidence(error.code().unwrap_or("refused")))
            .with("says", error.says().unwrap_or_default())
            .with("line", evidence(&item.order_line_id))
            .with("units", item.to - item.from);
        let settle = Some((intent, Settled::Refused));
        self.stop(at, &item.key(), problem, None, settle).await
    }

    async fn doubt_cancelation(
        &self,
        at: &Situation<'_>,
        effect: &str,
        item: &CancelationItem,
        shows: Timestamp,
    ) -> Result<(), Failure> {
        let doubtful = |p: &mut Progress| put(p, item, false);
        self.doubt_care(at, effect, shows, doubtful).await
    }
}

fn put(progress: &mut Progress, item: &CancelationItem, is_done: bool) {
    let sent = SentCancelation {
        order_line_id: item.order_line_id.clone(),
        from: item.from,
        to: item.to,
        is_done,
    };
    let all = &mut progress.care.cancelations;
    if !all.iter().any(|one| one.key() == sent.key() && one.is_done) {
        all.retain(|one| one.key() != sent.key());
        all.push(sent);
    }
}

/// When to look again, while BlueCherry does not confirm everything that fell short.
fn look_at(at: &Situation<'_>, canceled: &[Quantity], now: Timestamp) -> Option<Timestamp> {
    let progress = &at.row.progress;
    let open = open_quantities(progress, &at.row.order, &at.row.shipments);
    if shipped(&open, &at.row.shipments) != Shipped::Short {
        return None;
    }
    let confirmed = |line_id: &str| {
        let there = canceled.iter().find(|q| q.line_id == line_id);
        let mut lines = at.row.order.lines.iter();
        let line = lines.find(|l| l.line_id == line_id);
        let settled = line.map_or(0, |line| canceled_by_now(progress, line))
            + progress.care.excluded(line_id);
        there.map_or(0, |q| q.quantity).saturating_sub(settled)
    };
    let missing = missing(&open, &at.row.shipments);
    let is_open = missing.iter().any(|q| confirmed(&q.line_id) < q.quantity);
    is_open.then(|| after(now, UNITS_LOOK))
}

/// A cancelation as Mirakl takes it.
fn line(item: &CancelationItem, currency: &str) -> CancelLine {
    CancelLine {
        order_line_id: item.order_line_id.clone(),
        amount: Amount(item.money.amount),
        shipping_amount: Amount(item.money.shipping),
        quantity: item.to.saturating_sub(item.from),
        reason_code: item.reason_code.clone(),
        currency_iso_code: Some(currency.to_owned()),
        taxes: taxes(&item.money.taxes),
        shipping_taxes: taxes(&item.money.shipping_taxes),
    }
}
