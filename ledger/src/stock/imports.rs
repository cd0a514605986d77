//! Files for Mirakl (STO01): written down before they are sent, settled by their number.

use domain::marketplace::MarketplaceCode;
use domain::stock::fence::{Admission, Fence, SnapshotNo};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::lease::Holding;
use super::publications::Publication;
use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock import";

/// Which offers a file names. Of one that the guard holds, only what goes out meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOf {
    /// Those that should show something else than Mirakl took, and those in doubt.
    Difference,
    /// All of them.
    Full,
}

/// A file for Mirakl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The ledger's number; a later one is always greater.
    pub id: i64,
    /// Which marketplace.
    pub marketplace: MarketplaceCode,
    /// The computation it comes from.
    pub snapshot_no: i64,
    /// How often sending was begun.
    pub attempts: u32,
    /// Mirakl's number, once it was answered.
    pub import_id: Option<String>,
    /// `open`, `sent`, `done` or `dropped`.
    pub state: String,
    /// Its lines.
    pub lines: u32,
    /// Lines that Mirakl refused.
    pub refused_lines: u32,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was done or dropped.
    pub ended_at: Option<Timestamp>,
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLine {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Units.
    pub quantity: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, marketplace, snapshot_no, attempts, import_id, state, lines, \
             refused_lines, created_at, ended_at FROM stock_imports ",
            $rest
        )
    };
}

