//! The counts over ledgers as the simulators would show them, each driven above 0.

use serde_json::{Value, json};

use super::*;
use crate::demo::returns::books;

/// A moment of the story, in seconds.
fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A world of one order of one line: three pieces for 90.00, 3.00 shipping, 7.20 and 0.24 tax.
struct Story {
    order: Value,
    refunds: Vec<Value>,
    sales_order: Value,
    shipments: Vec<Value>,
    memos: Vec<Value>,
}

impl Story {
    /// Sold, shipped and told of.
    fn shipped() -> Self {
        let line = json!({
            "order_line_id": "R1-A-1", "state": "SHIPPED", "quantity": 3,
            "price": 90.0, "shipping_price": 3.0,
            "taxes": [{ "code": "T", "amount": 7.2 }],
            "shipping_taxes": [{ "code": "T", "amount": 0.24 }],
            "refunds": [], "cancelations": [],
        });
        let told = json!({
            "is_shipped": true, "lines": [{ "order_line_id": "R1-A-1", "quantity": 3 }],
        });
        Self {
            order: json!({
                "order_id": "R1-A", "state": "SHIPPED", "currency": "USD",
                "lines": [line], "shipments": [told],
            }),
            refunds: vec![],
            sales_order: json!({
                "ord_num": "500001", "channel": "nordwind", "channel_order_id": "R1-A",
                "lines": [{
                    "external_line_id": "R1-A-1", "line_seq": 1, "size_bucket": 3,
                    "qty_shipped": 3, "qty_cancelled": 0,
                }],
                "cancellations": [],
            }),
            shipments: vec![],
            memos: vec![],
        }
    }

    /// A posted memo of goods, without shipping.
    fn credited(mut self, second: i64, goods: &str) -> Self {
        let number = format!("CM{}", self.memos.len() + 1);
        self.memos.push(json!({
            "credit_no": number, "ord_num": "500001", "currency": "USD", "status": "posted",
            "posted_at": at(second), "voided_at": null,
            "lines": [{
                "line_id": format!("{number}-1"), "external_line_id": "R1-A-1", "qty": 1,
                "goods": goods, "shipping": "0", "tax": "0", "restocking_fee": null,
            }],
        }));
        self
    }

    /// The house cancels pieces.
    fn short(mut self, second: i64, qty: i64) -> Self {
        let canceled = json!([{ "line_seq": 1, "size_bucket": 3, "qty": qty }]);
        let row = json!({
            "real_at_us": at(second).as_microsecond(), "answer": { "cancelled": canceled },
        });
        self.sales_order["cancellations"]
            .as_array_mut()
            .unwrap()
            .push(row);
        let line = &mut self.sales_order["lines"][0];
        line["qty_cancelled"] = json!(line["qty_cancelled"].as_i64().unwrap() + qty);
        line["qty_shipped"] = json!(line["qty_shipped"].as_i64().unwrap() - qty);
        let told = &mut self.order["shipments"][0]["lines"][0]["quantity"];
        *told = json!(told.as_i64().unwrap() - qty);
        self
    }

    /// A refund on the marketplace.
    fn refunded(mut self, second: i64, by: &str, amount: f64, units: i64, excluded: bool) -> Self {
        let row = json!({
            "order_id": "R1-A", "order_line_id": "R1-A-1", "by": by,
            "real_at_us": at(second).as_microsecond(), "quantity": units, "amount": amount,
            "shipping_amount": 0, "taxes": [{ "code": "T", "amount": amount * 0.08 }],
            "shipping_taxes": [], "excluded_from_shipment": excluded,
        });
        let shown = &mut self.order["lines"][0]["refunds"];
        shown.as_array_mut().unwrap().push(row.clone());
        self.refunds.push(row);
        self
    }

    fn lines(&self) -> Vec<Line> {
        let marketplace = json!({ "orders": [self.order], "refunds": self.refunds });
        let erp = json!({
            "sales_orders": [self.sales_order], "shipments": self.shipments,
            "credit_memos": self.memos,
        });
        books::lines("nordwind", &marketplace, &erp)
    }

    /// Twice, without cause, above what was paid, other units.
    fn counts(&self) -> [u64; 4] {
        let (faults, at) = faults(&self.lines());
        let Faults {
            refunded_twice,
            refunded_without_cause,
            over_refunded,
            shipped_quantity_mismatch,
        } = faults;
        assert_eq!(at.is_empty(), faults == Faults::default());
        [
            refunded_twice,
            refunded_without_cause,
            over_refunded,
            shipped_quantity_mismatch,
        ]
    }
}

