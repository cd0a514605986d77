//! Deadlines as the watcher sees them: windows, and exceptions that are raised once a level.
//!
//! Several workers may look at once. Each order is settled in one transaction that holds its row, and
//! an exception is raised only from a lower level, so that a level is told once.

use std::collections::BTreeMap;

use domain::deadline::{Deadline, Level, Window};
use domain::exception::Kind;
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::order::Order;
use domain::progress::Progress;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::{Columns, ms};
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::inbox::lock;
use crate::open::Ledger;
use crate::orders::{key_of, window};

const WHAT: &str = "an order's deadline";

/// An order whose deadline may matter.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Which order.
    pub key: OrderKey,
    /// Is it still carried? Else nobody waits for us.
    pub active: bool,
    /// Its facts.
    pub order: Order,
    /// How far we are with it.
    pub progress: Progress,
    /// What it waits for, in a word.
    pub waits_for: Option<String>,
    /// The window as it was last seen.
    pub window: Option<Window>,
}

/// What a look found of one order.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// Which order.
    pub key: &'a OrderKey,
    /// Its deadline; `None` when it is met, or nobody waits for us.
    pub deadline: Option<Deadline>,
    /// What to name where the order has no other exception.
    pub evidence: &'a [(String, String)],
}

/// A feed or a schedule without success for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Its name.
    pub name: String,
    /// The marketplace, where it is of one.
    pub marketplace: Option<MarketplaceCode>,
    /// Names and values.
    pub evidence: Vec<(String, String)>,
}

impl Ledger {
    /// Orders whose deadline may matter, in the order of their keys, after one of them; and after
    /// which the next page begins, nothing when this one is the last. An order that cannot be read is
    /// left out, and told in the log.
    ///
    /// What waits for the customer's payment or is shipped has none, unless it has news that nobody
    /// looked at. Orders of which a window is kept are listed too, so that it can be taken back.
    pub async fn watched_orders(
        &self,
        after: Option<&OrderKey>,
        limit: u32,
    ) -> Result<(Vec<Watched>, Option<OrderKey>)> {
        let rows = sqlx::query(
            "SELECT marketplace, order_id, active, facts, progress, waits_for, due_from, due_at \
             FROM orders \
             WHERE (due_at IS NOT NULL OR (active = 1 AND ours = 1 AND (handled_version < seen_version \
             OR stage IN ('new', 'accepting', 'releasing', 'awaiting_shipment', 'confirming', \
             'cancelling')))) \
             AND (marketplace > $1 OR (marketplace = $1 AND order_id > $2)) \
             ORDER BY marketplace, order_id LIMIT $3",
        )
        .bind(after.map_or("", |key| key.marketplace.as_str()))
        .bind(after.map_or("", |key| &key.order_id))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing deadlines")?;
        // An order that cannot be read here is one for its own exception, and stops no other.
        let read = |row: &AnyRow| {
            let columns = Columns { row, what: WHAT };
            Ok(Watched {
                key: key_of(row)?,
                active: columns.flag("active")?,
                order: columns.json("facts")?,
                progress: columns.json("progress")?,
                waits_for: columns.text_or_null("waits_for")?,
                window: window(&columns)?,
            })
        };
        let readable = |row: &AnyRow| {
            read(row).map_err(|error: crate::Error| {
                tracing::warn!("left out a deadline: {error}");
            })
        };
        let is_full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        // Of all rows, also of those that were left out: the page is no shorter by them.
        let last = rows.iter().rev().find_map(|row| key_of(row).ok());
        let all = rows.iter().filter_map(|row| readable(row).ok()).collect();
        Ok((all, last.filter(|_| is_full)))
    }

    /// Levels of the open exceptions of orders.
    pub async fn raised_levels(&self) -> Result<BTreeMap<OrderKey, Vec<Level>>> {
        let rows = sqlx::query(
            "SELECT marketplace, order_id, level FROM exceptions WHERE closed_at IS NULL \
             AND marketplace IS NOT NULL AND order_id IS NOT NULL",
        )
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("reading raised exceptions")?;
        let mut levels: BTreeMap<OrderKey, Vec<Level>> = BTreeMap::new();
        for row in &rows {
            let columns = Columns { row, what: WHAT };
            let level = Level::of(columns.number("level")?);
            match key_of(row) {
                Ok(key) => levels.entry(key).or_default().push(level),
                Err(error) => tracing::warn!("left out an exception's level: {error}"),
            }
        }
        Ok(levels)
    }

