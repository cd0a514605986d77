//! Refunds: which go out, and what they wait for.

use super::*;
use crate::refund::Planned;

#[test]
fn a_refund_goes_out_only_where_mirakl_takes_one() {
    // State, money taken?, goes out?, needs a person?
    let table = [
        (State::WaitingAcceptance, false, false, false),
        (State::WaitingDebit, false, false, false),
        (State::WaitingDebitPayment, false, false, false),
        (State::Shipping, false, false, false),
        (State::Shipping, true, true, false),
        (State::Shipped, true, true, false),
        (State::ToCollect, true, true, false),
        (State::Received, true, true, false),
        (State::Closed, true, false, true),
        (State::Refused, false, false, true),
        (State::Canceled, false, false, true),
    ];
    for (state, is_paid, goes, asks) in table {
        let mut case = Case::shipped();
        case.order.state = state.clone();
        case.order.debited_at = is_paid.then(|| at(1));
        case.care.papers.credits = vec![memo("CM1", A, "10.00")];
        assert_eq!(
            case.refunds().len(),
            usize::from(goes),
            "{state:?} {is_paid}"
        );
        let parked = case.parked();
        assert_eq!(
            parked.len(),
            usize::from(asks),
            "{state:?} {is_paid}: {parked:?}"
        );
        if asks {
            assert_eq!(parked, ["memo/CM1/1: credit_unusable"], "{state:?}");
        }
    }
}

#[test]
fn each_line_of_a_posted_memo_is_repaid_once() {
    let mut case = Case::shipped();
    let mut both = memo("CM1", A, "10.00");
    both.lines.push(MemoLine {
        line_id: "2".into(),
        ..memo("CM1", B, "4.00").lines.remove(0)
    });
    case.care.papers.credits = vec![both];
    let all = ["memo/CM1/1: 10.00 + 0", "memo/CM1/2: 4.00 + 0"];
    assert_eq!(case.refunds(), all);
    let items = refunds_due(&case.progress, &case.facts());
    case.progress.care.refunds.push(Sent {
        item: items[0].clone(),
        sent_at: at(20),
        state: SentState::Done {
            refund_id: "R1".into(),
        },
    });
    assert_eq!(case.refunds(), all[1..], "not shown yet");
    case.show("R1", &items[0]);
    assert_eq!(case.refunds(), all[1..], "shown");
    case.progress.care.refunds[0].state = SentState::Refused;
    case.paid_line(A).refunds.clear();
    assert_eq!(case.refunds(), all, "Mirakl refused it: nothing went back");
}

#[test]
fn a_draft_waits_and_a_voided_memo_is_nothing_until_it_was_repaid() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    for status in [MemoStatus::Draft, MemoStatus::Voided] {
        case.care.papers.credits[0].status = status;
        assert!(case.refunds().is_empty() && case.parked().is_empty());
    }
    case.care.papers.credits[0].status = MemoStatus::Posted;
    case.refunded("R1", true);
    case.care.papers.credits[0].status = MemoStatus::Voided;
    case.care.papers.credits[0].version = 2;
    assert_eq!(case.parked(), ["memo/CM1/1: credit_changed_after_refund"]);
    assert!(case.refunds().is_empty());
}

#[test]
fn a_bad_credit_is_parked_and_its_neighbors_go_on() {
    let bad = [
        ("too high", memo("CM1", A, "99.00"), "credit_above_paid"),
        (
            "never sold",
            memo("CM1", "C-1-A-9", "1.00"),
            "credit_without_sale",
        ),
        (
            "other currency",
            CreditMemo {
                currency: Some("EUR".into()),
                ..memo("CM1", A, "1.00")
            },
            "credit_unusable",
        ),
        ("no amount", memo("CM1", A, "0.001"), "credit_unusable"),
    ];
    for (name, bad, kind) in bad {
        let mut case = Case::shipped();
        case.care.papers.credits = vec![bad, memo("CM2", B, "10.00")];
        assert_eq!(case.refunds(), ["memo/CM2/1: 10.00 + 0"], "{name}");
        assert_eq!(case.parked(), [format!("memo/CM1/1: {kind}")], "{name}");
    }
    let mut twice = Case::shipped();
    twice.care.papers.credits = vec![memo("CM1", A, "10.00"), memo("CM2", A, "10.00")];
    assert_eq!(twice.refunds(), ["memo/CM1/1: 10.00 + 0"]);
    assert_eq!(twice.parked(), ["memo/CM2/1: credit_posted_twice"]);
    twice.care.rules.approved.insert("memo/CM2/1".into());
    assert_eq!(twice.refunds().len(), 2, "a person found it right");
}