impl Ledger {
    /// Writes down the file of a computation, or finds it: an attempt that comes again has the same
    /// lines. A file without lines is done at once. Nothing when a later computation was written down
    /// already: this one must not go out any more.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another publishes now.
    pub async fn begin_import(
        &self,
        holding: Holding<'_>,
        publication: &Publication,
        of: ImportOf,
    ) -> Result<Option<Import>> {
        let doing = "writing a stock import down";
        let marketplace = &publication.marketplace;
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let no = SnapshotNo(u64::try_from(publication.snapshot_no).unwrap_or_default());
        if let Admission::Late { .. } = fence(conn, marketplace).await?.admit(no) {
            return Ok(None);
        }
        let new = sqlx::query(
            "INSERT INTO stock_imports (marketplace, snapshot_no, attempts, state, lines, \
             refused_lines, created_at) VALUES ($1, $2, 0, 'open', 0, 0, $3) \
             ON CONFLICT (snapshot_no) DO NOTHING RETURNING id",
        )
        .bind(marketplace.as_str())
        .bind(publication.snapshot_no)
        .bind(holding.now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if let Some(row) = new {
            let columns = Columns {
                row: &row,
                what: WHAT,
            };
            let id = columns.number("id")?;
            let lines = write_lines(conn, id, marketplace, of).await?;
            sqlx::query(
                "UPDATE stock_imports SET lines = $2, state = $3, ended_at = $4 WHERE id = $1",
            )
            .bind(id)
            .bind(i64::try_from(lines).unwrap_or(i64::MAX))
            .bind(if lines == 0 { "done" } else { "open" })
            .bind((lines == 0).then(|| holding.now.as_millisecond()))
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        let row = sqlx::query(select!("WHERE snapshot_no = $1"))
            .bind(publication.snapshot_no)
            .fetch_one(conn)
            .await
            .doing(doing)?;
        let import = read(&row)?;
        writing.commit(doing).await?;
        Ok(Some(import))
    }

    /// The file of a computation.
    pub async fn import_of(&self, snapshot_no: i64) -> Result<Option<Import>> {
        let row = sqlx::query(select!("WHERE snapshot_no = $1"))
            .bind(snapshot_no)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a stock import")?;
        row.as_ref().map(read).transpose()
    }

    /// The last files of a marketplace, the newest first.
    pub async fn imports(&self, marketplace: &MarketplaceCode, limit: u32) -> Result<Vec<Import>> {
        let rows = sqlx::query(select!("WHERE marketplace = $1 ORDER BY id DESC LIMIT $2"))
            .bind(marketplace.as_str())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("listing stock imports")?;
        rows.iter().map(read).collect()
    }

    /// The next lines of a file after one, by offer SKU. Begin with an empty text.
    pub async fn import_lines(&self, id: i64, after: &str, limit: u32) -> Result<Vec<ImportLine>> {
        let rows = sqlx::query(
            "SELECT offer_sku, quantity FROM stock_import_lines \
             WHERE import = $1 AND offer_sku > $2 ORDER BY offer_sku LIMIT $3",
        )
        .bind(id)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading the lines of a stock import")?;
        let line = |row| {
            let columns = Columns { row, what: WHAT };
            Ok(ImportLine {
                offer_sku: columns.text("offer_sku")?,
                quantity: columns.number("quantity")?,
            })
        };
        rows.iter().map(line).collect()
    }

    /// Notes, before the send, that an attempt begins. From then on nobody knows what Mirakl holds of
    /// these offers until it says so. False when the file is not open, or was begun before: what
    /// became of it then cannot be learned.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another publishes now.
    pub async fn begin_import_attempt(
        &self,
        holding: Holding<'_>,
        import: &Import,
    ) -> Result<bool> {
        let doing = "beginning to send a stock import";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        holding.prove(conn).await?;
        let begun = sqlx::query(
            "UPDATE stock_imports SET attempts = attempts + 1 \
             WHERE id = $1 AND state = 'open' AND attempts = 0 RETURNING id",
        )
        .bind(import.id)
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if begun.is_none() {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE stock_offers AS o SET sent = l.quantity, sent_at = $3, sent_import = $1 \
             FROM stock_import_lines l \
             WHERE l.import = $1 AND o.marketplace = $2 AND o.offer_sku = l.offer_sku",
        )
        .bind(import.id)
        .bind(import.marketplace.as_str())
        .bind(holding.now.as_millisecond())
        .execute(conn)
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Notes that nothing of an attempt reached Mirakl: the same lines may be sent.
    pub async fn import_not_sent(&self, id: i64) -> Result<()> {
        let doing = "noting what was not sent";
        let mut writing = self.writing().await?;
        let sql = "UPDATE stock_imports SET attempts = 0 WHERE id = $1 AND state = 'open'";
        let again = sqlx::query(sql).bind(id).execute(writing.conn());
        again.await.doing(doing)?;
        writing.commit(doing).await
    }

    /// Notes Mirakl's number of a file. False when the file is not open any more.
    pub async fn import_sent(&self, id: i64, import_id: &str) -> Result<bool> {
        let doing = "noting a sent stock import";
        let mut writing = self.writing().await?;
        let sql = "UPDATE stock_imports SET state = 'sent', import_id = $2 \
            WHERE id = $1 AND state = 'open'";
        let query = sqlx::query(sql).bind(id).bind(import_id);
        let noted = query.execute(writing.conn()).await.doing(doing)?;
        writing.commit(doing).await?;
        Ok(noted.rows_affected() > 0)
    }

    /// Marks lines of a sent file that Mirakl refused (STO03). One that comes again counts once.
    pub async fn refuse_import_lines(&self, id: i64, offer_skus: &[String]) -> Result<()> {
        let doing = "noting refused lines of a stock import";
        let mut writing = self.writing().await?;
        for chunk in offer_skus.chunks(CHUNK) {
            let sql = format!(
                "UPDATE stock_import_lines SET refused = 1 WHERE import = $1 AND offer_sku IN ({})",
                values(chunk.len(), &["TEXT"], 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(id);
            for offer_sku in chunk {
                query = query.bind(offer_sku.as_str());
            }
            query.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// Ends a sent file: Mirakl took its lines but the refused ones, and the exceptions of those that
    /// it took close. An offer that a later file names waits for that one's answer; one whose order
    /// changed since the computation stays in doubt. False when the file was not sent, or has ended.
    pub async fn import_done(
        &self,
        import: &Import,
        publication: &Publication,
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "ending a stock import";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let done = sqlx::query(
            "UPDATE stock_imports SET state = 'done', ended_at = $2, refused_lines = (SELECT \
             COUNT(*) FROM stock_import_lines WHERE import = $1 AND refused = 1) \
             WHERE id = $1 AND state = 'sent' RETURNING id",
        )
        .bind(import.id)
        .bind(now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if done.is_none() {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE stock_offers AS o SET acknowledged_import = $1, \
             acknowledged = CASE WHEN l.refused = 1 THEN o.acknowledged ELSE l.quantity END, \
             acknowledged_at = CASE WHEN l.refused = 1 THEN o.acknowledged_at \
             ELSE CAST($3 AS BIGINT) END, \
             refused = CASE WHEN l.refused = 1 THEN l.quantity ELSE NULL END, \
             steady = CASE WHEN $5 = 1 THEN COALESCE(o.steady, o.acknowledged) ELSE NULL END, \
             approved = CASE WHEN l.quantity = o.wanted THEN NULL ELSE o.approved END, \
             doubted_at = CASE WHEN o.doubted_at <= $4 THEN NULL ELSE o.doubted_at END \
             FROM stock_import_lines l WHERE l.import = $1 AND o.marketplace = $2 \
             AND o.offer_sku = l.offer_sku AND o.sent_import = $1",
        )
        .bind(import.id)
        .bind(import.marketplace.as_str())
        .bind(now.as_millisecond())
        .bind(publication.began_at.as_millisecond())
        .bind(i64::from(publication.counts.stale))
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        super::exceptions::close_taken(conn, import, now).await?;
        forget_lines(conn, import.id).await?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Gives a file up whose outcome nobody can learn. Its offers are sent again with the next
    /// difference, which is harmless: a quantity is set, not added. False when it has ended.
    pub async fn drop_import(&self, id: i64, now: Timestamp) -> Result<bool> {
        let doing = "giving a stock import up";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let dropped = sqlx::query(
            "UPDATE stock_imports SET state = 'dropped', ended_at = $2 \
             WHERE id = $1 AND state IN ('open', 'sent') RETURNING id",
        )
        .bind(id)
        .bind(now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        forget_lines(conn, id).await?;
        writing.commit(doing).await?;
        Ok(dropped.is_some())
    }
}

/// The newest computation of a marketplace that was written down to be sent.
async fn fence(conn: &mut AnyConnection, marketplace: &MarketplaceCode) -> Result<Fence> {
    let row =
        sqlx::query("SELECT MAX(snapshot_no) AS newest FROM stock_imports WHERE marketplace = $1")
            .bind(marketplace.as_str())
            .fetch_one(conn)
            .await
            .doing("reading the stock fence")?;
    let columns = Columns {
        row: &row,
        what: WHAT,
    };
    let newest = columns.number_or_null("newest")?;
    let newest = newest.and_then(|no| u64::try_from(no).ok()).map(SnapshotNo);
    Ok(Fence { newest })
}

/// Lists what a file names; answers how many lines.
async fn write_lines(
    conn: &mut AnyConnection,
    id: i64,
    marketplace: &MarketplaceCode,
    of: ImportOf,
) -> Result<u64> {
    let lines = sqlx::query(
        "INSERT INTO stock_import_lines (import, offer_sku, quantity, refused) \
         SELECT CAST($1 AS BIGINT), goes.offer_sku, goes.quantity, 0 FROM (SELECT \
         o.offer_sku, o.acknowledged, o.refused, o.doubted_at, o.sent_import, \
         o.acknowledged_import, CASE WHEN h.offer_sku IS NULL THEN o.wanted ELSE h.meanwhile \
         END AS quantity FROM stock_offers o \
         LEFT JOIN stock_held h ON h.marketplace = o.marketplace \
         AND h.offer_sku = o.offer_sku WHERE o.marketplace = $2 AND o.listed = 1) AS goes \
         WHERE goes.quantity IS NOT NULL AND (CAST($3 AS BIGINT) = 1 \
         OR ((goes.acknowledged IS NULL OR goes.acknowledged <> goes.quantity \
         OR goes.doubted_at IS NOT NULL \
         OR COALESCE(goes.sent_import, 0) <> COALESCE(goes.acknowledged_import, 0)) \
         AND (goes.refused IS NULL OR goes.refused <> goes.quantity)))",
    )
    .bind(id)
    .bind(marketplace.as_str())
    .bind(i64::from(of == ImportOf::Full))
    .execute(conn)
    .await
    .doing("listing the lines of a stock import")?;
    Ok(lines.rows_affected())
}

async fn forget_lines(conn: &mut AnyConnection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM stock_import_lines WHERE import = $1")
        .bind(id)
        .execute(conn)
        .await
        .doing("forgetting the lines of a stock import")?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Import> {
    let columns = Columns { row, what: WHAT };
    Ok(Import {
        id: columns.number("id")?,
        marketplace: columns.marketplace("marketplace")?,
        snapshot_no: columns.number("snapshot_no")?,
        attempts: columns.small_count("attempts")?,
        import_id: columns.text_or_null("import_id")?,
        state: columns.text("state")?,
        lines: columns.small_count("lines")?,
        refused_lines: columns.small_count("refused_lines")?,
        created_at: columns.moment("created_at")?,
        ended_at: columns.moment_or_null("ended_at")?,
    })
}
