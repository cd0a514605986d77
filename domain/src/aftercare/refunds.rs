//! Which refunds are sent now, and what keeps the others.

use std::collections::{BTreeMap, BTreeSet};

use super::care::Care;
use super::{is_disputed, is_stopped, units, units_settled_by_rule};
use crate::exception::{Kind, Problem};
use crate::fulfillment::Facts;
use crate::order::{Order, State};
use crate::progress::Progress;
use crate::refund::{self, Cause, Foreign, Parked, Planned, RefundItem, read_back, remaining};

/// What becomes of each credit of the order.
pub fn planned(progress: &Progress, facts: &Facts<'_>) -> Vec<Planned> {
    let Some(paid) = &facts.order.paid else {
        return vec![];
    };
    let (credits, shorts) = (
        &facts.aftercare.papers.credits,
        // Before money was taken, short units are canceled and not repaid.
        match facts.order.debited_at {
            Some(_) if units_settled_by_rule(facts) => units::shorts(progress, facts),
            _ => vec![],
        },
    );
    let sent = &progress.care.refunds;
    if credits.is_empty() && shorts.is_empty() && sent.is_empty() {
        return vec![];
    }
    let planned = refund::plan(credits, &shorts, paid, sent, &facts.aftercare.rules);
    without_canceled(planned, progress, facts)
}

/// Parks credits for short units that were canceled on Mirakl: their money fell away with them.
fn without_canceled(planned: Vec<Planned>, progress: &Progress, facts: &Facts<'_>) -> Vec<Planned> {
    let care = &progress.care;
    let mut settled: BTreeMap<String, u32> = BTreeMap::new();
    let shorts = units::shorts(progress, facts);
    let judge = |one| {
        let Planned::Refund(item) = &one else {
            return one;
        };
        let id = &item.order_line_id;
        let sold = facts.order.lines.iter().find(|l| l.line_id == *id);
        let canceled = sold.map_or(0, |line| care.canceled(line));
        let by_memo = matches!(item.cause, Cause::CreditMemo { .. });
        if !by_memo || !item.excluded_from_shipment || canceled == 0 {
            return one;
        }
        let owed = shorts.iter().find(|short| short.order_line_id == *id);
        let owed = owed.map_or(0, |short| short.quantity);
        let before = settled.entry(id.clone()).or_insert(care.excluded(id));
        if before.saturating_add(item.quantity) <= owed {
            *before += item.quantity;
            return one;
        }
        Planned::Parked(Parked {
            cause: item.cause.clone(),
            order_line_id: id.clone(),
            problem: refund::Problem::ShortTwice {
                quantity: item.quantity,
                refunded: before.saturating_add(canceled),
                sold: sold.map_or(0, |line| line.quantity),
            },
        })
    };
    planned.into_iter().map(judge).collect()
}

/// Refunds that go to Mirakl now.
pub fn refunds_due(progress: &Progress, facts: &Facts<'_>) -> Vec<RefundItem> {
    let may_go = is_refundable(facts.order);
    let all = planned(progress, facts);
    let unsure = unsure_lines(progress, facts, &all);
    let due = all.into_iter().filter_map(|one| {
        let Planned::Refund(item) = one else {
            return None;
        };
        let goes = may_go
            && !is_unsure(&item, &unsure, facts)
            && !is_stopped(progress, facts, &item.cause.key())
            && !waits_for_incident(&item, &progress.care, facts.order);
        goes.then_some(item)
    });
    due.collect()
}

/// Refunds on Mirakl that are none of ours and that no credit stands for.
fn unanswered(progress: &Progress, facts: &Facts<'_>, planned: &[Planned]) -> Vec<Foreign> {
    let Some(paid) = &facts.order.paid else {
        return vec![];
    };
    let is_answered = |id: &str| {
        planned.iter().any(
            |one| matches!(one, Planned::Answered { refund_id, .. } if refund_id.as_str() == id),
        )
    };
    let mut foreign = read_back(&progress.care.refunds, paid).foreign;
    foreign.retain(|one| !is_answered(&one.refund.id));
    foreign
}

