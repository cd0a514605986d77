//! Batches of a site as they were read, and their positions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::lease::Holding;
use super::{CHUNK, values};
use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock snapshot";

/// A batch that is about to be read.
#[derive(Clone, Copy, Debug)]
pub struct NewSnapshot<'a> {
    /// The BlueCherry site.
    pub site: &'a str,
    /// The site's own number of the batch.
    pub batch_id: &'a str,
    /// Does it name changed positions only? Then the others stay as they are.
    pub delta: bool,
    /// The moment its figures are true for.
    pub as_of: Timestamp,
    /// The last order, or moment, whose orders it includes, in the site's word; empty when it cannot say.
    pub orders_seen_through: Option<&'a str>,
}

/// A batch as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Ours; a later one is always greater.
    pub id: i64,
    /// The BlueCherry site.
    pub site: String,
    /// The site's own number of the batch.
    pub batch_id: String,
    /// Does it name changed positions only?
    pub delta: bool,
    /// The moment its figures are true for.
    pub as_of: Timestamp,
    /// The last order, or moment, whose orders it includes, in the site's word; empty when it cannot say.
    pub orders_seen_through: Option<String>,
    /// `reading`, `accepted` or `refused`.
    pub state: String,
    /// Counts and control totals, JSON; `{}` while it is being read.
    pub totals: String,
    /// Codes of why it was refused.
    pub reasons: Vec<String>,
    /// When reading began.
    pub began_at: Timestamp,
    /// When it was judged.
    pub ended_at: Option<Timestamp>,
}

/// One position of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPosition {
    /// The item, as one text.
    pub sku: String,
    /// Warehouse, lot and pool, as one text; with the SKU it names the row.
    pub place: String,
    /// Its figures, JSON.
    pub figures: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, site, batch_id, mode, as_of, orders_seen_through, began_at, \
             ended_at, state, totals, reasons FROM stock_snapshots ",
            $rest
        )
    };
}

