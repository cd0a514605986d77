//! Returns of both origins, step by step.

use super::*;
use crate::papers::{ErpReturn, MarketplaceReturn};
use crate::returns::{
    Authorization, AuthorizationStatus, Inspected, Return, ReturnLine, ReturnState, Verdict,
};

fn line(quantity: u32) -> ReturnLine {
    ReturnLine {
        order_line_id: A.into(),
        quantity,
        reason_code: "12".into(),
        compliant: None,
    }
}

fn shown(state: ReturnState) -> MarketplaceReturn {
    MarketplaceReturn {
        return_id: "ret-1".into(),
        updated_at: at(20),
        rma: None,
        shown: Return {
            state,
            lines: vec![line(2)],
        },
    }
}

fn there(status: AuthorizationStatus, received: u32, disposition: &str) -> ErpReturn {
    ErpReturn {
        ra_number: "RA1".into(),
        external_return_id: Some("ret-1".into()),
        version: 1,
        authorization: Authorization {
            status,
            lines: vec![Inspected {
                order_line_id: A.into(),
                received,
                disposition: disposition.into(),
            }],
        },
        authorized: vec![line(2)],
    }
}

/// A shipped order whose returns are followed.
fn case(accepts: bool) -> Case {
    let mut case = Case::shipped();
    let site = &mut case.care.returns;
    (site.returns_in, site.accepts, site.creates) = (true, accepts, true);
    site.dispositions
        .insert("restock".into(), Verdict::Compliant);
    site.missing_reason = Some("77".into());
    case
}

/// Subjects and words of the steps of returns that are due now.
fn due_now(case: &Case) -> Vec<String> {
    let due = returns_due(&case.progress, &case.facts()).into_iter();
    due.map(|step| format!("{} {}", step.subject, step.next.word().unwrap_or("-")))
        .collect()
}

fn take(case: &mut Case, subject: &str, word: &str) {
    case.progress
        .care
        .tell(subject, |told| told.taken.push(word.to_owned()));
}

#[test]
fn a_return_of_the_customer_goes_through_bluecherry_first_and_each_step_once() {
    let mut case = case(true);
    case.care.papers.returns = vec![shown(ReturnState::WaitingAcceptance)];
    assert_eq!(case.step(), Step::ForwardReturns);
    assert_eq!(due_now(&case), ["ret-1 authorize"]);
    // Announced; the feed of BlueCherry does not show it yet.
    take(&mut case, "ret-1", "authorize");
    case.progress
        .care
        .tell("ret-1", |told| told.ra_number = Some("RA1".into()));
    assert_eq!(due_now(&case), ["ret-1 accept"]);
    take(&mut case, "ret-1", "accept");
    assert!(
        due_now(&case).is_empty(),
        "Mirakl does not show it accepted yet"
    );
    let is = |case: &mut Case, state: ReturnState, erp: ErpReturn| {
        case.care.papers.returns = vec![shown(state)];
        case.care.papers.erp_returns = vec![erp];
        due_now(case)
    };
    use AuthorizationStatus::{Authorized, Received};
    let on_its_way = there(Authorized, 0, "pending");
    assert!(is(&mut case, ReturnState::InProgress, on_its_way).is_empty());
    let came = || there(Received, 2, "pending");
    assert_eq!(
        is(&mut case, ReturnState::InProgress, came()),
        ["ret-1 receive"]
    );
    take(&mut case, "ret-1", "receive");
    assert!(is(&mut case, ReturnState::InProgress, came()).is_empty());
    assert!(
        is(&mut case, ReturnState::Received, came()).is_empty(),
        "not inspected"
    );
    let judged = || there(Received, 2, "restock");
    assert_eq!(
        is(&mut case, ReturnState::Received, judged()),
        ["ret-1 comply"]
    );
    take(&mut case, "ret-1", "comply");
    case.care.papers.returns[0].shown.lines[0].compliant = Some(true);
    assert_eq!(due_now(&case), ["ret-1 close"]);
    take(&mut case, "ret-1", "close");
    assert!(due_now(&case).is_empty());
    assert!(is(&mut case, ReturnState::Closed, judged()).is_empty());
    assert!(case.parked().is_empty());
    assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
}

#[test]
fn a_return_waits_for_a_person_where_that_is_the_rule() {
    let mut case = case(false);
    case.care.papers.returns = vec![shown(ReturnState::WaitingAcceptance)];
    assert!(due_now(&case).is_empty());
    case.care.papers.returns = vec![shown(ReturnState::InProgress)];
    assert_eq!(due_now(&case), ["ret-1 authorize"], "accepted by hand");
}

#[test]
fn a_return_that_began_at_bluecherry_is_made_on_mirakl_once_and_then_followed() {
    let mut case = case(true);
    let mut began = there(AuthorizationStatus::Authorized, 0, "pending");
    began.external_return_id = None;
    case.care.papers.erp_returns = vec![began.clone()];
    assert_eq!(due_now(&case), ["ra/RA1 create"]);
    case.care.returns.creates = false;
    assert!(due_now(&case).is_empty(), "no way of travel is set");
    case.care.returns.creates = true;
    take(&mut case, "ra/RA1", "create");
    case.progress
        .care
        .tell("ret-1", |told| told.ra_number = Some("RA1".into()));
    assert!(due_now(&case).is_empty(), "Mirakl does not list it yet");
    case.care.papers.returns = vec![shown(ReturnState::InProgress)];
    assert!(
        due_now(&case).is_empty(),
        "it is authorized, and the goods are on their way"
    );
    began.authorization = there(AuthorizationStatus::Received, 2, "restock").authorization;
    case.care.papers.erp_returns = vec![began];
    assert_eq!(due_now(&case), ["ret-1 receive"]);
}

