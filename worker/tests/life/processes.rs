//! `bcm simulate …` and `bcm worker` as processes of their own, as a real shop runs them.

use std::path::PathBuf;
use std::sync::Arc;

use bluecherry::{AccountModel, Binding, NewCustomer};
use jiff::{SignedDuration, Timestamp};
use ledger::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use simulators::scenario::{NORDWIND, World};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::machine::{Server, bcm, free_port, http, kill, send, shared, terminate, until};

/// Seed of the simulators' worlds unless they are told another.
const SEED: u64 = 7;
const SHOP_KEY: &str = "processes-shop-key";
const ERP_KEY: &str = "processes-erp-key";

#[tokio::test]
async fn separate_processes_carry_an_order_and_survive_a_killed_worker() {
    let place = Place::start().await;
    let worker = place.worker();
    place.sell("X-1-A").await;
    place.reaches("X-1-A", "SHIPPED").await;
    place.assert_once("X-1-A").await;

    // The worker dies while BlueCherry has committed the sales order and not answered yet.
    let slow = json!({ "op": "create_sales_order", "action": "delay-after-commit_ms:1500" });
    place.erp("POST", "/_sim/faults", Some(slow)).await;
    place.sell("X-2-A").await;
    until("the sales order stands", async || {
        (place.sales_orders("X-2-A").await.len() == 1).then_some(())
    })
    .await;
    kill(worker).await;
    assert_eq!(place.state("X-2-A").await, "WAITING_ACCEPTANCE");

    let worker = place.worker();
    place.reaches("X-2-A", "SHIPPED").await;
    place.assert_once("X-2-A").await;
    assert!(terminate(worker).await.success());
}

/// Temporal, both simulators and a configuration.
struct Place {
    folder: TempDir,
    mirakl: String,
    bluecherry: String,
    temporal: Arc<Server>,
    namespace: String,
    _simulators: [Child; 2],
}

