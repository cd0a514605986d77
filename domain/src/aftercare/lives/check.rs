//! What holds at every moment of a life, and what holds once it has come to rest.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::tests::{A, B};
use super::super::*;
use super::driver::World;
use super::erp::Written;
use super::{Part, cents};
use crate::refund::{Cause, MemoStatus, Money, RefundItem, SentState};
use crate::step::Wait;

/// How often a life that nothing happens to any more is looked at until it rests.
const ROUNDS: usize = 16;

impl World {
    /// No more goes back than was paid, no cause pays twice, no unit is settled twice.
    pub fn check(&self) -> Result<(), String> {
        // Of equal ones in doubt nobody can tell which was done, so they count together.
        for (_, item) in &self.taken {
            let is_equal = |other: &RefundItem| {
                other.order_line_id == item.order_line_id
                    && other.money == item.money
                    && other.excluded_from_shipment == item.excluded_from_shipment
            };
            let taken = self
                .taken
                .iter()
                .filter(|(_, other)| is_equal(other))
                .count();
            let asked = self.asked.iter().filter(|other| is_equal(other));
            let causes: BTreeSet<_> = asked.map(|other| other.cause.key()).collect();
            if taken > causes.len() {
                return Err(format!("{taken} times repaid for {causes:?}"));
            }
        }
        for (place, id) in [A, B].into_iter().enumerate() {
            self.check_money(place, id)?;
            let short = |item: &RefundItem| match &item.cause {
                Cause::ShortShip { from, to, .. } => to - from,
                Cause::CreditMemo { .. } if item.excluded_from_shipment => item.quantity,
                Cause::CreditMemo { .. } => 0,
            };
            let taken = self
                .taken
                .iter()
                .filter(|(_, item)| item.order_line_id == id);
            let repaid: u32 = taken.map(|(_, item)| short(item)).sum();
            let goods = |item: &RefundItem| !item.excluded_from_shipment;
            let taken = self
                .taken
                .iter()
                .filter(|(_, item)| item.order_line_id == id);
            let goods = taken.filter(|(_, item)| goods(item)).count();
            let credits = self.erp.memos.iter().filter(|w| w.is_credit_of(id)).count();
            if goods > credits {
                return Err(format!("{id}: {goods} repaid, {credits} credited"));
            }
            let canceled = self.canceled.iter().filter(|c| c.order_line_id == id);
            let canceled: u32 = canceled.map(|c| c.to - c.from).sum();
            let owed = self.erp.lines[place].by_house;
            if repaid + canceled > owed {
                return Err(format!(
                    "{id}: {repaid} repaid, {canceled} canceled, {owed} fell short"
                ));
            }
        }
        Ok(())
    }

    fn check_money(&self, place: usize, id: &str) -> Result<(), String> {
        let line = &self.mirakl.order.paid.as_ref().unwrap().lines[place];
        for part in Part::all(line) {
            let of = |money: &Money| part.of(money, line);
            let taken = self
                .taken
                .iter()
                .filter(|(_, item)| item.order_line_id == id);
            let repaid: Decimal = taken.map(|(_, i)| of(&i.money) + of(&i.computed)).sum();
            let canceled = self.canceled.iter().filter(|c| c.order_line_id == id);
            let canceled: Decimal = canceled.map(|c| of(&c.money)).sum();
            let paid = self.mirakl.remaining(place, part) + self.gone(place, part);
            if repaid + canceled > paid || self.mirakl.remaining(place, part) < cents(0) {
                return Err(format!("{id} {part:?}: {repaid} + {canceled} of {paid}"));
            }
        }
        Ok(())
    }

    fn gone(&self, place: usize, part: Part) -> Decimal {
        let line = &self.mirakl.order.paid.as_ref().unwrap().lines[place];
        let gone = line
            .refunds
            .iter()
            .map(|r| &r.money)
            .chain(&line.cancelations);
        gone.map(|money| part.of(money, line)).sum()
    }

    /// A refund goes out for a posted memo, or for units that BlueCherry canceled.
    pub fn check_cause(&self, item: &RefundItem) -> Result<(), String> {
        let is_caused = match &item.cause {
            Cause::CreditMemo { number, .. } => {
                let credits = &self.case.care.papers.credits;
                credits
                    .iter()
                    .any(|m| m.number == *number && m.status == MemoStatus::Posted)
            }
            Cause::ShortShip {
                order_line_id, to, ..
            } => *to <= self.erp.lines[self.mirakl.place(order_line_id)].canceled,
        };
        if is_caused {
            Ok(())
        } else {
            Err(format!("without a cause: {:?}", item.cause))
        }
    }

    /// Nothing happens any more but what has to: the money comes, the warehouse ends, both are read.
    pub fn settle(&mut self) -> Result<Step, String> {
        self.faults.clear();
        self.mirakl.end_disputes(self.now);
        let mut before = None;
        for _ in 0..ROUNDS {
            self.now += 700;
            self.mirakl.pay(self.now);
            if self.case.progress.released && !self.erp.is_over {
                self.erp.ship(self.now, [u32::MAX; 2], true);
            }
            if self.erp.is_over {
                (0..2).for_each(|place| self.erp.cancel_by_house(place, u32::MAX));
            }
            self.pull_order(0);
            self.pull_erp();
            self.sweep();
            let step = self.run()?;
            self.check()?;
            let rests = (
                step.clone(),
                self.mirakl.version,
                self.case.progress.clone(),
            );
            if before.as_ref() == Some(&rests) {
                return Ok(step);
            }
            before = Some(rests);
        }
        Err(format!("it does not come to rest: {:?}", self.case.step()))
    }

