//! The demo's world: Temporal, two marketplaces, one ERP, and a configuration as for a real shop.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bluecherry::{AccountModel, Binding, NewCustomer};
use jiff::{SignedDuration, Timestamp};
use ledger::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use simulators::bluecherry::{AutoShip, BlueCherrySim};
use simulators::mirakl::MiraklSim;
use simulators::scenario::{self, GALERIA, NORDWIND};
use workflows::ids::SEARCH_ATTRIBUTES;

use super::{Args, Server};
use crate::config::Config;
use crate::temporal::{DevServer, DevServerOptions, Found, Search, find};

/// Where the Temporal UI is looked for first.
const UI_PORT: u16 = 8233;

/// The folder that holds the demo's configuration, ledger and server database.
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn new(wanted: Option<PathBuf>) -> anyhow::Result<Self> {
        let path = wanted.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("bcm-demo-{}", std::process::id()))
        });
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the demo's folder {} cannot be made", path.display()))?;
        let empty = std::fs::read_dir(&path)?.next().is_none();
        ensure!(
            empty,
            "the demo's folder {} is not empty; name another with --dir",
            path.display()
        );
        Ok(Self {
            path: path.canonicalize()?,
        })
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path.join("bcm.toml")
    }
}

/// Finds Temporal, or fetches and starts it with its UI.
pub(super) async fn temporal(
    args: &Args,
    folder: &Folder,
    tell: &(dyn Fn(&str) + Sync),
) -> anyhow::Result<Server> {
    let search = Search {
        address: args.temporal.clone(),
        ..Search::usual()
    };
    match find(&search, tell).await? {
        Found::Running { address } => Ok(Server::Theirs(address)),
        Found::Program(program) => {
            let taken = std::net::TcpListener::bind(("127.0.0.1", UI_PORT)).is_err();
            let options = DevServerOptions {
                ui: true,
                db_file: Some(folder.path.join("temporal.db")),
                ui_port: (!taken).then_some(UI_PORT),
                fast: true,
                search_attributes: SEARCH_ATTRIBUTES
                    .iter()
                    .map(|name| ((*name).to_owned(), "Keyword".to_owned()))
                    .collect(),
                log_file: Some(folder.path.join("temporal.log")),
                ..DevServerOptions::default()
            };
            Ok(Server::Ours(Box::new(
                DevServer::start(&program, options).await?,
            )))
        }
    }
}

/// Both marketplaces and the ERP, running.
pub struct World {
    pub(super) plan: scenario::World,
    pub(super) nordwind: MiraklSim,
    pub(super) galeria: MiraklSim,
    pub(super) erp: BlueCherrySim,
}

impl World {
    pub(super) async fn start(seed: u64, folder: &Folder, server: &Server) -> anyhow::Result<Self> {
        let plan = scenario::World::new(seed);
        let mut erp = plan.bluecherry_options();
        erp.auto_ship = Some(AutoShip {
            pick_after_s: 1,
            ship_after_s: 1,
        });
        let erp_key = erp.api_key.clone();
        let erp = BlueCherrySim::start(erp).await?;
        let nordwind = marketplace(&plan, NORDWIND).await?;
        let galeria = marketplace(&plan, GALERIA).await?;
        let world = Self {
            plan,
            nordwind,
            galeria,
            erp,
        };
        let account = world.account(&erp_key).await?;
        world.write(folder, server, &erp_key, &account)?;
        Ok(world)
    }

    pub(super) fn marketplace(&self, name: &str) -> &MiraklSim {
        if name == GALERIA {
            &self.galeria
        } else {
            &self.nordwind
        }
    }

    /// The account that finance would have opened for the first marketplace. The other one has an
    /// account for each consumer.
    async fn account(&self, key: &str) -> anyhow::Result<String> {
        let config = bluecherry::Config::new(self.erp.url(), SecretString::from(key.to_owned()));
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
        let rest = bluecherry::Rest::new(config)?;
        let customer = rest
            .put_customer(NORDWIND, &account, "demo-account")
            .await?;
        Ok(customer.customer_code)
    }

