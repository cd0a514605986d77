//! What of the item master decides on listing, packs and prices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

/// An item of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// SKU as the site prints it.
    pub sku: String,
    /// What decides, JSON.
    pub facts: String,
}

impl Ledger {
    /// Keeps a page of items, read in the pass that began at `read_at`. One that comes again stands
    /// once.
    pub async fn put_stock_items(
        &self,
        site: &str,
        items: &[StoredItem],
        read_at: Timestamp,
    ) -> Result<()> {
        let doing = "storing items";
        let mut writing = self.writing().await?;
        for chunk in items.chunks(CHUNK) {
            let once: BTreeMap<_, _> = chunk
                .iter()
                .map(|item| (item.sku.as_str(), item.facts.as_str()))
                .collect();
            let sql = format!(
                "WITH new (sku, facts) AS ({}) INSERT INTO stock_items (site, sku, facts, read_at) \
                 SELECT CAST($1 AS TEXT), n.sku, n.facts, CAST($2 AS BIGINT) FROM new n WHERE true \
                 ON CONFLICT (site, sku) DO UPDATE SET facts = excluded.facts, \
                 read_at = excluded.read_at",
                values(once.len(), &["TEXT", "TEXT"], 3)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .bind(site)
                .bind(read_at.as_millisecond());
            for (sku, facts) in once {
                query = query.bind(sku).bind(facts);
            }
            query.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// Forgets items that a whole pass did not name.
    pub async fn forget_stock_items(&self, site: &str, read_before: Timestamp) -> Result<u64> {
        let doing = "forgetting items";
        let mut writing = self.writing().await?;
        let gone = sqlx::query("DELETE FROM stock_items WHERE site = $1 AND read_at < $2")
            .bind(site)
            .bind(read_before.as_millisecond())
            .execute(writing.conn())
            .await
            .doing(doing)?;
        writing.commit(doing).await?;
        Ok(gone.rows_affected())
    }

    /// The items of these SKUs, as far as the item master has them; in any order.
    pub async fn stock_items(&self, site: &str, skus: &[&str]) -> Result<Vec<StoredItem>> {
        let mut items = Vec::with_capacity(skus.len());
        let mut conn = self.reading().await?;
        for chunk in skus.chunks(CHUNK) {
            let sql = format!(
                "WITH wanted (sku) AS ({}) SELECT i.sku, i.facts FROM wanted w \
                 CROSS JOIN stock_items i WHERE i.site = $1 AND i.sku = w.sku",
                values(chunk.len(), &["TEXT"], 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(site);
            for sku in chunk {
                query = query.bind(*sku);
            }
            for row in &query.fetch_all(&mut *conn).await.doing("reading items")? {
                let what = "an item";
                let columns = Columns { row, what };
                items.push(StoredItem {
                    sku: columns.text("sku")?,
                    facts: columns.text("facts")?,
                });
            }
        }
        Ok(items)
    }
}
