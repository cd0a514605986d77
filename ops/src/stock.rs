//! `bcm stock`: what each offer should show, was sent and shows on Mirakl, why, and what is held.

mod changes;
mod document;
mod explain;
mod push;
mod review;
mod show;
mod simulate;

use anyhow::Result;
use clap::Subcommand;
use domain::marketplace::MarketplaceCode;
use ledger::{Ledger, OfferStock};

pub use changes::{Change, changes};
pub use document::{MarketplaceStock, OfferItem, ReviewItem, StockDocument};
pub use explain::{
    ExplainStock, ExplainedOffer, ExplanationsDocument, HistoryDocument, NumberItem, StockHistory,
};
pub use push::{PushDocument, PushStock};
pub use review::{DecideStock, DecisionDocument};
pub use show::ShowStock;
pub(crate) use show::rows;
pub use simulate::{SimulateStock, SimulationDocument};

use crate::{Output, Surroundings, Trouble};

/// Near SKUs named in an error.
const NEAR: u32 = 5;

/// Verbs of `bcm stock`.
#[derive(Debug, Subcommand)]
pub enum StockVerb {
    /// What each offer should show, what was sent, what is on Mirakl, and what is held
    Show(ShowStock),
    /// Why an offer shows its number, now or at a past moment, as a sum
    Explain(ExplainStock),
    /// What would change under other settings of a marketplace; nothing is sent
    Simulate(SimulateStock),
    /// Publish a marketplace now, and follow it
    Push(PushStock),
    /// Let go what the guard holds on a marketplace
    Approve(DecideStock),
    /// Keep held what the guard holds, until the stock says something else
    Reject(DecideStock),
    /// The numbers of an offer so far, and what made each change
    History(StockHistory),
}

impl StockVerb {
    /// Does it.
    ///
    /// # Errors
    /// `stock_unknown`, `sku_unknown`, `nothing_held`, `no_schedule`, `no_temporal`,
    /// `temporal_unreachable`, `no_worker`, `push_goes_on`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        match self {
            Self::Show(show) => show.run(surroundings).await,
            Self::Explain(explain) => explain.run(surroundings).await,
            Self::Simulate(simulate) => simulate.run(surroundings).await,
            Self::Push(push) => push.run(surroundings).await,
            Self::Approve(decide) => decide.run(true, surroundings).await,
            Self::Reject(decide) => decide.run(false, surroundings).await,
            Self::History(history) => history.run(surroundings).await,
        }
    }
}

/// The stock of every marketplace that publishes it, without its offers.
pub(crate) async fn summary(surroundings: &Surroundings) -> Result<Vec<MarketplaceStock>> {
    let ledger = &surroundings.ledger;
    let asked = document::Asked::counts(surroundings);
    let mut all = vec![];
    for code in ledger.stock_marketplaces().await? {
        all.push(document::marketplace(ledger, &code, &asked).await?);
    }
    Ok(all)
}

/// The marketplaces that are meant.
async fn meant(
    ledger: &Ledger,
    marketplace: Option<&MarketplaceCode>,
) -> Result<Vec<MarketplaceCode>> {
    let known = ledger.stock_marketplaces().await?;
    match marketplace {
        Some(code) if known.contains(code) => Ok(vec![code.clone()]),
        Some(code) => Err(unknown(code, &known).into()),
        None => Ok(known),
    }
}

fn unknown(code: &MarketplaceCode, known: &[MarketplaceCode]) -> Trouble {
    let known: Vec<&str> = known.iter().map(MarketplaceCode::as_str).collect();
    let next = if known.is_empty() {
        "Give it a stock section in bcm.toml and start a worker (bcm worker); its first run reads the offers.".to_owned()
    } else {
        format!(
            "Name one that publishes stock ({}), or give this one a stock section in bcm.toml.",
            known.join(", ")
        )
    };
    Trouble::new(
        "stock_unknown",
        format!("No stock of {code} was ever published or looked at."),
        next,
    )
}

/// The offers that go by a SKU, Mirakl's or BlueCherry's.
async fn offers(
    ledger: &Ledger,
    marketplace: Option<&MarketplaceCode>,
    sku: &str,
) -> Result<Vec<(MarketplaceCode, OfferStock)>> {
    let found = ledger.offers_by_sku(marketplace, sku).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let near = ledger.offer_skus_like(sku, NEAR).await?;
    let next = if near.is_empty() {
        "See which offers there are: bcm stock show".to_owned()
    } else {
        format!("Did you mean {}?", near.join(", "))
    };
    let on = marketplace.map_or(String::new(), |code| format!(" on {code}"));
    let says = format!("No offer{on} goes by the SKU {sku}, neither Mirakl's nor BlueCherry's.");
    Err(Trouble::new("sku_unknown", says, next).into())
}
