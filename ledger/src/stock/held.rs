//! Offers that the guard holds.

use domain::marketplace::MarketplaceCode;
use sqlx::AssertSqlSafe;

use super::lease::Holding;
use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "a held offer";

/// An offer whose change waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldOffer {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// What Mirakl holds.
    pub was: Option<i64>,
    /// What it would show.
    pub wanted: i64,
    /// What goes out while it is held, because sales explain it; nothing when empty.
    pub meanwhile: Option<i64>,
    /// What tripped the guard, a code.
    pub reason: String,
}

impl Ledger {
    /// Begins to note what a computation holds, in place of what the one before held.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another publishes now.
    pub async fn begin_holding(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
    ) -> Result<()> {
        let doing = "beginning to hold stock";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        sqlx::query("DELETE FROM stock_held WHERE marketplace = $1")
            .bind(marketplace.as_str())
            .execute(conn)
            .await
            .doing(doing)?;
        writing.commit(doing).await
    }

    /// Holds offers for a person. Each offer SKU at most once.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another publishes now.
    pub async fn hold_offers(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
        held: &[HeldOffer],
    ) -> Result<()> {
        let doing = "holding stock for a person";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        for chunk in held.chunks(CHUNK) {
            let types = ["TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT"];
            let sql = format!(
                "WITH new (offer_sku, was, wanted, meanwhile, reason) AS ({}) \
                 INSERT INTO stock_held (marketplace, offer_sku, was, wanted, meanwhile, reason) \
                 SELECT CAST($1 AS TEXT), n.offer_sku, n.was, n.wanted, n.meanwhile, n.reason \
                 FROM new n",
                values(chunk.len(), &types, 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(marketplace.as_str());
            for offer in chunk {
                query = query
                    .bind(offer.offer_sku.as_str())
                    .bind(offer.was)
                    .bind(offer.wanted)
                    .bind(offer.meanwhile)
                    .bind(offer.reason.as_str());
            }
            query.execute(&mut *conn).await.doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// The next held offers after one, by offer SKU. Begin with an empty text.
    pub async fn held_stock(
        &self,
        marketplace: &MarketplaceCode,
        after: &str,
        limit: u32,
    ) -> Result<Vec<HeldOffer>> {
        let rows = sqlx::query(
            "SELECT offer_sku, was, wanted, meanwhile, reason FROM stock_held \
             WHERE marketplace = $1 AND offer_sku > $2 ORDER BY offer_sku LIMIT $3",
        )
        .bind(marketplace.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing held stock")?;
        let held = |row| {
            let columns = Columns { row, what: WHAT };
            Ok(HeldOffer {
                offer_sku: columns.text("offer_sku")?,
                was: columns.number_or_null("was")?,
                wanted: columns.number("wanted")?,
                meanwhile: columns.number_or_null("meanwhile")?,
                reason: columns.text("reason")?,
            })
        };
        rows.iter().map(held).collect()
    }
}
