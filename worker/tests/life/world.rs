//! One test's world: a marketplace, an ERP, a ledger, a namespace, and workers as processes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bluecherry::{AccountModel, Binding, NewCustomer};
use jiff::{SignedDuration, Timestamp};
use ledger::{Exception, ExceptionFilter, Ledger, MasterKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use simulators::bluecherry::{AutoShip, BlueCherryOptions, BlueCherrySim};
use simulators::fault::{FaultRule, Faults};
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};
use simulators::scenario::{self, NORDWIND};
use temporalio_client::{Client, UntypedSignal, UntypedWorkflow, WorkflowHandle};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use tokio::process::Child;

use crate::machine::{Server, bcm, shared, until};

/// Whom BlueCherry invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invoiced {
    /// One account for the whole marketplace.
    Marketplace,
    /// An account for each consumer.
    Consumer,
}

/// What a world is like; a test changes what it is about.
pub struct Setup {
    name: &'static str,
    pub shop: MiraklOptions,
    pub erp: BlueCherryOptions,
    pub invoiced: Invoiced,
    /// Longest a call may last.
    pub call_timeout_s: f64,
    plan: scenario::World,
}

/// A world in which everything goes at once and nothing goes wrong.
pub fn world(name: &'static str) -> Setup {
    let plan = scenario::World::new(7);
    let mut shop = plan.mirakl_options(NORDWIND);
    shop.debit_delay_s = 0;
    let mut erp = plan.bluecherry_options();
    erp.auto_ship = Some(AutoShip {
        pick_after_s: 0,
        ship_after_s: 0,
    });
    Setup {
        name,
        shop,
        erp,
        invoiced: Invoiced::Marketplace,
        call_timeout_s: 3.0,
        plan,
    }
}

impl Setup {
    /// Starts it on the server of all tests.
    pub async fn start(self) -> World {
        self.start_on(shared().await).await
    }

    /// Starts it on a server of its own.
    pub async fn start_on(self, server: Arc<Server>) -> World {
        let (namespace, client) = server.namespace(self.name).await;
        let folder = server.folder.join(&namespace);
        std::fs::create_dir_all(folder.join("mappings")).unwrap();
        for (name, text) in self.plan.mapping_files() {
            let ours = |line: &&str| !line.starts_with("galeria");
            let lines: Vec<&str> = text.lines().filter(ours).collect();
            let file = folder.join("mappings").join(name);
            std::fs::write(file, lines.join("\n") + "\n").unwrap();
        }
        let master = MasterKey::generate().to_base64();
        let erp_key = self.erp.api_key.clone();
        secret(&folder, "erp.key", &erp_key);
        secret(&folder, "shop.key", &self.shop.key());
        secret(&folder, "master.key", master.expose_secret());
        let world = World {
            shop_id: self.shop.shop_id,
            shop: MiraklSim::start(self.shop).await.unwrap(),
            erp: BlueCherrySim::start(self.erp).await.unwrap(),
            plan: self.plan,
            since: Timestamp::now() - SignedDuration::from_mins(10),
            call_timeout_s: self.call_timeout_s,
            server,
            namespace,
            client,
            folder,
            workers: AtomicU32::new(0),
            master,
        };
        let customer = match self.invoiced {
            Invoiced::Consumer => r#"{ model = "consumer" }"#.to_owned(),
            Invoiced::Marketplace => {
                let code = account(&world.erp.url(), erp_key).await;
                format!(r#"{{ model = "channel", customer_code = "{code}" }}"#)
            }
        };
        world.configure("bcm", &format!("customer = {customer}"));
        std::fs::write(world.folder.join("customer"), customer).unwrap();
        world
    }
}

/// The account that finance would have opened for the marketplace.
async fn account(url: &str, key: String) -> String {
    let account = NewCustomer {
        name: "Nordwind Marketplace".to_owned(),
        account_model: AccountModel::Channel,
        bill_to: None,
        default_ship_to: None,
        division: "01".to_owned(),
        terms: None,
        tax_exempt: None,
        currency: "USD".to_owned(),
        price_level: None,
    };
    let config = bluecherry::Config::new(url.to_owned(), SecretString::from(key));
    let rest = bluecherry::Rest::new(config).unwrap();
    let made = rest.put_customer(NORDWIND, &account, "life").await;
    made.unwrap().customer_code
}

/// Writes a secret that nobody else may read.
pub fn secret(folder: &Path, name: &str, value: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, value).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// One test's world, running; what runs in it ends with it.
pub struct World {
    pub server: Arc<Server>,
    pub namespace: String,
    pub client: Client,
    pub folder: PathBuf,
    pub plan: scenario::World,
    pub shop: MiraklSim,
    pub erp: BlueCherrySim,
    shop_id: i64,
    since: Timestamp,
    call_timeout_s: f64,
    workers: AtomicU32,
    master: SecretString,
}

impl World {
    /// Writes `NAME.toml`, with these lines added to its only shop.
    pub fn configure(&self, name: &str, more: &str) -> PathBuf {
        let (shop, erp, shop_id) = (self.shop.url(), self.erp.url(), self.shop_id);
        let (temporal, namespace) = (self.server.address(), &self.namespace);
        let (since, timeout) = (self.since, self.call_timeout_s);
        let text = format!(
            r#"[bluecherry]
site = "SIMSITE"
base_url = "{erp}"
api_key = {{ file = "erp.key" }}
call_timeout_s = {timeout}
read_lag_s = 0.3
poll_s = 0.3

[ledger]
url = "sqlite://{name}.db"
master_key = {{ file = "master.key" }}

[temporal]
address = "{temporal}"
namespace = "{namespace}"

[http]
listen = "127.0.0.1:LISTEN"

[[marketplaces]]
code = "nordwind"
prefix = "NW"
base_url = "{shop}"
shop_id = {shop_id}
api_key = {{ file = "shop.key" }}
take_over_from = "{since}"
poll_s = 0.3
overlap_s = 5
call_timeout_s = {timeout}
read_lag_s = 0.3
short_stock = "refuse"
{more}
"#
        );
        let file = self.folder.join(format!("{name}.toml"));
        std::fs::write(&file, text).unwrap();
        file
    }

