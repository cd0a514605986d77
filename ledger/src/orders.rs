//! Orders as they are asked for: owed ones, one, lists.

use domain::deadline::Window;
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::papers::Papers;
use domain::shipment::Shipment;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::{self, Columns, from_json};
use crate::error::{Doing, Result};
use crate::open::Ledger;
use crate::papers::papers_of;
use crate::rows::{OrderFilter, OrderListed, OrderRow};

const WHAT: &str = "an order";

impl Ledger {
    /// Orders that are owed a look, the most urgent first.
    ///
    /// An order is owed while it has news that no decision was made from: of itself, of its
    /// shipments, of people. One whose run is not over is owed too when its time to wake has come,
    /// or when it waits for a mapping and there is a newer version.
    pub async fn owed_orders(
        &self,
        marketplace: &MarketplaceCode,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OrderKey>> {
        let rows = sqlx::query(
            "SELECT marketplace, order_id FROM orders \
             WHERE marketplace = $1 AND active = 1 AND ours = 1 \
             AND (seen_version > handled_version OR shipments_version > handled_shipments \
             OR commands_version > handled_commands \
             OR (finished = 0 AND (wake_at <= $2 OR (waits_for_mapping = 1 \
             AND mapping_version < (SELECT COALESCE(MAX(version), 0) FROM mappings))))) \
             ORDER BY CASE WHEN deadline IS NULL THEN 1 ELSE 0 END, deadline, sold_at, order_id \
             LIMIT $3",
        )
        .bind(marketplace.as_str())
        .bind(now.as_millisecond())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing owed orders")?;
        rows.iter().map(key_of).collect()
    }

    /// IDs of orders that go on only once they are read again, the longest waiting first.
    pub async fn pending_read_backs(
        &self,
        marketplace: &MarketplaceCode,
        limit: u32,
    ) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT order_id FROM orders WHERE marketplace = $1 AND read_back_since IS NOT NULL \
             ORDER BY read_back_since, order_id LIMIT $2",
        )
        .bind(marketplace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing read-backs")?;
        let id = |row| Columns { row, what: WHAT }.text("order_id");
        rows.iter().map(id).collect()
    }

