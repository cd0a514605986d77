//! `bcm stock explain` and `bcm stock history`: why a number is what it is, and was.

use anyhow::Result;
use clap::Args;
use domain::ats::Explanation;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{OfferStock, Published};
use serde::Serialize;

use super::{Change, changes, offers};
use crate::render::{Cell, Look, Tone, json, moment, or_dash, paint, relative, source, table};
use crate::{Output, Surroundings, words};

/// `bcm stock explain`.
#[derive(Debug, Args)]
pub struct ExplainStock {
    /// The SKU, Mirakl's or BlueCherry's
    pub sku: String,
    /// On this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// At this moment instead of now, such as 2026-11-25T09:30:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// `bcm stock history`.
#[derive(Debug, Args)]
pub struct StockHistory {
    /// The SKU, Mirakl's or BlueCherry's
    pub sku: String,
    /// On this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// At most so many numbers of each offer
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// `bcm stock explain --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ExplanationsDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339: the moment that was asked about.
    pub as_of: Timestamp,
    /// One each offer that goes by the SKU.
    pub offers: Vec<ExplainedOffer>,
}

/// An offer's number at a moment.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedOffer {
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// BlueCherry's SKU; null while no mapping names it.
    pub sku: Option<String>,
    /// Since when the number stood, RFC 3339; null when there was none at that moment.
    pub since: Option<Timestamp>,
    /// The moment its figures were true for, RFC 3339.
    pub figures_of: Option<Timestamp>,
    /// The computation that made it first.
    pub snapshot_no: Option<i64>,
    /// Units; null when nothing could be said.
    pub quantity: Option<i64>,
    /// The sum, one term a line.
    pub terms: Vec<String>,
    /// The sum as it is kept.
    pub explanation: Option<Explanation>,
    /// What was last sent, by now.
    pub last_sent: Option<i64>,
    /// What Mirakl last took, by now.
    pub taken: Option<i64>,
    /// What Mirakl showed when it was last read back.
    pub shown: Option<i64>,
}

/// `bcm stock history --json`.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The newest first, offer by offer.
    pub numbers: Vec<NumberItem>,
}

/// A number as it stood from a moment on.
#[derive(Clone, Debug, Serialize)]
pub struct NumberItem {
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Since when, RFC 3339.
    pub since: Timestamp,
    /// Units; null when nothing could be said.
    pub quantity: Option<i64>,
    /// Difference to the number before; null for the first that is kept.
    pub change: Option<i64>,
    /// The computation that made it.
    pub snapshot_no: i64,
    /// The moment its figures were true for, RFC 3339.
    pub figures_of: Option<Timestamp>,
    /// What made it another than the one before.
    pub because: Vec<Change>,
}

impl ExplainStock {
    pub(super) async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let at = self.at.unwrap_or(surroundings.now);
        let found = offers(ledger, self.marketplace.as_ref(), &self.sku).await?;
        let mut explained = vec![];
        for (code, offer) in found {
            let stood = ledger.published_at(&code, &offer.offer_sku, at).await?;
            explained.push(explained_offer(code, offer, stood));
        }
        let document = ExplanationsDocument {
            source: "ledger",
            as_of: at,
            offers: explained,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

fn explained_offer(
    marketplace: MarketplaceCode,
    offer: OfferStock,
    stood: Option<Published>,
) -> ExplainedOffer {
    let units = |pair: Option<(i64, Timestamp)>| pair.map(|(units, _)| units);
    let text = stood.as_ref().map(|stood| stood.explanation.to_string());
    ExplainedOffer {
        marketplace,
        last_sent: units(offer.sent),
        taken: units(offer.acknowledged),
        shown: units(offer.shown),
        offer_sku: offer.offer_sku,
        sku: offer.sku,
        since: stood.as_ref().map(|stood| stood.at),
        figures_of: stood.as_ref().and_then(|stood| stood.as_of),
        snapshot_no: stood.as_ref().map(|stood| stood.snapshot_no),
        quantity: stood.as_ref().and_then(|stood| stood.quantity),
        terms: text
            .iter()
            .flat_map(|text| text.lines().map(str::to_owned))
            .collect(),
        explanation: stood.map(|stood| stood.explanation),
    }
}

impl ExplanationsDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let mut text = String::new();
        for offer in &self.offers {
            text += &offer.render(self.as_of, look);
            text.push('\n');
        }
        text + &format!("{}\n", paint(&source(self.as_of), Tone::Faint, look))
    }
}

