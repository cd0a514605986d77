//! The stock ledger: typed transactions per SKU, warehouse and lot, and the figures they add up to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::code;

/// Kind of a stock transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// Adjustment.
    #[default]
    Sa,
    /// Return into stock.
    Rt,
    /// Received, first quality.
    R1,
    /// Received, irregular.
    R2,
    /// Invoiced: the goods left.
    In,
    /// On an open sales order.
    Op,
    /// Picked.
    Pk,
    /// Consumed as a component.
    Cm,
    /// Canceled by the customer.
    Cc,
    /// Canceled by the house.
    Ch,
    /// Received for an order.
    Rv,
    /// Invoiced from what was received for an order.
    Ri,
    /// Picked from what was received for an order.
    Rp,
    /// Open against what was received for an order.
    Ro,
    /// Reserved.
    Rs,
    /// Demand.
    Dm,
    /// In production.
    Wp,
    /// In production, bound for a location.
    St,
    /// In production, bound for none.
    Ns,
    /// Uncovered demand.
    Us,
}

/// Lot of first-quality goods.
pub const FIRST_QUALITY: &str = "A";

/// Lot of irregular goods, which no order may take.
pub const IRREGULAR: &str = "IRR";

/// Where units are counted: SKU, warehouse and lot, as codes for comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StockKey {
    /// SKU code.
    pub sku: String,
    /// Warehouse code.
    pub warehouse: String,
    /// Lot.
    pub lot: String,
}

impl StockKey {
    /// A key from codes as anybody may write them.
    pub fn new(sku: &str, warehouse: &str, lot: &str) -> Self {
        Self {
            sku: code(sku),
            warehouse: code(warehouse),
            lot: code(lot),
        }
    }
}

/// One movement. Nothing is ever taken out of the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    seq: usize,
    at: Timestamp,
    pub record_type: RecordType,
    pub sku: String,
    warehouse: String,
    lot: String,
    pub qty: i64,
    pub reference: Option<String>,
}

/// Sums of the transactions at one place.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<RecordType, i64>);

impl Figures {
    /// Sum of one kind.
    pub fn of(&self, kind: RecordType) -> i64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    fn sum(&self, kinds: &[RecordType]) -> i64 {
        kinds.iter().map(|kind| self.of(*kind)).sum()
    }

    /// Units that are there, irregular ones and those received for an order among them.
    pub fn on_hand(&self) -> i64 {
        use RecordType::{Cm, In, R1, R2, Ri, Rt, Rv, Sa};
        self.sum(&[Sa, Rt, R1, R2, Rv]) - self.sum(&[In, Cm, Ri])
    }

    /// Open to sell, from stock alone.
    pub fn ots(&self) -> i64 {
        use RecordType::{Cm, Dm, In, Op, Pk, R1, R2, Rs, Rt, Sa};
        self.sum(&[Sa, Rt, R1, R2]) - self.sum(&[In, Cm, Pk, Rs, Op, Dm])
    }

    /// What a new order may take here: open to sell, without the irregular units.
    pub fn promisable(&self) -> i64 {
        self.ots() - self.of(RecordType::R2)
    }
}

/// All transactions and their sums.
#[derive(Debug, Default)]
pub struct StockLedger {
    transactions: Vec<Transaction>,
    sums: BTreeMap<StockKey, Figures>,
}

impl StockLedger {
    /// Writes one transaction; a quantity below zero takes back.
    pub fn write(
        &mut self,
        at: Timestamp,
        key: &StockKey,
        record_type: RecordType,
        qty: i64,
        reference: Option<&str>,
    ) {
        if qty == 0 {
            return;
        }
        self.transactions.push(Transaction {
            seq: self.transactions.len() + 1,
            at,
            record_type,
            sku: key.sku.clone(),
            warehouse: key.warehouse.clone(),
            lot: key.lot.clone(),
            qty,
            reference: reference.map(str::to_owned),
        });
        let figures = self.sums.entry(key.clone()).or_default();
        *figures.0.entry(record_type).or_default() += qty;
    }

    /// Every transaction, oldest first.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// Every place with its figures, in the order of its codes.
    pub fn places(&self) -> impl Iterator<Item = (&StockKey, &Figures)> {
        self.sums.iter()
    }

    /// Places of one SKU in one warehouse, lot by lot.
    pub fn lots<'a>(
        &'a self,
        sku: &'a str,
        warehouse: &'a str,
    ) -> impl Iterator<Item = (&'a StockKey, &'a Figures)> {
        let (sku, warehouse) = (code(sku), code(warehouse));
        self.sums
            .iter()
            .filter(move |(key, _)| key.sku == sku && key.warehouse == warehouse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [RecordType; 12] = {
        use RecordType::{Cm, Dm, In, Op, Pk, R1, R2, Ri, Rs, Rt, Rv, Sa};
        [Sa, Rt, R1, R2, In, Op, Pk, Cm, Rv, Ri, Rs, Dm]
    };

    proptest! {
        #[test]
        fn open_to_sell_agrees_with_its_second_form_after_every_transaction(
            moves in prop::collection::vec((0..KINDS.len(), -50_i64..200), 1..60)
        ) {
            let mut ledger = StockLedger::default();
            let key = StockKey::new(" 00417-blk-m ", "nj1", FIRST_QUALITY);
            for (kind, qty) in moves {
                ledger.write(Timestamp::UNIX_EPOCH, &key, KINDS[kind], qty, None);
                let Some((_, f)) = ledger.lots("00417-BLK-M", "NJ1").next() else { continue };
                let linked = f.of(RecordType::Rv) - f.of(RecordType::Ri);
                let taken = f.of(RecordType::Pk) + f.of(RecordType::Op)
                    + f.of(RecordType::Rs) + f.of(RecordType::Dm);
                prop_assert_eq!(f.ots(), f.on_hand() - linked - taken);
            }
        }
    }
}