impl Place {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let temporal = shared().await;
        let (namespace, _) = temporal.namespace("processes").await;
        let (shop_port, erp_port) = (free_port(), free_port());
        let shop = listening("mirakl", shop_port)
            .env("BCM_SIM_MIRAKL_KEY", SHOP_KEY)
            .spawn();
        let erp = listening("bluecherry", erp_port)
            .args(["--ship-after-s", "0"])
            .env("BCM_SIM_BLUECHERRY_KEY", ERP_KEY)
            .spawn();
        let place = Self {
            folder,
            mirakl: format!("http://127.0.0.1:{shop_port}"),
            bluecherry: format!("http://127.0.0.1:{erp_port}"),
            temporal,
            namespace,
            _simulators: [shop.unwrap(), erp.unwrap()],
        };
        for url in [&place.mirakl, &place.bluecherry] {
            until("the simulators answer", async || {
                http().get(format!("{url}/_sim/ledger")).send().await.ok()
            })
            .await;
        }
        let account = place.account().await;
        place.configure(&account);
        place
    }

    /// The account that finance would have opened for the marketplace.
    async fn account(&self) -> String {
        let key = SecretString::from(ERP_KEY.to_owned());
        let config = bluecherry::Config::new(self.bluecherry.clone(), key);
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
        let rest = bluecherry::Rest::new(config).unwrap();
        let made = rest.put_customer(NORDWIND, &account, "processes").await;
        made.unwrap().customer_code
    }

    /// Writes what a real shop has.
    fn configure(&self, account: &str) {
        let write = |name: &str, text: &str| self.write(name, text);
        let master = MasterKey::generate().to_base64();
        write("shop.key", SHOP_KEY);
        write("erp.key", ERP_KEY);
        write("master.key", master.expose_secret());
        std::fs::create_dir(self.folder.path().join("mappings")).unwrap();
        for (name, text) in World::new(SEED).mapping_files() {
            let ours = |line: &&str| !line.starts_with("galeria");
            let lines: Vec<&str> = text.lines().filter(ours).collect();
            write(&format!("mappings/{name}"), &(lines.join("\n") + "\n"));
        }
        let (mirakl, bluecherry) = (&self.mirakl, &self.bluecherry);
        let (temporal, namespace) = (self.temporal.address(), &self.namespace);
        let port = free_port();
        let since = Timestamp::now() - SignedDuration::from_mins(10);
        write(
            "bcm.toml",
            &format!(
                r#"[bluecherry]
site = "SIMSITE"
base_url = "{bluecherry}"
api_key = {{ file = "erp.key" }}
call_timeout_s = 3
read_lag_s = 0.5
poll_s = 0.5

[ledger]
url = "sqlite://bcm.db"
master_key = {{ file = "master.key" }}

[temporal]
address = "{temporal}"
namespace = "{namespace}"

[http]
listen = "127.0.0.1:{port}"

[[marketplaces]]
code = "nordwind"
prefix = "NW"
base_url = "{mirakl}"
shop_id = 2001
api_key = {{ file = "shop.key" }}
take_over_from = "{since}"
poll_s = 0.5
overlap_s = 5
call_timeout_s = 3
read_lag_s = 0.5
customer = {{ model = "channel", customer_code = "{account}" }}
"#
            ),
        );
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("bcm.toml")
    }

    fn worker(&self) -> Child {
        let mut worker = bcm();
        worker.args(["worker", "--config"]).arg(self.config());
        worker.spawn().unwrap()
    }

    async fn sell(&self, order_id: &str) {
        let sku = World::new(SEED).catalogue()[0].offer_sku(NORDWIND);
        let line = json!({ "offer_sku": sku, "quantity": 1, "price_unit": "49.95" });
        let order = json!({ "order_id": order_id, "lines": [line] });
        send("POST", &format!("{}/_sim/orders", self.mirakl), Some(order)).await;
    }

    async fn erp(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        send(method, &format!("{}{path}", self.bluecherry), body).await
    }

    async fn state(&self, order_id: &str) -> String {
        let ledger = send("GET", &format!("{}/_sim/ledger", self.mirakl), None).await;
        let orders = ledger["orders"].as_array().unwrap();
        let order = orders.iter().find(|o| o["order_id"] == order_id).unwrap();
        order["state"].as_str().unwrap().to_owned()
    }

    async fn reaches(&self, order_id: &str, state: &str) {
        until(&format!("{order_id} is {state}"), async || {
            (self.state(order_id).await == state).then_some(())
        })
        .await;
    }

    async fn sales_orders(&self, order_id: &str) -> Vec<Value> {
        let ledger = self.erp("GET", "/_sim/ledger", None).await;
        let all = ledger["sales_orders"].as_array().unwrap();
        let mine = all.iter().filter(|s| s["channel_order_id"] == order_id);
        mine.cloned().collect()
    }

    /// One sales order, accepted after it, shipped once.
    async fn assert_once(&self, order_id: &str) {
        let sales_orders = self.sales_orders(order_id).await;
        assert_eq!(sales_orders.len(), 1, "{sales_orders:?}");
        assert_eq!(sales_orders[0]["status"], "shipped");
        let ledger = send("GET", &format!("{}/_sim/ledger", self.mirakl), None).await;
        for kind in ["accepts", "shipments"] {
            let all = ledger[kind].as_array().unwrap();
            let mine: Vec<_> = all.iter().filter(|e| e["order_id"] == order_id).collect();
            assert_eq!(mine.len(), 1, "{kind}: {mine:?}");
            let made = sales_orders[0]["real_at_us"].as_i64();
            assert!(made < mine[0]["real_at_us"].as_i64(), "{kind}: {mine:?}");
        }
    }
}

fn listening(simulator: &str, port: u16) -> Command {
    let mut command = bcm();
    command.args([
        "simulate",
        simulator,
        "--listen",
        &format!("127.0.0.1:{port}"),
    ]);
    command
}
