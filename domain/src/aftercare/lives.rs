//! Generated lives of an order over a small Mirakl and a small BlueCherry: ship, short, cancel, return,
//! credit and refund in any order, with answers lost, stale reads and a ledger lost in between.

mod check;
mod driver;
mod erp;
mod mirakl;
mod sends;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::tests::{A, B, Case, paid};
use super::*;
use crate::fulfillment::tests::at;
use crate::refund::{Money, PaidLine, PaidTax, Planned, TaxPart, TaxRule};
use crate::shipment::Quantity;
use driver::{LAG, World};

/// Reason of a refund that somebody makes in the portal without regard to ours.
const BY_HAND: &str = "99";

/// What becomes of the answer to a call; the call may have been done, or not.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Lost(bool),
    Killed(bool),
}

/// A part of a line's money; a tax by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Price,
    Shipping,
    Tax(usize),
}

impl Part {
    fn all(line: &PaidLine) -> Vec<Self> {
        let taxes = (0..line.taxes.len()).map(Self::Tax);
        [Self::Price, Self::Shipping]
            .into_iter()
            .chain(taxes)
            .collect()
    }

    fn of(self, money: &Money, line: &PaidLine) -> Decimal {
        match self {
            Self::Price => money.amount,
            Self::Shipping => money.shipping,
            Self::Tax(n) => {
                let same = money.taxes.iter().filter(|t| t.code == line.taxes[n].code);
                same.map(|t| t.amount).sum()
            }
        }
    }
}

fn cents(n: i64) -> Decimal {
    Decimal::new(n, 2)
}

fn pieces_of(list: &[Quantity], line_id: &str) -> u32 {
    let of_it = list.iter().filter(|q| q.line_id == line_id);
    of_it.map(|q| q.quantity).sum()
}

/// Something that happens; a place is one of the two lines.
#[derive(Clone, Debug)]
enum Event {
    Ship([u32; 2], bool),
    HouseCancels(usize, u32),
    Picked,
    CustomerCancels(usize, u32),
    OperatorCallsOff,
    Paid,
    Received,
    PaidBack,
    Credit {
        place: usize,
        is_short: bool,
        is_draft: bool,
    },
    CreditTooHigh(usize),
    CreditAgain(usize),
    Post(usize),
    Void(usize, bool),
    Portal {
        place: usize,
        cents: i64,
        is_like_ours: bool,
    },
    Dispute(usize),
    DisputesEnd,
    PullOrder(i64),
    PullErp,
    Sweep,
    Forget,
    Later(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let place = || 0_usize..2;
    prop_oneof![
        4 => ([0_u32..3, 0_u32..3], prop::bool::weighted(0.3)).prop_map(|(n, last)| Event::Ship(n, last)),
        3 => (place(), 1_u32..3).prop_map(|(at, n)| Event::HouseCancels(at, n)),
        1 => Just(Event::Picked),
        2 => (place(), 1_u32..3).prop_map(|(at, n)| Event::CustomerCancels(at, n)),
        1 => Just(Event::OperatorCallsOff),
        2 => Just(Event::Paid),
        1 => Just(Event::Received),
        1 => Just(Event::PaidBack),
        5 => (place(), any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(place, is_short, is_draft)| Event::Credit { place, is_short, is_draft }),
        1 => place().prop_map(Event::CreditTooHigh),
        1 => (0_usize..6).prop_map(Event::CreditAgain),
        1 => (0_usize..6).prop_map(Event::Post),
        1 => (0_usize..6, any::<bool>()).prop_map(|(n, again)| Event::Void(n, again)),
        1 => (place(), 1_i64..3000, any::<bool>())
            .prop_map(|(place, cents, is_like_ours)| Event::Portal { place, cents, is_like_ours }),
        1 => place().prop_map(Event::Dispute),
        1 => Just(Event::DisputesEnd),
        6 => (0..=LAG).prop_map(Event::PullOrder),
        4 => Just(Event::PullErp),
        2 => Just(Event::Sweep),
        1 => Just(Event::Forget),
        2 => (1_i64..100).prop_map(Event::Later),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => any::<bool>().prop_map(Fault::Lost),
        1 => any::<bool>().prop_map(Fault::Killed),
    ]
}

prop_compose! {
    /// Two lines, each with a tax that Mirakl computes and one that it does not.
    fn sold()(
        quantities in (1_u32..4, 1_u32..3),
        money in prop::array::uniform2((100_i64..6000, 0_i64..900, 0_i64..500, 0_i64..300)),
        pays in 0_u8..3, asks in prop::bool::weighted(0.25), several in any::<bool>(),
    ) -> Case {
        let state = if pays == 0 { State::WaitingDebit } else { State::Shipping };
        let mut case = Case::new(state, pays == 1);
        let line = |id: &str, quantity, (price, shipping, computed, given): (i64, i64, i64, i64)| {
            let tax = |code: &str, n, rule| PaidTax { code: code.into(), amount: cents(n), rule };
            PaidLine {
                amount: cents(price),
                shipping: cents(shipping),
                taxes: vec![
                    tax("P", computed, TaxRule::ProportionalToAmount),
                    tax("N", given, TaxRule::None),
                ],
                ..paid(id, quantity, "0", "0")
            }
        };
        let lines = vec![line(A, quantities.0, money[0]), line(B, quantities.1, money[1])];
        case.order.paid.as_mut().unwrap().lines = lines;
        case.order.lines[0].quantity = quantities.0;
        case.order.lines[1].quantity = quantities.1;
        case.order.can_cancel = pays != 1;
        case.progress.released = false;
        case.policy.aftercare_s = 100 * 86_400;
        case.several = several;
        if asks {
            case.policy.short_ship = ShortShip::Ask;
        }
        case
    }
}

impl World {
    fn happen(&mut self, event: &Event) {
        self.now += 1;
        let now = self.now;
        match event {
            Event::Ship(most, is_last) => {
                if self.case.progress.released {
                    self.erp.ship(now, *most, *is_last);
                }
            }
            Event::HouseCancels(place, n) => self.erp.cancel_by_house(*place, *n),
            Event::Picked => self.erp.is_picked = true,
            Event::CustomerCancels(place, n) => self.customer_cancels(*place, *n),
            Event::OperatorCallsOff => {
                // Paid orders too: the operator may, where nothing left in time.
                let _ = self.mirakl.cancel_whole(now, false);
            }
            Event::Paid => self.mirakl.pay(now),
            Event::Received => self.mirakl.receive(now),
            Event::PaidBack => self.mirakl.pay_back(now),
            Event::Credit {
                place,
                is_short,
                is_draft,
            } => {
                let line = self.sold(*place);
                self.erp.credit(*place, &line, *is_short, *is_draft);
            }
            Event::CreditTooHigh(place) => {
                let line = self.sold(*place);
                self.erp.credit_too_high(&line);
            }
            Event::CreditAgain(n) => self.erp.credit_again(*n),
            Event::Post(n) => self.erp.post(*n),
            Event::Void(n, is_replaced) => self.erp.void(*n, *is_replaced),
            Event::Portal {
                place,
                cents,
                is_like_ours,
            } => self.portal(*place, *cents, *is_like_ours),
            Event::Dispute(place) => self.mirakl.dispute(now, *place),
            Event::DisputesEnd => self.mirakl.end_disputes(now),
            Event::PullOrder(lag) => self.pull_order(*lag),
            Event::PullErp => self.pull_erp(),
            Event::Sweep => self.sweep(),
            Event::Forget => self.forget(),
            Event::Later(seconds) => self.now += seconds,
        }
    }

