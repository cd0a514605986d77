//! What the guard holds, and what a person said about it.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock review";

/// An offer whose change waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldOffer {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// What Mirakl holds, where that is known.
    pub was: Option<i64>,
    /// What it would show.
    pub wanted: i64,
    /// What goes out while it is held, because sales explain it; nothing when empty.
    pub meanwhile: Option<i64>,
    /// What tripped the guard, a code.
    pub reason: String,
}

/// What is held of one snapshot on one marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockReview {
    /// The snapshot.
    pub snapshot_no: i64,
    /// `held`, `approved`, `rejected` or `replaced` by a later snapshot.
    pub state: String,
    /// The numbers for a person, JSON.
    pub numbers: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was decided or replaced.
    pub decided_at: Option<Timestamp>,
    /// By which way the decision came; empty when it was replaced.
    pub decided_by: Option<String>,
}

impl Ledger {
    /// Holds offers of a snapshot for a person, in place of what earlier snapshots held. None to be
    /// held releases all, since a later snapshot speaks. Held again for the same snapshot, a
    /// decision that was made of it stands. False when a later snapshot was reviewed meanwhile.
    pub async fn hold_stock(
        &self,
        marketplace: &MarketplaceCode,
        snapshot_no: i64,
        numbers: &str,
        held: &[HeldOffer],
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "holding stock for a person";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let later = sqlx::query(
            "SELECT snapshot_no FROM stock_reviews WHERE marketplace = $1 AND (snapshot_no > $2 \
             OR (snapshot_no = $2 AND state <> 'held')) LIMIT 1",
        )
        .bind(marketplace.as_str())
        .bind(snapshot_no)
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if later.is_some() {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE stock_reviews SET state = 'replaced', decided_at = $3 \
             WHERE marketplace = $1 AND snapshot_no < $2 AND state = 'held'",
        )
        .bind(marketplace.as_str())
        .bind(snapshot_no)
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        sqlx::query("DELETE FROM stock_held WHERE marketplace = $1")
            .bind(marketplace.as_str())
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        if !held.is_empty() {
            sqlx::query(
                "INSERT INTO stock_reviews (marketplace, snapshot_no, state, numbers, opened_at) \
                 VALUES ($1, $2, 'held', $3, $4) ON CONFLICT (marketplace, snapshot_no) \
                 DO UPDATE SET numbers = excluded.numbers",
            )
            .bind(marketplace.as_str())
            .bind(snapshot_no)
            .bind(numbers)
            .bind(now.as_millisecond())
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        for chunk in held.chunks(CHUNK) {
            let sql = format!(
                "WITH new (offer_sku, was, wanted, meanwhile, reason) AS ({}) \
                 INSERT INTO stock_held (marketplace, snapshot_no, offer_sku, was, wanted, \
                 meanwhile, reason) \
                 SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), n.offer_sku, n.was, n.wanted, \
                 n.meanwhile, n.reason FROM new n",
                values(
                    chunk.len(),
                    &["TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT"],
                    3
                )
            );
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .bind(marketplace.as_str())
                .bind(snapshot_no);
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
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Takes a person's decision. Approved, the next difference sends what was held; rejected, it
    /// stays held until a later snapshot. False when it is not held any more.
    pub async fn decide_stock(
        &self,
        marketplace: &MarketplaceCode,
        snapshot_no: i64,
        approved: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "deciding on held stock";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let decided = sqlx::query(
            "UPDATE stock_reviews SET state = $3, decided_by = $4, decided_at = $5 \
             WHERE marketplace = $1 AND snapshot_no = $2 AND state = 'held' RETURNING snapshot_no",
        )
        .bind(marketplace.as_str())
        .bind(snapshot_no)
        .bind(if approved { "approved" } else { "rejected" })
        .bind(by)
        .bind(now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if decided.is_some() && approved {
            sqlx::query("DELETE FROM stock_held WHERE marketplace = $1 AND snapshot_no = $2")
                .bind(marketplace.as_str())
                .bind(snapshot_no)
                .execute(conn)
                .await
                .doing(doing)?;
        }
        writing.commit(doing).await?;
        Ok(decided.is_some())
    }

    /// The last reviews of a marketplace, the newest first.
    pub async fn stock_reviews(
        &self,
        marketplace: &MarketplaceCode,
        limit: u32,
    ) -> Result<Vec<StockReview>> {
        let rows = sqlx::query(
            "SELECT snapshot_no, state, numbers, opened_at, decided_at, decided_by \
             FROM stock_reviews WHERE marketplace = $1 ORDER BY snapshot_no DESC LIMIT $2",
        )
        .bind(marketplace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing stock reviews")?;
        rows.iter().map(read).collect()
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

fn read(row: &AnyRow) -> Result<StockReview> {
    let columns = Columns { row, what: WHAT };
    Ok(StockReview {
        snapshot_no: columns.number("snapshot_no")?,
        state: columns.text("state")?,
        numbers: columns.text("numbers")?,
        opened_at: columns.moment("opened_at")?,
        decided_at: columns.moment_or_null("decided_at")?,
        decided_by: columns.text_or_null("decided_by")?,
    })
}
