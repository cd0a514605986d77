//! The program over the two small systems: each step performed as the activities do it.

use std::collections::{BTreeMap, VecDeque};

use super::super::tests::Case;
use super::super::*;
use super::erp::Erp;
use super::mirakl::Mirakl;
use super::sends::{Became, CALL, Intent};
use super::{Fault, at, pieces_of};
use crate::fulfillment::{next_step, open_quantities, tracking_key};
use crate::parcel::{ToldBy, ToldParcel, untold};
use crate::progress::{Blocked, Cancelled, Sent as Told};
use crate::refund::{Planned, RefundItem, Sent, SentState};
use crate::shipment::{Quantity, Shipped, missing, shipped};

/// How far a reader's copy of Mirakl may lag behind.
pub const LAG: i64 = 30;

/// Both systems, and what the program knows of them.
pub struct World {
    pub now: i64,
    pub mirakl: Mirakl,
    pub erp: Erp,
    /// What the program read last, and where it stands.
    pub case: Case,
    /// Version of Mirakl's order that was read.
    pub read: i64,
    pub erp_read: i64,
    pub faults: VecDeque<Fault>,
    pub intents: BTreeMap<String, Intent>,
    /// What Mirakl was asked to repay, done or not, and what it took, by cause.
    pub asked: Vec<RefundItem>,
    pub taken: Vec<(String, RefundItem)>,
    pub canceled: Vec<CancelationItem>,
    /// How often the ledger was lost.
    pub forgets: usize,
    /// Somebody besides us took money off the lines.
    pub is_disturbed: bool,
}

impl World {
    pub fn new(case: Case) -> Self {
        let ordered: Vec<u32> = case.order.lines.iter().map(|l| l.quantity).collect();
        Self {
            now: 20,
            mirakl: Mirakl::new(&case),
            erp: Erp::new([ordered[0], ordered[1]]),
            case,
            read: 0,
            erp_read: 0,
            faults: VecDeque::new(),
            intents: BTreeMap::new(),
            taken: vec![],
            canceled: vec![],
            forgets: 0,
            asked: vec![],
            is_disturbed: false,
        }
    }

    /// Mirakl's order is read, from a copy that lags behind; an older one than is known changes nothing.
    pub fn pull_order(&mut self, lag: i64) {
        let order = self.mirakl.read(self.now, lag);
        if order.updated_at < self.case.order.updated_at {
            return;
        }
        let is_news = Order {
            read_at: self.case.order.read_at,
            ..order.clone()
        } != self.case.order;
        self.case.versions.order += i64::from(is_news);
        self.read = if lag == 0 { self.mirakl.version } else { -1 };
        self.case.order = order;
    }

    pub fn pull_erp(&mut self) {
        if self.erp_read == self.erp.version {
            return;
        }
        self.erp_read = self.erp.version;
        self.case.versions.shipments += 1;
        self.case.shipments = self.erp.shipments.clone();
        self.case.care.papers.credits = self.erp.memos.iter().map(|w| w.memo.clone()).collect();
    }

    /// The sweep looks the sales order up and notes units that nobody knew of.
    pub fn sweep(&mut self) {
        let known = self.case.progress.care.erp_units.clone();
        let canceled = known.as_ref().map(|units| units.canceled.clone());
        let state = &self.case.order.state;
        let may_still_ship = state.is_past_acceptance() && !state.is_shipped();
        let is_news = canceled.unwrap_or_default() != self.erp.canceled();
        if may_still_ship && is_news && self.case.progress.cancelled.is_none() {
            let late = known.map_or(vec![], |units| units.not_canceled);
            self.note_units(late);
        }
    }