    fn sold(&self, place: usize) -> PaidLine {
        self.mirakl.order.paid.as_ref().unwrap().lines[place].clone()
    }

    /// The operator takes units off, with their money.
    fn customer_cancels(&mut self, place: usize, n: u32) {
        let line = self.sold(place);
        let units = n.min(self.mirakl.left(place));
        let of_units = |whole: Decimal| {
            let share = whole * Decimal::from(units) / Decimal::from(line.quantity);
            share.trunc_with_scale(2)
        };
        let money = Money {
            amount: of_units(line.amount),
            shipping: of_units(line.shipping),
            taxes: vec![TaxPart {
                code: "N".into(),
                amount: of_units(line.taxes[1].amount),
            }],
            shipping_taxes: vec![],
        };
        let _ = self.mirakl.cancel(self.now, place, units, &money, false);
    }

    /// Somebody refunds in the portal: just what we are about to, or anything.
    fn portal(&mut self, place: usize, amount: i64, is_like_ours: bool) {
        let ours = planned(&self.case.progress, &self.case.facts());
        let ours = ours.into_iter().find_map(|one| match one {
            Planned::Refund(item) => Some(item),
            _ => None,
        });
        let now = self.now;
        let done = match ours.filter(|_| is_like_ours) {
            Some(item) => {
                let (place, out) = (
                    self.mirakl.place(&item.order_line_id),
                    item.excluded_from_shipment,
                );
                self.mirakl
                    .refund(now, place, &item.money, item.quantity, "98", out)
            }
            None => {
                let money = Money {
                    amount: cents(amount),
                    ..Money::default()
                };
                self.mirakl.refund(now, place, &money, 0, BY_HAND, false)
            }
        };
        self.is_disturbed |= done.is_ok();
    }
}

fn live(case: Case, events: &[(Event, bool)], faults: Vec<Fault>) -> Result<(), String> {
    let mut world = World::new(case);
    world.faults = faults.into();
    for (event, runs) in events {
        world.happen(event);
        world.check()?;
        if *runs {
            world.run()?;
        }
    }
    let step = world.settle()?;
    world.check_end(&step)
}

/// More lives than usual: they are quick.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.max(1024),
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_each_cause_pays_once_and_both_sides_agree_in_the_end(
        case in sold(),
        events in prop::collection::vec((event(), prop::bool::weighted(0.6)), 1..40),
        faults in prop::collection::vec(fault(), 0..16),
    ) {
        if let Err(wrong) = live(case, &events, faults) {
            prop_assert!(false, "{wrong}");
        }
    }
}
