//! Tables and properties of an order's life.

mod properties;

use super::*;
use crate::marketplace::{ReturnsRule, ShortShip, ShortStock};
use crate::order::Line;
use crate::progress::{Blocked, Booked, BookedLine, Cancelled};
use crate::shipment::{Parcel, Quantity};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn policy() -> Policy {
    Policy {
        prefix: "NW".into(),
        external_po_max: 22,
        take_over_from: at(-1000),
        dry_run: false,
        partial_acceptance: true,
        short_stock: ShortStock::Refuse,
        own_centers: vec!["DEFAULT".into()],
        acceptance_limit_s: 86_400,
        aftercare_s: 1000,
        tracking_grace_s: 0,
        short_ship: ShortShip::Ask,
        refund_age_s: 7 * 86_400,
        returns: ReturnsRule::Off,
        return_method: None,
    }
}

pub(crate) fn order(state: State) -> Order {
    let line = Line {
        line_id: "C-1-A-1".into(),
        offer_sku: "BC-1".into(),
        quantity: 2,
        state: state.clone(),
        canceled: 0,
    };
    Order {
        has_address: state == State::Shipping,
        state,
        reason_code: None,
        created_at: at(0),
        updated_at: at(0),
        read_at: at(10),
        decided_at: None,
        debited_at: None,
        ship_by: None,
        shipping_type: "STD".into(),
        center: Some("DEFAULT".into()),
        can_cancel: false,
        tracking_number: None,
        seller_reference: None,
        currency: "USD".into(),
        total: "10.00".into(),
        lines: vec![line],
        paid: None,
        refund_pending_since: None,
    }
}

fn booked(taken: bool) -> SalesOrder {
    let line = BookedLine {
        line_id: "C-1-A-1".into(),
        taken,
        reject_code: None,
    };
    SalesOrder::There(Booked {
        number: "500001".into(),
        version: 1,
        lines: vec![line],
    })
}

pub(crate) fn whole_shipment() -> Shipment {
    let lines = vec![Quantity {
        line_id: "C-1-A-1".into(),
        quantity: 2,
    }];
    let parcel = Parcel {
        parcel_id: None,
        tracking_number: Some("1Z".into()),
        tracking_url: None,
        lines,
    };
    Shipment {
        shipment_id: "S1".into(),
        version: 1,
        is_final: true,
        voided: false,
        ship_via: "UPSG".into(),
        carrier: "UPS".into(),
        confirmed_at: Some(at(20)),
        parcels: vec![parcel],
        short: vec![],
    }
}

fn next(progress: &Progress, order: &Order, shipments: &[Shipment], now: i64) -> Step {
    let policy = policy();
    let facts = Facts {
        order,
        shipments,
        policy: &policy,
        multi_shipment: Some(false),
        aftercare: &Aftercare::default(),
        versions: Versions::default(),
        now: at(now),
    };
    next_step(progress, &facts)
}

fn person_kind(step: &Step) -> Option<Kind> {
    match step {
        Step::Wait(Wait::Person(problem)) => Some(problem.kind),
        _ => None,
    }
}

#[test]
fn the_happy_life_goes_step_by_step() {
    let mut p = Progress::default();
    assert_eq!(
        next(&p, &order(State::Staging), &[], 0),
        Step::Wait(Wait::Validation)
    );
    let sold = order(State::WaitingAcceptance);
    assert_eq!(next(&p, &sold, &[], 0), Step::CreateSalesOrder);
    p.sales_order = booked(true);
    assert_eq!(next(&p, &sold, &[], 0), Step::AcceptLines);
    p.acceptance = Acceptance::Told { accepted: true };
    assert_eq!(next(&p, &sold, &[], 0), Step::Wait(Wait::Payment));
    assert_eq!(
        next(&p, &order(State::WaitingDebit), &[], 0),
        Step::Wait(Wait::Payment)
    );
    let paid = order(State::Shipping);
    assert_eq!(next(&p, &paid, &[], 0), Step::Release);
    p.released = true;
    assert_eq!(next(&p, &paid, &[], 0), Step::Wait(Wait::Shipment));
    let left = [whole_shipment()];
    assert_eq!(next(&p, &paid, &left, 0), Step::SendTracking);
    p.tracking = Some(tracking_key(&left[0]));
    assert_eq!(next(&p, &paid, &left, 0), Step::ConfirmShipment);
    p.shipment = Sent::Yes;
    assert_eq!(next(&p, &paid, &left, 0), Step::Wait(Wait::Aftercare));
    assert_eq!(
        next(&p, &order(State::Shipped), &left, 30),
        Step::Wait(Wait::Aftercare)
    );
    assert_eq!(
        next(&p, &order(State::Shipped), &left, 1020),
        Step::Done(Outcome::Fulfilled)
    );
    assert_eq!(
        next(&p, &order(State::Closed), &left, 30),
        Step::Done(Outcome::Fulfilled)
    );
}

