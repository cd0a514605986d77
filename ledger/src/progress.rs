//! How far our side is with an order: one change at a time, none lost.

use domain::marketplace::OrderKey;
use domain::progress::Progress;
use jiff::Timestamp;

use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::events;
use crate::intents::settle;
use crate::open::Ledger;
use crate::rows::Note;

const WHAT: &str = "an order's progress";

/// How often a change is tried anew after another worker was faster.
const ROUNDS: u32 = 50;

impl Ledger {
    /// Changes an order's progress, settles an intent and appends an event: all of it or nothing.
    ///
    /// `change` may run more than once, each time on what stands then. Answers what stands now.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such order, or no such intent of it.
    pub async fn advance(
        &self,
        key: &OrderKey,
        note: Note<'_>,
        now: Timestamp,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<Progress> {
        for _ in 0..ROUNDS {
            if let Some(progress) = self.try_advance(key, &note, now, &change).await? {
                return Ok(progress);
            }
        }
        Err(Error::Unavailable {
            doing: "changing an order's progress",
            source: sqlx::Error::PoolTimedOut,
        })
    }

    /// One round; `None` when the progress was changed by another meanwhile.
    async fn try_advance(
        &self,
        key: &OrderKey,
        note: &Note<'_>,
        now: Timestamp,
        change: &(impl Fn(&mut Progress) + Send + Sync),
    ) -> Result<Option<Progress>> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let row = sqlx::query(
            "SELECT progress, progress_version FROM orders \
             WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_optional(&mut *conn)
        .await
        .doing("reading an order's progress")?;
        let row = row.ok_or(Error::NotFound)?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        let mut progress: Progress = columns.json("progress")?;
        change(&mut progress);
        let written = sqlx::query(
            "UPDATE orders SET progress = $4, progress_version = progress_version + 1, \
             sales_order = $5, accepted_elsewhere = $6, touched_at = $7 \
             WHERE marketplace = $1 AND order_id = $2 AND progress_version = $3",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .bind(columns.number("progress_version")?)
        .bind(to_json(&progress, WHAT)?)
        .bind(progress.sales_order.booked().map(|b| b.number.clone()))
        .bind(i64::from(progress.accepted_elsewhere))
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("changing an order's progress")?;
        if written.rows_affected() == 0 {
            return Ok(None);
        }
        if let Some((intent, how)) = note.settle {
            settle(conn, key, intent, how, now).await?;
        }
        if let Some(event) = &note.event {
            events::append(conn, key, event, now).await?;
        }
        writing.commit("changing an order's progress").await?;
        Ok(Some(progress))
    }
}
