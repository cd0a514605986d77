//! From credits to refunds: one for each line of a credit memo, and one for units that fell short.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::memo::{CreditMemo, MemoLine, MemoStatus};
use super::order::{Money, PaidOrder};
use super::problem::Problem;

mod book;
mod judge;

/// What a refund stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A line of a posted credit memo.
    CreditMemo {
        /// Number of the memo.
        number: String,
        /// The line in it.
        line_id: String,
    },
    /// Units that the ERP confirms as canceled and not invoiced.
    ShortShip {
        /// Mirakl's line.
        order_line_id: String,
        /// Short units refunded before these.
        from: u32,
        /// Short units refunded with these.
        to: u32,
    },
}

impl Cause {
    /// The name under which the ledger keeps it; the same cause has the same for ever.
    pub fn key(&self) -> String {
        match self {
            Self::CreditMemo { number, line_id } => format!("memo/{number}/{line_id}"),
            Self::ShortShip {
                order_line_id,
                from,
                to,
            } => format!("short/{order_line_id}/{from}-{to}"),
        }
    }
}

/// One item of OR28.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundItem {
    /// What it stands on.
    pub cause: Cause,
    /// Mirakl's line.
    pub order_line_id: String,
    /// Pieces, for information; 0 when no whole piece is meant.
    pub quantity: u32,
    /// What is sent: price, shipping, and the taxes that the marketplace does not compute.
    pub money: Money,
    /// The taxes that the marketplace will add by itself; never sent.
    pub computed: Money,
    /// Why, a code of the operator.
    pub reason_code: String,
    /// ISO 4217.
    pub currency: String,
    /// The pieces need not be shipped any more.
    pub excluded_from_shipment: bool,
}

/// What became of a refund that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentState {
    /// Mirakl took it.
    Done {
        /// Mirakl's ID.
        refund_id: String,
    },
    /// The answer was lost: it counts as refunded until a look says otherwise.
    Unknown,
    /// Mirakl refused it: nothing went back.
    Refused,
}

/// A refund that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// What was sent.
    pub item: RefundItem,
    /// When, before the send.
    pub sent_at: Timestamp,
    /// What became of it.
    pub state: SentState,
}

impl Sent {
    /// Mirakl's ID of it, once it is known.
    pub fn refund_id(&self) -> Option<&str> {
        match &self.state {
            SentState::Done { refund_id } => Some(refund_id),
            SentState::Unknown | SentState::Refused => None,
        }
    }

    pub(super) fn counts(&self) -> bool {
        self.state != SentState::Refused
    }
}

/// Units of a line that the ERP confirms as canceled and not invoiced, all of them so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Mirakl's line.
    pub order_line_id: String,
    /// Units since the order was paid; those canceled before are not among them.
    pub quantity: u32,
}

/// Mapped reasons, and what a person let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Reason of a credit memo whose own is not mapped; a code of the operator.
    pub memo_reason: Option<String>,
    /// Reason of units that fell short.
    pub short_reason: Option<String>,
    /// The ERP's reason to the operator's.
    pub reasons: BTreeMap<String, String>,
    /// Refund reasons that the shop may send (RE01); empty while they were not read.
    pub allowed: Option<BTreeSet<String>>,
    /// [`Cause::key`] of credits that a person found right although they look posted twice.
    pub approved: BTreeSet<String>,
}

/// A credit that does not become a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The credit.
    pub cause: Cause,
    /// Mirakl's line, as the credit names it.
    pub order_line_id: String,
    /// Why.
    pub problem: Problem,
}

/// What becomes of one credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planned {
    /// Refund it.
    Refund(RefundItem),
    /// It stands for a refund that was made on Mirakl: nothing is sent.
    Answered {
        /// What would have been sent.
        item: RefundItem,
        /// The refund that it stands for.
        refund_id: String,
    },
    /// A person looks.
    Parked(Parked),
}

/// Decides what is to be refunded now.
///
/// What was sent for a cause is never planned again, unless Mirakl refused it. Drafts wait. Σ of
/// refunds, cancelations and what is on the way stays within what was paid, for the price, the
/// shipping and each tax of a line.
pub fn plan(
    memos: &[CreditMemo],
    shorts: &[Short],
    order: &PaidOrder,
    sent: &[Sent],
    rules: &Rules,
) -> Vec<Planned> {
    let mut book = book::Book::open(order, sent, rules);
    let latest = latest(memos);
    for memo in latest.iter().filter(|m| m.status == MemoStatus::Voided) {
        book.orphan(memo);
    }
    let posted = || {
        let all = latest.iter().enumerate();
        all.filter(|(_, memo)| memo.status == MemoStatus::Posted)
    };
    for (place, memo) in posted() {
        if judge::twin(&latest, place, sent).is_none() {
            memo.lines
                .iter()
                .for_each(|line| book.know_again(memo, line));
        }
    }
    let mut planned = Vec::new();
    for (place, memo) in latest.iter().enumerate() {
        match &memo.status {
            MemoStatus::Draft => {}
            MemoStatus::Posted => {
                let twin = judge::twin(&latest, place, sent);
                for line in &memo.lines {
                    planned.extend(book.credit(memo, line, shorts, twin));
                }
                planned.extend(book.vanished(memo));
            }
            MemoStatus::Voided => planned.extend(book.voided(memo)),
            MemoStatus::Unknown(word) => {
                let park = |line: &MemoLine| {
                    Planned::Parked(Parked {
                        cause: cause(memo, line),
                        order_line_id: line.order_line_id.clone(),
                        problem: Problem::UnknownWord { word: word.clone() },
                    })
                };
                planned.extend(memo.lines.iter().map(park));
            }
        }
    }
    for short in shorts {
        planned.extend(book.short(short));
    }
    planned
}

fn cause(memo: &CreditMemo, line: &MemoLine) -> Cause {
    Cause::CreditMemo {
        number: memo.number.clone(),
        line_id: line.line_id.clone(),
    }
}

/// The highest version of each memo, in the order in which they were first seen.
fn latest(memos: &[CreditMemo]) -> Vec<&CreditMemo> {
    let mut latest: Vec<&CreditMemo> = Vec::new();
    for memo in memos {
        match latest.iter_mut().find(|known| known.number == memo.number) {
            Some(known) if known.version < memo.version => *known = memo,
            Some(_) => {}
            None => latest.push(memo),
        }
    }
    latest
}