#[test]
fn a_return_that_bluecherry_called_off_before_mirakl_knew_is_not_made_there() {
    for status in [
        AuthorizationStatus::Canceled,
        AuthorizationStatus::NoReception,
    ] {
        let mut case = case(true);
        let mut over = there(status, 0, "pending");
        over.external_return_id = None;
        case.care.papers.erp_returns = vec![over];
        assert!(due_now(&case).is_empty() && case.parked().is_empty());
    }
}

#[test]
fn a_site_without_returns_module_goes_by_posted_credits_alone() {
    let mut case = case(true);
    case.care.returns.returns_in = false;
    case.care.papers.returns = vec![shown(ReturnState::WaitingAcceptance)];
    assert_eq!(due_now(&case), ["ret-1 accept"], "nothing is announced");
    case.care.papers.returns = vec![shown(ReturnState::InProgress)];
    assert!(due_now(&case).is_empty());
    let mut credit = memo("CM1", A, "20.00");
    credit.status = MemoStatus::Draft;
    credit.lines[0].quantity = Some(2);
    case.care.papers.credits = vec![credit];
    assert!(due_now(&case).is_empty(), "a draft is no receipt");
    case.care.papers.credits[0].status = MemoStatus::Posted;
    assert_eq!(case.step(), Step::Refund, "the money goes first");
    case.refunded("R1", true);
    assert_eq!(due_now(&case), ["ret-1 receive"]);
    case.care.papers.returns = vec![shown(ReturnState::Received)];
    assert_eq!(due_now(&case), ["ret-1 close"]);
}

#[test]
fn a_credit_of_another_return_or_of_too_few_pieces_is_no_receipt() {
    let mut case = case(true);
    case.care.returns.returns_in = false;
    case.care.papers.returns = vec![shown(ReturnState::InProgress)];
    let credit = |quantity, number: Option<&str>| {
        let mut memo = memo("CM1", A, "1.00");
        memo.lines[0].quantity = Some(quantity);
        memo.ra_number = number.map(str::to_owned);
        memo
    };
    for (memo, is_receipt) in [
        (credit(1, None), false),
        (credit(2, Some("RA9")), false),
        (credit(2, None), true),
    ] {
        case.care.papers.credits = vec![memo.clone()];
        assert_eq!(!due_now(&case).is_empty(), is_receipt, "{memo:?}");
    }
}

#[test]
fn a_credit_for_units_that_never_left_is_no_receipt_of_goods() {
    let mut case = case(true);
    case.care.returns.returns_in = false;
    case.care.papers.returns = vec![shown(ReturnState::InProgress)];
    case.care.papers.credits = vec![short_memo("CM1", A, 2, "20.00")];
    assert!(due_now(&case).is_empty());
}

#[test]
fn a_return_that_is_unclear_asks_and_stops_no_other() {
    let mut case = case(true);
    let mut other = shown(ReturnState::InProgress);
    other.return_id = "ret-2".into();
    let odd = ReturnState::Unknown("TELEPORTED".into());
    case.care.papers.returns = vec![shown(odd), other];
    assert_eq!(due_now(&case), ["ret-2 authorize"]);
    assert_eq!(case.parked(), ["return/ret-1: return_unclear"]);
    // An unmapped disposition, and goods of a return that is over on Mirakl.
    let damaged = there(AuthorizationStatus::Received, 2, "shredded");
    case.care.papers.returns = vec![shown(ReturnState::Received)];
    case.care.papers.erp_returns = vec![damaged.clone()];
    assert_eq!(case.parked(), ["return/ret-1: unmapped_disposition"]);
    case.care.papers.returns = vec![shown(ReturnState::Refused)];
    assert_eq!(case.parked(), ["return/ret-1: return_unclear"]);
}

#[test]
fn a_stopped_return_waits_and_its_neighbor_goes_on() {
    let mut case = case(true);
    let mut other = shown(ReturnState::InProgress);
    other.return_id = "ret-2".into();
    case.care.papers.returns = vec![shown(ReturnState::InProgress), other];
    assert_eq!(due_now(&case), ["ret-1 authorize", "ret-2 authorize"]);
    case.progress.care.stops = vec![Stop {
        subject: "return/ret-1".into(),
        problem: Problem::new(Kind::ReturnUnclear),
        look_at: None,
        mapping_version: 0,
        order_version: 0,
        shipments_version: 0,
        is_parked: false,
    }];
    assert_eq!(due_now(&case), ["ret-2 authorize"]);
}

#[test]
fn a_return_that_carries_the_number_of_the_erp_is_its_other_side_though_nothing_here_says_so() {
    let mut case = case(true);
    let mut began = there(AuthorizationStatus::Received, 2, "restock");
    began.external_return_id = None;
    case.care.papers.erp_returns = vec![began];
    let mut made = shown(ReturnState::InProgress);
    made.rma = Some("RA1".into());
    case.care.papers.returns = vec![made.clone()];
    // Not announced once more; the step that makes it finds it there.
    assert_eq!(due_now(&case), ["ret-1 receive", "ra/RA1 create"]);
    made.rma = Some("the shop's own".into());
    case.care.papers.returns = vec![made];
    assert_eq!(due_now(&case), ["ret-1 authorize"]);
}
