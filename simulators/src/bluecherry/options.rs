//! What a simulated BlueCherry site is like: its codes, its habits and what it starts with.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::mishaps::BatchMishaps;
use super::stock::RecordType;
use super::wholesale::Wholesale;
use crate::clock::SimClock;
use crate::scenario::Large;

/// Everything a site can be told before it starts. Each field has a default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlueCherryOptions {
    /// Name of the site, as the profile gives it.
    pub site: String,
    /// Company code.
    pub company: String,
    /// Time zone of business dates and quiet windows; the simulator counts in UTC.
    pub time_zone: String,
    /// Currency of the books.
    pub base_currency: String,
    /// Key that callers send as `Authorization: Bearer …`.
    pub api_key: String,
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// Seed of everything that looks random, such as tracking numbers.
    pub seed: u64,
    /// Clock to go by; without one the site uses real time.
    #[serde(skip)]
    pub clock: Option<SimClock>,
    /// Whether an order is there when its answer is (`sync`) or after the next cycle (`queued`).
    pub write_mode: WriteMode,
    /// Seconds between two runs of the write queue.
    pub queue_cycle_s: u64,
    /// Longest code the site takes, by the name of the field.
    pub code_lengths: BTreeMap<String, usize>,
    /// Picks and ships by itself; `null` leaves both to the control routes.
    pub auto_ship: Option<AutoShip>,
    /// Who carries what, by ship-via code. A ship-via without a row is carried under its own code.
    pub carriers: BTreeMap<String, Carrier>,
    /// Warehouses and other stock locations.
    pub warehouses: Vec<Warehouse>,
    /// Division codes; none means that any code passes.
    pub divisions: Vec<String>,
    /// Ship-via codes; none means that any code passes.
    pub ship_vias: Vec<String>,
    /// Item master.
    pub items: Vec<Item>,
    /// Stock transactions that stand in the ledger at the start.
    pub stock: Vec<OpeningStock>,
    /// A generated catalogue beside the items, with stock of its own.
    pub large: Option<Large>,
    /// Who else takes units away, and how fast.
    pub wholesale: Option<Wholesale>,
    /// Which of the inventory batches that come by themselves go wrong.
    pub batch_mishaps: Option<BatchMishaps>,
    /// Seconds between two inventory batches; 0 answers from the live ledger.
    pub position_cadence_s: u64,
    /// Seconds from the moment a batch describes to the moment it can be read.
    pub position_lag_s: u64,
    /// Positions tell the last order whose units they contain.
    pub orders_seen_through: bool,
    /// Seconds between two fulfilment batches; 0 publishes each at once.
    pub fulfilment_cadence_s: u64,
    /// Returns can be announced here.
    pub returns_in: bool,
    /// Refuses a whole order, with 422, for one line that it cannot take.
    pub reject_whole_order: bool,
    /// Takes an order that it has already as another one: neither the `Idempotency-Key` nor the
    /// customer order number stops a repeat. As sites behind files are, and the hardest case.
    pub repeats_are_new_orders: bool,
    /// Refuses an order none of whose lines it can take, with 422, instead of keeping it.
    pub refuse_empty_orders: bool,
    /// Requests taken in a real minute; 0 is without limit.
    pub requests_per_minute: u32,
    /// Rows on a page at most.
    pub max_page: usize,
    /// Times of day, in UTC, at which writes are refused.
    pub quiet_windows: Vec<QuietWindow>,
}

impl Default for BlueCherryOptions {
    fn default() -> Self {
        Self {
            site: "SIMSITE".into(),
            company: "01".into(),
            time_zone: "UTC".into(),
            base_currency: "USD".into(),
            api_key: "sim-erp-key".into(),
            listen: "127.0.0.1:0".into(),
            seed: 1,
            clock: None,
            write_mode: WriteMode::Sync,
            queue_cycle_s: 60,
            code_lengths: [("customer", 10), ("external_po", 22), ("ship_via", 6)]
                .into_iter()
                .map(|(name, length)| (name.to_owned(), length))
                .collect(),
            auto_ship: None,
            carriers: default_carriers(),
            warehouses: default_warehouses(),
            divisions: vec!["01".into(), "02".into()],
            ship_vias: ["UPSG", "UPS2", "DHLP", "XPR1"].map(String::from).to_vec(),
            items: Vec::new(),
            stock: Vec::new(),
            large: None,
            wholesale: None,
            batch_mishaps: None,
            position_cadence_s: 60,
            position_lag_s: 0,
            orders_seen_through: true,
            fulfilment_cadence_s: 0,
            returns_in: false,
            reject_whole_order: false,
            repeats_are_new_orders: false,
            refuse_empty_orders: false,
            requests_per_minute: 0,
            max_page: 100,
            quiet_windows: Vec::new(),
        }
    }
}

