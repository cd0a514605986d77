//! `bcm bench recovery`: a worker that is killed, and one that is told to stop.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;

use super::Bench;
use super::figure::{Figure, Goal};
use super::witness::{Witness, now_us, seconds, until};
use crate::place::{Place, Process, Setup};

/// Longest that orders may take to go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills and stops workers under load, several times.
///
/// # Errors
/// What kept the place from running, or orders that never go on.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let repeats = if bench.short { 1 } else { 3 };
    let place = Place::start(Setup::default(), &|line| bench.tell(line)).await?;
    place.stock(100_000).await?;
    let mut kills = vec![];
    for round in 0..repeats {
        let taken = killed(bench, &place, round).await?;
        bench.tell(&format!(
            "recovery: kill -9, every order moving again after {taken:.1} s"
        ));
        kills.push(taken);
    }
    let (mut ends, mut steps) = (vec![], vec![]);
    for round in 0..repeats {
        let (end, step) = stopped(bench, &place, round).await?;
        bench.tell(&format!(
            "recovery: SIGTERM, ended after {end:.2} s, next step of another worker after {step:.2} s"
        ));
        ends.push(end);
        steps.push(step);
    }
    Ok(vec![
        Figure::new(
            "recovery",
            "kill -9 → every order moving again",
            &kills,
            "s",
            Goal::AtMost(15.0),
        )
        .noted("the slowest order of each round; the answers of BlueCherry and Mirakl take 1.5 s, so calls are under way when the worker dies; a new worker is started at once"),
        Figure::new("recovery", "SIGTERM → the process has ended", &ends, "s", Goal::AtMost(1.0)),
        Figure::new(
            "recovery",
            "SIGTERM → the next step by another worker",
            &steps,
            "s",
            Goal::AtMost(1.0),
        )
        .noted("five orders are sold a second; the first write that reaches either side after the worker has ended"),
    ])
}

/// Kills the only worker while calls are under way; the slowest order's seconds until its next call.
async fn killed(bench: &Bench, place: &Place, round: usize) -> anyhow::Result<f64> {
    let mut worker = place.worker(&format!("killed-{round}")).await?;
    let orders: Vec<String> = (0..if bench.short { 4 } else { 20 })
        .map(|number| format!("K{round}-{number:05}-A"))
        .collect();
    for op in ["create_sales_order", "OR21"] {
        let slow = json!({ "op": op, "action": "delay_ms:1500", "times": 0 });
        let side = if op == "OR21" {
            &place.mirakl
        } else {
            &place.bluecherry
        };
        side.post("/_sim/faults", &slow).await?;
    }
    for id in &orders {
        place.sell(id).await?;
    }
    // Some calls of the first orders are under way, others have not begun.
    let begun = |seen: &Witness| mine(seen, &orders).len() >= orders.len() / 2;
    until(bench, place, "calls are under way", PATIENCE, begun).await?;
    worker.kill().await?;
    let killed_at = now_us();
    place.mirakl.clear_faults().await?;
    place.bluecherry.clear_faults().await?;
    let open: Vec<String> = {
        let shipped = Witness::read(place).await?.shipped();
        let open = orders.iter().filter(|id| !shipped.contains_key(*id));
        open.cloned().collect()
    };
    ensure!(!open.is_empty(), "every order was shipped before the kill");
    let next = place.worker(&format!("after-{round}")).await?;
    let moving = |seen: &Witness| {
        let moved = moved_after(seen, killed_at);
        open.iter().all(|id| moved.contains_key(id))
    };
    let seen = until(bench, place, "every order moves again", PATIENCE, moving).await?;
    let moved = moved_after(&seen, killed_at);
    let slowest = open.iter().filter_map(|id| moved.get(id)).max();
    let slowest = slowest.copied().context("no order moved")?;
    // Nothing of this round is left for the next.
    let shipped = |seen: &Witness| {
        let shipped = seen.shipped();
        orders.iter().all(|id| shipped.contains_key(id))
    };
    let seen = until(bench, place, "orders are shipped", PATIENCE, shipped).await?;
    ensure!(
        seen.doubled() == 0,
        "{} sales orders are doubled",
        seen.doubled()
    );
    end(next).await?;
    Ok(seconds(killed_at, slowest))
}

/// Stops one of two workers; seconds until its process has ended, and until the other's next write.
async fn stopped(bench: &Bench, place: &Place, round: usize) -> anyhow::Result<(f64, f64)> {
    let mut first = place.worker(&format!("stopped-{round}")).await?;
    let second = place.worker(&format!("staying-{round}")).await?;
    let orders: Vec<String> = (0..if bench.short { 15 } else { 40 })
        .map(|number| format!("S{round}-{number:05}-A"))
        .collect();
    let selling = async {
        for id in &orders {
            place.sell(id).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    let stopping = async {
        let some = |seen: &Witness| mine(seen, &orders).len() >= orders.len() / 3;
        until(bench, place, "orders are under way", PATIENCE, some).await?;
        let told_at = now_us();
        first.terminate(PATIENCE).await?;
        anyhow::Ok((told_at, now_us()))
    };
    let (sold, stamps) = tokio::join!(selling, stopping);
    sold?;
    let (told_at, ended_at) = stamps?;
    let shipped = |seen: &Witness| {
        let shipped = seen.shipped();
        orders.iter().all(|id| shipped.contains_key(id))
    };
    let seen = until(bench, place, "orders are shipped", PATIENCE, shipped).await?;
    let mut writes = seen.mirakl_calls();
    writes.extend(seen.bluecherry_calls());
    let next = writes.iter().filter(|c| c.committed && c.at_us >= ended_at);
    let next = next.map(|c| c.at_us).min().context("no step came after")?;
    end(second).await?;
    Ok((seconds(told_at, ended_at), seconds(told_at, next)))
}

async fn end(mut worker: Process) -> anyhow::Result<()> {
    worker.terminate(PATIENCE).await?;
    Ok(())
}

/// Which of these orders BlueCherry was called for, and when first.
fn mine(seen: &Witness, orders: &[String]) -> BTreeMap<String, i64> {
    let mut first = moved_after(seen, i64::MIN);
    first.retain(|id, _| orders.contains(id));
    first
}

/// When each order was first the subject of a call after a moment. BlueCherry's key is the prefix and
/// the order's ID.
fn moved_after(seen: &Witness, after_us: i64) -> BTreeMap<String, i64> {
    let mut first: BTreeMap<String, i64> = BTreeMap::new();
    let calls = seen
        .mirakl_calls()
        .into_iter()
        .chain(seen.bluecherry_calls());
    for call in calls.filter(|c| c.at_us > after_us && c.op != "OR11" && c.op != "OR04") {
        let Some(key) = call.key else { continue };
        let id = key.strip_prefix("NW-").unwrap_or(&key).to_owned();
        let at = first.entry(id).or_insert(call.at_us);
        *at = call.at_us.min(*at);
    }
    first
}
