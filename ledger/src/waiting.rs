//! Orders that wait at a closed gate, and whose turn is when once it opens.

use std::time::Duration;

use domain::gate::{self, Endpoint};
use domain::marketplace::OrderKey;
use domain::step::Stage;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, from_json};
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "an order at a gate";
/// How far the clocks of two workers may be apart.
const SKEW: Duration = Duration::from_secs(5);
/// Deadline of an order without one: it goes last.
const NEVER: i64 = i64::MAX;

impl Ledger {
    /// Notes that an order waits at a closed gate; how many go before it.
    pub async fn wait_at_gate(&self, endpoint: &Endpoint, key: &OrderKey) -> Result<u32> {
        let place = self.place_of(key).await?;
        if self.noted_place(endpoint, key).await? != Some(place) {
            let mut writing = self.writing().await?;
            note(writing.conn(), endpoint, key, place, None).await?;
            writing.commit("waiting at a gate").await?;
        }
        let (urgency, deadline) = place;
        let row = sqlx::query(
            "SELECT COUNT(*) AS ahead FROM gate_waiting WHERE endpoint = $1 AND (urgency < $2 \
             OR (urgency = $2 AND (deadline < $3 OR (deadline = $3 AND (marketplace < $4 \
             OR (marketplace = $4 AND order_id < $5))))))",
        )
        .bind(endpoint.to_string())
        .bind(urgency)
        .bind(deadline)
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_one(&mut *self.reading().await?)
        .await
        .doing("counting who waits at a gate")?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        columns.small_count("ahead")
    }

    /// When an order's turn is, after the gate opened; one that comes new stands behind all others.
    ///
    /// Turns that were given by a clock that ran ahead are given anew from now.
    pub async fn turn_at_gate(
        &self,
        endpoint: &Endpoint,
        key: &OrderKey,
        every_ms: i64,
        now: Timestamp,
    ) -> Result<Timestamp> {
        let doing = "reading a turn at a gate";
        self.give_turns_anew(endpoint, every_ms, now).await?;
        let slot = sqlx::query(
            "SELECT slot FROM gate_waiting WHERE endpoint = $1 AND marketplace = $2 \
             AND order_id = $3 AND slot IS NOT NULL",
        )
        .bind(endpoint.to_string())
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing(doing)?;
        if let Some(row) = &slot {
            return Columns { row, what: WHAT }.moment("slot");
        }
        let (urgency, deadline) = self.place_of(key).await?;
        let mut writing = self.writing().await?;
        let row = sqlx::query(
            "UPDATE gates SET drain_until = CASE WHEN drain_until > $2 THEN drain_until \
             ELSE $2 END + $3 WHERE endpoint = $1 RETURNING drain_until",
        )
        .bind(endpoint.to_string())
        .bind(now.as_millisecond())
        .bind(every_ms)
        .fetch_one(writing.conn())
        .await
        .doing(doing)?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        let last = columns.number("drain_until")?.saturating_sub(every_ms);
        let place = (urgency, deadline);
        note(writing.conn(), endpoint, key, place, Some(last)).await?;
        writing.commit(doing).await?;
        Ok(Timestamp::from_millisecond(last).unwrap_or(Timestamp::MAX))
    }

