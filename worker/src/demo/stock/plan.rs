//! What is sold in the scenario `stock`, how the ERP lags, and what the configuration says.

use activities::StockSettings;
use domain::stock::settings::Buffers;
use simulators::bluecherry::{BatchMishaps, BlueCherryOptions, OpeningStock, RecordType};
use simulators::scenario::{self, GALERIA, NORDWIND};

use super::super::world::World;
use crate::shop_folder::StockText;

/// Items that everybody wants, at most and at least; one for so many orders.
const HOT: (usize, usize) = (2, 6);
const ORDERS_AN_ITEM: usize = 10;
/// Units of each at the start: this many, and the seed's place in the list decides on a few more.
const UNITS: i64 = 30;
/// Warehouse that orders of both shops are shipped from.
const WAREHOUSE: &str = "NJ1";

/// An item that everybody wants.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Hot {
    /// BlueCherry's SKU.
    pub(in crate::demo) sku: String,
    /// Offer SKUs of the two marketplaces.
    pub(in crate::demo) nordwind: String,
    pub(in crate::demo) galeria: String,
    /// Units at the start.
    pub(in crate::demo) units: i64,
}

/// The items that everybody wants: every fourth of the division that both shops sell from one
/// warehouse.
pub(in crate::demo) fn hot(world: &scenario::World, orders: u16) -> Vec<Hot> {
    let items_wanted = (usize::from(orders) / ORDERS_AN_ITEM).clamp(HOT.0, HOT.1);
    let items = world.catalogue().iter();
    let sold = items.filter(|entry| entry.item.division == "01" && !entry.scarce);
    let chosen = sold.step_by(4).take(items_wanted).enumerate();
    chosen
        .map(|(n, entry)| Hot {
            sku: entry.item.sku.clone(),
            nordwind: entry.offer_sku(NORDWIND),
            galeria: entry.offer_sku(GALERIA),
            units: UNITS + (entry.price_cents / 100 + i64::try_from(n).unwrap_or(0)) % 13,
        })
        .collect()
}

/// Makes the ERP one whose figures lag, and answers what the configuration says of stock.
pub(in crate::demo) fn lag(
    world: &scenario::World,
    orders: u16,
    erp: &mut BlueCherryOptions,
) -> StockText {
    let hot = hot(world, orders);
    erp.stock
        .retain(|row| hot.iter().all(|item| item.sku != row.sku));
    erp.stock.extend(hot.iter().map(|item| OpeningStock {
        sku: item.sku.clone(),
        warehouse: WAREHOUSE.to_owned(),
        lot: None,
        record_type: RecordType::R1,
        qty: item.units,
    }));
    erp.position_cadence_s = 5;
    erp.position_lag_s = 4;
    erp.batch_mishaps = Some(BatchMishaps {
        seed: erp.seed,
        one_in: 6,
    });
    if let Some(pace) = &mut erp.auto_ship {
        pace.ship_after_s = 3_600;
    }
    StockText {
        site: "\n[stock]\nevery_s = 5\n[stock.pools]\npools = [\"MAIN\"]\n".to_owned(),
        shop: "stock = { share = 0.5, buffer = 6, price_level = \"RETAIL\" }\n".to_owned(),
    }
}

/// The same settings without what keeps stock from being sold twice.
pub(in crate::demo) fn unguarded(mut settings: StockSettings) -> StockSettings {
    settings.ignores_in_flight = true;
    settings.site.buffers = Buffers::default();
    for shop in settings.shops.values_mut() {
        shop.buffer = 0;
    }
    settings
}

/// Puts the items on both marketplaces, with nothing to buy yet.
pub(super) fn list(world: &World, hot: &[Hot]) {
    let nothing = |sku: &String| (sku.clone(), 0);
    world
        .nordwind
        .list_offers(hot.iter().map(|item| nothing(&item.nordwind)));
    world
        .galeria
        .list_offers(hot.iter().map(|item| nothing(&item.galeria)));
}
