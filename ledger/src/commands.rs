//! What people said, append-only; and forgetting.

use domain::marketplace::OrderKey;
use domain::progress::Progress;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::events;
use crate::exceptions::{About, Origin};
use crate::export::{Exported, Said, Stands};
use crate::inbox::lock;
use crate::keys::{KeyOf, delete_key};
use crate::open::{Alone, Ledger};
use crate::progress;
use crate::rows::{NewEvent, Note, TakenCommand};
use crate::unreadable;

impl Ledger {
    /// Writes down a person's command that was refused, and makes the order owed a look.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such order.
    pub async fn record_command(
        &self,
        key: &OrderKey,
        command: &str,
        by: &str,
        detail_json: &str,
        outcome: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        if !lock(conn, key, now).await? {
            return Err(Error::NotFound);
        }
        let said = TakenCommand {
            id: "",
            name: command,
            by,
            detail: detail_json,
            outcome: &|| outcome.to_owned(),
        };
        insert(conn, key, &said, now).await?;
        writing.commit("writing a command").await
    }

    /// Takes a person's command: what it changes, the command itself and its line in the export
    /// stand together, or nothing does. One of an `id` that was taken before changes nothing.
    ///
    /// # Errors
    /// [`Error::NotExported`]: nothing was taken. [`Error::NotFound`]: no such order.
    pub async fn take_command(
        &self,
        key: &OrderKey,
        said: &TakenCommand<'_>,
        note: Note<'_>,
        now: Timestamp,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        if !lock(conn, key, now).await? {
            return Err(Error::NotFound);
        }
        if was_taken(conn, said.id).await? {
            return Ok(());
        }
        let progress = progress::advance(conn, key, &note, now, &change).await?;
        // What it came to is known only now: another person may have been quicker.
        insert(conn, key, said, now).await?;
        let line = Exported {
            id: said.id.to_owned(),
            at: now,
            ledger: self.id().to_owned(),
            order: key.clone(),
            said: Said::Command {
                command: said.name.to_owned(),
                by: said.by.to_owned(),
                detail: said.detail.to_owned(),
                outcome: (said.outcome)(),
                stands: Stands::of(&progress).into(),
            },
        };
        self.export(line).await?;
        writing.commit("taking a command").await
    }

    /// Who said this to an order last with this outcome, and when.
    pub async fn last_command(
        &self,
        key: &OrderKey,
        command: &str,
        outcome: &str,
    ) -> Result<Option<(String, Timestamp)>> {
        let row = sqlx::query(
            "SELECT person, at FROM commands WHERE marketplace = $1 AND order_id = $2 \
             AND command = $3 AND outcome = $4 ORDER BY id DESC LIMIT 1",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(command)
        .bind(outcome)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading commands")?;
        let said = |row| {
            let columns = Columns {
                row,
                what: "a command",
            };
            Ok((columns.text("person")?, columns.moment("at")?))
        };
        row.as_ref().map(said).transpose()
    }

    /// Erases an order's personal data for good, by deleting its keys.
    ///
    /// Facts, progress and history stay; they name nobody. What is read of the order later is not
    /// kept either. An order that is not known here yet is erased in advance. Harmless when repeated.
    /// `reason_code` is never free text.
    ///
    /// # Errors
    /// [`Error::NotExported`]: nothing was erased.
    pub async fn forget(&self, key: &OrderKey, reason_code: &str, now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        writing.alone(Alone::Stores).await?;
        if erase(writing.conn(), key, reason_code, now).await? {
            let line = Exported {
                id: uuid::Uuid::new_v4().to_string(),
                at: now,
                ledger: self.id().to_owned(),
                order: key.clone(),
                said: Said::Forget {
                    reason_code: reason_code.to_owned(),
                },
            };
            self.export(line).await?;
        }
        writing.commit("erasing an order").await?;
        self.flush_log().await
    }
}

/// Was a command of this ID taken before? One without an ID never was.
async fn was_taken(conn: &mut AnyConnection, id: &str) -> Result<bool> {
    let found = sqlx::query("SELECT id FROM commands WHERE export_id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
        .doing("reading commands")?;
    Ok(found.is_some())
}

/// Writes a command down; `false` when one of its ID is there already. An empty ID is none.
pub(crate) async fn insert(
    conn: &mut AnyConnection,
    key: &OrderKey,
    said: &TakenCommand<'_>,
    now: Timestamp,
) -> Result<bool> {
    let doing = "writing a command";
    let outcome = (said.outcome)();
    let written = sqlx::query(
        "INSERT INTO commands (marketplace, order_id, at, command, person, detail, outcome, \
         export_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (export_id) WHERE export_id IS NOT NULL DO NOTHING",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(now.as_millisecond())
    .bind(said.name)
    .bind(said.by)
    .bind(said.detail)
    .bind(&outcome)
    .bind(Some(said.id.to_owned()).filter(|id| !id.is_empty()))
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE orders SET commands_version = commands_version + 1, active = ours \
         WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    let detail = vec![
        ("command", said.name.to_owned()),
        ("by", said.by.to_owned()),
        ("outcome", outcome),
    ];
    let event = NewEvent {
        what: "command",
        detail,
    };
    events::append(conn, key, &event, now).await?;
    Ok(true)
}

/// Erases an order within a write; `false` when it was erased before.
pub(crate) async fn erase(
    conn: &mut AnyConnection,
    key: &OrderKey,
    reason_code: &str,
    now: Timestamp,
) -> Result<bool> {
    let doing = "erasing an order";
    lock(conn, key, now).await?;
    let noted = sqlx::query(
        "INSERT INTO erasures (marketplace, order_id, erased_at) VALUES ($1, $2, $3) \
         ON CONFLICT (marketplace, order_id) DO NOTHING",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(now.as_millisecond())
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    delete_key(conn, KeyOf::Order(key)).await?;
    let about = About {
        origin: Origin::OrderInbox,
        scope: key.marketplace.as_str(),
        subject: &key.order_id,
    };
    unreadable::drop_message(conn, about).await?;
    let row =
        sqlx::query("SELECT external_po FROM orders WHERE marketplace = $1 AND order_id = $2")
            .bind(key.marketplace.as_str())
            .bind(&key.order_id)
            .fetch_optional(&mut *conn)
            .await
            .doing(doing)?;
    if let Some(row) = row {
        let columns = Columns {
            row: &row,
            what: "an order",
        };
        if let Some(po) = columns.text_or_null("external_po")? {
            delete_key(conn, KeyOf::ExternalPo(&po)).await?;
        }
        if noted.rows_affected() > 0 {
            let event = NewEvent {
                what: "forgotten",
                detail: vec![("reason_code", reason_code.to_owned())],
            };
            events::append(conn, key, &event, now).await?;
        }
    }
    Ok(noted.rows_affected() > 0)
}