    pub fn check_end(&self, step: &Step) -> Result<(), String> {
        let parked = self.case.parked();
        let asks = matches!(step, Step::Wait(Wait::Person(_)));
        let unit_asked = |id: &str| {
            let ours = [format!("short/{id}/"), format!("cancel/{id}/")];
            let is_short = |p: &String| self.is_short_memo(p);
            let starts = |p: &String| ours.iter().any(|start| p.starts_with(start));
            // Nobody can see for which units a refund was that somebody else made, or a ledger since lost.
            let may_be = self.forgets > 0 || self.is_disturbed;
            let is_elsewhere = |p: &String| may_be && p.starts_with("refund/");
            parked
                .iter()
                .any(|p| starts(p) || is_short(p) || is_elsewhere(p))
        };
        for (place, id) in [A, B].into_iter().enumerate() {
            let line = &self.mirakl.order.lines[place];
            let units = &self.erp.lines[place];
            let is_off = line.state == State::Canceled;
            let (shipped, excluded) = (self.mirakl.shipped[place], self.mirakl.excluded[place]);
            let canceled = if is_off {
                line.quantity - shipped - excluded
            } else {
                line.canceled
            };
            // What was repaid in full before Mirakl was told of it cannot be told any more.
            let is_closed = line.state == State::Refunded && self.case.order.state == State::Closed;
            let agree = is_closed && shipped < units.shipped
                || shipped == units.shipped && canceled + excluded == units.canceled;
            // Where parcels gather, one line that waits keeps the whole order.
            let asked = if self.case.several {
                unit_asked(id)
            } else {
                unit_asked(A) || unit_asked(B)
            };
            let may_guess = self.is_disturbed || self.forgets > 0;
            let guessed = may_guess && self.is_guessed(id);
            if !(agree || asks || asked || guessed) {
                return Err(format!(
                    "{id}: Mirakl has {shipped} shipped, {canceled} canceled, {excluded} repaid; \
                     BlueCherry {units:?}; {step:?} {parked:?} {:?}",
                    self.case.progress
                ));
            }
        }
        self.check_credits(&parked)
    }

    /// Was a refund of the portal, or from before a ledger was lost, taken for another than it was, by its
    /// amount? Mirakl does not show whether it waits for the units of one.
    fn is_guessed(&self, id: &str) -> bool {
        let known = self.case.progress.care.refunds.iter();
        let mut known = known.filter(|sent| sent.item.order_line_id == id);
        known.any(|sent| {
            let excludes = |id: &str| self.mirakl.excluding.iter().any(|one| one == id);
            let shown = sent.refund_id().map(excludes);
            shown.is_some_and(|shown| shown != sent.item.excluded_from_shipment)
        })
    }

    fn is_short_memo(&self, parked: &str) -> bool {
        let credits = &self.case.care.papers.credits;
        credits.iter().any(|memo| {
            let is_short = memo
                .lines
                .iter()
                .any(|l| l.kind == crate::refund::MemoKind::ShortShip);
            is_short && parked.starts_with(&format!("memo/{}/", memo.number))
        })
    }

    /// Every posted, good memo is repaid; one that cannot be is a person's.
    fn check_credits(&self, parked: &[String]) -> Result<(), String> {
        for written in &self.erp.memos {
            let memo = &written.memo;
            if memo.status != MemoStatus::Posted {
                continue;
            }
            let key = format!("memo/{}/1", memo.number);
            let done = |sent: &crate::refund::Sent| {
                matches!(sent.state, SentState::Done { .. }) && sent.item.cause.key() == key
            };
            let is_repaid = self.case.progress.care.refunds.iter().any(done);
            let start = format!("{key}:");
            let is_parked = parked.iter().any(|p| p.starts_with(&start));
            let line = &memo.lines[0];
            let place = self.mirakl.place(&line.order_line_id);
            let is_nothing = line.goods.is_zero() && line.shipping.is_zero() && line.tax.is_zero();
            // Of two that are the same, either may be the one that counts.
            let is_twin = |w: &&Written| {
                w.memo.number != memo.number
                    && w.memo.ra_number == memo.ra_number
                    && w.memo.status == MemoStatus::Posted
            };
            let has_twin = self.erp.memos.iter().any(|w| is_twin(&w));
            // What a lost ledger is not sure of is not repaid unseen.
            let is_unsure = self.forgets > 0 && parked.contains(&format!("{key}: refund_unsure"));
            let is_odd = has_twin || is_unsure || !written.is_good;
            let may_park = is_odd || self.is_disturbed || self.has_overlap(place);
            let over = [State::Canceled, State::Closed].contains(&self.case.order.state);
            let stopped = |s: &Stop| s.is_parked && s.subject == key;
            let doubtful = self.case.progress.care.stops.iter().any(stopped);
            let is_fine = is_repaid || is_nothing || (is_parked && (may_park || over || doubtful));
            if !is_fine {
                return Err(format!("{memo:?} is not repaid: {parked:?}"));
            }
        }
        Ok(())
    }

    /// Did both sides give the same units up, each for its own reason, or was one repaid by the rule and
    /// credited as well?
    fn has_overlap(&self, place: usize) -> bool {
        let line = &self.mirakl.order.lines[place];
        let id = &line.line_id;
        let ours = self.canceled.iter().filter(|c| c.order_line_id == *id);
        let ours: u32 = ours.map(|c| c.to - c.from).sum();
        let by_rule = |(_, item): &(String, RefundItem)| {
            item.order_line_id == *id && matches!(item.cause, Cause::ShortShip { .. })
        };
        let units = &self.erp.lines[place];
        let is_short_twice =
            units.short_credited > 0 && (ours > 0 || self.taken.iter().any(by_rule));
        let is_sent_in_vain = units.shipped > self.mirakl.shipped[place];
        (line.canceled > ours && units.by_house > 0) || is_short_twice || is_sent_in_vain
    }
}
