//! The state of one plan: what is on the way for each line, and which refunds of others are free.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::judge::{amounts, reason};
use super::{
    Cause, CreditMemo, MemoLine, Money, PaidOrder, Parked, Planned, Problem, RefundItem, Rules,
    Sent, Short, cause,
};
use crate::mapping::same_code;
use crate::money::minor_digits;
use crate::refund::flights::{in_flight, is_repeat, whole};
use crate::refund::memo::MemoKind;
use crate::refund::read_back::{Foreign, read_back};
use crate::refund::short::fit;
use crate::refund::tax::{Rest, taxes};
use answer::is_free_for;

mod answer;
mod short;

pub(super) struct Book<'a> {
    order: &'a PaidOrder,
    sent: &'a [Sent],
    rules: &'a Rules,
    digits: u32,
    /// By line: sent or planned, and not shown.
    in_flight: BTreeMap<String, Vec<Money>>,
    /// Refunds of others that no credit stands for yet.
    foreign: Vec<Foreign>,
    /// Of those, what a credit stands for by its reason and pieces as well: it may be ours, from before a
    /// ledger was lost.
    known: BTreeMap<Cause, Foreign>,
    /// Refunds for memos that were voided since, with their IDs.
    orphans: Vec<(&'a Sent, &'a str)>,
    /// The same, of which it is not known whether they went out.
    doubts: Vec<&'a Sent>,
    /// By line: short units that memos stand for, those included that were repaid for one that was
    /// voided or changed since.
    short_by_memo: BTreeMap<String, u32>,
    seen: BTreeSet<Cause>,
}

fn parked(cause: Cause, order_line_id: &str, problem: Problem) -> Planned {
    Planned::Parked(Parked {
        cause,
        order_line_id: order_line_id.to_owned(),
        problem,
    })
}

/// Price and shipping, for a person to compare.
fn face(money: &Money) -> Decimal {
    money.amount + money.shipping
}

/// Pieces that a credit is for, as Mirakl is told.
fn pieces(line: &MemoLine) -> u32 {
    match line.kind {
        MemoKind::Allowance => 0,
        _ => line.quantity.unwrap_or(0),
    }
}

/// Short units that were repaid for memos, by line, each refund once.
fn short_by_memo(sent: &[Sent]) -> BTreeMap<String, u32> {
    let mut units: BTreeMap<String, u32> = BTreeMap::new();
    for (place, send) in sent.iter().enumerate() {
        let item = &send.item;
        let by_memo = matches!(item.cause, Cause::CreditMemo { .. });
        if by_memo && item.excluded_from_shipment && send.counts() && !is_repeat(sent, place) {
            let of_line = units.entry(item.order_line_id.clone()).or_default();
            *of_line = of_line.saturating_add(item.quantity);
        }
    }
    units
}

impl<'a> Book<'a> {
    pub(super) fn open(order: &'a PaidOrder, sent: &'a [Sent], rules: &'a Rules) -> Self {
        let back = read_back(sent, order);
        Self {
            order,
            sent,
            rules,
            digits: minor_digits(&order.currency),
            in_flight: in_flight(sent, order),
            foreign: back.foreign,
            known: BTreeMap::new(),
            orphans: vec![],
            doubts: vec![],
            short_by_memo: short_by_memo(sent),
            seen: BTreeSet::new(),
        }
    }

