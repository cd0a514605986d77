//! What each offer should show, what was sent, what Mirakl took and shows, and the sums behind it.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "the stock of an offer";

/// What an offer should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedStock {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Units.
    pub quantity: u32,
    /// The sum behind it, JSON. Moments stay out of it, since each change of it is kept for good.
    pub explanation: String,
}

/// The stock of an offer, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferStock {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// The snapshot that `wanted` was computed from.
    pub snapshot_no: i64,
    /// What it should show.
    pub wanted: i64,
    /// What was last sent, and when.
    pub sent: Option<(i64, Timestamp)>,
    /// What Mirakl last took, and when; empty when nobody knows.
    pub acknowledged: Option<(i64, Timestamp)>,
    /// What Mirakl showed when it was last read back.
    pub shown: Option<(i64, Timestamp)>,
}

/// A number and the sum behind it, as it stood at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Since when.
    pub at: Timestamp,
    /// From which snapshot.
    pub snapshot_no: i64,
    /// Units.
    pub quantity: i64,
    /// The sum, JSON.
    pub explanation: String,
}

/// An offer that shows something else than Mirakl took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// What Mirakl took.
    pub acknowledged: i64,
    /// What it shows.
    pub shown: i64,
}

impl Ledger {
    /// Notes what offers should show by a snapshot. An offer that a later snapshot spoke of stays as
    /// it is; the sum is kept each time it changed. Each offer SKU at most once a call.
    pub async fn want_stock(
        &self,
        marketplace: &MarketplaceCode,
        snapshot_no: i64,
        wanted: &[WantedStock],
        now: Timestamp,
    ) -> Result<()> {
        let doing = "noting what offers should show";
        let mut writing = self.writing().await?;
        let types = ["TEXT", "BIGINT", "TEXT"];
        for chunk in wanted.chunks(CHUNK) {
            let new = format!(
                "WITH new (offer_sku, quantity, explanation) AS ({}) ",
                values(chunk.len(), &types, 4)
            );
            let kept = "INSERT INTO stock_publications (marketplace, offer_sku, at, snapshot_no, \
                quantity, explanation) SELECT CAST($1 AS TEXT), n.offer_sku, \
                CAST($3 AS BIGINT), CAST($2 AS BIGINT), n.quantity, n.explanation FROM new n \
                LEFT JOIN stock_offers o ON o.marketplace = $1 AND o.offer_sku = n.offer_sku \
                WHERE o.offer_sku IS NULL OR (o.snapshot_no <= $2 \
                AND (o.explanation <> n.explanation OR o.wanted <> n.quantity)) \
                ON CONFLICT (marketplace, offer_sku, at) DO UPDATE SET \
                snapshot_no = excluded.snapshot_no, quantity = excluded.quantity, \
                explanation = excluded.explanation";
            let stands = "INSERT INTO stock_offers (marketplace, offer_sku, snapshot_no, wanted, \
                wanted_at, explanation) SELECT CAST($1 AS TEXT), n.offer_sku, \
                CAST($2 AS BIGINT), n.quantity, CAST($3 AS BIGINT), n.explanation FROM new n \
                WHERE true ON CONFLICT (marketplace, offer_sku) DO UPDATE SET \
                snapshot_no = excluded.snapshot_no, wanted = excluded.wanted, \
                wanted_at = excluded.wanted_at, explanation = excluded.explanation \
                WHERE stock_offers.snapshot_no <= excluded.snapshot_no";
            for then in [kept, stands] {
                let mut query = sqlx::query(AssertSqlSafe(format!("{new}{then}")))
                    .bind(marketplace.as_str())
                    .bind(snapshot_no)
                    .bind(now.as_millisecond());
                for offer in chunk {
                    query = query
                        .bind(offer.offer_sku.as_str())
                        .bind(i64::from(offer.quantity))
                        .bind(offer.explanation.as_str());
                }
                query.execute(writing.conn()).await.doing(doing)?;
            }
        }
        writing.commit(doing).await
    }

    /// The stock of one offer, if it was ever computed.
    pub async fn offer_stock(
        &self,
        marketplace: &MarketplaceCode,
        offer_sku: &str,
    ) -> Result<Option<OfferStock>> {
        let row = sqlx::query(
            "SELECT offer_sku, snapshot_no, wanted, sent, sent_at, acknowledged, acknowledged_at, \
             shown, shown_at FROM stock_offers WHERE marketplace = $1 AND offer_sku = $2",
        )
        .bind(marketplace.as_str())
        .bind(offer_sku)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading the stock of an offer")?;
        row.as_ref().map(read).transpose()
    }