#[test]
fn a_refund_in_doubt_waits_for_an_order_read_late_enough() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    let item = refunds_due(&case.progress, &case.facts()).remove(0);
    case.progress.care.refunds.push(Sent {
        item: item.clone(),
        sent_at: at(20),
        state: SentState::Unknown,
    });
    case.progress.care.read_after = Some(at(60));
    assert_eq!(case.step(), Step::Wait(Wait::ReadBack));
    let wants = |case: &Case| crate::fulfillment::wants_read_back(&case.progress, &case.step());
    assert!(wants(&case));
    // Too early to tell, whether it shows or not.
    for shows in [false, true] {
        let mut early = case.clone();
        early.order.read_at = at(59);
        if shows {
            early.show("R1", &item);
        }
        assert!(early.progress.absorb(&early.order).is_empty());
        assert_eq!(early.step(), Step::Wait(Wait::ReadBack));
        assert!(early.parked().is_empty(), "it may be ours");
    }
    let mut done = case.clone();
    done.order.read_at = at(60);
    done.show("R1", &item);
    assert_eq!(
        done.progress.absorb(&done.order),
        [refund_effect("memo/CM1/1")]
    );
    assert_eq!(done.step(), Step::Wait(Wait::Aftercare));
    assert!(!wants(&done));
    case.order.read_at = at(60);
    assert!(case.progress.absorb(&case.order).is_empty());
    assert_eq!(case.step(), Step::Refund, "it was not done");
}

#[test]
fn the_end_of_an_order_waits_for_a_refund_in_doubt_and_other_credits_do_not() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    let item = refunds_due(&case.progress, &case.facts()).remove(0);
    case.progress.care.refunds.push(Sent {
        item,
        sent_at: at(20),
        state: SentState::Unknown,
    });
    case.progress.care.read_after = Some(at(9999));
    case.now = 5000;
    assert_eq!(case.step(), Step::Wait(Wait::ReadBack));
    case.care.papers.credits.push(memo("CM2", B, "10.00"));
    assert_eq!(case.refunds(), ["memo/CM2/1: 10.00 + 0"]);
}

#[test]
fn what_is_in_doubt_counts_as_gone_until_it_is_known() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", B, "6.00"), memo("CM2", B, "5.00")];
    assert_eq!(case.refunds(), ["memo/CM1/1: 6.00 + 0"]);
    assert_eq!(case.parked(), ["memo/CM2/1: credit_above_paid"]);
    let item = refunds_due(&case.progress, &case.facts()).remove(0);
    case.progress.care.refunds.push(Sent {
        item,
        sent_at: at(20),
        state: SentState::Unknown,
    });
    assert!(
        case.refunds().is_empty(),
        "not while the first may have gone out"
    );
    case.progress.care.refunds.clear();
    case.care.papers.credits.remove(0);
    assert_eq!(case.refunds(), ["memo/CM2/1: 5.00 + 0"]);
}

#[test]
fn a_refund_of_the_portal_stands_for_the_memo_of_its_amount_and_else_asks() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    let item = refunds_due(&case.progress, &case.facts()).remove(0);
    case.show("R7", &item);
    assert!(case.refunds().is_empty());
    let answered = planned(&case.progress, &case.facts());
    assert!(matches!(&answered[..], [Planned::Answered { refund_id, .. }] if refund_id == "R7"));
    assert!(case.parked().is_empty());
    case.care.papers.credits.clear();
    case.progress.care.resolving = None;
    // A refund without a credit wants one in the books; nobody but finance may say so.
    case.care.papers.credits = vec![memo("CM1", A, "9.00")];
    assert_eq!(case.refunds(), ["memo/CM1/1: 9.00 + 0"]);
    assert_eq!(case.parked(), ["refund/R7: refund_elsewhere"]);
}

