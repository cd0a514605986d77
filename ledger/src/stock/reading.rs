//! Stock as people ask for it: by a few SKUs, or by what is wrong with it.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::offers::{COLUMNS, OfferStock, read};
use super::snapshots::Snapshot;
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "the stock of an offer";

/// Which offers of a marketplace are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OffersOf {
    /// All that Mirakl names.
    #[default]
    All,
    /// Those that should show something else than Mirakl took, or are in doubt.
    Differing,
    /// Those that showed something else than Mirakl took, at a look after it took it.
    Drifting,
    /// Those that the guard holds.
    Held,
    /// Those whose last word from Mirakl was a refusal.
    Refused,
    /// Those of which nothing can be said, mapped or not.
    Unknown,
}

impl OffersOf {
    const fn condition(self) -> &'static str {
        match self {
            Self::All => "true",
            Self::Differing => {
                "wanted IS NOT NULL AND (acknowledged IS NULL OR acknowledged <> wanted \
                 OR doubted_at IS NOT NULL)"
            }
            Self::Drifting => "shown <> acknowledged AND shown_at > acknowledged_at",
            Self::Held => {
                "offer_sku IN (SELECT h.offer_sku FROM stock_held h WHERE h.marketplace = $1)"
            }
            Self::Refused => "refused IS NOT NULL",
            Self::Unknown => "wanted IS NULL",
        }
    }
}

impl Ledger {
    /// Marketplaces whose offers are known, by code.
    pub async fn stock_marketplaces(&self) -> Result<Vec<MarketplaceCode>> {
        let rows = sqlx::query(
            "SELECT marketplace FROM stock_offers UNION SELECT marketplace FROM stock_publications \
             ORDER BY marketplace",
        )
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing marketplaces with stock")?;
        let code = |row| Columns { row, what: WHAT }.marketplace("marketplace");
        rows.iter().map(code).collect()
    }

    /// Listed offers of a marketplace, by offer SKU, and how many there are of them without the limit.
    pub async fn offers_of(
        &self,
        marketplace: &MarketplaceCode,
        which: OffersOf,
        limit: u32,
    ) -> Result<(Vec<OfferStock>, u64)> {
        let doing = "listing the stock of offers";
        let condition = which.condition();
        let counted = format!(
            "SELECT COUNT(*) AS n FROM stock_offers WHERE marketplace = $1 AND listed = 1 AND {condition}"
        );
        let listed = format!(
            "SELECT {COLUMNS} FROM stock_offers WHERE marketplace = $1 AND listed = 1 \
             AND {condition} ORDER BY offer_sku LIMIT $2"
        );
        let mut conn = self.reading().await?;
        let row = sqlx::query(AssertSqlSafe(counted))
            .bind(marketplace.as_str())
            .fetch_one(&mut *conn)
            .await
            .doing(doing)?;
        let count = Columns {
            row: &row,
            what: WHAT,
        }
        .count("n")?;
        let rows = sqlx::query(AssertSqlSafe(listed))
            .bind(marketplace.as_str())
            .bind(i64::from(limit))
            .fetch_all(&mut *conn)
            .await
            .doing(doing)?;
        let offers: Result<Vec<_>> = rows.iter().map(read).collect();
        Ok((offers?, count))
    }

    /// Offers of any marketplace, or one, that go by this SKU: Mirakl's or BlueCherry's.
    pub async fn offers_by_sku(
        &self,
        marketplace: Option<&MarketplaceCode>,
        sku: &str,
    ) -> Result<Vec<(MarketplaceCode, OfferStock)>> {
        let sql = format!(
            "SELECT marketplace, {COLUMNS} FROM stock_offers \
             WHERE (offer_sku = $1 OR sku = $1) AND marketplace = COALESCE($2, marketplace) \
             ORDER BY marketplace, offer_sku LIMIT 100"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(sku)
            .bind(marketplace.map(MarketplaceCode::as_str))
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("looking for offers by SKU")?;
        let both = |row| {
            let code = Columns { row, what: WHAT }.marketplace("marketplace")?;
            Ok((code, read(row)?))
        };
        rows.iter().map(both).collect()
    }

    /// Offer SKUs that begin as a word does, or hold it: what a person may have meant.
    pub async fn offer_skus_like(&self, word: &str, limit: u32) -> Result<Vec<String>> {
        let doing = "looking for offers by a part of their SKU";
        let escaped = word
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        let rows = sqlx::query(
            "SELECT DISTINCT offer_sku FROM stock_offers \
             WHERE offer_sku LIKE $1 ESCAPE '!' OR sku LIKE $1 ESCAPE '!' ORDER BY offer_sku LIMIT $2",
        )
        .bind(format!("%{escaped}%"))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing(doing)?;
        let sku = |row: &sqlx::any::AnyRow| row.try_get::<String, _>("offer_sku").doing(doing);
        rows.iter().map(sku).collect()
    }

    /// The last batch of any site that was judged or is being read; empty when none ever came.
    pub async fn last_stock_snapshot(&self) -> Result<Option<Snapshot>> {
        let doing = "reading the last stock snapshot";
        let row = sqlx::query("SELECT MAX(id) AS id FROM stock_snapshots")
            .fetch_one(&mut *self.reading().await?)
            .await
            .doing(doing)?;
        let id: Option<i64> = row.try_get("id").doing(doing)?;
        match id {
            Some(id) => self.snapshot(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Has every listed offer of a marketplace sent again with the next run, whatever Mirakl took.
    pub async fn doubt_all_offers(
        &self,
        marketplace: &MarketplaceCode,
        now: Timestamp,
    ) -> Result<u64> {
        let doing = "doubting all offers";
        let mut writing = self.writing().await?;
        let doubted = sqlx::query(
            "UPDATE stock_offers SET doubted_at = $2, refused = NULL \
             WHERE marketplace = $1 AND listed = 1",
        )
        .bind(marketplace.as_str())
        .bind(now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        Ok(doubted.rows_affected())
    }
}
