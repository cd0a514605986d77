//! `bcm stock simulate`: the numbers of a marketplace under other settings; nothing is sent.

use anyhow::Result;
use clap::Args;
use domain::ats::WhatIf;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{Ledger, OfferStock};
use serde::Serialize;

use super::{meant, offers};
use crate::render::{Cell, Look, Tone, count, json, paint, source, table};
use crate::{Output, Surroundings, words};

/// Offers looked at in one go.
const PAGE: u32 = 1_000;

/// `bcm stock simulate`.
#[derive(Debug, Args)]
pub struct SimulateStock {
    /// Only these SKUs, Mirakl's or BlueCherry's
    pub skus: Vec<String>,
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// Units kept back of every item on the marketplace
    #[arg(long, value_name = "UNITS")]
    pub buffer: Option<u32>,
    /// Part of the stock that it may promise, 0 to 1
    #[arg(long, value_name = "PART", value_parser = share)]
    pub share: Option<rust_decimal::Decimal>,
    /// Most units to show
    #[arg(long, value_name = "UNITS")]
    pub cap: Option<u32>,
    /// At most so many offers of each marketplace
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

fn share(word: &str) -> Result<rust_decimal::Decimal, String> {
    let share: rust_decimal::Decimal = word.parse().map_err(|_| "not a number".to_owned())?;
    let range = rust_decimal::Decimal::ZERO..=rust_decimal::Decimal::ONE;
    range
        .contains(&share)
        .then_some(share)
        .ok_or_else(|| "not between 0 and 1".to_owned())
}

/// `bcm stock simulate --json`.
#[derive(Clone, Debug, Serialize)]
pub struct SimulationDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// One each.
    pub marketplaces: Vec<SimulatedMarketplace>,
}

/// A marketplace under other settings.
#[derive(Clone, Debug, Serialize)]
pub struct SimulatedMarketplace {
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Offers looked at.
    pub offers: u64,
    /// Of these, how many would show another number.
    pub changing: u64,
    /// Of these, how many would show nothing that show something now.
    pub to_zero: u64,
    /// Units of all offers now.
    pub units_now: u64,
    /// Units they would show.
    pub units_then: u64,
    /// Offers that would change, up to the limit.
    pub changes: Vec<SimulatedOffer>,
}

/// An offer that would show another number.
#[derive(Clone, Debug, Serialize)]
pub struct SimulatedOffer {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// What it should show now.
    pub now: u32,
    /// What it would.
    pub then: u32,
}

impl SimulateStock {
    pub(super) async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let codes = meant(ledger, self.marketplace.as_ref()).await?;
        let what_if = WhatIf {
            buffer: self.buffer,
            share: self.share,
            cap: self.cap,
        };
        let mut named = vec![];
        for sku in &self.skus {
            named.extend(offers(ledger, self.marketplace.as_ref(), sku).await?);
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut marketplaces = vec![];
        for code in codes {
            let mut simulated = SimulatedMarketplace::of(code);
            if self.skus.is_empty() {
                simulated
                    .whole(ledger, surroundings.now, &what_if, limit)
                    .await?;
            } else {
                let here = named.iter().filter(|(of, _)| *of == simulated.marketplace);
                let here: Vec<&OfferStock> = here.map(|(_, offer)| offer).collect();
                simulated
                    .add(ledger, surroundings.now, &here, &what_if, limit)
                    .await?;
            }
            marketplaces.push(simulated);
        }
        let document = SimulationDocument {
            source: "ledger",
            as_of: surroundings.now,
            marketplaces,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

impl SimulatedMarketplace {
    fn of(marketplace: MarketplaceCode) -> Self {
        Self {
            marketplace,
            offers: 0,
            changing: 0,
            to_zero: 0,
            units_now: 0,
            units_then: 0,
            changes: vec![],
        }
    }

    async fn whole(
        &mut self,
        ledger: &Ledger,
        now: Timestamp,
        what_if: &WhatIf,
        limit: usize,
    ) -> Result<()> {
        let mut after = String::new();
        loop {
            let page = ledger.offers_after(&self.marketplace, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.offer_sku);
            let listed: Vec<&OfferStock> = page.iter().filter(|offer| offer.listed).collect();
            self.add(ledger, now, &listed, what_if, limit).await?;
        }
    }

    async fn add(
        &mut self,
        ledger: &Ledger,
        now: Timestamp,
        offers: &[&OfferStock],
        what_if: &WhatIf,
        limit: usize,
    ) -> Result<()> {
        for offer in offers {
            let (code, sku) = (&self.marketplace, &offer.offer_sku);
            let Some(stands) = ledger.published_at(code, sku, now).await? else {
                continue;
            };
            let then = what_if.of(&stands.explanation).quantity.units();
            let Some((now, then)) = stands.explanation.quantity.units().zip(then) else {
                continue;
            };
            self.offers += 1;
            self.units_now += u64::from(now);
            self.units_then += u64::from(then);
            if now == then {
                continue;
            }
            self.changing += 1;
            self.to_zero += u64::from(then == 0);
            if self.changes.len() < limit {
                self.changes.push(SimulatedOffer {
                    offer_sku: offer.offer_sku.clone(),
                    now,
                    then,
                });
            }
        }
        Ok(())
    }

    fn render(&self, look: Look) -> String {
        let title = format!(
            "{} · {} of {} would show another number, {} of them nothing · {} → {} units",
            self.marketplace,
            self.changing,
            count(self.offers, "offer", "offers"),
            self.to_zero,
            self.units_now,
            self.units_then
        );
        let mut text = format!("{}\n", paint(&title, Tone::Strong, look));
        let row = |offer: &SimulatedOffer| {
            let change = i64::from(offer.then) - i64::from(offer.now);
            let tone = match (offer.then, change) {
                (0, _) => Tone::Bad,
                (_, ..0) => Tone::Warning,
                _ => Tone::Good,
            };
            vec![
                offer.offer_sku.as_str().into(),
                offer.now.to_string().into(),
                offer.then.to_string().into(),
                Cell::new(format!("{change:+}"), tone),
            ]
        };
        if !self.changes.is_empty() {
            let headers = ["offer SKU", "should be", "would be", "change"];
            text += &table(&headers, self.changes.iter().map(row).collect(), look);
        }
        let listed = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        let more = self.changing.saturating_sub(listed);
        if more > 0 {
            text += &format!("and {more} more; --limit lists more of them\n");
        }
        text
    }
}

impl SimulationDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let mut text = String::new();
        for shop in &self.marketplaces {
            text += &shop.render(look);
            text.push('\n');
        }
        text += "Nothing was sent. The stock and sales are those of the last computation; what is wanted goes into the stock section of bcm.toml.\n";
        text + &format!("{}\n", paint(&source(self.as_of), Tone::Faint, look))
    }
}