    /// The line of the configuration that says whom BlueCherry invoices.
    pub fn customer(&self) -> String {
        let customer = std::fs::read_to_string(self.folder.join("customer")).unwrap();
        format!("customer = {customer}")
    }

    /// Starts a worker.
    pub fn worker(&self) -> Child {
        self.worker_of("bcm", "")
    }

    /// Starts a worker that dies where it is told to.
    pub fn doomed(&self, switches: &str) -> Child {
        self.worker_of("bcm", switches)
    }

    /// Starts a worker over one of the configurations.
    pub fn worker_of(&self, name: &str, switches: &str) -> Child {
        let number = self.workers.fetch_add(1, Ordering::Relaxed);
        // Several run on one machine, so each has any free port.
        let text = std::fs::read_to_string(self.folder.join(format!("{name}.toml"))).unwrap();
        let config = self.folder.join(format!("{name}-{number}.toml"));
        std::fs::write(&config, text.replace("LISTEN", "0")).unwrap();
        let log = std::fs::File::create(self.log_of(number)).unwrap();
        let mut worker = bcm();
        worker.args(["worker", "--config"]).arg(config);
        worker.stdout(log.try_clone().unwrap()).stderr(log);
        if !switches.is_empty() {
            worker.env("BCM_TEST_SWITCHES", switches);
        }
        worker.spawn().unwrap()
    }

    fn log_of(&self, number: u32) -> PathBuf {
        self.folder.join(format!("worker-{number}.log"))
    }

    /// What the worker that was started last has written.
    pub fn log(&self) -> String {
        let last = self.workers.load(Ordering::Relaxed) - 1;
        std::fs::read_to_string(self.log_of(last)).unwrap_or_default()
    }

    /// Waits until the worker that was started last polls.
    pub async fn ready(&self) {
        until("the worker polls", async || {
            self.log().contains("ready").then_some(())
        })
        .await;
    }

    /// Runs a verb of `bcm` and answers its exit code and all it printed.
    pub async fn verb(&self, words: &[&str]) -> (Option<i32>, String) {
        let text = std::fs::read_to_string(self.folder.join("bcm.toml")).unwrap();
        let config = self.folder.join("verb.toml");
        std::fs::write(&config, text.replace("LISTEN", "0")).unwrap();
        let mut verb = bcm();
        verb.arg("--config").arg(config).args(words);
        let done = verb
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .output();
        let done = done.await.unwrap();
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (done.status.code(), said)
    }

    /// The workers' ledger, by a handle of the test's own.
    pub async fn ledger(&self) -> Ledger {
        let key = MasterKey::from_base64(self.master.expose_secret()).unwrap();
        let url = format!("sqlite://{}", self.folder.join("bcm.db").display());
        Ledger::open(&url, key, Timestamp::now()).await.unwrap()
    }

