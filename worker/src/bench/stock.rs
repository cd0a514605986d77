//! `bcm bench stock`: a large catalogue from BlueCherry's batch to what Mirakl has taken.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ops::Surroundings;
use ops::stock::{ExplainStock, StockVerb};
use serde_json::json;
use simulators::scenario::{Large, NORDWIND};
use temporalio_client::UntypedWorkflow;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use workflows::ids;
use workflows::stock::{StockReport, Word};

use super::Bench;
use super::billed::Run;
use super::figure::{Figure, Goal, percentile};
use crate::place::{Place, Process, Setup, Usage};

/// Simulated seconds that Mirakl works on a file of stock, and on an export of offers.
const IMPORT_S: u64 = 10;
const EXPORT_S: u64 = 5;
/// Mirakl takes one file of stock in so long, and one pull of orders.
const EVERY_S: f64 = 60.0;
/// The same where only the measuring is shown.
const SHORT_EVERY_S: f64 = 1.0;
/// Longest that a run may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(1_500);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Longest that a call may last: a file of a million lines is one call.
const CALL_TIMEOUT_S: f64 = 40.0;
/// Seed of the catalogue.
const SEED: u64 = 1;

/// Publishes a large catalogue, again after wholesale took some of it, and a very large one.
///
/// # Errors
/// What kept the place from running, or a run that did not publish everything.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (large, million) = match bench.short {
        true => (catalogue(2_000), catalogue(4_000)),
        false => (catalogue(100_000), catalogue(1_000_000)),
    };
    let mut figures = bench.kept("stock", hundred_thousand(bench, large).await);
    figures.extend(bench.kept("stock", all_at_once(bench, million).await));
    Ok(figures)
}

/// How often Mirakl lets itself be called for what it takes once a minute.
fn every_s(bench: &Bench) -> f64 {
    match bench.short {
        true => SHORT_EVERY_S,
        false => EVERY_S,
    }
}

/// So many SKUs, every tenth a pack.
fn catalogue(skus: usize) -> Large {
    Large {
        skus: skus - skus / 10,
        packs: skus / 10,
        seed: SEED,
    }
}

/// Everything once, what changed once, and why some numbers are what they are.
async fn hundred_thousand(bench: &Bench, large: Large) -> anyhow::Result<Vec<Figure>> {
    let place = place(bench, large, false).await?;
    let worker = place.worker("worker").await?;
    let all = publish(bench, &place, &worker, large).await?;
    let began = Instant::now();
    ensure!(
        all.report.lines == count(large.count()),
        "not every offer was sent: {:?}",
        all.report
    );
    let between = Timestamp::now();
    let orders = large.count() / 100;
    let wish = json!({ "orders": orders, "units": 3, "seed": SEED });
    place.bluecherry.post("/_sim/wholesale", &wish).await?;
    place
        .bluecherry
        .post("/_sim/batches/run", &json!({}))
        .await?;
    let next_file = Duration::from_secs_f64(every_s(bench));
    tokio::time::sleep(next_file.saturating_sub(began.elapsed())).await;
    let some = publish(bench, &place, &worker, large).await?;
    ensure!(
        some.report.lines > 0 && some.report.lines < all.report.lines,
        "not the difference was sent: {:?}",
        some.report
    );
    let explained = explain(bench, &place, large, between).await?;
    let what = "100,000 SKUs, 10,000 of them packs";
    let first = Figure::new(
        "stock",
        "100,000 SKUs read, pushed and confirmed",
        &[all.wall_s],
        "s",
        Goal::AtMost(60.0),
    )
    .noted(format!(
        "{} ({} here): the first run, which also reads the item master and every offer, and sends {} lines; calls as rare as Mirakl publishes, an export takes {EXPORT_S} s and an import {IMPORT_S} s; then {} lines after wholesale took of {orders} items",
        what, large.count(), all.report.lines, some.report.lines
    ));
    Ok(vec![
        first,
        Figure::new(
            "stock",
            "processor time of the worker for it",
            &[all.cpu_s],
            "s",
            Goal::AtMost(10.0),
        ),
        Figure::new(
            "stock",
            "peak memory with 100,000 SKUs",
            &[some.used.peak_mb],
            "MB",
            Goal::None,
        )
        .noted(format!(
            "{:.0} MB before the first run, with the mapping tables read",
            all.before.rss_mb
        )),
        Figure::new(
            "stock",
            "1 in 100 SKUs changed: read, pushed and confirmed",
            &[some.wall_s],
            "s",
            Goal::None,
        ),
        Figure::new(
            "stock",
            "processor time of the worker for that",
            &[some.cpu_s],
            "s",
            Goal::None,
        ),
        Figure::new(
            "stock",
            "billable actions of a run",
            &[all.actions as f64],
            "",
            Goal::AtMost(8.0),
        )
        .noted(format!(
            "{} and {} events, {:.0} and {:.0} KB of history",
            all.events, some.events, all.kb, some.kb
        )),
        explained,
    ])
}

/// A full push of a very large catalogue, and the memory that it takes.
async fn all_at_once(bench: &Bench, large: Large) -> anyhow::Result<Vec<Figure>> {
    let place = place(bench, large, true).await?;
    let worker = place.worker("worker").await?;
    let ran = publish(bench, &place, &worker, large).await?;
    ensure!(
        ran.report.lines == count(large.count()),
        "not every offer was sent: {:?}",
        ran.report
    );
    Ok(vec![
        Figure::new(
            "stock",
            "1,000,000 SKUs in full",
            &[ran.wall_s / 60.0],
            "min",
            Goal::AtMost(10.0),
        )
        .noted(format!(
            "{} here; {:.1} s of the worker's processor time, {} actions",
            large.count(),
            ran.cpu_s,
            ran.actions
        )),
        Figure::new(
            "stock",
            "peak memory with 1,000,000 SKUs",
            &[ran.used.peak_mb],
            "MB",
            Goal::AtMost(256.0),
        )
        .noted(format!(
            "{:.0} MB before the run; one rule of sku_rules.csv maps all offers",
            ran.before.rss_mb
        )),
    ])
}

