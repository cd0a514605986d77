use rust_decimal::Decimal;

use super::*;

mod read_back;
mod short;
mod tax;

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Three pieces for 150.00, shipping 9.00.
fn line() -> PaidLine {
    PaidLine {
        order_line_id: "A-1".into(),
        quantity: 3,
        amount: dec("150.00"),
        shipping: dec("9.00"),
        taxes: vec![],
        shipping_taxes: vec![],
        refunds: vec![],
        cancelations: vec![],
    }
}

fn order(line: PaidLine) -> PaidOrder {
    PaidOrder {
        currency: "USD".into(),
        lines: vec![line],
    }
}

fn credit(line_id: &str, goods: &str, shipping: &str, tax: &str) -> MemoLine {
    MemoLine {
        line_id: line_id.into(),
        order_line_id: "A-1".into(),
        quantity: Some(1),
        kind: MemoKind::Goods,
        goods: dec(goods),
        shipping: dec(shipping),
        tax: dec(tax),
        restocking_fee: Decimal::ZERO,
        tax_detail: vec![],
        reason_code: None,
    }
}

fn memo(number: &str, lines: Vec<MemoLine>) -> CreditMemo {
    CreditMemo {
        number: number.into(),
        version: 1,
        status: MemoStatus::Posted,
        currency: Some("USD".into()),
        ra_number: None,
        lines,
    }
}

pub(super) fn rules() -> Rules {
    Rules {
        memo_reason: Some("17".into()),
        short_reason: Some("15".into()),
        ..Rules::default()
    }
}

