//! What the guard holds, and what a person said about it.

use domain::exception::{Kind, Problem};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::exceptions;
use super::lease::Holding;
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock review";

/// What a computation holds, all of it added before.
#[derive(Clone, Copy, Debug)]
pub struct ReviewNow<'a> {
    /// Which marketplace.
    pub marketplace: &'a MarketplaceCode,
    /// The computation.
    pub snapshot_no: i64,
    /// The batch it was made from.
    pub snapshot: i64,
    /// Offers held.
    pub held: u64,
    /// Fingerprint of what is held.
    pub print: i64,
    /// A batch of a site that was refused, and that a person may let through.
    pub refused: Option<(&'a str, &'a str)>,
    /// The numbers for a person, JSON.
    pub numbers: &'a str,
    /// The same as evidence of the exception.
    pub evidence: &'a [(String, String)],
}

/// What is held on one marketplace until somebody decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockReview {
    /// Its number: the computation that held it first.
    pub review: i64,
    /// The batch that computation was made from.
    pub snapshot: i64,
    /// Fingerprint of what is held.
    pub print: i64,
    /// `held`, `approved`, `rejected` or `replaced` by what a later computation says.
    pub state: String,
    /// The numbers for a person, JSON.
    pub numbers: String,
    /// The refused batch that may be let through.
    pub batch_id: Option<String>,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was decided or replaced.
    pub decided_at: Option<Timestamp>,
    /// Who decided; empty when it was replaced.
    pub decided_by: Option<String>,
}

/// What became of a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewDecision {
    /// It counts.
    Decided,
    /// The review was over before.
    Over(StockReview),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT review, snapshot, print, state, numbers, batch_id, opened_at, decided_at, \
             decided_by \
             FROM stock_reviews ",
            $rest
        )
    };
}

