//! Ship-to and release: the order is paid, the warehouse may have it.

use bluecherry::{OrderStatus, SalesOrder, ShipToChange};
use domain::exception::{Kind, Problem};
use domain::marketplace::{OrderKey, ShortShip};
use domain::progress::Progress;
use domain::step::{Decision, Step};
use ledger::{Ended, Intent, NewEvent, Note, Settled};

use super::effect::{Attempt, Window, is_refusal, refused_by_erp};
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::translate::{self, evidence};

impl Orders {
    /// Gives the sales order its ship-to and releases the hold.
    ///
    /// Safe to repeat: the sales order itself says which of the two is done already.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn release_sales_order(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        let Some(booked) = at.row.progress.sales_order.booked() else {
            return self.decide(key).await;
        };
        if at.step() != Step::Release {
            return self.decide(key).await;
        }
        let effect = Step::Release.as_str();
        let intent = match self.ledger().open_intent(key, effect).await? {
            Some(intent) => intent,
            None => match translate::ship_to(&self.wire(key).await?) {
                Ok(ship_to) => {
                    let body = serde_json::to_string(&ship_to)
                        .map_err(|_| Failure::unexpected("a ship-to cannot be written".into()))?;
                    self.intend(key, effect, &body, at.mapped.version).await?
                }
                Err(problem) => {
                    return self.block(&at, &Step::Release, problem, None, |_| {}).await;
                }
            },
        };
        let window = self.erp_window();
        self.not_before_it_must_show(&intent, effect, window)?;
        let reading = self.admit(To::BlueCherry, "get_sales_order").await?;
        let order = reading
            .send(self.site().binding.sales_order(&booked.number))
            .await?;
        self.release(&at, &intent, window, order).await
    }

    async fn release(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
        window: Window,
        order: SalesOrder,
    ) -> Result<Decision, Failure> {
        let binding = &self.site().binding;
        let ours = |order: &SalesOrder| {
            order
                .hold
                .as_ref()
                .is_some_and(|h| domain::mapping::same_code(&h.code, &self.site().hold_code))
        };
        let is_gone = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Closed);
        // What the house canceled is refunded or canceled on Mirakl, where that is the rule.
        let by_rule = at.shop.policy.short_ship == ShortShip::Refund;
        if is_gone && by_rule && self.note_unknown_units(at, &order).await? {
            let note = Note {
                settle: Some((intent, Settled::Refused)),
                event: None,
            };
            let (key, now) = (&at.row.key, self.now());
            self.ledger().advance(key, note, now, |_| {}).await?;
            return self.decide(&at.row.key).await;
        }
        if is_gone {
            let problem =
                Problem::new(Kind::CancelledInErp).with("sales_order", evidence(&order.ord_num));
            return self
                .block(at, &Step::Release, problem, Some(intent), |_| {})
                .await;
        }
        // Ship-to and release are two writes, and each has its own attempt with its own time.
        let (mut order, mut intent) = (order, intent.clone());
        if !order.ship_to_set {
            let ship_to = serde_json::from_str(&intent.body)
                .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))?;
            let change = ShipToChange {
                ship_to,
                ship_via: None,
                expected_version: order.version,
            };
            let key = format!("ship-to:{}:{}", order.external_po, order.version);
            let admitted = self.admit(To::BlueCherry, "set_ship_to").await?;
            let attempt = self.before_sending(&intent, "set_ship_to", window).await?;
            self.in_time(&attempt).await?;
            let setting = binding.set_ship_to(&order.ord_num, &change, &key);
            order = match admitted.send(setting).await {
                Ok(order) => order,
                Err(error) => return self.not_released(at, &attempt, error).await,
            };
            self.ended(&attempt, Ended::Done).await?;
            intent = attempt.intent;
        }
        if ours(&order) {
            let key = format!("release:{}:{}", order.external_po, order.version);
            let hold = &self.site().hold_code;
            let call = "release_sales_order";
            let admitted = self.admit(To::BlueCherry, call).await?;
            let attempt = self.before_sending(&intent, call, window).await?;
            self.in_time(&attempt).await?;
            let releasing = binding.release(&order.ord_num, hold, &key);
            order = match admitted.send(releasing).await {
                Ok(order) => order,
                Err(error) => return self.not_released(at, &attempt, error).await,
            };
            self.ended(&attempt, Ended::Done).await?;
            if ours(&order) {
                return Err(Failure::unexpected(format!(
                    "sales order {} keeps its hold after a release",
                    order.ord_num
                )));
            }
        }
        let detail = vec![("sales_order", order.ord_num.clone())];
        let event = NewEvent {
            what: "released",
            detail,
        };
        self.done(&at.row.key, &intent, event, |p: &mut Progress| {
            p.released = true
        })
        .await
    }

    async fn not_released(
        &self,
        at: &Situation<'_>,
        attempt: &Attempt,
        error: bluecherry::Error,
    ) -> Result<Decision, Failure> {
        // Somebody changed the sales order meanwhile: the next attempt reads it anew.
        let stale = error.code() == Some("version_mismatch");
        if is_refusal(error.retry(), error.fate()) && !stale {
            let problem = refused_by_erp(&error, Kind::ReleaseRefused);
            return self
                .block(at, &Step::Release, problem, Some(&attempt.intent), |_| {})
                .await;
        }
        let fate = error.fate();
        let failure = if stale {
            Failure::unexpected("the sales order changed while it was being released".into())
        } else {
            error.into()
        };
        Err(self.after_failing(attempt, fate, failure).await)
    }
}
