//! `bcm.toml` and the mapping tables it names, checked as a whole before anything starts.
//!
//! A wrong file is refused with every problem at once, each by file and line. Secrets never stand
//! in the file: it says where they are.
//!
//! ```toml
//! [bluecherry]
//! site = "northwind"
//! base_url = "https://erp.example"
//! api_key = { env = "BLUECHERRY_API_KEY" }
//!
//! [ledger]
//! url = "sqlite://bcm.db"
//! master_key = { file = "secrets/master.key" }
//!
//! [[marketplaces]]
//! code = "nordwind"
//! prefix = "NW"
//! base_url = "https://nordwind.example"
//! shop_id = 2001
//! api_key = { env = "NORDWIND_API_KEY" }
//! take_over_from = "2026-11-01T00:00:00Z"
//! customer = { model = "channel", customer_code = "MKT-NW" }
//! ```

mod after_sale;
mod calls;
mod changes;
mod mappings;
mod problems;
mod read;
mod secret;
mod section;
mod shops;
mod stock;
mod table;
mod web;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use activities::StockSettings;
use domain::mapping::Mappings;
use domain::marketplace::{
    CustomerModel, MarketplaceCode, Policy, ReturnsRule, ShortShip, ShortStock,
};
use domain::stock::settings::{ShopStock, SiteStock};
use jiff::Timestamp;
use secrecy::SecretString;

pub use changes::{Fingerprint, changed_keys, fingerprint, needs_yes};
pub use mappings::{FILES, load_mappings};
pub use problems::{Problem, Problems};

/// Everything a worker is told, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the file; relative paths in it start here.
    pub folder: PathBuf,
    /// `[bluecherry]`: the ERP.
    pub bluecherry: BlueCherry,
    /// `[ledger]`: where is kept what was seen, meant and sent.
    pub ledger: Ledger,
    /// `[temporal]`, optional.
    pub temporal: Temporal,
    /// `[http]`, optional: the worker's own port.
    pub http: Http,
    /// `[webhook]`, optional: where exceptions are announced.
    pub webhook: Option<Webhook>,
    /// `[stock]`, optional: what all marketplaces that publish stock share.
    pub stock: SiteStock,
    /// `[gates]`, optional: how systems that do not answer are asked after.
    pub gates: Gates,
    /// `[mappings] folder`, `mappings` by default: where the tables are, as a full path.
    pub mappings_folder: PathBuf,
    /// `[[marketplaces]]`, at least one, in the order of the file.
    pub marketplaces: Vec<Marketplace>,
    /// The tables in that folder.
    pub mappings: Mappings,
}

/// `[bluecherry]`: the ERP and how it is called.
#[derive(Clone, Debug)]
pub struct BlueCherry {
    /// `site`: must equal the site that the ERP names in its profile, else the worker refuses to
    /// start, so that a production key in a test file does no harm.
    pub site: String,
    /// `base_url`: https, except on this machine; without a slash at the end.
    pub base_url: String,
    /// `api_key = { env = "…" }` or `{ file = "…" }`.
    pub api_key: SecretString,
    /// The file of that key, which is read again when it changes; none for a variable.
    pub api_key_file: Option<PathBuf>,
    /// `call_timeout_s`, 1 to 40, 30 by default: time for a whole call.
    pub call_timeout: Duration,
    /// `read_lag_s`, 0 to 600, 5 by default: how late a written order may show in a look-up.
    pub read_lag: Duration,
    /// `poll_s`, 0.2 to 3600, 60 by default: how often `CollectShipments` asks.
    pub poll: Duration,
    /// `hold_code`, `MARKETPLACE` by default: the hold a new sales order stands on.
    pub hold_code: String,
    /// `returns`, true by default: returns are announced to the ERP, where its profile says that it
    /// takes them. False: they are opened there by hand, and credit memos alone tell of goods.
    pub returns: bool,
}

