//! `bcm stock show`.

use anyhow::Result;
use clap::Args;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::OffersOf;
use workflows::stock::Held;

use super::document::{Asked, ComputationItem, marketplace};
use super::{MarketplaceStock, OfferItem, ReviewItem, StockDocument, meant};
use crate::render::{Cell, Look, Tone, count, json, or_dash, paint, relative, source, table};
use crate::{Output, Surroundings, words};

/// `bcm stock show`.
#[derive(Debug, Default, Args)]
pub struct ShowStock {
    /// Only these SKUs, Mirakl's or BlueCherry's
    pub skus: Vec<String>,
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// Only offers that should show something else than Mirakl took
    #[arg(long, group = "which")]
    pub differing: bool,
    /// Only offers that showed something else than Mirakl took
    #[arg(long, group = "which")]
    pub drifting: bool,
    /// Only offers that the guard holds
    #[arg(long, group = "which")]
    pub held: bool,
    /// Only offers that Mirakl refused
    #[arg(long, group = "which")]
    pub refused: bool,
    /// Only offers of which nothing can be said
    #[arg(long, group = "which")]
    pub unknown: bool,
    /// At most so many offers of each marketplace
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

impl ShowStock {
    pub(super) async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let codes = meant(ledger, self.marketplace.as_ref()).await?;
        for sku in &self.skus {
            super::offers(ledger, self.marketplace.as_ref(), sku).await?;
        }
        let asked = Asked {
            which: self.which(),
            limit: self.limit,
            skus: &self.skus,
            ui: Asked::ui(surroundings),
        };
        let mut marketplaces = vec![];
        for code in &codes {
            marketplaces.push(marketplace(ledger, code, &asked).await?);
        }
        let document = StockDocument {
            source: "ledger",
            as_of: surroundings.now,
            batch: ledger.last_stock_snapshot().await?.map(Into::into),
            marketplaces,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }

    fn which(&self) -> OffersOf {
        let asked = [
            (self.differing, OffersOf::Differing),
            (self.drifting, OffersOf::Drifting),
            (self.held, OffersOf::Held),
            (self.refused, OffersOf::Refused),
            (self.unknown, OffersOf::Unknown),
        ];
        let found = asked.into_iter().find(|(is, _)| *is);
        found.map_or(OffersOf::All, |(_, which)| which)
    }
}

impl StockDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let mut text = String::new();
        for shop in &self.marketplaces {
            text += &shop.render(self.as_of, look);
            text.push('\n');
        }
        if self.marketplaces.is_empty() {
            text += "No marketplace publishes stock yet. Give one a stock section in bcm.toml and start a worker.\n";
        }
        if let Some(batch) = &self.batch {
            let of = format!(
                "batch {} of BlueCherry, figures of {}",
                batch.batch_id,
                relative(batch.as_of, self.as_of)
            );
            text += &match batch.state.as_str() {
                "refused" => {
                    let why = format!(
                        "The newest {of}, was refused ({}); the one before stays in use.",
                        batch.reasons.join(", ")
                    );
                    format!("{}\n", paint(&why, Tone::Bad, look))
                }
                "reading" => format!("The newest {of}, is being read.\n"),
                _ => format!("The newest {of}, is in use.\n"),
            };
        }
        text + &format!("{}\n", paint(&source(self.as_of), Tone::Faint, look))
    }
}

/// A line a marketplace.
pub(crate) fn rows(stock: &[MarketplaceStock], now: Timestamp, look: Look) -> String {
    let row = |shop: &MarketplaceStock| {
        let counts = &shop.counts;
        let n = |n: u64| {
            let tone = if n == 0 { Tone::Plain } else { Tone::Warning };
            Cell::new(n.to_string(), tone)
        };
        let held = match &shop.review {
            Some(review) if review.state == "held" => Cell::new("asks a person", Tone::Bad),
            Some(_) => "rejected".into(),
            None => or_dash(None::<&str>),
        };
        let made = shop.computation.as_ref();
        let when = made.map(|made| relative(made.ended_at.unwrap_or(made.began_at), now));
        let age = made.map(|made| format!("{} s", made.age_s));
        vec![
            shop.marketplace.as_str().into(),
            counts.offers.to_string().into(),
            or_dash(made.map(|made| made.units.to_string())),
            n(counts.differing),
            n(counts.drifting),
            n(counts.refused),
            n(counts.unknown),
            held,
            or_dash(when),
            or_dash(age),
        ]
    };
    let headers = [
        "marketplace",
        "offers",
        "units",
        "differing",
        "drifting",
        "refused",
        "unknown",
        "held",
        "published",
        "figures' age then",
    ];
    table(&headers, stock.iter().map(row).collect(), look)
}

