//! Runs that were seen open, and orders that owe a look without news.

use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::Timestamp;

use crate::error::{Doing, Result};
use crate::open::Ledger;
use crate::orders::key_of;

impl Ledger {
    /// Orders that should have an open run and were not seen with one since a moment, the longest
    /// unseen first.
    pub async fn runs_unseen_since(
        &self,
        marketplace: &MarketplaceCode,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<OrderKey>> {
        let rows = sqlx::query(
            "SELECT marketplace, order_id FROM orders \
             WHERE marketplace = $1 AND active = 1 AND ours = 1 AND finished = 0 \
             AND COALESCE(run_seen_at, first_seen_at) < $2 \
             ORDER BY COALESCE(run_seen_at, first_seen_at), order_id LIMIT $3",
        )
        .bind(marketplace.as_str())
        .bind(before.as_millisecond())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing runs to look at")?;
        rows.iter().map(key_of).collect()
    }

    /// Notes that these runs were looked at, whether they were open or were started again.
    pub async fn runs_seen(&self, keys: &[OrderKey], now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        let mut sorted: Vec<_> = keys.iter().collect();
        sorted.sort();
        for key in sorted {
            sqlx::query(
                "UPDATE orders SET run_seen_at = $3 WHERE marketplace = $1 AND order_id = $2",
            )
            .bind(key.marketplace.as_str())
            .bind(&key.order_id)
            .bind(now.as_millisecond())
            .execute(writing.conn())
            .await
            .doing("noting a run that was seen")?;
        }
        writing.commit("noting runs that were seen").await
    }

    /// Has an order owe a look from now on, without news: the next pull tells its run, or starts it.
    pub async fn owe_a_look(&self, key: &OrderKey, now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        sqlx::query(
            "UPDATE orders SET wake_at = $3, active = ours, finished = 0 \
             WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing("owing an order a look")?;
        writing.commit("owing an order a look").await
    }
}