impl Ledger {
    /// Puts what is held before a person: the same as before stays the same review, rejected or not;
    /// anything else replaces what waited, and nothing held ends it. Answers the review that stands.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another publishes now.
    pub async fn settle_review(
        &self,
        holding: Holding<'_>,
        new: &ReviewNow<'_>,
    ) -> Result<Option<StockReview>> {
        let doing = "settling what is held";
        let code = new.marketplace.as_str();
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let last = newest(conn, new.marketplace).await?;
        let same = last.as_ref().filter(|last| {
            let stands = matches!(last.state.as_str(), "held" | "rejected");
            stands && last.print == new.print
        });
        let waits = new.held > 0 || new.refused.is_some();
        let keeps = waits && same.is_some();
        if !keeps {
            sqlx::query(
                "UPDATE stock_reviews SET state = 'replaced', decided_at = $2 \
                 WHERE marketplace = $1 AND state = 'held'",
            )
            .bind(code)
            .bind(holding.now.as_millisecond())
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        if !waits {
            exceptions::close(conn, code, Kind::StockHeld, "cause_gone", holding.now).await?;
            writing.commit(doing).await?;
            return Ok(None);
        }
        if !keeps {
            sqlx::query(
                "INSERT INTO stock_reviews (marketplace, review, snapshot, print, state, numbers, \
                 opened_at, told, site, batch_id) VALUES ($1, $2, $3, $4, 'held', $5, $6, 0, $7, $8)",
            )
            .bind(code)
            .bind(new.snapshot_no)
            .bind(new.snapshot)
            .bind(new.print)
            .bind(new.numbers)
            .bind(holding.now.as_millisecond())
            .bind(new.refused.map(|(site, _)| site))
            .bind(new.refused.map(|(_, batch_id)| batch_id))
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        let stands = newest(conn, new.marketplace).await?;
        let stands = stands.ok_or(Error::NotFound)?;
        if stands.state == "held" {
            let mut problem = Problem::new(Kind::StockHeld).with("review", stands.review);
            problem.evidence.extend_from_slice(new.evidence);
            exceptions::open(conn, code, Some(new.marketplace), &problem, holding.now).await?;
        }
        writing.commit(doing).await?;
        Ok(Some(stands))
    }

    /// A person's word on what is held. Approved, the guard lets it go that far, and the batch that
    /// was refused may be read for this marketplace; rejected, it stays held until something else
    /// would be.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such review. [`Error::LeaseLost`]: another publishes now.
    pub async fn decide_stock_review(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
        review: i64,
        approved: bool,
        by: &str,
    ) -> Result<ReviewDecision> {
        let doing = "deciding on held stock";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let decided = sqlx::query(
            "UPDATE stock_reviews SET state = $3, decided_by = $4, decided_at = $5 \
             WHERE marketplace = $1 AND review = $2 AND state = 'held'",
        )
        .bind(marketplace.as_str())
        .bind(review)
        .bind(if approved { "approved" } else { "rejected" })
        .bind(by)
        .bind(holding.now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        if decided.rows_affected() == 0 {
            let over = one(conn, marketplace, review).await?;
            return Ok(ReviewDecision::Over(over));
        }
        if approved {
            sqlx::query(
                "INSERT INTO stock_approved_batches (site, batch_id, marketplace, approved_at) \
                 SELECT r.site, r.batch_id, r.marketplace, r.decided_at FROM stock_reviews r \
                 WHERE r.marketplace = $1 AND r.review = $2 AND r.batch_id IS NOT NULL \
                 ON CONFLICT (site, batch_id, marketplace) DO NOTHING",
            )
            .bind(marketplace.as_str())
            .bind(review)
            .execute(&mut *conn)
            .await
            .doing(doing)?;
            for then in [
                "UPDATE stock_offers AS o SET approved = h.wanted FROM stock_held h \
                 WHERE h.marketplace = $1 AND o.marketplace = $1 AND o.offer_sku = h.offer_sku",
                "DELETE FROM stock_held WHERE marketplace = $1",
            ] {
                let query = sqlx::query(then).bind(marketplace.as_str());
                query.execute(&mut *conn).await.doing(doing)?;
            }
        }
        let word = if approved { "approved" } else { "rejected" };
        let code = marketplace.as_str();
        exceptions::close(conn, code, Kind::StockHeld, word, holding.now).await?;
        writing.commit(doing).await?;
        Ok(ReviewDecision::Decided)
    }

    /// For which marketplaces a person let a batch through although it looked wrong.
    pub async fn batch_approvals(
        &self,
        site: &str,
        batch_id: &str,
    ) -> Result<Vec<MarketplaceCode>> {
        let rows = sqlx::query(
            "SELECT marketplace FROM stock_approved_batches \
             WHERE site = $1 AND batch_id = $2 ORDER BY marketplace",
        )
        .bind(site)
        .bind(batch_id)
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading approvals of a batch")?;
        let code = |row| Columns { row, what: WHAT }.marketplace("marketplace");
        rows.iter().map(code).collect()
    }

    /// One review.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such review.
    pub async fn stock_review(
        &self,
        marketplace: &MarketplaceCode,
        review: i64,
    ) -> Result<StockReview> {
        one(&mut *self.reading().await?, marketplace, review).await
    }

    /// The review that waits for a person.
    pub async fn open_stock_review(
        &self,
        marketplace: &MarketplaceCode,
    ) -> Result<Option<StockReview>> {
        let last = newest(&mut *self.reading().await?, marketplace).await?;
        Ok(last.filter(|last| last.state == "held"))
    }

    /// The last reviews of a marketplace, the newest first.
    pub async fn stock_reviews(
        &self,
        marketplace: &MarketplaceCode,
        limit: u32,
    ) -> Result<Vec<StockReview>> {
        let rows = sqlx::query(select!(
            "WHERE marketplace = $1 ORDER BY review DESC LIMIT $2"
        ))
        .bind(marketplace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing stock reviews")?;
        rows.iter().map(read).collect()
    }

    /// Reviews that ended without a decision, and whose runs do not know that yet.
    pub async fn reviews_to_tell(&self, marketplace: &MarketplaceCode) -> Result<Vec<i64>> {
        let rows = sqlx::query(
            "SELECT review FROM stock_reviews \
             WHERE marketplace = $1 AND state = 'replaced' AND told = 0 ORDER BY review",
        )
        .bind(marketplace.as_str())
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing replaced reviews")?;
        let review = |row| Columns { row, what: WHAT }.number("review");
        rows.iter().map(review).collect()
    }

    /// Notes that the run of a review knows that it was replaced.
    pub async fn review_told(&self, marketplace: &MarketplaceCode, review: i64) -> Result<()> {
        let doing = "noting a told review";
        let mut writing = self.writing().await?;
        sqlx::query("UPDATE stock_reviews SET told = 1 WHERE marketplace = $1 AND review = $2")
            .bind(marketplace.as_str())
            .bind(review)
            .execute(writing.conn())
            .await
            .doing(doing)?;
        writing.commit(doing).await
    }
}

async fn newest(
    conn: &mut AnyConnection,
    marketplace: &MarketplaceCode,
) -> Result<Option<StockReview>> {
    let row = sqlx::query(select!(
        "WHERE marketplace = $1 ORDER BY review DESC LIMIT 1"
    ))
    .bind(marketplace.as_str())
    .fetch_optional(conn)
    .await
    .doing("reading the last stock review")?;
    row.as_ref().map(read).transpose()
}

async fn one(
    conn: &mut AnyConnection,
    marketplace: &MarketplaceCode,
    review: i64,
) -> Result<StockReview> {
    let row = sqlx::query(select!("WHERE marketplace = $1 AND review = $2"))
        .bind(marketplace.as_str())
        .bind(review)
        .fetch_optional(conn)
        .await
        .doing("reading a stock review")?;
    read(&row.ok_or(Error::NotFound)?)
}

fn read(row: &AnyRow) -> Result<StockReview> {
    let columns = Columns { row, what: WHAT };
    Ok(StockReview {
        review: columns.number("review")?,
        snapshot: columns.number("snapshot")?,
        print: columns.number("print")?,
        state: columns.text("state")?,
        numbers: columns.text("numbers")?,
        batch_id: columns.text_or_null("batch_id")?,
        opened_at: columns.moment("opened_at")?,
        decided_at: columns.moment_or_null("decided_at")?,
        decided_by: columns.text_or_null("decided_by")?,
    })
}