/// A place that sells a catalogue, and publishes when it is told to.
async fn place(bench: &Bench, large: Large, by_rule: bool) -> anyhow::Result<Place> {
    let calls = match bench.short {
        true => "every_s = { STO01 = 1, STO02 = 1 }\n",
        false => "",
    };
    let setup = Setup {
        // A simulated shop's calls are as rare as published when its pulls are.
        poll_s: every_s(bench),
        call_timeout_s: CALL_TIMEOUT_S,
        mirakl: json!({}),
        bluecherry: json!({ "position_cadence_s": 7 * 86_400, "max_page": 5_000 }),
        large: Some(large),
        by_rule,
        more: calls.to_owned()
            + "stock = { price_level = \"RETAIL\", currency = \"USD\" }\n\
               [stock]\nevery_s = 86400\n[stock.pools]\npools = [\"MAIN\"]\n",
        ..Setup::default()
    };
    let place = Place::start(setup, &|line| bench.tell(line)).await?;
    place.sell_large(&large).await?;
    let ways = match bench.short {
        true => json!({ "import_delay_s": 0, "export_delay_s": 0 }),
        false => json!({ "import_delay_s": IMPORT_S, "export_delay_s": EXPORT_S }),
    };
    place.mirakl.post("/_sim/offers/ways", &ways).await?;
    Ok(place)
}

/// One run, from the trigger to its end.
struct Ran {
    report: StockReport,
    wall_s: f64,
    cpu_s: f64,
    before: Usage,
    used: Usage,
    actions: u64,
    events: usize,
    kb: f64,
}

async fn publish(
    bench: &Bench,
    place: &Place,
    worker: &Process,
    large: Large,
) -> anyhow::Result<Ran> {
    bench.tell(&format!("stock: {} SKUs are published", large.count()));
    let schedule = place.client.get_schedule_handle(ids::stock(&nordwind()?));
    let known = schedule.describe(Default::default()).await?;
    let known = known.recent_actions().len();
    let (before, began) = (worker.usage()?, Instant::now());
    schedule
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await?;
    let run = loop {
        ensure!(began.elapsed() < PATIENCE, "no run of stock began");
        let described = schedule.describe(Default::default()).await?;
        let newest = described.recent_actions().into_iter().nth(known);
        if let Some(run) = newest {
            break run.workflow_id;
        }
        tokio::time::sleep(LOOK).await;
    };
    let handle = place
        .client
        .get_workflow_handle::<UntypedWorkflow>(run.clone());
    let ended = handle.get_result(Default::default());
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    let answer = ended.with_context(|| format!("{run} did not end:\n{}", worker.tail()))??;
    let (wall_s, used) = (began.elapsed().as_secs_f64(), worker.usage()?);
    let payload = answer.payloads.first().context("a report")?;
    let report: StockReport = serde_json::from_slice(&payload.data)?;
    let cpu_s = used.cpu_s - before.cpu_s;
    bench.tell(&format!(
        "stock: {wall_s:.1} s, {cpu_s:.1} s of processor time, {:.0} MB at most; {} lines",
        used.peak_mb, report.lines
    ));
    let whole = report.word == Word::Done
        && (report.unknown, report.unmapped, report.held, report.refused) == (0, 0, 0, 0);
    ensure!(whole, "not everything was published: {report:?}");
    let billed = Run::read(&place.client, &run).await?;
    Ok(Ran {
        report,
        wall_s,
        cpu_s,
        before,
        used,
        actions: billed.total(),
        events: billed.events,
        kb: billed.kb,
    })
}

/// Asks why numbers all over the catalogue are what they are, and what they were at a past moment, as
/// `bcm stock explain` does.
async fn explain(
    bench: &Bench,
    place: &Place,
    large: Large,
    past: Timestamp,
) -> anyhow::Result<Figure> {
    let asked = if bench.short { 20 } else { 400 };
    let mut surroundings = Surroundings {
        ledger: place.ledger().await?,
        temporal: None,
        temporal_ui: None,
        namespace: "default".to_owned(),
        json: false,
        now: Timestamp::now(),
        color: false,
        width: None,
    };
    let mut took_ms = vec![];
    for n in 0..asked {
        let explain = ExplainStock {
            sku: large.sku(n * large.count() / asked),
            marketplace: None,
            at: (n % 2 == 1).then_some(past),
        };
        surroundings.now = Timestamp::now();
        let began = Instant::now();
        let told = StockVerb::Explain(explain).run(&surroundings).await?;
        took_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
        ensure!(
            told.text.contains("It stands since"),
            "no sum: {}",
            told.text
        );
    }
    let (most, half) = (percentile(&took_ms, 100.0), percentile(&took_ms, 50.0));
    Ok(Figure::new(
        "stock",
        "why a number is what it is, p99",
        &[percentile(&took_ms, 99.0)],
        "ms",
        Goal::AtMost(50.0),
    )
    .noted(format!(
        "{asked} SKUs of {}, packs among them, every other at a past moment: p50 {half:.1} ms, the slowest {most:.1} ms",
        large.count()
    )))
}

fn nordwind() -> anyhow::Result<MarketplaceCode> {
    MarketplaceCode::new(NORDWIND).context("a marketplace code")
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}
