//! Units that will not be delivered.

use super::*;

#[test]
fn units_that_the_house_canceled_go_the_way_the_money_went() {
    // State, money taken?, OR29 allowed?, canceled by the house; what comes.
    let table = [
        (
            "waiting_debit",
            State::WaitingDebit,
            false,
            false,
            &[(A, 1)][..],
            Step::CancelLines,
        ),
        (
            "before payment",
            State::WaitingDebitPayment,
            false,
            true,
            &[(A, 1)],
            Step::CancelLines,
        ),
        (
            "all of it",
            State::WaitingDebit,
            false,
            true,
            &[(A, 3), (B, 1)],
            Step::CancelOrder,
        ),
        (
            "all, and OR29 is not allowed",
            State::WaitingDebit,
            false,
            false,
            &[(A, 3), (B, 1)],
            Step::CancelLines,
        ),
        (
            "payable later",
            State::Shipping,
            false,
            false,
            &[(B, 1)],
            Step::CancelLines,
        ),
        (
            "all, payable later",
            State::Shipping,
            false,
            true,
            &[(A, 3), (B, 1)],
            Step::CancelOrder,
        ),
        (
            "paid",
            State::Shipping,
            true,
            false,
            &[(A, 1)],
            Step::Refund,
        ),
        (
            "all, paid",
            State::Shipping,
            true,
            false,
            &[(A, 3), (B, 1)],
            Step::Refund,
        ),
    ];
    for (name, state, is_paid, can_cancel, canceled, expected) in table {
        let mut case = Case::new(state, is_paid);
        case.order.can_cancel = can_cancel;
        case.erp_canceled(canceled);
        assert_eq!(case.step(), expected, "{name}");
        let facts = case.facts();
        let both = cancelations_due(&case.progress, &facts).is_empty()
            || refunds_due(&case.progress, &facts).is_empty();
        assert!(both, "{name}: canceled and repaid");
    }
}

#[test]
fn a_repaid_unit_need_not_be_shipped_and_a_canceled_one_carries_its_money() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 2)]);
    let items = refunds_due(&case.progress, &case.facts());
    assert!(items[0].excluded_from_shipment && items[0].quantity == 2);
    assert_eq!(case.refunds(), [format!("short/{A}/0-2: 20.00 + 4.00")]);
    let mut case = Case::new(State::WaitingDebit, false);
    case.erp_canceled(&[(A, 1), (B, 1)]);
    let items = cancelations_due(&case.progress, &case.facts());
    let money: Vec<_> = items
        .iter()
        .map(|i| (i.money.amount, i.money.shipping))
        .collect();
    assert_eq!(
        money,
        [(dec("10.00"), dec("2.00")), (dec("10.00"), dec("0"))]
    );
    assert_eq!(items[0].reason_code, "41");
}

#[test]
fn under_the_rule_to_ask_a_person_hears_of_canceled_units_and_nothing_is_sent() {
    let mut case = Case::new(State::Shipping, true);
    case.policy.short_ship = ShortShip::Ask;
    case.erp_canceled(&[(A, 1)]);
    assert_eq!(case.asks(), Some(Kind::ShortShip));
    assert!(case.refunds().is_empty() && case.cancelations().is_empty());
    // A memo for the unit settles it, and the rest goes on.
    case.care.papers.credits = vec![short_memo("CM1", A, 1, "10.00")];
    assert_eq!(case.step(), Step::Refund);
    case.refunded("R1", true);
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
}

