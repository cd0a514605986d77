//! Short units and the memos for them: each is repaid or canceled once.

use super::*;
use crate::refund::Planned;

#[test]
fn a_short_unit_is_repaid_once_whether_a_memo_or_the_rule_comes_first() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 1)]);
    case.refunded("R1", true);
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "10.00")];
    assert!(case.refunds().is_empty());
    assert_eq!(case.parked(), ["memo/CM1/1: credit_above_paid"]);
    let mut case = Case::new(State::Shipping, true);
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "10.00")];
    case.refunded("R1", true);
    case.erp_canceled(&[(A, 1)]);
    assert!(case.refunds().is_empty() && case.parked().is_empty());
}

#[test]
fn a_short_unit_stays_repaid_when_its_memo_is_voided_or_changed_later() {
    let mut case = Case::new(State::Shipping, true);
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "10.00")];
    case.refunded("R1", true);
    case.erp_canceled(&[(A, 1)]);
    let changes: [fn(&mut CreditMemo); 3] = [
        |memo| memo.status = MemoStatus::Voided,
        |memo| memo.lines.clear(),
        |memo| memo.lines[0].quantity = Some(0),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut later = case.clone();
        later.care.papers.credits[0].version = 2;
        change(&mut later.care.papers.credits[0]);
        assert!(later.refunds().is_empty(), "{n}: {:?}", later.refunds());
    }
}

#[test]
fn units_repaid_one_by_one_are_known_again_by_a_ledger_that_lost_them() {
    let mut case = Case::new(State::Shipping, true);
    case.paid_line(A).quantity = 4;
    case.order.lines[0].quantity = 4;
    for n in 1..3 {
        case.erp_canceled(&[(A, n)]);
        case.refunded(&format!("R{n}"), true);
    }
    case.progress.care.refunds.clear();
    let answered: Vec<_> = planned(&case.progress, &case.facts())
        .into_iter()
        .map(|one| match one {
            Planned::Answered { item, refund_id } => format!("{} {refund_id}", item.cause.key()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        answered,
        [format!("short/{A}/0-1 R1"), format!("short/{A}/1-2 R2")]
    );
    assert!(case.refunds().is_empty() && case.parked().is_empty());
}

#[test]
fn a_short_memo_that_takes_the_place_of_a_voided_one_stands_for_the_same_unit() {
    let mut case = Case::new(State::Shipping, true);
    case.care.papers.credits = vec![short_memo("CM1", B, 1, "10.00")];
    case.refunded("R1", true);
    case.erp_canceled(&[(B, 1)]);
    case.care.papers.credits[0].status = MemoStatus::Voided;
    case.care.papers.credits[0].version = 2;
    case.care
        .papers
        .credits
        .push(short_memo("CM2", B, 1, "10.00"));
    let all = planned(&case.progress, &case.facts());
    let Some(Planned::Answered { item, refund_id }) = all.last() else {
        panic!("{all:?}");
    };
    assert_eq!(
        (item.cause.key().as_str(), refund_id.as_str()),
        ("memo/CM2/1", "R1")
    );
    case.progress.care.refunds.push(Sent {
        item: item.clone(),
        sent_at: at(25),
        state: SentState::Done {
            refund_id: "R1".into(),
        },
    });
    assert_eq!(case.progress.care.excluded(B), 1, "one refund, one unit");
    assert!(case.refunds().is_empty() && case.parked().is_empty());
}

#[test]
fn a_unit_canceled_before_payment_is_not_repaid_by_a_memo_after_it() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 1)]);
    case.order.lines[0].canceled = 1;
    case.progress.care.cancelations = vec![SentCancelation {
        order_line_id: A.into(),
        from: 0,
        to: 1,
        is_done: true,
    }];
    let credit = |number: &str| short_memo(number, A, 1, "9.00");
    case.care.papers.credits = vec![credit("CM1")];
    assert!(case.refunds().is_empty());
    assert_eq!(case.parked(), ["memo/CM1/1: credit_above_paid"]);
    // A second unit fell short after payment: one memo is for it, and no more than one.
    case.erp_canceled(&[(A, 2)]);
    case.care.papers.credits.push(credit("CM2"));
    case.care.papers.credits[1].ra_number = Some("RA2".into());
    assert_eq!(case.refunds(), ["memo/CM1/1: 9.00 + 0"]);
    assert_eq!(case.parked(), ["memo/CM2/1: credit_above_paid"]);
}

