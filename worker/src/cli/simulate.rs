//! `bcm simulate`: one simulator as a process of its own, for people and scripts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use simulators::bluecherry::{AutoShip, BlueCherrySim};
use simulators::mirakl::MiraklSim;
use simulators::scenario::{GALERIA, NORDWIND, World};
use worker::run::told_to_stop;

/// Which simulator.
#[derive(Subcommand)]
pub enum Simulate {
    /// A Mirakl marketplace.
    Mirakl {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:4010")]
        listen: SocketAddr,
        /// `nordwind` (USD, taxes on top) or `galeria` (EUR, taxes inside).
        #[arg(long, default_value = NORDWIND, value_parser = [NORDWIND, GALERIA])]
        marketplace: String,
        /// The key that callers must send; without it one is made from the shop ID.
        #[arg(long, env = "BCM_SIM_MIRAKL_KEY")]
        api_key: Option<String>,
        /// Shop ID; the key belongs to it.
        #[arg(long)]
        shop_id: Option<i64>,
        /// Seconds until an accepted order is debited.
        #[arg(long, default_value_t = 1)]
        debit_delay_s: u64,
        /// How fast the clock runs.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Seed of the world.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// The operator's switches as JSON, over all of the above; a wrong name is
        /// refused. For example {"partial_acceptance": false, "multi_shipment": true}.
        #[arg(long, value_name = "FILE")]
        options: Option<PathBuf>,
    },
    /// A BlueCherry site that speaks the connector profile v1.
    Bluecherry {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:4020")]
        listen: SocketAddr,
        /// The key that callers must send.
        #[arg(long, env = "BCM_SIM_BLUECHERRY_KEY")]
        api_key: Option<String>,
        /// Site name.
        #[arg(long)]
        site: Option<String>,
        /// Seconds until a released order is picked, and again until it is shipped; nobody ships by
        /// itself without it.
        #[arg(long)]
        ship_after_s: Option<u64>,
        /// Queue writes and carry them out every so many seconds, as file-fed sites do.
        #[arg(long)]
        queue_cycle_s: Option<u64>,
        /// Seed of the world.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// The site's switches as JSON, over all of the above; a wrong name is refused. For example
        /// {"reject_whole_order": true}.
        #[arg(long, value_name = "FILE")]
        options: Option<PathBuf>,
    },
}

/// Lays a file's switches over a simulator's options.
fn switched<T: Serialize + DeserializeOwned>(options: T, file: Option<&Path>) -> anyhow::Result<T> {
    let Some(file) = file else { return Ok(options) };
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let switches: Map<String, Value> =
        serde_json::from_str(&text).with_context(|| format!("{name} is no JSON object"))?;
    let mut all = serde_json::to_value(options)?;
    let known: Vec<String> = all
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    for (switch, value) in switches {
        if !known.contains(&switch) {
            bail!(
                "{name}: no switch is named {switch}; there are {}",
                known.join(", ")
            );
        }
        all[switch] = value;
    }
    serde_json::from_value(all)
        .with_context(|| format!("{name}: a switch has a value it cannot have"))
}

impl Simulate {
    /// Runs until Ctrl-C.
    pub async fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Mirakl {
                listen,
                marketplace,
                api_key,
                shop_id,
                debit_delay_s,
                speed,
                seed,
                options: file,
            } => {
                let mut options = World::new(*seed).mirakl_options(marketplace);
                options.listen = Some(*listen);
                options.speed = *speed;
                options.debit_delay_s = *debit_delay_s;
                options.auto_debit = true;
                if let Some(shop_id) = shop_id {
                    options.shop_id = *shop_id;
                }
                options.api_key.clone_from(api_key);
                let options = switched(options, file.as_deref())?;
                let shop = options.shop_id;
                let sim = MiraklSim::start(options).await?;
                println!(
                    "Mirakl {marketplace}, shop {shop}: {} (key {})",
                    sim.url(),
                    sim.api_key()
                );
                println!(
                    "Look: {0}/_sim/ledger · sell: POST {0}/_sim/orders",
                    sim.url()
                );
                told_to_stop().await;
            }
            Self::Bluecherry {
                listen,
                api_key,
                site,
                ship_after_s,
                queue_cycle_s,
                seed,
                options: file,
            } => {
                let mut options = World::new(*seed).bluecherry_options();
                options.listen = listen.to_string();
                if let Some(key) = api_key {
                    options.api_key.clone_from(key);
                }
                if let Some(site) = site {
                    options.site.clone_from(site);
                }
                options.auto_ship = ship_after_s.map(|seconds| AutoShip {
                    pick_after_s: seconds,
                    ship_after_s: seconds,
                });
                if let Some(cycle) = queue_cycle_s {
                    options.write_mode = simulators::bluecherry::WriteMode::Queued;
                    options.queue_cycle_s = *cycle;
                }
                let options = switched(options, file.as_deref())?;
                let (site, key) = (options.site.clone(), options.api_key.clone());
                let sim = BlueCherrySim::start(options).await?;
                println!("BlueCherry {site}: {} (key {key})", sim.url());
                println!(
                    "Look: {0}/_sim/ledger · ship: POST {0}/_sim/shipments",
                    sim.url()
                );
                told_to_stop().await;
            }
        }
        Ok(())
    }
}
