//! `bcm demo --scenario returns`: what follows a sale. Parcels, short units, calls-off, returns and
//! credits, good ones and bad ones, while answers are lost; until the money is where it belongs.

mod books;
mod case;
mod count;
mod lives;
mod outside;
mod report;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ledger::{ExceptionFilter, Ledger};
use simulators::fault::FaultRule;
use simulators::scenario::{GALERIA, NORDWIND};

use self::case::Case;
use self::lives::Life;
use self::outside::Outside;
use self::report::{FIGURES, Ledgers, ReturnsReport};
use super::ink::bold;
use super::progress::View;
use super::story::print_links;
use super::world::{Links, Manner, World};
use super::{Args, Server, beside_a_worker, write};
use crate::run::told_to_stop;
use crate::shop_folder::Folder;

/// How often the world is looked at.
const LOOK: Duration = Duration::from_millis(400);
/// In so much time all orders are sold.
const SELLING: Duration = Duration::from_secs(6);
/// An operator that does not confirm refunds by itself is asked to after this.
const CONFIRMS_AFTER: Duration = Duration::from_secs(6);
/// Nothing may change for so long before it counts as over: a second refund would come late.
const CALM: Duration = Duration::from_secs(4);

/// A warehouse and people that do what the story says, and marketplaces with returns: one takes
/// parcels one by one and confirms refunds late, the other takes whole orders and lets refunds lie.
const RETURNS: Manner = Manner {
    written_by: "demo --scenario returns",
    erp: |erp| erp.returns_in = true,
    marketplace: |name, options| {
        options.returns = true;
        if name == NORDWIND {
            options.multi_shipment = true;
            options.refund_confirm_after_s = Some(4);
        } else {
            options.automatic_return_acceptance = true;
        }
    },
    after_sale: "short_ship = \"refund\"\nreturns = \"accept\"\nreturns_poll_s = 1\n\
                 return_method = \"RETURN_METHOD_BY_MAIL\"\n",
};

/// Runs it. The answer is whether all came to its planned end, and no money or unit went astray.
pub(super) async fn demo(args: &Args, folder: &Folder, server: Server) -> anyhow::Result<bool> {
    let world = World::start(args.seed, folder, &server, &RETURNS).await?;
    let config = world.config(folder)?;
    let links = Links::of(&server, folder, &world);
    let told = beside_a_worker(&config, None, async |ledger| {
        let outside = Outside::of(&world, &config).await?;
        let stage = Stage {
            world: &world,
            outside,
            ledger,
        };
        tell(args, &stage, &links).await
    });
    let report = told.await?;
    write(&report, args.report.as_deref())?;
    drop(server);
    Ok(report.is_as_planned())
}

/// Where it is played.
struct Stage<'a> {
    world: &'a World,
    outside: Outside,
    ledger: &'a Ledger,
}

async fn tell(args: &Args, stage: &Stage<'_>, links: &Links) -> anyhow::Result<ReturnsReport> {
    let mut cases = Case::plan(&stage.world.plan, usize::from(args.orders));
    print_links(links);
    let view = View::new(cases.len(), FIGURES.to_vec());
    lose_answers(stage.world, &cases, &view)?;
    let report = tokio::select! {
        report = play(args, stage, &mut cases, &view) => report?,
        () = told_to_stop() => anyhow::bail!("stopped before the money was where it belongs"),
    };
    view.finish();
    report.print();
    if !args.exit {
        print_things_to_try(links, &cases);
        told_to_stop().await;
    }
    Ok(report)
}

/// Answers that will be lost after the write: a refund, a cancelation, a return that was received, an
/// authorization.
fn lose_answers(world: &World, cases: &[Case], view: &View<ReturnsReport>) -> anyhow::Result<()> {
    let inject = |name: &str, rule: FaultRule| -> anyhow::Result<()> {
        let faults = match name {
            NORDWIND | GALERIA => world.marketplace(name).faults().clone(),
            _ => world.erp.faults(),
        };
        let op = rule.op.clone();
        let about = rule
            .key
            .clone()
            .map(|id| format!(" for {id}"))
            .unwrap_or_default();
        faults
            .inject(rule)
            .map_err(|error| anyhow::anyhow!(error))?;
        view.note(&format!(
            "the answer to {op}{about} will be lost after it was written"
        ));
        Ok(())
    };
    let lost = |op: &str| FaultRule::once(op, "reset-after-commit");
    for (op, life) in [
        ("OR28", Life::ShortPick),
        ("OR28", Life::PartComesBack),
        ("OR30", Life::HouseCancelsUnpaid),
    ] {
        if let Some(case) = cases.iter().find(|case| case.life == life) {
            inject(case.marketplace, lost(op).about(&case.id))?;
        }
    }
    let comes_back = |case: &&Case| case.life.expect().returned == Some("CLOSED");
    for name in [NORDWIND, GALERIA] {
        if cases
            .iter()
            .filter(comes_back)
            .any(|case| case.marketplace == name)
        {
            inject(name, lost("RT25"))?;
        }
    }
    if cases.iter().any(|case| case.life.is_announced()) {
        inject("BlueCherry", lost("announce_return"))?;
    }
    Ok(())
}