#[test]
fn an_incident_holds_a_part_and_lets_the_whole_go() {
    let mut case = Case::shipped();
    case.order.lines[0].state = State::IncidentOpen;
    case.care.papers.credits = vec![memo("CM1", A, "10.00"), memo("CM2", B, "3.00")];
    let incident = format!("incident/{A}: incident_open");
    assert_eq!(
        case.refunds(),
        ["memo/CM2/1: 3.00 + 0"],
        "the other line goes on"
    );
    assert_eq!(case.parked(), [incident]);
    let mut whole = memo("CM1", A, "30.00");
    whole.lines[0].shipping = dec("6.00");
    case.care.papers.credits = vec![whole];
    assert_eq!(case.refunds(), ["memo/CM1/1: 30.00 + 6.00"]);
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    case.order.lines[0].state = State::Shipped;
    assert_eq!(
        case.refunds(),
        ["memo/CM1/1: 10.00 + 0"],
        "the dispute is over"
    );
}

#[test]
fn a_disputed_line_counts_each_refund_of_ours_once() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "15.00"), memo("CM2", A, "10.00")];
    case.paid_line(A).shipping = Decimal::ZERO;
    let first = refunds_due(&case.progress, &case.facts()).remove(0);
    let sent = |state| Sent {
        item: first.clone(),
        sent_at: at(20),
        state,
    };
    case.order.lines[0].state = State::IncidentOpen;
    // In doubt and shown already: 15 are left, so 10 are a part.
    let mut doubt = case.clone();
    doubt.progress.care.refunds = vec![sent(SentState::Unknown)];
    doubt.progress.care.read_after = Some(at(60));
    doubt.show("R1", &first);
    assert!(doubt.refunds().is_empty(), "{:?}", doubt.refunds());
    // Done and not shown yet: what is left is 15, and a credit of it ends the dispute.
    case.care.papers.credits[1] = memo("CM2", A, "15.00");
    case.care.papers.credits[1].ra_number = Some("RA2".into());
    case.progress.care.refunds = vec![sent(SentState::Done {
        refund_id: "R1".into(),
    })];
    assert_eq!(case.refunds(), ["memo/CM2/1: 15.00 + 0"]);
}

#[test]
fn a_settled_incident_is_told_once_and_only_while_it_is_open() {
    let mut case = Case::shipped();
    case.order.lines[0].state = State::IncidentOpen;
    assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
    case.progress.care.resolving = Some(Resolving {
        order_line_id: A.into(),
        reason_code: "10".into(),
    });
    assert_eq!(case.step(), Step::ResolveIncident);
    case.order.lines[0].state = State::Shipped;
    assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
}

#[test]
fn a_refund_that_stays_unpaid_too_long_is_told_to_a_person_on_its_day() {
    let mut case = Case::shipped();
    case.order.refund_pending_since = Some(at(30));
    case.policy.refund_age_s = 100;
    case.now = 129;
    assert!(case.parked().is_empty());
    assert_eq!(wake_at(&case.progress, &case.facts()), Some(at(130)));
    case.now = 130;
    assert_eq!(case.parked(), ["refund_age: refund_ageing"]);
    assert_eq!(wake_at(&case.progress, &case.facts()), None);
    case.order.refund_pending_since = None;
    assert!(case.parked().is_empty());
}

#[test]
fn a_refund_goes_on_from_one_voided_memo_to_the_next() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    case.refunded("R1", true);
    for number in ["CM2", "CM3", "CM4"] {
        let last = case.care.papers.credits.last_mut().unwrap();
        last.status = MemoStatus::Voided;
        last.version = 2;
        case.care.papers.credits.push(memo(number, A, "10.00"));
        let all = planned(&case.progress, &case.facts());
        let Some(Planned::Answered { item, refund_id }) = all.last() else {
            panic!("{number}: {all:?}");
        };
        assert_eq!(refund_id, "R1", "{number}");
        case.progress.care.refunds.push(Sent {
            item: item.clone(),
            sent_at: at(25),
            state: SentState::Done {
                refund_id: refund_id.clone(),
            },
        });
        assert!(case.parked().is_empty(), "{number}: {:?}", case.parked());
    }
}
