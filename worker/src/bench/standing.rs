//! `bcm bench standing`: what a shop costs in Temporal a day without any order.

use std::time::Duration;

use anyhow::{Context, ensure};
use domain::marketplace::MarketplaceCode;
use workflows::ids;

use super::Bench;
use super::billed::Run;
use super::figure::{Figure, Goal};
use crate::place::{Place, Setup};

/// A real shop is pulled so often.
const PULLS_A_DAY: f64 = 24.0 * 60.0;

/// Counts the feeds' actions over some pulls, and scales them to a day of one pull a minute.
///
/// # Errors
/// What kept the place from running.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let pulls = if bench.short { 4 } else { 20 };
    let place = Place::start(Setup::default(), &|line| bench.tell(line)).await?;
    let _worker = place.worker("worker").await?;
    bench.tell(&format!("standing: {pulls} pulls of an idle shop"));
    tokio::time::sleep(Duration::from_secs(pulls + 1)).await;
    let marketplace = MarketplaceCode::new("nordwind").context("a marketplace code")?;
    let feeds = [
        ("orders", ids::orders_feed(&marketplace)),
        ("shipments", ids::shipments_feed(&place.site())),
    ];
    let (mut a_day, mut sums) = (0.0, vec![]);
    for (name, id) in feeds {
        let run = Run::read(&place.client, &id).await?;
        let done = run.actions.get("activity").copied().unwrap_or_default();
        ensure!(done > 0, "the feed of {name} has not pulled");
        let started = run.actions.get("start").copied().unwrap_or_default();
        let a_pull = (run.total() - started) as f64 / done as f64;
        let again = PULLS_A_DAY / f64::from(workflows::feeds::PULLS_A_RUN);
        a_day += a_pull * PULLS_A_DAY + again;
        sums.push(format!(
            "{name}: {} actions in {done} pulls = {a_pull:.2} a pull × {PULLS_A_DAY:.0} + {again:.1} continued runs",
            run.total() - started
        ));
    }
    let note = format!(
        "{}; both feeds are counted for one shop, though a site's shops share the second one",
        sums.join("; ")
    );
    Ok(vec![
        Figure::new(
            "standing",
            "actions a shop and day",
            &[a_day],
            "",
            Goal::AtMost(6_000.0),
        )
        .noted(note),
    ])
}