    /// Settles what a look found: the window, and the exceptions that follow from it.
    ///
    /// Open exceptions of the order are raised to the level that holds. Only where there is none, one
    /// is opened, which closes when the deadline is met or moved, or when another one explains it.
    /// Answers the level to which anything was raised.
    pub async fn settle_deadline(&self, due: &Due<'_>, now: Timestamp) -> Result<Option<Level>> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        if !lock(conn, due.key, now).await? {
            return Ok(None);
        }
        let window = due.deadline.map(|deadline| deadline.window);
        put_window(conn, due.key, window).await?;
        let about = About {
            origin: Origin::Deadline,
            scope: due.key.marketplace.as_str(),
            subject: &due.key.order_id,
        };
        let level = window.map_or(Level::Calm, |window| window.level(now));
        let raised = match due.deadline {
            Some(deadline) if level > Level::Calm => {
                raise(conn, due, deadline, level, about, now).await?
            }
            _ => {
                exceptions::close(conn, about, None, "deadline_met", now).await?;
                calm(conn, due.key).await?;
                false
            }
        };
        writing.commit("settling a deadline").await?;
        Ok(raised.then_some(level))
    }

    /// Orders by nearness to their deadline, at a moment.
    pub async fn due_counts(&self, now: Timestamp) -> Result<BTreeMap<Level, u64>> {
        let rows = sqlx::query("SELECT due_from, due_at FROM orders WHERE due_at IS NOT NULL")
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("counting deadlines")?;
        let mut counts: BTreeMap<Level, u64> = Level::ALL.map(|level| (level, 0)).into();
        for row in &rows {
            if let Some(window) = window(&Columns { row, what: WHAT })? {
                *counts.entry(window.level(now)).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Opens an exception for each feed that is stale, and closes those of feeds that are not. Of one
    /// that is `undecided` an exception stays as it is: a worker that has just started does not know
    /// for how long nothing came.
    pub async fn settle_freshness(
        &self,
        stale: &[Stale],
        undecided: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let known = {
            let mut conn = self.reading().await?;
            exceptions::open_subjects(&mut conn, Origin::Freshness).await?
        };
        if stale.is_empty() && known.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let about = |subject| About {
            origin: Origin::Freshness,
            scope: "",
            subject,
        };
        for (_, name) in &known {
            if !undecided.contains(name) && !stale.iter().any(|stale| stale.name == *name) {
                exceptions::close(conn, about(name), None, "fresh_again", now).await?;
            }
        }
        for stale in stale {
            let opening = Opening {
                about: about(&stale.name),
                kind: Kind::FeedStale,
                marketplace: stale.marketplace.as_ref(),
                order_id: None,
                evidence: &stale.evidence,
                deadline: None,
            };
            exceptions::open(conn, &opening, now).await?;
        }
        writing.commit("settling the freshness of feeds").await
    }
}

async fn put_window(
    conn: &mut AnyConnection,
    key: &OrderKey,
    window: Option<Window>,
) -> Result<()> {
    sqlx::query(
        "UPDATE orders SET due_from = $3, due_at = $4 WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(ms(window.map(|window| window.from)))
    .bind(ms(window.map(|window| window.due)))
    .execute(conn)
    .await
    .doing("keeping a deadline")?;
    Ok(())
}

/// Raises what is open about the order; answers whether anything rose.
async fn raise(
    conn: &mut AnyConnection,
    due: &Due<'_>,
    deadline: Deadline,
    level: Level,
    about: About<'_>,
    now: Timestamp,
) -> Result<bool> {
    let others = sqlx::query(
        "SELECT COUNT(*) AS n FROM exceptions WHERE closed_at IS NULL \
         AND marketplace = $1 AND order_id = $2 AND origin <> $3 AND origin <> $4",
    )
    .bind(due.key.marketplace.as_str())
    .bind(&due.key.order_id)
    .bind(Origin::Deadline.as_str())
    // A credit that is parked tells nothing of what the order itself waits for.
    .bind(Origin::Paper.as_str())
    .fetch_one(&mut *conn)
    .await
    .doing("looking for an order's exceptions")?;
    let columns = Columns {
        row: &others,
        what: WHAT,
    };
    if columns.count("n")? > 0 {
        exceptions::close(conn, about, None, "another_tells", now).await?;
    } else {
        let kind = deadline.what.kind();
        exceptions::close(conn, about, Some(kind), "deadline_met", now).await?;
        let opening = Opening {
            about,
            kind,
            marketplace: Some(&due.key.marketplace),
            order_id: Some(&due.key.order_id),
            evidence: due.evidence,
            deadline: Some(deadline.window.due),
        };
        exceptions::open(conn, &opening, now).await?;
    }
    let raised = sqlx::query(
        "UPDATE exceptions SET level = $3, raised_at = $4, told_at = NULL \
         WHERE closed_at IS NULL AND marketplace = $1 AND order_id = $2 AND level < $3",
    )
    .bind(due.key.marketplace.as_str())
    .bind(&due.key.order_id)
    .bind(level.number())
    .bind(now.as_millisecond())
    .execute(&mut *conn)
    .await
    .doing("raising an exception")?;
    // A deadline that moved may have made it less urgent: that is shown, and nobody is told.
    sqlx::query(
        "UPDATE exceptions SET level = $3 \
         WHERE closed_at IS NULL AND marketplace = $1 AND order_id = $2 AND level > $3",
    )
    .bind(due.key.marketplace.as_str())
    .bind(&due.key.order_id)
    .bind(level.number())
    .execute(conn)
    .await
    .doing("lowering an exception")?;
    Ok(raised.rows_affected() > 0)
}

/// The exceptions of an order without a deadline are as urgent as any.
async fn calm(conn: &mut AnyConnection, key: &OrderKey) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET level = 0 \
         WHERE closed_at IS NULL AND marketplace = $1 AND order_id = $2 AND level > 0",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .execute(conn)
    .await
    .doing("lowering an exception")?;
    Ok(())
}
