//! What both simulators, Temporal and the disk say at the end of a seed, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that the invariants look at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct World {
    /// Both marketplaces by name: `/_sim/ledger` as it came.
    pub shops: BTreeMap<String, Value>,
    /// The ERP's `/_sim/ledger` as it came.
    pub erp: Value,
    /// BlueCherry's SKU by marketplace and offer SKU, from the mapping tables.
    pub skus: BTreeMap<String, String>,
    /// What was planned.
    pub plan: Vec<Planned>,
    /// Open exceptions, from the ledger.
    pub exceptions: Vec<Open>,
    /// Audit entries of the ledger by order, `marketplace/ORDER_ID`.
    pub entries: BTreeMap<String, Vec<String>>,
    /// All runs, from Temporal.
    pub runs: Vec<Run>,
    /// What was found where it must not stand.
    pub leaks: Vec<Leak>,
    /// How many files were searched for it, with the control found in one of them at least.
    pub searched: usize,
    /// What the second pass did.
    pub second_pass: SecondPass,
    /// Seconds an operator waits for acceptance.
    pub acceptance_limit_s: f64,
    /// Seconds that a throttled call was told to wait.
    pub told_to_wait_s: f64,
    /// Pulls of orders a second and shop, as configured.
    pub pulls_a_second: f64,
    /// How often a worker was started.
    pub worker_starts: usize,
    /// When the ledger was lost and had to be rebuilt.
    pub ledger_lost_at: Option<Timestamp>,
}

/// An order as it was planned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Planned {
    /// Marketplace.
    pub marketplace: String,
    /// Order ID.
    pub order_id: String,
    /// Its end, in a word: `shipped`, `refused`, `cancelled`, or `exception`.
    pub end: String,
    /// Kind of the exception that stays open.
    pub exception: Option<String>,
    /// Somebody called it off or steered it meanwhile: its end is any that holds together.
    pub disturbed: bool,
}

/// One open exception.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Open {
    /// `marketplace/ORDER_ID`, or the subject where no order is known.
    pub order: String,
    /// Kind.
    pub kind: String,
}

/// One execution in Temporal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Workflow ID.
    pub id: String,
    /// Run ID.
    pub run_id: String,
    /// `Running`, `Completed`, `ContinuedAsNew`, `Failed`, `TimedOut`, `Terminated`, `Canceled`.
    pub status: String,
    /// Events of its history.
    pub events: usize,
    /// Bytes of its history.
    pub bytes: usize,
    /// Causes of failed workflow tasks.
    pub task_failures: Vec<String>,
    /// What it says it is at, in the words of `Step`; for open order runs.
    pub step: Option<Value>,
    /// Its activities that are under way or wait for another try.
    pub pending: Vec<String>,
}

/// A canary out of its cage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Leak {
    /// What it is: never the canary itself.
    pub what: String,
    /// File or place.
    pub place: String,
}

/// What another look at everything, from empty memory, did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondPass {
    /// Everything had settled before it, in time.
    pub settled: bool,
    /// Open runs that were told to look again.
    pub told: usize,
    /// Those that did not.
    pub silent: Vec<String>,
    /// Pulls of each feed since.
    pub pulls: BTreeMap<String, usize>,
    /// Committed calls since: `system op key`.
    pub commits: Vec<String>,
}

/// A list in a ledger; empty when it is not there.
pub fn rows<'a>(ledger: &'a Value, name: &str) -> &'a [Value] {
    ledger[name].as_array().map_or(&[], Vec::as_slice)
}

/// A text in a row; empty when it is not there.
pub fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// A whole number in a row; 0 when it is not there.
pub fn number(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_default()
}

/// One order of a marketplace, beside everything that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct OrderView<'a> {
    /// The whole.
    pub world: &'a World,
    /// Its marketplace.
    pub shop: &'a str,
    /// The marketplace's ledger.
    pub ledger: &'a Value,
    /// The row.
    pub row: &'a Value,
}

impl World {
    /// Every order that a marketplace sold.
    pub fn orders(&self) -> impl Iterator<Item = OrderView<'_>> {
        self.shops.iter().flat_map(move |(shop, ledger)| {
            rows(ledger, "orders").iter().map(move |row| OrderView {
                world: self,
                shop,
                ledger,
                row,
            })
        })
    }

    /// One order, by `marketplace/ORDER_ID`.
    pub fn order(&self, name: &str) -> Option<OrderView<'_>> {
        self.orders().find(|order| order.name() == name)
    }

    /// Kinds of the exceptions that are open for an order.
    pub fn open_for(&self, name: &str) -> BTreeSet<&str> {
        let mine = self.exceptions.iter().filter(|open| open.order == name);
        mine.map(|open| open.kind.as_str()).collect()
    }
}

impl<'a> OrderView<'a> {
    /// Order ID.
    pub fn id(&self) -> &'a str {
        text(self.row, "order_id")
    }

    /// `marketplace/ORDER_ID`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.shop, self.id())
    }

    /// Mirakl's state.
    pub fn state(&self) -> &'a str {
        text(self.row, "state")
    }

    /// Refused or cancelled?
    pub fn is_called_off(&self) -> bool {
        matches!(self.state(), "REFUSED" | "CANCELED")
    }

    /// Shipped, or further?
    pub fn is_shipped(&self) -> bool {
        matches!(
            self.state(),
            "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED"
        )
    }

    /// Every sales order that BlueCherry ever had for it.
    pub fn sales_orders(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let (id, shop) = (self.id(), self.shop);
        rows(&self.world.erp, "sales_orders")
            .iter()
            .filter(move |s| {
                text(s, "channel_order_id") == id && text(s, "channel").eq_ignore_ascii_case(shop)
            })
    }

    /// What a list of the marketplace's ledger has of it.
    pub fn effects(&self, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let id = self.id();
        rows(self.ledger, list)
            .iter()
            .filter(move |effect| text(effect, "order_id") == id)
    }

    /// What BlueCherry shipped for it, voided records left out.
    pub fn erp_shipments(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let numbers: BTreeSet<&str> = self.sales_orders().map(|s| text(s, "ord_num")).collect();
        rows(&self.world.erp, "shipments").iter().filter(move |s| {
            numbers.contains(text(s, "ord_num")) && s["voided"].as_bool() != Some(true)
        })
    }

    /// Is something of it listed for a person?
    pub fn has_exception(&self) -> bool {
        !self.world.open_for(&self.name()).is_empty()
    }
}
