//! A return as both sides show it, and the next step for it.
//!
//! Goods first: the ERP authorizes, receives and judges, and only then is Mirakl told. The money is
//! no part of it: a refund comes from a credit memo alone (see [`refund`](crate::refund)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exception::{Kind, Problem};
use crate::mapping::same_code;

/// Where a return stands on Mirakl. Words are Mirakl's.
///
/// Source: Mirakl seller API, RT11, `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnState {
    /// Waits for the shop's decision.
    WaitingAcceptance,
    /// Accepted; the goods are on their way.
    InProgress,
    /// The shop refused it.
    Refused,
    /// The shop has the goods.
    Received,
    /// Nothing arrived.
    NoReception,
    /// Called off.
    Canceled,
    /// Final.
    Closed,
    /// A word this program does not know; holds this return.
    #[serde(untagged)]
    Unknown(String),
}

/// Pieces of one order line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Mirakl's order line.
    pub order_line_id: String,
    /// Pieces.
    pub quantity: u32,
    /// Why, a code of the operator.
    pub reason_code: String,
    /// The verdict that Mirakl holds; empty while none was given.
    pub compliant: Option<bool>,
}

/// A return as Mirakl shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Where it stands.
    pub state: ReturnState,
    /// What comes back.
    pub lines: Vec<ReturnLine>,
}

/// Where a return authorization stands in the ERP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationStatus {
    /// The goods may come.
    #[serde(alias = "authorised")]
    Authorized,
    /// They came.
    Received,
    /// Nothing came.
    NoReception,
    /// Called off.
    #[serde(alias = "cancelled")]
    Canceled,
    /// A word this program does not know; holds this return.
    #[serde(untagged)]
    Unknown(String),
}

/// What the warehouse says of pieces of one line; a line may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Mirakl's order line.
    pub order_line_id: String,
    /// Pieces that came.
    pub received: u32,
    /// The ERP's word, `pending` before the inspection.
    pub disposition: String,
}

/// A return authorization as the ERP shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Where it stands.
    pub status: AuthorizationStatus,
    /// What came of each line.
    pub lines: Vec<Inspected>,
}

/// What a disposition means to the marketplace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Compliant,
    /// Not as it should be, with the operator's reason.
    NotCompliant {
        /// A reason of RT26.
        reason_code: String,
    },
}

/// How returns go for one marketplace and site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The ERP takes return authorizations; else credit memos alone tell that goods came.
    pub returns_in: bool,
    /// Returns that wait for the shop are accepted by the program; else a person decides.
    pub accepts: bool,
    /// Returns that began at the ERP are created on Mirakl.
    pub creates: bool,
    /// The ERP's disposition to the verdict.
    pub dispositions: BTreeMap<String, Verdict>,
    /// The operator's reason for pieces that did not come.
    pub missing_reason: Option<String>,
}

/// The verdict for one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineVerdict {
    /// Mirakl's order line.
    pub order_line_id: String,
    /// What is told.
    pub verdict: Verdict,
}

/// What a return waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// A person's yes or no to the customer's wish.
    Decision,
    /// The goods.
    Receipt,
    /// The inspection.
    Inspection,
    /// The operator, who tells that nothing arrived.
    Operator,
    /// A posted credit memo, where the ERP has no returns module.
    CreditMemo,
}

/// The next step for a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Create the authorization in the ERP.
    Authorize,
    /// Accept it on Mirakl (RT21).
    Accept,
    /// Tell Mirakl that the goods came (RT25).
    Receive,
    /// Tell Mirakl what the inspection made of them (RT26).
    Comply(Vec<LineVerdict>),
    /// Close it on Mirakl (RT27).
    Close,
    /// Create it on Mirakl: it began at the ERP (RT01).
    Create,
    /// Wait.
    Wait(Waiting),
    /// A person looks.
    Ask(Problem),
    /// Nothing more to do.
    Done,
}

impl Next {
    /// The word of a step that writes; empty for one that waits, asks or ends.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self::Authorize => Some("authorize"),
            Self::Accept => Some("accept"),
            Self::Receive => Some("receive"),
            Self::Comply(_) => Some("comply"),
            Self::Close => Some("close"),
            Self::Create => Some("create"),
            Self::Wait(_) | Self::Ask(_) | Self::Done => None,
        }
    }
}

