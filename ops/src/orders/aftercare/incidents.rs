//! Lines that the customer disputes.

use domain::aftercare::incident_key;
use domain::exception::Kind;
use domain::order::State;
use ledger::OrderRow;
use serde::Serialize;

use super::{Parked, money, reason};

/// A line with an open incident.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentItem {
    /// Mirakl's line ID.
    pub line_id: String,
    /// Price and shipping that are left of the line, a decimal as text; a credit of all of it ends the
    /// incident, one of a part waits. Null where nobody knows what was paid.
    pub left: Option<String>,
    /// A person settled it, and Mirakl is to be told so with this reason.
    pub reason: Option<String>,
    /// Where it stands, a sentence.
    pub says: String,
}

/// Every line that is disputed.
pub(super) fn all(row: &OrderRow, parked: &Parked<'_>) -> Vec<IncidentItem> {
    let resolving = row.progress.care.resolving.as_ref();
    let lines = row.order.lines.iter();
    let disputed = lines.filter(|line| line.state == State::IncidentOpen);
    let item = |line: &domain::order::Line| {
        let id = &line.line_id;
        let settled = resolving.filter(|settled| settled.order_line_id == *id);
        let refused = parked.of(&incident_key(id));
        let refused = refused.filter(|exception| exception.kind != Kind::IncidentOpen);
        IncidentItem {
            line_id: id.clone(),
            left: money::left(row, id),
            reason: settled.map(|settled| settled.reason_code.clone()),
            says: match (refused, settled) {
                (Some(refused), _) => format!("Mirakl did not end it, {}", reason(refused)),
                (None, Some(_)) => "settled by a person; Mirakl is being told".to_owned(),
                (None, None) => "open; a refund of a part of the line waits".to_owned(),
            },
        }
    };
    disputed.map(item).collect()
}
