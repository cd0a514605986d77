//! A small Mirakl: one order, by the operator's rules and not by this program's.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::tests::Case;
use super::{Part, at, cents};
use crate::order::{Order, State};
use crate::refund::{Money, PaidTax, ShownRefund, TaxPart, TaxRule};
use crate::shipment::Quantity;

/// Why Mirakl refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not where the order or its line stands.
    State,
    /// More than is left.
    TooMuch,
}

/// What the order looks like besides what is shown of it.
#[derive(Clone, Debug)]
pub struct Mirakl {
    /// As Mirakl shows it now.
    pub order: Order,
    /// Units of each line that left, and that need not leave as they were repaid.
    pub shipped: Vec<u32>,
    pub excluded: Vec<u32>,
    /// Refunds after which their units need not leave, by ID.
    pub excluding: Vec<String>,
    /// Shipments, by their package.
    pub parcels: Vec<(String, Vec<Quantity>)>,
    /// Earlier sights, and since when.
    sights: Vec<(i64, Order)>,
    next_id: u32,
    /// Grows with each change.
    pub version: i64,
}

impl Mirakl {
    pub fn new(sold: &Case) -> Self {
        let lines = sold.order.lines.len();
        Self {
            order: sold.order.clone(),
            shipped: vec![0; lines],
            excluded: vec![0; lines],
            excluding: vec![],
            parcels: vec![],
            sights: vec![(0, sold.order.clone())],
            next_id: 0,
            version: 0,
        }
    }

    /// The order as a reader sees it whose copy lags so many seconds behind.
    pub fn read(&self, now: i64, lag: i64) -> Order {
        let mut sights = self.sights.iter().rev();
        let seen = sights.find(|(since, _)| *since <= now - lag);
        let mut order = seen.map_or_else(|| self.sights[0].1.clone(), |(_, order)| order.clone());
        order.read_at = at(now);
        order
    }

    pub fn place(&self, line_id: &str) -> usize {
        let mut lines = self.order.lines.iter();
        lines.position(|l| l.line_id == line_id).unwrap()
    }

    /// Units of a line that are still to leave.
    pub fn left(&self, place: usize) -> u32 {
        let line = &self.order.lines[place];
        line.quantity - line.canceled - self.shipped[place] - self.excluded[place]
    }

    pub fn is_paid(&self) -> bool {
        self.order.debited_at.is_some()
    }

    /// What is left of a part of a line's money.
    pub fn remaining(&self, place: usize, part: Part) -> Decimal {
        let line = &self.order.paid.as_ref().unwrap().lines[place];
        let whole = match part {
            Part::Price => line.amount,
            Part::Shipping => line.shipping,
            Part::Tax(n) => line.taxes[n].amount,
        };
        let gone = line
            .refunds
            .iter()
            .map(|r| &r.money)
            .chain(&line.cancelations);
        whole - gone.map(|money| part.of(money, line)).sum::<Decimal>()
    }

    /// OR28, or the same in the portal.
    pub fn refund(
        &mut self,
        now: i64,
        place: usize,
        asked: &Money,
        quantity: u32,
        reason: &str,
        is_excluded: bool,
    ) -> Result<String, Refusal> {
        let takes = matches!(
            self.order.state,
            State::Shipping | State::Shipped | State::Received
        );
        let line_off = self.order.lines[place].state == State::Canceled;
        if !self.is_paid() || !takes || line_off {
            return Err(Refusal::State);
        }
        let money = self.with_computed(place, asked);
        self.fits(place, &money)?;
        self.next_id += 1;
        let id = format!("R{}", self.next_id);
        self.paid(place).refunds.push(ShownRefund {
            id: id.clone(),
            reason_code: Some(reason.to_owned()),
            quantity,
            created_at: Some(at(now)),
            money,
        });
        if is_excluded {
            self.excluding.push(id.clone());
            self.excluded[place] += quantity.min(self.left(place));
        }
        let spent = [Part::Price, Part::Shipping];
        let is_whole = spent
            .iter()
            .all(|part| self.remaining(place, *part).is_zero());
        if is_whole {
            self.end_dispute(place);
        }
        self.changed(now);
        Ok(id)
    }

    /// Units fall away: by the seller before money was taken (OR30), or by the operator.
    pub fn cancel(
        &mut self,
        now: i64,
        place: usize,
        quantity: u32,
        asked: &Money,
        by_seller: bool,
    ) -> Result<(), Refusal> {
        let before = [State::WaitingDebit, State::Shipping];
        if !before.contains(&self.order.state) || (by_seller && self.is_paid()) {
            return Err(Refusal::State);
        }
        if quantity == 0 || quantity > self.left(place) {
            return Err(Refusal::TooMuch);
        }
        let money = self.with_computed(place, asked);
        self.fits(place, &money)?;
        self.paid(place).cancelations.push(money);
        let line = &mut self.order.lines[place];
        line.canceled += quantity;
        if line.canceled == line.quantity {
            line.state = State::Canceled;
        }
        self.changed(now);
        Ok(())
    }

    /// OR29, or the operator calls the whole order off: before anything left.
    pub fn cancel_whole(&mut self, now: i64, by_seller: bool) -> Result<(), Refusal> {
        let before = [State::WaitingDebit, State::Shipping].contains(&self.order.state);
        let left = self.shipped.iter().any(|n| *n > 0);
        if !before || left || (by_seller && !self.order.can_cancel) {
            return Err(Refusal::State);
        }
        for line in &mut self.order.lines {
            line.state = State::Canceled;
        }
        self.order.state = State::Canceled;
        self.changed(now);
        Ok(())
    }

