//! Tables of aftercare: who hears of what, what waits, and what stops what.

mod leaving;
mod refunds;
mod returns;
mod shorts;
mod stops;
mod units;

use rust_decimal::Decimal;

use super::*;
use crate::fulfillment::tests::{at, order, policy};
use crate::fulfillment::{Versions, next_step};
use crate::marketplace::Policy;
use crate::order::Line;
use crate::progress::{Acceptance, Booked, BookedLine, SalesOrder, Sent as Told};
use crate::refund::{
    CreditMemo, MemoKind, MemoLine, MemoStatus, Money, PaidLine, PaidOrder, RefundItem, Sent,
    SentState, ShownRefund,
};
use crate::shipment::{Parcel, Quantity, Shipment};
use crate::step::{Outcome, Wait};

/// The first line: three pieces for 30.00, shipping 6.00.
pub(super) const A: &str = "C-1-A-1";
/// The second line: one piece for 10.00.
pub(super) const B: &str = "C-1-A-2";

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn pieces(line_id: &str, quantity: u32) -> Quantity {
    Quantity {
        line_id: line_id.into(),
        quantity,
    }
}

/// One order with everything that a decision on it is made from.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub progress: Progress,
    pub order: Order,
    pub shipments: Vec<Shipment>,
    pub policy: Policy,
    pub several: bool,
    pub care: Aftercare,
    pub versions: Versions,
    pub now: i64,
}

impl Case {
    /// An order of two lines, booked, and released where it may be shipped. The rule is to refund.
    pub fn new(state: State, is_paid: bool) -> Self {
        let mut sold = order(state.clone());
        let line = |id: &str, quantity| Line {
            line_id: id.into(),
            offer_sku: "BC-1".into(),
            quantity,
            state: state.clone(),
            canceled: 0,
        };
        sold.lines = vec![line(A, 3), line(B, 1)];
        sold.debited_at = is_paid.then(|| at(1));
        sold.paid = Some(PaidOrder {
            currency: "USD".into(),
            lines: vec![paid(A, 3, "30.00", "6.00"), paid(B, 1, "10.00", "0")],
        });
        let booked = |id: &str| BookedLine {
            line_id: id.into(),
            taken: true,
            reject_code: None,
        };
        let progress = Progress {
            sales_order: SalesOrder::There(Booked {
                number: "500001".into(),
                version: 1,
                lines: vec![booked(A), booked(B)],
            }),
            acceptance: Acceptance::Told { accepted: true },
            released: true,
            ..Progress::default()
        };
        let mut policy = policy();
        policy.short_ship = ShortShip::Refund;
        let mut care = Aftercare {
            cancel_reason: Some("41".into()),
            ..Aftercare::default()
        };
        care.rules.memo_reason = Some("17".into());
        care.rules.short_reason = Some("15".into());
        Self {
            progress,
            order: sold,
            shipments: vec![],
            policy,
            several: true,
            care,
            versions: Versions::default(),
            now: 20,
        }
    }

    /// Paid and shipped, and Mirakl knows of it.
    pub fn shipped() -> Self {
        let mut case = Self::new(State::Shipped, true);
        case.progress.shipment = Told::Yes;
        case.shipments = vec![parcel("S1", true, &[(A, 3), (B, 1)])];
        case
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            order: &self.order,
            shipments: &self.shipments,
            policy: &self.policy,
            multi_shipment: Some(self.several),
            aftercare: &self.care,
            versions: self.versions,
            now: at(self.now),
        }
    }

    pub fn step(&self) -> Step {
        next_step(&self.progress, &self.facts())
    }

    /// The kind of what the order as a whole waits for a person with.
    pub fn asks(&self) -> Option<Kind> {
        match self.step() {
            Step::Wait(Wait::Person(problem)) => Some(problem.kind),
            _ => None,
        }
    }

    /// What needs a person and stops nothing else, as `subject: kind`.
    pub fn parked(&self) -> Vec<String> {
        let all = parked(&self.progress, &self.facts()).into_iter();
        all.map(|(subject, problem)| format!("{subject}: {}", problem.kind.as_str()))
            .collect()
    }

    /// Causes of the refunds that go out now, with price and shipping.
    pub fn refunds(&self) -> Vec<String> {
        let due = refunds_due(&self.progress, &self.facts()).into_iter();
        due.map(|item| {
            let Money {
                amount, shipping, ..
            } = item.money;
            format!("{}: {amount} + {shipping}", item.cause.key())
        })
        .collect()
    }

    /// Names of the cancelations that go to Mirakl now.
    pub fn cancelations(&self) -> Vec<String> {
        let due = cancelations_due(&self.progress, &self.facts()).into_iter();
        due.map(|item| item.key()).collect()
    }

    /// BlueCherry shows these units canceled, by line, as of the shipments in hand.
    pub fn erp_canceled(&mut self, canceled: &[(&str, u32)]) {
        let canceled = canceled.iter().map(|(line, n)| pieces(line, *n));
        self.progress.care.erp_units = Some(ErpUnits {
            canceled: canceled.collect(),
            not_canceled: vec![],
            shipments_version: self.versions.shipments,
            look_at: None,
        });
    }

    /// Mirakl took the one refund that is due; does an order read since show it?
    pub fn refunded(&mut self, refund_id: &str, is_shown: bool) {
        let due = refunds_due(&self.progress, &self.facts());
        let [item] = due.as_slice() else {
            panic!("{due:?}");
        };
        if is_shown {
            self.show(refund_id, item);
        }
        self.progress.care.refunds.push(Sent {
            item: item.clone(),
            sent_at: at(self.now),
            state: SentState::Done {
                refund_id: refund_id.into(),
            },
        });
    }

    /// Mirakl shows a refund.
    pub fn show(&mut self, refund_id: &str, item: &RefundItem) {
        let line = self.paid_line(&item.order_line_id);
        line.refunds.push(ShownRefund {
            id: refund_id.into(),
            reason_code: Some(item.reason_code.clone()),
            quantity: item.quantity,
            created_at: Some(at(20)),
            money: item.money.clone(),
        });
    }

    pub fn paid_line(&mut self, line_id: &str) -> &mut PaidLine {
        let lines = self.order.paid.as_mut().unwrap().lines.iter_mut();
        lines
            .into_iter()
            .find(|l| l.order_line_id == line_id)
            .unwrap()
    }
}

