//! What Mirakl is told of a return: RT21, RT25, RT26, RT27, and RT01 for one that began at the ERP.

use domain::aftercare::ReturnStep;
use domain::exception::{Kind, Problem};
use domain::papers::{ErpReturn, MarketplaceReturn};
use domain::progress::Progress;
use domain::returns::{self, LineVerdict, Next, Verdict};
use ledger::{Ended, Intent, NewEvent, Settled};
use mirakl::{
    LineCompliance, NewReturn, NewReturnLine, ReturnCompliance, ReturnDecision, ReturnQuery,
    ReturnResult,
};
use serde::{Deserialize, Serialize};

use super::{refused, return_effect, take};
use crate::Failure;
use crate::calls::To;
use crate::orders::effect::is_refusal;
use crate::orders::{Orders, Situation};
use crate::translate::{self, evidence};

/// Body of RT01's intent.
#[derive(Serialize, Deserialize)]
struct Creating {
    ra_number: String,
    lines: Vec<(String, u32, String)>,
    method_code: String,
}

/// The call of a step of a return that Mirakl knows.
fn call_of(next: &Next) -> Option<&'static str> {
    match next {
        Next::Accept => Some("RT21"),
        Next::Receive => Some("RT25"),
        Next::Comply(_) => Some("RT26"),
        Next::Close => Some("RT27"),
        _ => None,
    }
}

impl Orders {
    /// Tells Mirakl the next thing of a return it knows.
    pub(super) async fn tell_return(
        &self,
        at: &Situation<'_>,
        due: &ReturnStep,
    ) -> Result<(), Failure> {
        let (Some(call), Some(word)) = (call_of(&due.next), due.next.word()) else {
            return Ok(());
        };
        let effect = return_effect(&due.subject, word);
        let key = &at.row.key;
        let intent = self.intend(key, &effect, "{}", at.mapped.version).await?;
        let window = at.window();
        self.not_before_it_must_show(&intent, call, window)?;
        if intent.attempts > 0 && !self.is_still_due(at, due).await? {
            return self.return_told(at, due, word, &intent).await;
        }
        let admitted = self.admit(To::Mirakl(at.shop), call).await?;
        let attempt = self.before_sending(&intent, call, window).await?;
        self.in_time(&attempt).await?;
        match admitted.send(self.send_return(at, due)).await {
            Ok(results) => {
                let is_taken = results.first().is_some_and(|result| result.taken);
                if is_taken {
                    self.ended(&attempt, Ended::Done).await?;
                    return self.return_told(at, due, word, &attempt.intent).await;
                }
                self.ended(&attempt, Ended::NotDone).await?;
                // Somebody else may have done it in the portal: then it is told, whoever did.
                if !self.is_still_due(at, due).await? {
                    return self.return_told(at, due, word, &attempt.intent).await;
                }
                let problem = refused(call, "not_taken", &due.subject);
                let settle = Some((&attempt.intent, Settled::Refused));
                self.stop(at, &due.key(), problem, None, settle).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.ended(&attempt, Ended::NotDone).await?;
                let code = error.code().unwrap_or("refused");
                let problem = refused(call, code, &due.subject);
                let settle = Some((&attempt.intent, Settled::Refused));
                self.stop(at, &due.key(), problem, None, settle).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    async fn send_return(
        &self,
        at: &Situation<'_>,
        due: &ReturnStep,
    ) -> Result<Vec<ReturnResult>, mirakl::Error> {
        let (client, id) = (&at.shop.client, due.subject.as_str());
        match &due.next {
            Next::Accept => {
                let decision = ReturnDecision {
                    id: id.to_owned(),
                    accepted: true,
                    rejection_reason_code: None,
                };
                client.decide_returns(&[decision]).await
            }
            Next::Receive => client.receive_returns(&[id]).await,
            Next::Comply(verdicts) => {
                let compliance = ReturnCompliance {
                    id: id.to_owned(),
                    return_lines: verdicts.iter().map(compliance).collect(),
                };
                client.judge_returns(&[compliance]).await
            }
            _ => client.close_returns(&[id]).await,
        }
    }

    /// Does Mirakl, asked now, still want this step?
    async fn is_still_due(&self, at: &Situation<'_>, due: &ReturnStep) -> Result<bool, Failure> {
        let query = ReturnQuery {
            return_ids: vec![due.subject.clone()],
            ..ReturnQuery::default()
        };
        let Some(fresh) = self.returns_now(at, &query).await?.into_iter().next() else {
            return Ok(true);
        };
        let papers = &at.aftercare.papers;
        let told = at.row.progress.care.told_of(&due.subject);
        let number = told.and_then(|told| told.ra_number.as_deref());
        let there = papers.erp_return_of(&fresh.0, number);
        let there = there.map(|there| &there.authorization);
        // Whether it is credited moves nothing that was told already.
        let next = returns::next(&fresh.0.shown, there, true, &at.aftercare.returns);
        Ok(next.word() == due.next.word())
    }

    async fn returns_now(
        &self,
        at: &Situation<'_>,
        query: &ReturnQuery,
    ) -> Result<Vec<(MarketplaceReturn, Option<String>)>, Failure> {
        let admitted = self.admit(To::Mirakl(at.shop), "RT11").await?;
        let page = admitted.send(at.shop.client.list_returns(query)).await?;
        let read = page.items.into_iter().filter_map(|raw| raw.read.ok());
        let read = read.filter(|wire| wire.order_id == at.row.key.order_id);
        Ok(read
            .filter_map(|wire| {
                let rma = wire.rma.clone();
                translate::marketplace_return(&wire).ok().map(|r| (r, rma))
            })
            .collect())
    }

    /// Makes a return on Mirakl for one that began at the ERP (RT01). A repeat would make it twice, so
    /// the returns of its lines are read first, and known by the ERP's number.
    pub(super) async fn create_return(
        &self,
        at: &Situation<'_>,
        due: &ReturnStep,
    ) -> Result<(), Failure> {
        let mut all = at.aftercare.papers.erp_returns.iter();
        let Some(there) = all.find(|r| domain::aftercare::erp_subject(&r.ra_number) == due.subject)
        else {
            return Ok(());
        };
        let creating = match creating(at, there) {
            Ok(creating) => creating,
            Err(problem) => return self.stop(at, &due.key(), problem, None, None).await,
        };
        let body = serde_json::to_string(&creating)
            .map_err(|_| Failure::unexpected("a return cannot be written".into()))?;
        let effect = return_effect(&due.subject, "create");
        let key = &at.row.key;
        let intent = self.intend(key, &effect, &body, at.mapped.version).await?;
        let creating: Creating = serde_json::from_str(&intent.body)
            .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))?;
        let window = at.window();
        self.not_before_it_must_show(&intent, "RT01", window)?;
        let lines = creating.lines.iter();
        let query = ReturnQuery {
            order_line_ids: lines.map(|(line, ..)| line.clone()).collect(),
            ..ReturnQuery::default()
        };
        let shown = self.returns_now(at, &query).await?;
        let is_it = |rma: &Option<String>| rma.as_deref() == Some(creating.ra_number.as_str());
        if let Some((found, _)) = shown.iter().find(|(_, rma)| is_it(rma)) {
            return self
                .created(at, due, &creating, &found.return_id, &intent)
                .await;
        }
        let subject = due.key();
        let told = self.progress_now(key).await?.care;
        if told.told_of(&due.subject).is_some() {
            return self.settle_done(at, &intent).await;
        }
        if let Some(problem) = self.unknowns(at, &intent, window).await? {
            return self.park_care(at, &subject, problem, &intent).await;
        }
        let wire = self.wire(key).await?;
        let new = NewReturn {
            order_commercial_id: wire.commercial_id.unwrap_or_default(),
            method_code: creating.method_code.clone(),
            return_lines: creating.lines.iter().map(new_line).collect(),
            accepted: Some(true),
            rma: Some(creating.ra_number.clone()),
        };
        let admitted = self.admit(To::Mirakl(at.shop), "RT01").await?;
        let attempt = self.before_sending(&intent, "RT01", window).await?;
        self.in_time(&attempt).await?;
        let news = [new];
        let code = match admitted.send(at.shop.client.create_returns(&news)).await {
            Ok(answer) => match answer.made.first() {
                Some(made) => {
                    self.ended(&attempt, Ended::Done).await?;
                    let (id, intent) = (&made.id, &attempt.intent);
                    return self.created(at, due, &creating, id, intent).await;
                }
                None => None,
            },
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                error.code().map(str::to_owned)
            }
            Err(error) => {
                let fate = error.fate();
                return Err(self.after_failing(&attempt, fate, error.into()).await);
            }
        };
        self.ended(&attempt, Ended::NotDone).await?;
        let problem = refused("RT01", code.as_deref().unwrap_or("refused"), &due.subject);
        let settle = Some((&attempt.intent, Settled::Refused));
        self.stop(at, &subject, problem, None, settle).await
    }

