//! What people said, append-only; and forgetting.

use domain::marketplace::OrderKey;
use jiff::Timestamp;

use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::events;
use crate::exceptions::{About, Origin};
use crate::inbox::lock;
use crate::keys::{KeyOf, delete_key};
use crate::open::Ledger;
use crate::rows::NewEvent;
use crate::unreadable;

impl Ledger {
    /// Writes down a person's command with its outcome, and makes the order owed a look.
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
        sqlx::query(
            "INSERT INTO commands (marketplace, order_id, at, command, person, detail, outcome) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(now.as_millisecond())
        .bind(command)
        .bind(by)
        .bind(detail_json)
        .bind(outcome)
        .execute(&mut *conn)
        .await
        .doing("writing a command")?;
        sqlx::query(
            "UPDATE orders SET commands_version = commands_version + 1, active = ours \
             WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .execute(&mut *conn)
        .await
        .doing("writing a command")?;
        let detail = vec![
            ("command", command.to_owned()),
            ("by", by.to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        let event = NewEvent {
            what: "command",
            detail,
        };
        events::append(conn, key, &event, now).await?;
        writing.commit("writing a command").await
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
    pub async fn forget(&self, key: &OrderKey, now: Timestamp) -> Result<()> {
        let doing = "erasing an order";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
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
                    detail: vec![],
                };
                events::append(conn, key, &event, now).await?;
            }
        }
        writing.commit(doing).await?;
        self.flush_log().await
    }
}