impl ExplainedOffer {
    fn render(&self, at: Timestamp, look: Look) -> String {
        let of = match &self.sku {
            Some(sku) => format!("BlueCherry {sku}"),
            None => "no BlueCherry SKU: map it in skus.csv".to_owned(),
        };
        let title = format!("{} on {} ({of})", self.offer_sku, self.marketplace);
        let mut text = format!("{}\n", paint(&title, Tone::Strong, look));
        let Some(since) = self.since else {
            text += &format!(
                "No number stood at {}: none was computed by then, or it is past its keeping time.\n",
                moment(at)
            );
            return text;
        };
        for term in &self.terms {
            text += &format!("{term}\n");
        }
        text += &format!(
            "It stands since {} ({}).\n",
            moment(since),
            relative(since, at)
        );
        let units = |n: Option<i64>| n.map_or("nothing".to_owned(), |n| n.to_string());
        text += &format!(
            "By now: last sent {}, taken by Mirakl {}, shown at the last look {}.\n",
            units(self.last_sent),
            units(self.taken),
            units(self.shown)
        );
        text
    }
}

impl StockHistory {
    pub(super) async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let found = offers(ledger, self.marketplace.as_ref(), &self.sku).await?;
        let mut numbers = vec![];
        for (code, offer) in found {
            // One more than asked for, to hold the last one against.
            let limit = self.limit.saturating_add(1);
            let stood = ledger.stock_history(&code, &offer.offer_sku, limit).await?;
            let asked = stood
                .iter()
                .take(usize::try_from(self.limit).unwrap_or(usize::MAX));
            for (n, published) in asked.enumerate() {
                numbers.push(number(&code, &offer.offer_sku, published, stood.get(n + 1)));
            }
        }
        let document = HistoryDocument {
            source: "ledger",
            as_of: surroundings.now,
            numbers,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

fn number(
    marketplace: &MarketplaceCode,
    offer_sku: &str,
    this: &Published,
    before: Option<&Published>,
) -> NumberItem {
    let was = before.and_then(|before| before.quantity);
    NumberItem {
        marketplace: marketplace.clone(),
        offer_sku: offer_sku.to_owned(),
        since: this.at,
        quantity: this.quantity,
        change: this.quantity.zip(was).map(|(is, was)| is - was),
        snapshot_no: this.snapshot_no,
        figures_of: this.as_of,
        because: before.map_or_else(Vec::new, |before| {
            changes(&before.explanation, &this.explanation)
        }),
    }
}

impl HistoryDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let row = |number: &NumberItem| {
            let change = number.change.map(|change| format!("{change:+}"));
            let tone = match number.change {
                Some(change) if change < 0 => Tone::Warning,
                Some(change) if change > 0 => Tone::Good,
                _ => Tone::Plain,
            };
            let because: Vec<String> = number.because.iter().map(ToString::to_string).collect();
            vec![
                number.marketplace.as_str().into(),
                number.offer_sku.as_str().into(),
                moment(number.since).into(),
                match number.quantity {
                    Some(units) => units.to_string().into(),
                    None => Cell::new("unknown", Tone::Bad),
                },
                change.map_or_else(|| or_dash(None::<&str>), |change| Cell::new(change, tone)),
                number.snapshot_no.to_string().into(),
                or_dash(number.figures_of.map(moment)),
                because.join("; ").into(),
            ]
        };
        let headers = [
            "marketplace",
            "offer SKU",
            "since",
            "number",
            "change",
            "computation",
            "figures of",
            "because",
        ];
        let rows = if self.numbers.is_empty() {
            "No number was computed yet, or all are past their keeping time.\n".to_owned()
        } else {
            table(&headers, self.numbers.iter().map(row).collect(), look)
        };
        format!("{rows}{}\n", paint(&source(self.as_of), Tone::Faint, look))
    }
}
