//! Both systems over HTTP, a ledger on disk, and the steps of an order without Temporal.

mod lost;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use activities::{Connections, Failure, Feeds, Orders, Stocks};
use bluecherry::Rest;
use domain::command::Answer;
use domain::exception::Kind;
use domain::mapping::Mappings;
use domain::marketplace::{CustomerModel, MarketplaceCode, OrderKey};
use domain::step::{Step, Wait};
use ledger::{ExceptionFilter, Ledger, MasterKey, OrderRow};
use secrecy::SecretString;
use serde_json::Value;
use simulators::bluecherry::BlueCherrySim;
use simulators::clock::SimClock;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklSim, OrderSpec};
use simulators::scenario::NORDWIND;
use tempfile::TempDir;
use workflows::activities::{CommandRequest, FeedInput};

pub use steps::{blocked, until, wait_s};

use crate::matrix::Spoiler;
use crate::plan::{Plan, SHOWS, account, home, nobody, shop, site, start};
use crate::web;
use steps::act;

/// Longest the real thing may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything a test talks to.
pub struct Env {
    pub mirakl: MiraklSim,
    pub erp: BlueCherrySim,
    pub clock: SimClock,
    pub ledger: Ledger,
    pub orders: Arc<Orders>,
    pub feeds: Feeds,
    pub site: Rest,
    pub stocks: Stocks,
    pub stocks_cut_off: Stocks,
    plan: Plan,
    marketplace: MarketplaceCode,
    unreachable: Arc<Orders>,
    feeds_cut_off: Feeds,
    spoilers: Vec<Spoiler>,
    home: TempDir,
}

impl Env {
    /// The first marketplace, all as usual.
    pub async fn usual() -> Self {
        Plan::usual().start().await
    }

    pub async fn start(mut plan: Plan) -> Self {
        let clock = SimClock::new(start(), 0.0);
        plan.erp.clock = Some(clock.clone());
        let erp_key = SecretString::from(plan.erp.api_key.clone());
        let erp = BlueCherrySim::start(plan.erp.clone()).await.unwrap();
        let mirakl = MiraklSim::start_with_clock(plan.mirakl.clone(), clock.clone())
            .await
            .unwrap();
        let home = home();
        let url = format!("sqlite://{}/ledger.db", home.path().display());
        let ledger = Ledger::open(&url, MasterKey::generate(), clock.now())
            .await
            .unwrap();
        ledger
            .publish_mappings(&plan.mappings, clock.now())
            .await
            .unwrap();
        let (mut mirakl_url, mut erp_url, mut spoilers) = (mirakl.url(), erp.url(), vec![]);
        if plan.spoiled {
            let wires = [
                Spoiler::start(&mirakl_url).await,
                Spoiler::start(&erp_url).await,
            ];
            (mirakl_url, erp_url) = (wires[0].url.clone(), wires[1].url.clone());
            spoilers.extend(wires);
        }
        let within = plan.answer_within;
        let rest = |url: String| {
            let mut config = bluecherry::Config::new(url, erp_key.clone());
            config.call_timeout = within.unwrap_or(config.call_timeout);
            config.connect_timeout = config.connect_timeout.min(config.call_timeout / 2);
            Rest::new(config).unwrap()
        };
        let account = account(&rest(erp.url())).await;
        let customer = plan.customer.clone();
        plan.customer = Some(customer.unwrap_or(CustomerModel::Channel {
            customer_code: account,
        }));
        let api_key = SecretString::from(mirakl.api_key());
        let seller = |url: String| {
            let mut config = mirakl::Config::new(url, api_key.clone());
            config.call_timeout = within.unwrap_or(config.call_timeout);
            config.connect_timeout = config.connect_timeout.min(config.call_timeout / 2);
            mirakl::Client::new(config).unwrap()
        };
        let connect = |client: mirakl::Client, rest: Rest| {
            let shop = shop(&plan, client);
            let clock = plan.thaw.clock(&clock);
            let limits = plan.limits.clone();
            let site = site(rest, plan.erp.returns_in);
            let connections = Connections::new(ledger.clone(), vec![shop], site, clock);
            let stock = plan.stock.clone();
            Arc::new(connections.with_limits(limits).with_stock(stock))
        };
        let connected = connect(seller(mirakl_url), rest(erp_url.clone()));
        let cut_off = connect(seller(nobody()), rest(nobody()));
        let orders = Arc::new(Orders::new(connected.clone()));
        let unreachable = Arc::new(Orders::new(cut_off.clone()));
        Self {
            stocks: Stocks::new(connected),
            stocks_cut_off: Stocks::new(cut_off),
            feeds: Feeds::new(orders.clone()),
            marketplace: MarketplaceCode::new(NORDWIND).unwrap(),
            plan,
            mirakl,
            erp,
            clock,
            ledger,
            orders,
            site: rest(erp_url),
            feeds_cut_off: Feeds::new(unreachable.clone()),
            unreachable,
            spoilers,
            home,
        }
    }