#[test]
fn a_unit_canceled_on_mirakl_is_sent_once_and_not_again_before_it_shows() {
    let mut case = Case::new(State::WaitingDebit, false);
    case.erp_canceled(&[(A, 1)]);
    assert_eq!(case.cancelations(), [format!("cancel/{A}/0-1")]);
    let taken = |from, to| SentCancelation {
        order_line_id: A.into(),
        from,
        to,
        is_done: true,
    };
    // The order as read is older than the cancelation.
    case.progress.care.cancelations = vec![taken(0, 1)];
    assert_eq!(case.step(), Step::Wait(Wait::Payment));
    // One unit more falls short, still before the order was read again.
    case.erp_canceled(&[(A, 2)]);
    assert_eq!(case.cancelations(), [format!("cancel/{A}/1-2")]);
    case.progress.care.cancelations.push(taken(1, 2));
    assert!(case.cancelations().is_empty());
    case.order.lines[0].canceled = 2;
    assert!(case.cancelations().is_empty());
    assert_eq!(case.step(), Step::Wait(Wait::Payment));
}

#[test]
fn what_was_canceled_before_payment_is_not_repaid_after_it() {
    let mut case = Case::new(State::WaitingDebit, false);
    case.erp_canceled(&[(A, 1)]);
    case.progress.care.cancelations = vec![SentCancelation {
        order_line_id: A.into(),
        from: 0,
        to: 1,
        is_done: true,
    }];
    let mut paid = case.clone();
    paid.order.debited_at = Some(at(30));
    paid.order.state = State::Shipping;
    // It was read before the cancelation shows, and once more after.
    assert!(paid.refunds().is_empty());
    paid.order.lines[0].canceled = 1;
    assert!(paid.refunds().is_empty());
    // The next unit that falls short is repaid, as the first of those after payment.
    paid.erp_canceled(&[(A, 2)]);
    assert_eq!(paid.refunds(), [format!("short/{A}/0-1: 10.00 + 2.00")]);
}

#[test]
fn a_cancelation_in_doubt_holds_its_line_until_an_order_read_late_enough_tells() {
    let mut case = Case::new(State::WaitingDebit, false);
    case.erp_canceled(&[(A, 1), (B, 1)]);
    case.progress.care.read_after = Some(at(40));
    case.progress.care.cancelations = vec![SentCancelation {
        order_line_id: A.into(),
        from: 0,
        to: 1,
        is_done: false,
    }];
    assert_eq!(case.cancelations(), [format!("cancel/{B}/0-1")]);
    let mut early = case.clone();
    early.order.read_at = at(39);
    assert!(early.progress.absorb(&early.order).is_empty());
    assert_eq!(early.cancelations(), [format!("cancel/{B}/0-1")]);
    let (mut done, mut not) = (case.clone(), case);
    done.order.read_at = at(40);
    done.order.lines[0].canceled = 1;
    let effect = cancelation_effect(&format!("cancel/{A}/0-1"));
    assert_eq!(done.progress.absorb(&done.order), [effect]);
    assert_eq!(done.cancelations(), [format!("cancel/{B}/0-1")]);
    not.order.read_at = at(40);
    assert!(not.progress.absorb(&not.order).is_empty());
    let both = [format!("cancel/{A}/0-1"), format!("cancel/{B}/0-1")];
    assert_eq!(not.cancelations(), both);
}

#[test]
fn an_order_called_off_as_nothing_is_left_is_called_off_once() {
    let mut case = Case::new(State::WaitingDebit, false);
    case.order.can_cancel = true;
    case.erp_canceled(&[(A, 3), (B, 1)]);
    assert_eq!(case.step(), Step::CancelOrder);
    let mut taken = case.clone();
    taken.progress.order_cancelled = Told::Yes;
    assert_eq!(taken.step(), Step::Wait(Wait::ReadBack));
    case.progress.order_cancelled = Told::Doubtful { read_after: at(40) };
    assert_eq!(case.step(), Step::Wait(Wait::ReadBack));
    case.order.read_at = at(40);
    assert_eq!(case.step(), Step::CancelOrder);
    taken.order.state = State::Canceled;
    assert_eq!(taken.step(), Step::CancelSalesOrder);
}