#[test]
fn an_order_called_off_leaves_no_open_sales_order() {
    for (state, outcome) in [
        (State::Refused, Outcome::Refused),
        (State::Canceled, Outcome::Cancelled),
    ] {
        let gone = order(state);
        let mut p = Progress::default();
        assert_eq!(next(&p, &gone, &[], 0), Step::Done(outcome));
        p.sales_order = SalesOrder::Doubtful;
        assert_eq!(next(&p, &gone, &[], 0), Step::FindSalesOrder);
        p.sales_order = booked(true);
        assert_eq!(next(&p, &gone, &[], 0), Step::CancelSalesOrder);
        p.cancelled = Some(Cancelled { not_cancelled: 1 });
        assert_eq!(
            person_kind(&next(&p, &gone, &[], 0)),
            Some(Kind::CancelledAfterPick)
        );
        p.cancelled = Some(Cancelled { not_cancelled: 0 });
        assert_eq!(next(&p, &gone, &[], 0), Step::Done(outcome));
    }
}

#[test]
fn a_lost_answer_waits_for_an_order_read_after_it() {
    let read_after = at(50);
    let mut p = Progress {
        sales_order: booked(true),
        acceptance: Acceptance::Doubtful { read_after },
        ..Progress::default()
    };
    let mut sold = order(State::WaitingAcceptance);
    assert_eq!(next(&p, &sold, &[], 60), Step::Wait(Wait::ReadBack));
    sold.read_at = at(51);
    assert_eq!(next(&p, &sold, &[], 60), Step::AcceptLines);
    p.acceptance = Acceptance::Told { accepted: true };
    p.released = true;
    let left = [whole_shipment()];
    p.tracking = Some(tracking_key(&left[0]));
    p.shipment = Sent::Doubtful { read_after };
    let mut paid = order(State::Shipping);
    assert_eq!(next(&p, &paid, &left, 60), Step::Wait(Wait::ReadBack));
    paid.read_at = at(51);
    assert_eq!(next(&p, &paid, &left, 60), Step::ConfirmShipment);
}

#[test]
fn cancel_refuses_then_calls_off_then_needs_a_refund() {
    let mut p = Progress {
        cancel: Some("17".into()),
        ..Progress::default()
    };
    assert_eq!(
        next(&p, &order(State::WaitingAcceptance), &[], 0),
        Step::RefuseLines
    );
    p.sales_order = booked(true);
    let mut unpaid = order(State::WaitingDebitPayment);
    assert_eq!(
        person_kind(&next(&p, &unpaid, &[], 0)),
        Some(Kind::NeedsRefund)
    );
    unpaid.can_cancel = true;
    assert_eq!(next(&p, &unpaid, &[], 0), Step::CancelSalesOrder);
    p.cancelled = Some(Cancelled { not_cancelled: 0 });
    assert_eq!(next(&p, &unpaid, &[], 0), Step::CancelOrder);
    let mut paid = order(State::Shipping);
    paid.debited_at = Some(at(5));
    assert_eq!(
        person_kind(&next(&p, &paid, &[], 0)),
        Some(Kind::NeedsRefund)
    );
}