    async fn created(
        &self,
        at: &Situation<'_>,
        due: &ReturnStep,
        creating: &Creating,
        return_id: &str,
        intent: &Intent,
    ) -> Result<(), Failure> {
        let event = NewEvent {
            what: "return_created",
            detail: vec![
                ("return", evidence(return_id)),
                ("number", evidence(&creating.ra_number)),
            ],
        };
        let note = ledger::Note {
            settle: Some((intent, Settled::Done)),
            event: Some(event),
        };
        let change = |p: &mut Progress| {
            p.care
                .tell(&due.subject, |told| take(&mut told.taken, "create"));
            p.care.tell(return_id, |told| {
                told.ra_number = Some(creating.ra_number.clone());
            });
            p.care.unstop(&due.key());
        };
        let (key, now) = (&at.row.key, self.now());
        self.ledger().advance(key, note, now, change).await?;
        Ok(())
    }
}

fn creating(at: &Situation<'_>, there: &ErpReturn) -> Result<Creating, Problem> {
    let code = at.row.key.marketplace.as_str();
    let line = |line: &returns::ReturnLine| {
        let reason = at
            .mapped
            .tables
            .mirakl_return_reason(code, &line.reason_code);
        let reason = reason.ok_or_else(|| {
            Problem::new(Kind::UnmappedReason)
                .with("reason", evidence(&line.reason_code))
                .with("return", evidence(&there.ra_number))
        })?;
        Ok((line.order_line_id.clone(), line.quantity, reason.to_owned()))
    };
    Ok(Creating {
        ra_number: there.ra_number.clone(),
        lines: there.lines().iter().map(line).collect::<Result<_, _>>()?,
        method_code: at.shop.policy.return_method.clone().unwrap_or_default(),
    })
}

fn new_line(line: &(String, u32, String)) -> NewReturnLine {
    NewReturnLine {
        order_line_id: line.0.clone(),
        quantity: line.1,
        reason_code: line.2.clone(),
    }
}

fn compliance(line: &LineVerdict) -> LineCompliance {
    let reason = match &line.verdict {
        Verdict::Compliant => None,
        Verdict::NotCompliant { reason_code } => Some(reason_code.clone()),
    };
    LineCompliance {
        order_line_id: line.order_line_id.clone(),
        compliant: reason.is_none(),
        non_compliance_reason_code: reason,
    }
}
