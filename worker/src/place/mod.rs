//! A place to measure or to test in: Temporal, one marketplace, one ERP and workers, each a process
//! of its own, as a real shop runs them.

mod config;
mod http;
mod process;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use ledger::{Ledger, MasterKey};
use serde_json::{Value, json};
use simulators::scenario::{Large, NORDWIND, World};
use tempfile::TempDir;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};
use workflows::ids::SEARCH_ATTRIBUTES;

use crate::shop_folder::open_account;
use crate::temporal::{DevServer, DevServerOptions, Found, Search, find};

pub use http::Http;
pub use process::{Process, Usage, bcm};

/// Key of the simulated shop.
const SHOP_KEY: &str = "place-shop-key";
/// Key of the simulated site.
const ERP_KEY: &str = "place-erp-key";
/// File of the master key.
const MASTER_KEY: &str = "master.key";
/// What the shop's offer SKUs begin with.
const PREFIX: &str = "NW";
/// Longest that a process may take to answer for the first time.
const READY: Duration = Duration::from_secs(180);

/// What a place is like.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Seed of the simulated world.
    pub seed: u64,
    /// Seconds between two pulls of either feed.
    pub poll_s: f64,
    /// Seconds that a call may last.
    pub call_timeout_s: f64,
    /// Switches of the marketplace, over its scenario's.
    pub mirakl: Value,
    /// Switches of the site, over its scenario's.
    pub bluecherry: Value,
    /// How fast the marketplace's clock runs.
    pub speed: f64,
    /// A generated catalogue, mapped beside the world's own.
    pub large: Option<Large>,
    /// Is that one mapped by a rule, and not by a row an offer?
    pub by_rule: bool,
    /// Sections to add to `bcm.toml`.
    pub more: String,
}

impl Default for Setup {
    /// A world in which everything goes at once and nothing goes wrong, pulled each second.
    fn default() -> Self {
        Self {
            seed: 7,
            poll_s: 1.0,
            call_timeout_s: 3.0,
            // The overlap of a pull is made for one pull a minute; pulled sixty times as often, the
            // same rows would come sixty times.
            mirakl: json!({ "debit_delay_s": 1, "auto_debit": true, "start_update_overlap_s": 2 }),
            bluecherry: json!({ "auto_ship": { "pick_after_s": 0, "ship_after_s": 0 } }),
            speed: 1.0,
            large: None,
            by_rule: false,
            more: String::new(),
        }
    }
}

/// Everything but the workers, running; dropped, all of it ends.
pub struct Place {
    /// The marketplace's control interface.
    pub mirakl: Http,
    /// The site's control interface.
    pub bluecherry: Http,
    /// The server.
    pub temporal: DevServer,
    /// A client of the server.
    pub client: Client,
    seed: u64,
    setup: Setup,
    account: String,
    _simulators: [Process; 2],
    // Goes last: the processes above have files in it.
    folder: TempDir,
}

