//! Files for Mirakl (STO01): written down before they are sent, settled by their number.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

const WHAT: &str = "a stock import";

/// Which offers a file names. Of one that the guard holds, only what goes out meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOf {
    /// Those that should show something else than Mirakl took.
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
    /// How often sending was begun.
    pub attempts: u32,
    /// The latest moment an attempt may have been sent; empty when none was begun.
    pub send_deadline: Option<Timestamp>,
    /// Mirakl's number, once it was answered.
    pub import_id: Option<String>,
    /// `open`, `sent`, `done` or `dropped`.
    pub state: String,
    /// Its lines.
    pub lines: u32,
    /// Of these, lines that Mirakl refused.
    pub refused_lines: u32,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was done or dropped.
    pub ended_at: Option<Timestamp>,
}

/// One line of a file; it never changes.
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
            "SELECT id, marketplace, attempts, send_deadline, import_id, state, lines, \
             refused_lines, created_at, ended_at FROM stock_imports ",
            $rest
        )
    };
}

impl Ledger {
    /// Writes down the file of a workflow run, or finds it: an attempt that comes again sends the
    /// same lines. A file without lines is done at once.
    pub async fn begin_import(
        &self,
        marketplace: &MarketplaceCode,
        run: &str,
        of: ImportOf,
        now: Timestamp,
    ) -> Result<Import> {
        let doing = "writing a stock import down";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let new = sqlx::query(
            "INSERT INTO stock_imports (marketplace, run, attempts, state, lines, refused_lines, \
             created_at) VALUES ($1, $2, 0, 'open', 0, 0, $3) \
             ON CONFLICT (marketplace, run) DO NOTHING RETURNING id",
        )
        .bind(marketplace.as_str())
        .bind(run)
        .bind(now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if let Some(row) = new {
            let id = Columns {
                row: &row,
                what: WHAT,
            }
            .number("id")?;
            let full = i64::from(of == ImportOf::Full);
            let lines = sqlx::query(
                "INSERT INTO stock_import_lines (import, offer_sku, quantity, refused) \
                 SELECT CAST($1 AS BIGINT), goes.offer_sku, goes.quantity, 0 FROM (SELECT \
                 o.offer_sku, o.acknowledged, o.refused, CASE WHEN h.offer_sku IS NULL \
                 THEN o.wanted ELSE h.meanwhile END AS quantity FROM stock_offers o \
                 LEFT JOIN stock_held h ON h.marketplace = o.marketplace \
                 AND h.offer_sku = o.offer_sku WHERE o.marketplace = $2) AS goes \
                 WHERE goes.quantity IS NOT NULL AND (CAST($3 AS BIGINT) = 1 \
                 OR ((goes.acknowledged IS NULL OR goes.acknowledged <> goes.quantity) \
                 AND (goes.refused IS NULL OR goes.refused <> goes.quantity)))",
            )
            .bind(id)
            .bind(marketplace.as_str())
            .bind(full)
            .execute(&mut *conn)
            .await
            .doing(doing)?
            .rows_affected();
            sqlx::query(
                "UPDATE stock_imports SET lines = $2, state = $3, ended_at = $4 WHERE id = $1",
            )
            .bind(id)
            .bind(i64::try_from(lines).unwrap_or(i64::MAX))
            .bind(if lines == 0 { "done" } else { "open" })
            .bind((lines == 0).then(|| now.as_millisecond()))
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        }
        let row = sqlx::query(select!("WHERE marketplace = $1 AND run = $2"))
            .bind(marketplace.as_str())
            .bind(run)
            .fetch_one(conn)
            .await
            .doing(doing)?;
        let import = read(&row)?;
        writing.commit(doing).await?;
        Ok(import)
    }

    /// One file.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none of this number.
    pub async fn import(&self, id: i64) -> Result<Import> {
        let row = sqlx::query(select!("WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading a stock import")?;
        read(&row.ok_or(Error::NotFound)?)
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

    /// Notes, before the send, that an attempt begins and when it may have been sent at the latest.
    /// From then on nobody knows what Mirakl holds of these offers until it says so. False when the
    /// file is not open any more, or a later one of the marketplace exists: then it must not go out.
    pub async fn begin_import_attempt(
        &self,
        import: &Import,
        send_deadline: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "beginning to send a stock import";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let begun = sqlx::query(
            "UPDATE stock_imports SET attempts = attempts + 1, send_deadline = $2 \
             WHERE id = $1 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM stock_imports later \
             WHERE later.marketplace = $3 AND later.id > $1 AND later.attempts > 0) RETURNING id",
        )
        .bind(import.id)
        .bind(send_deadline.as_millisecond())
        .bind(import.marketplace.as_str())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if begun.is_none() {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE stock_offers AS o SET sent = l.quantity, sent_at = $3, sent_import = $1, \
             acknowledged = NULL, acknowledged_at = NULL FROM stock_import_lines l \
             WHERE l.import = $1 AND o.marketplace = $2 AND o.offer_sku = l.offer_sku",
        )
        .bind(import.id)
        .bind(import.marketplace.as_str())
        .bind(now.as_millisecond())
        .execute(conn)
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Notes Mirakl's number of a file. False when the file is not open any more.
    pub async fn import_sent(&self, id: i64, import_id: &str) -> Result<bool> {
        let mut writing = self.writing().await?;
        let noted = sqlx::query(
            "UPDATE stock_imports SET state = 'sent', import_id = $2 \
             WHERE id = $1 AND state = 'open' RETURNING id",
        )
        .bind(id)
        .bind(import_id)
        .fetch_optional(writing.conn())
        .await
        .doing("noting a sent stock import")?;
        writing.commit("noting a sent stock import").await?;
        Ok(noted.is_some())
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

    /// Ends a sent file: Mirakl took its lines but the refused ones. An offer that a later file
    /// names waits for that one's answer. False when the file was not sent, or has ended.
    pub async fn import_done(&self, import: &Import, now: Timestamp) -> Result<bool> {
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
             acknowledged = CASE WHEN l.refused = 1 THEN NULL ELSE l.quantity END, \
             acknowledged_at = CASE WHEN l.refused = 1 THEN NULL ELSE CAST($3 AS BIGINT) END, \
             refused = CASE WHEN l.refused = 1 THEN l.quantity ELSE NULL END \
             FROM stock_import_lines l WHERE l.import = $1 AND o.marketplace = $2 \
             AND o.offer_sku = l.offer_sku AND o.sent_import = $1",
        )
        .bind(import.id)
        .bind(import.marketplace.as_str())
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
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

async fn forget_lines(conn: &mut sqlx::AnyConnection, id: i64) -> Result<()> {
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
        attempts: columns.small_count("attempts")?,
        send_deadline: columns.moment_or_null("send_deadline")?,
        import_id: columns.text_or_null("import_id")?,
        state: columns.text("state")?,
        lines: columns.small_count("lines")?,
        refused_lines: columns.small_count("refused_lines")?,
        created_at: columns.moment("created_at")?,
        ended_at: columns.moment_or_null("ended_at")?,
    })
}