    /// Waits until nothing is left to do for an order.
    pub async fn finished(&self, order_id: &str) {
        let ledger = self.ledger().await;
        let key = domain::marketplace::OrderKey {
            marketplace: domain::marketplace::MarketplaceCode::new(NORDWIND).unwrap(),
            order_id: order_id.to_owned(),
        };
        crate::machine::until(&format!("{order_id} is finished"), async || {
            let row = ledger.order(&key).await.ok()??;
            row.finished.then_some(())
        })
        .await;
    }

    /// Exceptions that are open.
    pub async fn exceptions(&self) -> Vec<Exception> {
        let (ledger, all) = (self.ledger().await, ExceptionFilter::default());
        ledger.exceptions(&all, 1_000).await.unwrap()
    }

    /// One piece of the first item, under this order ID.
    pub fn plain(&self, order_id: &str) -> OrderSpec {
        let sold = self.plan.catalogue().iter().find(|i| !i.scarce).unwrap();
        OrderSpec::of(&sold.offer_sku(NORDWIND), 1, "49.95").id(order_id)
    }

    /// More pieces than there are of a scarce item.
    pub fn short(&self, order_id: &str) -> OrderSpec {
        let scarce = self.plan.catalogue().iter().find(|i| i.scarce).unwrap();
        OrderSpec::of(&scarce.offer_sku(NORDWIND), 5, "149.95").id(order_id)
    }

    /// Sells.
    pub fn sell(&self, spec: OrderSpec) {
        self.shop.create_order(spec).unwrap();
    }

    /// State of an order on the marketplace.
    pub fn state(&self, order_id: &str) -> String {
        let order = self.shop.order(order_id).unwrap();
        order["order_state"].as_str().unwrap().to_owned()
    }

    /// Waits for a state of an order on the marketplace.
    pub async fn reaches(&self, order_id: &str, state: &str) {
        until(&format!("{order_id} is {state}"), async || {
            (self.state(order_id) == state).then_some(())
        })
        .await;
    }

    /// Has one side misbehave; the operation tells which.
    pub fn inject(&self, op: &str, action: &str) {
        let fault = FaultRule::once(op, action);
        self.faults(op).inject(fault).unwrap();
    }

    /// What goes wrong at the side of an operation.
    pub fn faults(&self, op: &str) -> Faults {
        if is_of_mirakl(op) {
            self.shop.faults().clone()
        } else {
            self.erp.faults()
        }
    }

    /// Calls of an operation, the oldest first.
    pub fn calls(&self, op: &str) -> Vec<Value> {
        let all = if is_of_mirakl(op) {
            let mine = self.shop.calls().list().into_iter().filter(|c| c.op == op);
            return mine.map(|c| json!(c)).collect();
        } else {
            self.erp.ledger()["calls"].take()
        };
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|c| c["op"] == op).collect()
    }

    /// Waits for a call that was carried out and has no answer yet.
    pub async fn done_but_unanswered(&self, op: &str) {
        let under_way = |c: &Value| c["status"].is_u64() && c["answered"] == false;
        until(&format!("{op} is done and not answered"), async || {
            self.calls(op).iter().rfind(|c| under_way(c)).map(|_| ())
        })
        .await;
    }

    /// The run of an order.
    pub fn run(&self, order_id: &str) -> WorkflowHandle<Client, UntypedWorkflow> {
        let id = format!("order/{NORDWIND}/{order_id}");
        self.client.get_workflow_handle::<UntypedWorkflow>(id)
    }

    /// Sends a signal as the Temporal UI does.
    pub async fn signal(&self, order_id: &str, name: &str, detail: &Value) {
        let detail = RawValue::from_value(detail, &PayloadConverter::default());
        let run = self.run(order_id);
        let sent = run.signal(UntypedSignal::new(name), detail, Default::default());
        sent.await.expect("a signal that is taken");
    }

    /// Has an order's run look again, when one is open.
    pub async fn signal_if_open(&self, order_id: &str) {
        let detail = RawValue { payloads: vec![] };
        let news = UntypedSignal::new("order_changed");
        // A run that is over has nothing to look at.
        let _ = self
            .run(order_id)
            .signal(news, detail, Default::default())
            .await;
    }
}

/// Mirakl's operations go by codes, BlueCherry's by words.
fn is_of_mirakl(op: &str) -> bool {
    op.starts_with(char::is_uppercase)
}
