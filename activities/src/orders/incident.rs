//! Incidents: what a person settled with the customer is told to Mirakl (OR64).

use domain::aftercare::{incident_effect, incident_key};
use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::progress::Progress;
use domain::step::{Decision, Step};
use ledger::{Ended, NewEvent, Settled};

use super::Orders;
use super::effect::is_refusal;
use crate::Failure;
use crate::calls::To;
use crate::translate::evidence;

impl Orders {
    /// Tells Mirakl that an incident is settled.
    ///
    /// Safe to repeat: Mirakl guards it by the line's state, so a refusal after a lost answer says that
    /// it was done.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn resolve_incident(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        let Some(resolving) = at.row.progress.care.resolving.clone() else {
            return self.decide(key).await;
        };
        if at.step() != Step::ResolveIncident {
            return self.decide(key).await;
        }
        let (line, reason) = (&resolving.order_line_id, &resolving.reason_code);
        let effect = incident_effect(line);
        let intent = self
            .intend_anew(&at, &effect, reason, |body| body == reason.as_str())
            .await?;
        let window = at.window();
        self.not_before_it_must_show(&intent, "OR64", window)?;
        let is_repeat = intent.attempts > 0;
        let admitted = self.admit(To::Mirakl(at.shop), "OR64").await?;
        let attempt = self.before_sending(&intent, "OR64", window).await?;
        self.in_time(&attempt).await?;
        let client = &at.shop.client;
        let resolving = client.resolve_incident(&key.order_id, line, reason);
        let told = match admitted.send(resolving).await {
            Ok(()) => Ok(()),
            Err(error) if is_refusal(error.retry(), error.fate()) && is_repeat => Ok(()),
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => {
                let event = NewEvent {
                    what: "incident_resolved",
                    detail: vec![("line", evidence(line)), ("reason", evidence(reason))],
                };
                let change = |p: &mut Progress| p.care.resolving = None;
                self.care_done(&at, &attempt, event, change).await?;
                self.decide(key).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.ended(&attempt, Ended::NotDone).await?;
                let problem = Problem::new(Kind::MarketplaceRefused)
                    .with("call", "OR64")
                    .with("code", evidence(error.code().unwrap_or("refused")))
                    .with("says", error.says().unwrap_or_default())
                    .with("line", evidence(line));
                let settle = Some((&attempt.intent, Settled::Refused));
                let subject = incident_key(line);
                self.stop(&at, &subject, problem, None, settle).await?;
                self.decide(key).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }
}
