//! The sums behind the numbers, as they stood at any moment.

use domain::ats::Explanation;
use domain::marketplace::MarketplaceCode;
use domain::stock::fence::SnapshotNo;
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "a sum";

/// A number and the sum behind it, as it stood from a moment on until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Since when.
    pub at: Timestamp,
    /// The computation that made it first.
    pub snapshot_no: i64,
    /// The moment its figures were true for; empty once that batch is forgotten.
    pub as_of: Option<Timestamp>,
    /// Units; empty when nothing could be said.
    pub quantity: Option<i64>,
    /// The sum, with its number and moments.
    pub explanation: Explanation,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.at, e.snapshot_no, e.quantity, e.explanation, s.as_of \
             FROM stock_explanations e \
             LEFT JOIN stock_publications p ON p.snapshot_no = e.snapshot_no \
             LEFT JOIN stock_snapshots s ON s.id = p.snapshot \
             WHERE e.marketplace = $1 AND e.offer_sku = $2 ",
            $rest
        )
    };
}

impl Ledger {
    /// The number that stood at a moment and the sum behind it; empty before the first one, and for
    /// moments past the retention.
    pub async fn published_at(
        &self,
        marketplace: &MarketplaceCode,
        offer_sku: &str,
        at: Timestamp,
    ) -> Result<Option<Published>> {
        let row = sqlx::query(select!("AND e.at <= $3 ORDER BY e.at DESC LIMIT 1"))
            .bind(marketplace.as_str())
            .bind(offer_sku)
            .bind(at.as_millisecond())
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("explaining a number")?;
        row.as_ref().map(read).transpose()
    }

    /// The last numbers of an offer, the newest first.
    pub async fn stock_history(
        &self,
        marketplace: &MarketplaceCode,
        offer_sku: &str,
        limit: u32,
    ) -> Result<Vec<Published>> {
        let rows = sqlx::query(select!("ORDER BY e.at DESC LIMIT $3"))
            .bind(marketplace.as_str())
            .bind(offer_sku)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("listing numbers")?;
        rows.iter().map(read).collect()
    }

    /// Forgets sums that no moment since then needs, and computations, files and reviews that ended
    /// before. The sum that still stood then is kept. Answers how many sums went.
    pub async fn forget_stock(
        &self,
        marketplace: &MarketplaceCode,
        before: Timestamp,
    ) -> Result<u64> {
        let doing = "forgetting old sums";
        let mut writing = self.writing().await?;
        let gone = sqlx::query(
            "DELETE FROM stock_explanations WHERE marketplace = $1 AND at < $2 AND EXISTS \
             (SELECT 1 FROM stock_explanations later WHERE later.marketplace = $1 \
             AND later.offer_sku = stock_explanations.offer_sku \
             AND later.at > stock_explanations.at AND later.at <= $2)",
        )
        .bind(marketplace.as_str())
        .bind(before.as_millisecond())
        .execute(writing.conn())
        .await
        .doing(doing)?;
        for rest in [
            "DELETE FROM stock_publications WHERE marketplace = $1 AND ended_at < $2 \
             AND NOT EXISTS (SELECT 1 FROM stock_explanations e WHERE e.marketplace = $1 \
             AND e.snapshot_no = stock_publications.snapshot_no)",
            "DELETE FROM stock_imports WHERE marketplace = $1 AND ended_at < $2",
            "DELETE FROM stock_reviews WHERE marketplace = $1 AND decided_at < $2 AND told = 1",
        ] {
            sqlx::query(rest)
                .bind(marketplace.as_str())
                .bind(before.as_millisecond())
                .execute(writing.conn())
                .await
                .doing(doing)?;
        }
        writing.commit(doing).await?;
        Ok(gone.rows_affected())
    }
}

fn read(row: &AnyRow) -> Result<Published> {
    let columns = Columns { row, what: WHAT };
    let mut explanation: Explanation = columns.json("explanation")?;
    let snapshot_no = columns.number("snapshot_no")?;
    let as_of = columns.moment_or_null("as_of")?;
    explanation.snapshot_no = SnapshotNo(u64::try_from(snapshot_no).unwrap_or_default());
    for component in &mut explanation.components {
        let known = !component.places.is_empty();
        component.as_of = component.as_of.or(as_of.filter(|_| known));
    }
    Ok(Published {
        at: columns.moment("at")?,
        snapshot_no,
        as_of,
        quantity: columns.number_or_null("quantity")?,
        explanation,
    })
}