#[test]
fn a_memo_waits_while_the_refund_for_the_voided_one_that_it_replaces_is_in_doubt() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    let item = refunds_due(&case.progress, &case.facts()).remove(0);
    case.progress.care.refunds.push(Sent {
        item: item.clone(),
        sent_at: at(20),
        state: SentState::Unknown,
    });
    case.progress.care.read_after = Some(at(60));
    case.care.papers.credits[0].status = MemoStatus::Voided;
    case.care.papers.credits.push(memo("CM2", A, "10.00"));
    assert!(case.refunds().is_empty());
    case.order.read_at = at(60);
    let mut done = case.clone();
    done.show("R1", &item);
    done.progress.absorb(&done.order);
    assert!(done.refunds().is_empty(), "CM2 stands for what went out");
    case.progress.absorb(&case.order);
    assert_eq!(case.refunds(), ["memo/CM2/1: 10.00 + 0"]);
}

#[test]
fn a_refund_for_short_units_of_another_amount_asks_before_more_goes_out() {
    // As after a lost ledger: the rule repaid the unit, and then comes a memo of a cent less.
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 1)]);
    case.refunded("R1", true);
    case.progress.care.refunds.clear();
    case.progress.care.erp_units = None;
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "9.99")];
    assert!(case.refunds().is_empty());
    let asked = [
        "memo/CM1/1: credit_above_paid",
        "refund/R1: refund_elsewhere",
    ];
    assert_eq!(case.parked(), asked);
    case.care.rules.approved.insert("memo/CM1/1".into());
    assert_eq!(
        case.refunds(),
        ["memo/CM1/1: 9.99 + 0"],
        "a person found it right"
    );
}

#[test]
fn a_refund_found_again_stands_for_the_credit_of_its_reason() {
    let mut case = Case::new(State::Shipping, true);
    case.paid_line(A).shipping = Decimal::ZERO;
    case.erp_canceled(&[(A, 1)]);
    case.refunded("R1", true);
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    case.refunded("R2", true);
    case.progress.care.refunds.clear();
    let found = |case: &Case| -> Vec<String> {
        let all = planned(&case.progress, &case.facts()).into_iter();
        all.map(|one| match one {
            Planned::Answered { item, refund_id } => format!("{} {refund_id}", item.cause.key()),
            other => format!("{other:?}"),
        })
        .collect()
    };
    let both = ["memo/CM1/1 R2".to_owned(), format!("short/{A}/0-1 R1")];
    assert_eq!(found(&case), both);
    // Where only the short unit was repaid, the memo still is.
    case.paid_line(A).refunds.pop();
    assert_eq!(case.refunds(), ["memo/CM1/1: 10.00 + 0"]);
}

#[test]
fn the_rule_repays_the_units_that_a_withdrawn_memo_left_open_and_no_other() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 2)]);
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "10.00")];
    let due = refunds_due(&case.progress, &case.facts());
    let [_, rest] = due.as_slice() else {
        panic!("{due:?}");
    };
    assert_eq!(rest.cause.key(), format!("short/{A}/1-2"));
    case.progress.care.refunds.push(Sent {
        item: rest.clone(),
        sent_at: at(20),
        state: SentState::Done {
            refund_id: "R1".into(),
        },
    });
    case.care.papers.credits[0].status = MemoStatus::Voided;
    assert_eq!(case.refunds(), [format!("short/{A}/0-1: 10.00 + 2.00")]);
}

#[test]
fn after_a_lost_ledger_the_units_are_read_where_a_refund_may_be_for_them() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 1)]);
    case.refunded("R1", true);
    case.order.state = State::Shipped;
    case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
    case.progress.shipment = Told::Yes;
    case.progress.care = Care {
        refunds_lost_at: Some(at(50)),
        ..Care::default()
    };
    assert_eq!(case.step(), Step::ReadUnits);
    case.erp_canceled(&[(A, 1)]);
    let all = planned(&case.progress, &case.facts());
    assert!(matches!(&all[..], [Planned::Answered { refund_id, .. }] if refund_id == "R1"));
    case.progress.care.erp_units = None;
    case.progress.care.refunds_lost_at = None;
    assert_eq!(
        case.step(),
        Step::Wait(Wait::Aftercare),
        "somebody else made it"
    );
}