    pub fn key(&self, order_id: &str) -> OrderKey {
        OrderKey {
            marketplace: self.marketplace.clone(),
            order_id: order_id.to_owned(),
        }
    }

    /// Places an order and brings it into the ledger.
    pub async fn place(&self, spec: OrderSpec) -> OrderKey {
        let shown = self.mirakl.create_order(spec).unwrap();
        self.pull().await;
        self.key(shown["order_id"].as_str().unwrap())
    }

    /// One pull of Mirakl's orders, a moment later.
    pub async fn pull(&self) {
        self.try_pull().await.unwrap();
    }

    /// As [`Env::pull`], where it may fail.
    pub async fn try_pull(&self) -> Result<(), Failure> {
        self.pull_by(&self.feeds).await
    }

    /// As [`Env::pull`], while nobody can be reached.
    pub async fn pull_cut_off(&self) -> Result<(), Failure> {
        self.pull_by(&self.feeds_cut_off).await
    }

    async fn pull_by(&self, feeds: &Feeds) -> Result<(), Failure> {
        self.clock.advance(Duration::from_millis(100));
        let feed = self.feed(self.marketplace.as_str());
        feeds.pull_orders_once(&feed).await.map(|_| ())
    }

    /// One read of BlueCherry's fulfilments.
    pub async fn pull_shipments(&self) {
        self.try_pull_shipments().await.unwrap();
    }

    /// As [`Env::pull_shipments`], where it may fail.
    pub async fn try_pull_shipments(&self) -> Result<(), Failure> {
        let feed = self.feed("SIMSITE");
        self.feeds.pull_shipments_once(&feed).await.map(|_| ())
    }

    /// As [`Env::pull_shipments`], while nobody can be reached.
    pub async fn pull_shipments_cut_off(&self) -> Result<(), Failure> {
        let feed = self.feed("SIMSITE");
        self.feeds_cut_off
            .pull_shipments_once(&feed)
            .await
            .map(|_| ())
    }

    /// The wire to Mirakl, or to BlueCherry.
    pub fn spoiler(&self, mirakls: bool) -> &Spoiler {
        &self.spoilers[usize::from(!mirakls)]
    }

    pub fn feed(&self, of: &str) -> FeedInput {
        FeedInput {
            of: of.to_owned(),
            ledger_id: self.ledger.id().to_owned(),
            paused: false,
        }
    }

    /// Puts corrected tables in force.
    pub async fn remap(&self, change: impl FnOnce(&mut Mappings)) {
        let mut tables = self.plan.mappings.clone();
        change(&mut tables);
        let now = self.clock.now();
        self.ledger.publish_mappings(&tables, now).await.unwrap();
    }

    pub async fn row(&self, key: &OrderKey) -> OrderRow {
        self.ledger.order(key).await.unwrap().unwrap()
    }

    pub async fn decide(&self, key: &OrderKey) -> Step {
        self.orders.decide(key).await.unwrap().step
    }

    /// Does one step, as the order's run would.
    pub async fn act(&self, key: &OrderKey, step: &Step) -> Result<Step, Failure> {
        act(&self.orders, key, step).await
    }

    /// Does one step while neither system can be reached.
    pub async fn act_cut_off(&self, key: &OrderKey, step: &Step) -> Result<Step, Failure> {
        act(&self.unreachable, key, step).await
    }

    /// Decides and acts until the order waits or is over, or a step fails.
    pub async fn run(&self, key: &OrderKey) -> Result<Step, Failure> {
        let mut step = self.orders.decide(key).await?.step;
        for _ in 0..12 {
            if matches!(step, Step::Wait(_) | Step::Done(_)) {
                return Ok(step);
            }
            step = self.act(key, &step).await?;
        }
        panic!("{key} goes round in circles at {step:?}");
    }

    /// As [`Env::run`], where nothing may fail.
    pub async fn drive(&self, key: &OrderKey) -> Step {
        self.run(key).await.unwrap()
    }