impl Ledger {
    /// Begins to read a batch, or finds it: an attempt that comes again goes on with it, and one
    /// that was accepted is not read twice.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another reads the site now.
    pub async fn begin_snapshot(
        &self,
        holding: Holding<'_>,
        new: &NewSnapshot<'_>,
    ) -> Result<Snapshot> {
        let doing = "beginning a stock snapshot";
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        sqlx::query(
            "INSERT INTO stock_snapshots (site, batch_id, mode, as_of, orders_seen_through, \
             began_at, state, totals, reasons) \
             VALUES ($1, $2, $3, $4, $5, $6, 'reading', '{}', '[]') \
             ON CONFLICT (site, batch_id) WHERE state <> 'refused' DO NOTHING",
        )
        .bind(new.site)
        .bind(new.batch_id)
        .bind(if new.delta { "delta" } else { "full" })
        .bind(new.as_of.as_millisecond())
        .bind(new.orders_seen_through)
        .bind(holding.now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing(doing)?;
        let row = sqlx::query(select!(
            "WHERE site = $1 AND batch_id = $2 AND state <> 'refused'"
        ))
        .bind(new.site)
        .bind(new.batch_id)
        .fetch_one(writing.conn())
        .await
        .doing(doing)?;
        let snapshot = read(&row)?;
        writing.commit(doing).await?;
        Ok(snapshot)
    }

    /// Adds positions to a snapshot that is being read. One that comes again stands once; of two
    /// under one key the later stands. Those of a snapshot that was judged already are dropped.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another reads the site now.
    pub async fn add_positions(
        &self,
        holding: Holding<'_>,
        snapshot: i64,
        positions: &[StoredPosition],
    ) -> Result<()> {
        let doing = "storing positions";
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        for chunk in positions.chunks(CHUNK) {
            let once: BTreeMap<_, _> = chunk
                .iter()
                .map(|p| ((p.sku.as_str(), p.place.as_str()), p.figures.as_str()))
                .collect();
            let sql = format!(
                "WITH new (sku, place, figures) AS ({}) \
                 INSERT INTO stock_positions (snapshot, sku, place, figures) \
                 SELECT s.id, n.sku, n.place, n.figures FROM new n, stock_snapshots s \
                 WHERE s.id = $1 AND s.state = 'reading' \
                 ON CONFLICT (snapshot, sku, place) DO UPDATE SET figures = excluded.figures",
                values(once.len(), &["TEXT", "TEXT", "TEXT"], 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(snapshot);
            for ((sku, place), figures) in once {
                query = query.bind(sku).bind(place).bind(figures);
            }
            query.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// Accepts a snapshot that is being read: it is the site's current one from then on, and older
    /// positions go, but for those that a computation under way still reads. A delta takes over those it does not name. False, and nothing happens, when it
    /// is not being read or a later one was accepted meanwhile.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another reads the site now.
    pub async fn accept_snapshot(
        &self,
        holding: Holding<'_>,
        snapshot: &Snapshot,
        totals: &str,
    ) -> Result<bool> {
        let doing = "accepting a stock snapshot";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let accepted = sqlx::query(
            "UPDATE stock_snapshots SET state = 'accepted', totals = $2, ended_at = $3 \
             WHERE id = $1 AND state = 'reading' AND NOT EXISTS (SELECT 1 \
             FROM stock_snapshots later WHERE later.site = $4 AND later.state = 'accepted' \
             AND later.id > $1) RETURNING id",
        )
        .bind(snapshot.id)
        .bind(totals)
        .bind(holding.now.as_millisecond())
        .bind(&snapshot.site)
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if accepted.is_none() {
            return Ok(false);
        }
        if snapshot.delta {
            sqlx::query(
                "INSERT INTO stock_positions (snapshot, sku, place, figures) \
                 SELECT $1, old.sku, old.place, old.figures FROM stock_positions old \
                 WHERE old.snapshot = (SELECT MAX(id) FROM stock_snapshots \
                 WHERE site = $2 AND state = 'accepted' AND id < $1) \
                 ON CONFLICT (snapshot, sku, place) DO NOTHING",
            )
            .bind(snapshot.id)
            .bind(&snapshot.site)
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        sqlx::query(
            "DELETE FROM stock_positions WHERE snapshot IN (SELECT id \
             FROM stock_snapshots WHERE site = $2 AND id < $1) AND snapshot NOT IN (SELECT \
             p.snapshot FROM stock_publications p WHERE p.state = 'computing')",
        )
        .bind(snapshot.id)
        .bind(&snapshot.site)
        .execute(conn)
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Refuses a snapshot that is being read, and forgets its positions. The same batch may be read
    /// again, under a new number. False when it is not being read.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another reads the site now.
    pub async fn refuse_snapshot(
        &self,
        holding: Holding<'_>,
        snapshot: i64,
        totals: &str,
        reasons: &[String],
    ) -> Result<bool> {
        let doing = "refusing a stock snapshot";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let refused = sqlx::query(
            "UPDATE stock_snapshots SET state = 'refused', totals = $2, reasons = $3, \
             ended_at = $4 WHERE id = $1 AND state = 'reading' RETURNING id",
        )
        .bind(snapshot)
        .bind(totals)
        .bind(to_json(reasons, WHAT)?)
        .bind(holding.now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if refused.is_none() {
            return Ok(false);
        }
        sqlx::query("DELETE FROM stock_positions WHERE snapshot = $1")
            .bind(snapshot)
            .execute(conn)
            .await
            .doing(doing)?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// One snapshot.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none of this number.
    pub async fn snapshot(&self, id: i64) -> Result<Snapshot> {
        let row = sqlx::query(select!("WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a stock snapshot")?;
        read(&row.ok_or(Error::NotFound)?)
    }

    /// The newest accepted snapshot of a site.
    pub async fn current_snapshot(&self, site: &str) -> Result<Option<Snapshot>> {
        let row = sqlx::query(select!(
            "WHERE site = $1 AND state = 'accepted' ORDER BY id DESC LIMIT 1"
        ))
        .bind(site)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading the current stock snapshot")?;
        row.as_ref().map(read).transpose()
    }

    /// The last snapshots of a site, refused ones too, the newest first.
    pub async fn snapshots(&self, site: &str, limit: u32) -> Result<Vec<Snapshot>> {
        let rows = sqlx::query(select!("WHERE site = $1 ORDER BY id DESC LIMIT $2"))
            .bind(site)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("listing stock snapshots")?;
        rows.iter().map(read).collect()
    }

    /// The positions of these items, in any order. An item without any is unknown, not zero.
    pub async fn positions_of_all(
        &self,
        snapshot: i64,
        skus: &[&str],
    ) -> Result<Vec<StoredPosition>> {
        let mut positions = Vec::with_capacity(skus.len());
        let mut conn = self.reading().await?;
        for chunk in skus.chunks(CHUNK) {
            let sql = format!(
                "WITH wanted (sku) AS ({}) SELECT p.sku, p.place, p.figures FROM wanted w \
                 CROSS JOIN stock_positions p WHERE p.snapshot = $1 AND p.sku = w.sku",
                values(chunk.len(), &["TEXT"], 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(snapshot);
            for sku in chunk {
                query = query.bind(*sku);
            }
            let rows = query.fetch_all(&mut *conn).await;
            for row in &rows.doing("reading positions")? {
                positions.push(read_position(row)?);
            }
        }
        Ok(positions)
    }

    /// The positions of one item; empty when the snapshot does not name it, which is unknown, not
    /// zero.
    pub async fn positions_of(&self, snapshot: i64, sku: &str) -> Result<Vec<StoredPosition>> {
        let rows = sqlx::query(
            "SELECT sku, place, figures FROM stock_positions \
             WHERE snapshot = $1 AND sku = $2 ORDER BY place",
        )
        .bind(snapshot)
        .bind(sku)
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading positions")?;
        rows.iter().map(read_position).collect()
    }
}

fn read_position(row: &AnyRow) -> Result<StoredPosition> {
    let columns = Columns {
        row,
        what: "a position",
    };
    Ok(StoredPosition {
        sku: columns.text("sku")?,
        place: columns.text("place")?,
        figures: columns.text("figures")?,
    })
}

fn read(row: &AnyRow) -> Result<Snapshot> {
    let columns = Columns { row, what: WHAT };
    Ok(Snapshot {
        id: columns.number("id")?,
        site: columns.text("site")?,
        batch_id: columns.text("batch_id")?,
        delta: columns.text("mode")? == "delta",
        as_of: columns.moment("as_of")?,
        orders_seen_through: columns.text_or_null("orders_seen_through")?,
        state: columns.text("state")?,
        totals: columns.text("totals")?,
        reasons: columns.json("reasons")?,
        began_at: columns.moment("began_at")?,
        ended_at: columns.moment_or_null("ended_at")?,
    })
}
