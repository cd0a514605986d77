//! Which of the refunds that Mirakl shows are ours.

use jiff::{SignedDuration, Timestamp};

use super::memo::TaxBase;
use super::order::{PaidLine, PaidOrder, ShownRefund};
use super::plan::{Sent, SentState};
use super::problem::Part;
use super::rest::part_of;

/// How far the clocks of both sides may differ.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(60);

/// A refund that this program did not send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Mirakl's line.
    pub order_line_id: String,
    /// The refund, as Mirakl shows it.
    pub refund: ShownRefund,
}

/// What a look at an order says of what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// Sends without a known outcome that show: index in what was sent, and the refund's ID.
    pub found: Vec<(usize, String)>,
    /// Sends without a known outcome that do not show; a later look may say otherwise.
    pub absent: Vec<usize>,
    /// Refunds that somebody else made: requests for a credit in the ERP.
    pub foreign: Vec<Foreign>,
}

/// Matches what Mirakl shows with what was sent.
///
/// A refund with a known ID is claimed by it. The others are claimed by line, price, shipping,
/// given taxes, pieces, reason and moment, each once: of two equal sends and one shown refund, one
/// is found and one is absent.
pub fn read_back(sent: &[Sent], order: &PaidOrder) -> ReadBack {
    let mut back = ReadBack::default();
    for line in &order.lines {
        let mine = sent
            .iter()
            .enumerate()
            .filter(|(_, s)| s.item.order_line_id == line.order_line_id);
        let known: Vec<&str> = mine
            .clone()
            .filter_map(|(_, s)| match &s.state {
                SentState::Done { refund_id } => Some(refund_id.as_str()),
                SentState::Unknown | SentState::Refused => None,
            })
            .collect();
        let mut open: Vec<&ShownRefund> = line
            .refunds
            .iter()
            .filter(|r| !known.contains(&r.id.as_str()))
            .collect();
        open.sort_by_key(|r| r.created_at);
        let mut asked: Vec<(usize, &Sent)> = mine
            .filter(|(_, s)| s.state == SentState::Unknown)
            .collect();
        asked.sort_by_key(|(n, s)| (s.sent_at, *n));
        for (n, send) in asked {
            match open.iter().position(|shown| is_it(send, shown, line)) {
                Some(place) => back.found.push((n, open.remove(place).id.clone())),
                None => back.absent.push(n),
            }
        }
        back.foreign.extend(open.into_iter().map(|refund| Foreign {
            order_line_id: line.order_line_id.clone(),
            refund: refund.clone(),
        }));
    }
    let elsewhere = sent.iter().enumerate().filter(|(_, s)| {
        s.state == SentState::Unknown && order.line(&s.item.order_line_id).is_none()
    });
    back.absent.extend(elsewhere.map(|(n, _)| n));
    back
}

fn is_it(send: &Sent, shown: &ShownRefund, line: &PaidLine) -> bool {
    let (item, money) = (&send.item, &shown.money);
    let computed = |on, code: &str| {
        let part = Part::Tax {
            code: code.to_owned(),
            on,
        };
        !part_of(&item.computed, &part).is_zero()
    };
    let same_taxes = |on: TaxBase, paid: &[super::PaidTax]| {
        paid.iter()
            .filter(|tax| tax.rule == super::TaxRule::None && !computed(on, &tax.code))
            .all(|tax| {
                let part = Part::Tax {
                    code: tax.code.clone(),
                    on,
                };
                part_of(money, &part) == part_of(&item.money, &part)
            })
    };
    // A refund without a moment may be ours: to send once more would be worse than to ask.
    let in_time = |at: Timestamp| {
        at.saturating_add(CLOCKS_APART)
            .is_ok_and(|at| at >= send.sent_at)
    };
    money.amount == item.money.amount
        && money.shipping == item.money.shipping
        && shown.quantity == item.quantity
        && shown
            .reason_code
            .as_ref()
            .is_none_or(|code| *code == item.reason_code)
        && shown.created_at.is_none_or(in_time)
        && same_taxes(TaxBase::Goods, &line.taxes)
        && same_taxes(TaxBase::Shipping, &line.shipping_taxes)
}