#[test]
fn an_unmapped_reason_of_cancelation_asks_and_stops_nothing_else() {
    let mut case = Case::new(State::WaitingDebit, false);
    case.care.cancel_reason = None;
    case.erp_canceled(&[(A, 1)]);
    assert_eq!(case.parked(), [format!("cancel/{A}/0-1: unmapped_reason")]);
    assert_eq!(case.step(), Step::Wait(Wait::Payment));
}

#[test]
fn units_canceled_on_mirakl_are_canceled_in_bluecherry_before_anything_else() {
    for state in [State::WaitingDebit, State::Shipping, State::Shipped] {
        let mut case = Case::new(state.clone(), true);
        case.shipments = vec![parcel("S1", false, &[(A, 2), (B, 1)])];
        tell_all(&mut case);
        case.order.lines[0].canceled = 1;
        assert_eq!(case.step(), Step::CancelUnits, "{state:?}");
        let due = to_cancel_in_erp(&case.progress, &case.facts());
        assert_eq!(due, [pieces(A, 1)], "{state:?}");
        case.erp_canceled(&[(A, 1)]);
        assert_ne!(case.step(), Step::CancelUnits, "{state:?}");
        assert_eq!(case.asks(), None, "{state:?}");
    }
}

#[test]
fn a_whole_line_canceled_on_mirakl_counts_and_a_refused_one_does_not() {
    let mut case = Case::new(State::Shipping, true);
    case.order.lines[0].state = State::Canceled;
    let due = |case: &Case| to_cancel_in_erp(&case.progress, &case.facts());
    assert_eq!(due(&case), [pieces(A, 3)]);
    case.order.lines[0].state = State::Refused;
    assert!(due(&case).is_empty());
    // BlueCherry never took it.
    case.order.lines[0].state = State::Canceled;
    if let SalesOrder::There(booked) = &mut case.progress.sales_order {
        booked.lines[0].taken = false;
    }
    assert!(due(&case).is_empty());
}

#[test]
fn a_unit_that_was_repaid_as_short_does_not_stand_for_one_that_mirakl_cancels_later() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 1)]);
    case.refunded("R1", true);
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
    case.order.lines[0].canceled = 1;
    assert_eq!(case.step(), Step::CancelUnits);
    case.erp_canceled(&[(A, 2)]);
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
    assert!(
        case.refunds().is_empty(),
        "the customer's cancel is no short unit"
    );
}

#[test]
fn units_that_bluecherry_could_not_cancel_are_a_persons_until_settled_by_hand() {
    for state in [State::WaitingDebit, State::Shipping] {
        let mut case = Case::new(state.clone(), true);
        case.order.lines[0].canceled = 2;
        case.erp_canceled(&[(A, 1)]);
        let units = case.progress.care.erp_units.as_mut().unwrap();
        units.not_canceled = vec![pieces(A, 1)];
        assert_eq!(case.asks(), Some(Kind::CancelledAfterPick), "{state:?}");
        let mut again = case.clone();
        let units = again.progress.care.erp_units.as_mut().unwrap();
        units.not_canceled.clear();
        assert_eq!(again.step(), Step::CancelUnits, "{state:?}: retried");
        case.progress.settled_by_hand = true;
        assert_eq!(case.asks(), None, "{state:?}");
    }
}

#[test]
fn a_unit_that_could_not_be_canceled_is_a_persons_also_where_nothing_else_is_left() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 3)]);
    case.refunded("R1", true);
    case.order.lines[1].canceled = 1;
    case.order.state = State::Shipped;
    assert_eq!(case.step(), Step::CancelUnits);
    let units = case.progress.care.erp_units.as_mut().unwrap();
    units.not_canceled = vec![pieces(B, 1)];
    assert_eq!(case.asks(), Some(Kind::CancelledAfterPick));
    case.order.state = State::Closed;
    assert_eq!(case.asks(), Some(Kind::CancelledAfterPick));
    case.progress.settled_by_hand = true;
    assert_eq!(case.step(), Step::Done(Outcome::Fulfilled));
}
