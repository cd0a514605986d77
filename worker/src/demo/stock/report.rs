//! What the stock came to, from the simulators' own books.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use ledger::Ledger;
use serde::Serialize;
use simulators::mirakl::MiraklSim;
use simulators::scenario::{GALERIA, NORDWIND};

use super::market::Market;
use super::screen::Screen;
use crate::demo::Args;
use crate::demo::ink::{bold, fault_count};

/// Computations of our ledger that are counted.
const COUNTED: u32 = 100_000;

/// What the demo came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StockReport {
    /// Seed.
    pub seed: u64,
    /// Were buffers and in-flight units on?
    pub guarded: bool,
    /// Items sold.
    pub items: usize,
    /// Units there at the beginning.
    pub opening: i64,
    /// Units that wholesale took.
    pub wholesale: i64,
    /// Units that customers bought, by marketplace.
    pub sold: BTreeMap<&'static str, i64>,
    /// Units bought beyond what could be picked.
    pub oversold: u64,
    /// The same by item, where there are any.
    pub oversold_by_sku: BTreeMap<String, u64>,
    /// Units that nobody bought.
    pub left: i64,
    /// Orders that customers made.
    pub orders: u64,
    /// Of these, orders that had to be refused.
    pub refused: u64,
    /// Of these, orders that shipped.
    pub shipped: u64,
    /// Files of stock that Mirakl took in (STO01).
    pub files: u64,
    /// Times that the numbers were computed.
    pub computations: u64,
    /// Batches of BlueCherry that were not used, because they were wrong.
    pub batches_refused: u64,
    /// Orders that have not come to their end.
    pub not_at_their_end: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

impl StockReport {
    /// Nothing was oversold and every order ended; unguarded, something must have been oversold.
    pub(super) fn is_as_planned(&self) -> bool {
        self.not_at_their_end.is_empty() && (self.oversold == 0) == self.guarded
    }

    pub(super) fn print(&self, screen: &Screen) {
        eprintln!(
            "\n{}",
            bold("Stock over time: what could be picked, and what each marketplace showed")
        );
        eprint!("{}", screen.chart());
        eprintln!(
            "\n{}",
            bold("What became of the stock (from the simulators' own books)")
        );
        let sold: Vec<String> = self
            .sold
            .iter()
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        eprintln!(
            "  there {} · wholesale took {} · sold {} · left {}",
            self.opening,
            self.wholesale,
            sold.join(", "),
            self.left
        );
        eprintln!(
            "  oversold {} · orders {} · shipped {} · refused for want of stock {}",
            fault_count(self.oversold),
            self.orders,
            self.shipped,
            fault_count(self.refused)
        );
        eprintln!(
            "  computed {} times · {} files taken in · {} wrong batches not used",
            self.computations, self.files, self.batches_refused
        );
        for (sku, units) in &self.oversold_by_sku {
            eprintln!("    {units} × {sku} sold and not there");
        }
        for order in &self.not_at_their_end {
            eprintln!("    ! {order} has not come to its end");
        }
        eprintln!("  {:.1} s", self.seconds);
    }
}

/// Looks at the world.
pub(super) async fn look(
    args: &Args,
    market: &Market,
    ledger: &Ledger,
    elapsed: Duration,
) -> anyhow::Result<StockReport> {
    let seen = market.look();
    let mut report = StockReport {
        seed: args.seed,
        guarded: market.is_guarded(),
        items: seen.len(),
        seconds: elapsed.as_secs_f64(),
        ..StockReport::default()
    };
    for (sku, item) in market.skus().into_iter().zip(&seen) {
        report.opening += item.opening;
        report.wholesale += item.wholesale;
        report.left += item.left().max(0);
        for (name, units) in &item.sold {
            *report.sold.entry(name).or_default() += units;
        }
        if item.oversold() > 0 {
            report.oversold += item.oversold();
            report.oversold_by_sku.insert(sku, item.oversold());
        }
    }
    for (name, shop) in [(NORDWIND, &market.nordwind), (GALERIA, &market.galeria)] {
        report.orders(name, shop);
        let code = MarketplaceCode::new(name)?;
        let made = ledger.publications(&code, COUNTED).await?.len();
        report.computations += u64::try_from(made).unwrap_or(u64::MAX);
    }
    if let Some(last) = ledger.last_stock_snapshot().await? {
        let batches = ledger.snapshots(&last.site, COUNTED).await?;
        let refused = batches
            .iter()
            .filter(|batch| batch.state == "refused")
            .count();
        report.batches_refused = u64::try_from(refused).unwrap_or(u64::MAX);
    }
    Ok(report)
}

impl StockReport {
    fn orders(&mut self, name: &str, shop: &MiraklSim) {
        let ledger = shop.ledger();
        for order in ledger["orders"].as_array().into_iter().flatten() {
            let state = order["state"].as_str().unwrap_or_default();
            self.orders += 1;
            match state {
                "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED" => self.shipped += 1,
                "REFUSED" | "CANCELED" => self.refused += 1,
                _ => {
                    let id = order["order_id"].as_str().unwrap_or_default();
                    self.not_at_their_end.push(format!("{name}/{id} ({state})"));
                }
            }
        }
        self.files += u64::try_from(shop.calls().count("STO01")).unwrap_or(u64::MAX);
    }
}
