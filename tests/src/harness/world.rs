//! One test's world: marketplaces, an ERP, a ledger and a configuration as for a real shop.

use std::path::PathBuf;
use std::sync::Arc;

use activities::Clock;
use domain::exception::Kind;
use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::{SignedDuration, Timestamp};
use ledger::{Exception, ExceptionFilter, Ledger};
use serde_json::Value;
use simulators::bluecherry::{AutoShip, BlueCherryOptions, BlueCherrySim};
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};
use simulators::scenario::{self, GALERIA, NORDWIND};
use temporalio_client::Client;
use worker::connect;

use super::configured::{Written, account};
use super::work::{self, Beside};
use super::{PATIENCE, Server, Working, shared, until};

/// What a world is like; a test changes what it is about.
pub struct Setup {
    /// Name of the test, for its namespace.
    pub name: &'static str,
    /// The marketplace in the United States; its orders go to one account.
    pub nordwind: MiraklOptions,
    /// The marketplace in Germany, when there is one; an account for each consumer.
    pub galeria: Option<MiraklOptions>,
    /// The site.
    pub erp: BlueCherryOptions,
    /// Orders created earlier are only listed.
    pub take_over_from: Timestamp,
    /// Seconds between two pulls.
    pub poll_s: f64,
    /// Sections to add to `bcm.toml`.
    pub more: String,
    /// Lines to add to each shop.
    pub shops: String,
    /// What each shop says of stock, `{ … }`; none publishes it by default.
    pub stock: Option<String>,
    /// Address of the ledger; a file of its own by default.
    pub ledger: String,
    plan: scenario::World,
}

impl Setup {
    /// A world in which everything goes at once and nothing goes wrong.
    pub fn new(name: &'static str) -> Self {
        let plan = scenario::World::new(7);
        let mut erp = plan.bluecherry_options();
        erp.auto_ship = Some(AutoShip {
            pick_after_s: 0,
            ship_after_s: 0,
        });
        Self {
            name,
            nordwind: marketplace(&plan, NORDWIND),
            galeria: None,
            erp,
            take_over_from: Timestamp::now() - SignedDuration::from_mins(10),
            poll_s: 0.3,
            more: String::new(),
            shops: String::new(),
            stock: None,
            ledger: "sqlite://bcm.db".to_owned(),
            plan,
        }
    }

    /// The same with a marketplace in Germany.
    pub fn with_galeria(mut self) -> Self {
        self.galeria = Some(marketplace(&self.plan, GALERIA));
        self
    }

    /// The same with returns on both sides, where short units are repaid by rule.
    pub fn with_aftercare(mut self) -> Self {
        self.nordwind.returns = true;
        self.erp.returns_in = true;
        let rules = [
            "returns = \"accept\"",
            "returns_poll_s = 0.3",
            "return_method = \"RETURN_METHOD_BY_MAIL\"",
            "short_ship = \"refund\"",
        ];
        self.shops = rules.join("\n");
        self
    }

    /// The same where the warehouse ships only what a test ships.
    pub fn shipping_by_hand(mut self) -> Self {
        self.erp.auto_ship = None;
        self
    }

    /// Starts it on the server of all tests.
    pub async fn start(self) -> World {
        let server = shared().await;
        self.start_on(server).await
    }

    /// Starts it on a server of its own.
    pub async fn start_on(self, server: Arc<Server>) -> World {
        let made = server.namespace(self.name).await;
        let (namespace, client) = made.expect("a namespace for the test");
        let folder = server.folder.join(&namespace);
        let erp_key = self.erp.api_key.clone();
        let erp = BlueCherrySim::start(self.erp).await.expect("an ERP");
        let nordwind = MiraklSim::start(self.nordwind).await.expect("a shop");
        let galeria = match self.galeria {
            Some(options) => Some(MiraklSim::start(options).await.expect("a shop")),
            None => None,
        };
        let account = account(&erp, &erp_key).await.expect("an account");
        let written = Written {
            folder: &folder,
            erp: &erp,
            erp_key: &erp_key,
            account: &account,
            address: server.address(),
            namespace: &namespace,
            poll_s: self.poll_s,
            ledger: &self.ledger,
            stock: self.stock.as_deref(),
            more_of_shops: &self.shops,
            since: self.take_over_from,
        };
        let shops = [
            (NORDWIND, "NW", Some(&nordwind)),
            (GALERIA, "GA", galeria.as_ref()),
        ];
        written
            .write(&self.plan, &shops, &self.more)
            .expect("a configuration");
        let config = work::load(&folder.join("bcm.toml")).expect("a configuration that is taken");
        let ledger = connect::ledger(&config, &Clock::system())
            .await
            .expect("a ledger");
        World {
            server,
            namespace,
            folder,
            plan: self.plan,
            nordwind,
            galeria,
            erp,
            client,
            ledger,
        }
    }
}

fn marketplace(plan: &scenario::World, name: &str) -> MiraklOptions {
    let mut options = plan.mirakl_options(name);
    options.debit_delay_s = 0;
    options
}

/// One test's world, running; what runs in it ends with it.
pub struct World {
    pub server: Arc<Server>,
    pub namespace: String,
    pub folder: PathBuf,
    pub plan: scenario::World,
    pub nordwind: MiraklSim,
    pub galeria: Option<MiraklSim>,
    pub erp: BlueCherrySim,
    pub client: Client,
    /// The worker's ledger, by a handle of the test's own.
    pub ledger: Ledger,
}

impl World {
    /// The configuration of this world's workers.
    pub fn config(&self) -> PathBuf {
        self.folder.join("bcm.toml")
    }

    /// Opens the ledger that the configuration names by a new handle.
    pub async fn opened(&self) -> Ledger {
        let config = work::load(&self.config()).expect("a configuration that is taken");
        let opened = connect::ledger(&config, &Clock::system()).await;
        opened.expect("a ledger")
    }