#[test]
fn a_refusal_stands_until_its_cure_may_have_come() {
    let blocked = Blocked {
        look_at: None,
        step: "create_sales_order".into(),
        problem: Problem::new(Kind::UnmappedSku),
        mapping_version: 1,
        order_version: 1,
        shipments_version: 0,
    };
    let p = Progress {
        blocked: Some(blocked),
        ..Progress::default()
    };
    let (order, policy) = (order(State::WaitingAcceptance), policy());
    let with = |mapping| {
        let versions = Versions {
            mapping,
            order: 1,
            shipments: 0,
        };
        let facts = Facts {
            multi_shipment: Some(false),
            aftercare: &Aftercare::default(),
            order: &order,
            shipments: &[],
            policy: &policy,
            versions,
            now: at(0),
        };
        next_step(&p, &facts)
    };
    assert_eq!(person_kind(&with(1)), Some(Kind::UnmappedSku));
    assert_eq!(with(2), Step::CreateSalesOrder);
}

#[test]
fn a_parked_write_is_looked_for_in_its_time_and_stays_an_exception_meanwhile() {
    let blocked = Blocked {
        look_at: Some(at(600)),
        step: "create_sales_order".into(),
        problem: Problem::new(Kind::OutcomeUnknown),
        mapping_version: 0,
        order_version: 0,
        shipments_version: 0,
    };
    let p = Progress {
        blocked: Some(blocked),
        sales_order: SalesOrder::Doubtful,
        ..Progress::default()
    };
    let (order, policy) = (order(State::WaitingAcceptance), policy());
    for (now, step_is_look) in [(0, false), (599, false), (600, true)] {
        let facts = Facts {
            order: &order,
            shipments: &[],
            policy: &policy,
            multi_shipment: Some(false),
            aftercare: &Aftercare::default(),
            versions: Versions::default(),
            now: at(now),
        };
        let decision = decide(&p, &facts);
        assert_eq!(
            decision.step == Step::CreateSalesOrder,
            step_is_look,
            "{now}"
        );
        assert_eq!(decision.shown.kind(), Some(Kind::OutcomeUnknown), "{now}");
        let wakes = wake_at(&p, &facts, &decision.step);
        assert_eq!(wakes, (!step_is_look).then(|| at(600)), "{now}");
    }
}

#[test]
fn an_order_that_the_erp_refuses_whole_for_stock_follows_the_policy() {
    let p = Progress {
        no_stock: true,
        ..Progress::default()
    };
    let sold = order(State::WaitingAcceptance);
    let with = |short_stock| {
        let policy = Policy {
            short_stock,
            ..policy()
        };
        let versions = Versions::default();
        let facts = Facts {
            multi_shipment: Some(false),
            aftercare: &Aftercare::default(),
            order: &sold,
            shipments: &[],
            policy: &policy,
            versions,
            now: at(0),
        };
        next_step(&p, &facts)
    };
    assert_eq!(with(ShortStock::Refuse), Step::RefuseLines);
    assert_eq!(with(ShortStock::AcceptPart), Step::RefuseLines);
    assert_eq!(person_kind(&with(ShortStock::Ask)), Some(Kind::ShortStock));
}

#[test]
fn orders_of_others_and_of_before_are_left_alone() {
    let mut theirs = order(State::WaitingAcceptance);
    theirs.center = Some("OPERATOR-FC".into());
    assert_eq!(
        next(&Progress::default(), &theirs, &[], 0),
        Step::Done(Outcome::NotOurs)
    );
    let mut old = order(State::WaitingAcceptance);
    old.created_at = at(-2000);
    assert_eq!(
        next(&Progress::default(), &old, &[], 0),
        Step::Done(Outcome::NotOurs)
    );
}

#[test]
fn a_word_nobody_knows_holds_the_order() {
    let strange = order(State::Unknown("TELEPORTING".into()));
    let step = next(&Progress::default(), &strange, &[], 0);
    assert_eq!(person_kind(&step), Some(Kind::UnknownWord));
}

#[test]
fn a_dry_run_writes_nothing() {
    let (order, mut policy) = (order(State::WaitingAcceptance), policy());
    policy.dry_run = true;
    let facts = Facts {
        order: &order,
        shipments: &[],
        policy: &policy,
        multi_shipment: Some(false),
        aftercare: &Aftercare::default(),
        versions: Versions::default(),
        now: at(0),
    };
    let step = next_step(&Progress::default(), &facts);
    assert_eq!(step, Step::Wait(Wait::DryRun("create_sales_order".into())));
}
