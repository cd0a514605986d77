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
        creates: true,
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
    let table: [(&[(u32, &str)], &str); 7] = [
        (&[(2, "restock")], "compliant"),
        (&[(2, " Restock ")], "compliant"),
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
