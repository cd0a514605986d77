//! What happens in the demo: orders are sold, things go wrong on purpose, and all comes to its end.

use std::time::{Duration, Instant};

use ledger::{ExceptionFilter, Ledger};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;
use simulators::scenario::{Kind, PlannedOrder};

use super::Args;
use super::ink::bold;
use super::progress::{Figure, View};
use super::report::{self, Report};
use super::world::{Links, World};
use crate::run::told_to_stop;

/// How often the world is looked at.
const LOOK: Duration = Duration::from_millis(400);
/// How long the ERP is away.
const ERP_AWAY: Duration = Duration::from_secs(6);

/// What the view shows of a report.
const FIGURES: [Figure<Report>; 5] = [
    ("seen", |r| r.seen),
    ("sales orders", |r| r.sales_orders),
    ("accepted", |r| r.accepted),
    ("at their end", |r| r.ended),
    ("need a person", |r| r.exceptions_open),
];

/// Sells, watches, reports.
pub(super) async fn tell(
    args: &Args,
    world: &World,
    ledger: &Ledger,
    links: &Links,
) -> anyhow::Result<Report> {
    let started = Instant::now();
    let plan = world.plan.orders(usize::from(args.orders));
    print_links(links);
    let view = View::new(plan.len(), FIGURES.to_vec());
    lose_answers(world, &plan, &view)?;
    let sold = sell(world, &plan, &view);
    let settled = settle(args, world, &plan, ledger, &view, started);
    let told = async {
        let (sold, report) = tokio::join!(sold, settled);
        sold?;
        report
    };
    let report = tokio::select! {
        report = told => report?,
        () = told_to_stop() => anyhow::bail!("stopped before the orders came to their end"),
    };
    view.finish();
    report.print();
    if !args.exit {
        print_things_to_try(links, &plan);
        told_to_stop().await;
    }
    Ok(report)
}

/// Where everything is.
pub(super) fn print_links(links: &Links) {
    if let Some(ui) = &links.ui {
        let name = bold(format!("{:<13}", "Temporal UI"));
        eprintln!("  {name}  {ui}/namespaces/default/workflows");
    }
    for (name, url) in &links.simulators {
        eprintln!("  {}  {url}/_sim/ledger", bold(format!("{name:<13}")));
    }
    eprintln!("  {}  {}", bold("configuration"), links.config.display());
    eprintln!();
}

fn print_things_to_try(links: &Links, plan: &[PlannedOrder]) {
    let config = links.config.display();
    let mappings = links.config.with_file_name("mappings");
    let blocked = plan.iter().find(|p| p.kind == Kind::CarrierMissing);
    let id = blocked.map_or_else(
        || "ORDER".to_owned(),
        |p| format!("{}/{}", p.marketplace, order_id(p)),
    );
    eprintln!("\n{}", bold("Three things to try, in another terminal"));
    eprintln!("  1. See what waits for a person:\n       bcm --config {config} exceptions list");
    eprintln!("  2. Read an order's story:\n       bcm --config {config} orders show {id}");
    eprintln!(
        "  3. Map the missing carrier and watch the shipment go out by itself:\n       \
         echo '*,PRONTO EXPRESS,ups,,,,' >> {}",
        mappings.join("carriers.csv").display()
    );
    eprintln!("\n  `bcm` is target/release/bcm. Ctrl-C ends everything.");
}

fn order_id(planned: &PlannedOrder) -> &str {
    planned.spec["order_id"].as_str().unwrap_or_default()
}

/// Answers that will be lost after the write, each for one order.
fn lose_answers(world: &World, plan: &[PlannedOrder], view: &View<Report>) -> anyhow::Result<()> {
    let mut plain = plan.iter().filter(|p| p.kind == Kind::Plain);
    let mut lose = |erp: bool, op: &str| -> anyhow::Result<()> {
        let Some(planned) = plain.next() else {
            return Ok(());
        };
        let id = order_id(planned);
        let faults = if erp {
            world.erp.faults().clone()
        } else {
            world.marketplace(planned.marketplace).faults().clone()
        };
        faults
            .inject(FaultRule::once(op, "reset-after-commit").about(id))
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        view.note(&format!(
            "the answer to {op} for {id} will be lost after it was written"
        ));
        Ok(())
    };
    lose(true, "create_sales_order")?;
    lose(false, "OR21")?;
    lose(false, "OR24")
}

/// Sells one order after the other; a third of the way the ERP goes away for a while.
async fn sell(world: &World, plan: &[PlannedOrder], view: &View<Report>) -> anyhow::Result<()> {
    let pause = Duration::from_millis(8_000 / plan.len().max(1) as u64);
    for (at, planned) in plan.iter().enumerate() {
        if at == plan.len() / 3 {
            let away = FaultRule::once("*", "status:503").times(0);
            world
                .erp
                .faults()
                .inject(away)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            view.note(&format!(
                "BlueCherry is down for {} s; orders wait",
                ERP_AWAY.as_secs()
            ));
            let faults = world.erp.faults().clone();
            let lost = plan
                .iter()
                .find(|p| p.kind == Kind::Plain)
                .map(|p| order_id(p).to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(ERP_AWAY).await;
                let struck = lost.is_none();
                faults.clear();
                // Clearing took the planned lost answer along, unless it has struck already.
                if !struck && let Some(id) = lost {
                    let again = FaultRule::once("create_sales_order", "reset-after-commit");
                    let _ = faults.inject(again.about(&id));
                }
            });
        }
        let spec: OrderSpec = serde_json::from_value(planned.spec.clone())?;
        world
            .marketplace(planned.marketplace)
            .create_order(spec)
            .map_err(|error| anyhow::anyhow!("an order of the plan cannot be sold: {error:?}"))?;
        tokio::time::sleep(pause).await;
    }
    view.note("every order is sold");
    Ok(())
}

/// Watches until every order has come to its planned end, or patience is over.
async fn settle(
    args: &Args,
    world: &World,
    plan: &[PlannedOrder],
    ledger: &Ledger,
    view: &View<Report>,
    started: Instant,
) -> anyhow::Result<Report> {
    loop {
        let exceptions = ledger
            .exceptions(&ExceptionFilter::default(), 10_000)
            .await?;
        let seen = report::look(world, plan, &exceptions, started.elapsed());
        view.show(&seen);
        let patience_over = started.elapsed() >= Duration::from_secs(args.patience);
        if seen.is_settled() || patience_over {
            return Ok(seen);
        }
        tokio::time::sleep(LOOK).await;
    }
}
