//! The stock ledger: typed transactions per SKU, warehouse and lot, and the figures they add up to.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

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
    record_type: RecordType,
    sku: String,
    warehouse: String,
    lot: String,
    qty: i64,
    reference: Option<String>,
}

/// Sums of the transactions at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(Vec<(RecordType, i64)>);

impl Figures {
    /// Sum of one kind.
    pub fn of(&self, kind: RecordType) -> i64 {
        let mut sums = self.0.iter();
        sums.find(|sum| sum.0 == kind).map_or(0, |sum| sum.1)
    }

    fn add(&mut self, kind: RecordType, qty: i64) {
        match self.0.iter_mut().find(|sum| sum.0 == kind) {
            Some(sum) => sum.1 += qty,
            None => self.0.push((kind, qty)),
        }
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

/// A place with its figures, shared: an inventory batch keeps those of its moment.
pub type Place = (Arc<StockKey>, Arc<Figures>);

/// All transactions and their sums.
#[derive(Debug, Default)]
pub struct StockLedger {
    transactions: Vec<Transaction>,
    sums: BTreeMap<Arc<StockKey>, Arc<Figures>>,
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
        self.open_with(key, record_type, qty);
    }

    /// Adds units that were there before the first transaction.
    pub fn open_with(&mut self, key: &StockKey, record_type: RecordType, qty: i64) {
        if let Some(figures) = self.sums.get_mut(key) {
            // Batches that hold the old figures keep them.
            return Arc::make_mut(figures).add(record_type, qty);
        }
        let figures = Figures(vec![(record_type, qty)]);
        self.sums.insert(Arc::new(key.clone()), Arc::new(figures));
    }

    /// Every transaction, oldest first.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// Every place with its figures, in the order of its codes.
    pub fn places(&self) -> impl ExactSizeIterator<Item = (&Arc<StockKey>, &Arc<Figures>)> {
        self.sums.iter()
    }

    /// Every place of one SKU.
    pub fn of_sku(&self, sku: &str) -> impl Iterator<Item = (&StockKey, &Figures)> {
        let from = StockKey::new(sku, "", "");
        let sku = from.sku.clone();
        self.sums
            .range::<StockKey, _>((Bound::Included(&from), Bound::Unbounded))
            .map(|(key, figures)| (&**key, &**figures))
            .take_while(move |(key, _)| key.sku == sku)
    }

    /// Places of one SKU in one warehouse, lot by lot.
    pub fn lots(&self, sku: &str, warehouse: &str) -> impl Iterator<Item = (&StockKey, &Figures)> {
        let warehouse = code(warehouse);
        self.of_sku(sku)
            .filter(move |(key, _)| key.warehouse == warehouse)
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
