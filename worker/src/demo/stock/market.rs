//! Two marketplaces, an ERP whose batches lag, and who buys.

use std::collections::BTreeMap;

use simulators::bluecherry::{AutoShip, BlueCherrySim, OpeningStock, RecordType, Wholesale};
use simulators::mirakl::{MiraklSim, OrderSpec};
use simulators::scenario::{self, GALERIA, NORDWIND};

use crate::campaign::chance::Chance;
use crate::config::Config;
use crate::demo::{Args, Server};
use crate::shop_folder::{Endpoint, Folder, Pace, Shop, StockText, free_port};

/// Items that are sold.
const ITEMS: usize = 8;
/// The warehouse that both marketplaces are served from.
const WAREHOUSE: &str = "NJ1";
/// Units kept back on each marketplace: more than can be sold elsewhere before a number arrives.
const BUFFER: u32 = 5;

/// Both marketplaces and the ERP, running.
pub(super) struct Market {
    pub(super) nordwind: MiraklSim,
    pub(super) galeria: MiraklSim,
    pub(super) erp: BlueCherrySim,
    items: Vec<scenario::CatalogueItem>,
    opening: BTreeMap<String, i64>,
    plan: scenario::World,
    seed: u64,
    guarded: bool,
}

/// One item as the world has it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) opening: i64,
    /// Units that wholesale took.
    pub(super) wholesale: i64,
    /// Units sold by marketplace.
    pub(super) sold: BTreeMap<&'static str, i64>,
    /// Units shown by marketplace.
    pub(super) shown: BTreeMap<&'static str, i64>,
}

impl Seen {
    pub(super) fn shown(&self, marketplace: &str) -> i64 {
        self.shown.get(marketplace).copied().unwrap_or_default()
    }

    /// What is left to pick when everything sold is served; below zero when more was sold.
    pub(super) fn left(&self) -> i64 {
        self.opening - self.wholesale - self.sold.values().sum::<i64>()
    }

    pub(super) fn oversold(&self) -> u64 {
        self.left().min(0).unsigned_abs()
    }
}

impl Market {
    pub(super) async fn start(
        args: &Args,
        folder: &Folder,
        server: &Server,
    ) -> anyhow::Result<Self> {
        let plan = scenario::World::new(args.seed);
        let first = |item: &&scenario::CatalogueItem| item.item.division == "01" && !item.scarce;
        let items: Vec<_> = plan
            .catalogue()
            .iter()
            .filter(first)
            .take(ITEMS)
            .cloned()
            .collect();
        let mut chance = Chance::new(args.seed, "opening stock");
        let opening: BTreeMap<String, i64> = items
            .iter()
            .map(|item| {
                (
                    item.item.sku.clone(),
                    14 + i64::from(chance.percent(50)) * 4,
                )
            })
            .collect();
        let mut site = plan.bluecherry_options();
        site.stock = opening
            .iter()
            .map(|(sku, units)| stock(sku, *units))
            .collect();
        site.auto_ship = Some(AutoShip {
            pick_after_s: 1,
            ship_after_s: 1,
        });
        // Figures of every fourth second, told two seconds later.
        site.position_cadence_s = 4;
        site.position_lag_s = 2;
        let erp_key = site.api_key.clone();
        let erp = BlueCherrySim::start(site).await?;
        let market = Self {
            nordwind: marketplace(&plan, NORDWIND).await?,
            galeria: marketplace(&plan, GALERIA).await?,
            erp,
            items,
            opening,
            plan,
            seed: args.seed,
            guarded: !args.unguarded,
        };
        for name in [NORDWIND, GALERIA] {
            let offers = market.items.iter().map(|item| (item.offer_sku(name), 0));
            market.shop(name).list_offers(offers);
        }
        market.write(folder, server, erp_key).await?;
        Ok(market)
    }

    fn shop(&self, name: &str) -> &MiraklSim {
        if name == GALERIA {
            &self.galeria
        } else {
            &self.nordwind
        }
    }

