//! Messages that cannot be read: kept as they came, sealed, until they can be.

use std::collections::BTreeSet;

use domain::marketplace::OrderKey;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::keys::{KeyOf, delete_key, is_erased};
use crate::open::Ledger;
use crate::rows::{FeedRun, Unreadable};
use crate::seal::Place;

/// Keeps a message that cannot be read, and opens its exception.
///
/// A newer message under the same key takes the place of the older one.
pub(crate) async fn keep(
    ledger: &Ledger,
    conn: &mut AnyConnection,
    origin: Origin,
    run: &FeedRun<'_>,
    message: &Unreadable,
) -> Result<()> {
    let Unreadable {
        key: item,
        marketplace,
        ..
    } = message;
    let scope = marketplace.as_ref().map_or(run.feed, |m| m.as_str());
    let order = marketplace
        .as_ref()
        .filter(|_| origin == Origin::OrderInbox);
    let order = order.map(|marketplace| OrderKey {
        marketplace: marketplace.clone(),
        order_id: item.clone(),
    });
    let erased = match &order {
        Some(key) => is_erased(conn, key).await?,
        None => false,
    };
    let payload = if erased {
        None
    } else {
        let owner = KeyOf::Unreadable {
            origin: origin.as_str(),
            scope,
            item,
        };
        let key = ledger.data_key_or_new(conn, owner, run.now).await?;
        let row = [origin.as_str(), scope, item];
        Some(key.seal(place(&row), message.payload.as_bytes())?)
    };
    sqlx::query(
        "INSERT INTO unreadable (origin, scope, item, payload, first_seen_at, last_seen_at) \
         VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (origin, scope, item) \
         DO UPDATE SET payload = excluded.payload, last_seen_at = excluded.last_seen_at",
    )
    .bind(origin.as_str())
    .bind(scope)
    .bind(item)
    .bind(payload)
    .bind(run.now.as_millisecond())
    .execute(&mut *conn)
    .await
    .doing("keeping an unreadable message")?;
    let opening = Opening {
        about: About {
            origin,
            scope,
            subject: item,
        },
        kind: message.kind,
        marketplace: marketplace.as_ref(),
        order_id: order.as_ref().map(|key| key.order_id.as_str()),
        evidence: &[("path".to_owned(), message.path.clone())],
        deadline: None,
    };
    exceptions::open(conn, &opening, run.now).await
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place {
        table: "unreadable",
        row,
    }
}

/// What is kept as unreadable now, by scope and item.
pub(crate) async fn kept(
    conn: &mut AnyConnection,
    origin: Origin,
) -> Result<BTreeSet<(String, String)>> {
    let what = "unreadable messages";
    let rows = sqlx::query("SELECT scope, item FROM unreadable WHERE origin = $1")
        .bind(origin.as_str())
        .fetch_all(conn)
        .await
        .doing("reading unreadable messages")?;
    let key = |row| {
        let columns = Columns { row, what };
        Ok((columns.text("scope")?, columns.text("item")?))
    };
    rows.iter().map(key).collect()
}

/// The message could be read after all: drops it with its key, and closes its exception.
pub(crate) async fn resolve(
    conn: &mut AnyConnection,
    about: About<'_>,
    now: Timestamp,
) -> Result<()> {
    drop_message(conn, about).await?;
    exceptions::close(conn, about, None, "read", now).await
}

/// Drops the message with its key; its exception stays.
pub(crate) async fn drop_message(conn: &mut AnyConnection, about: About<'_>) -> Result<()> {
    let origin = about.origin.as_str();
    sqlx::query("DELETE FROM unreadable WHERE origin = $1 AND scope = $2 AND item = $3")
        .bind(origin)
        .bind(about.scope)
        .bind(about.subject)
        .execute(&mut *conn)
        .await
        .doing("dropping an unreadable message")?;
    let owner = KeyOf::Unreadable {
        origin,
        scope: about.scope,
        item: about.subject,
    };
    delete_key(conn, owner).await
}

impl Ledger {
    /// The messages that cannot be read, as they came: for whoever teaches the program.
    ///
    /// Scope is the marketplace, or the feed where none is known. They may name a person.
    pub async fn unreadable(&self, limit: u32) -> Result<Vec<(String, String, String)>> {
        let what = "unreadable messages";
        let mut conn = self.reading().await?;
        let rows = sqlx::query(
            "SELECT origin, scope, item, payload FROM unreadable WHERE payload IS NOT NULL \
             ORDER BY first_seen_at, item LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await
        .doing("reading unreadable messages")?;
        let mut messages = Vec::new();
        for row in &rows {
            let columns = Columns { row, what };
            let (origin, scope) = (columns.text("origin")?, columns.text("scope")?);
            let (item, payload) = (columns.text("item")?, columns.text("payload")?);
            let owner = KeyOf::Unreadable {
                origin: &origin,
                scope: &scope,
                item: &item,
            };
            if let Some(key) = self.data_key(&mut conn, owner).await? {
                let text = key.open_text(place(&[&origin, &scope, &item]), &payload, what)?;
                messages.push((scope, item, text));
            }
        }
        Ok(messages)
    }
}