    /// A gate that opened in the future was opened by a clock that ran ahead: so were its turns given.
    async fn give_turns_anew(
        &self,
        endpoint: &Endpoint,
        every_ms: i64,
        now: Timestamp,
    ) -> Result<()> {
        let doing = "giving turns at a gate anew";
        let believed = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
        let row = sqlx::query("SELECT since FROM gates WHERE endpoint = $1 AND since > $2")
            .bind(endpoint.to_string())
            .bind(believed.as_millisecond())
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing(doing)?;
        if row.is_none() {
            return Ok(());
        }
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let set = sqlx::query("UPDATE gates SET since = $3 WHERE endpoint = $1 AND since > $2")
            .bind(endpoint.to_string())
            .bind(believed.as_millisecond())
            .bind(now.as_millisecond())
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        // Another worker may have been first.
        if set.rows_affected() > 0 {
            let drain_until = give_turns(conn, endpoint, every_ms, now).await?;
            sqlx::query("UPDATE gates SET drain_until = $2 WHERE endpoint = $1")
                .bind(endpoint.to_string())
                .bind(drain_until)
                .execute(&mut *conn)
                .await
                .doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// How many orders wait at a gate, or have their turn still to come.
    pub async fn waiting_at_gate(&self, endpoint: &str, now: Timestamp) -> Result<u32> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS waiting FROM gate_waiting \
             WHERE endpoint = $1 AND (slot IS NULL OR slot > $2)",
        )
        .bind(endpoint)
        .bind(now.as_millisecond())
        .fetch_one(&mut *self.reading().await?)
        .await
        .doing("counting who waits at a gate")?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        columns.small_count("waiting")
    }

    /// Urgency and deadline of an order as the ledger knows it now.
    async fn place_of(&self, key: &OrderKey) -> Result<(i64, i64)> {
        let row = sqlx::query(
            "SELECT stage, deadline FROM orders WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading an order's deadline")?;
        let Some(row) = row else {
            return Ok((i64::from(gate::urgency(Stage::NotOurs)), NEVER));
        };
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        let stage = format!("\"{}\"", columns.text("stage")?);
        let stage: Stage = from_json(&stage, WHAT).unwrap_or(Stage::NotOurs);
        let deadline = columns.number_or_null("deadline")?.unwrap_or(NEVER);
        Ok((i64::from(gate::urgency(stage)), deadline))
    }

    async fn noted_place(&self, endpoint: &Endpoint, key: &OrderKey) -> Result<Option<(i64, i64)>> {
        let row = sqlx::query(
            "SELECT urgency, deadline FROM gate_waiting WHERE endpoint = $1 \
             AND marketplace = $2 AND order_id = $3 AND slot IS NULL",
        )
        .bind(endpoint.to_string())
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading who waits at a gate")?;
        let Some(row) = &row else { return Ok(None) };
        let columns = Columns { row, what: WHAT };
        Ok(Some((
            columns.number("urgency")?,
            columns.number("deadline")?,
        )))
    }
}

async fn note(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    key: &OrderKey,
    (urgency, deadline): (i64, i64),
    slot: Option<i64>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO gate_waiting (endpoint, marketplace, order_id, urgency, deadline, slot) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (endpoint, marketplace, order_id) \
         DO UPDATE SET urgency = excluded.urgency, deadline = excluded.deadline, \
         slot = excluded.slot",
    )
    .bind(endpoint.to_string())
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(urgency)
    .bind(deadline)
    .bind(slot)
    .execute(conn)
    .await
    .doing("waiting at a gate")?;
    Ok(())
}

/// Gives each order that waits its turn; the moment after the last one's.
pub(crate) async fn give_turns(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    every_ms: i64,
    now: Timestamp,
) -> Result<i64> {
    let doing = "giving turns at a gate";
    let rows = sqlx::query(
        "SELECT marketplace, order_id FROM gate_waiting WHERE endpoint = $1 \
         ORDER BY urgency, deadline, marketplace, order_id",
    )
    .bind(endpoint.to_string())
    .fetch_all(&mut *conn)
    .await
    .doing(doing)?;
    let mut slot = now.as_millisecond();
    for row in &rows {
        let columns = Columns { row, what: WHAT };
        sqlx::query(
            "UPDATE gate_waiting SET slot = $4 WHERE endpoint = $1 AND marketplace = $2 \
             AND order_id = $3",
        )
        .bind(endpoint.to_string())
        .bind(columns.text("marketplace")?)
        .bind(columns.text("order_id")?)
        .bind(slot)
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        slot = slot.saturating_add(every_ms);
    }
    Ok(slot)
}
