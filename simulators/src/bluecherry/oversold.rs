//! Marketplace units that could not be picked when their order reached the books.

use serde::Serialize;
use serde_json::{Value, json};

use super::options::Item;
use super::order_in::{LineIn, OrderIn};
use super::site::Site;
use super::stock::{IRREGULAR, StockKey};
use super::text::same;

/// Units of one line that no sellable lot covered.
#[derive(Clone, Debug, Serialize)]
pub struct Oversold {
    external_po: String,
    external_line_id: String,
    channel: String,
    sku: String,
    units: i64,
}

impl Site {
    /// Whether orders may take units from there.
    pub(super) fn sells(&self, key: &StockKey) -> bool {
        let mut places = self.options.warehouses.iter();
        key.lot != IRREGULAR
            && places.any(|place| place.sellable && same(&place.code, &key.warehouse))
    }

    /// Units of an item that a new order may take, in whole packs, over every sellable warehouse.
    pub(super) fn promisable(&self, item: &Item) -> i64 {
        let of_part = |(sku, each): (&str, i64)| {
            let places = self.stock.of_sku(sku).filter(|(key, _)| self.sells(key));
            let units: i64 = places.map(|(_, figures)| figures.promisable()).sum();
            units.div_euclid(each.max(1))
        };
        item.parts().into_iter().map(of_part).min().unwrap_or(0)
    }

    /// Notes units of a line that are nowhere; a line that comes again counts once.
    pub(super) fn note_oversold(&mut self, order: &OrderIn, line: &LineIn, units: i64) {
        let is_known = self.oversold.iter().any(|known| {
            known.external_po == order.external_po
                && known.external_line_id == line.external_line_id
        });
        if units > 0 && !is_known {
            self.oversold.push(Oversold {
                external_po: order.external_po.clone(),
                external_line_id: line.external_line_id.clone(),
                channel: order.channel.clone(),
                sku: line.sku.clone(),
                units,
            });
        }
    }

    /// Units that were sold and were nowhere.
    pub(super) fn oversold_units(&self) -> i64 {
        self.oversold.iter().map(|line| line.units).sum()
    }

    /// The same with the lines, for the ledger.
    pub(super) fn oversold_shown(&self) -> Value {
        json!({ "units": self.oversold_units(), "lines": self.oversold })
    }
}
