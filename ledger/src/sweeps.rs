//! Sweeps: what each compared, and how far it is.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

const WHAT: &str = "a sweep";

/// A sweep that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewSweep<'a> {
    /// Of which marketplace.
    pub marketplace: &'a MarketplaceCode,
    /// The workflow run that does it; one run is one sweep.
    pub run: &'a str,
    /// Orders updated from then on.
    pub since: Timestamp,
    /// Orders updated until then.
    pub until: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

/// What a sweep counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SweepCounts {
    /// Orders that Mirakl exported.
    pub exported: u32,
    /// Of these, orders that no pull had brought although it should have.
    pub missed: u32,
    /// Of these, orders that no pull had brought yet.
    pub not_pulled_yet: u32,
    /// Of these, orders of which Mirakl showed something newer.
    pub outdated: u32,
    /// Of these, orders that could not be read.
    pub unreadable: u32,
    /// Orders held against the sales orders.
    pub looked_up: u32,
    /// Runs that were described.
    pub runs: u32,
    /// Orders without an open run, started again.
    pub taken_up: u32,
    /// Orders told to look again because both sides are apart.
    pub looked_again: u32,
    /// Findings that a person must settle: exceptions that stand because of this sweep.
    pub findings: u32,
    /// Orders that could not be compared now; the next sweep tries again.
    pub skipped: u32,
}

/// A sweep as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The ledger's number.
    pub id: i64,
    /// Of which marketplace.
    pub marketplace: MarketplaceCode,
    /// Orders updated from then on.
    pub since: Timestamp,
    /// Orders updated until then.
    pub until: Timestamp,
    /// Mirakl's number of the export, once it was asked for.
    pub tracking_id: Option<String>,
    /// Files of the export that were read.
    pub files_read: u32,
    /// `requesting`, `exporting`, `reading`, `comparing`, `done` or `export_failed`.
    pub state: String,
    /// What was counted so far.
    pub counts: SweepCounts,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; empty while it goes on, or when its run was stopped.
    pub ended_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, marketplace, since, until, tracking_id, files_read, state, counts, \
             started_at, ended_at FROM sweeps ",
            $rest
        )
    };
}

impl Ledger {
    /// Begins the sweep of a workflow run, or finds it: an attempt that comes again goes on with it.
    pub async fn begin_sweep(&self, new: &NewSweep<'_>) -> Result<Sweep> {
        let mut writing = self.writing().await?;
        sqlx::query(
            "INSERT INTO sweeps (marketplace, run, since, until, files_read, state, counts, \
             started_at) VALUES ($1, $2, $3, $4, 0, 'requesting', $5, $6) \
             ON CONFLICT (run) DO NOTHING",
        )
        .bind(new.marketplace.as_str())
        .bind(new.run)
        .bind(new.since.as_millisecond())
        .bind(new.until.as_millisecond())
        .bind(to_json(&SweepCounts::default(), WHAT)?)
        .bind(new.now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing("beginning a sweep")?;
        let row = sqlx::query(select!("WHERE run = $1"))
            .bind(new.run)
            .fetch_one(writing.conn())
            .await
            .doing("beginning a sweep")?;
        let sweep = read(&row)?;
        writing.commit("beginning a sweep").await?;
        Ok(sweep)
    }

    /// One sweep.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none of this number.
    pub async fn sweep(&self, id: i64) -> Result<Sweep> {
        let row = sqlx::query(select!("WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a sweep")?;
        read(&row.ok_or(Error::NotFound)?)
    }

    /// The last sweeps, of one marketplace or of all, the newest first.
    pub async fn sweeps(
        &self,
        marketplace: Option<&MarketplaceCode>,
        limit: u32,
    ) -> Result<Vec<Sweep>> {
        let rows = sqlx::query(select!(
            "WHERE ($1 = '' OR marketplace = $1) ORDER BY id DESC LIMIT $2"
        ))
        .bind(marketplace.map_or("", MarketplaceCode::as_str))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing sweeps")?;
        rows.iter().map(read).collect()
    }

    /// When a sweep of a marketplace last came to its end.
    pub async fn last_sweep(&self, marketplace: &MarketplaceCode) -> Result<Option<Timestamp>> {
        let row = sqlx::query(
            "SELECT MAX(ended_at) AS ended_at FROM sweeps WHERE marketplace = $1 AND state = 'done'",
        )
        .bind(marketplace.as_str())
        .fetch_one(&mut *self.reading().await?)
        .await
        .doing("reading the last sweep")?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        columns.moment_or_null("ended_at")
    }

    /// Notes how far a sweep is. Orders to be compared are added; a moment of ending ends it.
    pub async fn note_sweep(
        &self,
        sweep: &Sweep,
        to_compare: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        for order_id in to_compare {
            sqlx::query(
                "INSERT INTO sweep_orders (sweep, order_id) VALUES ($1, $2) \
                 ON CONFLICT (sweep, order_id) DO NOTHING",
            )
            .bind(sweep.id)
            .bind(order_id)
            .execute(&mut *conn)
            .await
            .doing("listing what a sweep compares")?;
        }
        let over = matches!(sweep.state.as_str(), "done" | "export_failed");
        sqlx::query(
            "UPDATE sweeps SET tracking_id = $2, files_read = $3, state = $4, counts = $5, \
             ended_at = $6 WHERE id = $1",
        )
        .bind(sweep.id)
        .bind(sweep.tracking_id.clone())
        .bind(i64::from(sweep.files_read))
        .bind(&sweep.state)
        .bind(to_json(&sweep.counts, WHAT)?)
        .bind(over.then(|| now.as_millisecond()))
        .execute(&mut *conn)
        .await
        .doing("noting a sweep")?;
        if over {
            sqlx::query("DELETE FROM sweep_orders WHERE sweep = $1")
                .bind(sweep.id)
                .execute(conn)
                .await
                .doing("ending a sweep")?;
        }
        writing.commit("noting a sweep").await
    }

    /// Orders that a sweep has still to compare.
    pub async fn to_compare(&self, sweep: i64, limit: u32) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT order_id FROM sweep_orders WHERE sweep = $1 ORDER BY order_id LIMIT $2",
        )
        .bind(sweep)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing what a sweep compares")?;
        let id = |row| Columns { row, what: WHAT }.text("order_id");
        rows.iter().map(id).collect()
    }

    /// Leaves an order out of a sweep: what stands of it stays as it is.
    pub async fn skip_comparing(&self, sweep: i64, order_id: &str) -> Result<()> {
        let mut writing = self.writing().await?;
        sqlx::query("DELETE FROM sweep_orders WHERE sweep = $1 AND order_id = $2")
            .bind(sweep)
            .bind(order_id)
            .execute(writing.conn())
            .await
            .doing("leaving an order out of a sweep")?;
        writing.commit("leaving an order out of a sweep").await
    }
}

fn read(row: &AnyRow) -> Result<Sweep> {
    let columns = Columns { row, what: WHAT };
    Ok(Sweep {
        id: columns.number("id")?,
        marketplace: columns.marketplace("marketplace")?,
        since: columns.moment("since")?,
        until: columns.moment("until")?,
        tracking_id: columns.text_or_null("tracking_id")?,
        files_read: columns.small_count("files_read")?,
        state: columns.text("state")?,
        counts: columns.json("counts")?,
        started_at: columns.moment("started_at")?,
        ended_at: columns.moment_or_null("ended_at")?,
    })
}
