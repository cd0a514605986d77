//! The stock of marketplaces as a document: what a table, and later a web page, shows.

use anyhow::Result;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{
    Difference, HeldOffer, Ledger, OfferStock, OffersOf, Publication, Snapshot, StockReview,
};
use serde::Serialize;
use workflows::stock::Held;

use crate::Surroundings;

/// Held offers that are looked up for the reasons of those shown.
const HELD_MAX: u32 = 10_000;

/// `bcm stock show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct StockDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The last batch that was read or refused; null before the first.
    pub batch: Option<BatchItem>,
    /// One each.
    pub marketplaces: Vec<MarketplaceStock>,
}

/// A batch of BlueCherry's.
#[derive(Clone, Debug, Serialize)]
pub struct BatchItem {
    /// The site's own number.
    pub batch_id: String,
    /// The moment its figures are true for, RFC 3339.
    pub as_of: Timestamp,
    /// `reading`, `accepted` or `refused`.
    pub state: String,
    /// Codes of why it was refused.
    pub reasons: Vec<String>,
}

/// The stock of one marketplace.
#[derive(Clone, Debug, Serialize)]
pub struct MarketplaceStock {
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// The last computation; null before the first.
    pub computation: Option<ComputationItem>,
    /// How many offers differ, and how.
    pub counts: Counts,
    /// What waits for a person; null when nothing does.
    pub review: Option<ReviewItem>,
    /// The offers asked for.
    pub offers: Vec<OfferItem>,
    /// How many there are of them without the limit.
    pub offers_total: u64,
}

/// A computation.
#[derive(Clone, Debug, Serialize)]
pub struct ComputationItem {
    /// Its number.
    pub snapshot_no: i64,
    /// `computing`, `computed`, `sent`, `done` or `dropped`.
    pub state: String,
    /// When it began, RFC 3339.
    pub began_at: Timestamp,
    /// When it was done, RFC 3339; null while it is under way.
    pub ended_at: Option<Timestamp>,
    /// Were all offers sent, or those that differ?
    pub is_full: bool,
    /// Age of the figures when it was made, in seconds.
    pub age_s: i64,
    /// Were they older than they may be?
    pub stale: bool,
    /// Units of all offers together.
    pub units: u64,
    /// Offers without a BlueCherry SKU.
    pub unmapped: u64,
    /// Offers that may not be listed.
    pub ineligible: u64,
}

/// How many offers differ.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counts {
    /// Offers that Mirakl names.
    pub offers: u64,
    /// Those that should show something else than Mirakl took.
    pub differing: u64,
    /// Those that showed something else than Mirakl took.
    pub drifting: u64,
    /// Those of which nothing can be said.
    pub unknown: u64,
    /// Those that Mirakl refused.
    pub refused: u64,
}

/// What the guard holds.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewItem {
    /// Its number.
    pub review: i64,
    /// `held` or `rejected`.
    pub state: String,
    /// Since when, RFC 3339.
    pub since: Timestamp,
    /// The numbers: `offers`, `by_reason`, `units_shown`, `units_wanted`, `totals`, and `refused`, the
    /// batch that looks wrong.
    pub numbers: Held,
    /// ID of its run.
    pub workflow_id: String,
    /// Its page in Temporal's web UI, where one is configured.
    pub run: Option<String>,
}

/// One offer, side by side.
#[derive(Clone, Debug, Serialize)]
pub struct OfferItem {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// BlueCherry's SKU; null while no mapping names it.
    pub sku: Option<String>,
    /// What it should show; null when nothing can be said.
    pub should_be: Option<i64>,
    /// What was last sent.
    pub last_sent: Option<i64>,
    /// When, RFC 3339.
    pub sent_at: Option<Timestamp>,
    /// What Mirakl took, or what it showed when it was read back since.
    pub on_mirakl: Option<i64>,
    /// When that was seen, RFC 3339.
    pub seen_at: Option<Timestamp>,
    /// What is to be known of it: `held`, `refused`, `drifting`, `to_send`, `unmapped`, `unknown`,
    /// `not_listed`.
    pub notes: Vec<&'static str>,
    /// Why it is held, a code.
    pub held_for: Option<String>,
}

/// What a marketplace's part of the document is asked for.
pub(super) struct Asked<'a> {
    pub which: OffersOf,
    pub limit: u32,
    pub skus: &'a [String],
    pub ui: Option<(&'a str, &'a str)>,
}

impl<'a> Asked<'a> {
    /// Counts alone.
    pub(super) fn counts(surroundings: &'a Surroundings) -> Self {
        Self {
            which: OffersOf::All,
            limit: 0,
            skus: &[],
            ui: Self::ui(surroundings),
        }
    }

