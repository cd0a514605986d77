//! What the scenario `stock` came to, from the simulators' own books; only what should be and what
//! was sent is ours.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use domain::marketplace::MarketplaceCode;
use ledger::Ledger;
use serde::Serialize;
use simulators::scenario::{GALERIA, NORDWIND};

use super::super::Args;
use super::super::ink::{bold, fault_count};
use super::super::world::World;
use super::plan::Hot;
use super::shoppers::Shopping;

/// Publications that are counted at most.
const PUBLICATIONS: u32 = 10_000;

/// An offer at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfferNow {
    /// What it should show; empty while nothing can be said.
    pub wanted: Option<i64>,
    /// What was last sent.
    pub sent: Option<i64>,
    /// What it shows.
    pub shows: i64,
}

/// An item at a moment.
#[derive(Clone, Debug, Serialize)]
pub struct ItemNow {
    /// BlueCherry's SKU.
    pub sku: String,
    /// Units at the start.
    pub opening: i64,
    /// Its offer in the United States.
    pub nordwind: OfferNow,
    /// Its offer in Germany.
    pub galeria: OfferNow,
    /// Units that a new order could take in the ERP.
    pub can_be_promised: i64,
    /// Units picked.
    pub picked: i64,
    /// Units sold that were nowhere when their order came.
    pub oversold: i64,
}

/// What the scenario came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StockReport {
    /// Always `stock`.
    pub scenario: &'static str,
    /// Seed of the world and of its customers.
    pub seed: u64,
    /// Were buffer and units in flight taken off?
    pub guarded: bool,
    /// Units sold that were nowhere when their order came.
    pub oversold: i64,
    /// Orders that marketplaces sold.
    pub orders: u64,
    /// Their units.
    pub units: u64,
    /// Customers who found less than they wanted.
    pub turned_away: u64,
    /// Units that wholesale took meanwhile.
    pub wholesale_units: i64,
    /// Runs that came to their end, by marketplace.
    pub publications: BTreeMap<String, u64>,
    /// Inventory batches that the ERP made, by how they say they went.
    pub batches: BTreeMap<String, u64>,
    /// The items at the end.
    pub items: Vec<ItemNow>,
    /// Did every order reach the ERP before patience was over?
    pub in_time: bool,
    /// How long it took.
    pub seconds: f64,
}

impl StockReport {
    /// With the guards nothing was sold twice; without them something was, or the demo sees nothing.
    pub fn is_as_planned(&self) -> bool {
        self.in_time && self.units > 0 && (self.oversold == 0) == self.guarded
    }

    pub(super) fn print(&self) {
        let title = "What became of the stock (from the simulators' own books)";
        eprintln!("\n{}", bold(title));
        eprintln!(
            "  sold {} orders, {} units · turned away {} customers · wholesale took {} units",
            self.orders, self.units, self.turned_away, self.wholesale_units
        );
        let list = |counts: &BTreeMap<String, u64>| {
            let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
            counts.collect::<Vec<_>>().join(", ")
        };
        eprintln!("  inventory batches: {}", list(&self.batches));
        eprintln!("  published: {}", list(&self.publications));
        let oversold = fault_count(self.oversold.unsigned_abs());
        let how = if self.guarded {
            "with buffer and units in flight taken off"
        } else {
            "UNGUARDED: without buffer, units in flight promised again"
        };
        eprintln!("  oversold {oversold} units, {how}");
        if !self.in_time {
            eprintln!("  patience was over before every order had reached the ERP");
        }
        eprintln!("  {:.1} s", self.seconds);
    }
}

/// Looks at the items.
pub(super) async fn look(
    world: &World,
    ledger: &Ledger,
    hot: &[Hot],
) -> anyhow::Result<Vec<ItemNow>> {
    let (nordwind, galeria) = (world.nordwind.quantities(), world.galeria.quantities());
    let offer = async |shop: &str, sku: &str, shown: &BTreeMap<String, i64>| {
        let stands = ledger
            .offer_stock(&MarketplaceCode::new(shop)?, sku)
            .await?;
        let sent = stands.as_ref().and_then(|stands| stands.sent);
        anyhow::Ok(OfferNow {
            wanted: stands.and_then(|stands| stands.wanted),
            sent: sent.map(|(units, _)| units),
            shows: shown.get(sku).copied().unwrap_or_default(),
        })
    };
    let mut items = vec![];
    for item in hot {
        let units = world.erp.units(&item.sku);
        items.push(ItemNow {
            sku: item.sku.clone(),
            opening: item.units,
            nordwind: offer(NORDWIND, &item.nordwind, &nordwind).await?,
            galeria: offer(GALERIA, &item.galeria, &galeria).await?,
            can_be_promised: units.promisable,
            picked: units.picked,
            oversold: units.oversold,
        });
    }
    Ok(items)
}

/// Counts everything at the end.
pub(super) async fn sum_up(
    args: &Args,
    world: &World,
    ledger: &Ledger,
    shopping: &Shopping,
    items: &[ItemNow],
) -> anyhow::Result<StockReport> {
    let summary = world.erp.summary();
    let mut batches = BTreeMap::<String, u64>::new();
    for batch in world.erp.batches().as_array().into_iter().flatten() {
        if batch["feed"] == "inventory" {
            let status = batch["status"].as_str().unwrap_or_default();
            *batches.entry(status.to_owned()).or_default() += 1;
        }
    }
    let mut publications = BTreeMap::new();
    for shop in [NORDWIND, GALERIA] {
        let code = MarketplaceCode::new(shop)?;
        let all = ledger.publications(&code, PUBLICATIONS).await?;
        let done = all.into_iter().filter(|one| one.state == "done");
        publications.insert(shop.to_owned(), done.count() as u64);
    }
    Ok(StockReport {
        scenario: "stock",
        seed: args.seed,
        guarded: !args.unguarded,
        oversold: summary["oversold"].as_i64().unwrap_or(i64::MAX),
        orders: shopping.orders.load(Relaxed),
        units: shopping.units.load(Relaxed),
        turned_away: shopping.turned_away.load(Relaxed),
        wholesale_units: summary["wholesale"].as_i64().unwrap_or_default(),
        publications,
        batches,
        items: items.to_vec(),
        in_time: false,
        seconds: 0.0,
    })
}
