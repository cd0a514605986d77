//! A return as both sides show it, and the next step for it.
//!
//! Goods first: the ERP authorizes, receives and judges, and only then is Mirakl told. The money is
//! no part of it: a refund comes from a credit memo alone (see [`refund`](crate::refund)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exception::{Kind, Problem};

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
        match site.dispositions.get(&row.disposition) {
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
mod tests {
    use super::*;

    fn shown(state: ReturnState, compliant: Option<bool>) -> Return {
        Return {
            state,
            lines: vec![ReturnLine {
                order_line_id: "A-1".into(),
                quantity: 2,
                reason_code: "RETURN_OTHER".into(),
                compliant,
            }],
        }
    }

    fn there(status: AuthorizationStatus, rows: &[(u32, &str)]) -> Authorization {
        let lines = rows.iter().map(|(received, disposition)| Inspected {
            order_line_id: "A-1".into(),
            received: *received,
            disposition: (*disposition).into(),
        });
        Authorization {
            status,
            lines: lines.collect(),
        }
    }

    fn site() -> Site {
        let damaged = Verdict::NotCompliant {
            reason_code: "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT".into(),
        };
        Site {
            returns_in: true,
            accepts: true,
            dispositions: [
                ("restock".to_owned(), Verdict::Compliant),
                ("scrap".to_owned(), damaged),
            ]
            .into(),
            missing_reason: Some("RETURN_NON_COMPLIANT_MISSING_ITEM".into()),
        }
    }

    fn told(rows: &[(u32, &str)]) -> String {
        let there = there(AuthorizationStatus::Received, rows);
        match next(
            &shown(ReturnState::Received, None),
            Some(&there),
            false,
            &site(),
        ) {
            Next::Comply(verdicts) => match &verdicts[0].verdict {
                Verdict::Compliant => "compliant".into(),
                Verdict::NotCompliant { reason_code } => reason_code.clone(),
            },
            Next::Ask(problem) => problem.kind.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_return_goes_from_authorization_to_its_end_one_step_at_a_time() {
        use AuthorizationStatus::{Authorized, Canceled, NoReception, Received};
        let came = there(Received, &[(2, "restock")]);
        let table = [
            (ReturnState::WaitingAcceptance, None, None, Next::Authorize),
            (
                ReturnState::WaitingAcceptance,
                Some(there(Authorized, &[])),
                None,
                Next::Accept,
            ),
            (ReturnState::InProgress, None, None, Next::Authorize),
            (
                ReturnState::InProgress,
                Some(there(Authorized, &[])),
                None,
                Next::Wait(Waiting::Receipt),
            ),
            (
                ReturnState::InProgress,
                Some(there(NoReception, &[])),
                None,
                Next::Wait(Waiting::Operator),
            ),
            (
                ReturnState::InProgress,
                Some(came.clone()),
                None,
                Next::Receive,
            ),
            (
                ReturnState::Received,
                Some(came.clone()),
                Some(true),
                Next::Close,
            ),
            (
                ReturnState::Closed,
                Some(came.clone()),
                Some(true),
                Next::Done,
            ),
            (ReturnState::Refused, None, None, Next::Done),
            (
                ReturnState::NoReception,
                Some(there(Authorized, &[])),
                None,
                Next::Done,
            ),
            (
                ReturnState::Canceled,
                Some(there(Canceled, &[])),
                None,
                Next::Done,
            ),
        ];
        for (state, there, compliant, expected) in table {
            let step = next(
                &shown(state.clone(), compliant),
                there.as_ref(),
                false,
                &site(),
            );
            assert_eq!(step, expected, "{state:?} {there:?}");
        }
    }

    #[test]
    fn the_verdict_of_a_line_is_that_of_its_worst_piece() {
        let table: [(&[(u32, &str)], &str); 6] = [
            (&[(2, "restock")], "compliant"),
            (
                &[(1, "restock"), (1, "scrap")],
                "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT",
            ),
            (&[(1, "restock"), (1, "pending")], "Wait(Inspection)"),
            (&[(1, "restock")], "RETURN_NON_COMPLIANT_MISSING_ITEM"),
            (&[], "RETURN_NON_COMPLIANT_MISSING_ITEM"),
            (&[(2, "melted")], "unmapped_disposition"),
        ];
        for (rows, expected) in table {
            assert_eq!(told(rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_site_without_the_module_is_told_by_its_credit_memos() {
        let site = Site {
            returns_in: false,
            ..site()
        };
        let step = |state, credited| next(&shown(state, None), None, credited, &site);
        assert_eq!(step(ReturnState::WaitingAcceptance, false), Next::Accept);
        assert_eq!(
            step(ReturnState::InProgress, false),
            Next::Wait(Waiting::CreditMemo)
        );
        assert_eq!(step(ReturnState::InProgress, true), Next::Receive);
        assert_eq!(step(ReturnState::Received, true), Next::Close);
    }

    #[test]
    fn what_does_not_fit_is_asked_and_never_guessed() {
        let asked = |state, there: Option<Authorization>| {
            matches!(
                next(&shown(state, None), there.as_ref(), false, &site()),
                Next::Ask(_)
            )
        };
        let came = there(AuthorizationStatus::Received, &[(1, "restock")]);
        assert!(asked(ReturnState::Unknown("LOST".into()), None));
        assert!(asked(ReturnState::Refused, Some(came)));
        let unknown = there(AuthorizationStatus::Unknown("eaten".into()), &[]);
        assert!(asked(ReturnState::InProgress, Some(unknown)));
    }

    #[test]
    fn a_return_that_began_at_the_erp_is_created_on_mirakl_once() {
        let came = there(AuthorizationStatus::Received, &[(2, "restock")]);
        assert_eq!(next_of_erp(&came, None, false, &site()), Next::Create);
        let shown = shown(ReturnState::InProgress, None);
        assert_eq!(
            next_of_erp(&came, Some(&shown), false, &site()),
            Next::Receive
        );
        let off = there(AuthorizationStatus::Canceled, &[]);
        assert_eq!(next_of_erp(&off, None, false, &site()), Next::Done);
    }
}
