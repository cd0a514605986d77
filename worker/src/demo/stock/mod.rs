//! `bcm demo --scenario stock`: two marketplaces and wholesale sell one stock until it is gone, over
//! an ERP whose batches are late and sometimes wrong.

mod market;
mod report;
mod screen;

use std::str::FromStr;
use std::time::{Duration, Instant};

use activities::Switches;
use ledger::Ledger;
use simulators::bluecherry::Spoil;
use simulators::scenario::{GALERIA, NORDWIND};

use self::market::Market;
use self::report::StockReport;
use self::screen::Screen;
use super::ink::bold;
use super::{Args, Server, beside_a_worker, write};
use crate::run::told_to_stop;
use crate::shop_folder::Folder;

/// Between two looks of the customers at the marketplaces.
const TICK: Duration = Duration::from_millis(300);
/// Every so many ticks another channel sells.
const WHOLESALE_EVERY: u64 = 10;
/// How long the customers buy.
const SELLING: Duration = Duration::from_secs(45);
/// Nobody could buy for so long: it is sold.
const SOLD_OUT: Duration = Duration::from_secs(8);
/// Longest until the first numbers are on Mirakl.
const FIRST: Duration = Duration::from_secs(60);
/// When batches are wrong, in seconds after the first sale, and how.
const WRONG: [(u64, Spoil, &str); 3] = [
    (8, Spoil::Zeroed, "says that nothing is there"),
    (16, Spoil::Hundredfold, "says a hundred times what is there"),
    (24, Spoil::Empty, "has no row"),
];

/// Runs it. The answer is whether nothing was oversold; unguarded, whether something was.
pub(super) async fn demo(args: &Args, folder: &Folder, server: Server) -> anyhow::Result<bool> {
    let market = Market::start(args, folder, &server).await?;
    let config = market.config(folder)?;
    let switches = args
        .unguarded
        .then(|| Switches::from_str("plant:in-flight-off"));
    let switches = switches
        .transpose()
        .map_err(|error| anyhow::anyhow!(error))?;
    print_links(args, &server, folder, &market);
    let told = beside_a_worker(&config, switches, async |ledger| {
        tell(args, &market, ledger, folder).await
    });
    let report = told.await?;
    write(&report, args.report.as_deref())?;
    drop(server);
    Ok(report.is_as_planned())
}

fn print_links(args: &Args, server: &Server, folder: &Folder, market: &Market) {
    if let Some(ui) = server.ui() {
        let name = bold(format!("{:<13}", "Temporal UI"));
        eprintln!("  {name}  {ui}/namespaces/default/workflows");
    }
    for (name, url) in market.addresses() {
        eprintln!("  {}  {url}/_sim/ledger", bold(format!("{name:<13}")));
    }
    let config = folder.config();
    eprintln!("  {}  {}", bold("configuration"), config.display());
    if args.unguarded {
        let says = "UNGUARDED: no buffer, and orders that a batch has not seen do not count. This oversells.";
        eprintln!("\n  {}", bold(says));
    }
    eprintln!();
}

async fn tell(
    args: &Args,
    market: &Market,
    ledger: &Ledger,
    folder: &Folder,
) -> anyhow::Result<StockReport> {
    let began = Instant::now();
    let screen = Screen::new(market.skus());
    let played = async {
        first_numbers(market, &screen).await?;
        sell(market, &screen).await?;
        settle(args, market, ledger, &screen, began).await
    };
    let report = tokio::select! {
        report = played => report?,
        () = told_to_stop() => anyhow::bail!("stopped before the stock was sold"),
    };
    screen.finish();
    report.print(&screen);
    if !args.exit {
        let config = folder.config();
        let skus = market.skus();
        let sku = skus.first().map_or("SKU", String::as_str);
        eprintln!("\n{}", bold("Three things to try, in another terminal"));
        eprintln!(
            "  1. Why does an offer show its number?\n       bcm --config {} stock explain {sku}",
            config.display()
        );
        eprintln!(
            "  2. What stands on the marketplaces:\n       bcm --config {} stock show",
            config.display()
        );
        eprintln!(
            "  3. How a number came about:\n       bcm --config {} stock history {sku}",
            config.display()
        );
        eprintln!("\n  `bcm` is target/release/bcm. Ctrl-C ends everything.");
        told_to_stop().await;
    }
    Ok(report)
}

/// Waits until both marketplaces show stock.
async fn first_numbers(market: &Market, screen: &Screen) -> anyhow::Result<()> {
    let began = Instant::now();
    screen.note("BlueCherry's first batch is read, and sent to both marketplaces");
    loop {
        let seen = market.look();
        screen.show(&seen);
        let shows = |name: &str| seen.iter().all(|sku| sku.shown(name) > 0);
        if shows(NORDWIND) && shows(GALERIA) {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < FIRST,
            "no stock is on the marketplaces after {} s; the worker's log says why (RUST_LOG=info)",
            FIRST.as_secs()
        );
        tokio::time::sleep(TICK).await;
    }
}

/// Customers buy what the marketplaces show, and another channel takes some of the rest.
async fn sell(market: &Market, screen: &Screen) -> anyhow::Result<()> {
    let (began, mut bought_at) = (Instant::now(), Instant::now());
    let mut wrong = WRONG.iter().peekable();
    screen.note("customers buy what is shown; wholesale takes from the same stock");
    for tick in 0.. {
        if market.buy(tick)? {
            bought_at = Instant::now();
        }
        if tick % WHOLESALE_EVERY == 0 {
            market.wholesale(tick / WHOLESALE_EVERY);
        }
        if let Some((_, spoil, says)) = wrong.next_if(|(at, ..)| began.elapsed().as_secs() >= *at) {
            market.erp.take_batch(*spoil);
            screen.note(&format!("a batch of BlueCherry {says}"));
        }
        screen.show(&market.look());
        if began.elapsed() > SELLING || bought_at.elapsed() > SOLD_OUT {
            screen.note("the customers are done");
            return Ok(());
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

/// Waits until every order has come to its end.
async fn settle(
    args: &Args,
    market: &Market,
    ledger: &Ledger,
    screen: &Screen,
    began: Instant,
) -> anyhow::Result<StockReport> {
    loop {
        screen.show(&market.look());
        let report = report::look(args, market, ledger, began.elapsed()).await?;
        let patience_over = began.elapsed() >= Duration::from_secs(args.patience);
        if report.not_at_their_end.is_empty() || patience_over {
            return Ok(report);
        }
        tokio::time::sleep(TICK).await;
    }
}
