//! Refunds that stand on Mirakl and that nothing was sent for: which credit each stands for.

use super::super::judge::reason;
use super::super::{Cause, CreditMemo, MemoLine, Money, RefundItem, Sent, cause};
use super::{Book, pieces};
use crate::refund::memo::MemoKind;
use crate::refund::read_back::Foreign;

/// May the refund of a voided memo stand for another credit?
pub(super) fn is_free_for(sent: &Sent, order_line_id: &str, money: &Money, is_short: bool) -> bool {
    let old = &sent.item;
    old.order_line_id == order_line_id
        && old.excluded_from_shipment == is_short
        && old.money.amount == money.amount
        && old.money.shipping == money.shipping
}

impl<'a> Book<'a> {
    /// Keeps a refund of others for the line of a posted memo that it stands for in all that shows: money,
    /// pieces and reason. So none is spent on another credit of the same money.
    pub(in super::super) fn know_again(&mut self, memo: &CreditMemo, line: &MemoLine) {
        let cause = cause(memo, line);
        let amount = line.goods.checked_sub(line.restocking_fee);
        let otherwise = self.otherwise(line.kind == MemoKind::ShortShip);
        let reason = reason(line.reason_code.as_deref(), otherwise, self.rules).ok();
        let (Some(amount), Some(reason)) = (amount, reason) else {
            return;
        };
        if self.sent_for(&cause).is_some() || self.known.contains_key(&cause) {
            return;
        }
        let is_it = |f: &Foreign| {
            let shown = &f.refund;
            f.order_line_id == line.order_line_id
                && shown.money.amount == amount
                && shown.money.shipping == line.shipping
                && shown.quantity == pieces(line)
                && shown.reason_code.as_ref() == Some(&reason)
        };
        if let Some(place) = self.foreign.iter().position(is_it) {
            self.known.insert(cause, self.foreign.remove(place));
        }
    }

    /// A refund of somebody else of just this money; it is spent by asking. One with the same reason and
    /// pieces comes first: it may be ours, from before a ledger was lost.
    pub(super) fn answer_of_others(&mut self, item: &RefundItem) -> Option<String> {
        if let Some(known) = self.known.remove(&item.cause) {
            return Some(known.refund.id);
        }
        let (id, money, is_short) = (
            &item.order_line_id,
            &item.money,
            item.excluded_from_shipment,
        );
        let is_it = |f: &Foreign| self.may_answer(f, id, money, is_short);
        let is_ours = |f: &Foreign| {
            let reason = f.refund.reason_code.as_ref();
            is_it(f) && f.refund.quantity == item.quantity && reason == Some(&item.reason_code)
        };
        let ours = self.foreign.iter().position(is_ours);
        let place = ours.or_else(|| self.foreign.iter().position(is_it))?;
        Some(self.foreign.remove(place).refund.id)
    }

    /// May a refund of others stand for a credit of this money? One for units that fell short stands for
    /// no goods that came back, where the reasons differ.
    fn may_answer(&self, foreign: &Foreign, id: &str, money: &Money, is_short: bool) -> bool {
        let shown = &foreign.refund;
        let short = self.rules.short_reason.as_ref();
        let tells_short = shown.reason_code.is_some()
            && shown.reason_code.as_ref() == short
            && short != self.rules.memo_reason.as_ref();
        foreign.order_line_id == id
            && shown.money.amount == money.amount
            && shown.money.shipping == money.shipping
            && (is_short || !tells_short)
    }

    /// A refund that no credit stands for any more: of somebody else, or for a memo that was voided
    /// since. It is spent by asking.
    pub(super) fn answer(&mut self, item: &RefundItem) -> Option<String> {
        if let Some(refund_id) = self.answer_of_others(item) {
            return Some(refund_id);
        }
        let (id, is_short) = (&item.order_line_id, item.excluded_from_shipment);
        let is_it = |(sent, _): &(&Sent, &str)| is_free_for(sent, id, &item.money, is_short);
        let place = self.orphans.iter().position(is_it)?;
        let (sent, refund_id) = self.orphans.remove(place);
        if sent.item.excluded_from_shipment
            && let Some(units) = self.short_by_memo.get_mut(&sent.item.order_line_id)
        {
            *units = units.saturating_sub(sent.item.quantity);
        }
        Some(refund_id.to_owned())
    }

    /// Is there such a refund?
    pub(super) fn has_answer(
        &self,
        cause: &Cause,
        order_line_id: &str,
        money: &Money,
        is_short: bool,
    ) -> bool {
        let mut of_others = self.foreign.iter();
        let of_others = of_others.any(|f| self.may_answer(f, order_line_id, money, is_short));
        let is_it = |(sent, _): &(&Sent, &str)| is_free_for(sent, order_line_id, money, is_short);
        self.known.contains_key(cause) || of_others || self.orphans.iter().any(is_it)
    }

    /// Lets the refunds of voided memos stand for other credits.
    pub(in super::super) fn orphan(&mut self, memo: &CreditMemo) {
        let all: Vec<&Sent> = self.refunded_for(memo).map(|(_, sent)| sent).collect();
        for sent in all {
            match sent.refund_id() {
                Some(refund_id) if !self.is_taken_over(sent) => {
                    self.orphans.push((sent, refund_id));
                }
                Some(_) => {}
                None => self.doubts.push(sent),
            }
        }
    }

    /// Does a later credit stand for the same refund?
    pub(super) fn is_taken_over(&self, sent: &Sent) -> bool {
        let mut later = self.sent.iter().rev();
        let last = later.find(|other| other.refund_id() == sent.refund_id());
        sent.refund_id().is_some() && last.is_some_and(|last| last.item.cause != sent.item.cause)
    }
}
