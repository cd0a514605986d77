//! Units that will not come, in a plan: each is refunded once, by a memo or without one.

use super::super::judge::{reason, sold};
use super::super::{Cause, MemoLine, Money, Planned, Problem, RefundItem, Short};
use super::{Book, parked};
use crate::refund::TaxRule;
use crate::refund::order::PaidLine;
use crate::refund::short::{fit, units};
use crate::refund::tax::{Rest, minor};

impl Book<'_> {
    /// Units of a line that were refunded as short, without a memo.
    fn short_sent(&self, order_line_id: &str) -> u32 {
        self.short_windows(order_line_id)
            .map(|(from, to)| to.saturating_sub(from))
            .fold(0, u32::saturating_add)
    }

    /// The same as ranges of units.
    fn short_windows(&self, order_line_id: &str) -> impl Iterator<Item = (u32, u32)> {
        let sent = self.sent.iter().filter(|s| s.counts());
        sent.filter_map(move |s| match &s.item.cause {
            Cause::ShortShip {
                order_line_id: id,
                from,
                to,
            } if id == order_line_id => Some((*from, *to)),
            _ => None,
        })
    }

    pub(super) fn count_short(&mut self, line: &MemoLine) {
        let units = self
            .short_by_memo
            .entry(line.order_line_id.clone())
            .or_default();
        *units = units.saturating_add(line.quantity.unwrap_or(0));
    }

    /// Units that were refunded as short are not credited as short again.
    pub(super) fn short_once(
        &self,
        paid: &PaidLine,
        line: &MemoLine,
        shorts: &[Short],
    ) -> Result<(), Problem> {
        let id = &line.order_line_id;
        let quantity = line.quantity.unwrap_or(0);
        let sent = self.short_sent(id);
        // What was repaid for a voided memo may be what this one stands for.
        let orphans = self.orphans.iter().map(|(sent, _)| &sent.item);
        let free = orphans
            .filter(|item| item.order_line_id == *id && item.excluded_from_shipment)
            .map(|item| item.quantity)
            .fold(0, u32::saturating_add);
        let by_memo = self.short_by_memo.get(id).copied().unwrap_or(0);
        let before = sent.saturating_add(by_memo.saturating_sub(free));
        let confirmed = shorts
            .iter()
            .find(|s| s.order_line_id == *id)
            .map(|s| s.quantity);
        let most = match (sent, confirmed) {
            (0, _) => paid.quantity,
            (_, confirmed) => confirmed.unwrap_or(0).min(paid.quantity),
        };
        if before.saturating_add(quantity) > most {
            return Err(Problem::ShortTwice {
                quantity,
                refunded: before,
                sold: paid.quantity,
            });
        }
        Ok(())
    }

    /// Units that the ERP will not ship, as far as nothing was refunded for them.
    ///
    /// What refunds of others stand for comes first; the rest is planned once that is noted.
    pub(in super::super) fn short(&mut self, short: &Short) -> Vec<Planned> {
        let id = &short.order_line_id;
        let Some((mut from, to)) = self.free_units(short) else {
            return vec![];
        };
        let mut answered = vec![];
        while let Some((upto, one)) = self.short_answered(id, from, to) {
            answered.push(one);
            from = upto;
        }
        if !answered.is_empty() {
            return answered;
        }
        self.short_left(id, from, to).into_iter().collect()
    }

    /// The first units in a row that neither a refund nor a memo stands for.
    fn free_units(&self, short: &Short) -> Option<(u32, u32)> {
        let id = &short.order_line_id;
        let sent: Vec<(u32, u32)> = self.short_windows(id).collect();
        let is_sent = |unit: u32| sent.iter().any(|(from, to)| (*from..*to).contains(&unit));
        let by_memo = self.short_by_memo.get(id).copied().unwrap_or(0);
        let skip = usize::try_from(by_memo).unwrap_or(usize::MAX);
        let mut free = (0..short.quantity)
            .filter(|unit| !is_sent(*unit))
            .skip(skip);
        let from = free.next()?;
        let to = (from..short.quantity).find(|unit| is_sent(*unit));
        Some((from, to.unwrap_or(short.quantity)))
    }

    /// The next units that a refund of others stands for, and up to which. They may have been refunded
    /// a few at a time, by a program that has forgotten it.
    fn short_answered(&mut self, id: &str, from: u32, to: u32) -> Option<(u32, Planned)> {
        let paid = self.order.line(id)?;
        let most = to.min(paid.quantity);
        (from.saturating_add(1)..=most).rev().find_map(|to| {
            let item = self.short_item(paid, from, to).ok()?;
            let has_money = !item.money.is_nothing();
            let refund_id = has_money.then(|| self.answer_of_others(&item)).flatten()?;
            Some((to, Planned::Answered { item, refund_id }))
        })
    }

    fn short_left(&mut self, id: &str, from: u32, to: u32) -> Option<Planned> {
        let cause = short_cause(id, from, to);
        let park = |problem| Some(parked(cause.clone(), id, problem));
        let Some(paid) = self.order.line(id) else {
            return park(Problem::NeverSold {
                order_line_id: id.to_owned(),
            });
        };
        let item = match self.short_item(paid, from, to) {
            Ok(item) => item,
            Err(problem) => return park(problem),
        };
        if item.money.is_nothing() {
            return None;
        }
        if let Some(problem) = self.short_elsewhere(&item, paid) {
            return park(problem);
        }
        let slack = minor(self.digits);
        match fit(paid, &item.money, self.flights(id), slack) {
            Ok(money) => {
                let rest = Rest {
                    line: paid,
                    in_flight: self.flights(id),
                    digits: self.digits,
                };
                let computed = rest.computed(money.amount, money.shipping);
                Some(self.take(RefundItem {
                    money,
                    computed,
                    ..item
                }))
            }
            Err(problem) => park(problem),
        }
    }

    /// Did somebody else refund short units of the line, for another amount? It may be what this stands
    /// for, so a person says.
    pub(super) fn short_elsewhere(&self, item: &RefundItem, paid: &PaidLine) -> Option<Problem> {
        let same = self.foreign.iter().filter(|f| {
            f.order_line_id == item.order_line_id
                && f.refund.reason_code.as_ref() == Some(&item.reason_code)
        });
        let mut same = same.peekable();
        if !item.excluded_from_shipment || self.rules.approved.contains(&item.cause.key()) {
            return None;
        }
        same.peek()?;
        Some(Problem::ShortTwice {
            quantity: item.quantity,
            refunded: same.map(|f| f.refund.quantity).fold(0, u32::saturating_add),
            sold: paid.quantity,
        })
    }

    fn short_item(&self, paid: &PaidLine, from: u32, to: u32) -> Result<RefundItem, Problem> {
        sold(paid, &self.order.currency)?;
        if to > paid.quantity {
            return Err(Problem::ShortTwice {
                quantity: to - from,
                refunded: from,
                sold: paid.quantity,
            });
        }
        let taxes = paid.taxes.iter().chain(&paid.shipping_taxes);
        for tax in taxes {
            if let TaxRule::Unknown(word) = &tax.rule {
                return Err(Problem::UnknownWord { word: word.clone() });
            }
        }
        Ok(RefundItem {
            cause: short_cause(&paid.order_line_id, from, to),
            order_line_id: paid.order_line_id.clone(),
            quantity: to - from,
            money: units(paid, from, to, self.digits),
            computed: Money::default(),
            reason_code: reason(None, self.rules.short_reason.as_ref(), self.rules)?,
            currency: self.order.currency.clone(),
            excluded_from_shipment: true,
        })
    }
}

fn short_cause(order_line_id: &str, from: u32, to: u32) -> Cause {
    Cause::ShortShip {
        order_line_id: order_line_id.to_owned(),
        from,
        to,
    }
}
