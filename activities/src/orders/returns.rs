//! Returns on both sides: authorized, received and judged in BlueCherry, and then told to Mirakl.

mod told;

use bluecherry::{Announced, LineStatus, NewReturn, NewReturnLine};
use domain::aftercare::{ReturnStep, passed_untaken, returns_due};
use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::papers::MarketplaceReturn;
use domain::progress::Progress;
use domain::returns::{Next, ReturnLine};
use domain::step::{Decision, Step};
use jiff::tz::Offset;
use ledger::{Ended, Intent, NewEvent, Settled};

use super::aftercare::external_return_id;
use super::effect::is_refusal;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::translate::evidence;

/// The word of the intent of one step of a return.
fn return_effect(subject: &str, word: &str) -> String {
    format!("{}:{subject}:{word}", Step::ForwardReturns.as_str())
}

/// A refused step of a return, for a person.
fn refused(call: &str, code: &str, subject: &str) -> Problem {
    Problem::new(Kind::ReturnUnclear)
        .with("call", call)
        .with("code", evidence(code))
        .with("return", evidence(subject))
}

impl Orders {
    /// Brings each return of the order one step on, on whichever side it is due.
    ///
    /// Safe to repeat: an authorization bears the return's own ID, and Mirakl guards the rest by the
    /// return's state, which is read again after an answer was lost. A return that goes no further
    /// stops no other.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn forward_returns(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::ForwardReturns {
            return self.decide(key).await;
        }
        for due in returns_due(&at.row.progress, &at.facts()) {
            match &due.next {
                Next::Authorize => Box::pin(self.authorize(&at, &due)).await?,
                Next::Create => Box::pin(self.create_return(&at, &due)).await?,
                _ => Box::pin(self.tell_return(&at, &due)).await?,
            }
        }
        self.decide(key).await
    }

    /// Notes the steps that returns have behind them without our knowing: what was meant is settled.
    pub(super) async fn adopt_returns(&self, at: &mut Situation<'_>) -> Result<(), Failure> {
        for (subject, words) in passed_untaken(&at.row.progress, &at.aftercare.papers) {
            for word in words {
                let effect = return_effect(&subject, word);
                let intent = self.ledger().open_intent(&at.row.key, &effect).await?;
                let note = ledger::Note {
                    settle: intent.as_ref().map(|intent| (intent, Settled::Done)),
                    event: None,
                };
                let change = |p: &mut Progress| {
                    p.care.tell(&subject, |told| take(&mut told.taken, word));
                };
                let (key, now) = (&at.row.key, at.now);
                at.row.progress = self.ledger().advance(key, note, now, change).await?;
            }
        }
        Ok(())
    }

    /// Announces the goods to BlueCherry.
    async fn authorize(&self, at: &Situation<'_>, due: &ReturnStep) -> Result<(), Failure> {
        let mut returns = at.aftercare.papers.returns.iter();
        let Some(shown) = returns.find(|r| r.return_id == due.subject) else {
            return Ok(());
        };
        let announced = match Box::pin(self.announced(at, shown)).await? {
            Ok(announced) => announced,
            Err(problem) => return self.stop(at, &due.key(), problem, None, None).await,
        };
        let body = serde_json::to_string(&announced)
            .map_err(|_| Failure::unexpected("a return cannot be written".into()))?;
        let effect = return_effect(&due.subject, "authorize");
        let key = &at.row.key;
        // The key goes with one body for ever, so what was sent once stays as it was sent.
        let intent = self.intend(key, &effect, &body, at.mapped.version).await?;
        let announced: NewReturn = serde_json::from_str(&intent.body)
            .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))?;
        let window = self.erp_window();
        self.not_before_it_must_show(&intent, "announce_return", window)?;
        let admitted = self.admit(To::BlueCherry, "announce_return").await?;
        let attempt = self
            .before_sending(&intent, "announce_return", window)
            .await?;
        self.in_time(&attempt).await?;
        let idempotency_key = format!("return:{}:{}", key.marketplace, due.subject);
        let binding = &self.site().binding;
        let announcing = binding.create_return_authorization(&announced, &idempotency_key);
        let number = match admitted.send(announcing).await {
            Ok(Announced::Done(there)) => Some(there.ra_number),
            // It is there once the feed shows it.
            Ok(Announced::Queued) => None,
            Err(error) if is_refusal(error.retry(), error.fate()) => match error {
                bluecherry::Error::Refused {
                    code: Some(ref code),
                    existing_id: Some(ref there),
                    ..
                } if code == "duplicate_return" => Some(there.clone()),
                error => {
                    self.ended(&attempt, Ended::NotDone).await?;
                    let code = error.code().unwrap_or("refused");
                    let problem = refused("announce_return", code, &due.subject);
                    let settle = Some((&attempt.intent, Settled::Refused));
                    return self.stop(at, &due.key(), problem, None, settle).await;
                }
            },
            Err(error) => {
                let fate = error.fate();
                return Err(self.after_failing(&attempt, fate, error.into()).await);
            }
        };
        let detail = vec![
            ("return", evidence(&due.subject)),
            ("number", evidence(number.as_deref().unwrap_or("queued"))),
        ];
        let event = NewEvent {
            what: "return_authorized",
            detail,
        };
        let change = |p: &mut Progress| {
            p.care.tell(&due.subject, |told| {
                told.ra_number.clone_from(&number);
                take(&mut told.taken, "authorize");
            });
            p.care.unstop(&due.key());
        };
        self.care_done(at, &attempt, event, change).await
    }

    /// What BlueCherry is told of a return: its own SKUs and reasons.
    async fn announced(
        &self,
        at: &Situation<'_>,
        shown: &MarketplaceReturn,
    ) -> Result<Result<NewReturn, Problem>, Failure> {
        let key = &at.row.key;
        let Some(booked) = at.row.progress.sales_order.booked() else {
            return Err(Failure::unexpected(format!(
                "order {key} has no sales order"
            )));
        };
        let Some(external_po) = at.row.external_po.clone() else {
            return Err(Failure::unexpected(format!(
                "order {key} has no key in the ERP"
            )));
        };
        let admitted = self.admit(To::BlueCherry, "get_sales_order").await?;
        let order = admitted
            .send(self.site().binding.sales_order(&booked.number))
            .await?;
        let line = |line: &ReturnLine| -> Result<NewReturnLine, Problem> {
            let rows: Vec<_> = order
                .lines
                .iter()
                .filter(|row| row.line_status == LineStatus::Accepted)
                .filter(|row| row.external_line_id.trim() == line.order_line_id)
                .collect();
            let sku = match rows.as_slice() {
                [] => {
                    return Err(refused("announce_return", "unknown_line", &shown.return_id)
                        .with("line", evidence(&line.order_line_id)));
                }
                [row] => row.sku.clone(),
                // A pack that BlueCherry holds as components comes back as the pack.
                _ => self.pack_sku(at, &line.order_line_id)?,
            };
            let (code, reason) = (key.marketplace.as_str(), &line.reason_code);
            let reason = at.mapped.tables.erp_return_reason(code, reason);
            let Some(reason) = reason else {
                return Err(Problem::new(Kind::UnmappedReason)
                    .with("reason", evidence(&line.reason_code))
                    .with("return", evidence(&shown.return_id)));
            };
            Ok(NewReturnLine {
                external_line_id: line.order_line_id.clone(),
                sku,
                qty_authorised: line.quantity,
                reason_code: reason.to_owned(),
            })
        };
        let lines: Result<Vec<_>, Problem> = shown.shown.lines.iter().map(line).collect();
        Ok(lines.map(|lines| NewReturn {
            external_return_id: external_return_id(&at.shop.policy.prefix, &shown.return_id),
            ord_num: booked.number.clone(),
            external_po,
            lines,
        }))
    }

    fn pack_sku(&self, at: &Situation<'_>, line_id: &str) -> Result<String, Problem> {
        let mut lines = at.row.order.lines.iter();
        let offer = lines.find(|l| l.line_id == line_id).map(|l| &l.offer_sku);
        let day = Offset::UTC.to_datetime(at.row.order.created_at).date();
        let unmapped =
            |offer: &str| Problem::new(Kind::UnmappedSku).with("offer_sku", evidence(offer));
        let Some(offer) = offer else {
            return Err(unmapped(line_id));
        };
        let code = at.row.key.marketplace.as_str();
        let mapped = at.mapped.tables.sku(code, offer, day);
        mapped
            .map(|mapped| mapped.sku.into_owned())
            .ok_or_else(|| unmapped(offer))
    }

    /// Notes that Mirakl took a step of a return, or shows that it did.
    async fn return_told(
        &self,
        at: &Situation<'_>,
        due: &ReturnStep,
        word: &'static str,
        intent: &Intent,
    ) -> Result<(), Failure> {
        let event = NewEvent {
            what: "return_told",
            detail: vec![
                ("return", evidence(&due.subject)),
                ("step", word.to_owned()),
            ],
        };
        let note = ledger::Note {
            settle: Some((intent, Settled::Done)),
            event: Some(event),
        };
        let change = |p: &mut Progress| {
            p.care
                .tell(&due.subject, |told| take(&mut told.taken, word));
            p.care.unstop(&due.key());
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }
}

/// Adds a word once.
fn take(taken: &mut Vec<String>, word: &str) {
    if !taken.iter().any(|one| one == word) {
        taken.push(word.to_owned());
    }
}
