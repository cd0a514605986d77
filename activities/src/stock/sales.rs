//! What orders of every shop take from each stocked item.

use std::collections::{HashMap, HashSet};

use domain::ats::InFlight;
use jiff::{SignedDuration, Timestamp};
use ledger::SoldLine;
use rust_decimal::Decimal;

use super::skus::Skus;
use super::{ItemFacts, Stocks};
use crate::Failure;
use crate::switches::Plant;

/// Orders that were sold and booked so long ago are in every batch.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
const WINDOW_DAYS: i64 = 7;
/// An order may be seen so long before a number that does not contain it yet is taken.
const SLACK: SignedDuration = SignedDuration::from_mins(10);

/// Units of one order line, in units of the stocked item.
struct Sold {
    sold_at: Timestamp,
    seen_at: Timestamp,
}

/// Sales by stocked item.
#[derive(Default)]
pub(super) struct Sales {
    lines: HashMap<String, (Vec<InFlight>, Vec<Sold>)>,
}

impl Sales {
    /// Lines of an item on every shop; those that the batch has seen are left out by the sum.
    pub(super) fn in_flight(&self, sku: &str) -> &[InFlight] {
        self.lines.get(sku).map_or(&[], |(lines, _)| lines)
    }

    /// Units of an item sold since a number was taken.
    pub(super) fn since(&self, sku: &str, taken_at: Timestamp) -> u32 {
        let Some((lines, sold)) = self.lines.get(sku) else {
            return 0;
        };
        let since = taken_at.checked_sub(SLACK).unwrap_or(taken_at);
        let new = lines.iter().zip(sold).filter(|(_, s)| s.seen_at > since);
        new.fold(0_u32, |sum, (line, _)| sum.saturating_add(line.units))
    }

    /// Units of an item sold a day, over the last week.
    pub(super) fn a_day(&self, sku: &str, now: Timestamp) -> Decimal {
        let Some((lines, sold)) = self.lines.get(sku) else {
            return Decimal::ZERO;
        };
        let from = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let lines = lines.iter().zip(sold).filter(|(_, s)| s.sold_at > from);
        let units: u64 = lines.map(|(line, _)| u64::from(line.units)).sum();
        Decimal::from(units) / Decimal::from(WINDOW_DAYS)
    }

    fn add(&mut self, sku: String, line: &SoldLine, per_pack: u32) {
        let (lines, sold) = self.lines.entry(sku).or_default();
        lines.push(InFlight {
            marketplace: line.marketplace.to_string(),
            units: line.units.saturating_mul(per_pack),
            sales_order: line.sales_order.clone(),
            in_erp_since: line.booked_at,
        });
        sold.push(Sold {
            sold_at: line.sold_at,
            seen_at: line.seen_at,
        });
    }
}

impl Stocks {
    /// What orders of every shop take: packs count in their components, unless they are stocked.
    /// A line whose offer has no BlueCherry SKU takes from nothing that is known.
    pub(super) async fn sales(&self, skus: &Skus<'_>, as_of: Timestamp) -> Result<Sales, Failure> {
        if self.connections.switches.is_planted(Plant::InFlightOff) {
            return Ok(Sales::default());
        }
        let from = as_of.min(self.now());
        let since = from.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let lines = self.ledger().sold_lines(since).await?;
        let mapped: Vec<(String, SoldLine)> = lines
            .into_iter()
            .filter_map(|line| {
                let sku = skus.sku(line.marketplace.as_str(), &line.offer_sku)?;
                Some((sku, line))
            })
            .collect();
        let distinct: HashSet<&str> = mapped.iter().map(|(sku, _)| sku.as_str()).collect();
        let distinct: Vec<&str> = distinct.into_iter().collect();
        let items: HashMap<String, ItemFacts> = self.item_facts(&distinct).await?;
        let mut sales = Sales::default();
        for (sku, line) in &mapped {
            match items.get(sku).filter(|item| !item.parts.is_empty()) {
                None => sales.add(sku.clone(), line, 1),
                Some(pack) => {
                    for (part, per_pack) in &pack.parts {
                        sales.add(part.clone(), line, *per_pack);
                    }
                }
            }
        }
        Ok(sales)
    }
}
