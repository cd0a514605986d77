//! The demo's world: Temporal, two marketplaces, one ERP, and a configuration as for a real shop.

use std::path::PathBuf;

use simulators::bluecherry::{AutoShip, BlueCherryOptions, BlueCherrySim};
use simulators::mirakl::{MiraklOptions, MiraklSim};
use simulators::scenario::{self, GALERIA, NORDWIND};
use workflows::ids::SEARCH_ATTRIBUTES;

use super::{Args, Server};
use crate::config::Config;
use crate::shop_folder::{Endpoint, Folder, Pace, Shop, free_port};
use crate::temporal::{DevServer, DevServerOptions, Found, Search, find};

/// Where the Temporal UI is looked for first.
const UI_PORT: u16 = 8233;

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
            let options = |ui_port| DevServerOptions {
                ui: true,
                db_file: Some(folder.path.join("temporal.db")),
                ui_port,
                fast: true,
                search_attributes: SEARCH_ATTRIBUTES
                    .iter()
                    .map(|name| ((*name).to_owned(), "Keyword".to_owned()))
                    .collect(),
                log_file: Some(folder.path.join("temporal.log")),
                ..DevServerOptions::default()
            };
            let is_free = std::net::TcpListener::bind(("127.0.0.1", UI_PORT)).is_ok();
            let usual = is_free.then_some(UI_PORT);
            let server = match DevServer::start(&program, options(usual)).await {
                // Another demo that was started at the same moment took the port in between.
                Err(_) if is_free => DevServer::start(&program, options(None)).await?,
                started => started?,
            };
            Ok(Server::Ours(Box::new(server)))
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

/// What is particular about both systems of a demo, and about its shops.
pub(super) struct Manner {
    /// Who writes the configuration.
    pub(super) written_by: &'static str,
    /// Settings of the ERP.
    pub(super) erp: fn(&mut BlueCherryOptions),
    /// Settings of a marketplace, by its name.
    pub(super) marketplace: fn(&str, &mut MiraklOptions),
    /// Lines of each shop on what follows a sale.
    pub(super) after_sale: &'static str,
}

/// Orders that ship by themselves, on marketplaces as usual.
pub(super) const ORDERS: Manner = Manner {
    written_by: "demo",
    erp: |erp| {
        erp.auto_ship = Some(AutoShip {
            pick_after_s: 1,
            ship_after_s: 1,
        });
    },
    marketplace: |_, _| {},
    after_sale: "",
};

impl World {
    pub(super) async fn start(
        seed: u64,
        folder: &Folder,
        server: &Server,
        manner: &Manner,
    ) -> anyhow::Result<Self> {
        let plan = scenario::World::new(seed);
        let mut erp = plan.bluecherry_options();
        (manner.erp)(&mut erp);
        let erp_key = erp.api_key.clone();
        let erp = BlueCherrySim::start(erp).await?;
        let nordwind = marketplace(&plan, NORDWIND, manner).await?;
        let galeria = marketplace(&plan, GALERIA, manner).await?;
        let world = Self {
            plan,
            nordwind,
            galeria,
            erp,
        };
        world.write(folder, server, &erp_key, manner).await?;
        Ok(world)
    }

    pub(super) fn marketplace(&self, name: &str) -> &MiraklSim {
        if name == GALERIA {
            &self.galeria
        } else {
            &self.nordwind
        }
    }

    /// Writes what a real shop has: `bcm.toml`, the mapping tables, and the secrets in files.
    async fn write(
        &self,
        folder: &Folder,
        server: &Server,
        erp_key: &str,
        manner: &Manner,
    ) -> anyhow::Result<()> {
        let endpoint = |url: String, api_key: String| Endpoint { url, api_key };
        let shop = Shop {
            stock: None,
            after_sale: manner.after_sale,
            written_by: manner.written_by,
            plan: &self.plan,
            erp: endpoint(self.erp.url(), erp_key.to_owned()),
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
        };
        shop.write(folder).await
    }

    /// The configuration, read as a worker reads it.
    pub(super) fn config(&self, folder: &Folder) -> anyhow::Result<Config> {
        Config::load(&folder.config())
            .map_err(|problems| anyhow::anyhow!("the demo's own configuration:\n{problems}"))
    }
}

async fn marketplace(
    plan: &scenario::World,
    name: &str,
    manner: &Manner,
) -> anyhow::Result<MiraklSim> {
    let mut options = plan.mirakl_options(name);
    options.debit_delay_s = 1;
    options.auto_debit = true;
    (manner.marketplace)(name, &mut options);
    MiraklSim::start(options).await
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
