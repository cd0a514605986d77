//! What came after the sale of an order: units that did not come, returns, credits, incidents.

mod credits;
mod incidents;
mod money;
mod pieces;
mod returns;

use domain::aftercare::canceled_on_mirakl;
use domain::order::State;
use domain::refund::PaidLine;
use jiff::Timestamp;
use ledger::{Event, Exception, OrderRow};
use serde::Serialize;

pub use credits::CreditItem;
pub use incidents::IncidentItem;
pub use money::MoneyItem;
pub use pieces::PiecesItem;
pub use returns::ReturnItem;

use crate::words;

/// What came after the sale, as `bcm orders show --json` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct AftercareDocument {
    /// Where the pieces of each line are.
    pub pieces: Vec<PiecesItem>,
    /// What was paid for each line and where it went; empty for an order that an older program read.
    pub money: Vec<MoneyItem>,
    /// Credits, and refunds that no credit memo stands for.
    pub credits: Vec<CreditItem>,
    /// Returns of both sides.
    pub returns: Vec<ReturnItem>,
    /// Lines that the customer disputes.
    pub incidents: Vec<IncidentItem>,
    /// Since when the longest waiting refund is asked for and not paid back, RFC 3339.
    pub refund_pending_since: Option<Timestamp>,
}

impl AftercareDocument {
    /// What came after the sale; `None` while nothing did.
    pub(super) fn new(
        row: &OrderRow,
        events: &[Event],
        open: &[Exception],
        now: Timestamp,
    ) -> Option<Self> {
        if !has_any(row) {
            return None;
        }
        let parked = Parked {
            order_id: &row.key.order_id,
            open,
        };
        Some(Self {
            pieces: pieces::all(row),
            money: money::all(row),
            credits: credits::all(row, events, &parked, now),
            returns: returns::all(row, &parked),
            incidents: incidents::all(row, &parked),
            refund_pending_since: row.order.refund_pending_since,
        })
    }
}

/// Is there anything to tell? An order that was called off as a whole tells it by its state.
fn has_any(row: &OrderRow) -> bool {
    let (order, care) = (&row.order, &row.progress.care);
    let in_erp = care.erp_units.as_ref().is_some_and(|units| {
        let all = units.canceled.iter().chain(&units.not_canceled);
        all.into_iter().any(|q| q.quantity > 0)
    });
    let ours = !care.refunds.is_empty()
        || !care.cancelations.is_empty()
        || !care.stops.is_empty()
        || !care.returns.is_empty();
    let lines = order.lines.iter();
    let touched = lines.into_iter().any(|line| {
        matches!(line.state, State::IncidentOpen | State::Refunded) || canceled_on_mirakl(line) > 0
    });
    let paid = order.paid.iter().flat_map(|paid| &paid.lines);
    let moved = |line: &PaidLine| !line.refunds.is_empty() || !line.cancelations.is_empty();
    let by_mirakl = touched || paid.into_iter().any(moved);
    !row.papers.is_empty() || in_erp || ours || (by_mirakl && !order.state.is_called_off())
}

/// What of the order waits for a person, by what it is about.
struct Parked<'a> {
    order_id: &'a str,
    open: &'a [Exception],
}

impl Parked<'_> {
    /// The open exception of this subject.
    fn of(&self, subject: &str) -> Option<&Exception> {
        let mut open = self.open.iter();
        open.find(|exception| about(self.order_id, &exception.subject) == Some(subject))
    }
}

/// What an exception is about, beside the order itself; `None` for the order as a whole.
pub(crate) fn about<'a>(order_id: &str, subject: &'a str) -> Option<&'a str> {
    subject.strip_prefix(order_id)?.strip_prefix(' ')
}

/// Kind and reason of an exception in one line: the arithmetic where there is one.
fn reason(exception: &Exception) -> String {
    let evidence = &exception.evidence;
    let arithmetic = evidence.iter().find(|(name, _)| name == "arithmetic");
    let told = match arithmetic {
        Some((_, arithmetic)) => arithmetic.clone(),
        // What the row says itself is left out.
        None => {
            let rest = evidence
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "credit" | "line" | "return"));
            let rest: Vec<String> = rest.map(|(n, v)| format!("{n} {v}")).collect();
            rest.join(", ")
        }
    };
    match told.as_str() {
        "" => exception.kind.to_string(),
        told => format!("{}: {told}", exception.kind),
    }
}

/// What waits for a person, in a cell: whose it is, and why.
fn waits_for_person(exception: &Exception) -> String {
    let who = words::owner(exception.owner);
    format!("waits for {who}, {}", reason(exception))
}
