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
    /// Refunds for memos that were voided since, with their IDs.
    orphans: Vec<(&'a Sent, &'a str)>,
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

/// May the refund of a voided memo stand for another credit?
fn is_free_for(sent: &Sent, order_line_id: &str, money: &Money, is_short: bool) -> bool {
    let old = &sent.item;
    old.order_line_id == order_line_id
        && old.excluded_from_shipment == is_short
        && old.money.amount == money.amount
        && old.money.shipping == money.shipping
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
            orphans: vec![],
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

    /// Books what is about to leave.
    fn take(&mut self, item: RefundItem) -> Planned {
        let line = self.in_flight.entry(item.order_line_id.clone());
        line.or_default().push(whole(&item));
        Planned::Refund(item)
    }

    /// A refund of somebody else of just this money, or of the last minor units less; spent by asking.
    fn answer_of_others(&mut self, item: &RefundItem, slack: Decimal) -> Option<String> {
        let (line, money) = (&item.order_line_id, &item.money);
        let fits = |shown: Decimal, meant: Decimal| shown <= meant && shown + slack >= meant;
        let place = self.foreign.iter().position(|f| {
            let shown = &f.refund.money;
            f.order_line_id == *line
                && fits(shown.amount, money.amount)
                && fits(shown.shipping, money.shipping)
        })?;
        Some(self.foreign.remove(place).refund.id)
    }

    /// A refund that no credit stands for any more: of somebody else, or for a memo that was voided
    /// since. It is spent by asking.
    fn answer(&mut self, item: &RefundItem) -> Option<String> {
        if let Some(refund_id) = self.answer_of_others(item, Decimal::ZERO) {
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
    fn has_answer(&self, order_line_id: &str, money: &Money, is_short: bool) -> bool {
        let of_others = self.foreign.iter().any(|f| {
            let shown = &f.refund.money;
            f.order_line_id == order_line_id
                && shown.amount == money.amount
                && shown.shipping == money.shipping
        });
        let is_it = |(sent, _): &(&Sent, &str)| is_free_for(sent, order_line_id, money, is_short);
        of_others || self.orphans.iter().any(is_it)
    }

    /// Lets the refunds of voided memos stand for other credits.
    pub(super) fn orphan(&mut self, memo: &CreditMemo) {
        let free = self.refunded_for(memo);
        let free = free.filter_map(|(_, sent)| Some((sent, sent.refund_id()?)));
        let free: Vec<_> = free.filter(|(sent, _)| !self.is_taken_over(sent)).collect();
        self.orphans.extend(free);
    }

    /// Does another credit stand for the same refund?
    fn is_taken_over(&self, sent: &Sent) -> bool {
        let of_others = self.sent.iter().filter(|s| s.item.cause != sent.item.cause);
        sent.refund_id()
            .is_some_and(|id| of_others.into_iter().any(|s| s.refund_id() == Some(id)))
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
                let fits = self
                    .order
                    .line(id)
                    .map(|paid| fit(paid, &whole(&item), self.flights(id), Decimal::ZERO));
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
        let is_answer = self.has_answer(id, &bare, is_short);
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
        let otherwise = if is_short {
            self.rules
                .short_reason
                .as_ref()
                .or(self.rules.memo_reason.as_ref())
        } else {
            self.rules.memo_reason.as_ref()
        };
        Ok(Some(RefundItem {
            cause: cause.clone(),
            order_line_id: id.clone(),
            quantity: match line.kind {
                MemoKind::Allowance => 0,
                _ => line.quantity.unwrap_or(0),
            },
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
