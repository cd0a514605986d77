//! What Mirakl's exports say of offers: which there are, and what they show.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::lease::Holding;
use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "an offer as Mirakl shows it";

/// An offer as an export shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOffer {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Units; empty for one that is gone.
    pub quantity: Option<i64>,
    /// Is it gone?
    pub is_gone: bool,
}

/// An offer that shows something else than Mirakl took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOtherwise {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// What Mirakl took.
    pub acknowledged: i64,
    /// When.
    pub acknowledged_at: Timestamp,
    /// What it shows.
    pub shown: i64,
}

impl Ledger {
    /// Notes what offers show, as an export that was asked for at `asked_at` tells, and answers those
    /// that show something else than Mirakl took: they are in doubt from then on, and the next
    /// difference sets them right. An offer with a file under way, or taken since, is not judged.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another publishes now.
    pub async fn note_shown(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
        shown: &[ShownOffer],
        asked_at: Timestamp,
    ) -> Result<Vec<ShownOtherwise>> {
        let doing = "noting what Mirakl shows";
        let mut others = Vec::new();
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        for chunk in shown.chunks(CHUNK) {
            let once: BTreeMap<_, _> = chunk
                .iter()
                .map(|offer| (offer.offer_sku.as_str(), offer))
                .collect();
            let new = format!(
                "WITH new (offer_sku, quantity, listed) AS ({}) ",
                values(once.len(), &["TEXT", "BIGINT", "BIGINT"], 4)
            );
            let bound = |then: &str| {
                let mut query = sqlx::query(AssertSqlSafe(format!("{new}{then}")))
                    .bind(marketplace.as_str().to_owned())
                    .bind(asked_at.as_millisecond())
                    .bind(holding.now.as_millisecond());
                for offer in once.values() {
                    query = query
                        .bind(offer.offer_sku.clone())
                        .bind(offer.quantity.map(|quantity| quantity.max(0)))
                        .bind(i64::from(!offer.is_gone));
                }
                query
            };
            let judged = "o.acknowledged <> n.quantity AND o.acknowledged_at < $2 \
                AND o.sent_import = o.acknowledged_import";
            let found = bound(&format!(
                "SELECT o.offer_sku, o.acknowledged, o.acknowledged_at, n.quantity AS shown, \
                 CAST($3 AS BIGINT) AS seen_at FROM new n CROSS JOIN stock_offers o \
                 WHERE o.marketplace = $1 AND o.offer_sku = n.offer_sku AND {judged} \
                 ORDER BY o.offer_sku"
            ));
            let before = others.len();
            for row in &found.fetch_all(writing.conn()).await.doing(doing)? {
                let columns = Columns { row, what: WHAT };
                others.push(ShownOtherwise {
                    offer_sku: columns.text("offer_sku")?,
                    acknowledged: columns.number("acknowledged")?,
                    acknowledged_at: columns.moment("acknowledged_at")?,
                    shown: columns.number("shown")?,
                });
            }
            let doubtful: Vec<String> = others
                .iter()
                .skip(before)
                .map(|other| other.offer_sku.clone())
                .collect();
            super::offers::doubt(writing.conn(), marketplace, &doubtful, holding.now).await?;
            let noted = bound(
                "INSERT INTO stock_offers (marketplace, offer_sku, listed, listed_at, \
                 snapshot_no, shown, shown_at) SELECT CAST($1 AS TEXT), n.offer_sku, n.listed, \
                 CAST($2 AS BIGINT), 0, n.quantity, CAST($3 AS BIGINT) FROM new n WHERE true \
                 ON CONFLICT (marketplace, offer_sku) DO UPDATE SET listed = excluded.listed, \
                 listed_at = excluded.listed_at, shown = excluded.shown, \
                 shown_at = excluded.shown_at",
            );
            noted.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await?;
        Ok(others)
    }

    /// Notes that a whole export has ended: offers that it did not name are gone.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another publishes now.
    pub async fn end_whole_export(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
        asked_at: Timestamp,
    ) -> Result<u64> {
        let doing = "noting offers that are gone";
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        let gone = sqlx::query(
            "UPDATE stock_offers SET listed = 0 \
             WHERE marketplace = $1 AND listed = 1 AND listed_at < $2",
        )
        .bind(marketplace.as_str())
        .bind(asked_at.as_millisecond())
        .execute(writing.conn())
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        Ok(gone.rows_affected())
    }
}