    fn sent_for(&self, cause: &Cause) -> Option<&'a Sent> {
        self.sent
            .iter()
            .find(|s| s.counts() && s.item.cause == *cause)
    }

    fn flights(&self, order_line_id: &str) -> &[Money] {
        self.in_flight.get(order_line_id).map_or(&[], Vec::as_slice)
    }

    /// The reason of a credit whose own is not mapped.
    fn otherwise(&self, is_short: bool) -> Option<&'a String> {
        let short = self.rules.short_reason.as_ref().filter(|_| is_short);
        short.or(self.rules.memo_reason.as_ref())
    }

    /// Books what is about to leave.
    fn take(&mut self, item: RefundItem) -> Planned {
        let line = self.in_flight.entry(item.order_line_id.clone());
        line.or_default().push(whole(&item));
        Planned::Refund(item)
    }

    /// One line of a posted memo.
    pub(super) fn credit(
        &mut self,
        memo: &CreditMemo,
        line: &MemoLine,
        shorts: &[Short],
        twin: Option<&str>,
    ) -> Option<Planned> {
        let cause = cause(memo, line);
        let id = &line.order_line_id;
        let park = |problem| Some(parked(cause.clone(), id, problem));
        if !self.seen.insert(cause.clone()) {
            return park(Problem::PostedTwice {
                first: memo.number.clone(),
            });
        }
        if let Some(sent) = self.sent_for(&cause) {
            let now = line
                .goods
                .checked_sub(line.restocking_fee)
                .and_then(|g| g.checked_add(line.shipping));
            let before = face(&sent.item.money);
            let same = now == Some(before) && sent.item.order_line_id == *id;
            return if same {
                None
            } else {
                park(Problem::ChangedAfterRefund {
                    credited: now.unwrap_or(line.goods),
                    refunded: before,
                })
            };
        }
        if let Some(first) = twin
            && !self.rules.approved.contains(&cause.key())
        {
            return park(Problem::PostedTwice {
                first: first.to_owned(),
            });
        }
        match self.item_of(memo, line, shorts, &cause) {
            Ok(Some(item)) => {
                if line.kind == MemoKind::ShortShip {
                    self.count_short(line);
                }
                if let Some(refund_id) = self.answer(&item) {
                    return Some(Planned::Answered { item, refund_id });
                }
                let paid = self.order.line(id);
                if let Some(problem) = paid.and_then(|paid| self.short_elsewhere(&item, paid)) {
                    return park(problem);
                }
                let fits =
                    paid.map(|paid| fit(paid, &whole(&item), self.flights(id), Decimal::ZERO));
                match fits {
                    Some(Err(problem)) => park(problem),
                    _ => Some(self.take(item)),
                }
            }
            Ok(None) => None,
            Err(problem) => park(problem),
        }
    }

    /// The refund of a memo's line, without a look at what is left of price and shipping.
    fn item_of(
        &self,
        memo: &CreditMemo,
        line: &MemoLine,
        shorts: &[Short],
        cause: &Cause,
    ) -> Result<Option<RefundItem>, Problem> {
        let id = &line.order_line_id;
        let Some(paid) = self.order.line(id) else {
            return Err(Problem::NeverSold {
                order_line_id: id.clone(),
            });
        };
        let currency = &self.order.currency;
        if let Some(credited) = memo.currency.as_ref().filter(|c| !same_code(c, currency)) {
            return Err(Problem::OtherCurrency {
                credited: credited.clone(),
                paid: currency.clone(),
            });
        }
        if let MemoKind::Unknown(word) = &line.kind {
            return Err(Problem::UnknownWord { word: word.clone() });
        }
        amounts(line, paid, currency)?;
        let is_short = line.kind == MemoKind::ShortShip;
        if is_short {
            self.short_once(paid, line, shorts)?;
        }
        let amount = line.goods - line.restocking_fee;
        let flights = self.flights(id);
        // Before the taxes, so that a credit above the rest says so, and not something about taxes.
        let bare = Money {
            amount,
            shipping: line.shipping,
            ..Money::default()
        };
        // It may be what this one replaces; the next look at the order tells.
        let is_it = |sent: &&Sent| is_free_for(sent, id, &bare, is_short);
        if self.doubts.iter().any(is_it) {
            return Ok(None);
        }
        let is_answer = self.has_answer(cause, id, &bare, is_short);
        let (given, computed) = if is_answer {
            (Money::default(), Money::default())
        } else {
            fit(paid, &bare, flights, Decimal::ZERO)?;
            let rest = Rest {
                line: paid,
                in_flight: flights,
                digits: self.digits,
            };
            taxes(rest, line, amount, line.shipping)?
        };
        let money = Money {
            taxes: given.taxes,
            shipping_taxes: given.shipping_taxes,
            ..bare
        };
        if money.is_nothing() {
            return Ok(None);
        }
        let otherwise = self.otherwise(is_short);
        Ok(Some(RefundItem {
            cause: cause.clone(),
            order_line_id: id.clone(),
            quantity: pieces(line),
            money,
            computed,
            reason_code: reason(line.reason_code.as_deref(), otherwise, self.rules)?,
            currency: currency.clone(),
            excluded_from_shipment: is_short,
        }))
    }

    /// Lines that were refunded and that the memo does not have any more.
    pub(super) fn vanished(&self, memo: &CreditMemo) -> Vec<Planned> {
        self.refunded_for(memo)
            .filter(|(line_id, _)| !memo.lines.iter().any(|l| l.line_id == **line_id))
            .map(|(_, sent)| {
                let problem = Problem::ChangedAfterRefund {
                    credited: Decimal::ZERO,
                    refunded: face(&sent.item.money),
                };
                parked(sent.item.cause.clone(), &sent.item.order_line_id, problem)
            })
            .collect()
    }

    /// What was refunded for a memo that was voided since.
    pub(super) fn voided(&self, memo: &CreditMemo) -> Vec<Planned> {
        self.refunded_for(memo)
            .filter(|(_, sent)| !self.is_taken_over(sent))
            .map(|(_, sent)| {
                let refunded = face(&sent.item.money);
                let problem = Problem::VoidedAfterRefund { refunded };
                parked(sent.item.cause.clone(), &sent.item.order_line_id, problem)
            })
            .collect()
    }

    fn refunded_for<'b>(
        &self,
        memo: &'b CreditMemo,
    ) -> impl Iterator<Item = (&'a String, &'a Sent)> + use<'a, 'b> {
        let number = memo.number.as_str();
        self.sent
            .iter()
            .filter(|s| s.counts())
            .filter_map(move |s| match &s.item.cause {
                Cause::CreditMemo { number: n, line_id } if n == number => Some((line_id, s)),
                _ => None,
            })
    }
}
