//! The inbox of orders: rows and cursor commit together, and an order with news is owed a look.

use std::collections::BTreeSet;

use domain::marketplace::OrderKey;
use domain::order::Order;
use domain::progress::Progress;
use domain::step::Stage;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, from_json, ms, to_json};
use crate::cursors::page_stored;
use crate::error::{Doing, Error, Result};
use crate::exceptions::{self, About, Origin};
use crate::keys::{KeyOf, delete_key, is_erased};
use crate::open::{Alone, Ledger};
use crate::papers;
use crate::rows::{FeedRun, Recorded, SeenOrder, Unreadable};
use crate::seal::Place;
use crate::stock::units;
use crate::unreadable;

const WHAT: &str = "an order";

/// What is known of an order before the page.
struct Known {
    facts: Option<Order>,
    payload_hash: String,
    external_po: Option<String>,
    ours: bool,
    active: bool,
    read_back: bool,
}

/// What the page brings of one order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    New,
    Changed,
    Unchanged,
    Stale,
}

impl Ledger {
    /// Stores one page of orders together with the feed's cursor: both stand, or neither.
    ///
    /// An order is changed when its message is another one, or when a read-back was wanted. Facts
    /// of an older update, or of an older reading of the same update, are not taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was stored; read the page again.
    pub async fn record_orders(
        &self,
        feed: &FeedRun<'_>,
        seen: &[SeenOrder],
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let mut recorded = Recorded::default();
        let mut writing = self.writing().await?;
        writing.alone(Alone::Stores).await?;
        let conn = writing.conn();
        let kept = unreadable::kept(conn, Origin::OrderInbox).await?;
        let shipments = exceptions::open_subjects(conn, Origin::Stray).await?;
        let credits = exceptions::open_subjects(conn, Origin::StrayCredit).await?;
        let shipments = shipments.into_iter().map(|(_, po)| po);
        let strays: BTreeSet<String> = shipments.chain(credits.into_iter().map(|c| c.0)).collect();
        // The same order for every worker, so that none waits for another in a circle.
        let mut sorted: Vec<&SeenOrder> = seen.iter().collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        for one in sorted {
            let stray = one
                .external_po
                .as_deref()
                .is_some_and(|po| strays.contains(po));
            let news = self.record_order(conn, feed, one, stray).await?;
            match news {
                News::New => recorded.new += 1,
                News::Changed => recorded.changed += 1,
                News::Unchanged => recorded.unchanged += 1,
                News::Stale => recorded.stale += 1,
            }
            let scope = one.key.marketplace.as_str();
            let was = (scope.to_owned(), one.key.order_id.clone());
            if news != News::Stale && kept.contains(&was) {
                let about = About {
                    origin: Origin::OrderInbox,
                    scope,
                    subject: &one.key.order_id,
                };
                unreadable::resolve(conn, about, feed.now).await?;
            }
        }
        for message in unreadable {
            unreadable::keep(self, conn, Origin::OrderInbox, feed, message).await?;
            recorded.unreadable += 1;
        }
        page_stored(conn, feed, seen.len() + unreadable.len()).await?;
        writing.commit("storing a page of orders").await?;
        Ok(recorded)
    }

    async fn record_order(
        &self,
        conn: &mut AnyConnection,
        feed: &FeedRun<'_>,
        seen: &SeenOrder,
        stray: bool,
    ) -> Result<News> {
        if !lock(conn, &seen.key, feed.now).await? {
            if self.insert(conn, feed, seen).await? {
                link(conn, seen, feed.now).await?;
                return Ok(News::New);
            }
            // Another worker was first; its row counts.
            lock(conn, &seen.key, feed.now).await?;
        }
        let known = known(conn, &seen.key).await?;
        if known
            .facts
            .as_ref()
            .is_some_and(|old| is_older(&seen.order, old))
        {
            return Ok(News::Stale);
        }
        let other_message = self.fingerprint(&seen.payload) != known.payload_hash;
        let changed = other_message || known.read_back;
        if other_message {
            self.put_payload(conn, seen, feed.now).await?;
        }
        update(conn, seen, &known, changed, feed.now).await?;
        if seen.external_po.is_some() && (stray || seen.external_po != known.external_po) {
            link(conn, seen, feed.now).await?;
        }
        Ok(if changed {
            News::Changed
        } else {
            News::Unchanged
        })
    }

