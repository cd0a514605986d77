//! Stops: what keeps one item, until when, and that it keeps no other.

use super::*;
use crate::command::Command;
use crate::step::Shown;

const CM1: &str = "memo/CM1/1";

/// Two credits, the first of which Mirakl refused.
fn refused(kind: Kind) -> Case {
    let mut case = Case::shipped();
    case.versions = Versions {
        mapping: 3,
        order: 4,
        shipments: 5,
    };
    case.care.papers.credits = vec![memo("CM1", A, "10.00"), memo("CM2", B, "10.00")];
    case.progress.care.stops = vec![Stop {
        subject: CM1.into(),
        problem: Problem::new(kind),
        look_at: None,
        mapping_version: 3,
        order_version: 4,
        shipments_version: 5,
        is_parked: kind == Kind::OutcomeUnknown,
    }];
    case
}

const BOTH: [&str; 2] = ["memo/CM1/1: 10.00 + 0", "memo/CM2/1: 10.00 + 0"];

#[test]
fn a_stop_keeps_its_own_item_alone() {
    let case = refused(Kind::RefundRefused);
    assert_eq!(case.refunds(), BOTH[1..]);
    assert_eq!(case.step(), Step::Refund);
    assert_eq!(case.parked(), ["memo/CM1/1: refund_refused"]);
}

#[test]
fn a_stop_stands_until_something_changed_that_may_be_its_cure() {
    type Change = fn(&mut Case);
    let table: [(&str, Kind, Change, bool); 7] = [
        ("nothing", Kind::RefundRefused, |_| (), true),
        (
            "order",
            Kind::RefundRefused,
            |c| c.versions.order += 1,
            false,
        ),
        (
            "papers",
            Kind::RefundRefused,
            |c| c.versions.shipments += 1,
            false,
        ),
        (
            "mapping, and it is no cure",
            Kind::RefundRefused,
            |c| c.versions.mapping += 1,
            true,
        ),
        (
            "mapping",
            Kind::UnmappedReason,
            |c| c.versions.mapping += 1,
            false,
        ),
        (
            "too early",
            Kind::RefundRefused,
            |c| {
                c.progress.care.stops[0].look_at = Some(at(c.now + 1));
            },
            true,
        ),
        (
            "its time",
            Kind::RefundRefused,
            |c| {
                c.progress.care.stops[0].look_at = Some(at(c.now));
            },
            false,
        ),
    ];
    for (name, kind, change, stands) in table {
        let mut case = refused(kind);
        change(&mut case);
        let expected: &[&str] = if stands { &BOTH[1..] } else { &BOTH };
        assert_eq!(case.refunds(), expected, "{name}");
        assert_eq!(case.parked().len(), usize::from(stands), "{name}");
    }
}

#[test]
fn an_order_wakes_for_the_moment_of_a_stop() {
    let mut case = refused(Kind::RefundRefused);
    case.progress.care.stops[0].look_at = Some(at(400));
    assert_eq!(wake_at(&case.progress, &case.facts()), Some(at(400)));
    case.progress.care.stops[0].is_parked = true;
    case.progress.care.stops[0].look_at = None;
    assert_eq!(wake_at(&case.progress, &case.facts()), None);
}

#[test]
fn a_parked_item_waits_for_retry_whatever_the_news_and_whatever_else_is_corrected() {
    let mut case = refused(Kind::OutcomeUnknown);
    case.versions = Versions {
        mapping: 9,
        order: 9,
        shipments: 9,
    };
    assert_eq!(case.refunds(), BOTH[1..]);
    assert_eq!(case.parked(), ["memo/CM1/1: outcome_unknown"]);
    let mut progress = case.progress.clone();
    let step = case.step();
    let correct = serde_json::json!({"warehouse": "NJ1"});
    let correct = Command::read("correct", &correct).unwrap();
    assert!(correct.apply(&mut progress, &case.facts(), &step).done);
    case.progress = progress;
    assert_eq!(case.refunds(), BOTH[1..], "corrected codes are no answer");
    let mut progress = case.progress.clone();
    let answer = Command::Retry.apply(&mut progress, &case.facts(), &step);
    assert_eq!(answer.code, "retried");
    case.progress = progress;
    assert_eq!(case.refunds(), BOTH);
    assert!(case.parked().is_empty());
}

#[test]
fn a_stop_of_a_cancelation_a_return_or_an_incident_keeps_that_alone() {
    let stop = |subject: String| Stop {
        subject,
        problem: Problem::new(Kind::MarketplaceRefused),
        look_at: None,
        mapping_version: 0,
        order_version: 0,
        shipments_version: 0,
        is_parked: false,
    };
    let mut case = Case::new(State::WaitingDebit, false);
    case.erp_canceled(&[(A, 1), (B, 1)]);
    case.progress.care.stops = vec![stop(format!("cancel/{A}/0-1"))];
    assert_eq!(case.cancelations(), [format!("cancel/{B}/0-1")]);
    let mut case = Case::shipped();
    case.order.lines[0].state = State::IncidentOpen;
    case.care.papers.credits = vec![memo("CM2", B, "10.00")];
    case.progress.care.resolving = Some(Resolving {
        order_line_id: A.into(),
        reason_code: "10".into(),
    });
    assert_eq!(case.step(), Step::ResolveIncident);
    case.progress.care.stops = vec![stop(incident_key(A))];
    assert_eq!(case.step(), Step::Refund);
    let one = format!("incident/{A}: marketplace_refused");
    assert_eq!(case.parked(), [one], "one subject, one exception");
}

#[test]
fn a_person_at_the_order_itself_keeps_no_refund_and_is_still_shown_after_it() {
    let mut case = Case::new(State::Shipping, true);
    case.shipments = vec![parcel("S1", true, &[(A, 3), (B, 2)])];
    assert_eq!(case.asks(), Some(Kind::ExcessShip));
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    assert_eq!(case.step(), Step::Refund);
    case.refunded("R1", true);
    assert_eq!(case.asks(), Some(Kind::ExcessShip));
    let Shown { blocked_on, .. } = crate::fulfillment::decide(&case.progress, &case.facts()).shown;
    assert_eq!(
        blocked_on.map(|problem| problem.kind),
        Some(Kind::ExcessShip)
    );
}

#[test]
fn a_held_order_and_a_dry_shop_send_no_refund() {
    let mut case = Case::shipped();
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    case.progress.held = true;
    assert_eq!(case.step(), Step::Wait(Wait::Held));
    case.policy.dry_run = true;
    assert_eq!(case.step(), Step::Wait(Wait::DryRun("refund".into())));
}