    /// The stock of the next offers after one, by offer SKU. Begin with an empty text.
    pub async fn offers_after(
        &self,
        marketplace: &MarketplaceCode,
        after: &str,
        limit: u32,
    ) -> Result<Vec<OfferStock>> {
        let rows = sqlx::query(
            "SELECT offer_sku, snapshot_no, wanted, sent, sent_at, acknowledged, acknowledged_at, \
             shown, shown_at FROM stock_offers WHERE marketplace = $1 AND offer_sku > $2 \
             ORDER BY offer_sku LIMIT $3",
        )
        .bind(marketplace.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing the stock of offers")?;
        rows.iter().map(read).collect()
    }

    /// The number that stood at a moment and the sum behind it; empty before the first one, and for
    /// moments past the retention.
    pub async fn published_at(
        &self,
        marketplace: &MarketplaceCode,
        offer_sku: &str,
        at: Timestamp,
    ) -> Result<Option<Published>> {
        let row = sqlx::query(
            "SELECT at, snapshot_no, quantity, explanation FROM stock_publications \
             WHERE marketplace = $1 AND offer_sku = $2 AND at <= $3 ORDER BY at DESC LIMIT 1",
        )
        .bind(marketplace.as_str())
        .bind(offer_sku)
        .bind(at.as_millisecond())
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("explaining a number")?;
        let published = |row: AnyRow| {
            let columns = Columns {
                row: &row,
                what: WHAT,
            };
            Ok(Published {
                at: columns.moment("at")?,
                snapshot_no: columns.number("snapshot_no")?,
                quantity: columns.number("quantity")?,
                explanation: columns.text("explanation")?,
            })
        };
        row.map(published).transpose()
    }

    /// Forgets sums that no moment since then needs. The one that still stood then is kept.
    pub async fn forget_publications(
        &self,
        marketplace: &MarketplaceCode,
        before: Timestamp,
    ) -> Result<u64> {
        let mut writing = self.writing().await?;
        let gone = sqlx::query(
            "DELETE FROM stock_publications WHERE marketplace = $1 AND at < $2 AND EXISTS \
             (SELECT 1 FROM stock_publications later WHERE later.marketplace = $1 \
             AND later.offer_sku = stock_publications.offer_sku \
             AND later.at > stock_publications.at AND later.at <= $2)",
        )
        .bind(marketplace.as_str())
        .bind(before.as_millisecond())
        .execute(writing.conn())
        .await
        .doing("forgetting old sums")?;
        writing.commit("forgetting old sums").await?;
        Ok(gone.rows_affected())
    }

    /// Notes what offers show, as read from Mirakl after `asked_at`, and answers those that show
    /// something else than Mirakl took: the next difference sends them again. An offer with a file
    /// under way, or acknowledged since, is not judged.
    pub async fn note_shown(
        &self,
        marketplace: &MarketplaceCode,
        shown: &BTreeMap<String, u32>,
        asked_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Drift>> {
        let doing = "noting what Mirakl shows";
        let mut drifts = Vec::new();
        let mut writing = self.writing().await?;
        let offers: Vec<_> = shown.iter().collect();
        for chunk in offers.chunks(CHUNK) {
            let new = format!(
                "WITH new (offer_sku, quantity) AS ({}) ",
                values(chunk.len(), &["TEXT", "BIGINT"], 4)
            );
            let bound = |then: &str| {
                let mut query = sqlx::query(AssertSqlSafe(format!("{new}{then}")))
                    .bind(marketplace.as_str().to_owned())
                    .bind(asked_at.as_millisecond())
                    .bind(now.as_millisecond());
                for (offer_sku, quantity) in chunk {
                    query = query.bind((*offer_sku).clone()).bind(i64::from(**quantity));
                }
                query
            };
            let judged = "o.acknowledged IS NOT NULL AND o.acknowledged <> n.quantity \
                AND o.acknowledged_at < $2 AND (o.sent_import IS NULL \
                OR o.sent_import = o.acknowledged_import)";
            let found = bound(&format!(
                "SELECT o.offer_sku, o.acknowledged, n.quantity AS shown, $3 AS seen_at \
                 FROM new n JOIN stock_offers o ON o.marketplace = $1 \
                 AND o.offer_sku = n.offer_sku WHERE {judged} ORDER BY o.offer_sku"
            ));
            for row in found.fetch_all(writing.conn()).await.doing(doing)? {
                let columns = Columns {
                    row: &row,
                    what: WHAT,
                };
                drifts.push(Drift {
                    offer_sku: columns.text("offer_sku")?,
                    acknowledged: columns.number("acknowledged")?,
                    shown: columns.number("shown")?,
                });
            }
            let noted = bound(&format!(
                "UPDATE stock_offers AS o SET shown = n.quantity, shown_at = $3, \
                 refused = CASE WHEN {judged} THEN NULL ELSE o.refused END, \
                 acknowledged = CASE WHEN {judged} THEN n.quantity ELSE o.acknowledged END \
                 FROM new n WHERE o.marketplace = $1 AND o.offer_sku = n.offer_sku"
            ));
            noted.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await?;
        Ok(drifts)
    }
}

fn read(row: &AnyRow) -> Result<OfferStock> {
    let columns = Columns { row, what: WHAT };
    let pair = |number: &str, moment: &str| -> Result<Option<(i64, Timestamp)>> {
        let number = columns.number_or_null(number)?;
        Ok(number.zip(columns.moment_or_null(moment)?))
    };
    Ok(OfferStock {
        offer_sku: columns.text("offer_sku")?,
        snapshot_no: columns.number("snapshot_no")?,
        wanted: columns.number("wanted")?,
        sent: pair("sent", "sent_at")?,
        acknowledged: pair("acknowledged", "acknowledged_at")?,
        shown: pair("shown", "shown_at")?,
    })
}
