//! Generated lives of an order: credits, short units, voids, refunds of others and lost answers in
//! any order. Whatever comes, no more goes back than was paid, and each cause pays once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::tests::rules;
use super::*;

#[derive(Clone, Debug)]
enum Event {
    Credit {
        goods: i64,
        shipping: i64,
        tax: i64,
        fee: i64,
    },
    Repeat,
    Void(usize),
    Short,
    Portal {
        amount: i64,
        like: bool,
    },
    Cancel {
        amount: i64,
    },
    /// What happens to what is planned now: taken, refused, answer lost after or before the write.
    Send(u8),
}

fn cents(n: i64) -> Decimal {
    Decimal::new(n, 2)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_i64..8000, 0_i64..600, 0_i64..700, 0_i64..300)
            .prop_map(|(goods, shipping, tax, fee)| Event::Credit { goods, shipping, tax, fee }),
        1 => Just(Event::Repeat),
        1 => any::<usize>().prop_map(Event::Void),
        2 => Just(Event::Short),
        1 => (1_i64..5000, any::<bool>()).prop_map(|(amount, like)| Event::Portal { amount, like }),
        1 => (1_i64..5000).prop_map(|amount| Event::Cancel { amount }),
        5 => (0_u8..4).prop_map(Event::Send),
    ]
}

fn sold() -> PaidLine {
    let tax = |code: &str, n, rule| PaidTax {
        code: code.into(),
        amount: cents(n),
        rule,
    };
    PaidLine {
        order_line_id: "A-1".into(),
        quantity: 3,
        amount: cents(10_000),
        shipping: cents(700),
        taxes: vec![
            tax("P", 801, TaxRule::ProportionalToAmount),
            tax("N", 333, TaxRule::None),
            tax("O", 100, TaxRule::None),
        ],
        shipping_taxes: vec![tax("S", 55, TaxRule::None)],
        refunds: vec![],
        cancelations: vec![],
    }
}

fn parts() -> Vec<Part> {
    let tax = |code: &str, on| Part::Tax {
        code: code.into(),
        on,
    };
    vec![
        Part::Amount,
        Part::Shipping,
        tax("P", TaxBase::Goods),
        tax("N", TaxBase::Goods),
        tax("O", TaxBase::Goods),
        tax("S", TaxBase::Shipping),
    ]
}

struct Life {
    order: PaidOrder,
    memos: Vec<CreditMemo>,
    short: u32,
    sent: Vec<Sent>,
    clock: i64,
    next: u32,
}

impl Life {
    fn shown(&mut self, money: Money, quantity: u32, reason: &str) -> String {
        self.next += 1;
        let id = format!("R{}", self.next);
        self.order.lines[0].refunds.push(ShownRefund {
            id: id.clone(),
            reason_code: Some(reason.into()),
            quantity,
            created_at: jiff::Timestamp::from_second(self.clock).ok(),
            money,
        });
        id
    }

    fn left(&self, part: &Part) -> Decimal {
        remaining(&self.order.lines[0], part, &[]).remaining()
    }

    fn plan(&self) -> Vec<Planned> {
        let shorts = [Short {
            order_line_id: "A-1".into(),
            quantity: self.short,
        }];
        plan(&self.memos, &shorts, &self.order, &self.sent, &rules())
    }

    fn send(&mut self, fate: u8) {
        // As after a restart: what was asked is looked up before anything else goes out.
        for (n, refund_id) in read_back(&self.sent, &self.order).found {
            self.sent[n].state = SentState::Done { refund_id };
        }
        for planned in self.plan() {
            let Planned::Refund(item) = planned else {
                continue;
            };
            self.clock += 600;
            let mut whole = item.money.clone();
            whole.taxes.extend(item.computed.taxes.iter().cloned());
            let state = match fate {
                1 => SentState::Refused,
                3 => SentState::Unknown,
                _ => {
                    let refund_id = self.shown(whole, item.quantity, &item.reason_code);
                    if fate == 2 {
                        SentState::Unknown
                    } else {
                        SentState::Done { refund_id }
                    }
                }
            };
            let sent_at = jiff::Timestamp::from_second(self.clock).unwrap();
            self.sent.push(Sent {
                item,
                sent_at,
                state,
            });
        }
    }

