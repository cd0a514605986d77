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
        let units = self
            .sent
            .iter()
            .filter(|s| s.counts())
            .map(|s| &s.item.cause);
        units
            .map(|cause| match cause {
                Cause::ShortShip {
                    order_line_id: id,
                    from,
                    to,
                } if id == order_line_id => to.saturating_sub(*from),
                _ => 0,
            })
            .fold(0, u32::saturating_add)
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
        let before = sent.saturating_add(self.short_by_memo.get(id).copied().unwrap_or(0));
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
    pub(in super::super) fn short(&mut self, short: &Short) -> Option<Planned> {
        let id = &short.order_line_id;
        let by_memo = self.short_by_memo.get(id).copied().unwrap_or(0);
        let from = self.short_sent(id).saturating_add(by_memo);
        if short.quantity <= from {
            return None;
        }
        let cause = Cause::ShortShip {
            order_line_id: id.clone(),
            from,
            to: short.quantity,
        };
        let park = |problem| Some(parked(cause.clone(), id, problem));
        let Some(paid) = self.order.line(id) else {
            return park(Problem::NeverSold {
                order_line_id: id.clone(),
            });
        };
        let item = match self.short_item(paid, from, short.quantity, &cause) {
            Ok(item) => item,
            Err(problem) => return park(problem),
        };
        if item.money.is_nothing() {
            return None;
        }
        if let Some(refund_id) = self.answer(id, &item.money) {
            return Some(Planned::Answered { item, refund_id });
        }
        let slack = minor(self.digits);
        let fitted = fit(paid, &item.money, self.flights(id), slack);
        match fitted {
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

    fn short_item(
        &self,
        paid: &PaidLine,
        from: u32,
        to: u32,
        cause: &Cause,
    ) -> Result<RefundItem, Problem> {
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
            cause: cause.clone(),
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