impl MarketplaceStock {
    fn render(&self, now: Timestamp, look: Look) -> String {
        let counts = &self.counts;
        let mut title = format!(
            "{} · {}",
            self.marketplace,
            count(counts.offers, "offer", "offers")
        );
        for (n, word) in [
            (counts.differing, "differing"),
            (counts.drifting, "drifting"),
            (counts.refused, "refused by Mirakl"),
            (counts.unknown, "unknown"),
        ] {
            if n > 0 {
                title += &format!(" · {n} {word}");
            }
        }
        let mut text = format!("{}\n", paint(&title, Tone::Strong, look));
        match &self.computation {
            Some(made) => text += &made.render(now, look),
            None => text += "No computation yet.\n",
        }
        if !self.offers.is_empty() {
            let headers = [
                "offer SKU",
                "BlueCherry SKU",
                "should be",
                "last sent",
                "on Mirakl",
                "seen",
                "note",
            ];
            let rows = self.offers.iter().map(|offer| offer.row(now)).collect();
            text += &table(&headers, rows, look);
        }
        let listed = u64::try_from(self.offers.len()).unwrap_or(u64::MAX);
        let more = self.offers_total.saturating_sub(listed);
        if more > 0 {
            text += &format!("and {more} more; --limit lists more of them\n");
        } else if listed == 0 {
            text += "No such offer.\n";
        }
        if let Some(review) = &self.review {
            text += &review.render(&self.marketplace, now, look);
        }
        text
    }
}

impl ComputationItem {
    fn render(&self, now: Timestamp, look: Look) -> String {
        let what = match self.state.as_str() {
            "computing" => "is being computed",
            "computed" => "is computed, and about to be sent",
            "sent" => "was sent; Mirakl has not said yet what it took",
            "done" => "was sent and taken",
            _ => "was dropped for a later one",
        };
        let when = match self.ended_at {
            Some(at) => relative(at, now),
            None => format!("begun {}", relative(self.began_at, now)),
        };
        let which = if self.is_full { ", every offer" } else { "" };
        let tone = if self.ended_at.is_some() {
            Tone::Plain
        } else {
            Tone::Warning
        };
        let mut text = format!(
            "Computation {} {}{which} · {when} · {} · figures {} s old when it was made\n",
            self.snapshot_no,
            paint(what, tone, look),
            count(self.units, "unit", "units"),
            self.age_s
        );
        if self.stale {
            let says = "The figures were older than they may be; the chosen action was taken.";
            text += &format!("{}\n", paint(says, Tone::Bad, look));
        }
        text
    }
}

impl OfferItem {
    fn row(&self, now: Timestamp) -> Vec<Cell> {
        let units = |units: Option<i64>| or_dash(units.map(|n| n.to_string()));
        let differs = self.should_be.is_some() && self.should_be != self.on_mirakl;
        let tone = if differs { Tone::Warning } else { Tone::Plain };
        let on_mirakl = match self.on_mirakl {
            Some(n) => Cell::new(n.to_string(), tone),
            None => units(None),
        };
        let words: Vec<String> = self
            .notes
            .iter()
            .map(|note| match (*note, &self.held_for) {
                ("held", Some(why)) => format!("held: {}", why.replace('_', " ")),
                (note, _) => note.replace('_', " "),
            })
            .collect();
        let bad = ["held", "refused", "drifting", "unknown", "unmapped"];
        let tone = if self.notes.iter().any(|note| bad.contains(note)) {
            Tone::Bad
        } else {
            Tone::Plain
        };
        vec![
            self.offer_sku.as_str().into(),
            or_dash(self.sku.as_deref()),
            units(self.should_be),
            units(self.last_sent),
            on_mirakl,
            or_dash(self.seen_at.map(|at| relative(at, now))),
            Cell::new(words.join(", "), tone),
        ]
    }
}

impl ReviewItem {
    fn render(&self, code: &MarketplaceCode, now: Timestamp, look: Look) -> String {
        let Held {
            offers,
            by_reason,
            units_shown,
            units_wanted,
            totals,
            refused,
        } = &self.numbers;
        let mut lines = vec![];
        let since = relative(self.since, now);
        if let Some(batch) = refused {
            lines.push(format!(
                "Batch {} of BlueCherry looks wrong since {since} ({}), and is not in use.",
                batch.batch_id,
                batch.faults.join("; ")
            ));
        }
        if *offers > 0 || refused.is_none() {
            let reasons: Vec<String> = by_reason
                .iter()
                .map(|(why, n)| format!("{n} {}", why.replace('_', " ")))
                .collect();
            lines.push(format!(
                "Held by the guard since {since}: {} ({}), {units_shown} → {units_wanted} units",
                count(*offers, "offer", "offers"),
                reasons.join(", "),
            ));
        }
        if self.state == "rejected" {
            let says = "Rejected: it stays as it is until the stock says something else.";
            lines.push(says.to_owned());
        }
        let mut text = String::new();
        for line in lines {
            text += &format!("{}\n", paint(&line, Tone::Bad, look));
        }
        if *offers > 0 {
            text += &format!(
                "Of {} offers that show units {} would go to zero; of {} units {} would go without a sale, {} would come.\n",
                totals.shown, totals.zeroed, totals.units, totals.fall, totals.rise
            );
        }
        if self.state == "held" {
            text += &format!(
                "Right: bcm stock approve {code}\nWrong: bcm stock reject {code}, or let BlueCherry send a right batch.\n"
            );
        }
        if let Some(run) = &self.run {
            text += &format!("{run}\n");
        }
        text
    }
}
