//! `bcm bench burst` and `parked`: a thousand orders at once, and the memory that they take while
//! they wait.

use std::time::Duration;

use serde_json::json;

use super::Bench;
use super::figure::{Figure, Goal};
use super::witness::{now_us, seconds, until};
use crate::place::{Place, Setup};

/// How long a worker is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);
/// Longest that the burst may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(500);

/// Sells a thousand orders whose payment never comes, so that all of them are accepted and parked.
///
/// # Errors
/// What kept the place from running, or orders that are not accepted at all.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let orders = if bench.short { 30 } else { 1_000 };
    let setup = Setup {
        mirakl: json!({ "auto_debit": false, "start_update_overlap_s": 2 }),
        ..Setup::default()
    };
    let place = Place::start(setup, &|line| bench.tell(line)).await?;
    place.stock(100_000).await?;
    let worker = place.worker("worker").await?;
    tokio::time::sleep(REST).await;
    let fresh = worker.usage()?;
    bench.tell(&format!(
        "burst: a fresh worker has {:.1} MB; {orders} orders now",
        fresh.rss_mb
    ));
    let started = now_us();
    for number in 0..orders {
        place.sell(&format!("B-{number:05}-A")).await?;
    }
    let seen = until(bench, &place, "orders are accepted", PATIENCE, |seen| {
        seen.accepted().len() >= orders
    })
    .await?;
    let last = seen.accepted().into_values().max().unwrap_or(started);
    let after = worker.usage()?;
    tokio::time::sleep(REST * 2).await;
    let parked = worker.usage()?;
    Ok(vec![
        Figure::new(
            "burst",
            "1,000 orders at once, all accepted",
            &[seconds(started, last)],
            "s",
            Goal::AtMost(240.0),
        )
        .noted(format!(
            "{orders} orders, from the first sale to the last acceptance; {:.1} ms of the worker's processor time an order",
            (after.cpu_s - fresh.cpu_s) * 1_000.0 / orders as f64
        )),
        Figure::new("parked", "memory of a fresh worker", &[fresh.rss_mb], "MB", Goal::AtMost(40.0)),
        Figure::new(
            "parked",
            "memory with 1,000 parked orders",
            &[parked.rss_mb],
            "MB",
            Goal::AtMost(100.0),
        )
        .noted(format!("{orders} orders wait for their payment, all in the worker's cache")),
        Figure::new("parked", "peak memory", &[parked.peak_mb], "MB", Goal::AtMost(160.0)),
    ])
}