#[test]
fn one_refund_for_each_cause_is_no_fault() {
    let story = Story::shipped();
    assert_eq!(story.counts(), [0; 4]);
    let credited = story
        .credited(1, "30.00")
        .refunded(2, "api", 30.0, 1, false);
    assert_eq!(credited.counts(), [0; 4]);
    let short = credited.short(3, 1).refunded(4, "api", 30.0, 1, true);
    assert_eq!(short.counts(), [0; 4]);
}

#[test]
fn a_second_refund_for_a_credit_is_counted() {
    let once = Story::shipped()
        .credited(1, "30.00")
        .refunded(2, "api", 30.0, 1, false);
    assert_eq!(
        once.refunded(3, "api", 30.0, 1, false).counts(),
        [1, 0, 0, 0]
    );
}

#[test]
fn a_credit_that_was_posted_twice_is_one_cause() {
    let twice = Story::shipped().credited(1, "30.00").credited(2, "30.00");
    let once = twice.refunded(3, "api", 30.0, 1, false);
    assert_eq!(once.counts(), [0; 4]);
    assert_eq!(
        once.refunded(4, "api", 30.0, 1, false).counts(),
        [1, 0, 0, 0]
    );
    // One that was voided first leaves the place to the next.
    let mut voided = Story::shipped().credited(1, "30.00").credited(3, "30.00");
    voided.memos[0]["voided_at"] = json!(at(2));
    assert_eq!(voided.refunded(4, "api", 30.0, 1, false).counts(), [0; 4]);
}

#[test]
fn a_second_refund_for_a_short_unit_is_counted() {
    let once = Story::shipped()
        .short(1, 1)
        .refunded(2, "api", 30.0, 1, true);
    assert_eq!(once.counts(), [0; 4]);
    let again = once.refunded(3, "api", 30.0, 1, false);
    assert_eq!(again.counts(), [1, 0, 0, 0]);
    let two = Story::shipped()
        .short(1, 2)
        .refunded(2, "api", 30.0, 1, true);
    assert_eq!(two.refunded(3, "api", 30.0, 1, true).counts(), [0; 4]);
}

#[test]
fn a_refund_that_nothing_stands_behind_is_counted() {
    let none = Story::shipped().refunded(1, "api", 30.0, 1, false);
    assert_eq!(none.counts(), [0, 1, 0, 0]);
    let early = Story::shipped()
        .credited(2, "30.00")
        .refunded(1, "api", 30.0, 1, false);
    assert_eq!(early.counts(), [0, 1, 0, 0], "before the credit was posted");
    let other = Story::shipped()
        .credited(1, "30.00")
        .refunded(2, "api", 31.0, 0, false);
    assert_eq!(other.counts(), [0, 1, 0, 0], "of another amount");
    let early = Story::shipped()
        .short(2, 1)
        .refunded(1, "api", 30.0, 1, true);
    assert_eq!(
        early.counts(),
        [0, 1, 0, 0],
        "before the units were canceled"
    );
    let mut late = Story::shipped()
        .credited(1, "30.00")
        .refunded(3, "api", 30.0, 1, false);
    late.memos[0]["voided_at"] = json!(at(2));
    assert_eq!(late.counts(), [0, 1, 0, 0], "after the credit was voided");
    for (name, value) in [("posted_at", Value::Null), ("currency", json!("CHF"))] {
        let mut none = Story::shipped()
            .credited(1, "30.00")
            .refunded(2, "api", 30.0, 1, false);
        none.memos[0][name] = value;
        assert_eq!(none.counts(), [0, 1, 0, 0], "{name}");
    }
}

#[test]
fn a_refund_by_hand_needs_no_cause_and_stands_for_the_credit_of_its_money() {
    let by_hand = Story::shipped().refunded(1, "seller", 30.0, 1, false);
    assert_eq!(by_hand.counts(), [0; 4]);
    let credited = by_hand.credited(2, "30.00");
    assert_eq!(credited.counts(), [0; 4]);
    assert_eq!(
        credited.refunded(3, "api", 30.0, 1, false).counts(),
        [1, 0, 0, 0]
    );
}