    /// Goes on through failures and read-backs until the order waits for something else.
    pub async fn settle(&self, key: &OrderKey) -> Step {
        let mut last = None;
        for _ in 0..6 {
            match self.run(key).await {
                Ok(step) if step != Step::Wait(Wait::ReadBack) => return step,
                done => last = Some(done),
            }
            self.clock.advance(SHOWS);
            self.pull().await;
        }
        panic!("{key} does not settle: {last:?}");
    }

    /// Brings a placed order to its payment.
    pub async fn accepted(&self, spec: OrderSpec) -> OrderKey {
        let key = self.place(spec).await;
        assert_eq!(self.drive(&key).await, Step::Wait(Wait::Payment));
        key
    }

    /// The customer pays, and the order comes with its address.
    pub async fn pay(&self, key: &OrderKey) {
        self.clock.advance(Duration::from_secs(2));
        self.pull().await;
        self.mirakl.debit(&key.order_id).unwrap();
        self.pull().await;
    }

    /// Brings a placed order into the warehouse's hands.
    pub async fn released(&self, spec: OrderSpec) -> OrderKey {
        let key = self.accepted(spec).await;
        self.pay(&key).await;
        assert_eq!(self.drive(&key).await, Step::Wait(Wait::Shipment));
        key
    }

    /// The warehouse ships, as the body says, and the fulfilment is read.
    pub async fn ship(&self, key: &OrderKey, mut body: Value) -> Value {
        body["ord_num"] = self.sales_order(key)["ord_num"].clone();
        let shipment = self.erp_control("/_sim/shipments", &body).await;
        self.pull_shipments().await;
        shipment
    }

    /// A control call of the site.
    pub async fn erp_control(&self, path: &str, body: &Value) -> Value {
        web::post(&self.erp.url(), path, body).await
    }

    pub async fn tell(&self, key: &OrderKey, name: &str, detail: Value) -> Answer {
        let request = CommandRequest {
            order: key.clone(),
            name: name.to_owned(),
            detail,
            by: "cli".to_owned(),
        };
        // Every word of a test is another one.
        static WORDS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = WORDS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("run/{number}");
        self.orders.take_command(&id, &request).await.unwrap()
    }

    /// Kinds of the order's open exceptions.
    pub async fn exceptions(&self) -> Vec<Kind> {
        let filter = ExceptionFilter::default();
        let open = self.ledger.exceptions(&filter, 100).await.unwrap();
        open.into_iter().map(|e| e.kind).collect()
    }

    /// Every sales order that ever was for an order.
    pub fn sales_orders(&self, key: &OrderKey) -> Vec<Value> {
        let mut orders = list(&self.erp.ledger(), "sales_orders");
        orders.retain(|o| o["channel_order_id"] == key.order_id.as_str());
        orders
    }

    /// The one sales order of an order.
    pub fn sales_order(&self, key: &OrderKey) -> Value {
        let mut orders = self.sales_orders(key);
        assert_eq!(orders.len(), 1, "{key} has {} sales orders", orders.len());
        orders.remove(0)
    }

    /// What happened to an order on Mirakl: `accepts`, `cancels`, `tracking`, `shipments`.
    pub fn seen(&self, key: &OrderKey, list_name: &str) -> Vec<Value> {
        let mut effects = list(&self.mirakl.ledger(), list_name);
        effects.retain(|e| e["order_id"] == key.order_id.as_str());
        effects
    }

    /// How often Mirakl was called.
    pub fn mirakl_calls(&self, op: &str) -> usize {
        self.mirakl.calls().count(op)
    }

    /// How often the site was called.
    pub fn erp_calls(&self, op: &str) -> usize {
        let calls = list(&self.erp.ledger(), "calls");
        calls.iter().filter(|call| call["op"] == op).count()
    }

    pub fn fail_mirakl(&self, rule: FaultRule) {
        self.mirakl.faults().inject(rule).unwrap();
    }

    pub fn fail_erp(&self, rule: FaultRule) {
        self.erp.faults().inject(rule).unwrap();
    }

    /// Where the order stands on Mirakl itself.
    pub fn state(&self, key: &OrderKey) -> String {
        let order = self.mirakl.order(&key.order_id).unwrap();
        order["order_state"].as_str().unwrap().to_owned()
    }
}

pub fn list(ledger: &Value, name: &str) -> Vec<Value> {
    ledger[name].as_array().unwrap().clone()
}
