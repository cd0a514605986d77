//! `bcm bench`: figures beside their goals, measured with real processes on this machine.

mod billed;
mod cost;
mod figure;
mod lives;
mod noop;
mod outage;
mod parked;
mod peer;
mod recovery;
mod standing;
mod stock;
mod witness;

use std::io::IsTerminal;
use std::time::Instant;

use clap::{Args as ClapArgs, ValueEnum};

use crate::telemetry;

pub use billed::{Actions, Run, actions};
pub use figure::{Figure, Goal, Measured, median, percentile};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Order lives a second, time from seen to accepted, and what one happy order costs.
    Orders,
    /// A thousand orders at once.
    Burst,
    /// Processor time of a worker that does nothing, beside a bare SDK worker.
    Noop,
    /// Memory of a worker: fresh, and with a thousand parked orders.
    Parked,
    /// A worker that is killed, and one that is told to stop.
    Recovery,
    /// Four hours without BlueCherry.
    Outage,
    /// What a shop costs a day without any order.
    Standing,
    /// A hundred thousand SKUs published, and a million.
    Stock,
    /// All of it.
    All,
}

/// What `bcm bench` takes.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// What to measure.
    #[arg(value_enum)]
    pub which: Which,
    /// Measure little, to see that the measuring works; the figures mean nothing.
    #[arg(long)]
    pub short: bool,
    /// With `noop`: only run the worker, for a driver elsewhere; prints `READY PID`.
    #[arg(long, num_args = 2, value_names = ["ADDRESS", "QUEUE"])]
    pub worker_only: Option<Vec<String>>,
    /// With `--worker-only`: leave every option of the SDK as it comes.
    #[arg(long, requires = "worker_only")]
    pub bare: bool,
}

/// What every measurement needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// Measure little.
    pub short: bool,
    started: Instant,
}

impl Bench {
    /// What was measured; what could not be measured is a figure too, a missed one, and keeps no
    /// other from being told.
    fn kept(&self, name: &'static str, measured: anyhow::Result<Vec<Figure>>) -> Vec<Figure> {
        measured.unwrap_or_else(|error| {
            self.tell(&format!("{name}: {error:#}"));
            let goal = Goal::AtMost(0.0);
            vec![Figure::new(name, "not measured", &[], "", goal).noted(format!("{error:#}"))]
        })
    }

    /// Says what happens, on the error output, so that JSON stays alone on the other one.
    pub fn tell(&self, line: &str) {
        let at = self.started.elapsed().as_secs();
        let mark = if std::io::stderr().is_terminal() {
            "\u{1b}[2m·\u{1b}[0m"
        } else {
            "·"
        };
        eprintln!("{mark} {at:>4} s  {line}");
    }
}

/// Runs `bcm bench`; `None` when only a worker was wanted, and has ended.
///
/// # Errors
/// What kept something from being measured. A missed goal is no error.
pub async fn bench(args: &Args) -> anyhow::Result<Option<Measured>> {
    if let Some(place) = &args.worker_only {
        let [address, queue] = place.as_slice() else {
            anyhow::bail!("--worker-only wants an address and a queue");
        };
        anyhow::ensure!(
            args.which == Which::Noop,
            "--worker-only goes with `bcm bench noop`"
        );
        if !args.bare {
            telemetry::start(&telemetry::Options::default())?;
        }
        peer::worker(address, queue, args.bare).await?;
        return Ok(None);
    }
    let bench = Bench {
        short: args.short,
        started: Instant::now(),
    };
    let wanted = |which: Which| args.which == which || args.which == Which::All;
    let mut figures = vec![];
    if wanted(Which::Noop) {
        figures.extend(bench.kept("noop", noop::measure(&bench).await));
    }
    if wanted(Which::Orders) {
        figures.extend(bench.kept("orders", lives::measure(&bench).await));
        figures.extend(bench.kept("orders", cost::measure(&bench).await));
    }
    if wanted(Which::Standing) {
        figures.extend(bench.kept("standing", standing::measure(&bench).await));
    }
    if wanted(Which::Burst) || wanted(Which::Parked) {
        let both = bench.kept("burst", parked::measure(&bench).await);
        let asked = both
            .into_iter()
            .filter(|f| args.which == Which::All || (f.bench == "burst") == wanted(Which::Burst));
        figures.extend(asked);
    }
    if wanted(Which::Recovery) {
        figures.extend(bench.kept("recovery", recovery::measure(&bench).await));
    }
    if wanted(Which::Outage) {
        figures.extend(bench.kept("outage", outage::measure(&bench).await));
    }
    if wanted(Which::Stock) {
        figures.extend(bench.kept("stock", stock::measure(&bench).await));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Some(Measured {
        version: env!("CARGO_PKG_VERSION"),
        cores,
        short: args.short,
        optimized: !cfg!(debug_assertions),
        seconds: bench.started.elapsed().as_secs_f64(),
        missed: figures.iter().filter(|f| !f.pass).count(),
        figures,
    }))
}