/// The next step for a return that Mirakl shows.
///
/// `credited`: posted credit memos cover every line of it.
pub fn next(
    shown: &Return,
    authorization: Option<&Authorization>,
    credited: bool,
    site: &Site,
) -> Next {
    match (&shown.state, site.returns_in, authorization) {
        (ReturnState::Unknown(word), ..) => unclear("return_state", word),
        (ReturnState::Closed, ..) => Next::Done,
        (ReturnState::Refused | ReturnState::NoReception | ReturnState::Canceled, _, there) => {
            let came = there.is_some_and(|a| a.lines.iter().any(|l| l.received > 0));
            if came {
                unclear("received", "goods of a return that is over on Mirakl")
            } else {
                Next::Done
            }
        }
        (ReturnState::WaitingAcceptance, ..) if !site.accepts => Next::Wait(Waiting::Decision),
        (ReturnState::WaitingAcceptance | ReturnState::InProgress, true, None) => Next::Authorize,
        (ReturnState::WaitingAcceptance, ..) => Next::Accept,
        (ReturnState::InProgress, false, _) if credited => Next::Receive,
        (ReturnState::InProgress, false, _) => Next::Wait(Waiting::CreditMemo),
        (ReturnState::InProgress, true, Some(there)) => match &there.status {
            AuthorizationStatus::Authorized => Next::Wait(Waiting::Receipt),
            AuthorizationStatus::Received => Next::Receive,
            AuthorizationStatus::NoReception => Next::Wait(Waiting::Operator),
            AuthorizationStatus::Canceled => unclear("authorization", "canceled"),
            AuthorizationStatus::Unknown(word) => unclear("authorization", word),
        },
        (ReturnState::Received, true, Some(there)) => judge(shown, there, site),
        // Received by hand or by credit memo: nobody inspected it for us, so no verdict is told.
        (ReturnState::Received, ..) if credited => Next::Close,
        (ReturnState::Received, ..) => Next::Wait(Waiting::CreditMemo),
    }
}

/// The next step for an authorization that began at the ERP and that Mirakl may not know yet.
pub fn next_of_erp(
    authorization: &Authorization,
    shown: Option<&Return>,
    credited: bool,
    site: &Site,
) -> Next {
    match (shown, &authorization.status) {
        (Some(shown), _) => next(shown, Some(authorization), credited, site),
        (None, AuthorizationStatus::Authorized | AuthorizationStatus::Received) => Next::Create,
        (None, AuthorizationStatus::NoReception | AuthorizationStatus::Canceled) => Next::Done,
        (None, AuthorizationStatus::Unknown(word)) => unclear("authorization", word),
    }
}

fn unclear(name: &str, value: &str) -> Next {
    Next::Ask(Problem::new(Kind::ReturnUnclear).with(name, value))
}

/// The verdicts that are still due, all lines at once; then the end.
fn judge(shown: &Return, there: &Authorization, site: &Site) -> Next {
    let mut verdicts = Vec::new();
    for line in shown.lines.iter().filter(|l| l.compliant.is_none()) {
        match verdict(line, there, site) {
            Ok(Some(verdict)) => verdicts.push(LineVerdict {
                order_line_id: line.order_line_id.clone(),
                verdict,
            }),
            Ok(None) => return Next::Wait(Waiting::Inspection),
            Err(problem) => return Next::Ask(problem),
        }
    }
    if verdicts.is_empty() {
        Next::Close
    } else {
        Next::Comply(verdicts)
    }
}

/// What is told of one line; `None` while a piece of it waits for the inspection.
fn verdict(
    line: &ReturnLine,
    there: &Authorization,
    site: &Site,
) -> Result<Option<Verdict>, Problem> {
    let rows = || {
        there
            .lines
            .iter()
            .filter(|l| l.order_line_id == line.order_line_id)
    };
    if rows().any(|row| row.received > 0 && row.disposition == "pending") {
        return Ok(None);
    }
    for row in rows().filter(|row| row.received > 0) {
        let mapped = site.dispositions.iter();
        let mapped = mapped
            .into_iter()
            .find(|(erp, _)| same_code(erp, &row.disposition));
        match mapped.map(|(_, verdict)| verdict) {
            Some(Verdict::Compliant) => {}
            Some(against) => return Ok(Some(against.clone())),
            None => {
                return Err(
                    Problem::new(Kind::UnmappedDisposition).with("disposition", &row.disposition)
                );
            }
        }
    }
    let came = rows().map(|row| row.received).fold(0, u32::saturating_add);
    if came >= line.quantity {
        return Ok(Some(Verdict::Compliant));
    }
    match &site.missing_reason {
        Some(reason_code) => Ok(Some(Verdict::NotCompliant {
            reason_code: reason_code.clone(),
        })),
        None => Err(Problem::new(Kind::UnmappedReason).with("reason", "pieces missing")),
    }
}

#[cfg(test)]
mod tests;