impl Place {
    /// Starts Temporal (with the raised queue setting), both simulators, and writes a configuration.
    ///
    /// # Errors
    /// What kept one of them from starting.
    pub async fn start(setup: Setup, tell: &(dyn Fn(&str) + Sync)) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bcm-place-").tempdir()?;
        let temporal = dev_server(folder.path(), tell).await?;
        let (shop, mirakl) = simulator(&folder, &setup, "mirakl", &setup.mirakl, SHOP_KEY).await?;
        let (erp, site) =
            simulator(&folder, &setup, "bluecherry", &setup.bluecherry, ERP_KEY).await?;
        let client = client(&temporal.address()).await?;
        let account = open_account(site.url(), ERP_KEY, "place-account").await?;
        let place = Self {
            folder,
            mirakl,
            bluecherry: site,
            temporal,
            client,
            seed: setup.seed,
            setup,
            account,
            _simulators: [shop, erp],
        };
        place.write_secrets()?;
        Ok(place)
    }

    /// Starts a worker and waits until it polls. `name` tells the workers of a place apart.
    ///
    /// # Errors
    /// A worker that ends, or does not answer; with the end of its log.
    pub async fn worker(&self, name: &str) -> anyhow::Result<Process> {
        let port = free_port()?;
        let file = self.folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, self.configuration(port))?;
        let mut command = bcm()?;
        command.arg("--config").arg(&file).arg("worker");
        let log = self.folder.path().join(format!("{name}.log"));
        let mut worker = Process::start(command, &log)?;
        let until = Instant::now() + READY;
        loop {
            let asked = crate::health::ask(([127, 0, 0, 1], port).into()).await;
            if matches!(asked, Ok((true, _))) {
                return Ok(worker);
            }
            ensure!(
                worker.is_running() && Instant::now() < until,
                "worker {name} did not start:\n{}",
                worker.tail()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where this place's files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The workers' ledger, read from here.
    ///
    /// # Errors
    /// What kept it from being opened; there is none before the first worker.
    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        let text = std::fs::read_to_string(self.folder().join(MASTER_KEY))?;
        let key = MasterKey::from_base64(text.trim())?;
        let url = format!("sqlite://{}", self.folder().join("bcm.db").display());
        Ok(Ledger::open(&url, key, Timestamp::now()).await?)
    }

    /// Sells a generated catalogue: BlueCherry has its stock in a new batch, and Mirakl its offers,
    /// all of them showing nothing.
    ///
    /// # Errors
    /// A simulator's answer.
    pub async fn sell_large(&self, large: &Large) -> anyhow::Result<()> {
        let mut wish = serde_json::to_value(large)?;
        self.bluecherry.post("/_sim/catalogue", &wish).await?;
        wish["prefix"] = json!(PREFIX);
        self.mirakl.post("/_sim/offers/catalogue", &wish).await?;
        Ok(())
    }

    /// Name of the site.
    pub fn site(&self) -> String {
        World::new(self.seed).bluecherry_options().site
    }

    /// Sells one plain order on the marketplace.
    ///
    /// # Errors
    /// The marketplace's answer, when it refuses.
    pub async fn sell(&self, order_id: &str) -> anyhow::Result<()> {
        let sku = World::new(self.seed).catalogue()[0].offer_sku(NORDWIND);
        let line = json!({ "offer_sku": sku, "quantity": 1, "price_unit": "49.95" });
        let order = json!({ "order_id": order_id, "lines": [line] });
        self.mirakl
            .post("/_sim/orders", &order)
            .await
            .with_context(|| format!("selling {order_id}"))?;
        Ok(())
    }

    /// Books so much stock of the item that [`Place::sell`] sells.
    ///
    /// # Errors
    /// The site's answer.
    pub async fn stock(&self, pieces: u32) -> anyhow::Result<()> {
        let sku = World::new(self.seed).catalogue()[0].item.sku.clone();
        let wish = json!({ "sku": sku, "qty": pieces });
        self.bluecherry.post("/_sim/stock", &wish).await?;
        Ok(())
    }
}

/// A dev server that nobody else uses, in memory, with the program's search attributes; its log goes
/// to `folder`.
///
/// # Errors
/// A program that cannot be found or fetched, or does not start.
pub async fn dev_server(folder: &Path, tell: &(dyn Fn(&str) + Sync)) -> anyhow::Result<DevServer> {
    let search = Search {
        own_server: true,
        ..Search::usual()
    };
    let Found::Program(program) = find(&search, tell).await? else {
        anyhow::bail!("a program is wanted, not a server");
    };
    let keyword = |name: &&str| ((*name).to_owned(), "Keyword".to_owned());
    let options = DevServerOptions {
        search_attributes: SEARCH_ATTRIBUTES.iter().map(keyword).collect(),
        log_file: Some(folder.join("temporal.log")),
        ..DevServerOptions::default()
    };
    // On a machine that is busy, the first try may be too slow.
    match DevServer::start(&program, options.clone()).await {
        Err(crate::temporal::Error::Silent { .. }) => {}
        started => return Ok(started?),
    }
    Ok(DevServer::start(&program, options).await?)
}

/// A client of a server on this machine.
///
/// # Errors
/// A server that does not answer.
pub async fn client(address: &str) -> anyhow::Result<Client> {
    let target = Url::from_str(&format!("http://{address}"))?;
    let connection = Connection::connect(ConnectionOptions::new(target).build()).await?;
    Ok(Client::new(
        connection,
        ClientOptions::new("default").build(),
    )?)
}

async fn simulator(
    folder: &TempDir,
    setup: &Setup,
    name: &str,
    switches: &Value,
    key: &str,
) -> anyhow::Result<(Process, Http)> {
    let port = free_port()?;
    let options = folder.path().join(format!("{name}.json"));
    let mut switches = switches.clone();
    if name == "mirakl" {
        switches["speed"] = json!(setup.speed);
    }
    std::fs::write(&options, switches.to_string())?;
    let mut command = bcm()?;
    command
        .args(["simulate", name, "--listen", &format!("127.0.0.1:{port}")])
        .args(["--seed", &setup.seed.to_string()])
        .arg("--options")
        .arg(&options)
        .env(format!("BCM_SIM_{}_KEY", name.to_uppercase()), key);
    let mut process = Process::start(command, &folder.path().join(format!("{name}.log")))?;
    let http = Http::new(format!("http://127.0.0.1:{port}"))?;
    let until = Instant::now() + READY;
    while http.get("/_sim/clock").await.is_err() {
        ensure!(
            process.is_running() && Instant::now() < until,
            "the simulator {name} did not start:\n{}",
            process.tail()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((process, http))
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

/// Writes a file that only its owner may read.
fn secret(path: &PathBuf, value: &str) -> anyhow::Result<()> {
    std::fs::write(path, value)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
