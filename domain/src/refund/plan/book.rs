//! The state of one plan: what is on the way for each line, and which refunds of others are free.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::judge::{amounts, reason};
use super::{
    Cause, CreditMemo, MemoLine, Money, PaidOrder, Parked, Planned, Problem, RefundItem, Rules,
    Sent, SentState, Short, cause,
};
use crate::mapping::same_code;
use crate::money::minor_digits;
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
    /// By line: short units that memos stand for.
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

/// Everything that leaves with an item, what the marketplace adds included.
fn whole(item: &RefundItem) -> Money {
    let mut money = item.money.clone();
    money.taxes.extend(item.computed.taxes.iter().cloned());
    money
        .shipping_taxes
        .extend(item.computed.shipping_taxes.iter().cloned());
    money
}

/// Mirakl's ID of a refund, once it is known.
fn refund_id(sent: &Sent) -> Option<&str> {
    match &sent.state {
        SentState::Done { refund_id } => Some(refund_id),
        SentState::Unknown | SentState::Refused => None,
    }
}

impl<'a> Book<'a> {
    pub(super) fn open(order: &'a PaidOrder, sent: &'a [Sent], rules: &'a Rules) -> Self {
        let back = read_back(sent, order);
        let mut in_flight: BTreeMap<String, Vec<Money>> = BTreeMap::new();
        for (n, send) in sent.iter().enumerate() {
            // Credits that stand for one refund are on the way once.
            let id = refund_id(send);
            if id.is_some() && sent.iter().take(n).any(|s| refund_id(s) == id) {
                continue;
            }
            let line = order.line(&send.item.order_line_id);
            let shown = match &send.state {
                SentState::Refused => continue,
                SentState::Done { refund_id } => {
                    line.is_some_and(|l| l.refunds.iter().any(|r| r.id == *refund_id))
                }
                SentState::Unknown => back.found.iter().any(|(found, _)| *found == n),
            };
            if !shown {
                let line = in_flight.entry(send.item.order_line_id.clone());
                line.or_default().push(whole(&send.item));
            }
        }
        Self {
            order,
            sent,
            rules,
            digits: minor_digits(&order.currency),
            in_flight,
            foreign: back.foreign,
            orphans: vec![],
            short_by_memo: BTreeMap::new(),
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

    /// A refund of somebody else of just this money.
    fn answer_of_others(&mut self, order_line_id: &str, money: &Money) -> Option<String> {
        let place = self.foreign.iter().position(|f| {
            let shown = &f.refund.money;
            f.order_line_id == order_line_id
                && shown.amount == money.amount
                && shown.shipping == money.shipping
        })?;
        Some(self.foreign.remove(place).refund.id)
    }

    /// A refund that no credit stands for any more: of somebody else, or for a memo that was voided
    /// since. It is spent by asking.
    fn answer(&mut self, order_line_id: &str, money: &Money) -> Option<String> {
        self.answer_of_others(order_line_id, money).or_else(|| {
            let place = self.orphans.iter().position(|(sent, _)| {
                let item = &sent.item;
                item.order_line_id == order_line_id
                    && item.money.amount == money.amount
                    && item.money.shipping == money.shipping
            })?;
            Some(self.orphans.remove(place).1.to_owned())
        })
    }

    /// Lets the refunds of voided memos stand for other credits.
    pub(super) fn orphan(&mut self, memo: &CreditMemo) {
        let free = self.refunded_for(memo);
        let free = free.filter_map(|(_, sent)| Some((sent, refund_id(sent)?)));
        let free: Vec<_> = free.filter(|(sent, _)| !self.is_taken_over(sent)).collect();
        self.orphans.extend(free);
    }

    /// Does another credit stand for the same refund?
    fn is_taken_over(&self, sent: &Sent) -> bool {
        let of_others = self.sent.iter().filter(|s| s.item.cause != sent.item.cause);
        refund_id(sent).is_some_and(|id| of_others.into_iter().any(|s| refund_id(s) == Some(id)))
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
            if line.kind == MemoKind::ShortShip {
                self.count_short(line);
            }
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
                if let Some(refund_id) = self.answer(id, &item.money) {
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
        let is_answer = self.foreign.iter().any(|f| {
            f.order_line_id == *id
                && f.refund.money.amount == amount
                && f.refund.money.shipping == line.shipping
        });
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
