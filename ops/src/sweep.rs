//! `bcm sweep`: both sides compared now, and what the last sweeps found.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{Ledger, Sweep, SweepCounts};
use serde::Serialize;
use temporalio_client::Client;
use temporalio_client::schedules::{ScheduleError, ScheduleOverlapPolicy};
use temporalio_client::tonic::Code;
use workflows::ids;

use crate::render::{Cell, Look, Tone, count, json, or_dash, paint, relative, source, table};
use crate::{Output, Surroundings, Trouble, temporal, words};

/// How long a worker has to begin a sweep.
const BEGUN_WITHIN: Duration = Duration::from_secs(30);
/// How long a sweep is waited for; it goes on afterwards.
const DONE_WITHIN: Duration = Duration::from_secs(6 * 3600);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(300);

/// `bcm sweep`, which compares unless told otherwise.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// What to do instead.
    #[command(subcommand)]
    pub verb: Option<SweepVerb>,
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
}

/// Verbs of `bcm sweep`.
#[derive(Debug, Subcommand)]
pub enum SweepVerb {
    /// Lists the last sweeps and what they counted
    List(ListSweeps),
}

/// `bcm sweep list`.
#[derive(Debug, Args)]
pub struct ListSweeps {
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// At most so many
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

/// `bcm sweep --json` and `bcm sweep list --json`.
#[derive(Clone, Debug, Serialize)]
pub struct SweepsDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The newest first.
    pub sweeps: Vec<SweepItem>,
    /// Orders that no pull had brought, found by all sweeps so far.
    pub missed_orders_total: u64,
}

/// One sweep.
#[derive(Clone, Debug, Serialize)]
pub struct SweepItem {
    /// The ledger's number.
    pub id: i64,
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// `requesting`, `exporting`, `reading`, `comparing`, `done` or `export_failed`.
    pub state: String,
    /// When it began, RFC 3339.
    pub started_at: Timestamp,
    /// When it ended, RFC 3339; null while it goes on.
    pub ended_at: Option<Timestamp>,
    /// What was counted.
    pub counts: SweepCounts,
}

impl From<Sweep> for SweepItem {
    fn from(sweep: Sweep) -> Self {
        Self {
            id: sweep.id,
            marketplace: sweep.marketplace,
            state: sweep.state,
            started_at: sweep.started_at,
            ended_at: sweep.ended_at,
            counts: sweep.counts,
        }
    }
}

impl SweepArgs {
    /// Does it.
    ///
    /// # Errors
    /// `no_temporal`, `no_schedule`, `temporal_unreachable`, `no_worker`, `sweep_goes_on`, and the
    /// ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        if let Some(SweepVerb::List(list)) = self.verb {
            return list.run(surroundings).await;
        }
        let client = temporal::connected(surroundings.temporal.as_ref())?;
        let ledger = &surroundings.ledger;
        let codes = match self.marketplace {
            Some(code) => vec![code],
            None => swept(ledger).await?,
        };
        let mut begun = vec![];
        for code in &codes {
            begun.push(begin(client, ledger, code).await?);
        }
        let mut done = vec![];
        for (code, after) in codes.iter().zip(begun) {
            done.push(follow(ledger, code, after, surroundings.look()).await?);
        }
        let failed = done.iter().any(|sweep| sweep.state != "done");
        let document = document(ledger, done).await?;
        Ok(Output {
            text: document.render(surroundings.look()),
            exit: u8::from(failed),
        })
    }
}