    /// Everything known of an order, but the message itself; `None` when it was never seen.
    pub async fn order(&self, key: &OrderKey) -> Result<Option<OrderRow>> {
        let mut conn = self.reading().await?;
        // The order first, its shipments and papers then: they may be newer than their version
        // says, which costs one more look, and never older.
        let row = sqlx::query(
            "SELECT external_po, ours, facts, progress, shown, waits_for, seen_version, \
             handled_version, shipments_version, commands_version, documents, first_seen_at, \
             finished FROM orders WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(key.marketplace.as_str())
        .bind(&key.order_id)
        .fetch_optional(&mut *conn)
        .await
        .doing("reading an order")?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        let external_po = columns.text_or_null("external_po")?;
        let shipments = match &external_po {
            Some(po) => shipments_of(&mut conn, po).await?,
            None => vec![],
        };
        let papers = match columns.number("documents")? {
            0 => Papers::default(),
            _ => papers_of(&mut conn, key, external_po.as_deref()).await?,
        };
        let shown = columns.text_or_null("shown")?;
        Ok(Some(OrderRow {
            key: key.clone(),
            external_po,
            ours: columns.flag("ours")?,
            order: columns.json("facts")?,
            progress: columns.json("progress")?,
            shipments,
            papers,
            seen_version: columns.number("seen_version")?,
            handled_version: columns.number("handled_version")?,
            shipments_version: columns.number("shipments_version")?,
            commands_version: columns.number("commands_version")?,
            shown: shown.map(|json| from_json(&json, WHAT)).transpose()?,
            waits_for: columns.text_or_null("waits_for")?,
            first_seen_at: columns.moment("first_seen_at")?,
            finished: columns.flag("finished")?,
        }))
    }

    /// Lists orders, the last sold first. Orders that are not ours are listed with the finished.
    pub async fn list_orders(&self, filter: &OrderFilter, limit: u32) -> Result<Vec<OrderListed>> {
        let text = filter.text.as_deref().unwrap_or("").trim();
        let rows = sqlx::query(
            "SELECT marketplace, order_id, stage, sales_order, blocked_on, waits_for, deadline, \
             due_from, due_at, sold_at, total, currency, finished FROM orders \
             WHERE ($1 = '' OR marketplace = $1) AND ($2 = '' OR stage = $2) \
             AND ($3 = 0 OR blocked_on IS NOT NULL) \
             AND ($4 = '' OR LOWER(order_id) LIKE $4 ESCAPE '!' \
             OR LOWER(sales_order) LIKE $4 ESCAPE '!') \
             AND ($5 = 1 OR (finished = 0 AND ours = 1)) \
             ORDER BY CASE WHEN $7 = 0 THEN 0 WHEN due_at IS NULL THEN 1 ELSE 0 END, \
             CASE WHEN $7 = 0 THEN 0 ELSE due_at END, \
             sold_at DESC, marketplace, order_id LIMIT $6",
        )
        .bind(filter.marketplace.as_ref().map_or("", |m| m.as_str()))
        .bind(filter.stage.as_deref().unwrap_or(""))
        .bind(i64::from(filter.blocked_only))
        .bind(contains(text))
        .bind(i64::from(filter.include_finished))
        .bind(i64::from(limit))
        .bind(i64::from(filter.by_deadline))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing orders")?;
        rows.iter().map(listed).collect()
    }

    /// The order under an ERP key.
    pub async fn find_by_external_po(&self, external_po: &str) -> Result<Option<OrderKey>> {
        let row = sqlx::query(
            "SELECT marketplace, order_id FROM orders WHERE external_po = $1 \
             ORDER BY first_seen_at, marketplace LIMIT 1",
        )
        .bind(external_po)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("finding an order")?;
        row.as_ref().map(key_of).transpose()
    }
}

/// A pattern for "contains", in which what a person typed stands for itself.
fn contains(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

async fn shipments_of(conn: &mut AnyConnection, external_po: &str) -> Result<Vec<Shipment>> {
    let what = "a shipment";
    let rows = sqlx::query(
        "SELECT facts FROM shipments WHERE external_po = $1 ORDER BY first_seen_at, shipment_id",
    )
    .bind(external_po)
    .fetch_all(conn)
    .await
    .doing("reading shipments")?;
    let facts = |row| Columns { row, what }.json("facts");
    rows.iter().map(facts).collect()
}

pub(crate) fn key_of(row: &AnyRow) -> Result<OrderKey> {
    let columns = Columns { row, what: WHAT };
    Ok(OrderKey {
        marketplace: columns.marketplace("marketplace")?,
        order_id: columns.text("order_id")?,
    })
}

/// The window as the watcher last saw it.
pub(crate) fn window(columns: &Columns<'_>) -> Result<Option<Window>> {
    let from = columns.moment_or_null("due_from")?;
    let due = columns.moment_or_null("due_at")?;
    Ok(from.zip(due).map(|(from, due)| Window { from, due }))
}

fn listed(row: &AnyRow) -> Result<OrderListed> {
    let columns = Columns { row, what: WHAT };
    let blocked_on = columns.text_or_null("blocked_on")?;
    let blocked_on = blocked_on.and_then(|word| columns::kind(&word));
    Ok(OrderListed {
        key: key_of(row)?,
        stage: columns.text("stage")?,
        sales_order: columns.text_or_null("sales_order")?,
        blocked_on,
        owner: blocked_on.map(|kind| kind.owner()),
        waits_for: columns.text_or_null("waits_for")?,
        deadline: columns.moment_or_null("deadline")?,
        window: window(&columns)?,
        created_at: columns.moment("sold_at")?,
        total: columns.text("total")?,
        currency: columns.text("currency")?,
        finished: columns.flag("finished")?,
    })
}