#[test]
fn a_fee_is_taken_off_before_the_money_is_compared() {
    let mut story = Story::shipped().credited(1, "30.00");
    story.memos[0]["lines"][0]["restocking_fee"] = json!("3.00");
    assert_eq!(story.refunded(2, "api", 27.0, 1, false).counts(), [0; 4]);
    let mut whole = Story::shipped().credited(1, "30.00");
    whole.memos[0]["lines"][0]["restocking_fee"] = json!("3.00");
    assert_eq!(
        whole.refunded(2, "api", 30.0, 1, false).counts(),
        [0, 1, 0, 0]
    );
}

#[test]
fn more_than_was_paid_is_counted_in_price_shipping_and_each_tax() {
    let whole = Story::shipped()
        .credited(1, "90.00")
        .refunded(2, "api", 90.0, 3, false);
    assert_eq!(whole.counts(), [0; 4]);
    assert_eq!(whole.refunded(3, "seller", 0.01, 0, false).counts()[2], 1);
    for (name, value) in [
        ("shipping_amount", json!(3.01)),
        ("taxes", json!([{ "code": "T", "amount": 7.21 }])),
        ("shipping_taxes", json!([{ "code": "T", "amount": 0.25 }])),
        ("taxes", json!([{ "code": "OTHER", "amount": 0.01 }])),
    ] {
        let mut story = Story::shipped().refunded(1, "seller", 1.0, 0, false);
        story.refunds[0][name] = value;
        assert_eq!(story.counts(), [0, 0, 1, 0], "{name}");
    }
    let mut canceled = Story::shipped().refunded(2, "seller", 60.0, 2, false);
    let part = json!({ "quantity": 0, "amount": 30.01, "shipping_amount": 0 });
    canceled.order["lines"][0]["cancelations"] = json!([part]);
    assert_eq!(canceled.counts(), [0, 0, 1, 0]);
}

#[test]
fn other_units_on_either_side_are_counted_once_the_order_is_settled() {
    let mut fewer = Story::shipped();
    fewer.sales_order["lines"][0]["qty_shipped"] = json!(2);
    assert_eq!(fewer.counts(), [0, 0, 0, 1]);
    fewer.order["state"] = json!("SHIPPING");
    assert_eq!(fewer.counts(), [0; 4], "more may come");
    // Short, and nobody took the piece off on the marketplace.
    assert_eq!(Story::shipped().short(1, 1).counts(), [0, 0, 0, 1]);
    let mut off = Story::shipped();
    off.order["lines"][0]["cancelations"] =
        json!([{ "quantity": 1, "amount": 30.0, "shipping_amount": 1.0 }]);
    assert_eq!(off.counts(), [0, 0, 0, 1], "called off, and not in the ERP");
    let mut unsent = Story::shipped();
    unsent.order["shipments"][0]["is_shipped"] = json!(false);
    assert_eq!(unsent.counts(), [0, 0, 0, 1], "not told yet");
}

#[test]
fn an_order_that_was_called_off_meets_when_the_erp_has_none_of_it() {
    let mut off = Story::shipped();
    off.order["state"] = json!("CANCELED");
    off.order["lines"][0]["state"] = json!("CANCELED");
    off.order["shipments"] = json!([]);
    assert_eq!(off.counts(), [0, 0, 0, 1], "the ERP shipped it");
    off.sales_order["lines"][0]["qty_shipped"] = json!(0);
    assert_eq!(off.counts(), [0, 0, 0, 1], "the ERP still has it open");
    off.sales_order["lines"][0]["qty_cancelled"] = json!(3);
    assert_eq!(off.counts(), [0; 4]);
    off.sales_order["channel_order_id"] = json!("R2-A");
    assert_eq!(off.counts(), [0; 4], "it was never booked");
}

#[test]
fn units_that_the_last_shipment_left_out_are_short() {
    let mut story = Story::shipped().refunded(2, "api", 30.0, 1, true);
    story.order["shipments"][0]["lines"][0]["quantity"] = json!(2);
    let line = &mut story.sales_order["lines"][0];
    (line["qty_shipped"], line["qty_cancelled"]) = (json!(2), json!(1));
    story.shipments.push(json!({
        "ord_num": "500001", "final": true, "voided": false,
        "real_at_us": at(1).as_microsecond(),
        "short_lines": [{ "external_line_id": "R1-A-1", "qty": 1 }],
    }));
    assert_eq!(story.counts(), [0; 4]);
    story.shipments[0]["final"] = json!(false);
    assert_eq!(story.counts(), [0, 1, 0, 0], "it may still come");
}