impl ListSweeps {
    async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let sweeps = ledger.sweeps(self.marketplace.as_ref(), self.limit).await?;
        let document = SweepsDocument {
            as_of: surroundings.now,
            ..document(ledger, sweeps).await?
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

async fn document(ledger: &Ledger, sweeps: Vec<Sweep>) -> Result<SweepsDocument> {
    let missed = ledger.missed_orders().await?;
    Ok(SweepsDocument {
        source: "ledger",
        as_of: Timestamp::now(),
        sweeps: sweeps.into_iter().map(SweepItem::from).collect(),
        missed_orders_total: missed.iter().map(|(_, n)| n).sum(),
    })
}

/// The marketplaces that feeds pull.
async fn swept(ledger: &Ledger) -> Result<Vec<MarketplaceCode>> {
    let feeds = ledger.feeds().await?;
    let codes = feeds.iter().filter_map(|feed| {
        let (code, _) = feed
            .name
            .split_once('/')
            .filter(|(_, of)| *of == "orders")?;
        MarketplaceCode::new(code).ok()
    });
    let codes: Vec<_> = codes.collect();
    if codes.is_empty() {
        return Err(no_schedule("any marketplace").into());
    }
    Ok(codes)
}

/// Triggers the schedule; where a sweep is under way already, that one is followed. Answers the
/// number that the sweep's own is above.
async fn begin(client: &Client, ledger: &Ledger, code: &MarketplaceCode) -> Result<i64> {
    let last = ledger.sweeps(Some(code), 1).await?;
    let after = match last.first() {
        Some(sweep) if sweep.ended_at.is_none() => sweep.id - 1,
        Some(sweep) => sweep.id,
        None => 0,
    };
    let schedule = client.get_schedule_handle(ids::sweep(code));
    let triggered = schedule
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await;
    match triggered {
        Ok(()) => Ok(after),
        Err(ScheduleError::Rpc(status)) if status.code() == Code::NotFound => {
            Err(no_schedule(code.as_str()).into())
        }
        Err(_) => Err(Trouble::new(
            "temporal_unreachable",
            "Temporal did not start the sweep.",
            "See that the Temporal server runs and that its address and namespace in bcm.toml are right, then repeat the command.",
        )
        .into()),
    }
}

fn no_schedule(of: &str) -> Trouble {
    Trouble::new(
        "no_schedule",
        format!("There is no sweep of {of} yet."),
        "Start a worker (bcm worker) with this marketplace in its bcm.toml; it makes the schedule.",
    )
}

/// Follows a sweep to its end, and tells how far it is.
async fn follow(ledger: &Ledger, code: &MarketplaceCode, after: i64, look: Look) -> Result<Sweep> {
    let mut told = String::new();
    let began = tokio::time::Instant::now();
    loop {
        let newest = ledger.sweeps(Some(code), 1).await?.into_iter().next();
        let newest = newest.filter(|sweep| sweep.id > after);
        let waited = began.elapsed();
        match newest {
            Some(sweep) if sweep.ended_at.is_some() => return Ok(sweep),
            Some(sweep) => {
                let stands = format!(
                    "{code}: {}, {} exported, {} looked up, {} runs",
                    sweep.state, sweep.counts.exported, sweep.counts.looked_up, sweep.counts.runs
                );
                if stands != told && !look.json {
                    eprintln!("{stands}");
                    told = stands;
                }
                if waited > DONE_WITHIN {
                    return Err(Trouble::new(
                        "sweep_goes_on",
                        "The sweep has not ended yet; it goes on without this command.",
                        "Look later: bcm sweep list",
                    )
                    .into());
                }
            }
            None if waited > BEGUN_WITHIN => {
                return Err(Trouble::new(
                    "no_worker",
                    format!(
                        "No worker began the sweep within {} s.",
                        BEGUN_WITHIN.as_secs()
                    ),
                    "Start a worker (bcm worker); the sweep begins by itself when it is there.",
                )
                .into());
            }
            None => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl SweepsDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let row = |sweep: &SweepItem| {
            let c = &sweep.counts;
            let n = |n: u32, tone: Tone| {
                Cell::new(n.to_string(), if n == 0 { Tone::Plain } else { tone })
            };
            let state = match sweep.state.as_str() {
                "done" => Tone::Good,
                "export_failed" => Tone::Bad,
                _ => Tone::Plain,
            };
            vec![
                sweep.id.to_string().into(),
                sweep.marketplace.as_str().into(),
                Cell::new(&sweep.state, state),
                relative(sweep.started_at, self.as_of).into(),
                or_dash(sweep.ended_at.map(|at| relative(at, self.as_of))),
                c.exported.to_string().into(),
                n(c.missed, Tone::Bad),
                n(c.outdated, Tone::Warning),
                n(c.taken_up, Tone::Warning),
                n(c.looked_again, Tone::Warning),
                n(c.findings, Tone::Bad),
                n(c.skipped, Tone::Warning),
            ]
        };
        let headers = [
            "id",
            "marketplace",
            "state",
            "began",
            "ended",
            "exported",
            "missed",
            "outdated",
            "taken up",
            "looked again",
            "findings",
            "skipped",
        ];
        let sweeps = if self.sweeps.is_empty() {
            String::new()
        } else {
            table(&headers, self.sweeps.iter().map(row).collect(), look)
        };
        let n = match self.sweeps.len() as u64 {
            0 => "No sweep yet".to_owned(),
            n => count(n, "sweep", "sweeps"),
        };
        let missed = count(
            self.missed_orders_total,
            "missed order so far",
            "missed orders so far",
        );
        let footer = format!("{n} · {missed} · {}", source(self.as_of));
        format!("{sweeps}{}\n", paint(&footer, Tone::Faint, look))
    }
}
