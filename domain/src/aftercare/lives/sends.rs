//! Writes that bind money: of each the answer may be lost, before or after Mirakl did it.

use super::super::*;
use super::driver::{LAG, World};
use super::mirakl::Refusal;
use super::{Fault, at};
use crate::progress::Sent as Told;
use crate::refund::{RefundItem, SentState};
use crate::step::UNKNOWNS_MAX;

/// How long a call may take.
pub const CALL: i64 = 10;

/// A send that stands in the ledger.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    unknowns: usize,
    /// Its worker was killed over it: from when on Mirakl must show it.
    unfinished: Option<i64>,
}

/// What became of a call.
pub enum Became<T> {
    Known(Result<T, Refusal>),
    Lost,
    /// The worker did not live to see it.
    Killed,
}

impl World {
    /// Sends a call, of which the answer may be lost before or after Mirakl did it.
    pub fn send<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Became<T> {
        self.now += 1;
        match self.faults.pop_front() {
            Some(Fault::Lost(is_done)) => {
                if is_done {
                    drop(call(self));
                }
                Became::Lost
            }
            Some(Fault::Killed(is_done)) => {
                if is_done {
                    drop(call(self));
                }
                Became::Killed
            }
            None | Some(Fault::None) => Became::Known(call(self)),
        }
    }

    pub fn shows(&self) -> i64 {
        self.now + CALL + LAG
    }

    fn doubt(&mut self, until: i64) {
        let care = &mut self.case.progress.care;
        care.read_after = care.read_after.max(Some(at(until)));
    }

    /// Is an earlier send of this unfinished, and the order read too early to tell?
    fn unfinished(&self, effect: &str) -> Option<i64> {
        let until = self
            .intents
            .get(effect)
            .and_then(|intent| intent.unfinished)?;
        (self.case.order.read_at < at(until)).then_some(until)
    }

    fn is_parked(&mut self, effect: &str, subject: &str) -> bool {
        let unknowns = self.intents.get(effect).map_or(0, |intent| intent.unknowns);
        let parks = unknowns >= UNKNOWNS_MAX;
        if parks {
            self.stop(subject, Kind::OutcomeUnknown);
        }
        parks
    }

    fn stop(&mut self, subject: &str, kind: Kind) {
        let versions = self.case.versions;
        self.case.progress.care.unstop(subject);
        self.case.progress.care.stops.push(Stop {
            subject: subject.to_owned(),
            problem: Problem::new(kind),
            look_at: None,
            mapping_version: versions.mapping,
            order_version: versions.order,
            shipments_version: versions.shipments,
            is_parked: kind == Kind::OutcomeUnknown,
        });
    }

    fn refused(&mut self, subject: &str, kind: Kind, refusal: Refusal) -> Result<(), String> {
        self.intents.remove(subject);
        self.stop(subject, kind);
        if self.read == self.mirakl.version && self.mirakl.is_paid() {
            return Err(format!(
                "{subject} was refused ({refusal:?}) with the order in sight"
            ));
        }
        Ok(())
    }

    fn lost(&mut self, effect: &str, is_killed: bool) {
        let until = self.shows();
        let intent = self.intents.entry(effect.to_owned()).or_default();
        intent.unknowns += 1;
        intent.unfinished = is_killed.then_some(until);
    }

    pub fn refund(&mut self, item: RefundItem) -> Result<(), String> {
        let cause = item.cause.key();
        if let Some(until) = self.unfinished(&cause) {
            self.push(item, SentState::Unknown);
            self.doubt(until);
            return Ok(());
        }
        if self.is_parked(&cause, &cause) {
            return Ok(());
        }
        self.check_cause(&item)?;
        self.asked.push(item.clone());
        let sent = item.clone();
        let became = self.send(|world| {
            let place = world.mirakl.place(&sent.order_line_id);
            let (now, reason) = (world.now, &sent.reason_code);
            let done = world.mirakl.refund(
                now,
                place,
                &sent.money,
                sent.quantity,
                reason,
                sent.excluded_from_shipment,
            );
            if done.is_ok() {
                world.taken.push((sent.cause.key(), sent.clone()));
            }
            done
        });
        match became {
            Became::Known(Ok(refund_id)) => {
                self.intents.remove(&cause);
                self.push(item, SentState::Done { refund_id });
                self.case.progress.care.unstop(&cause);
            }
            Became::Known(Err(refusal)) => self.refused(&cause, Kind::RefundRefused, refusal)?,
            Became::Lost => {
                self.lost(&cause, false);
                self.push(item, SentState::Unknown);
                self.doubt(self.shows());
            }
            Became::Killed => self.lost(&cause, true),
        }
        Ok(())
    }

    pub fn cancel_line(&mut self, item: CancelationItem) -> Result<(), String> {
        let key = item.key();
        if let Some(until) = self.unfinished(&key) {
            self.put(&item, false);
            self.doubt(until);
            return Ok(());
        }
        if self.is_parked(&key, &key) {
            return Ok(());
        }
        let sent = item.clone();
        let became = self.send(|world| {
            let place = world.mirakl.place(&sent.order_line_id);
            let (now, quantity) = (world.now, sent.to - sent.from);
            let done = world.mirakl.cancel(now, place, quantity, &sent.money, true);
            if done.is_ok() {
                world.canceled.push(sent);
            }
            done
        });
        match became {
            Became::Known(Ok(())) => {
                self.intents.remove(&key);
                self.put(&item, true);
                self.case.progress.care.unstop(&key);
            }
            Became::Known(Err(refusal)) => self.refused(&key, Kind::MarketplaceRefused, refusal)?,
            Became::Lost => {
                self.lost(&key, false);
                self.put(&item, false);
                self.doubt(self.shows());
            }
            Became::Killed => self.lost(&key, true),
        }
        Ok(())
    }

    fn put(&mut self, item: &CancelationItem, is_done: bool) {
        let all = &mut self.case.progress.care.cancelations;
        all.retain(|one| one.key() != item.key());
        all.push(SentCancelation {
            order_line_id: item.order_line_id.clone(),
            from: item.from,
            to: item.to,
            is_done,
        });
    }

    pub fn cancel_order(&mut self) -> Result<(), String> {
        let until = at(self.shows());
        let became = self.send(|world| world.mirakl.cancel_whole(world.now, true));
        self.case.progress.order_cancelled = match became {
            Became::Known(Ok(())) => Told::Yes,
            Became::Known(Err(_)) if self.read == self.mirakl.version => {
                return Err("OR29 was refused with the order in sight".to_owned());
            }
            Became::Known(Err(_)) | Became::Lost | Became::Killed => {
                Told::Doubtful { read_after: until }
            }
        };
        Ok(())
    }
}