    fn happen(&mut self, event: &Event) {
        self.clock += 600;
        match event {
            Event::Credit {
                goods,
                shipping,
                tax,
                fee,
            } => {
                let n = self.memos.len();
                let line = MemoLine {
                    line_id: "1".into(),
                    order_line_id: "A-1".into(),
                    quantity: Some(1),
                    kind: MemoKind::Goods,
                    goods: cents(*goods),
                    shipping: cents(*shipping),
                    tax: cents(*tax),
                    restocking_fee: cents(*fee),
                    tax_detail: vec![],
                    reason_code: None,
                };
                self.memos.push(CreditMemo {
                    number: format!("M{n}"),
                    version: 1,
                    status: MemoStatus::Posted,
                    currency: None,
                    ra_number: Some(format!("RA{n}")),
                    lines: vec![line],
                });
            }
            Event::Repeat => {
                if let Some(last) = self.memos.last() {
                    let number = format!("M{}", self.memos.len());
                    let twin = CreditMemo {
                        number,
                        ..last.clone()
                    };
                    self.memos.push(twin);
                }
            }
            Event::Void(n) => {
                let count = self.memos.len();
                if count > 0 {
                    let memo = &mut self.memos[n % count];
                    memo.status = MemoStatus::Voided;
                    memo.version += 1;
                }
            }
            Event::Short => self.short = (self.short + 1).min(3),
            Event::Portal { amount, like } => {
                let first = self.plan().into_iter().find_map(|p| match p {
                    Planned::Refund(item) => Some(item.money),
                    _ => None,
                });
                let amount = cents(*amount).min(self.left(&Part::Amount));
                let money = match first {
                    // Somebody was quicker than we were.
                    Some(money) if *like => money,
                    _ => Money {
                        amount,
                        ..Money::default()
                    },
                };
                // A marketplace lets nobody refund what our lost send took already.
                if parts()
                    .iter()
                    .all(|p| rest::part_of(&money, p) <= self.left(p))
                    && self.unseen() == 0
                {
                    self.shown(money, 0, "99");
                }
            }
            Event::Cancel { amount } => {
                let amount = cents(*amount).min(self.left(&Part::Amount));
                if self.unseen() == 0 {
                    self.order.lines[0].cancelations.push(Money {
                        amount,
                        ..Money::default()
                    });
                }
            }
            Event::Send(fate) => self.send(*fate),
        }
    }

    fn unseen(&self) -> usize {
        self.sent
            .iter()
            .filter(|s| s.state == SentState::Unknown)
            .count()
    }
}

proptest! {
    #[test]
    fn no_more_goes_back_than_was_paid_and_each_cause_pays_once(events in prop::collection::vec(event(), 1..24)) {
        let order = PaidOrder { currency: "USD".into(), lines: vec![sold()] };
        let mut life = Life { order, memos: vec![], short: 0, sent: vec![], clock: 1_772_000_000, next: 0 };
        for event in &events {
            life.happen(event);
            let line = &life.order.lines[0];
            for part in parts() {
                let sums = remaining(line, &part, &[]);
                prop_assert!(sums.refunded + sums.canceled <= sums.paid, "{part}: {sums}");
            }
            let counted: Vec<_> = life.sent.iter().filter(|s| s.counts()).map(|s| s.item.cause.key()).collect();
            let once: BTreeSet<_> = counted.iter().collect();
            prop_assert_eq!(once.len(), counted.len(), "a cause was sent twice: {:?}", counted);
            for sent in life.sent.iter().filter(|s| s.counts()) {
                let caused = match &sent.item.cause {
                    Cause::CreditMemo { number, .. } => life.memos.iter().any(|m| m.number == *number),
                    Cause::ShortShip { to, .. } => *to <= life.short,
                };
                prop_assert!(caused, "{:?}", sent.item.cause);
            }
        }
    }
}
