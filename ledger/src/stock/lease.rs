//! Who publishes a marketplace now: runs of a schedule may overlap when they are back-filled.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

impl Ledger {
    /// Takes the lease of a marketplace until then, or prolongs one's own. Answers its epoch, which
    /// grows with each holder; nothing while another holds it.
    pub async fn take_stock_lease(
        &self,
        marketplace: &MarketplaceCode,
        holder: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let doing = "taking the stock lease";
        let mut writing = self.writing().await?;
        let row = sqlx::query(
            "INSERT INTO stock_leases (marketplace, holder, epoch, until_at) \
             VALUES ($1, $2, 1, $3) ON CONFLICT (marketplace) DO UPDATE SET \
             holder = excluded.holder, until_at = excluded.until_at, epoch = stock_leases.epoch \
             + CASE WHEN stock_leases.holder = excluded.holder THEN 0 ELSE 1 END \
             WHERE stock_leases.holder = excluded.holder OR stock_leases.until_at <= $4 \
             RETURNING epoch",
        )
        .bind(marketplace.as_str())
        .bind(holder)
        .bind(until.as_millisecond())
        .bind(now.as_millisecond())
        .fetch_optional(writing.conn())
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        let epoch = |row| {
            let what = "the stock lease";
            Columns { row, what }.number("epoch")
        };
        row.as_ref().map(epoch).transpose()
    }

    /// Gives a lease back; one that another holds stays.
    pub async fn give_stock_lease_back(
        &self,
        marketplace: &MarketplaceCode,
        holder: &str,
    ) -> Result<()> {
        let doing = "giving the stock lease back";
        let mut writing = self.writing().await?;
        sqlx::query("UPDATE stock_leases SET until_at = 0 WHERE marketplace = $1 AND holder = $2")
            .bind(marketplace.as_str())
            .bind(holder)
            .execute(writing.conn())
            .await
            .doing(doing)?;
        writing.commit(doing).await
    }
}
