//! Seeded worlds: one catalogue, two marketplaces, orders with known ends, and the mapping tables.
//!
//! The same seed gives the same world, to the cent.

mod catalogue;
mod hostile;
mod large;
mod mappings;
mod plan;

use std::fmt;

use serde::Serialize;

use crate::bluecherry::{BlueCherryOptions, Item, OpeningStock};
use crate::mirakl::{MiraklOptions, ShippingType, TaxMode};

pub use hostile::{Hostile, HostileOrder};
pub use large::Large;
pub use plan::{Expect, Kind, PlannedOrder};

/// Marketplace in the United States: USD, prices without tax.
pub const NORDWIND: &str = "nordwind";

/// Marketplace in Germany: EUR, prices with tax inside.
pub const GALERIA: &str = "galeria";

/// A world made from a seed.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    items: Vec<CatalogueItem>,
    stock: Vec<OpeningStock>,
}

/// One sellable item with what it costs.
#[derive(Clone, Debug, Serialize)]
pub struct CatalogueItem {
    /// The item as the item master has it.
    pub item: Item,
    /// Price of one in cents, the same figure in either currency.
    pub price_cents: i64,
    /// So little of it is there that planned orders ask for more.
    pub scarce: bool,
}

impl CatalogueItem {
    /// The shop's SKU for this item on a marketplace.
    pub fn offer_sku(&self, marketplace: &str) -> String {
        let prefix = if marketplace == GALERIA { "GA" } else { "NW" };
        format!("{prefix}-{}", self.item.sku)
    }
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let (items, stock) = catalogue::build(seed);
        Self { seed, items, stock }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Everything that is sold, the scarce item among it.
    pub fn catalogue(&self) -> &[CatalogueItem] {
        &self.items
    }

    /// A site with this world's items and stock, and everything else at its default.
    pub fn bluecherry_options(&self) -> BlueCherryOptions {
        BlueCherryOptions {
            seed: self.seed,
            items: self.items.iter().map(|entry| entry.item.clone()).collect(),
            stock: self.stock.clone(),
            ..BlueCherryOptions::default()
        }
    }

    /// The marketplace of that name, with the shipping methods and the tax mode its orders use.
    pub fn mirakl_options(&self, marketplace: &str) -> MiraklOptions {
        let german = marketplace == GALERIA;
        let mut options = MiraklOptions {
            seed: self.seed,
            shop_id: if german { 2_002 } else { 2_001 },
            operator: marketplace.to_owned(),
            currency: if german { "EUR" } else { "USD" }.to_owned(),
            tax_mode: if german {
                TaxMode::TaxIncluded
            } else {
                TaxMode::TaxExcluded
            },
            ..MiraklOptions::default()
        };
        options.shipping_types.push(ShippingType {
            code: "XPR".to_owned(),
            label: "Overnight".to_owned(),
            description: "Overnight delivery".to_owned(),
            standard_code: None,
            mandatory_tracking: false,
            click_and_collect: false,
            delivery_by_operator: false,
        });
        options
    }

    /// `n` orders over both marketplaces, in the order in which to place them.
    ///
    /// From 12 on, each [`Kind`] comes at least once; about seven in ten are plain.
    pub fn orders(&self, n: usize) -> Vec<PlannedOrder> {
        plan::orders(self, n)
    }

    /// `n` orders with hostile numbers and words, each [`Hostile`] kind in turn.
    pub fn hostile_orders(&self, n: usize) -> Vec<HostileOrder> {
        hostile::orders(self, n)
    }

    /// The connector's mapping tables: file name and CSV text.
    pub fn mapping_files(&self) -> Vec<(&'static str, String)> {
        mappings::files(self)
    }
}

/// Cents as a decimal with two places.
pub(crate) struct Cents(pub i64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let text = |seed: u64| {
            let world = World::new(seed);
            let orders = serde_json::to_string(&world.orders(60)).unwrap();
            let options = serde_json::to_string(&world.bluecherry_options()).unwrap();
            (orders, options, world.mapping_files())
        };
        assert_eq!(text(7), text(7));
        assert_ne!(text(7).0, text(8).0);
    }

    #[test]
    fn twelve_orders_show_every_kind_and_many_are_mostly_plain() {
        let kinds = |n: usize| {
            World::new(3)
                .orders(n)
                .into_iter()
                .map(|o| o.kind)
                .collect::<Vec<_>>()
        };
        let all: BTreeSet<Kind> = kinds(12).into_iter().collect();
        assert_eq!(all.len(), Kind::ALL.len());
        for n in [0, 1, 5, 12, 13, 60, 200] {
            assert_eq!(kinds(n).len(), n);
        }
        let plain = kinds(200)
            .iter()
            .filter(|kind| **kind == Kind::Plain)
            .count();
        assert!((130..=150).contains(&plain), "{plain} of 200 are plain");
    }

    #[test]
    fn order_ids_repeat_only_across_the_marketplaces() {
        let orders = World::new(5).orders(120);
        let id = |order: &PlannedOrder| order.spec["order_id"].as_str().unwrap().to_owned();
        let keys: BTreeSet<_> = orders
            .iter()
            .map(|order| (order.marketplace, id(order)))
            .collect();
        assert_eq!(keys.len(), orders.len());
        for twin in orders
            .iter()
            .filter(|order| order.kind == Kind::SameIdTwice)
        {
            assert_eq!(
                orders.iter().filter(|other| id(other) == id(twin)).count(),
                2
            );
        }
        assert!(orders.iter().all(|order| id(order).len() <= 14));
    }

    #[test]
    fn a_marketplace_takes_every_planned_order() {
        let world = World::new(9);
        for order in world.orders(80) {
            let spec: crate::mirakl::OrderSpec = serde_json::from_value(order.spec).unwrap();
            let known = world.mirakl_options(order.marketplace).shipping_types;
            let shipping_type = spec.shipping_type_code.unwrap();
            assert!(known.iter().any(|kind| kind.code == shipping_type));
        }
    }

    #[test]
    fn taxes_and_promotions_add_up() {
        let cents = |value: &Value| {
            let amount: rust_decimal::Decimal = value.as_str().unwrap().parse().unwrap();
            assert!(amount.scale() == 2, "{amount} has no two places");
            amount
        };
        for order in World::new(11).orders(150) {
            let included = order.spec["tax_mode"] == "TAX_INCLUDED";
            for line in order.spec["lines"].as_array().unwrap() {
                let quantity: rust_decimal::Decimal = line["quantity"].as_u64().unwrap().into();
                let price = cents(&line["price_unit"]) * quantity;
                let rate: rust_decimal::Decimal =
                    line["taxes"][0]["rate"].as_str().unwrap().parse().unwrap();
                let hundred = rust_decimal::Decimal::ONE_HUNDRED;
                let base = if included { hundred + rate } else { hundred };
                let off = cents(&line["taxes"][0]["amount"]) - price * rate / base;
                assert!(off.abs() <= "0.005".parse().unwrap());
                if let Some(promotion) = line["promotions"].get(0) {
                    let before = cents(&line["origin_unit_price"]) * quantity;
                    assert_eq!(before - cents(&promotion["deduced_amount"]), price);
                }
            }
        }
    }
}
