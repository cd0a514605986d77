//! The scenario `stock`: two marketplaces sell from one stock; the ERP tells of it late, and its own
//! customers take units away meanwhile.

pub(super) mod plan;
pub(super) mod report;
mod screen;
mod shoppers;

use std::time::{Duration, Instant};

use ledger::Ledger;

use super::Args;
use super::ink::{bad, bold};
use super::story::print_links;
use super::world::{Links, World};
use crate::run::told_to_stop;
use report::StockReport;
use screen::Screen;

/// How often the world is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Sells, watches, reports.
pub(super) async fn tell(
    args: &Args,
    world: &World,
    ledger: &Ledger,
    links: &Links,
) -> anyhow::Result<StockReport> {
    let started = Instant::now();
    print_links(links);
    if args.unguarded {
        let words = "UNGUARDED: no buffer, and what a batch has not seen is promised again. \
                     This oversells on purpose; only the demo can do it.";
        eprintln!("  {}\n", bad(words));
    }
    let hot = plan::hot(&world.plan, args.orders);
    plan::list(world, &hot);
    let mut screen = Screen::new(&hot);
    let shopping = shoppers::Shopping::default();
    let traffic = async {
        shoppers::wait_for_offers(args, world, &hot, started).await?;
        shoppers::shop(args, world, &hot, &shopping).await?;
        shoppers::wait_for_orders(args, world, &shopping, started).await
    };
    let report = {
        let mut traffic = std::pin::pin!(traffic);
        let mut stop = std::pin::pin!(told_to_stop());
        let mut looks = tokio::time::interval(LOOK);
        let in_time = loop {
            tokio::select! {
                done = &mut traffic => break done?,
                () = &mut stop => anyhow::bail!("stopped before everything was sold"),
                _ = looks.tick() => {
                    screen.show(&report::look(world, ledger, &hot).await?, started.elapsed());
                }
            }
        };
        let rows = report::look(world, ledger, &hot).await?;
        screen.finish(&rows, started.elapsed());
        let mut report = report::sum_up(args, world, ledger, &shopping, &rows).await?;
        report.in_time = in_time;
        report.seconds = started.elapsed().as_secs_f64();
        report
    };
    report.print();
    if !args.exit {
        print_things_to_try(links, &hot);
        told_to_stop().await;
    }
    Ok(report)
}

fn print_things_to_try(links: &Links, hot: &[plan::Hot]) {
    let config = links.config.display();
    let sku = hot.first().map_or("SKU", |item| item.sku.as_str());
    eprintln!("\n{}", bold("Two things to try, in another terminal"));
    eprintln!("  1. Ask why an offer shows what it shows:");
    eprintln!("       bcm --config {config} stock explain {sku}");
    eprintln!("  2. See what should be, what was sent and what Mirakl shows:");
    eprintln!("       bcm --config {config} stock show");
    eprintln!("\n  `bcm` is target/release/bcm. Ctrl-C ends everything.");
}
