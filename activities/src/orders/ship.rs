//! Tracking (OR23), then the shipment's confirmation (OR24), for a whole order as one shipment.

use std::time::Duration;

use domain::exception::{Kind, Problem};
use domain::fulfillment::{open_quantities, tracking_key};
use domain::marketplace::OrderKey;
use domain::parcel::{self, ToldBy, ToldParcel};
use domain::progress::{Progress, Sent, TrackingAwaited};
use domain::retry::Fate;
use domain::shipment::{Parcel, Shipment, Shipped, shipped};
use domain::step::{Decision, Step};
use jiff::tz::TimeZone;
use ledger::{Ended, NewEvent, Note};
use mirakl::Tracking;
use serde::{Deserialize, Serialize};

use super::effect::{doubt_sent, is_proven, is_refusal, unfinished};
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::settings::after;
use crate::translate::evidence;

/// Body of an OR23 intent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sending {
    pub(super) shipment: String,
    carrier_code: Option<String>,
    carrier_name: Option<String>,
    carrier_url: Option<String>,
    tracking_number: Option<String>,
}

impl Sending {
    /// The same for the client.
    pub(super) fn tracking(&self) -> Tracking {
        Tracking {
            carrier_code: self.carrier_code.clone(),
            carrier_name: self.carrier_name.clone(),
            carrier_url: self.carrier_url.clone(),
            tracking_number: self.tracking_number.clone(),
        }
    }

    /// Which carrier, for the order's story.
    pub(super) fn carrier(&self) -> String {
        let named = self.carrier_code.as_ref().or(self.carrier_name.as_ref());
        evidence(named.map(String::as_str).unwrap_or_default())
    }
}

/// The word of OR23's intent: each shipment, and each correction of it, is told once.
pub(super) fn tracking_effect(shipment: &str) -> String {
    format!("{}:{shipment}", Step::SendTracking.as_str())
}