    /// Temporal's web UI and namespace, where one is configured.
    pub(super) fn ui(surroundings: &'a Surroundings) -> Option<(&'a str, &'a str)> {
        let ui = surroundings.temporal_ui.as_deref();
        ui.map(|ui| (ui, surroundings.namespace.as_str()))
    }
}

/// The stock of one marketplace.
pub(super) async fn marketplace(
    ledger: &Ledger,
    code: &MarketplaceCode,
    asked: &Asked<'_>,
) -> Result<MarketplaceStock> {
    let Difference {
        listed,
        differing,
        unknown,
        refused,
    } = ledger.stock_difference(code).await?;
    let (_, drifting) = ledger.offers_of(code, OffersOf::Drifting, 0).await?;
    let last = ledger.publications(code, 1).await?.into_iter().next();
    let reviews = ledger.stock_reviews(code, 1).await?;
    let review = reviews
        .into_iter()
        .find(|review| matches!(review.state.as_str(), "held" | "rejected"));
    let held = ledger.held_stock(code, "", HELD_MAX).await?;
    let (offers, offers_total) = if asked.skus.is_empty() {
        ledger.offers_of(code, asked.which, asked.limit).await?
    } else {
        let mut found = vec![];
        for sku in asked.skus {
            let named = ledger.offers_by_sku(Some(code), sku).await?;
            found.extend(named.into_iter().map(|(_, offer)| offer));
        }
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        (found, count)
    };
    Ok(MarketplaceStock {
        marketplace: code.clone(),
        computation: last.map(ComputationItem::from),
        counts: Counts {
            offers: listed,
            differing,
            drifting,
            unknown,
            refused,
        },
        review: review.map(|review| review_item(code, review, asked.ui)),
        offers: offers
            .into_iter()
            .map(|offer| offer_item(offer, &held))
            .collect(),
        offers_total,
    })
}

fn review_item(
    code: &MarketplaceCode,
    review: StockReview,
    ui: Option<(&str, &str)>,
) -> ReviewItem {
    let workflow_id = workflows::ids::stock_review(code, review.review);
    let run = ui.map(|(ui, namespace)| crate::run_address(ui, namespace, &workflow_id));
    ReviewItem {
        review: review.review,
        state: review.state,
        since: review.opened_at,
        numbers: serde_json::from_str(&review.numbers).unwrap_or_default(),
        workflow_id,
        run,
    }
}

fn offer_item(offer: OfferStock, held: &[HeldOffer]) -> OfferItem {
    let taken = offer.acknowledged;
    let seen_since = offer
        .shown
        .filter(|(_, at)| taken.is_none_or(|(_, taken)| *at > taken));
    let on_mirakl = seen_since.or(taken);
    let held = held.iter().find(|held| held.offer_sku == offer.offer_sku);
    let drifting = seen_since
        .zip(taken)
        .is_some_and(|((shown, _), (taken, _))| shown != taken);
    let differs = offer.wanted.is_some() && offer.wanted != taken.map(|(taken, _)| taken);
    let notes = [
        ("not_listed", !offer.listed),
        ("unmapped", offer.sku.is_none()),
        ("unknown", offer.wanted.is_none() && offer.sku.is_some()),
        ("held", held.is_some()),
        ("refused", offer.refused.is_some()),
        ("drifting", drifting),
        (
            "to_send",
            (differs || offer.in_doubt)
                && offer.wanted.is_some()
                && held.is_none()
                && offer.refused.is_none(),
        ),
    ];
    OfferItem {
        should_be: offer.wanted,
        last_sent: offer.sent.map(|(units, _)| units),
        sent_at: offer.sent.map(|(_, at)| at),
        on_mirakl: on_mirakl.map(|(units, _)| units),
        seen_at: on_mirakl.map(|(_, at)| at),
        notes: notes
            .into_iter()
            .filter_map(|(note, is)| is.then_some(note))
            .collect(),
        held_for: held.map(|held| held.reason.clone()),
        offer_sku: offer.offer_sku,
        sku: offer.sku,
    }
}

impl From<Snapshot> for BatchItem {
    fn from(batch: Snapshot) -> Self {
        Self {
            batch_id: batch.batch_id,
            as_of: batch.as_of,
            state: batch.state,
            reasons: batch.reasons,
        }
    }
}

impl From<Publication> for ComputationItem {
    fn from(made: Publication) -> Self {
        Self {
            snapshot_no: made.snapshot_no,
            state: made.state,
            began_at: made.began_at,
            ended_at: made.ended_at,
            is_full: made.is_full,
            age_s: made.counts.age_s,
            stale: made.counts.stale,
            units: made.counts.units,
            unmapped: made.counts.unmapped,
            ineligible: made.counts.ineligible,
        }
    }
}
