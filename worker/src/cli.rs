//! The verbs of `bcm`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use activities::Clock;
use clap::{Parser, Subcommand};
use ledger::MasterKey;
use ops::ledger::LedgerVerb;
use ops::render::Look;
use secrecy::ExposeSecret;
use worker::run::{self, Running};
use worker::{bench, campaign, connect, demo, telemetry};

mod person;
mod simulate;

use person::Place;

/// Carries Mirakl orders into BlueCherry and back, on Temporal.
#[derive(Parser)]
#[command(name = "bcm", version, about)]
pub struct Cli {
    /// The configuration.
    #[arg(long, global = true, env = "BCM_CONFIG", default_value = "bcm.toml")]
    config: PathBuf,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// See it work: Temporal, two marketplaces, an ERP and a worker on this machine.
    Demo(demo::Args),
    /// Run the worker.
    Worker {
        /// Log lines as JSON.
        #[arg(long)]
        log_json: bool,
    },
    /// Check the configuration against both systems.
    Check,
    /// One screen: orders, exceptions, feeds.
    Status(ops::status::Status),
    /// List, read and steer orders.
    #[command(subcommand)]
    Orders(ops::orders::OrdersVerb),
    /// What waits for a person.
    #[command(subcommand)]
    Exceptions(ops::exceptions::ExceptionsVerb),
    /// Mapping tables that wait for a person's yes.
    #[command(subcommand)]
    Mappings(ops::mappings::MappingsVerb),
    /// The feeds; lists them unless told otherwise.
    Feeds(ops::feeds::Feeds),
    /// The ledger itself.
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Compare both sides now, or list what the last sweeps found.
    Sweep(ops::sweep::SweepArgs),
    /// Stock: what should show, was sent and shows on Mirakl, why, and what is held.
    #[command(subcommand)]
    Stock(ops::stock::StockVerb),
    /// Ask a running worker whether it is well; 0 when it is. For container health checks.
    Health,
    /// Measure, and hold the figures against their goals; needs no set-up.
    Bench(bench::Args),
    /// Make a master key for the ledger.
    Key,
    /// Seeded bad days against real processes; 0 when no invariant was violated.
    Campaign(campaign::Args),
    /// Run a simulator by itself.
    #[command(subcommand)]
    Simulate(simulate::Simulate),
}

impl Cli {
    /// Runs the verb; 0 is well, 1 is not, 2 is refused.
    pub async fn run(self) -> ExitCode {
        let look = Look {
            json: self.json,
            color: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            width: None,
        };
        let place = Place {
            config: self.config,
        };
        let done = match self.verb {
            Verb::Demo(args) => run_demo(&args).await,
            Verb::Worker { log_json } => run_worker(&place, log_json).await,
            Verb::Check => place.check(look).await,
            Verb::Status(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Orders(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Exceptions(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Mappings(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Feeds(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Ledger(LedgerVerb::Rebuild(asked)) => place.rebuild(look, &asked).await,
            Verb::Sweep(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Stock(verb) => place.with(look, async |s| verb.run(s).await).await,
            Verb::Health => run_health(&place).await,
            Verb::Bench(args) => run_bench(&args, look).await,
            Verb::Key => {
                println!("{}", MasterKey::generate().to_base64().expose_secret());
                Ok(0)
            }
            Verb::Campaign(args) => return run_campaign(&args, self.json).await,
            Verb::Simulate(simulate) => simulate.run().await.map(|()| 0),
        };
        match done {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("bcm: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

async fn run_demo(args: &demo::Args) -> anyhow::Result<u8> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned());
    telemetry::start(&telemetry::Options {
        filter: Some(filter),
        ..telemetry::Options::default()
    })?;
    Ok(u8::from(!demo::demo(args).await?))
}

/// 0: no violation; 1: violations, or a planted fault that was caught; 2: it could not run.
async fn run_campaign(args: &campaign::Args, json: bool) -> ExitCode {
    match campaign::campaign(args, json).await {
        Ok(clean) => ExitCode::from(u8::from(!clean)),
        Err(error) => {
            eprintln!("bcm: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run_worker(place: &Place, log_json: bool) -> anyhow::Result<u8> {
    let form = if log_json {
        telemetry::Form::Json
    } else {
        telemetry::Form::default()
    };
    telemetry::start(&telemetry::Options {
        form,
        ..telemetry::Options::default()
    })?;
    let config = place.load()?;
    let clock = Clock::system();
    let ledger = connect::ledger(&config, &clock).await?;
    let connections = connect::connections(&config, ledger, clock).await?;
    let connections = Arc::new(connections);
    // Told once, heard by whatever the worker does then.
    let (told, stop) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        run::told_to_stop().await;
        told.send_replace(true);
    });
    let stopped = async |mut stop: tokio::sync::watch::Receiver<bool>| {
        // Nobody is left to tell it only when the program ends anyway.
        let _ = stop.wait_for(|told| *told).await;
    };
    let connected = run::connected(&config, &connections, stopped(stop.clone())).await?;
    let Some(client) = connected else {
        return Ok(0);
    };
    let version = run::put_in_force(&client, &connections, &config.mappings).await?;
    let running = Running::new(&config, connections, client);
    run::run(running, stopped(stop), || {
        tracing::info!(mapping_version = version, "ready");
    })
    .await?;
    Ok(0)
}

/// A missed goal ends with 1, so that a script notices.
async fn run_bench(args: &bench::Args, look: Look) -> anyhow::Result<u8> {
    let Some(measured) = bench::bench(args).await? else {
        return Ok(0);
    };
    if look.json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        print!("{}", measured.render(look));
    }
    Ok(u8::from(measured.missed > 0 && !measured.short))
}

async fn run_health(place: &Place) -> anyhow::Result<u8> {
    let (well, text) = worker::health::ask(place.load()?.http.listen).await?;
    println!("{text}");
    Ok(u8::from(!well))
}