fn default_carriers() -> BTreeMap<String, Carrier> {
    [
        ("UPSG", "UPS", "Ground", "1Z"),
        ("UPS2", "UPS", "2nd Day Air", "1Z"),
        ("DHLP", "DHL", "Paket", "JJD"),
        ("XPR1", "PRONTO EXPRESS", "Overnight", "PX"),
    ]
    .into_iter()
    .map(|(ship_via, name, service, prefix)| {
        let carrier = Carrier {
            carrier_name: name.into(),
            service: Some(service.into()),
            tracking_prefix: prefix.into(),
            tracking_url: None,
        };
        (ship_via.to_owned(), carrier)
    })
    .collect()
}

fn default_warehouses() -> Vec<Warehouse> {
    [
        ("NJ1", "New Jersey", true),
        ("CA1", "California", true),
        ("POE", "Port of entry", false),
    ]
    .into_iter()
    .map(|(code, name, sellable)| Warehouse {
        code: code.into(),
        name: name.into(),
        sellable,
    })
    .collect()
}

/// When a new order becomes visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// With the answer, which is 201.
    Sync,
    /// With the next run of the queue; the answer is 202.
    Queued,
}

/// How soon the warehouse works by itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoShip {
    /// Seconds from the moment an order is free of holds and has a ship-to until it is picked.
    pub pick_after_s: u64,
    /// Seconds from picked to shipped.
    pub ship_after_s: u64,
}

/// The carrier behind a ship-via code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Name that fulfilments carry.
    pub carrier_name: String,
    /// Service level.
    #[serde(default)]
    pub service: Option<String>,
    /// What this carrier's tracking numbers begin with.
    #[serde(default)]
    pub tracking_prefix: String,
    /// Address of the tracking page, to which the number is appended.
    #[serde(default)]
    pub tracking_url: Option<String>,
}

/// A stock location.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// False for goods that are not in a warehouse yet, and for closed pools.
    #[serde(default = "yes")]
    pub sellable: bool,
}

/// A time of day in which the site takes no writes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietWindow {
    /// First moment, UTC.
    pub from: jiff::civil::Time,
    /// First moment after it, UTC.
    pub to: jiff::civil::Time,
}

/// A stock transaction to begin with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningStock {
    /// SKU code.
    pub sku: String,
    /// Warehouse code.
    pub warehouse: String,
    /// Lot; the first-quality lot when absent.
    #[serde(default)]
    pub lot: Option<String>,
    /// Kind of transaction, for example `R1`.
    #[serde(default)]
    pub record_type: RecordType,
    /// Units.
    pub qty: i64,
}

/// One sellable item of the item master.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Item {
    /// Division code.
    pub division: String,
    /// Style code, with its leading zeros.
    pub style: String,
    /// Color code.
    pub color: String,
    /// Label code.
    pub label: Option<String>,
    /// Dimension or pack code.
    pub dimension: Option<String>,
    /// Place of the size in the style's size range, 1 to 24.
    pub size_bucket: u8,
    /// Name of the size.
    pub size_name: String,
    /// SKU code.
    pub sku: String,
    /// Bar code, twelve digits.
    pub upc: Option<String>,
    /// `planned`, `active`, `discontinued` or `hold`; empty reads as active.
    pub status: String,
    /// True for a sample, which nobody may order.
    pub sample: bool,
    /// Account that the style is made for alone.
    pub smu_account: Option<String>,
    /// Season code.
    pub season: Option<String>,
    /// Product groups.
    pub product_groups: Vec<String>,
    /// Name of the style.
    pub name: String,
    /// Name of the color.
    pub color_name: String,
    /// Two-letter code of the country of origin.
    pub country_of_origin: Option<String>,
    /// Customs code.
    pub hs_code: Option<String>,
    /// Prices by level.
    pub prices: Vec<Price>,
    /// First day on which it may be sold; at once when empty.
    pub launch_date: Option<jiff::civil::Date>,
    /// What it consists of, when it is a pack.
    pub pack: Option<Pack>,
}

impl Item {
    /// What an order for one takes from stock: SKU and units.
    pub(super) fn parts(&self) -> Vec<(&str, i64)> {
        match &self.pack {
            Some(pack) if !pack.stocked_as_pack => {
                let parts = pack.components.iter();
                parts
                    .map(|part| (part.sku.as_str(), i64::from(part.qty)))
                    .collect()
            }
            _ => vec![(&self.sku, 1)],
        }
    }

    /// The item's status, active when none was given.
    #[must_use]
    pub fn status(&self) -> &str {
        if self.status.is_empty() {
            "active"
        } else {
            &self.status
        }
    }
}

/// What a pack consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// `prepack` or `bundle`.
    pub kind: String,
    /// Its components.
    pub components: Vec<Component>,
    /// Whether stock is kept of the pack itself. If not, an order takes the components' units.
    #[serde(default)]
    pub stocked_as_pack: bool,
}

/// A component of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// SKU code.
    pub sku: String,
    /// Units in one pack.
    pub qty: u32,
}

/// A price of an item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Price level, for example `RETAIL`.
    pub level: String,
    /// Currency code.
    pub currency: String,
    /// Amount for one unit.
    pub amount: Decimal,
}

fn yes() -> bool {
    true
}
