//! The sales order: created on hold, without a ship-to, once.

use bluecherry::{Created, LineStatus, NewSalesOrder, OrderStatus, SalesOrder};
use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::progress::{Booked, BookedLine, SalesOrder as Place};
use domain::step::{Decision, Step};
use ledger::{Ended, Intent, NewEvent, Note, Settled};

use super::effect::{Attempt, TWO_BODIES, is_refusal, refused_by_erp};
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::settings::after;
use crate::switches::Plant;
use crate::translate::{self, SalesOrderDraft, evidence};

const EFFECT: &str = "create_sales_order";

impl Orders {
    /// Creates the BlueCherry sales order, on hold and without a ship-to.
    ///
    /// Safe to repeat: the intent, with its frozen body, stands in the ledger before the first send,
    /// and each attempt looks the order up first; after a lost answer no earlier than a slow server
    /// must have shown what it did.
    ///
    /// # Errors
    /// What is to be tried again. A refusal is no error: the order is blocked and the answer waits.
    pub async fn create_sales_order(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::CreateSalesOrder {
            return self.decide(key).await;
        }
        let intent = match self.ledger().open_intent(key, EFFECT).await? {
            Some(intent) => intent,
            None => match self.draft(&at).await? {
                Ok(body) => self.intend(key, EFFECT, &body, at.mapped.version).await?,
                Err(problem) => {
                    return self
                        .block(&at, &Step::CreateSalesOrder, problem, None, |_| {})
                        .await;
                }
            },
        };
        let meant = body(&intent)?;
        // A test's planted fault: sends again unasked.
        if !self.is_planted(Plant::ReadBackOff) {
            self.not_before_it_must_show(&intent, EFFECT, self.erp_window())?;
            if let Some(found) = self.look_up(&meant).await? {
                return self.found(&at, &intent, &meant, &found).await;
            }
        }
        let (step, window) = (Step::CreateSalesOrder, self.erp_window());
        if let Some(problem) = self.parks(&at, &step, &intent, window).await? {
            return self.park(&at, &step, problem, &intent).await;
        }
        self.send(&at, &intent, &meant).await
    }

