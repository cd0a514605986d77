//! `bcm campaign`: seeded bad days against real processes, and the invariants checked afterwards.
//!
//! A seed decides everything that is sold, what goes wrong and when. In *safety mode* orders are sold
//! while calls fail, workers die, Temporal crashes and people interfere. In *liveness mode* the
//! faults are over, and everything must come to its end. Then one more full look must write nothing.

pub(crate) mod chance;
mod faults;
mod gather;
pub mod invariants;
mod leaks;
pub mod processes;
mod report;
mod scene;
mod script;
mod second_pass;
mod seed;
pub mod world;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::json;

use crate::run::told_to_stop;
use crate::shop_folder::Folder;
use crate::temporal::{Found, Search, find};

/// Seconds that the simulated operators wait for acceptance.
const ACCEPTANCE_LIMIT_S: u32 = 240;

/// What `bcm campaign` takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// First seed; it decides the orders, the faults and their moments.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: u64,
    /// How many orders a seed sells.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub orders: u16,
    /// Only these faults, by name: n1 … n12, kill, term, freeze, join, temporal, kill-point,
    /// erp-away, consumer, people.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub faults: Vec<String>,
    /// Break this promise on purpose, to see that the campaign catches it: then 1 is the good end.
    #[arg(long, value_name = "NAME")]
    pub plant: Option<Plant>,
    /// Workers from the beginning.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub workers: u8,
    /// Folder for the seeds' folders; must be new or empty.
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Keep every seed's folder, not only those with violations.
    #[arg(long)]
    pub keep: bool,
    /// Write what was found to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// A promise to break on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// A write whose answer was lost is sent again unasked.
    ReadBackOff,
    /// Mirakl is told yes before the sales order is there.
    AcceptBeforeOrder,
    /// A pull whose page failed moves its cursor all the same.
    CursorPastFailure,
}

impl Plant {
    /// The word in the command and in the worker's switches.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadBackOff => "read-back-off",
            Self::AcceptBeforeOrder => "accept-before-order",
            Self::CursorPastFailure => "cursor-past-failure",
        }
    }
}

/// Runs the campaign. The answer is whether no invariant was violated.
///
/// # Errors
/// What kept it from running: no Temporal, a wrong name of a fault, a machine without room.
pub async fn campaign(args: &Args, json: bool) -> anyhow::Result<bool> {
    let known = |name: &&String| {
        let mut all = faults::ON_THE_WIRE.iter().chain(&script::BESIDE_THE_WIRE);
        !all.any(|known| known == name)
    };
    if let Some(unknown) = args.faults.iter().find(known) {
        bail!(
            "there is no fault `{unknown}`; there are {}",
            [&faults::ON_THE_WIRE[..], &script::BESIDE_THE_WIRE[..]]
                .concat()
                .join(", ")
        );
    }
    let folder = Folder::new(args.dir.clone(), "campaign")?;
    let search = Search {
        own_server: true,
        ..Search::usual()
    };
    let Found::Program(temporal) = find(&search, &|line| eprintln!("· {line}")).await? else {
        bail!("a campaign needs Temporal's program, not a server");
    };
    let program = std::env::current_exe().context("where this program is")?;
    let mut all = vec![];
    for seed in args.seed..args.seed.saturating_add(args.seeds) {
        let path = folder.path.join(format!("seed-{seed}"));
        let run = seed::Run {
            seed,
            orders: usize::from(args.orders),
            only: &args.faults,
            plant: args.plant,
            workers: usize::from(args.workers),
            program: &program,
            temporal: &temporal,
            folder: Folder::new(Some(path.clone()), "campaign")?,
        };
        // Dropped, a seed's processes end with it.
        let told = tokio::select! {
            told = seed::run(&run) => told,
            () = told_to_stop() => bail!("stopped at seed {seed}"),
        };
        let told =
            told.with_context(|| format!("seed {seed}; its folder is {}", path.display()))?;
        let clean = told.checked.violations.is_empty();
        if !json {
            report::line(&told, &again(args, seed));
        }
        all.push(told);
        if clean && !args.keep {
            std::fs::remove_dir_all(&path)?;
        } else if !json {
            println!("  folder: {}", path.display());
        }
        if args.plant.is_some() && !clean {
            break;
        }
    }
    finish(args, json, &all)?;
    let clean = all.iter().all(|told| told.checked.violations.is_empty());
    if clean && !args.keep && args.dir.is_none() {
        std::fs::remove_dir_all(&folder.path)?;
    }
    Ok(clean)
}

fn finish(args: &Args, json: bool, all: &[seed::Told]) -> anyhow::Result<()> {
    let commands: Vec<String> = all.iter().map(|told| again(args, told.seed)).collect();
    let document = json!({
        "plant": args.plant.map(Plant::word),
        "seeds": all,
        "again": commands,
        "violations": all.iter().map(|told| told.checked.violations.len()).sum::<usize>(),
    });
    let text = serde_json::to_string_pretty(&document)? + "\n";
    if let Some(file) = &args.report {
        std::fs::write(file, &text)
            .with_context(|| format!("the report cannot be written to {}", file.display()))?;
    }
    if json {
        print!("{text}");
        return Ok(());
    }
    report::table(all);
    if let Some(plant) = args.plant {
        let caught = all.iter().any(|told| !told.checked.violations.is_empty());
        let word = if caught { "CAUGHT" } else { "NOT CAUGHT" };
        println!("the planted fault `{}` was {word}", plant.word());
    }
    Ok(())
}

/// The command that runs one seed again.
fn again(args: &Args, seed: u64) -> String {
    let mut command = format!("bcm campaign --seed {seed} --orders {}", args.orders);
    if !args.faults.is_empty() {
        command += &format!(" --faults {}", args.faults.join(","));
    }
    if let Some(plant) = args.plant {
        command += &format!(" --plant {}", plant.word());
    }
    if args.workers > 1 {
        command += &format!(" --workers {}", args.workers);
    }
    command
}