    /// The ledger is lost, and what both systems show is all that is known.
    pub fn forget(&mut self) {
        self.now += 2 * (LAG + CALL);
        let is_gone = self
            .erp
            .lines
            .iter()
            .all(|units| units.canceled == units.ordered);
        let p = &mut self.case.progress;
        p.care = Care {
            refunds_lost_at: Some(at(self.now)),
            ..Care::default()
        };
        (p.blocked, p.tracking, p.told) = (None, None, vec![]);
        (p.shipment, p.order_cancelled) = (Told::No, Told::No);
        p.cancelled = is_gone.then_some(Cancelled { not_cancelled: 0 });
        p.released &= !is_gone;
        self.intents.clear();
        self.forgets += 1;
        self.pull_order(0);
        self.pull_erp();
        if !self.case.several && self.case.order.state.is_shipped() {
            let shipped = self.case.clone();
            let open = open_quantities(&shipped.progress, &shipped.order, &shipped.shipments);
            if let Shipped::Whole(shipment, _) = crate::shipment::shipped(&open, &shipped.shipments)
            {
                self.case.progress.tracking = Some(tracking_key(shipment));
                self.case.progress.shipment = Told::Yes;
            }
        }
    }

    /// Runs until the order waits.
    pub fn run(&mut self) -> Result<Step, String> {
        for _ in 0..60 {
            self.case.now = self.now;
            self.case.progress.absorb(&self.case.order.clone());
            self.adopt();
            let step = next_step(&self.case.progress, &self.case.facts());
            if matches!(step, Step::Wait(_) | Step::Done(_)) {
                return Ok(step);
            }
            if self.wants_a_look(&step) {
                continue;
            }
            self.now += 1;
            self.perform(&step)?;
            self.check()?;
        }
        Err(format!("no end: {:?}", self.case.step()))
    }

    /// Before money goes back the order is read once more.
    fn wants_a_look(&mut self, step: &Step) -> bool {
        let gives = matches!(step, Step::Refund | Step::CancelLines);
        let wants = gives && !is_fresh(&self.case.progress, &self.case.facts());
        if wants {
            let since = at(self.now);
            let care = &mut self.case.progress.care;
            care.looked = Some(Looked {
                shipments_version: self.case.versions.shipments,
                since,
            });
            care.read_after = care.read_after.max(Some(since));
        }
        wants
    }

    fn adopt(&mut self) {
        for one in planned(&self.case.progress, &self.case.facts()) {
            if let Planned::Answered { item, refund_id } = one {
                self.intents.remove(&item.cause.key());
                let cause = item.cause.key();
                self.push(item, SentState::Done { refund_id });
                self.case.progress.care.unstop(&cause);
            }
        }
    }

    pub fn push(&mut self, item: RefundItem, state: SentState) {
        let all = &mut self.case.progress.care.refunds;
        if !all
            .iter()
            .any(|s| s.item.cause == item.cause && s.state != SentState::Refused)
        {
            all.push(Sent {
                item,
                sent_at: at(self.now),
                state,
            });
        }
    }