    pub(super) fn addresses(&self) -> [(&'static str, String); 3] {
        [
            (NORDWIND, self.nordwind.url()),
            (GALERIA, self.galeria.url()),
            ("BlueCherry", self.erp.url()),
        ]
    }

    pub(super) fn skus(&self) -> Vec<String> {
        self.items
            .iter()
            .map(|item| item.item.sku.clone())
            .collect()
    }

    pub(super) fn is_guarded(&self) -> bool {
        self.guarded
    }

    async fn write(&self, folder: &Folder, server: &Server, erp_key: String) -> anyhow::Result<()> {
        let endpoint = |url: String, api_key: String| Endpoint { url, api_key };
        let shop = Shop {
            written_by: "demo --scenario stock",
            plan: &self.plan,
            erp: endpoint(self.erp.url(), erp_key),
            nordwind: endpoint(self.nordwind.url(), self.nordwind.api_key()),
            galeria: endpoint(self.galeria.url(), self.galeria.api_key()),
            temporal: &server.address(),
            ui: server.ui(),
            port: free_port()?,
            pace: Pace {
                poll_s: 1.0,
                overlap_s: 5.0,
                call_timeout_s: 3.0,
                read_lag_s: 1.0,
            },
            stock: Some(self.stock_text()),
            after_sale: "",
        };
        shop.write(folder).await
    }

    fn stock_text(&self) -> StockText {
        let buffer = if self.guarded { BUFFER } else { 0 };
        let shop = |currency: &str| {
            format!(
                "every_s = {{ STO01 = 0.5, STO02 = 0.2, OF52 = 5, OF53 = 1 }}\n\
                 stock = {{ buffer = {buffer}, price_level = \"RETAIL\", currency = \"{currency}\", read_back_s = 60 }}\n"
            )
        };
        StockText {
            site: format!(
                "[stock]\nevery_s = 2\nlag_s = 2\n[stock.pools]\npools = [\"MAIN\"]\nwarehouses = [\"{WAREHOUSE}\"]\n"
            ),
            shops: [shop("USD"), shop("EUR")],
        }
    }

    pub(super) fn config(&self, folder: &Folder) -> anyhow::Result<Config> {
        Config::load(&folder.config())
            .map_err(|problems| anyhow::anyhow!("the demo's own configuration:\n{problems}"))
    }

    /// A customer looks at one item on one marketplace, and buys one if it shows any.
    pub(super) fn buy(&self, tick: u64) -> anyhow::Result<bool> {
        let mut chance = Chance::new(self.seed ^ tick, "customers");
        let name = if chance.percent(50) {
            NORDWIND
        } else {
            GALERIA
        };
        let at = usize::try_from(tick).unwrap_or_default() % self.items.len();
        let item = &self.items[at];
        let (shop, offer_sku) = (self.shop(name), item.offer_sku(name));
        let price = format!("{}.{:02}", item.price_cents / 100, item.price_cents % 100);
        let spec = OrderSpec::of(&offer_sku, 1, &price).id(&format!("S-{tick:05}-A"));
        let bought = shop.buy(spec);
        let order = bought.map_err(|error| anyhow::anyhow!("an order cannot be made: {error}"))?;
        Ok(order.is_some())
    }

    /// Another channel takes one unit of the next item, if BlueCherry can promise it.
    pub(super) fn wholesale(&self, turn: u64) {
        let at = usize::try_from(turn).unwrap_or_default() % self.items.len();
        self.erp.wholesale(Wholesale {
            skus: vec![self.items[at].item.sku.clone()],
            ..Wholesale::default()
        });
    }

    /// Every item as the simulators have it.
    pub(super) fn look(&self) -> Vec<Seen> {
        let wholesale = wholesale(&self.erp);
        let shown = [NORDWIND, GALERIA].map(|name| (name, self.shop(name).quantities()));
        let sold = [NORDWIND, GALERIA].map(|name| (name, sold(self.shop(name))));
        let units = |item: &scenario::CatalogueItem, all: &BTreeMap<String, i64>, name: &str| {
            all.get(&item.offer_sku(name)).copied().unwrap_or_default()
        };
        let seen = |item: &scenario::CatalogueItem| Seen {
            opening: self.opening[&item.item.sku],
            wholesale: wholesale.get(&item.item.sku).copied().unwrap_or_default(),
            sold: sold
                .iter()
                .map(|(name, all)| (*name, units(item, all, name)))
                .collect(),
            shown: shown
                .iter()
                .map(|(name, all)| (*name, units(item, all, name)))
                .collect(),
        };
        self.items.iter().map(seen).collect()
    }
}

/// Units that wholesale orders took, by SKU.
fn wholesale(erp: &BlueCherrySim) -> BTreeMap<String, i64> {
    let ledger = erp.ledger();
    let mut taken = BTreeMap::new();
    let rows = ledger["stock_transactions"].as_array().into_iter();
    for row in rows.flatten() {
        let reference = row["reference"].as_str().unwrap_or_default();
        if reference.starts_with("WHOLESALE-") {
            let sku = row["sku"].as_str().unwrap_or_default().to_owned();
            *taken.entry(sku).or_default() += row["qty"].as_i64().unwrap_or_default();
        }
    }
    taken
}

/// Units that customers bought on a marketplace, by offer SKU, whatever became of the order.
fn sold(shop: &MiraklSim) -> BTreeMap<String, i64> {
    let ledger = shop.ledger();
    let mut sold = BTreeMap::new();
    for order in ledger["orders"].as_array().into_iter().flatten() {
        for line in order["lines"].as_array().into_iter().flatten() {
            let sku = line["offer_sku"].as_str().unwrap_or_default().to_owned();
            *sold.entry(sku).or_default() += line["quantity"].as_i64().unwrap_or_default();
        }
    }
    sold
}

fn stock(sku: &str, qty: i64) -> OpeningStock {
    OpeningStock {
        sku: sku.to_owned(),
        warehouse: WAREHOUSE.to_owned(),
        lot: None,
        record_type: RecordType::R1,
        qty,
    }
}

async fn marketplace(plan: &scenario::World, name: &str) -> anyhow::Result<MiraklSim> {
    let mut options = plan.mirakl_options(name);
    options.debit_delay_s = 1;
    options.auto_debit = true;
    MiraklSim::start(options).await
}
