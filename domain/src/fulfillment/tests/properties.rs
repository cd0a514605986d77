//! What holds for any progress and any order.

use proptest::prelude::*;

use super::*;

fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Staging),
        Just(State::WaitingAcceptance),
        Just(State::WaitingDebit),
        Just(State::WaitingDebitPayment),
        Just(State::Shipping),
        Just(State::Shipped),
        Just(State::Received),
        Just(State::Closed),
        Just(State::Refused),
        Just(State::Canceled),
        Just(State::Unknown("NEW".into())),
    ]
}

fn any_sales_order() -> impl Strategy<Value = SalesOrder> {
    let queued = (0i64..50, 50i64..100).prop_map(|(look, late)| SalesOrder::Queued {
        since: at(0),
        look_at: at(look),
        late_at: at(late),
    });
    prop_oneof![
        Just(SalesOrder::None),
        Just(SalesOrder::Doubtful),
        queued,
        any::<bool>().prop_map(booked)
    ]
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let doubtful = (0i64..100).prop_map(|s| Sent::Doubtful { read_after: at(s) });
    prop_oneof![Just(Sent::No), doubtful, Just(Sent::Yes)]
}

prop_compose! {
    fn any_progress()(
        sales_order in any_sales_order(),
        acceptance in prop_oneof![
            Just(Acceptance::None),
            (0i64..100).prop_map(|s| Acceptance::Doubtful { read_after: at(s) }),
            any::<bool>().prop_map(|accepted| Acceptance::Told { accepted }),
        ],
        (released, held, cancel, by_hand, elsewhere) in any::<(bool, bool, bool, bool, bool)>(),
        cancelled in proptest::option::of(0u32..3),
        order_cancelled in any_sent(),
        shipment in any_sent(),
        tracked in any::<bool>(),
    ) -> Progress {
        Progress {
            sales_order,
            accepted_elsewhere: elsewhere,
            acceptance,
            released,
            cancelled: cancelled.map(|not_cancelled| Cancelled { not_cancelled }),
            order_cancelled,
            tracking: tracked.then(|| tracking_key(&whole_shipment())),
            shipment,
            held,
            cancel: cancel.then(|| "17".to_owned()),
            settled_by_hand: by_hand,
            ..Progress::default()
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_accepted_before_its_sales_order_is_there(
        p in any_progress(), state in any_state(), now in 0i64..2000, paid in any::<bool>(),
    ) {
        let mut order = order(state.clone());
        order.debited_at = paid.then(|| at(1));
        order.can_cancel = !paid;
        let shipments = [whole_shipment()];
        for shipments in [&shipments[..], &[]] {
            let step = next(&p, &order, shipments, now);
            if step == Step::AcceptLines {
                prop_assert_eq!(&state, &State::WaitingAcceptance);
                prop_assert!(p.sales_order.booked().is_some_and(|b| b.lines.iter().any(|l| l.taken)));
            }
            if matches!(step, Step::AcceptLines | Step::RefuseLines) {
                prop_assert_eq!(&state, &State::WaitingAcceptance, "OR21 past acceptance");
            }
            if step == Step::Release {
                prop_assert!(order.has_address && state == State::Shipping && !p.released);
            }
            if matches!(step, Step::SendTracking | Step::ConfirmShipment) {
                prop_assert!(state == State::Shipping && !shipments.is_empty());
            }
            if step == Step::CancelOrder {
                prop_assert!(!paid && p.cancel.is_some() && p.cancelled.is_some());
            }
            if matches!(step, Step::Done(Outcome::Refused | Outcome::Cancelled)) {
                let open = p.sales_order.booked().is_some() && p.cancelled.is_none();
                prop_assert!(!open, "a sales order stayed open");
            }
            if p.held && step.is_effect() {
                prop_assert_eq!(step, Step::CancelSalesOrder);
            }
        }
    }
}