/// `[ledger]`: the database and the key over its personal data.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// `url`: `sqlite://file`, by default `sqlite://bcm.db`, or `postgres://…`. A SQLite file is
    /// given here with its full path. A secret, because a PostgreSQL address may hold a password;
    /// such a one is named as `{ env = "…" }` or `{ file = "…" }`.
    pub url: SecretString,
    /// `master_key = { env = "…" }` or `{ file = "…" }`: wraps the key of each order.
    pub master_key: SecretString,
    /// `export`: file that people's decisions are appended to as they are recorded; by default
    /// `decisions.jsonl` beside the SQLite file, or beside `bcm.toml`. Keep it apart from the ledger:
    /// it is what a rebuild cannot find anywhere else.
    pub export: PathBuf,
}

/// `[temporal]`: goes before the usual `TEMPORAL_*` settings.
#[derive(Clone, Debug, Default)]
pub struct Temporal {
    /// `address`, for example `127.0.0.1:7233`.
    pub address: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
    /// Base address of the web UI, for links; empty for none.
    pub ui: Option<String>,
}

/// `[http]`: the worker's own port.
#[derive(Clone, Debug)]
pub struct Http {
    /// `listen`, `127.0.0.1:9464` by default: where `/healthz` and `/metrics` answer.
    pub listen: SocketAddr,
}

/// `[gates]`: how a system that does not answer is asked after, and how all go on then.
#[derive(Clone, Copy, Debug)]
pub struct Gates {
    /// `probe_s_max`, 0.1 to 60, 60 by default: longest time between two probes.
    pub longest_probe: Duration,
    /// `drain_per_s`, 0.1 to 500, 5 by default: orders a second that go on after a gate opened.
    pub drain_per_s: f64,
}

/// `[webhook]`: where exceptions are announced.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `url`: https, except on this machine. A secret, because many carry their key in the path;
    /// such a one is named as `{ env = "…" }` or `{ file = "…" }`.
    pub url: SecretString,
}

/// `[[marketplaces]]`: one shop on one Mirakl marketplace.
#[derive(Clone, Debug)]
pub struct Marketplace {
    /// `code`: its short name, `a-z 0-9 -`; stands in workflow IDs.
    pub code: MarketplaceCode,
    /// `prefix`: 1 to 8 of `A-Z 0-9`, stands before the order ID in the ERP's purchase order
    /// number. Two shops never share one, since order IDs repeat between operators.
    pub prefix: String,
    /// `base_url`: https, except on this machine; without a slash at the end.
    pub base_url: String,
    /// `shop_id`: the shop, compared with the key's own at the start.
    pub shop_id: i64,
    /// `api_key = { env = "…" }` or `{ file = "…" }`.
    pub api_key: SecretString,
    /// The file of that key, which is read again when it changes; none for a variable.
    pub api_key_file: Option<PathBuf>,
    /// `take_over_from`: orders created earlier are listed and never touched. Not in the future.
    pub take_over_from: Timestamp,
    /// `dry_run`, false by default: nothing is written to either side.
    pub dry_run: bool,
    /// `poll_s`, 0.2 to 86400, 60 by default: how often `CollectOrders` asks. Not more often than
    /// OR11 may be called: once a minute, or as `every_s` says; a simulator takes any.
    pub poll: Duration,
    /// `every_s = { OR11 = 900 }`: intervals of calls where the operator allows less than Mirakl
    /// publishes.
    pub every: BTreeMap<String, Duration>,
    /// `overlap_s`, 0 to 86400, 300 by default: how far each pull looks back over the last one.
    pub overlap: Duration,
    /// `call_timeout_s`, 1 to 40, 30 by default: time for a whole call.
    pub call_timeout: Duration,
    /// `read_lag_s`, 0 to 600, 5 by default: how late a write may show in a read.
    pub read_lag: Duration,
    /// `customer = { model = "channel", customer_code = "…" }` or `{ model = "consumer" }`: whom
    /// the ERP invoices.
    pub customer: CustomerModel,
    /// `price_level`: of new consumer accounts; only with `model = "consumer"`.
    pub price_level: Option<String>,
    /// `terms`: of new consumer accounts; only with `model = "consumer"`.
    pub terms: Option<String>,
    /// `short_stock`: `refuse` (by default), `accept_part` or `ask`.
    pub short_stock: ShortStock,
    /// `own_centers`, `["DEFAULT"]` by default: fulfilment centers from which the seller ships.
    pub own_centers: Vec<String>,
    /// `acceptance_limit_h`, up to 720, 24 by default: how long the operator waits for acceptance.
    pub acceptance_limit: Duration,
    /// `aftercare_days`, 1 to 730, 120 by default: how long a run stays after shipment.
    pub aftercare: Duration,
    /// `tracking_grace_h`, up to 720, 24 by default: how long a late tracking number is waited for.
    pub tracking_grace: Duration,
    /// `short_ship`: `ask` (by default) or `refund`, for units that were paid and never ship.
    pub short_ship: ShortShip,
    /// `refund_age_days`, up to 365, 7 by default: how long a refund may stay unconfirmed.
    pub refund_age: Duration,
    /// `returns`: `off` (by default), `ask` or `accept`.
    pub returns: ReturnsRule,
    /// `return_method`: Mirakl's code of the method of returns that began at the ERP.
    pub return_method: Option<String>,
    /// `returns_poll_s`, 0.2 to 86400, 300 by default: how often returns are read. Not more often
    /// than RT11 may be called: every five minutes, or as `every_s` says; a simulator takes any.
    pub returns_poll: Duration,
    /// `ship_within_days`, 0 to 90, 2 by default: from the sale to the sales order's start date.
    pub ship_within_days: u16,
    /// `cancel_after_days`, 1 to 365, 10 by default: from the sale to the sales order's cancel
    /// date; more than `ship_within_days`.
    pub cancel_after_days: u16,
    /// `stock = { … }` or `[marketplaces.stock]`: this shop publishes stock; without it, it does not.
    pub stock: Option<ShopStock>,
}

