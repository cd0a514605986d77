//! Intents: what is meant to be sent, written down with its body before the first attempt.

use domain::marketplace::OrderKey;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::inbox::lock;
use crate::keys::{KeyOf, is_erased};
use crate::open::Ledger;
use crate::rows::{Intent, Settled};
use crate::seal::Place;

const WHAT: &str = "an intent";

impl Ledger {
    /// Finds the open intent of this effect, with the body it was made with; else makes it.
    ///
    /// What stands in an open intent wins over `body` and `mapping_version`: it may have been sent.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such order. [`Error::Forgotten`]: the order was erased.
    pub async fn intend(
        &self,
        key: &OrderKey,
        effect: &str,
        body: &str,
        mapping_version: i64,
        now: Timestamp,
    ) -> Result<Intent> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        if !lock(conn, key, now).await? {
            return Err(Error::NotFound);
        }
        if let Some(open) = self.find_open(conn, key, effect).await? {
            return Ok(open);
        }
        if is_erased(conn, key).await? {
            return Err(Error::Forgotten);
        }
        let body_hash = self.fingerprint(body);
        let row = sqlx::query(
            "INSERT INTO intents (marketplace, order_id, effect, body, body_hash, \
             mapping_version, attempts, created_at) VALUES ($1, $2, $3, '', $4, $5, 0, $6) \
             RETURNING id",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(effect)
        .bind(&body_hash)
        .bind(mapping_version)
        .bind(now.as_millisecond())
        .fetch_one(&mut *conn)
        .await
        .doing("writing an intent")?;
        let id: i64 = row.try_get("id").doing(WHAT)?;
        // Sealed for its own number, so that no older intent's body can stand in its place.
        let data_key = self.data_key_or_new(conn, KeyOf::Order(key), now).await?;
        let sealed = data_key.seal(place(&row_of(key, &id.to_string())), body.as_bytes())?;
        sqlx::query("UPDATE intents SET body = $1 WHERE id = $2")
            .bind(sealed)
            .bind(id)
            .execute(&mut *conn)
            .await
            .doing("writing an intent")?;
        let intent = self.find_open(conn, key, effect).await?;
        let intent = intent.ok_or(Error::Corrupt { what: WHAT })?;
        writing.commit("writing an intent").await?;
        Ok(intent)
    }

    /// The open intent of this effect; `None` when there is none, or it is settled.
    ///
    /// # Errors
    /// [`Error::Forgotten`]: there is one, and the order was erased.
    pub async fn open_intent(&self, key: &OrderKey, effect: &str) -> Result<Option<Intent>> {
        let mut conn = self.reading().await?;
        self.find_open(&mut conn, key, effect).await
    }

    /// Effects of an order that are meant and of which no outcome is known, the oldest first.
    pub async fn open_effects(&self, key: &OrderKey) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT effect FROM intents WHERE marketplace = $1 AND order_id = $2 \
             AND outcome IS NULL ORDER BY id",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading what is meant")?;
        let effect = |row| Columns { row, what: WHAT }.text("effect");
        rows.iter().map(effect).collect()
    }

    async fn find_open(
        &self,
        conn: &mut AnyConnection,
        key: &OrderKey,
        effect: &str,
    ) -> Result<Option<Intent>> {
        let row = sqlx::query(
            "SELECT id, effect, body, body_hash, mapping_version, attempts, send_deadline, \
             created_at FROM intents WHERE marketplace = $1 AND order_id = $2 AND effect = $3 \
             AND outcome IS NULL",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(effect)
        .fetch_optional(&mut *conn)
        .await
        .doing("reading an intent")?;
        let Some(row) = row else { return Ok(None) };
        let data_key = self.data_key(conn, KeyOf::Order(key)).await?;
        match data_key {
            Some(data_key) => read(&row, |id, sealed| {
                data_key.open_text(place(&row_of(key, id)), sealed, WHAT)
            })
            .map(Some),
            None if is_erased(conn, key).await? => Err(Error::Forgotten),
            None => Err(Error::Corrupt { what: WHAT }),
        }
    }
}

/// Settles an intent; a second time changes nothing, the first outcome stands.
pub(crate) async fn settle(
    conn: &mut AnyConnection,
    key: &OrderKey,
    intent: &Intent,
    how: Settled,
    now: Timestamp,
) -> Result<()> {
    let settled = sqlx::query(
        "UPDATE intents SET outcome = COALESCE(outcome, $4), settled_at = COALESCE(settled_at, $5) \
         WHERE id = $1 AND marketplace = $2 AND order_id = $3",
    )
    .bind(intent.id)
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(how.as_str())
    .bind(now.as_millisecond())
    .execute(conn)
    .await
    .doing("settling an intent")?;
    if settled.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}

fn row_of<'a>(key: &'a OrderKey, id: &'a str) -> [&'a str; 3] {
    [key.marketplace.as_str(), &key.order_id, id]
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place {
        table: "intents",
        row,
    }
}

fn read(row: &AnyRow, open: impl Fn(&str, &str) -> Result<String>) -> Result<Intent> {
    let columns = Columns { row, what: WHAT };
    let id = columns.number("id")?;
    Ok(Intent {
        id,
        effect: columns.text("effect")?,
        body: open(&id.to_string(), &columns.text("body")?)?,
        body_hash: columns.text("body_hash")?,
        mapping_version: columns.number("mapping_version")?,
        attempts: columns.small_count("attempts")?,
        send_deadline: columns.moment_or_null("send_deadline")?,
        created_at: columns.moment("created_at")?,
    })
}
