//! What has to leave, what fell short of it, and what left too much.

use super::*;

#[test]
fn a_final_short_shipment_asks_where_that_is_the_rule() {
    let mut case = Case::new(State::Shipping, true);
    case.policy.short_ship = ShortShip::Ask;
    case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
    assert_eq!(case.step(), Step::TellParcels);
    tell_all(&mut case);
    assert_eq!(case.asks(), Some(Kind::ShortShip));
}

#[test]
fn a_final_short_shipment_is_looked_up_until_confirmed_then_repaid_and_then_told() {
    for several in [true, false] {
        let mut case = Case::new(State::Shipping, true);
        case.several = several;
        case.versions.shipments = 1;
        case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
        if several {
            assert_eq!(case.step(), Step::TellParcels);
            tell_all(&mut case);
        }
        assert_eq!(case.step(), Step::ReadUnits, "several: {several}");
        // BlueCherry does not show the unit canceled yet.
        case.erp_canceled(&[]);
        let units = case.progress.care.erp_units.as_mut().unwrap();
        units.look_at = Some(at(100));
        assert_eq!(case.asks(), Some(Kind::ShortShip), "several: {several}");
        assert_eq!(wake_at(&case.progress, &case.facts()), Some(at(100)));
        case.now = 100;
        assert_eq!(case.step(), Step::ReadUnits, "several: {several}");
        case.erp_canceled(&[(A, 1)]);
        assert_eq!(case.step(), Step::Refund, "several: {several}");
        case.refunded("R1", false);
        // The order as read does not show the refund yet: the rest goes on all the same.
        if several {
            assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
            continue;
        }
        assert_eq!(case.step(), Step::SendTracking);
        let key = crate::fulfillment::tracking_key(&case.shipments[0]);
        case.progress.tracking = Some(key);
        assert_eq!(case.step(), Step::ConfirmShipment);
        case.progress.shipment = Told::Yes;
        assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
    }
}

#[test]
fn units_that_the_house_canceled_are_asked_for_also_where_other_parcels_left() {
    let mut case = Case::new(State::Shipping, true);
    case.policy.short_ship = ShortShip::Ask;
    case.shipments = vec![parcel("S1", false, &[(B, 1)])];
    tell_all(&mut case);
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
    case.erp_canceled(&[(A, 1)]);
    assert_eq!(case.asks(), Some(Kind::ShortShip));
}

#[test]
fn a_look_at_units_that_nobody_misses_any_more_wakes_nobody() {
    let mut case = Case::new(State::Shipping, true);
    case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
    case.erp_canceled(&[]);
    let units = case.progress.care.erp_units.as_mut().unwrap();
    units.look_at = Some(at(100));
    // The missing piece leaves after all.
    case.shipments.push(parcel("S2", true, &[(A, 1)]));
    case.versions.shipments += 1;
    case.now = 100;
    tell_all(&mut case);
    assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
    assert_eq!(wake_at(&case.progress, &case.facts()), None);
}

#[test]
fn news_of_the_warehouse_has_the_units_looked_up_again() {
    let mut case = Case::new(State::Shipping, true);
    case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
    tell_all(&mut case);
    case.erp_canceled(&[]);
    assert_eq!(case.asks(), Some(Kind::ShortShip));
    case.versions.shipments += 1;
    assert_eq!(case.step(), Step::ReadUnits);
}

#[test]
fn what_fell_short_before_payment_is_canceled_and_the_rest_confirmed_without_a_new_look() {
    let mut case = Case::new(State::Shipping, false);
    case.several = false;
    case.shipments = vec![parcel("S1", true, &[(A, 2), (B, 1)])];
    case.erp_canceled(&[(A, 1)]);
    assert_eq!(case.step(), Step::CancelLines);
    case.progress.care.cancelations = vec![SentCancelation {
        order_line_id: A.into(),
        from: 0,
        to: 1,
        is_done: true,
    }];
    assert_eq!(case.step(), Step::SendTracking);
    case.order.lines[0].canceled = 1;
    assert_eq!(case.step(), Step::SendTracking);
}

#[test]
fn an_order_of_which_everything_was_repaid_ends_without_having_left() {
    let mut case = Case::new(State::Shipping, true);
    case.erp_canceled(&[(A, 3), (B, 1)]);
    for id in ["R1", "R2"] {
        let items = refunds_due(&case.progress, &case.facts());
        case.show(id, &items[0]);
        case.progress.care.refunds.push(Sent {
            item: items[0].clone(),
            sent_at: at(20),
            state: SentState::Done {
                refund_id: id.into(),
            },
        });
    }
    assert_eq!(
        case.step(),
        Step::Wait(Wait::Shipment),
        "no release, nothing to ask"
    );
    case.progress.released = false;
    assert_eq!(case.step(), Step::Wait(Wait::Shipment), "no release");
    case.order.state = State::Shipped;
    assert_eq!(case.step(), Step::Done(Outcome::Cancelled));
}

#[test]
fn goods_that_left_although_they_were_repaid_or_canceled_are_never_hidden() {
    for state in [State::Shipping, State::Shipped] {
        let mut case = Case::new(state.clone(), true);
        case.erp_canceled(&[(A, 1)]);
        case.refunded("R1", true);
        case.shipments = vec![parcel("S1", true, &[(A, 3), (B, 1)])];
        assert_eq!(case.asks(), Some(Kind::ExcessShip), "{state:?}");
    }
}

#[test]
fn a_line_that_came_back_and_was_repaid_does_not_stop_the_rest_of_the_order() {
    let mut case = Case::new(State::Shipping, true);
    case.shipments = vec![parcel("S1", false, &[(A, 3)])];
    tell_all(&mut case);
    case.order.lines[0].state = State::Refunded;
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
    case.shipments.push(parcel("S2", true, &[(B, 1)]));
    assert_eq!(case.step(), Step::TellParcels);
    tell_all(&mut case);
    assert_eq!(case.step(), Step::Wait(Wait::Aftercare));
    case.shipments.push(parcel("S3", true, &[(A, 1)]));
    assert_eq!(
        case.asks(),
        Some(Kind::ExcessShip),
        "more than was ever sold"
    );
}
