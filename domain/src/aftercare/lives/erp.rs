//! A small BlueCherry: one sales order, its shipments and its credit memos.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::tests::{A, B, memo, parcel};
use super::{at, cents, mirakl};
use crate::refund::{CreditMemo, MemoKind, MemoStatus, PaidLine};
use crate::shipment::{Quantity, Shipment};

/// The sales order's units of one line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Units {
    pub ordered: u32,
    pub shipped: u32,
    /// By whomever.
    pub canceled: u32,
    /// Of these, by the house: the customer is owed their money.
    pub by_house: u32,
    /// Shipped units that were credited, and house-canceled ones.
    pub credited: u32,
    pub short_credited: u32,
}

impl Units {
    pub fn open(&self) -> u32 {
        self.ordered - self.shipped - self.canceled
    }
}

/// A memo, and whether it is as it should be.
#[derive(Clone, Debug)]
pub struct Written {
    pub memo: CreditMemo,
    pub is_good: bool,
}

impl Written {
    /// Was it ever posted for goods of this line?
    pub fn is_credit_of(&self, line_id: &str) -> bool {
        let line = &self.memo.lines[0];
        let is_goods = line.kind == MemoKind::Goods && line.order_line_id == line_id;
        is_goods && self.memo.status != MemoStatus::Draft
    }
}

#[derive(Clone, Debug)]
pub struct Erp {
    pub lines: Vec<Units>,
    pub shipments: Vec<Shipment>,
    pub memos: Vec<Written>,
    /// Nothing more will be shipped.
    pub is_over: bool,
    /// Everything open is picked: it cannot be canceled any more.
    pub is_picked: bool,
    /// Grows with each shipment and paper.
    pub version: i64,
}

impl Erp {
    pub fn new(ordered: [u32; 2]) -> Self {
        let units = |ordered| Units {
            ordered,
            ..Units::default()
        };
        Self {
            lines: ordered.map(units).to_vec(),
            shipments: vec![],
            memos: vec![],
            is_over: false,
            is_picked: false,
            version: 0,
        }
    }

    /// The warehouse ships up to so many of each line.
    pub fn ship(&mut self, now: i64, most: [u32; 2], is_last: bool) {
        if self.is_over {
            return;
        }
        let sent: Vec<u32> = (0..2).map(|n| most[n].min(self.lines[n].open())).collect();
        if sent.iter().sum::<u32>() == 0 {
            return;
        }
        let lines = [(A, sent[0]), (B, sent[1])];
        let lines: Vec<_> = lines.into_iter().filter(|(_, n)| *n > 0).collect();
        let id = format!("S{}", self.shipments.len() + 1);
        let mut shipment = parcel(&id, is_last, &lines);
        shipment.confirmed_at = Some(at(now));
        self.shipments.push(shipment);
        for (units, sent) in self.lines.iter_mut().zip(&sent) {
            units.shipped += sent;
        }
        self.is_over = is_last;
        self.version += 1;
    }

    /// The house cancels units that it will not ship.
    pub fn cancel_by_house(&mut self, place: usize, quantity: u32) {
        let units = &mut self.lines[place];
        let canceled = quantity.min(units.open());
        units.canceled += canceled;
        units.by_house += canceled;
    }

    /// Cancels for the customer; answers how many it was too late for.
    pub fn cancel(&mut self, place: usize, quantity: u32) -> u32 {
        let units = &mut self.lines[place];
        let canceled = match self.is_picked {
            true => 0,
            false => quantity.min(units.open()),
        };
        units.canceled += canceled;
        quantity - canceled
    }

    pub fn canceled(&self) -> Vec<Quantity> {
        let all = [A, B].into_iter().zip(&self.lines);
        all.filter(|(_, units)| units.canceled > 0)
            .map(|(id, units)| super::super::tests::pieces(id, units.canceled))
            .collect()
    }

    /// A credit for one unit that came back, or that fell short; none where nothing is owed.
    pub fn credit(&mut self, place: usize, sold: &PaidLine, is_short: bool, is_draft: bool) {
        let units = &mut self.lines[place];
        let (done, most) = if is_short {
            (&mut units.short_credited, units.by_house)
        } else {
            (&mut units.credited, units.shipped)
        };
        if *done >= most {
            return;
        }
        *done += 1;
        let number = format!("CM{}", self.memos.len() + 1);
        let of_unit = |whole: Decimal| {
            let exact = whole / Decimal::from(sold.quantity);
            exact.round_dp_with_strategy(2, RoundingStrategy::ToZero)
        };
        let mut memo = memo(&number, &sold.order_line_id, "0");
        let line = &mut memo.lines[0];
        line.goods = of_unit(sold.amount);
        line.shipping = of_unit(sold.shipping);
        line.tax =
            mirakl::share(&sold.taxes[0], line.goods, sold.amount) + of_unit(sold.taxes[1].amount);
        if is_short {
            line.kind = MemoKind::ShortShip;
        }
        // Each return has its own number, so that two of the same amounts are two.
        memo.ra_number = Some(format!("RA{number}"));
        if is_draft {
            memo.status = MemoStatus::Draft;
        }
        self.write(memo, true);
    }

    /// A credit of more than the line ever cost.
    pub fn credit_too_high(&mut self, sold: &PaidLine) {
        let number = format!("CM{}", self.memos.len() + 1);
        let mut memo = memo(&number, &sold.order_line_id, "0");
        memo.lines[0].goods = sold.amount + cents(1);
        self.write(memo, false);
    }

    /// Posts the same credit under another number.
    pub fn credit_again(&mut self, place: usize) {
        let Some(number) = self.of(place).map(|w| w.memo.number.clone()) else {
            return;
        };
        let mut again = self
            .memos
            .iter()
            .find(|w| w.memo.number == number)
            .unwrap()
            .memo
            .clone();
        if again.status == MemoStatus::Posted {
            again.number = format!("CM{}", self.memos.len() + 1);
            self.write(again, false);
        }
    }

    fn write(&mut self, memo: CreditMemo, is_good: bool) {
        self.memos.push(Written { memo, is_good });
        self.version += 1;
    }

    fn of(&mut self, place: usize) -> Option<&mut Written> {
        let count = self.memos.len();
        (count > 0).then(|| &mut self.memos[place % count])
    }

    pub fn post(&mut self, place: usize) {
        let draft = self
            .of(place)
            .filter(|w| w.memo.status == MemoStatus::Draft);
        if let Some(written) = draft {
            written.memo.status = MemoStatus::Posted;
            written.memo.version += 1;
            self.version += 1;
        }
    }

    /// Takes a memo back; where it is to be replaced, the same is posted under a new number at once.
    pub fn void(&mut self, place: usize, is_replaced: bool) {
        let number = self.memos.len() + 1;
        let Some(written) = self.of(place) else {
            return;
        };
        if written.memo.status == MemoStatus::Voided {
            return;
        }
        let mut again = written.memo.clone();
        let is_good = written.is_good;
        written.memo.status = MemoStatus::Voided;
        written.memo.version += 1;
        self.version += 1;
        if is_replaced && is_good {
            again.number = format!("CM{number}");
            self.write(again, true);
        }
    }
}