/// Sells, lets people act as their time comes, and watches until all is over or patience is.
async fn play(
    args: &Args,
    stage: &Stage<'_>,
    cases: &mut [Case],
    view: &View<ReturnsReport>,
) -> anyhow::Result<ReturnsReport> {
    let Stage {
        world,
        outside,
        ledger,
    } = stage;
    let began = Instant::now();
    let patience = Duration::from_secs(args.patience);
    let (mut sold, mut settled_since) = (0, None);
    // Since when an order has refunds that its operator has not confirmed.
    let mut unconfirmed = BTreeMap::<String, Instant>::new();
    loop {
        sold = sell(world, cases, sold, began.elapsed())?;
        let ledgers = Ledgers::of(world);
        for case in cases.iter_mut() {
            let Some(seen) = ledgers.seen(case) else {
                continue;
            };
            if let Some(deed) = case.due(&seen) {
                let result = outside.act(case, &seen, deed).await;
                case.note(&result);
            }
            if case.marketplace == GALERIA && seen.is_unconfirmed() {
                let since = unconfirmed
                    .entry(case.id.clone())
                    .or_insert_with(Instant::now);
                if since.elapsed() >= CONFIRMS_AFTER {
                    outside.confirm(case).await?;
                    unconfirmed.remove(&case.id);
                }
            }
        }
        let open = ledger
            .exceptions(&ExceptionFilter::default(), 10_000)
            .await?;
        let report = report::look(args, world, &ledgers, cases, &open, began.elapsed());
        view.show(&report);
        if !report.is_settled() {
            settled_since = None;
        }
        let calm =
            report.is_settled() && settled_since.get_or_insert_with(Instant::now).elapsed() >= CALM;
        if calm || began.elapsed() >= patience {
            return Ok(report);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Sells the orders whose turn it is; how many are sold.
fn sell(world: &World, cases: &[Case], sold: usize, elapsed: Duration) -> anyhow::Result<usize> {
    let pause = SELLING / u32::try_from(cases.len().max(1)).unwrap_or(u32::MAX);
    let mut now = sold;
    while let Some(case) = cases.get(now)
        && elapsed >= pause * u32::try_from(now).unwrap_or(u32::MAX)
    {
        world
            .marketplace(case.marketplace)
            .create_order(case.spec.clone())
            .map_err(|error| anyhow::anyhow!("an order of the plan cannot be sold: {error:?}"))?;
        now += 1;
    }
    Ok(now)
}

fn print_things_to_try(links: &Links, cases: &[Case]) {
    let config = links.config.display();
    let of = |life: Life| {
        let case = cases.iter().find(|case| case.life == life);
        case.map_or_else(
            || "ORDER".to_owned(),
            |case| format!("{}/{}", case.marketplace, case.id),
        )
    };
    eprintln!("\n{}", bold("Three things to try, in another terminal"));
    eprintln!(
        "  1. See which credits wait for finance, with their arithmetic:\n       \
         bcm --config {config} exceptions list"
    );
    eprintln!(
        "  2. Read how a return went, from the parcels to the refund:\n       \
         bcm --config {config} orders show {}",
        of(Life::AllComesBack)
    );
    let [_, _, (_, erp)] = &links.simulators;
    eprintln!(
        "  3. Void the credit that was posted twice, and watch its exception close by itself:\n       \
         bcm --config {config} orders show {}\n       \
         curl -X POST {erp}/_sim/credit-memos/NUMBER/void",
        of(Life::PostedTwice)
    );
    eprintln!("\n  `bcm` is target/release/bcm. Ctrl-C ends everything.");
}
