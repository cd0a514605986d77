//! `bcm demo`: everything on this machine, from nothing to shipped orders, on a real Temporal server.

mod ink;
mod progress;
mod report;
mod returns;
mod rows;
mod stock;
mod story;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use activities::{Clock, Switches};
use anyhow::Context;
use ledger::Ledger;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

use crate::config::Config;

use crate::run::{self, Running};
use crate::shop_folder::Folder;
use crate::{connect, temporal};

pub use report::Report;

/// What `bcm demo` takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// How many orders are sold.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub orders: u16,
    /// What happens: orders from first sight to shipment; stock that sells on two marketplaces and in
    /// wholesale at once; or what follows a sale: parcels, short units, returns and refunds.
    #[arg(long, value_enum, default_value_t = Scenario::Orders)]
    pub scenario: Scenario,
    /// With `--scenario stock`: keep nothing back, and take nothing off for orders that BlueCherry's
    /// batch has not seen. It must oversell.
    #[arg(long)]
    pub unguarded: bool,
    /// Seed of the world: the same seed sells the same orders.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// End when every order has come to its end, instead of staying up until Ctrl-C.
    #[arg(long)]
    pub exit: bool,
    /// Write the counts, read from the simulators' ledgers, to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Use this Temporal server instead of starting one.
    #[arg(long, value_name = "ADDRESS")]
    pub temporal: Option<String>,
    /// Folder for the demo's configuration, ledger and server database; must be new or empty.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Give up after so many seconds when orders do not come to their end.
    #[arg(long, default_value_t = 170)]
    pub patience: u64,
}

/// What happens in a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Orders, from first sight to shipment.
    Orders,
    /// Stock, until it is sold.
    Stock,
    /// What follows a sale, until the money is where it belongs.
    Returns,
}

/// Runs the demo. The answer is whether everything ended as planned.
///
/// # Errors
/// What kept it from starting: no Temporal, a port that is taken.
pub async fn demo(args: &Args) -> anyhow::Result<bool> {
    let folder = Folder::new(args.dir.clone(), "demo")?;
    let tell = |line: &str| eprintln!("· {line}");
    let server = world::temporal(args, &folder, &tell).await?;
    match args.scenario {
        Scenario::Orders => orders(args, &folder, server).await,
        Scenario::Stock => stock::demo(args, &folder, server).await,
        Scenario::Returns => returns::demo(args, &folder, server).await,
    }
}

async fn orders(args: &Args, folder: &Folder, server: Server) -> anyhow::Result<bool> {
    let world = world::World::start(args.seed, folder, &server, &world::ORDERS).await?;
    let config = world.config(folder)?;
    let links = world::Links::of(&server, folder, &world);
    let told = beside_a_worker(&config, None, async |ledger| {
        story::tell(args, &world, ledger, &links).await
    });
    let report = told.await?;
    write(&report, args.report.as_deref())?;
    drop(server);
    Ok(report.is_as_planned())
}

/// Runs a worker while something happens beside it, and ends with that.
async fn beside_a_worker<T>(
    config: &Config,
    switches: Option<Switches>,
    story: impl AsyncFnOnce(&Ledger) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let clock = Clock::system();
    let ledger = connect::ledger(config, &clock).await?;
    let connections = connect::connections(config, ledger.clone(), clock.clone()).await?;
    let connections = match switches {
        Some(switches) => connections.with_switches(switches),
        None => connections,
    };
    run::publish(&connections, &config.mappings).await?;
    let client = connect::temporal(&config.temporal).await?;
    let running = Running::new(config, Arc::new(connections), client);
    let (ready, is_ready) = oneshot::channel();
    let stop = Notify::new();
    let told = async {
        // Dropped when the worker could not start; then there is no story to tell.
        let told = match is_ready.await {
            Ok(()) => story(&ledger).await,
            Err(_) => Err(anyhow::anyhow!("the worker did not start")),
        };
        stop.notify_one();
        told
    };
    let announce = move || {
        // The story may have been given up already.
        let _ = ready.send(());
    };
    let ran = run::run(running, stop.notified(), announce);
    let (told, ran) = tokio::join!(told, ran);
    ran?;
    told
}

/// Writes the counts to a file, if one is named.
fn write(report: &impl Serialize, file: Option<&Path>) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let json = serde_json::to_string_pretty(report)?;
    std::fs::write(file, json + "\n")
        .with_context(|| format!("the report cannot be written to {}", file.display()))
}

/// Finds or starts Temporal, as the demo and the tests do it.
pub(crate) enum Server {
    /// Somebody else's.
    Theirs(String),
    /// Started here; ends with the demo.
    Ours(Box<temporal::DevServer>),
}

impl Server {
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Theirs(address) => address.clone(),
            Self::Ours(server) => server.address(),
        }
    }

    pub(crate) fn ui(&self) -> Option<String> {
        match self {
            Self::Theirs(_) => None,
            Self::Ours(server) => server.ui_url(),
        }
    }
}
