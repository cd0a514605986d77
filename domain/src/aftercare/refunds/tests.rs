//! What a ledger that was lost does not repay unseen.

use jiff::Timestamp;

use super::*;
use crate::aftercare::{Aftercare, ErpUnits};
use crate::fulfillment::Versions;
use crate::fulfillment::tests::{at, order, policy};
use crate::marketplace::ShortShip;
use crate::order::Line;
use crate::papers::Papers;
use crate::progress::{Booked, BookedLine, SalesOrder};
use crate::refund::{
    CreditMemo, MemoKind, MemoLine, MemoStatus, Money, PaidLine, PaidOrder, Rules, ShownRefund,
};
use crate::shipment::Quantity;

const FIRST: &str = "C-1-A-1";
const SECOND: &str = "C-1-A-2";

/// A credit of one piece; its number is the amount.
fn credit(line: &str, amount: &str) -> CreditMemo {
    CreditMemo {
        number: amount.into(),
        version: 1,
        status: MemoStatus::Posted,
        currency: None,
        ra_number: None,
        lines: vec![MemoLine {
            line_id: "1".into(),
            order_line_id: line.into(),
            quantity: Some(1),
            kind: MemoKind::Goods,
            goods: amount.parse().unwrap(),
            shipping: "0".parse().unwrap(),
            tax: "0".parse().unwrap(),
            restocking_fee: "0".parse().unwrap(),
            tax_detail: vec![],
            reason_code: None,
        }],
    }
}

/// An order of two lines of five pieces for 100.00 each.
struct Case {
    /// Refunds of the first line that Mirakl shows: amount and moment.
    shown: Vec<(&'static str, i64)>,
    credits: Vec<CreditMemo>,
    /// Units of the first line that BlueCherry canceled.
    short: u32,
    lost_at: Option<Timestamp>,
    approved: Vec<&'static str>,
}

impl Case {
    /// Amounts that go out now, and what needs a person.
    fn told(&self) -> (Vec<String>, Vec<&'static str>) {
        let shown = self
            .shown
            .iter()
            .enumerate()
            .map(|(n, (amount, made))| ShownRefund {
                id: n.to_string(),
                reason_code: None,
                quantity: 1,
                created_at: Some(at(*made)),
                money: Money {
                    amount: amount.parse().unwrap(),
                    ..Money::default()
                },
            });
        let paid = |line: &str, refunds| PaidLine {
            order_line_id: line.into(),
            quantity: 5,
            amount: "100.00".parse().unwrap(),
            shipping: "0".parse().unwrap(),
            taxes: vec![],
            shipping_taxes: vec![],
            refunds,
            cancelations: vec![],
        };
        let mut order = order(State::Shipped);
        order.debited_at = Some(at(1));
        order.lines[0].quantity = 5;
        order.lines.push(Line {
            line_id: SECOND.into(),
            ..order.lines[0].clone()
        });
        order.paid = Some(PaidOrder {
            currency: "USD".into(),
            lines: vec![paid(FIRST, shown.collect()), paid(SECOND, vec![])],
        });
        let booked = [FIRST, SECOND].map(|id| BookedLine {
            line_id: id.into(),
            taken: true,
            reject_code: None,
        });
        let mut progress = Progress {
            sales_order: SalesOrder::There(Booked {
                number: "500001".into(),
                version: 1,
                lines: booked.to_vec(),
            }),
            ..Progress::default()
        };
        progress.care.refunds_lost_at = self.lost_at;
        progress.care.erp_units = (self.short > 0).then(|| ErpUnits {
            canceled: vec![Quantity {
                line_id: FIRST.into(),
                quantity: self.short,
            }],
            not_canceled: vec![],
            shipments_version: 0,
            look_at: None,
        });
        let aftercare = Aftercare {
            papers: Papers {
                credits: self.credits.clone(),
                ..Papers::default()
            },
            rules: Rules {
                memo_reason: Some("17".into()),
                short_reason: Some("15".into()),
                approved: self.approved.iter().map(|s| (*s).to_owned()).collect(),
                ..Rules::default()
            },
            ..Aftercare::default()
        };
        let mut policy = policy();
        policy.short_ship = ShortShip::Refund;
        let facts = Facts {
            order: &order,
            shipments: &[],
            policy: &policy,
            multi_shipment: Some(false),
            aftercare: &aftercare,
            versions: Versions::default(),
            now: at(100),
        };
        let due = refunds_due(&progress, &facts).into_iter();
        let kinds = parked(&progress, &facts).into_iter();
        (
            due.map(|item| item.money.amount.to_string()).collect(),
            kinds.map(|(_, problem)| problem.kind.as_str()).collect(),
        )
    }
}

/// The first line was repaid 10.00, and its credit says 12.00.
fn changed() -> Case {
    Case {
        shown: vec![("10.00", 20)],
        credits: vec![credit(FIRST, "12.00")],
        short: 0,
        lost_at: Some(at(50)),
        approved: vec![],
    }
}

#[test]
fn a_refund_from_before_the_loss_that_no_credit_equals_holds_its_line_alone() {
    let (nothing, elsewhere) = (Vec::<String>::new(), "refund_elsewhere");
    let unsure = vec!["refund_unsure", elsewhere];
    assert_eq!(changed().told(), (nothing.clone(), unsure.clone()));

    let never_lost = Case {
        lost_at: None,
        ..changed()
    };
    let goes = (vec!["12.00".to_owned()], vec![elsewhere]);
    assert_eq!(never_lost.told(), goes, "somebody else made it");
    let made_later = Case {
        lost_at: Some(at(10)),
        ..changed()
    };
    assert_eq!(made_later.told(), goes, "this ledger knows its own");
    let let_through = Case {
        approved: vec!["memo/12.00/1"],
        ..changed()
    };
    assert_eq!(let_through.told(), goes, "a person said so");

    let the_same = Case {
        credits: vec![credit(FIRST, "10.00")],
        ..changed()
    };
    assert_eq!(
        the_same.told(),
        (nothing, vec![]),
        "it is the refund of this"
    );
    let both = Case {
        credits: vec![credit(FIRST, "10.00"), credit(FIRST, "12.00")],
        ..changed()
    };
    assert_eq!(both.told(), (vec!["12.00".to_owned()], vec![]));
    let neighbour = Case {
        credits: vec![credit(FIRST, "12.00"), credit(SECOND, "7.00")],
        ..changed()
    };
    assert_eq!(neighbour.told(), (vec!["7.00".to_owned()], unsure));
}

#[test]
fn short_units_that_were_repaid_in_two_steps_are_not_repaid_again_in_one() {
    let in_two_steps = |lost_at| Case {
        shown: vec![("20.00", 20), ("20.00", 30)],
        credits: vec![],
        short: 2,
        lost_at,
        approved: vec![],
    };
    // Each of the two stands for its unit, whether the ledger was lost or somebody else repaid them.
    for lost_at in [None, Some(at(50))] {
        assert_eq!(in_two_steps(lost_at).told(), (vec![], vec![]));
    }
}
