//! Which stock a marketplace may sell from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A warehouse, lot or pool code, without the blanks and the case a site may print around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Code(String);

impl Code {
    /// The code as rules compare it. Blank is a code of its own: no place at all.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_uppercase())
    }

    /// As text; empty when the site left it blank.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Did the site leave it blank?
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// Why a position adds nothing to what may be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Blank warehouse: goods that are nowhere. A shortage there is still taken off, because it is
    /// of orders that have no warehouse yet.
    NoWarehouse,
    /// `POE` or `FOB`: goods on their way.
    NotArrived,
    /// A warehouse this marketplace does not sell from.
    Warehouse,
    /// A lot of seconds, or kept aside.
    Lot,
    /// A pool of other customers, such as wholesale.
    Pool,
    /// The site says that nothing may be sold from it.
    NotSellable,
}

/// Which positions count for one marketplace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolRules {
    /// Warehouses sold from; empty means every one that is a place.
    pub warehouses: BTreeSet<Code>,
    /// Lots never sold from, such as seconds. A blank lot is always sold from.
    pub excluded_lots: BTreeSet<Code>,
    /// Pools sold from beside the blank one, which is common stock. All others are of somebody
    /// else.
    pub pools: BTreeSet<Code>,
}

impl PoolRules {
    /// Why a position does not count; `None` when it does.
    #[must_use]
    pub fn exclusion(
        &self,
        warehouse: &Code,
        lot: &Code,
        pool: &Code,
        sellable: bool,
    ) -> Option<Exclusion> {
        if warehouse.is_blank() {
            return Some(Exclusion::NoWarehouse);
        }
        if matches!(warehouse.as_str(), "POE" | "FOB") {
            return Some(Exclusion::NotArrived);
        }
        if !sellable {
            return Some(Exclusion::NotSellable);
        }
        if !self.warehouses.is_empty() && !self.warehouses.contains(warehouse) {
            return Some(Exclusion::Warehouse);
        }
        if self.excluded_lots.contains(lot) {
            return Some(Exclusion::Lot);
        }
        if !pool.is_blank() && !self.pools.contains(pool) {
            return Some(Exclusion::Pool);
        }
        None
    }
}
