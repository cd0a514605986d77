//! Computations: one for a marketplace each time its numbers are made anew.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::lease::Holding;
use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock computation";

/// A computation that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct NewPublication<'a> {
    /// Which marketplace.
    pub marketplace: &'a MarketplaceCode,
    /// The workflow run.
    pub run: &'a str,
    /// The site whose newest good batch it is made from.
    pub site: &'a str,
    /// Is every offer sent, or only what differs?
    pub is_full: bool,
}

/// What a computation counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockCounts {
    /// Offers of the marketplace.
    pub offers: u64,
    /// Offers whose number or sum is another than before.
    pub changed: u64,
    /// Offers of which nothing can be said; they keep what they show.
    pub unknown: u64,
    /// Offers without a BlueCherry SKU; they keep what they show.
    pub unmapped: u64,
    /// Offers that may not be listed; they show nothing.
    pub ineligible: u64,
    /// Units of all offers together.
    pub units: u64,
    /// Offers that the guard holds.
    pub held: u64,
    /// Age of the figures, in seconds.
    pub age_s: i64,
    /// The figures are older than they may be, and the chosen action was taken.
    pub stale: bool,
}

/// A computation. Its number is the snapshot number of everything that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Ours; a later one is always greater.
    pub snapshot_no: i64,
    /// Which marketplace.
    pub marketplace: MarketplaceCode,
    /// The workflow run.
    pub run: String,
    /// The batch it was made from.
    pub snapshot: i64,
    /// Was every offer to be sent?
    pub is_full: bool,
    /// `computing`, `computed`, `sent`, `done` or `dropped`.
    pub state: String,
    /// What it counted; all zero while it is under way.
    pub counts: StockCounts,
    /// When it began: orders seen later are not in it.
    pub began_at: Timestamp,
    /// When it was done or dropped.
    pub ended_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT snapshot_no, marketplace, run, snapshot, is_full, state, counts, began_at, \
             ended_at FROM stock_publications ",
            $rest
        )
    };
}

impl Ledger {
    /// Begins a computation under a number of its own. One of the marketplace that is still under way
    /// is dropped: its run has lost the lease, or begins anew.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another publishes now. [`Error::NotFound`]: the site has no good batch.
    pub async fn begin_publication(
        &self,
        holding: Holding<'_>,
        new: &NewPublication<'_>,
    ) -> Result<Publication> {
        let doing = "beginning a stock computation";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        sqlx::query(
            "UPDATE stock_publications SET state = 'dropped', ended_at = $2 \
             WHERE marketplace = $1 AND ended_at IS NULL",
        )
        .bind(new.marketplace.as_str())
        .bind(holding.now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        let row = sqlx::query(
            "INSERT INTO stock_publications (marketplace, run, snapshot, is_full, state, counts, \
             began_at) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), MAX(s.id), CAST($4 AS BIGINT), \
             'computing', CAST($5 AS TEXT), CAST($6 AS BIGINT) FROM stock_snapshots s \
             WHERE s.site = $3 AND s.state = 'accepted' HAVING MAX(s.id) IS NOT NULL \
             RETURNING snapshot_no",
        )
        .bind(new.marketplace.as_str())
        .bind(new.run)
        .bind(new.site)
        .bind(i64::from(new.is_full))
        .bind(to_json(&StockCounts::default(), WHAT)?)
        .bind(holding.now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        let row = row.ok_or(Error::NotFound)?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        let snapshot_no = columns.number("snapshot_no")?;
        let row = sqlx::query(select!("WHERE snapshot_no = $1"))
            .bind(snapshot_no)
            .fetch_one(conn)
            .await
            .doing(doing)?;
        let begun = read(&row)?;
        writing.commit(doing).await?;
        Ok(begun)
    }

    /// Notes where a computation stands, and what it counted.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another publishes now.
    pub async fn note_publication(
        &self,
        holding: Holding<'_>,
        publication: &Publication,
    ) -> Result<()> {
        let doing = "noting a stock computation";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let ended = matches!(publication.state.as_str(), "done" | "dropped");
        sqlx::query(
            "UPDATE stock_publications SET state = $2, counts = $3, ended_at = $4 \
             WHERE snapshot_no = $1",
        )
        .bind(publication.snapshot_no)
        .bind(&publication.state)
        .bind(to_json(&publication.counts, WHAT)?)
        .bind(ended.then(|| holding.now.as_millisecond()))
        .execute(conn)
        .await
        .doing(doing)?;
        writing.commit(doing).await
    }

    /// One computation.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none of this number.
    pub async fn publication(&self, snapshot_no: i64) -> Result<Publication> {
        let row = sqlx::query(select!("WHERE snapshot_no = $1"))
            .bind(snapshot_no)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a stock computation")?;
        read(&row.ok_or(Error::NotFound)?)
    }

    /// The last computations of a marketplace, the newest first.
    pub async fn publications(
        &self,
        marketplace: &MarketplaceCode,
        limit: u32,
    ) -> Result<Vec<Publication>> {
        let rows = sqlx::query(select!(
            "WHERE marketplace = $1 ORDER BY snapshot_no DESC LIMIT $2"
        ))
        .bind(marketplace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing stock computations")?;
        rows.iter().map(read).collect()
    }

    /// The last computation of a marketplace that came to its end; only full ones when asked so.
    pub async fn last_publication(
        &self,
        marketplace: &MarketplaceCode,
        full_only: bool,
    ) -> Result<Option<Publication>> {
        let row = sqlx::query(select!(
            "WHERE marketplace = $1 AND state = 'done' AND is_full >= $2 \
             ORDER BY snapshot_no DESC LIMIT 1"
        ))
        .bind(marketplace.as_str())
        .bind(i64::from(full_only))
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading the last stock computation")?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &AnyRow) -> Result<Publication> {
    let columns = Columns { row, what: WHAT };
    Ok(Publication {
        snapshot_no: columns.number("snapshot_no")?,
        marketplace: columns.marketplace("marketplace")?,
        run: columns.text("run")?,
        snapshot: columns.number("snapshot")?,
        is_full: columns.flag("is_full")?,
        state: columns.text("state")?,
        counts: columns.json("counts")?,
        began_at: columns.moment("began_at")?,
        ended_at: columns.moment_or_null("ended_at")?,
    })
}