    /// Writes what a real shop has: `bcm.toml`, the mapping tables, and the secrets in files.
    fn write(
        &self,
        folder: &Folder,
        server: &Server,
        erp_key: &str,
        account: &str,
    ) -> anyhow::Result<()> {
        let secret = |name: &str, value: &str| secret(&folder.path, name, value);
        secret("erp.key", erp_key)?;
        secret("nordwind.key", &self.nordwind.api_key())?;
        secret("galeria.key", &self.galeria.api_key())?;
        secret(
            "master.key",
            MasterKey::generate().to_base64().expose_secret(),
        )?;
        let mappings = folder.path.join("mappings");
        std::fs::create_dir_all(&mappings)?;
        for (name, text) in self.plan.mapping_files() {
            std::fs::write(mappings.join(name), text)?;
        }
        let erp = self.plan.bluecherry_options();
        let nordwind = self.plan.mirakl_options(NORDWIND).shop_id;
        let galeria = self.plan.mirakl_options(GALERIA).shop_id;
        let since = Timestamp::now() - SignedDuration::from_mins(10);
        let listen = free_port()?;
        let text = format!(
            r#"# Written by `bcm demo`. A real shop's file looks the same.
[bluecherry]
site = "{site}"
base_url = "{erp_url}"
api_key = {{ file = "erp.key" }}
call_timeout_s = 3
read_lag_s = 1
poll_s = 1.0

[ledger]
url = "sqlite://bcm.db"
master_key = {{ file = "master.key" }}

[temporal]
address = "{temporal}"
{ui}
[http]
listen = "127.0.0.1:{listen}"

[mappings]
folder = "mappings"

[[marketplaces]]
code = "nordwind"
prefix = "NW"
base_url = "{nordwind_url}"
shop_id = {nordwind}
api_key = {{ file = "nordwind.key" }}
take_over_from = "{since}"
poll_s = 1.0
overlap_s = 5
call_timeout_s = 3
read_lag_s = 1
customer = {{ model = "channel", customer_code = "{account}" }}
short_stock = "refuse"

[[marketplaces]]
code = "galeria"
prefix = "GA"
base_url = "{galeria_url}"
shop_id = {galeria}
api_key = {{ file = "galeria.key" }}
take_over_from = "{since}"
poll_s = 1.0
overlap_s = 5
call_timeout_s = 3
read_lag_s = 1
customer = {{ model = "consumer" }}
short_stock = "refuse"
"#,
            site = erp.site,
            erp_url = self.erp.url(),
            temporal = server.address(),
            ui = server
                .ui()
                .map(|ui| format!("ui = \"{ui}\"\n"))
                .unwrap_or_default(),
            nordwind_url = self.nordwind.url(),
            galeria_url = self.galeria.url(),
        );
        std::fs::write(folder.config(), text)?;
        Ok(())
    }

    /// The configuration, read as a worker reads it.
    pub(super) fn config(&self, folder: &Folder) -> anyhow::Result<Config> {
        Config::load(&folder.config())
            .map_err(|problems| anyhow::anyhow!("the demo's own configuration:\n{problems}"))
    }
}

async fn marketplace(plan: &scenario::World, name: &str) -> anyhow::Result<MiraklSim> {
    let mut options = plan.mirakl_options(name);
    options.debit_delay_s = 1;
    options.auto_debit = true;
    MiraklSim::start(options).await
}

fn secret(folder: &Path, name: &str, value: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, value)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

/// Addresses a person may open, and the configuration for a second terminal.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub(super) ui: Option<String>,
    pub(super) config: PathBuf,
    pub(super) simulators: [(&'static str, String); 3],
}

impl Links {
    pub(super) fn of(server: &Server, folder: &Folder, world: &World) -> Self {
        Self {
            ui: server.ui(),
            config: folder.config(),
            simulators: [
                (NORDWIND, world.nordwind.url()),
                (GALERIA, world.galeria.url()),
                ("BlueCherry", world.erp.url()),
            ],
        }
    }
}
