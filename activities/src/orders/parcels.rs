//! Parcels one by one, where the operator lets an order leave in parts: ST01, and ST23 afterwards.

use domain::exception::{Kind, Problem};
use domain::marketplace::OrderKey;
use domain::order::State;
use domain::parcel::{self, Named, ToldBy, ToldParcel};
use domain::progress::Progress;
use domain::shipment::{Quantity, Shipment};
use domain::step::{Decision, Step};
use ledger::{Ended, Intent, NewEvent, Note, Settled};
use mirakl::{NewShipment, ShipmentLine};
use serde::{Deserialize, Serialize};

use super::effect::{Attempt, is_refusal};
use super::ship::Sending;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::translate::evidence;

/// Body of an ST01 intent: one parcel.
#[derive(Serialize, Deserialize)]
struct Telling {
    version: i64,
    lines: Vec<Quantity>,
    sending: Sending,
}

/// Body of an ST23 intent.
#[derive(Serialize, Deserialize)]
struct Correcting {
    /// Name of the parcel as it was told.
    told: String,
    /// Mirakl's shipment.
    shipment: String,
    /// Name of the parcel that is meant now, and the version of its shipment.
    parcel: String,
    version: i64,
    sending: Sending,
}

/// What became of one parcel.
enum Became {
    /// Mirakl knows it.
    Told,
    /// It cannot be told as it is.
    Not(Problem),
}

/// The word of ST01's intent: each parcel is told once, whatever its version.
fn telling_effect(parcel: &str) -> String {
    format!("{}:{parcel}", Step::TellParcels.as_str())
}

fn read<T: serde::de::DeserializeOwned>(intent: &Intent) -> Result<T, Failure> {
    serde_json::from_str(&intent.body)
        .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))
}

fn written(body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body)
        .map_err(|_| Failure::unexpected("a parcel cannot be written".into()))
}

