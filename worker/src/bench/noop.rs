//! Drives both workers of [`super::peer`] and counts their processor time.

use std::time::Duration;

use anyhow::ensure;
use futures::{StreamExt, TryStreamExt, stream};
use temporalio_client::{Client, WorkflowStartOptions};
use temporalio_common::data_converters::RawValue;

use super::Bench;
use super::figure::{Figure, Goal};
use super::peer::PeerBench;
use crate::place::{Process, bcm, client, dev_server};

/// Runs under way at once.
const AT_ONCE: usize = 50;
/// What the five activities answer together.
const SUM: i64 = 10;
/// Longest that a worker may take to say that it is ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures both workers in turn.
///
/// # Errors
/// What kept a worker or the server from running, or a wrong result.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (pairs, runs) = if bench.short { (1, 60) } else { (3, 500) };
    let folder = tempfile::tempdir()?;
    let server = dev_server(folder.path(), &|line| bench.tell(line)).await?;
    let client = client(&server.address()).await?;
    let (mut ratios, mut ours, mut bare) = (vec![], vec![], vec![]);
    for pair in 0..pairs {
        let mut cost = [0.0, 0.0];
        // Who comes first changes, so that a server that slows down is unfair to neither.
        for at in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
            let is_bare = at == 1;
            let queue = format!("peer-{pair}-{at}");
            let log = folder.path().join(format!("{queue}.log"));
            let mut command = bcm()?;
            command.args(["bench", "noop", "--worker-only", &server.address(), &queue]);
            if is_bare {
                command.arg("--bare");
            }
            let mut worker = Process::start(command, &log)?;
            ready(&mut worker).await?;
            let before = worker.usage()?;
            drive(&client, &queue, runs).await?;
            let used = worker.usage()?;
            cost[at] = (used.cpu_s - before.cpu_s) * 1_000.0 / f64::from(runs);
            let name = if is_bare { "bare" } else { "ours" };
            bench.tell(&format!(
                "noop: {name} worker, {runs} runs: {:.2} s of processor time per 1,000, {:.0} MB",
                cost[at], used.rss_mb
            ));
            worker.terminate(PATIENCE).await?;
        }
        ratios.push(cost[0] / cost[1]);
        ours.push(cost[0]);
        bare.push(cost[1]);
    }
    server.stop().await?;
    let note = format!(
        "{runs} runs of PeerBench, {AT_ONCE} at a time, 5 + 5 pollers; {pairs} pairs, who comes first changes"
    );
    Ok(vec![
        Figure::new(
            "noop",
            "processor time, ours ÷ bare SDK worker",
            &ratios,
            "×",
            Goal::AtMost(1.2),
        )
        .noted(note),
        Figure::new(
            "noop",
            "processor time of ours per 1,000 runs",
            &ours,
            "s",
            Goal::None,
        ),
        Figure::new(
            "noop",
            "processor time of the bare worker per 1,000 runs",
            &bare,
            "s",
            Goal::None,
        ),
    ])
}

async fn ready(worker: &mut Process) -> anyhow::Result<()> {
    let waited = tokio::time::timeout(PATIENCE, async {
        while worker.is_running() && !worker.log().contains("READY") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let in_time = waited.await.is_ok();
    ensure!(
        in_time && worker.is_running(),
        "the worker did not start:\n{}",
        worker.tail()
    );
    Ok(())
}

/// Starts the runs, tells each to go, and waits for their sums.
async fn drive(client: &Client, queue: &str, runs: u32) -> anyhow::Result<()> {
    let nothing = || RawValue { payloads: vec![] };
    let one = async |number: u32| {
        let options = WorkflowStartOptions::new(queue, format!("{queue}-{number}")).build();
        let run = client
            .start_workflow(PeerBench::run, nothing(), options)
            .await?;
        run.signal(PeerBench::go, nothing(), Default::default())
            .await?;
        let sum = run.get_result(Default::default()).await?;
        ensure!(sum == SUM, "a run answered {sum} instead of {SUM}");
        Ok(())
    };
    stream::iter(0..runs)
        .map(one)
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await
}
