//! `bcm bench outage`: four hours without BlueCherry, with orders coming in all the while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Bench;
use super::figure::{Figure, Goal};
use super::witness::{Witness, now_us, seconds, until};
use crate::place::{Place, Setup};

/// Simulated length of the outage.
const OUTAGE_S: f64 = 4.0 * 3_600.0;
/// How fast the marketplace's clock runs meanwhile; afterwards it runs as a real one.
const SPEED: f64 = 60.0;
/// Mirakl refuses an order that is not accepted so long after its sale, in simulated seconds.
const ACCEPT_WITHIN_S: u32 = 5 * 3_600;
/// Longest that the drain may take before it counts as lost, in real seconds.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// Has BlueCherry answer 503 for four simulated hours, and measures what comes after.
///
/// # Errors
/// What kept the place from running, or orders that are never accepted.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (orders, outage_s) = if bench.short {
        (10, 600.0)
    } else {
        (500, OUTAGE_S)
    };
    let setup = Setup {
        speed: SPEED,
        mirakl: json!({
            "debit_delay_s": 1,
            "auto_debit": true,
            "start_update_overlap_s": 60,
            "acceptance_limit_s": ACCEPT_WITHIN_S,
        }),
        ..Setup::default()
    };
    let place = Place::start(setup, &|line| bench.tell(line)).await?;
    place.stock(100_000).await?;
    let _worker = place.worker("worker").await?;
    let away = json!({ "op": "*", "action": "status:503", "times": 0 });
    place.bluecherry.post("/_sim/faults", &away).await?;
    let real = Duration::from_secs_f64(outage_s / SPEED);
    bench.tell(&format!(
        "outage: BlueCherry is away for {:.1} h, which are {} s here; {orders} orders come meanwhile",
        outage_s / 3_600.0,
        real.as_secs()
    ));
    let started = Instant::now();
    for number in 0..orders {
        let due = real.mul_f64(0.95 * f64::from(number) / f64::from(orders));
        tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        place.sell(&format!("O-{number:05}-A")).await?;
    }
    tokio::time::sleep(real.saturating_sub(started.elapsed())).await;
    place
        .mirakl
        .post("/_sim/clock", &json!({ "speed": 1.0 }))
        .await?;
    place.bluecherry.clear_faults().await?;
    let back_at = now_us();
    bench.tell("outage: BlueCherry is back");
    let count = usize::try_from(orders)?;
    let decided = |seen: &Witness| {
        let refused = seen.states().get("REFUSED").copied().unwrap_or_default();
        seen.shipped().len() + refused >= count
    };
    let seen = until(bench, &place, "orders are shipped", PATIENCE, decided).await?;
    let drained = seen.shipped().into_values().max().unwrap_or(back_at);
    let missed = seen.states().get("REFUSED").copied().unwrap_or_default();
    let (attempts, commits, by_op) = attempts(&seen);
    Ok(vec![
        Figure::new(
            "outage",
            "drained after four hours of outage",
            &[seconds(back_at, drained) / 60.0],
            "min",
            Goal::AtMost(10.0),
        )
        .noted(format!(
            "{orders} orders, until the last is SHIPPED, in real time; the outage itself ran {SPEED}× as fast on the marketplace's clock, while our pulls, back-offs and probes kept real time, so they were {SPEED}× as rare as in four real hours"
        )),
        Figure::new(
            "outage",
            "acceptance deadlines missed",
            &[missed as f64],
            "",
            Goal::AtMost(0.0),
        )
        .noted(format!(
            "Mirakl refuses what is not accepted within {} h",
            ACCEPT_WITHIN_S / 3_600
        )),
        Figure::new(
            "outage",
            "attempts ÷ commits",
            &[attempts as f64 / commits as f64],
            "×",
            Goal::AtMost(1.2),
        )
        .noted(format!("{attempts} writing calls, {commits} of them committed: {by_op:?}")),
    ])
}

/// Writing calls, those of them that changed something, and both by operation.
fn attempts(seen: &Witness) -> (u64, u64, BTreeMap<String, (u64, u64)>) {
    let mut by_op: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let calls = seen
        .mirakl_calls()
        .into_iter()
        .chain(seen.bluecherry_calls());
    for call in calls.filter(|c| c.writes) {
        let entry = by_op.entry(call.op).or_default();
        entry.0 += 1;
        entry.1 += u64::from(call.committed);
    }
    let sum = |of: fn(&(u64, u64)) -> u64| by_op.values().map(of).sum();
    (sum(|n| n.0), sum(|n| n.1), by_op)
}