    /// Starts a worker.
    pub async fn worker(&self) -> Working {
        let started = Working::start(&self.config(), Beside::Mappings).await;
        started.expect("a worker that starts")
    }

    /// Offer SKU of the n-th item of division 01 on `nordwind`.
    pub fn sku(&self, n: usize) -> String {
        let mut sold = self.plan.catalogue().iter().filter(|i| !i.scarce);
        sold.nth(n).expect("an item").offer_sku(NORDWIND)
    }

    /// One piece of the first item, under this order ID.
    pub fn plain(&self, order_id: &str) -> OrderSpec {
        OrderSpec::of(&self.sku(0), 1, "49.95").id(order_id)
    }

    /// Sells on `nordwind`.
    pub fn sell(&self, spec: OrderSpec) {
        self.nordwind
            .create_order(spec)
            .expect("an order that can be sold");
    }

    /// State of an order of `nordwind`.
    pub fn state(&self, order_id: &str) -> String {
        let order = self
            .nordwind
            .order(order_id)
            .expect("an order that was sold");
        order["order_state"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits for a state of an order of `nordwind`.
    pub async fn reaches(&self, order_id: &str, state: &str) {
        let what = format!("{order_id} is {state}");
        until(&what, PATIENCE, async || {
            (self.state(order_id) == state).then_some(())
        })
        .await;
    }

    /// Sales orders that BlueCherry ever had for an order of a marketplace.
    pub fn sales_orders(&self, marketplace: &str, order_id: &str) -> Vec<Value> {
        let ledger = self.erp.ledger();
        let all = ledger["sales_orders"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mine = |s: &Value| {
            s["channel_order_id"] == order_id
                && s["channel"]
                    .as_str()
                    .is_some_and(|c| c.eq_ignore_ascii_case(marketplace))
        };
        all.into_iter().filter(mine).collect()
    }

    /// The only sales order of an order of `nordwind`.
    pub fn sales_order(&self, order_id: &str) -> Value {
        let mut all = self.sales_orders(NORDWIND, order_id);
        assert_eq!(all.len(), 1, "sales orders of {order_id}");
        all.remove(0)
    }

    /// Waits for an open exception of an order.
    pub async fn exception(&self, order_id: &str, kind: Kind) -> Exception {
        let what = format!("{order_id} waits for a person: {kind}");
        until(&what, PATIENCE, async || {
            let mine = |e: &Exception| e.order_id.as_deref() == Some(order_id) && e.kind == kind;
            self.exceptions(false).await.into_iter().find(mine)
        })
        .await
    }

    /// Waits for an open exception that is no order's.
    pub async fn incident(&self, kind: Kind) -> Exception {
        until(&format!("an incident: {kind}"), PATIENCE, async || {
            let is_it = |e: &Exception| e.order_id.is_none() && e.kind == kind;
            self.exceptions(false).await.into_iter().find(is_it)
        })
        .await
    }

    /// The exceptions that are open, or all of them.
    pub async fn exceptions(&self, include_closed: bool) -> Vec<Exception> {
        let filter = ExceptionFilter {
            include_closed,
            ..ExceptionFilter::default()
        };
        self.ledger
            .exceptions(&filter, 1_000)
            .await
            .expect("the exceptions")
    }

    /// Has the warehouse do something: `/_sim/shipments`, `/_sim/pick` …
    pub async fn warehouse(&self, path: &str, body: Value) -> Value {
        post(&format!("{}{path}", self.erp.url()), body).await
    }

    /// Calls of an operation that `nordwind` answered or did not.
    pub fn calls(&self, op: &str) -> usize {
        count_calls(&self.nordwind.ledger(), op)
    }

    /// Calls of an operation to the ERP.
    pub fn erp_calls(&self, op: &str) -> usize {
        count_calls(&self.erp.ledger(), op)
    }

    /// Effects of a kind that an order of `nordwind` saw: `accepts`, `shipments`, `cancels` …
    pub fn effects(&self, kind: &str, order_id: &str) -> Vec<Value> {
        let ledger = self.nordwind.ledger();
        let all = ledger[kind].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|e| e["order_id"] == order_id)
            .collect()
    }

    /// Was everything that the seller accepted in BlueCherry before?
    pub fn assert_accepted_after_the_sales_order(&self) {
        for accept in self.nordwind.ledger()["accepts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let empty = accept["accepted"].as_array().is_some_and(Vec::is_empty);
            if accept["by"] != "api" || empty {
                continue;
            }
            let order_id = accept["order_id"].as_str().unwrap_or_default();
            let made = self.sales_orders(NORDWIND, order_id);
            let before = |s: &Value| s["real_at_us"].as_i64() < accept["real_at_us"].as_i64();
            assert!(made.iter().any(before), "{order_id} was accepted too early");
        }
    }
}

/// Which order of which marketplace.
pub fn key(marketplace: &str, order_id: &str) -> OrderKey {
    OrderKey {
        marketplace: MarketplaceCode::new(marketplace).expect("a marketplace code"),
        order_id: order_id.to_owned(),
    }
}

/// Sends JSON to a simulator's control interface.
///
/// # Panics
/// When it is not taken.
pub async fn post(url: &str, body: Value) -> Value {
    let sent = http().post(url).body(body.to_string());
    let answer = sent
        .header("Content-Type", "application/json")
        .send()
        .await
        .expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// A plain HTTP client.
pub fn http() -> reqwest::Client {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

fn count_calls(ledger: &Value, op: &str) -> usize {
    let calls = ledger["calls"].as_array();
    calls
        .into_iter()
        .flatten()
        .filter(|c| c["op"] == op)
        .count()
}