pub(super) fn paid(id: &str, quantity: u32, amount: &str, shipping: &str) -> PaidLine {
    PaidLine {
        order_line_id: id.into(),
        quantity,
        amount: dec(amount),
        shipping: dec(shipping),
        taxes: vec![],
        shipping_taxes: vec![],
        refunds: vec![],
        cancelations: vec![],
    }
}

/// A shipment of one parcel.
pub(super) fn parcel(id: &str, is_final: bool, lines: &[(&str, u32)]) -> Shipment {
    let parcel = Parcel {
        parcel_id: None,
        tracking_number: Some(format!("1Z{id}")),
        tracking_url: None,
        lines: lines.iter().map(|(line, n)| pieces(line, *n)).collect(),
    };
    Shipment {
        shipment_id: id.into(),
        version: 1,
        is_final,
        voided: false,
        ship_via: "UPSG".into(),
        carrier: "UPS".into(),
        confirmed_at: Some(at(15)),
        parcels: vec![parcel],
        short: vec![],
    }
}

/// Mirakl was told of every parcel that left, one by one.
pub(super) fn tell_all(case: &mut Case) {
    let told: Vec<_> = crate::parcel::untold(&case.progress, &case.shipments)
        .into_iter()
        .map(|named| crate::parcel::ToldParcel {
            parcel: named.name.clone(),
            version: named.shipment.version,
            lines: named.parcel.lines.clone(),
            call: crate::parcel::ToldBy::Shipment,
            shipment: Some("m-1".into()),
            at: at(30),
        })
        .collect();
    case.progress.told.extend(told);
}

/// A posted memo of one line: goods that came back.
pub(super) fn memo(number: &str, line_id: &str, goods: &str) -> CreditMemo {
    CreditMemo {
        number: number.into(),
        version: 1,
        status: MemoStatus::Posted,
        currency: None,
        ra_number: None,
        lines: vec![MemoLine {
            line_id: "1".into(),
            order_line_id: line_id.into(),
            quantity: Some(1),
            kind: MemoKind::Goods,
            goods: dec(goods),
            shipping: Decimal::ZERO,
            tax: Decimal::ZERO,
            restocking_fee: Decimal::ZERO,
            tax_detail: vec![],
            reason_code: None,
        }],
    }
}

/// The same for units that fell short.
pub(super) fn short_memo(number: &str, line_id: &str, quantity: u32, goods: &str) -> CreditMemo {
    let mut memo = memo(number, line_id, goods);
    memo.lines[0].kind = MemoKind::ShortShip;
    memo.lines[0].quantity = Some(quantity);
    memo
}

#[test]
fn an_order_without_papers_goes_its_way_and_asks_nobody() {
    let case = Case::new(State::Shipping, true);
    assert_eq!(case.step(), Step::Wait(Wait::Shipment));
    assert!(case.parked().is_empty());
    assert_eq!(wake_at(&case.progress, &case.facts()), None);
    let done = Case::shipped();
    assert_eq!(done.step(), Step::Wait(Wait::Aftercare));
}

#[test]
fn a_memo_that_comes_after_the_end_is_repaid_and_the_order_ends_again() {
    let mut case = Case::shipped();
    case.now = 5000;
    let over = Step::Done(Outcome::Fulfilled);
    assert_eq!(case.step(), over);
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    assert_eq!(case.step(), Step::Refund);
    case.refunded("R1", true);
    assert_eq!(case.step(), over);
    assert!(case.parked().is_empty());
}

#[test]
fn nothing_follows_a_sale_that_bluecherry_does_not_have() {
    let mut case = Case::shipped();
    case.progress.sales_order = SalesOrder::None;
    case.care.papers.credits = vec![memo("CM1", A, "10.00")];
    assert_eq!(due(&case.progress, &case.facts()), None);
}