impl Marketplace {
    /// The rules this shop's orders are decided by.
    ///
    /// `external_po_max` is the ERP's field length, from its profile; `partial_acceptance` the
    /// operator's rule, from the platform settings.
    #[must_use]
    pub fn policy(&self, external_po_max: usize, partial_acceptance: bool) -> Policy {
        let whole_s = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Policy {
            prefix: self.prefix.clone(),
            external_po_max,
            take_over_from: self.take_over_from,
            dry_run: self.dry_run,
            partial_acceptance,
            short_stock: self.short_stock,
            own_centers: self.own_centers.clone(),
            acceptance_limit_s: whole_s(self.acceptance_limit),
            aftercare_s: whole_s(self.aftercare),
            tracking_grace_s: whole_s(self.tracking_grace),
            short_ship: self.short_ship,
            refund_age_s: whole_s(self.refund_age),
            returns: self.returns,
            return_method: self.return_method.clone(),
        }
    }

    /// How often returns are read; none where they are off.
    #[must_use]
    pub fn returns_every(&self) -> Option<Duration> {
        (self.returns != ReturnsRule::Off).then_some(self.returns_poll)
    }
}

/// What a check needs of the world outside the file.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The time against which `take_over_from` is held.
    pub now: Timestamp,
    /// Looks an environment variable up.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

impl Config {
    /// Reads and checks a file and the tables it names.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with either, at once. No value of a secret is in it.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let env = |name: &str| std::env::var(name).ok();
        Self::load_in(
            path,
            Surroundings {
                now: Timestamp::now(),
                env: &env,
            },
        )
    }

    /// As [`Config::load`], with a clock and an environment of one's own.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_in(path: &Path, surroundings: Surroundings<'_>) -> Result<Self, Problems> {
        read::config(path, surroundings)
    }

    /// The settings of one shop, by its code.
    #[must_use]
    pub fn marketplace(&self, code: &MarketplaceCode) -> Option<&Marketplace> {
        self.marketplaces.iter().find(|shop| shop.code == *code)
    }

    /// What is published of stock, and where.
    #[must_use]
    pub fn stock_settings(&self) -> StockSettings {
        let shops = self.marketplaces.iter();
        let publishing = |shop: &Marketplace| Some((shop.code.clone(), shop.stock.clone()?));
        StockSettings {
            site: self.stock.clone(),
            shops: shops.filter_map(publishing).collect(),
        }
    }

    /// The codes of all shops, in the order of the file.
    #[must_use]
    pub fn codes(&self) -> Vec<MarketplaceCode> {
        self.marketplaces
            .iter()
            .map(|shop| shop.code.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