    /// Writes a new order; `false` when it is there already.
    async fn insert(
        &self,
        conn: &mut AnyConnection,
        feed: &FeedRun<'_>,
        seen: &SeenOrder,
    ) -> Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO orders (marketplace, order_id, external_po, ours, feed, facts, \
             payload_hash, sold_at, total, currency, seller_reference, first_seen_at, touched_at, \
             seen_version, handled_version, shipments_version, handled_shipments, \
             commands_version, handled_commands, progress, progress_version, accepted_elsewhere, \
             stage, waits_for_mapping, mapping_version, finished, active, units_changed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $11, $11, 1, 0, 0, 0, 0, 0, \
             $12, 0, 0, $13, 0, 0, 0, $4, $11) ON CONFLICT (marketplace, order_id) DO NOTHING",
        )
        .bind(seen.key.marketplace.as_str())
        .bind(&seen.key.order_id)
        .bind(seen.external_po.clone())
        .bind(i64::from(seen.ours))
        .bind(feed.feed)
        .bind(to_json(&seen.order, WHAT)?)
        .bind(seen.order.created_at.as_millisecond())
        .bind(&seen.order.total)
        .bind(&seen.order.currency)
        .bind(seen.order.seller_reference.clone())
        .bind(feed.now.as_millisecond())
        .bind(to_json(&Progress::default(), WHAT)?)
        .bind(Stage::New.as_str())
        .execute(&mut *conn)
        .await
        .doing("writing a new order")?;
        let is_new = inserted.rows_affected() > 0;
        if is_new {
            self.put_payload(conn, seen, feed.now).await?;
        }
        Ok(is_new)
    }

    /// Seals and stores the message; that of an erased order leaves nothing but its fingerprint.
    async fn put_payload(
        &self,
        conn: &mut AnyConnection,
        seen: &SeenOrder,
        now: Timestamp,
    ) -> Result<()> {
        let payload = if is_erased(conn, &seen.key).await? {
            None
        } else {
            let key = self
                .data_key_or_new(conn, KeyOf::Order(&seen.key), now)
                .await?;
            let sealed = key.seal(payload_place(&row_of(&seen.key)), seen.payload.as_bytes())?;
            Some(sealed)
        };
        sqlx::query(
            "UPDATE orders SET payload = $3, payload_hash = $4 \
             WHERE marketplace = $1 AND order_id = $2",
        )
        .bind(seen.key.marketplace.as_str())
        .bind(&seen.key.order_id)
        .bind(payload)
        .bind(self.fingerprint(&seen.payload))
        .execute(conn)
        .await
        .doing("storing an order's message")?;
        Ok(())
    }

    /// The newest message of an order, as it came. It names the customer.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such order. [`Error::Forgotten`]: it was erased.
    pub async fn payload(&self, key: &OrderKey) -> Result<String> {
        let what = "an order's message";
        let mut conn = self.reading().await?;
        let row =
            sqlx::query("SELECT payload FROM orders WHERE marketplace = $1 AND order_id = $2")
                .bind(key.marketplace.as_str())
                .bind(&key.order_id)
                .fetch_optional(&mut *conn)
                .await
                .doing("reading an order's message")?;
        let row = row.ok_or(Error::NotFound)?;
        let sealed = Columns { row: &row, what }.text_or_null("payload")?;
        let data_key = self.data_key(&mut conn, KeyOf::Order(key)).await?;
        match (data_key, sealed) {
            (Some(data_key), Some(sealed)) => {
                data_key.open_text(payload_place(&row_of(key)), &sealed, what)
            }
            _ if is_erased(&mut conn, key).await? => Err(Error::Forgotten),
            _ => Err(Error::Corrupt { what }),
        }
    }
}

fn row_of(key: &OrderKey) -> [&str; 2] {
    [key.marketplace.as_str(), &key.order_id]
}