    /// Looks whether a queued or doubtful sales order shows by now. Reads only.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn find_sales_order(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::FindSalesOrder {
            return self.decide(key).await;
        }
        let Some(intent) = self.ledger().open_intent(key, EFFECT).await? else {
            // Never meant, so never sent: there is nothing to find.
            self.ledger()
                .advance(key, Note::default(), at.now, |p| {
                    p.sales_order = Place::None
                })
                .await?;
            return self.decide(key).await;
        };
        let meant = body(&intent)?;
        self.not_before_it_must_show(&intent, EFFECT, self.erp_window())?;
        if let Some(found) = self.look_up(&meant).await? {
            return self.found(&at, &intent, &meant, &found).await;
        }
        match &at.row.progress.sales_order {
            Place::Queued { .. } => {
                let next = after(self.now(), self.site().queue_cycle);
                let later = |p: &mut domain::progress::Progress| {
                    if let Place::Queued { look_at, .. } = &mut p.sales_order {
                        *look_at = next;
                    }
                };
                self.ledger()
                    .advance(key, Note::default(), at.now, later)
                    .await?;
                self.decide(key).await
            }
            // It was sent, must show by now, and does not: it is not there.
            _ => {
                let event = NewEvent {
                    what: "sales_order_not_there",
                    detail: vec![],
                };
                let note = Note {
                    settle: Some((&intent, Settled::Refused)),
                    event: Some(event),
                };
                self.ledger()
                    .advance(key, note, at.now, |p| p.sales_order = Place::None)
                    .await?;
                self.decide(key).await
            }
        }
    }

    /// The sales order's body, or what blocks it.
    async fn draft(&self, at: &Situation<'_>) -> Result<Result<String, Problem>, Failure> {
        let key = &at.row.key;
        let Some(external_po) = at.shop.policy.external_po(&key.order_id) else {
            let max = at.shop.policy.external_po_max;
            return Ok(Err(
                Problem::new(Kind::ExternalPoTooLong).with("field_length", max)
            ));
        };
        let wire = self.wire(key).await?;
        let mut draft = SalesOrderDraft {
            marketplace: key.marketplace.as_str(),
            order: &at.row.order,
            wire: &wire,
            external_po: &external_po,
            customer_code: "",
            hold_code: &self.site().hold_code,
            acceptance_limit_s: at.shop.policy.acceptance_limit_s,
            ship_within_days: at.shop.ship_within_days,
            cancel_after_days: at.shop.cancel_after_days,
            mappings: &at.mapped.tables,
            corrections: &at.row.progress.corrections,
        };
        // Everything is checked before a customer is created for an order that cannot be.
        let division = match translate::new_sales_order(&draft) {
            Ok(order) => order.division,
            Err(problem) => return Ok(Err(problem)),
        };
        let customer = match self.customer(at, &wire, division).await? {
            Ok(code) => code,
            Err(problem) => return Ok(Err(problem)),
        };
        draft.customer_code = &customer;
        let order = match translate::new_sales_order(&draft) {
            Ok(order) => order,
            Err(problem) => return Ok(Err(problem)),
        };
        serde_json::to_string(&order)
            .map(Ok)
            .map_err(|_| Failure::unexpected("the sales order's body cannot be written".into()))
    }

    /// The order as Mirakl sent it, unsealed for this moment.
    pub(super) async fn wire(&self, key: &OrderKey) -> Result<mirakl::Order, Failure> {
        let payload = self.ledger().payload(key).await?;
        mirakl::parse_order(&payload).map_err(|error| {
            Failure::unexpected(format!("order {key} unreadable at {}", error.path))
        })
    }

    /// Finds the sales order under our key, whoever its customer is: ours before another's.
    async fn look_up(&self, meant: &NewSalesOrder) -> Result<Option<SalesOrder>, Failure> {
        let admitted = self.admit(To::BlueCherry, "find_sales_orders").await?;
        let finding = self
            .site()
            .binding
            .find_sales_orders(None, &meant.external_po);
        let mut found = admitted.send(finding).await?;
        found.sort_by_key(|order| !translate::matches(order, meant));
        Ok(found.into_iter().next())
    }

    async fn send(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
        meant: &NewSalesOrder,
    ) -> Result<Decision, Failure> {
        let key = &at.row.key;
        let window = self.erp_window();
        let admitted = self.admit(To::BlueCherry, EFFECT).await?;
        self.ledger()
            .advance(key, Note::default(), at.now, |p| {
                p.sales_order = Place::Doubtful
            })
            .await?;
        let attempt = self.before_sending(intent, EFFECT, window).await?;
        self.in_time(&attempt).await?;
        let idempotency_key = format!("{}:{}", meant.external_po, &intent.body_hash[..16]);
        let creating = self
            .site()
            .binding
            .create_sales_order(meant, &idempotency_key);
        match admitted.send(creating).await {
            Ok(Created::Done(order)) => {
                // The answer came: whoever clears the conflict waits for no attempt under way.
                if conflict(at, meant, &order).is_some() {
                    self.ended(&attempt, Ended::Done).await?;
                }
                self.found(at, intent, meant, &order).await
            }
            Ok(Created::Queued) => self.queued(at, &attempt).await,
            Err(error) if error.code() == Some("duplicate_external_po") => {
                self.duplicate(at, &attempt, meant, error).await
            }
            Err(error) if error.code() == Some("insufficient_stock") => {
                self.no_stock(at, intent).await
            }
            Err(error) if error.code() == Some(TWO_BODIES) => {
                // An earlier body went out under this key: the intent stays open, and doubtful.
                self.ended(&attempt, Ended::NotDone).await?;
                let problem = refused_by_erp(&error, Kind::SalesOrderRefused);
                self.block(at, &Step::CreateSalesOrder, problem, None, |_| {})
                    .await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                let of_customer = matches!(
                    &error,
                    bluecherry::Error::Refused { field: Some(field), .. } if field == "customer_code"
                );
                let kind = if of_customer {
                    Kind::CustomerRefused
                } else {
                    Kind::SalesOrderRefused
                };
                let problem = refused_by_erp(&error, kind);
                let reset = |p: &mut domain::progress::Progress| p.sales_order = Place::None;
                self.block(at, &Step::CreateSalesOrder, problem, Some(intent), reset)
                    .await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    /// The site takes an order whole or not at all, and cannot cover this one. Before acceptance the
    /// policy decides; an order that somebody accepted already needs a person.
    async fn no_stock(&self, at: &Situation<'_>, intent: &Intent) -> Result<Decision, Failure> {
        let accepted = at.row.order.state.is_past_acceptance();
        let reset = |p: &mut domain::progress::Progress| {
            p.sales_order = Place::None;
            p.no_stock = !accepted;
        };
        if accepted {
            let problem = Problem::new(Kind::ShortStock).with("code", "insufficient_stock");
            return self
                .block(at, &Step::CreateSalesOrder, problem, Some(intent), reset)
                .await;
        }
        let detail = vec![("code", "insufficient_stock".to_owned())];
        let note = Note {
            settle: Some((intent, Settled::Refused)),
            event: Some(NewEvent {
                what: "sales_order_refused",
                detail,
            }),
        };
        self.ledger()
            .advance(&at.row.key, note, self.now(), reset)
            .await?;
        self.decide(&at.row.key).await
    }

    /// 202: carried out with the site's next cycle. The intent stays open until a look-up shows it.
    async fn queued(&self, at: &Situation<'_>, attempt: &Attempt) -> Result<Decision, Failure> {
        // The answer came: no attempt is under way that a look-up would have to wait for.
        self.ended(attempt, Ended::Done).await?;
        let now = self.now();
        let cycle = self.site().queue_cycle;
        let queued = Place::Queued {
            since: now,
            look_at: after(now, cycle / 2),
            late_at: after(now, cycle * 2),
        };
        let event = NewEvent {
            what: "sales_order_queued",
            detail: vec![],
        };
        let note = Note {
            settle: None,
            event: Some(event),
        };
        self.ledger()
            .advance(&at.row.key, note, now, |p| p.sales_order = queued.clone())
            .await?;
        self.decide(&at.row.key).await
    }

    /// BlueCherry has one under this key that the look-up did not show: it is read by its number; or,
    /// where BlueCherry names none, looked up once more when it must show, and then a person is asked.
    async fn duplicate(
        &self,
        at: &Situation<'_>,
        attempt: &Attempt,
        meant: &NewSalesOrder,
        error: bluecherry::Error,
    ) -> Result<Decision, Failure> {
        let intent = &attempt.intent;
        if let bluecherry::Error::Refused {
            existing_id: Some(number),
            ..
        } = &error
        {
            // Should the read fail, nothing of this attempt is left behind that had to be waited for.
            self.ended(attempt, Ended::NotDone).await?;
            let admitted = self.admit(To::BlueCherry, "get_sales_order").await?;
            let reading = self.site().binding.sales_order(number);
            let existing = admitted.send(reading).await?;
            return self.found(at, intent, meant, &existing).await;
        }
        self.ended(attempt, Ended::Duplicate).await?;
        let tried = self.ledger().attempts(intent).await?;
        let told = |t: &&ledger::Attempt| t.ended.as_deref() == Some(Ended::Duplicate.as_str());
        if tried.iter().filter(told).count() < 2 {
            let lag = self.site().read_lag;
            return Err(Failure::ask_later(attempt.call, lag));
        }
        let problem = Problem::new(Kind::DuplicateUnseen).with("key", &meant.external_po);
        self.park(at, &Step::CreateSalesOrder, problem, intent)
            .await
    }

    /// A sales order is there. It counts only when channel, order ID and lines are this order's.
    async fn found(
        &self,
        at: &Situation<'_>,
        intent: &Intent,
        meant: &NewSalesOrder,
        found: &SalesOrder,
    ) -> Result<Decision, Failure> {
        if let Some(problem) = conflict(at, meant, found) {
            // The intent stays open: the order is doubtful until a person has cleared the key.
            return self.block(at, &at.step(), problem, None, |_| {}).await;
        }
        let booked = booked(found);
        let event = NewEvent {
            what: "sales_order_created",
            detail: vec![("sales_order", booked.number.clone())],
        };
        let change = |p: &mut domain::progress::Progress| {
            p.sales_order = Place::There(booked.clone());
        };
        self.done(&at.row.key, intent, event, change).await
    }
}

/// Why a sales order that is there does not count: it is another order's, or is over already.
fn conflict(at: &Situation<'_>, meant: &NewSalesOrder, found: &SalesOrder) -> Option<Problem> {
    let is_over = matches!(found.status, OrderStatus::Cancelled | OrderStatus::Closed);
    let kind = if !translate::matches(found, meant) {
        Kind::SalesOrderConflict
    } else if is_over && at.row.order.state.is_past_acceptance() {
        Kind::CancelledInErp
    } else {
        return None;
    };
    Some(Problem::new(kind).with("sales_order", evidence(&found.ord_num)))
}

/// What an order's run needs of the sales order.
pub(crate) fn booked(found: &SalesOrder) -> Booked {
    let cancelled = found.status == OrderStatus::Cancelled;
    let line = |l: &bluecherry::SalesOrderLine| BookedLine {
        line_id: l.external_line_id.clone(),
        taken: !cancelled && l.line_status == LineStatus::Accepted,
        reject_code: l.reject_code.as_deref().map(evidence),
    };
    Booked {
        number: found.ord_num.clone(),
        version: i64::try_from(found.version).unwrap_or(i64::MAX),
        lines: found.lines.iter().map(line).collect(),
    }
}

fn body(intent: &Intent) -> Result<NewSalesOrder, Failure> {
    serde_json::from_str(&intent.body).map_err(|_| {
        Failure::unexpected(format!(
            "the frozen body of intent {} is unreadable",
            intent.id
        ))
    })
}