impl Orders {
    /// Tells Mirakl each parcel that left and that it does not know yet, one shipment a parcel.
    ///
    /// Safe to repeat: Mirakl's shipments are read first, no earlier than an attempt whose answer was
    /// lost must show, and a parcel is known again by its package. One that cannot be told stops no
    /// other; the order then waits for a person, or for a number that is late.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn tell_parcels(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let mut at = self.situation(key).await?;
        if at.step() != Step::TellParcels {
            return self.decide(key).await;
        }
        at.multi_shipment = Some(self.reads_multi_shipment(&at).await?);
        if at.step() != Step::TellParcels {
            return self.decide(key).await;
        }
        let untold = parcel::untold(&at.row.progress, &at.row.shipments);
        for named in &untold {
            let intent = self
                .ledger()
                .open_intent(key, &telling_effect(&named.name))
                .await?;
            if let Some(intent) = intent {
                self.not_before_it_must_show(&intent, "ST01", at.window())?;
            }
        }
        let admitted = self.admit(To::Mirakl(at.shop), "ST11").await?;
        let shown = admitted
            .send(at.shop.client.shipments(&key.order_id))
            .await?;
        let mut refused: Option<(&Shipment, Problem)> = None;
        for named in &untold {
            let is_it = |shipment: &&mirakl::Shipment| shipment.is_package(&named.name);
            let became = match shown.iter().find(is_it) {
                Some(there) => {
                    self.parcel_found(&at, named, ToldBy::Shipment, Some(&there.id))
                        .await?
                }
                None if at.row.order.state != State::Shipping => {
                    self.parcel_found(&at, named, ToldBy::Elsewhere, None)
                        .await?
                }
                None => Box::pin(self.tell_parcel(&at, named)).await?,
            };
            if let Became::Not(problem) = became {
                // What is late may come; anything else is for a person, and comes first.
                let waits = |problem: &Problem| problem.kind == Kind::TrackingMissing;
                let comes_first = refused
                    .as_ref()
                    .is_none_or(|(_, so_far)| waits(so_far) && !waits(&problem));
                if comes_first {
                    refused = Some((named.shipment, problem));
                }
            }
        }
        match refused {
            Some((shipment, problem)) => {
                let step = Step::TellParcels;
                self.cannot_name(&at, &step, shipment, problem).await
            }
            None => self.decide(key).await,
        }
    }

    /// Mirakl shows it: so an answer was lost, or the ledger, or it was told by somebody else.
    async fn parcel_found(
        &self,
        at: &Situation<'_>,
        named: &Named<'_>,
        call: ToldBy,
        shipment: Option<&str>,
    ) -> Result<Became, Failure> {
        let key = &at.row.key;
        let intent = self
            .ledger()
            .open_intent(key, &telling_effect(&named.name))
            .await?;
        let frozen = intent.as_ref().map(read::<Telling>).transpose()?;
        let version = frozen.map_or(named.shipment.version, |telling| telling.version);
        let told = ToldParcel {
            parcel: named.name.clone(),
            version,
            lines: named.parcel.lines.clone(),
            call,
            shipment: shipment.map(str::to_owned),
            at: at.now,
        };
        self.knows(at, intent.as_ref(), "parcel_found", "", &told)
            .await?;
        Ok(Became::Told)
    }

    async fn tell_parcel(&self, at: &Situation<'_>, named: &Named<'_>) -> Result<Became, Failure> {
        let key = &at.row.key;
        let sending = match self.sending(at, named.shipment, named.parcel).await? {
            Ok(sending) => sending,
            Err(problem) => return Ok(Became::Not(problem)),
        };
        let telling = Telling {
            version: named.shipment.version,
            lines: named.parcel.lines.clone(),
            sending,
        };
        let effect = telling_effect(&named.name);
        let body = written(&telling)?;
        let intent = self.intend(key, &effect, &body, at.mapped.version).await?;
        // Another worker may have begun or done it since Mirakl's shipments were read.
        self.not_before_it_must_show(&intent, "ST01", at.window())?;
        let told = self.progress_now(key).await?.told;
        if let Some(told) = told.iter().find(|told| told.parcel == named.name) {
            self.knows(at, Some(&intent), "parcel_found", "", told)
                .await?;
            return Ok(Became::Told);
        }
        let telling: Telling = read(&intent)?;
        let line = |line: &Quantity| ShipmentLine {
            order_line_id: Some(line.line_id.clone()),
            quantity: line.quantity,
            package_reference: Some(named.name.clone()),
        };
        let new = NewShipment {
            order_id: key.order_id.clone(),
            lines: telling.lines.iter().map(line).collect(),
            tracking: Some(telling.sending.tracking()),
        };
        let admitted = self.admit(To::Mirakl(at.shop), "ST01").await?;
        let attempt = self.before_sending(&intent, "ST01", at.window()).await?;
        self.in_time(&attempt).await?;
        let news = [new];
        let answer = admitted.send(at.shop.client.create_shipments(&news)).await;
        let refusal = match answer {
            Ok(answer) => match answer.made.into_iter().next() {
                Some(made) => {
                    let told = ToldParcel {
                        parcel: named.name.clone(),
                        version: telling.version,
                        lines: telling.lines,
                        call: ToldBy::Shipment,
                        shipment: Some(made.id),
                        at: self.now(),
                    };
                    self.ended(&attempt, Ended::Done).await?;
                    let carrier = telling.sending.carrier();
                    self.knows(at, Some(&intent), "parcel_told", &carrier, &told)
                        .await?;
                    return Ok(Became::Told);
                }
                None => {
                    let reason = answer
                        .refused
                        .first()
                        .map(|refused| refused.reason.as_str());
                    reason.unwrap_or("other").to_owned()
                }
            },
            Err(error) => self.code_of_no(&attempt, error).await?,
        };
        let problem = self.said_no(at, &attempt, &refusal, &named.name).await?;
        Ok(Became::Not(problem))
    }

    /// The code of a refusal.
    ///
    /// # Errors
    /// It is none: what the failed call asks for.
    async fn code_of_no(&self, attempt: &Attempt, error: mirakl::Error) -> Result<String, Failure> {
        if is_refusal(error.retry(), error.fate()) {
            return Ok(evidence(error.code().unwrap_or("refused")));
        }
        let fate = error.fate();
        Err(self.after_failing(attempt, fate, error.into()).await)
    }

    /// Notes that Mirakl said no to a parcel: nothing was done, and a person is asked.
    async fn said_no(
        &self,
        at: &Situation<'_>,
        attempt: &Attempt,
        code: &str,
        parcel: &str,
    ) -> Result<Problem, Failure> {
        self.ended(attempt, Ended::NotDone).await?;
        let note = Note {
            settle: Some((&attempt.intent, Settled::Refused)),
            event: None,
        };
        let key = &at.row.key;
        self.ledger().advance(key, note, self.now(), |_| {}).await?;
        let problem = Problem::new(Kind::MarketplaceRefused);
        Ok(problem
            .with("call", attempt.call)
            .with("code", code)
            .with("parcel", evidence(parcel)))
    }

    /// Notes that Mirakl knows a parcel.
    async fn knows(
        &self,
        at: &Situation<'_>,
        intent: Option<&Intent>,
        what: &'static str,
        carrier: &str,
        told: &ToldParcel,
    ) -> Result<(), Failure> {
        let detail = vec![
            ("parcel", evidence(&told.parcel)),
            ("carrier", carrier.to_owned()),
            ("call", told.call.code().to_owned()),
        ];
        let note = Note {
            settle: intent.map(|intent| (intent, Settled::Done)),
            event: Some(NewEvent { what, detail }),
        };
        let change = |p: &mut Progress| {
            if !p.told.iter().any(|one| one.parcel == told.parcel) {
                p.told.push(told.clone());
            }
            p.tracking_awaited = None;
            p.blocked
                .take_if(|blocked| blocked.step == Step::TellParcels.as_str());
        };
        let key = &at.row.key;
        self.ledger().advance(key, note, self.now(), change).await?;
        Ok(())
    }

    /// Sends the tracking of parcels that changed after they were told.
    ///
    /// Safe to repeat: it overwrites, and one run owns the order.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn correct_tracking(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        let step = Step::CorrectTracking;
        if at.step() != step {
            return self.decide(key).await;
        }
        for (place, named) in parcel::corrections(&at.row.progress, &at.row.shipments) {
            let told = &at.row.progress.told[place];
            let Some(shipment) = told.shipment.clone() else {
                continue;
            };
            let sending = match self.sending(&at, named.shipment, named.parcel).await? {
                Ok(sending) => sending,
                Err(problem) => {
                    return self.cannot_name(&at, &step, named.shipment, problem).await;
                }
            };
            let correcting = Correcting {
                told: told.parcel.clone(),
                shipment,
                parcel: named.name.clone(),
                version: named.shipment.version,
                sending,
            };
            if let Some(problem) = Box::pin(self.correct_one(&at, &correcting)).await? {
                return self.block(&at, &step, problem, None, |_| {}).await;
            }
        }
        self.decide(key).await
    }

    async fn correct_one(
        &self,
        at: &Situation<'_>,
        correcting: &Correcting,
    ) -> Result<Option<Problem>, Failure> {
        let key = &at.row.key;
        let (parcel, version) = (&correcting.parcel, correcting.version);
        let effect = format!("{}:{parcel}@{version}", Step::CorrectTracking.as_str());
        let body = written(correcting)?;
        let intent = self.intend(key, &effect, &body, at.mapped.version).await?;
        let frozen: Correcting = read(&intent)?;
        let admitted = self.admit(To::Mirakl(at.shop), "ST23").await?;
        let attempt = self.before_sending(&intent, "ST23", at.window()).await?;
        self.in_time(&attempt).await?;
        let tracking = frozen.sending.tracking();
        let setting = at
            .shop
            .client
            .set_shipment_tracking(&frozen.shipment, &tracking);
        let refusal = match admitted.send(setting).await {
            Ok(None) => {
                let detail = vec![
                    ("parcel", evidence(&frozen.parcel)),
                    ("carrier", frozen.sending.carrier()),
                ];
                let note = Note {
                    settle: Some((&intent, Settled::Done)),
                    event: Some(NewEvent {
                        what: "tracking_corrected",
                        detail,
                    }),
                };
                let change = |p: &mut Progress| {
                    if let Some(one) = p.told.iter_mut().find(|one| one.parcel == frozen.told) {
                        one.parcel.clone_from(&frozen.parcel);
                        one.version = frozen.version;
                    }
                    p.tracking_awaited = None;
                    p.blocked
                        .take_if(|b| b.step == Step::CorrectTracking.as_str());
                };
                self.ended(&attempt, Ended::Done).await?;
                self.ledger().advance(key, note, self.now(), change).await?;
                return Ok(None);
            }
            Ok(Some(refusal)) => refusal.as_str().to_owned(),
            Err(error) => self.code_of_no(&attempt, error).await?,
        };
        let problem = self.said_no(at, &attempt, &refusal, &frozen.parcel);
        problem.await.map(Some)
    }
}
