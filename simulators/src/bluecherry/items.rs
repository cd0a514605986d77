//! The item master: items that were given, and those of a generated catalogue.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::feeds::{merge, plain_cursor, sku_key};
use super::options::Item;
use super::site::Site;
use super::stock::{FIRST_QUALITY, RecordType, StockKey};
use super::text::code;
use crate::scenario::Large;

/// Every item by its SKU; those of a generated catalogue are computed each time.
#[derive(Debug, Default)]
pub struct Items {
    given: BTreeMap<String, Item>,
    large: Option<Large>,
}

impl Items {
    /// The given ones alone.
    pub fn new(items: &[Item]) -> Self {
        let given = items.iter().map(|item| (code(&item.sku), item.clone()));
        Self {
            given: given.collect(),
            large: None,
        }
    }

    /// The item of that SKU, as a code for comparison.
    pub fn get(&self, sku: &str) -> Option<Cow<'_, Item>> {
        if let Some(item) = self.given.get(sku) {
            return Some(Cow::Borrowed(item));
        }
        let large = self.large?;
        large.place(sku).map(|n| Cow::Owned(large.item(n)))
    }

    /// The n-th item and on: first the given ones in the order of their codes.
    fn from(&self, n: usize) -> impl Iterator<Item = Cow<'_, Item>> {
        let given = self.given.values().skip(n).map(Cow::Borrowed);
        let n = n.saturating_sub(self.given.len());
        let large = self.large.into_iter();
        let large =
            large.flat_map(move |large| (n..large.count()).map(move |n| Cow::Owned(large.item(n))));
        given.chain(large)
    }

    fn count(&self) -> usize {
        self.given.len() + self.large.map_or(0, |large| large.count())
    }
}

impl Site {
    /// Adds a generated catalogue with its stock, in the place of an earlier one; its units stand in
    /// the first warehouse as first quality.
    pub fn open_large(&mut self, large: Large) {
        self.items.large = Some(large);
        let first = self.options.warehouses.first();
        let warehouse = first.map_or_else(String::new, |place| place.code.clone());
        for n in 0..large.count() {
            let units = large.units(n);
            let key = StockKey::new(&large.sku(n), &warehouse, FIRST_QUALITY);
            let known = self.stock.lots(&key.sku, &warehouse).next().is_some();
            if units > 0 && !known {
                self.stock.open_with(&key, RecordType::R1, units);
            }
        }
    }

    /// A page of the item master.
    pub fn item_page(&self, cursor: Option<&str>, limit: usize) -> Result<Page, Refusal> {
        let from = plain_cursor(cursor, 'I')?;
        let items = self.items.from(from).take(limit);
        let items: Vec<Value> = items.map(|item| self.item_row(&item)).collect();
        let next = from + items.len();
        let more = next < self.items.count();
        Ok(Page {
            next_cursor: more.then(|| format!("I{next}")),
            ..Page::live(items, self.now())
        })
    }

    fn item_row(&self, item: &Item) -> Value {
        let mut row = sku_key(item);
        let status = item.status();
        let pack = item.pack.as_ref().map_or_else(
            || json!({ "kind": "none", "components": [], "stocked_as_pack": false }),
            |pack| json!(pack),
        );
        let more = json!({
            "ean": null,
            "status": status,
            "active": status == "active",
            "line_type": "APPAREL",
            "smu_account": item.smu_account,
            "sample": item.sample,
            "season": item.season,
            "product_groups": item.product_groups,
            "name": item.name,
            "color_name": item.color_name,
            "country_of_origin": item.country_of_origin,
            "hs_code": item.hs_code,
            "prices": item.prices.iter().map(|price| json!({
                "level": price.level, "currency": price.currency, "amount": price.amount,
                "valid_from": "2020-01-01", "valid_to": null,
            })).collect::<Vec<_>>(),
            "launch_date": item.launch_date,
            "pack": pack,
            "version": 1,
            "changed_at": self.started_at,
        });
        merge(&mut row, more);
        row
    }
}
