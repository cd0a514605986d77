//! `bcm bench orders`: order lives a second, and the time from seen to accepted.

use std::time::{Duration, Instant};

use super::figure::{Figure, Goal, percentile};
use super::witness::{Witness, seconds, until};
use super::{Bench, median};
use crate::place::{Place, Setup};

/// Orders sold a second when the time to acceptance is measured.
const CALM: f64 = 2.0;
/// Orders sold a second when lives are counted: a little over the goal, since no more can end than
/// were sold.
const BUSY: f64 = 5.25;
/// Longest that the last orders may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures lives.
///
/// # Errors
/// What kept the place from running, or orders that do not come to their end.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let span = Duration::from_secs(if bench.short { 4 } else { 60 });
    let calm = live(bench, CALM, span).await?;
    let times = seen_to_accepted(&calm);
    let busy = live(bench, BUSY, span).await?;
    let note = format!(
        "{CALM} orders a second for {} s, pulled each second; from the arrival of the OR11 call that first held the order",
        span.as_secs()
    );
    Ok(vec![
        Figure::new("orders", "seen → accepted, p50", &[median(&times)], "s", Goal::AtMost(0.5))
            .noted(note),
        Figure::new(
            "orders",
            "seen → accepted, p99",
            &[percentile(&times, 99.0)],
            "s",
            Goal::AtMost(2.0),
        ),
        Figure::new("orders", "order lives a second", &[lives(&busy)], "1/s", Goal::AtLeast(5.0))
            .noted(format!(
                "sold → SHIPPED on Mirakl, {BUSY} sold a second for {} s; orders over the time from the first shipment to the last",
                span.as_secs()
            )),
        Figure::new(
            "orders",
            "sold → SHIPPED at that rate, p99",
            &[percentile(&sold_to_shipped(&busy), 99.0)],
            "s",
            Goal::None,
        )
        .noted("the debit takes 1 s of it, and up to three pulls of 1 s"),
    ])
}

/// Sells at a rate, and waits until everything is shipped.
async fn live(bench: &Bench, a_second: f64, span: Duration) -> anyhow::Result<Witness> {
    let place = Place::start(Setup::default(), &|line| bench.tell(line)).await?;
    place.stock(100_000).await?;
    let worker = place.worker("worker").await?;
    let orders = (a_second * span.as_secs_f64()).round() as usize;
    bench.tell(&format!("orders: {orders} orders, {a_second} a second"));
    let started = Instant::now();
    for number in 0..orders {
        let due = Duration::from_secs_f64(number as f64 / a_second);
        tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        place.sell(&format!("L-{number:05}-A")).await?;
    }
    let seen = until(bench, &place, "orders are shipped", PATIENCE, |seen| {
        seen.shipped().len() >= orders
    })
    .await?;
    let used = worker.usage()?;
    bench.tell(&format!(
        "orders: {:.1} ms of the worker's processor time an order; peak {:.0} MB",
        used.cpu_s * 1_000.0 / orders as f64,
        used.peak_mb
    ));
    Ok(seen)
}

fn seen_to_accepted(seen: &Witness) -> Vec<f64> {
    let accepted = seen.accepted();
    let taken = |(id, at): (String, i64)| Some(seconds(at, *accepted.get(&id)?));
    seen.seen().into_iter().filter_map(taken).collect()
}

fn sold_to_shipped(seen: &Witness) -> Vec<f64> {
    let shipped = seen.shipped();
    let taken = |(id, at): (String, i64)| Some(seconds(at, *shipped.get(&id)?));
    seen.sold().into_iter().filter_map(taken).collect()
}

fn lives(seen: &Witness) -> f64 {
    let shipped = seen.shipped();
    let first = shipped.values().min().copied().unwrap_or_default();
    let last = shipped.values().max().copied().unwrap_or_default();
    shipped.len() as f64 / seconds(first, last)
}