fn payload_place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place {
        table: "orders",
        row,
    }
}

/// Older than what is known: an earlier update, or an earlier reading of the same update.
fn is_older(new: &Order, old: &Order) -> bool {
    (new.updated_at, new.read_at) < (old.updated_at, old.read_at)
}

/// Keeps others from changing the order until the transaction ends; `false` when there is none.
pub(crate) async fn lock(conn: &mut AnyConnection, key: &OrderKey, now: Timestamp) -> Result<bool> {
    let locked =
        sqlx::query("UPDATE orders SET touched_at = $3 WHERE marketplace = $1 AND order_id = $2")
            .bind(key.marketplace.as_str())
            .bind(&key.order_id)
            .bind(now.as_millisecond())
            .execute(conn)
            .await
            .doing("locking an order")?;
    Ok(locked.rows_affected() > 0)
}

async fn known(conn: &mut AnyConnection, key: &OrderKey) -> Result<Known> {
    let row = sqlx::query(
        "SELECT facts, payload_hash, external_po, ours, active, read_back_since FROM orders \
         WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .fetch_one(conn)
    .await
    .doing("reading an order")?;
    let columns = Columns {
        row: &row,
        what: WHAT,
    };
    Ok(Known {
        // Facts that cannot be read make way for those that were read just now.
        facts: from_json(&columns.text("facts")?, WHAT).ok(),
        payload_hash: columns.text("payload_hash")?,
        external_po: columns.text_or_null("external_po")?,
        ours: columns.flag("ours")?,
        active: columns.flag("active")?,
        read_back: columns.number_or_null("read_back_since")?.is_some(),
    })
}

async fn update(
    conn: &mut AnyConnection,
    seen: &SeenOrder,
    known: &Known,
    changed: bool,
    now: Timestamp,
) -> Result<()> {
    let takes_others = known
        .facts
        .as_ref()
        .is_none_or(|old| units(old) != units(&seen.order));
    let active = seen.ours && (known.active || changed || !known.ours);
    sqlx::query(
        "UPDATE orders SET external_po = $3, ours = $4, facts = $5, total = $6, currency = $7, \
         seller_reference = $8, seen_version = seen_version + $9, active = $10, \
         read_back_since = CASE WHEN $9 = 1 THEN NULL ELSE read_back_since END, sold_at = $11, \
         units_changed_at = COALESCE($12, units_changed_at) \
         WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(seen.key.marketplace.as_str())
    .bind(&seen.key.order_id)
    .bind(seen.external_po.clone())
    .bind(i64::from(seen.ours))
    .bind(to_json(&seen.order, WHAT)?)
    .bind(&seen.order.total)
    .bind(&seen.order.currency)
    .bind(seen.order.seller_reference.clone())
    .bind(i64::from(changed))
    .bind(i64::from(active))
    .bind(ms(Some(seen.order.created_at)))
    .bind(ms(takes_others.then_some(now)))
    .execute(conn)
    .await
    .doing("updating an order")?;
    Ok(())
}

/// Shipments and papers that came before their order are news of it, and stray no more.
async fn link(conn: &mut AnyConnection, seen: &SeenOrder, now: Timestamp) -> Result<()> {
    papers::link(conn, &seen.key).await?;
    let Some(po) = seen.external_po.as_deref() else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE orders SET shipments_version = shipments_version + 1, active = ours \
         WHERE marketplace = $1 AND order_id = $2 \
         AND EXISTS (SELECT 1 FROM shipments WHERE shipments.external_po = $3)",
    )
    .bind(seen.key.marketplace.as_str())
    .bind(&seen.key.order_id)
    .bind(po)
    .execute(&mut *conn)
    .await
    .doing("linking shipments")?;
    if is_erased(conn, &seen.key).await? {
        delete_key(conn, KeyOf::ExternalPo(po)).await?;
    }
    let about = About {
        origin: Origin::Stray,
        scope: "",
        subject: po,
    };
    exceptions::close(conn, about, None, "linked", now).await?;
    papers::close_strays_of(conn, po, now).await
}