fn items(planned: &[Planned]) -> Vec<&RefundItem> {
    let item = |p: &'_ Planned| matches!(p, Planned::Refund(_));
    planned
        .iter()
        .filter(|p| item(p))
        .map(|p| match p {
            Planned::Refund(item) => item,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn told(planned: &[Planned]) -> Vec<String> {
    planned
        .iter()
        .map(|p| match p {
            Planned::Refund(i) => format!("refund {} + {}", i.money.amount, i.money.shipping),
            Planned::Answered { refund_id, .. } => format!("answered by {refund_id}"),
            Planned::Parked(p) => format!("{}: {}", p.problem.kind(), p.problem),
        })
        .collect()
}

fn sent(item: &RefundItem, state: SentState) -> Sent {
    Sent {
        item: item.clone(),
        sent_at: "2026-03-02T10:00:00Z".parse().unwrap(),
        state,
    }
}

fn shown(id: &str, item: &RefundItem) -> ShownRefund {
    ShownRefund {
        id: id.into(),
        reason_code: Some(item.reason_code.clone()),
        quantity: item.quantity,
        created_at: Some("2026-03-02T10:00:01Z".parse().unwrap()),
        money: item.money.clone(),
    }
}

#[test]
fn a_posted_memo_is_one_refund_for_each_line_less_its_fee() {
    let mut second = credit("2", "50.00", "0", "0");
    second.restocking_fee = dec("5.00");
    let planned = plan(
        &[memo("M1", vec![credit("1", "50.00", "3.00", "0"), second])],
        &[],
        &order(line()),
        &[],
        &rules(),
    );
    assert_eq!(told(&planned), ["refund 50.00 + 3.00", "refund 45.00 + 0"]);
    assert_eq!(items(&planned)[0].cause.key(), "memo/M1/1");
}

#[test]
fn only_a_posted_memo_counts_and_its_latest_version() {
    let mut draft = memo("M1", vec![credit("1", "50.00", "0", "0")]);
    draft.status = MemoStatus::Draft;
    assert_eq!(
        plan(
            std::slice::from_ref(&draft),
            &[],
            &order(line()),
            &[],
            &rules()
        ),
        []
    );
    let mut posted = memo("M1", vec![credit("1", "40.00", "0", "0")]);
    posted.version = 2;
    let planned = plan(&[posted, draft], &[], &order(line()), &[], &rules());
    assert_eq!(told(&planned), ["refund 40.00 + 0"]);
}

#[test]
fn bad_credits_are_parked_with_their_arithmetic_and_stop_nobody() {
    let good = credit("9", "10.00", "0", "0");
    let mut never = credit("1", "50.00", "0", "0");
    never.order_line_id = "B-7".into();
    let mut fee = credit("1", "5.00", "0", "0");
    fee.restocking_fee = dec("6.00");
    let table = [
        (never, "credit_without_sale: line B-7 is not in the order"),
        (
            credit("1", "150.01", "0", "0"),
            "credit_above_paid: price: 150.01 credited, 150.00 paid - 0 refunded - 0 canceled - 0 on the way = 150.00 left",
        ),
        (
            credit("1", "1.00", "9.01", "0"),
            "credit_above_paid: shipping: 9.01 credited, 9.00 paid - 0 refunded - 0 canceled - 0 on the way = 9.00 left",
        ),
        (
            credit("1", "1.005", "0", "0"),
            "credit_unusable: price: 1.005 is no amount of USD that can be refunded",
        ),
        (
            credit("1", "-1.00", "0", "0"),
            "credit_unusable: price: -1.00 is no amount of USD that can be refunded",
        ),
        (
            fee,
            "credit_above_paid: restocking fee 6.00 is above the goods, 5.00",
        ),
        (
            credit("1", "50.00", "0", "4.00"),
            "credit_tax_mismatch: tax: 4.00 credited, 0 computed by the marketplace, 0 left of the other taxes",
        ),
    ];
    for (bad, expected) in table {
        let planned = plan(
            &[memo("M1", vec![bad, good.clone()])],
            &[],
            &order(line()),
            &[],
            &rules(),
        );
        assert_eq!(told(&planned), [expected, "refund 10.00 + 0"]);
    }
}

#[test]
fn another_currency_is_parked() {
    let mut euro = memo("M1", vec![credit("1", "50.00", "0", "0")]);
    euro.currency = Some("EUR".into());
    let planned = plan(&[euro], &[], &order(line()), &[], &rules());
    assert_eq!(
        told(&planned),
        ["credit_unusable: credited in EUR, paid in USD"]
    );
}

#[test]
fn the_same_credit_under_two_numbers_is_refunded_once_unless_a_person_says_otherwise() {
    let memos = ["M1", "M2"].map(|n| memo(n, vec![credit("1", "50.00", "0", "0")]));
    let planned = plan(&memos, &[], &order(line()), &[], &rules());
    assert_eq!(
        told(&planned),
        [
            "refund 50.00 + 0",
            "credit_posted_twice: credit memo M1 holds the same lines and amounts"
        ]
    );
    let mut approved = rules();
    approved.approved.insert("memo/M2/1".into());
    let planned = plan(&memos, &[], &order(line()), &[], &approved);
    assert_eq!(told(&planned), ["refund 50.00 + 0", "refund 50.00 + 0"]);
    let mut apart = memos;
    apart[0].ra_number = Some("RA1".into());
    apart[1].ra_number = Some("RA2".into());
    assert_eq!(
        plan(&apart, &[], &order(line()), &[], &rules())
            .iter()
            .filter(|p| matches!(p, Planned::Refund(_)))
            .count(),
        2
    );
}

#[test]
fn what_was_sent_is_not_sent_again_and_what_was_refused_is() {
    let memos = [memo("M1", vec![credit("1", "50.00", "0", "0")])];
    let first = plan(&memos, &[], &order(line()), &[], &rules());
    let item = items(&first)[0];
    for (state, again) in [
        (SentState::Unknown, 0),
        (
            SentState::Done {
                refund_id: "R1".into(),
            },
            0,
        ),
        (SentState::Refused, 1),
    ] {
        let planned = plan(&memos, &[], &order(line()), &[sent(item, state)], &rules());
        assert_eq!(planned.len(), again);
    }
}

#[test]
fn a_memo_voided_or_changed_after_the_refund_is_told() {
    let mut one = memo("M1", vec![credit("1", "50.00", "0", "0")]);
    let first = plan(
        std::slice::from_ref(&one),
        &[],
        &order(line()),
        &[],
        &rules(),
    );
    let done = sent(
        items(&first)[0],
        SentState::Done {
            refund_id: "R1".into(),
        },
    );
    one.lines[0].goods = dec("60.00");
    let changed = plan(
        std::slice::from_ref(&one),
        &[],
        &order(line()),
        std::slice::from_ref(&done),
        &rules(),
    );
    assert_eq!(
        told(&changed),
        ["credit_changed_after_refund: 60.00 credited now, 50.00 refunded before"]
    );
    one.status = MemoStatus::Voided;
    let voided = plan(
        std::slice::from_ref(&one),
        &[],
        &order(line()),
        &[done],
        &rules(),
    );
    assert_eq!(
        told(&voided),
        ["credit_changed_after_refund: voided after 50.00 were refunded"]
    );
    assert_eq!(plan(&[one], &[], &order(line()), &[], &rules()), []);
}

#[test]
fn a_reason_that_the_shop_may_not_give_is_parked() {
    let mut strict = rules();
    strict.allowed = Some(["15".to_owned()].into());
    let planned = plan(
        &[memo("M1", vec![credit("1", "50.00", "0", "0")])],
        &[],
        &order(line()),
        &[],
        &strict,
    );
    assert_eq!(
        told(&planned),
        ["unmapped_reason: reason 17 may not be given by the shop"]
    );
}

#[test]
fn the_erps_reason_is_found_whatever_its_case_and_else_the_one_for_any() {
    let rules = Rules {
        reasons: [("Dam".to_owned(), "18".to_owned())].into(),
        ..rules()
    };
    for (own, told) in [(Some(" DAM"), "18"), (Some("X"), "17"), (None, "17")] {
        let mut line_credited = credit("1", "50.00", "0", "0");
        line_credited.reason_code = own.map(str::to_owned);
        let memos = [memo("M1", vec![line_credited])];
        match plan(&memos, &[], &order(line()), &[], &rules).as_slice() {
            [Planned::Refund(item)] => assert_eq!(item.reason_code, told, "{own:?}"),
            other => panic!("{other:?}"),
        }
    }
}