/// Lines with a refund on Mirakl from before a ledger was lost, for which no credit has just that
/// money: the credit may have changed since. Nothing more of such a line is repaid unseen.
fn unsure_lines(progress: &Progress, facts: &Facts<'_>, planned: &[Planned]) -> BTreeSet<String> {
    let Some(lost_at) = progress.care.refunds_lost_at else {
        return BTreeSet::new();
    };
    let foreign = unanswered(progress, facts, planned).into_iter();
    foreign
        .filter(|one| one.refund.created_at.is_none_or(|at| at <= lost_at))
        .map(|one| one.order_line_id)
        .collect()
}

/// Are there refunds from before a ledger was lost that may be for short units, of which nothing is
/// known any more?
pub(super) fn wants_units(progress: &Progress, facts: &Facts<'_>) -> bool {
    progress.care.erp_units.is_none()
        && progress.care.refunds_lost_at.is_some()
        && units_settled_by_rule(facts)
        && !unsure_lines(progress, facts, &planned(progress, facts)).is_empty()
}

/// Is the refund of a line that nobody is sure of, and did no person let it through?
fn is_unsure(item: &RefundItem, unsure: &BTreeSet<String>, facts: &Facts<'_>) -> bool {
    unsure.contains(&item.order_line_id)
        && !facts.aftercare.rules.approved.contains(&item.cause.key())
}

/// Does Mirakl take refunds where the order stands? Money must have been taken, a refund is no way to
/// call an order off, and a closed order takes none any more.
fn is_refundable(order: &Order) -> bool {
    match order.state {
        State::Closed => false,
        State::Shipping => order.debited_at.is_some(),
        _ => order.state.is_shipped(),
    }
}

/// Why an order will never take a refund again, in a word; empty for one that may.
fn is_past_refunds(order: &Order) -> Option<&'static str> {
    match order.state {
        State::Closed => Some("closed"),
        State::Refused | State::Canceled => Some("called_off"),
        _ => None,
    }
}

/// While the customer disputes a line, only what repays all that is left of it goes out: that ends the
/// dispute. A part would leave it open, so it waits for the dispute's end.
fn waits_for_incident(item: &RefundItem, care: &Care, order: &Order) -> bool {
    let id = &item.order_line_id;
    let disputed = is_disputed(order, id);
    let Some(line) = order.paid.as_ref().and_then(|paid| paid.line(id)) else {
        return disputed;
    };
    let on_the_way = order
        .paid
        .as_ref()
        .map(|paid| refund::in_flight(&care.refunds, paid));
    let on_the_way = on_the_way
        .and_then(|mut all| all.remove(id))
        .unwrap_or_default();
    let left = |part: refund::Part| remaining(line, &part, &on_the_way).remaining();
    let repays_all = item.money.amount >= left(refund::Part::Amount)
        && item.money.shipping >= left(refund::Part::Shipping);
    disputed && !repays_all
}

/// Credits that go no further, and refunds that nobody credited, by subject.
pub(super) fn parked(progress: &Progress, facts: &Facts<'_>) -> Vec<(String, Problem)> {
    let order = facts.order;
    let mut parked = vec![];
    let all = planned(progress, facts);
    let unsure = unsure_lines(progress, facts, &all);
    let foreign = unanswered(progress, facts, &all);
    for one in all {
        match one {
            Planned::Parked(credit) => {
                let problem = credit.problem.exception();
                let subject = credit.cause.key();
                let problem = problem
                    .with("credit", &subject)
                    .with("line", &credit.order_line_id);
                parked.push((subject, problem));
            }
            Planned::Refund(item) => {
                if let Some(word) = is_past_refunds(order) {
                    let problem = Problem::new(Kind::CreditUnusable)
                        .with("line", &item.order_line_id)
                        .with("amount", item.money.amount)
                        .with("order", word);
                    parked.push((item.cause.key(), problem));
                } else if is_unsure(&item, &unsure, facts) {
                    let problem = Problem::new(Kind::RefundUnsure)
                        .with("credit", item.cause.key())
                        .with("line", &item.order_line_id)
                        .with("amount", item.money.amount)
                        .with("shipping", item.money.shipping);
                    parked.push((item.cause.key(), problem));
                }
            }
            Planned::Answered { .. } => {}
        }
    }
    for foreign in foreign {
        let shown = &foreign.refund;
        let problem = Problem::new(Kind::RefundElsewhere)
            .with("line", &foreign.order_line_id)
            .with("refund", &shown.id)
            .with("amount", shown.money.amount)
            .with("shipping", shown.money.shipping);
        parked.push((format!("refund/{}", shown.id), problem));
    }
    parked
}

#[cfg(test)]
mod tests;
