//! The verbs of `bcm`.

use std::path::PathBuf;
use std::process::ExitCode;

use activities::Clock;
use anyhow::Context;
use clap::{Parser, Subcommand};
use ledger::MasterKey;
use secrecy::ExposeSecret;
use worker::config::Config;
use worker::run::{self, Running};
use worker::{connect, demo, telemetry};

mod simulate;

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
    /// Make a master key for the ledger.
    Key,
    /// Run a simulator by itself.
    #[command(subcommand)]
    Simulate(simulate::Simulate),
}

impl Cli {
    /// Runs the verb; 0 is well, 1 is not, 2 is refused.
    pub async fn run(self) -> ExitCode {
        let done = match &self.verb {
            Verb::Demo(args) => self.demo(args).await,
            Verb::Worker { log_json } => self.worker(*log_json).await,
            Verb::Key => {
                println!("{}", MasterKey::generate().to_base64().expose_secret());
                Ok(0)
            }
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

    async fn demo(&self, args: &demo::Args) -> anyhow::Result<u8> {
        telemetry::start(&telemetry::Options {
            filter: std::env::var("RUST_LOG")
                .ok()
                .or_else(|| Some("error".to_owned())),
            ..telemetry::Options::default()
        })?;
        Ok(u8::from(!demo::demo(args).await?))
    }

    async fn worker(&self, log_json: bool) -> anyhow::Result<u8> {
        let form = if log_json {
            telemetry::Form::Json
        } else {
            telemetry::Form::default()
        };
        telemetry::start(&telemetry::Options {
            form,
            ..telemetry::Options::default()
        })?;
        let config = self.load()?;
        let clock = Clock::system();
        let ledger = connect::ledger(&config, &clock).await?;
        let connections = connect::connections(&config, ledger, clock).await?;
        let version = run::publish(&connections, &config.mappings).await?;
        let client = connect::temporal(&config.temporal).await?;
        let running = Running::new(&config, connections.into(), client);
        run::run(running, run::told_to_stop(), || {
            tracing::info!(mapping_version = version, "ready");
        })
        .await?;
        Ok(0)
    }

    fn load(&self) -> anyhow::Result<Config> {
        Config::load(&self.config)
            .map_err(|problems| anyhow::anyhow!("{problems}"))
            .with_context(|| format!("{} is refused", self.config.display()))
    }
}
