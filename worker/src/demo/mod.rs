//! `bcm demo`: everything on this machine, from nothing to shipped orders, on a real Temporal server.
//! With `--scenario stock`: two marketplaces sell from one stock while the ERP's figures lag.

mod ink;
mod progress;
mod report;
mod stock;
mod story;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use activities::Clock;
use anyhow::Context;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

use crate::run::{self, Running};
use crate::shop_folder::Folder;
use crate::{connect, temporal};

pub use report::Report;
pub use stock::report::StockReport;

/// What a demo shows.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Orders, from their sale to their shipment.
    #[default]
    Orders,
    /// Stock that sells on two marketplaces while the ERP's figures lag behind.
    Stock,
}

/// What `bcm demo` takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What is shown.
    #[arg(long, value_enum, default_value_t)]
    pub scenario: Scenario,
    /// Scenario `stock`: no buffer, and what a batch has not seen yet is promised again. It oversells,
    /// on purpose; then that is what ends well.
    #[arg(long, visible_alias = "no-buffer")]
    pub unguarded: bool,
    /// How many orders are sold; in the scenario `stock` four times as many customers come.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub orders: u16,
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

/// Runs the demo. The answer is whether everything ended as planned.
///
/// # Errors
/// What kept it from starting: no Temporal, a port that is taken.
pub async fn demo(args: &Args) -> anyhow::Result<bool> {
    let folder = Folder::new(args.dir.clone(), "demo")?;
    let tell = |line: &str| eprintln!("· {line}");
    let server = world::temporal(args, &folder, &tell).await?;
    let world = Arc::new(world::World::start(args, &folder, &server).await?);
    let config = world.config(&folder)?;
    let clock = Clock::system();
    let ledger = connect::ledger(&config, &clock).await?;
    let connections = connect::connections(&config, ledger.clone(), clock.clone()).await?;
    let connections = Arc::new(match args.unguarded {
        true => connections.with_stock(stock::plan::unguarded(config.stock_settings())),
        false => connections,
    });
    run::publish(&connections, &config.mappings).await?;
    let client = connect::temporal(&config.temporal).await?;
    let running = Running::new(&config, connections, client);

    let (ready, is_ready) = oneshot::channel();
    let stop = Arc::new(Notify::new());
    let telling = Arc::clone(&stop);
    let story = {
        let (world, args) = (Arc::clone(&world), args.clone());
        let links = world::Links::of(&server, &folder, &world);
        tokio::spawn(async move {
            // Dropped when the worker could not start; then there is no story to tell.
            let told = match is_ready.await {
                Ok(()) => tell_scenario(&args, &world, &ledger, &links).await,
                Err(_) => Err(anyhow::anyhow!("the worker did not start")),
            };
            telling.notify_one();
            told
        })
    };
    let stopped = async { stop.notified().await };
    let announce = move || {
        // The story may have been given up already.
        let _ = ready.send(());
    };
    let ran = run::run(running, stopped, announce).await;
    let told = story.await.context("the demo's story")?;
    ran?;
    let report = told?;
    if let Some(file) = &args.report {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json + "\n")
            .with_context(|| format!("the report cannot be written to {}", file.display()))?;
    }
    drop(server);
    Ok(report.is_as_planned())
}

async fn tell_scenario(
    args: &Args,
    world: &world::World,
    ledger: &ledger::Ledger,
    links: &world::Links,
) -> anyhow::Result<Told> {
    Ok(match args.scenario {
        Scenario::Orders => Told::Orders(story::tell(args, world, ledger, links).await?),
        Scenario::Stock => Told::Stock(stock::tell(args, world, ledger, links).await?),
    })
}

/// What a scenario came to.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Orders(Report),
    Stock(StockReport),
}

impl Told {
    fn is_as_planned(&self) -> bool {
        match self {
            Self::Orders(report) => report.is_as_planned(),
            Self::Stock(report) => report.is_as_planned(),
        }
    }
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