impl Orders {
    /// Sends carrier and tracking number, checked against the operator's own lists before the call.
    ///
    /// Safe to repeat: it overwrites, and one run owns the order.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn send_tracking(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let mut at = self.situation(key).await?;
        if at.step() != Step::SendTracking {
            return self.decide(key).await;
        }
        // A whole order may go as one shipment everywhere, so an answer that fails holds nothing up.
        match Box::pin(self.reads_multi_shipment(&at)).await {
            Ok(several) => at.multi_shipment = Some(several),
            Err(failure) => tracing::debug!("several shipments: {}", failure.text),
        }
        if at.step() != Step::SendTracking {
            return self.decide(key).await;
        }
        let open = open_quantities(&at.row.progress, &at.row.order, &at.row.shipments);
        let Shipped::Whole(shipment, parcel) = shipped(&open, &at.row.shipments) else {
            return self.decide(key).await;
        };
        let sending = match Box::pin(self.sending(&at, shipment, parcel)).await? {
            Ok(sending) => sending,
            Err(problem) => {
                let step = Step::SendTracking;
                return self.cannot_name(&at, &step, shipment, problem).await;
            }
        };
        let effect = tracking_effect(&sending.shipment);
        let body = serde_json::to_string(&sending)
            .map_err(|_| Failure::unexpected("a tracking cannot be written".into()))?;
        let intent = self.intend(key, &effect, &body, at.mapped.version).await?;
        let sending: Sending = serde_json::from_str(&intent.body)
            .map_err(|_| Failure::unexpected(format!("intent {} is unreadable", intent.id)))?;
        let window = at.window();
        let admitted = self.admit(To::Mirakl(at.shop), "OR23").await?;
        let attempt = self.before_sending(&intent, "OR23", window).await?;
        self.in_time(&attempt).await?;
        let tracking = sending.tracking();
        let setting = at.shop.client.set_tracking(&key.order_id, &tracking);
        match admitted.send(setting).await {
            Ok(()) => {
                let detail = vec![
                    ("shipment", sending.shipment.clone()),
                    ("carrier", sending.carrier()),
                ];
                let event = NewEvent {
                    what: "tracking_sent",
                    detail,
                };
                let sent = |p: &mut Progress| {
                    p.tracking = Some(sending.shipment.clone());
                    p.tracking_awaited = None;
                };
                self.done(key, &intent, event, sent).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                self.refused(&at, &Step::SendTracking, &intent, &error)
                    .await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }

    /// The parcel cannot be named to Mirakl: a number that is late is waited for, and then, as with
    /// everything else, a person is asked.
    pub(super) async fn cannot_name(
        &self,
        at: &Situation<'_>,
        step: &Step,
        shipment: &Shipment,
        problem: Problem,
    ) -> Result<Decision, Failure> {
        let grace = Duration::from_secs(u64::from(at.shop.policy.tracking_grace_s));
        let until = after(shipment.confirmed_at.unwrap_or(at.now), grace);
        if problem.kind != Kind::TrackingMissing || at.now >= until {
            let asked = |p: &mut Progress| p.tracking_awaited = None;
            return self.block(at, step, problem, None, asked).await;
        }
        let late = TrackingAwaited {
            shipments_version: at.row.shipments_version,
            until,
        };
        let note = Note {
            settle: None,
            event: Some(NewEvent {
                what: "tracking_late",
                detail: vec![("shipment", evidence(&shipment.shipment_id))],
            }),
        };
        let waits = |p: &mut Progress| p.tracking_awaited = Some(late.clone());
        let key = &at.row.key;
        self.ledger().advance(key, note, at.now, waits).await?;
        self.decide(key).await
    }

    /// How the parcel is named to Mirakl, or why it cannot be.
    pub(super) async fn sending(
        &self,
        at: &Situation<'_>,
        shipment: &Shipment,
        parcel: &Parcel,
    ) -> Result<Result<Sending, Problem>, Failure> {
        let marketplace = at.row.key.marketplace.as_str();
        let day = shipment
            .confirmed_at
            .unwrap_or(at.now)
            .to_zoned_datetime(TimeZone::UTC)
            .date();
        let tables = &at.mapped.tables;
        let row = tables.carrier(marketplace, &shipment.ship_via, &shipment.carrier, day);
        let corrected = at.row.progress.corrections.carrier_code.clone();
        let code = corrected.or_else(|| row.and_then(|r| r.carrier_code.clone()));
        let mut sending = Sending {
            shipment: tracking_key(shipment),
            carrier_code: None,
            carrier_name: None,
            carrier_url: None,
            tracking_number: parcel.tracking_number.clone(),
        };
        let mut wants_number = self.mandatory_tracking(at).await?;
        match (code, row.and_then(|r| r.carrier_name.clone())) {
            (Some(code), _) => {
                let carriers = self.carriers(at).await?;
                let Some(carrier) = carriers.into_iter().find(|c| c.code == code) else {
                    return Ok(Err(Problem::new(Kind::UnregisteredCarrier)
                        .with("carrier_code", evidence(&code))));
                };
                wants_number |= carrier
                    .tracking_url
                    .as_deref()
                    .is_some_and(|u| u.contains("{trackingId}"));
                sending.carrier_code = Some(code);
            }
            (None, Some(name)) => {
                if !self.takes_other_carriers(at).await? {
                    return Ok(Err(Problem::new(Kind::UnregisteredCarrier)
                        .with("carrier_name", evidence(&name))));
                }
                let url = row.and_then(|r| r.carrier_url.clone());
                let number = parcel.tracking_number.as_deref().unwrap_or_default();
                sending.carrier_url = url
                    .map(|u| u.replace("{trackingId}", number))
                    .or_else(|| parcel.tracking_url.clone());
                sending.carrier_name = Some(name);
            }
            (None, None) => {
                return Ok(Err(Problem::new(Kind::UnmappedCarrier)
                    .with("ship_via", evidence(&shipment.ship_via))
                    .with("carrier", evidence(&shipment.carrier))
                    .with("shipment", evidence(&shipment.shipment_id))));
            }
        }
        if wants_number && sending.tracking_number.is_none() {
            return Ok(Err(Problem::new(Kind::TrackingMissing)
                .with("shipping_type_code", evidence(&at.row.order.shipping_type))
                .with("shipment", evidence(&shipment.shipment_id))));
        }
        Ok(Ok(sending))
    }

    /// Confirms the shipment of the whole order.
    ///
    /// Safe to repeat: guarded by the order's state; what became of a doubtful call is read back.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn confirm_shipment(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let at = self.situation(key).await?;
        if at.step() != Step::ConfirmShipment {
            return self.decide(key).await;
        }
        let effect = Step::ConfirmShipment.as_str();
        let intent = self.intend(key, effect, "{}", at.mapped.version).await?;
        let window = at.window();
        let doubted = &at.row.progress.shipment;
        if let (Some(read_after), Sent::No) = (unfinished(&intent, window), doubted) {
            let doubtful = |p: &mut Progress| doubt_sent(&mut p.shipment, read_after);
            return self.doubt(&at, &intent, effect, doubtful).await;
        }
        let admitted = self.admit(To::Mirakl(at.shop), "OR24").await?;
        let attempt = self.before_sending(&intent, "OR24", window).await?;
        self.in_time(&attempt).await?;
        let confirming = at.shop.client.confirm_shipment(&key.order_id);
        match admitted.send(confirming).await {
            Ok(()) => {
                let event = NewEvent {
                    what: "shipment_confirmed",
                    detail: vec![],
                };
                let told = parcels_of(&at);
                self.done(key, &intent, event, |p| {
                    p.shipment = Sent::Yes;
                    p.told = told.clone();
                })
                .await
            }
            Err(error) if error.fate() == Fate::Unknown => {
                self.ended(&attempt, Ended::Lost).await?;
                let read_after = attempt.shows();
                let doubtful = |p: &mut Progress| doubt_sent(&mut p.shipment, read_after);
                self.doubt(&at, &intent, effect, doubtful).await
            }
            Err(error) if is_refusal(error.retry(), error.fate()) => {
                if is_proven(doubted, &intent, window, at.row.order.read_at) {
                    return self
                        .refused(&at, &Step::ConfirmShipment, &intent, &error)
                        .await;
                }
                let read_after = self.now();
                self.ended(&attempt, Ended::NotDone).await?;
                let doubtful = |p: &mut Progress| doubt_sent(&mut p.shipment, read_after);
                self.doubt(&at, &intent, effect, doubtful).await
            }
            Err(error) => {
                let fate = error.fate();
                Err(self.after_failing(&attempt, fate, error.into()).await)
            }
        }
    }
}

/// Every parcel of an order that goes as one shipment: those told before keep how they were told.
fn parcels_of(at: &Situation<'_>) -> Vec<ToldParcel> {
    let mut told = at.row.progress.told.clone();
    for named in parcel::left(&at.row.shipments) {
        if !told.iter().any(|one| one.parcel == named.name) {
            told.push(ToldParcel {
                parcel: named.name,
                version: named.shipment.version,
                lines: named.parcel.lines.clone(),
                call: ToldBy::Order,
                shipment: None,
                at: at.now,
            });
        }
    }
    told
}
