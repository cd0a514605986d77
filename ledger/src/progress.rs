//! How far our side is with an order: one change at a time, none lost.

use domain::marketplace::OrderKey;
use domain::progress::Progress;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::events;
use crate::inbox::lock;
use crate::intents::settle;
use crate::open::Ledger;
use crate::rows::Note;

const WHAT: &str = "an order's progress";

impl Ledger {
    /// Changes an order's progress, settles an intent and appends an event: all of it or nothing.
    ///
    /// `change` is made on what stands then. Answers what stands now.
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
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let progress = advance(conn, key, &note, now, &change).await?;
        writing.commit("changing an order's progress").await?;
        Ok(progress)
    }
}

/// Changes progress within a write. The order is locked before it is read, so no change is lost.
pub(crate) async fn advance(
    conn: &mut AnyConnection,
    key: &OrderKey,
    note: &Note<'_>,
    now: Timestamp,
    change: &(impl Fn(&mut Progress) + Send + Sync),
) -> Result<Progress> {
    if !lock(conn, key, now).await? {
        return Err(Error::NotFound);
    }
    let row = sqlx::query("SELECT progress FROM orders WHERE marketplace = $1 AND order_id = $2")
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_one(&mut *conn)
        .await
        .doing("reading an order's progress")?;
    let columns = Columns {
        row: &row,
        what: WHAT,
    };
    let mut progress: Progress = columns.json("progress")?;
    change(&mut progress);
    sqlx::query(
        "UPDATE orders SET progress = $3, progress_version = progress_version + 1, \
         sales_order = $4, accepted_elsewhere = $5 WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(to_json(&progress, WHAT)?)
    .bind(progress.sales_order.booked().map(|b| b.number.clone()))
    .bind(i64::from(progress.accepted_elsewhere))
    .execute(&mut *conn)
    .await
    .doing("changing an order's progress")?;
    if let Some((intent, how)) = note.settle {
        settle(conn, key, intent, how, now).await?;
    }
    if let Some(event) = &note.event {
        events::append(conn, key, event, now).await?;
    }
    Ok(progress)
}