    fn perform(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Release => self.release(),
            Step::ReadUnits => self.note_units(vec![]),
            Step::CancelUnits => self.cancel_units(),
            Step::CancelSalesOrder => {
                let late = (0..2).map(|place| {
                    let units = self.erp.lines[place];
                    self.erp.cancel(place, units.ordered - units.canceled)
                });
                let late = late.sum();
                self.case.progress.cancelled = Some(Cancelled {
                    not_cancelled: late,
                });
            }
            Step::CancelLines => {
                for item in cancelations_due(&self.case.progress, &self.case.facts()) {
                    self.cancel_line(item)?;
                }
            }
            Step::CancelOrder => self.cancel_order()?,
            Step::Refund => {
                for item in refunds_due(&self.case.progress, &self.case.facts()) {
                    self.refund(item)?;
                }
            }
            Step::SendTracking => {
                let open = self.open();
                if let Shipped::Whole(shipment, _) = shipped(&open, &self.case.shipments) {
                    self.case.progress.tracking = Some(tracking_key(shipment));
                }
            }
            Step::ConfirmShipment => self.confirm(),
            Step::TellParcels => self.tell_parcels(),
            other => return Err(format!("nobody expects {other:?}")),
        }
        Ok(())
    }

    fn open(&self) -> Vec<Quantity> {
        open_quantities(&self.case.progress, &self.case.order, &self.case.shipments)
    }

    fn release(&mut self) {
        let is_gone = self
            .erp
            .lines
            .iter()
            .all(|units| units.canceled == units.ordered);
        let known = self
            .case
            .progress
            .care
            .erp_units
            .as_ref()
            .map(|u| u.canceled.clone());
        if !is_gone {
            self.case.progress.released = true;
        } else if self.case.policy.short_ship == ShortShip::Refund
            && self.case.progress.cancelled.is_none()
            && known.unwrap_or_default() != self.erp.canceled()
        {
            self.note_units(vec![]);
        } else {
            self.block(&Step::Release, Kind::CancelledInErp);
        }
    }

    fn block(&mut self, step: &Step, kind: Kind) {
        let versions = self.case.versions;
        self.case.progress.blocked = Some(Blocked {
            step: step.as_str().to_owned(),
            problem: Problem::new(kind),
            mapping_version: versions.mapping,
            order_version: versions.order,
            shipments_version: versions.shipments,
            look_at: None,
        });
    }

    fn note_units(&mut self, not_canceled: Vec<Quantity>) {
        let canceled = self.erp.canceled();
        let open = self.open();
        let is_short = shipped(&open, &self.case.shipments) == Shipped::Short;
        let settled = |id: &str| {
            let line = self.case.order.lines.iter().find(|l| l.line_id == id);
            line.map_or(0, canceled_on_mirakl) + self.case.progress.care.excluded(id)
        };
        let waits = missing(&open, &self.case.shipments).iter().any(|q| {
            pieces_of(&canceled, &q.line_id).saturating_sub(settled(&q.line_id)) < q.quantity
        });
        self.case.progress.care.erp_units = Some(ErpUnits {
            look_at: (is_short && waits).then(|| at(self.now + 600)),
            canceled,
            not_canceled,
            shipments_version: self.case.versions.shipments,
        });
    }

    fn cancel_units(&mut self) {
        // The rows tell better than what was noted of them.
        let mut fresh = self.case.clone();
        fresh.erp_canceled(&[]);
        fresh.progress.care.erp_units.as_mut().unwrap().canceled = self.erp.canceled();
        let mut late = vec![];
        for due in to_cancel_in_erp(&fresh.progress, &fresh.facts()) {
            let place = self.mirakl.place(&due.line_id);
            let quantity = self.erp.cancel(place, due.quantity);
            if quantity > 0 {
                late.push(Quantity { quantity, ..due });
            }
        }
        if !matches!(
            self.faults.pop_front(),
            Some(Fault::Lost(_) | Fault::Killed(_))
        ) {
            self.note_units(late);
        }
    }

    fn confirm(&mut self) {
        let until = at(self.shows());
        let became = self.send(|world| world.mirakl.ship(world.now, None));
        let done = match became {
            Became::Known(done) => done.is_ok(),
            Became::Lost | Became::Killed => false,
        };
        if done {
            for named in untold(&self.case.progress.clone(), &self.case.shipments.clone()) {
                self.told(&named, ToldBy::Order);
            }
        }
        self.case.progress.shipment = match done {
            true => Told::Yes,
            false => Told::Doubtful { read_after: until },
        };
    }

    fn told(&mut self, named: &crate::parcel::Named<'_>, call: ToldBy) {
        self.case.progress.told.push(ToldParcel {
            parcel: named.name.clone(),
            version: named.shipment.version,
            lines: named.parcel.lines.clone(),
            call,
            shipment: (call == ToldBy::Shipment).then(|| "m-1".to_owned()),
            at: at(self.now),
        });
    }

    fn tell_parcels(&mut self) {
        let (progress, shipments) = (self.case.progress.clone(), self.case.shipments.clone());
        for named in untold(&progress, &shipments) {
            let is_there = self
                .mirakl
                .parcels
                .iter()
                .any(|(name, _)| *name == named.name);
            if is_there {
                self.told(&named, ToldBy::Shipment);
            } else if self.case.order.state != State::Shipping {
                self.told(&named, ToldBy::Elsewhere);
            } else {
                let parcel = (named.name.as_str(), named.parcel.lines.as_slice());
                match self.send(|world| world.mirakl.ship(world.now, Some(parcel))) {
                    Became::Known(Ok(())) => self.told(&named, ToldBy::Shipment),
                    Became::Known(Err(_)) => {
                        self.block(&Step::TellParcels, Kind::MarketplaceRefused)
                    }
                    Became::Lost | Became::Killed => {}
                }
            }
        }
    }
}