    /// ST01 of one parcel, or OR24 of everything where no parcel is named.
    pub fn ship(&mut self, now: i64, parcel: Option<(&str, &[Quantity])>) -> Result<(), Refusal> {
        if self.order.state != State::Shipping {
            return Err(Refusal::State);
        }
        let Some((name, lines)) = parcel else {
            for place in 0..self.shipped.len() {
                self.shipped[place] += self.left(place);
            }
            self.changed(now);
            return Ok(());
        };
        let fits = |q: &Quantity| q.quantity <= self.left(self.place(&q.line_id));
        if !lines.iter().all(fits) {
            return Err(Refusal::TooMuch);
        }
        for q in lines {
            let place = self.place(&q.line_id);
            self.shipped[place] += q.quantity;
        }
        self.parcels.push((name.to_owned(), lines.to_vec()));
        self.changed(now);
        Ok(())
    }

    pub fn pay(&mut self, now: i64) {
        if self.is_paid() || self.order.state == State::Canceled {
            return;
        }
        self.order.debited_at = Some(at(now));
        if self.order.state == State::WaitingDebit {
            self.order.state = State::Shipping;
            self.order.has_address = true;
        }
        self.changed(now);
    }

    pub fn receive(&mut self, now: i64) {
        if self.order.state == State::Shipped {
            self.order.state = State::Received;
            self.changed(now);
        }
    }

    /// The operator pays the refunds out: lines repaid in full are done with.
    pub fn pay_back(&mut self, now: i64) {
        for place in 0..self.shipped.len() {
            let has_any = !self.paid(place).refunds.is_empty();
            let parts = [Part::Price, Part::Shipping];
            let is_whole = parts
                .iter()
                .all(|part| self.remaining(place, *part).is_zero());
            if has_any && is_whole && self.order.lines[place].state != State::Canceled {
                self.order.lines[place].state = State::Refunded;
            }
        }
        self.changed(now);
    }

    pub fn dispute(&mut self, now: i64, place: usize) {
        let line = &mut self.order.lines[place];
        if line.state == State::Shipping || line.state == State::Shipped {
            line.state = State::IncidentOpen;
            self.changed(now);
        }
    }

    pub fn end_disputes(&mut self, now: i64) {
        (0..self.shipped.len()).for_each(|place| self.end_dispute(place));
        self.changed(now);
    }

    fn end_dispute(&mut self, place: usize) {
        if self.order.lines[place].state == State::IncidentOpen {
            self.order.lines[place].state = self.order.state.clone();
        }
    }

    fn paid(&mut self, place: usize) -> &mut crate::refund::PaidLine {
        &mut self.order.paid.as_mut().unwrap().lines[place]
    }

    /// Mirakl computes proportional taxes itself, to the cent, and never more than is left.
    fn with_computed(&self, place: usize, asked: &Money) -> Money {
        let line = &self.order.paid.as_ref().unwrap().lines[place];
        let mut money = asked.clone();
        for (n, tax) in line.taxes.iter().enumerate() {
            if tax.rule != TaxRule::ProportionalToAmount || line.amount.is_zero() {
                continue;
            }
            assert!(
                asked.taxes.iter().all(|t| t.code != tax.code),
                "it is never sent"
            );
            let amount = share(tax, asked.amount, line.amount);
            money.taxes.push(TaxPart {
                code: tax.code.clone(),
                amount: amount.min(self.remaining(place, Part::Tax(n))),
            });
        }
        money
    }

    fn fits(&self, place: usize, money: &Money) -> Result<(), Refusal> {
        let line = &self.order.paid.as_ref().unwrap().lines[place];
        let fits = Part::all(line).into_iter().all(|part| {
            let amount = part.of(money, line);
            amount >= cents(0) && amount <= self.remaining(place, part)
        });
        fits.then_some(()).ok_or(Refusal::TooMuch)
    }

    /// Nothing is left to leave: then the order is shipped, or called off where all was canceled.
    fn changed(&mut self, now: i64) {
        let all_left = (0..self.shipped.len()).all(|place| self.left(place) == 0);
        if self.order.state == State::Shipping && all_left {
            let is_off = self.order.lines.iter().all(|l| l.state == State::Canceled);
            self.order.state = if is_off {
                State::Canceled
            } else {
                State::Shipped
            };
        }
        let is_off = self.order.lines.iter().all(|l| l.state == State::Canceled);
        if is_off {
            self.order.state = State::Canceled;
        }
        let is_over = |l: &crate::order::Line| matches!(l.state, State::Refunded | State::Canceled);
        if !is_off && self.order.lines.iter().all(is_over) {
            self.order.state = State::Closed;
        }
        let state = self.order.state.clone();
        for line in &mut self.order.lines {
            let ended = [State::Refunded, State::Canceled, State::IncidentOpen];
            if !ended.contains(&line.state) {
                line.state = state.clone();
            }
        }
        let before = matches!(state, State::WaitingDebit | State::Shipping);
        let left = self.shipped.iter().any(|n| *n > 0);
        self.order.can_cancel = before && !left && !self.is_paid();
        self.order.updated_at = at(now);
        self.version += 1;
        self.sights.push((now, self.order.clone()));
    }
}

/// A tax's share of a part of the price, to the cent.
pub fn share(tax: &PaidTax, part: Decimal, whole: Decimal) -> Decimal {
    let exact = tax.amount * part / whole;
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
