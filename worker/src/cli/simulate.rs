//! `bcm simulate`: one simulator as a process of its own, for people and scripts.

use std::net::SocketAddr;

use clap::Subcommand;
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
    },
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
