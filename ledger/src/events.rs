//! What happened to an order, for people; and how many of what.

use domain::marketplace::OrderKey;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::{self, Columns, to_json};
use crate::error::{Doing, Result};
use crate::open::Ledger;
use crate::rows::{Counts, Event, NewEvent};

const WHAT: &str = "an event";

/// Appends an event to an order's history.
pub(crate) async fn append(
    conn: &mut AnyConnection,
    key: &OrderKey,
    event: &NewEvent<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO events (marketplace, order_id, at, what, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(now.as_millisecond())
    .bind(event.what)
    .bind(to_json(&event.detail, WHAT)?)
    .execute(conn)
    .await
    .doing("appending an event")?;
    Ok(())
}

impl Ledger {
    /// What happened to an order, the oldest first.
    pub async fn events(&self, key: &OrderKey) -> Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT at, what, detail FROM events WHERE marketplace = $1 AND order_id = $2 \
             ORDER BY id",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading events")?;
        let event = |row: &AnyRow| {
            let columns = Columns { row, what: WHAT };
            Ok(Event {
                at: columns.moment("at")?,
                what: columns.text("what")?,
                detail: columns.json("detail")?,
            })
        };
        rows.iter().map(event).collect()
    }

    /// How many of what, for tables and metrics.
    pub async fn counts(&self) -> Result<Counts> {
        let what = "counts";
        let mut conn = self.reading().await?;
        let stages = sqlx::query(
            "SELECT stage, COUNT(*) AS n FROM orders WHERE ours = 1 GROUP BY stage ORDER BY stage",
        )
        .fetch_all(&mut *conn)
        .await
        .doing(what)?;
        let kinds = sqlx::query(
            "SELECT kind, COUNT(*) AS n FROM exceptions WHERE closed_at IS NULL \
             GROUP BY kind ORDER BY kind",
        )
        .fetch_all(&mut *conn)
        .await
        .doing(what)?;
        let totals = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM orders WHERE accepted_elsewhere = 1) AS elsewhere, \
             (SELECT COUNT(*) FROM intents WHERE outcome IS NULL) AS intents, \
             (SELECT COUNT(*) FROM unreadable) AS unreadable",
        )
        .fetch_one(&mut *conn)
        .await
        .doing(what)?;
        let mut counts = Counts::default();
        for row in &stages {
            let columns = Columns { row, what };
            let stage = columns.text("stage")?;
            counts.by_stage.insert(stage, columns.count("n")?);
        }
        for row in &kinds {
            let columns = Columns { row, what };
            if let Some(kind) = columns::kind(&columns.text("kind")?) {
                let exceptions = &mut counts.exceptions;
                exceptions.push((kind, kind.owner(), columns.count("n")?));
            }
        }
        let columns = Columns { row: &totals, what };
        counts.accepted_elsewhere = columns.count("elsewhere")?;
        counts.open_intents = columns.count("intents")?;
        counts.unreadable = columns.count("unreadable")?;
        Ok(counts)
    }
}
