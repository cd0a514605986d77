use super::*;
use crate::exception::Kind;

#[test]
fn short_units_cost_exactly_the_line_together_and_are_taken_from_the_shipment() {
    let mut sold = line();
    sold.amount = dec("100.00");
    let short = |quantity| {
        [Short {
            order_line_id: "A-1".into(),
            quantity,
        }]
    };
    let first = plan(&[], &short(1), &order(sold.clone()), &[], &rules());
    assert_eq!(told(&first), ["refund 33.33 + 3.00"]);
    assert!(items(&first)[0].excluded_from_shipment);
    let done = sent(items(&first)[0], SentState::Unknown);
    assert_eq!(
        plan(
            &[],
            &short(1),
            &order(sold.clone()),
            std::slice::from_ref(&done),
            &rules()
        ),
        []
    );
    let rest = plan(&[], &short(3), &order(sold), &[done], &rules());
    assert_eq!(told(&rest), ["refund 66.67 + 6.00"]);
    assert_eq!(items(&rest)[0].cause.key(), "short/A-1/1-3");
}

#[test]
fn units_refunded_as_short_are_not_credited_as_short_again() {
    let short = [Short {
        order_line_id: "A-1".into(),
        quantity: 1,
    }];
    let first = plan(&[], &short, &order(line()), &[], &rules());
    let done = [sent(
        items(&first)[0],
        SentState::Done {
            refund_id: "R1".into(),
        },
    )];
    let mut late = credit("1", "50.00", "3.00", "0");
    late.kind = MemoKind::ShortShip;
    let planned = plan(
        &[memo("M1", vec![late.clone()])],
        &short,
        &order(line()),
        &done,
        &rules(),
    );
    assert_eq!(
        told(&planned),
        ["credit_above_paid: 1 short units, 1 refunded as short before, 3 sold"]
    );
    let planned = plan(
        &[memo("M1", vec![late])],
        &short,
        &order(line()),
        &[],
        &rules(),
    );
    assert_eq!(told(&planned), ["refund 50.00 + 3.00"]);
}

#[test]
fn a_cancelation_is_its_units_share_and_never_more() {
    let mut sold = line();
    sold.amount = dec("100.00");
    assert_eq!(
        cancelation(&sold, 0, 1, "USD").unwrap().amount,
        dec("33.33")
    );
    assert_eq!(
        cancelation(&sold, 0, 3, "USD").unwrap().amount,
        dec("100.00")
    );
    assert_eq!(
        cancelation(&sold, 2, 4, "USD").unwrap_err().kind(),
        Kind::CreditAbovePaid
    );
}
