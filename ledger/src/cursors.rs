//! Feeds: where each stands, and how it is doing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;
use crate::rows::{FeedRun, FeedState};

const WHAT: &str = "a feed's state";

/// Notes a stored page, in the transaction that stores it.
pub(crate) async fn page_stored(
    conn: &mut AnyConnection,
    run: &FeedRun<'_>,
    rows: usize,
) -> Result<()> {
    let doing = "writing a cursor";
    let now = run.now.as_millisecond();
    make(conn, run.feed).await?;
    sqlx::query(
        "UPDATE feeds SET cursor = COALESCE($2, cursor), \
         last_started = CASE WHEN running = 1 THEN last_started ELSE $3 END, \
         rows_running = $4 + CASE WHEN running = 1 THEN rows_running ELSE 0 END, \
         running = 1 WHERE name = $1",
    )
    .bind(run.feed)
    .bind(run.cursor.map(str::to_owned))
    .bind(now)
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    if run.last_page {
        sqlx::query(
            "UPDATE feeds SET running = 0, rows_last = rows_running, last_success = $2, \
             last_error = NULL, failures = 0 WHERE name = $1",
        )
        .bind(run.feed)
        .bind(now)
        .execute(conn)
        .await
        .doing(doing)?;
    }
    Ok(())
}

async fn make(conn: &mut AnyConnection, feed: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO feeds (name, running, rows_running, rows_last, failures, paused) \
         VALUES ($1, 0, 0, 0, 0, 0) ON CONFLICT (name) DO NOTHING",
    )
    .bind(feed)
    .execute(conn)
    .await
    .doing("writing a feed's state")?;
    Ok(())
}

impl Ledger {
    /// Where a feed stands; `None` before its first page.
    pub async fn cursor(&self, feed: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT cursor FROM feeds WHERE name = $1")
            .bind(feed)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a cursor")?;
        match row {
            Some(row) => {
                let columns = Columns {
                    row: &row,
                    what: WHAT,
                };
                columns.text_or_null("cursor")
            }
            None => Ok(None),
        }
    }

    /// When a feed last came to its end; `None` before.
    pub async fn last_success(&self, feed: &str) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT last_success FROM feeds WHERE name = $1")
            .bind(feed)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a feed's state")?;
        let at = |row| Columns { row, what: WHAT }.moment_or_null("last_success");
        Ok(row.as_ref().map(at).transpose()?.flatten())
    }

    /// Notes that a run of a feed failed, with a code; the cursor stays.
    pub async fn feed_failed(&self, feed: &str, code: &str, now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        make(writing.conn(), feed).await?;
        sqlx::query(
            "UPDATE feeds SET failures = failures + 1, last_error = $2, \
             last_started = CASE WHEN running = 1 THEN last_started ELSE $3 END, \
             running = 0, rows_running = 0 WHERE name = $1",
        )
        .bind(feed)
        .bind(code)
        .bind(now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing("noting a feed's failure")?;
        writing.commit("noting a feed's failure").await
    }

    /// Notes that a person paused a feed, or let it go on.
    pub async fn set_feed_paused(&self, feed: &str, paused: bool, _now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        make(writing.conn(), feed).await?;
        sqlx::query("UPDATE feeds SET paused = $2 WHERE name = $1")
            .bind(feed)
            .bind(i64::from(paused))
            .execute(writing.conn())
            .await
            .doing("pausing a feed")?;
        writing.commit("pausing a feed").await
    }

    /// Every feed, by name.
    pub async fn feeds(&self) -> Result<Vec<FeedState>> {
        let mut conn = self.reading().await?;
        let owed = owed_by_feed(&mut conn).await?;
        let rows = sqlx::query(
            "SELECT name, cursor, last_started, last_success, last_error, failures, paused, \
             rows_last FROM feeds ORDER BY name",
        )
        .fetch_all(&mut *conn)
        .await
        .doing("listing feeds")?;
        rows.iter().map(|row| read(row, &owed)).collect()
    }
}

/// Orders with news that nobody has looked at yet, by the feed that brought it.
async fn owed_by_feed(conn: &mut AnyConnection) -> Result<BTreeMap<String, u32>> {
    let doing = "counting owed orders";
    let by_orders = sqlx::query(
        "SELECT feed, COUNT(*) AS owed FROM orders WHERE active = 1 AND ours = 1 \
         AND seen_version > handled_version GROUP BY feed",
    )
    .fetch_all(&mut *conn)
    .await
    .doing(doing)?;
    let by_shipments = sqlx::query(
        "SELECT feed, COUNT(*) AS owed FROM (SELECT DISTINCT s.feed, o.marketplace, o.order_id \
         FROM orders o JOIN shipments s ON s.external_po = o.external_po \
         WHERE o.active = 1 AND o.ours = 1 AND o.shipments_version > o.handled_shipments) owing \
         GROUP BY feed",
    )
    .fetch_all(&mut *conn)
    .await
    .doing(doing)?;
    let by_documents = sqlx::query(
        "SELECT feed, COUNT(*) AS owed FROM (SELECT DISTINCT d.feed, o.marketplace, o.order_id \
         FROM orders o JOIN documents d ON (d.kind = 'credit_memo' AND d.owner = o.external_po) \
         OR (d.kind = 'erp_return' AND d.owner = o.external_po) \
         OR (d.kind = 'marketplace_return' AND d.owner = o.marketplace || '/' || o.order_id) \
         WHERE o.active = 1 AND o.ours = 1 AND o.documents > 0 \
         AND o.shipments_version > o.handled_shipments) owing GROUP BY feed",
    )
    .fetch_all(conn)
    .await
    .doing(doing)?;
    let count = |row: &AnyRow| {
        let columns = Columns { row, what: WHAT };
        Ok((columns.text("feed")?, columns.small_count("owed")?))
    };
    let shipped = by_orders.iter().chain(&by_shipments);
    shipped.chain(&by_documents).map(count).collect()
}

fn read(row: &AnyRow, owed: &BTreeMap<String, u32>) -> Result<FeedState> {
    let columns = Columns { row, what: WHAT };
    let name = columns.text("name")?;
    Ok(FeedState {
        cursor: columns.text_or_null("cursor")?,
        last_started: columns.moment_or_null("last_started")?,
        last_success: columns.moment_or_null("last_success")?,
        last_error: columns.text_or_null("last_error")?,
        failures: columns.small_count("failures")?,
        paused: columns.flag("paused")?,
        rows: columns.small_count("rows_last")?,
        owed: owed.get(&name).copied().unwrap_or(0),
        name,
    })
}
