//! The inbox of shipments: rows and cursor commit together, and a change is news of the order.

use domain::exception::Kind;
use domain::marketplace::{MarketplaceCode, OrderKey};
use sqlx::AnyConnection;

use crate::columns::{Columns, to_json};
use crate::cursors::page_stored;
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::keys::{KeyOf, is_erased};
use crate::open::{Alone, Ledger};
use crate::orders::key_of;
use crate::rows::{FeedRun, Recorded, SeenShipment, Unreadable};
use crate::seal::Place;
use crate::unreadable;

const WHAT: &str = "a shipment";

impl Ledger {
    /// Stores one page of shipments together with the feed's cursor: both stand, or neither.
    ///
    /// Only a higher version of a known shipment changes anything. A shipment of no known order is
    /// kept and linked when the order comes; one under a key of ours is an exception until then.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable): nothing was stored; read the page again.
    pub async fn record_shipments(
        &self,
        feed: &FeedRun<'_>,
        seen: &[SeenShipment],
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let mut recorded = Recorded::default();
        let mut writing = self.writing().await?;
        writing.alone(Alone::Stores).await?;
        let conn = writing.conn();
        let kept = unreadable::kept(conn, Origin::ShipmentInbox).await?;
        // The same order for every worker, so that none waits for another in a circle.
        let mut sorted: Vec<&SeenShipment> = seen.iter().collect();
        sorted.sort_by(|a, b| a.external_po.cmp(&b.external_po));
        for one in sorted {
            let held = held_version(conn, one).await?;
            match held {
                Some(held) if one.shipment.version < held => {
                    recorded.stale += 1;
                    continue;
                }
                Some(held) if one.shipment.version == held => recorded.unchanged += 1,
                _ => {
                    self.put_shipment(conn, feed, one).await?;
                    match held {
                        Some(_) => recorded.changed += 1,
                        None => recorded.new += 1,
                    }
                }
            }
            for (scope, item) in &kept {
                let here = scope == feed.feed || MarketplaceCode::new(scope.as_str()).is_ok();
                if here && *item == one.shipment.shipment_id {
                    let about = About {
                        origin: Origin::ShipmentInbox,
                        scope,
                        subject: item,
                    };
                    unreadable::resolve(conn, about, feed.now).await?;
                }
            }
        }
        for message in unreadable {
            unreadable::keep(self, conn, Origin::ShipmentInbox, feed, message).await?;
            recorded.unreadable += 1;
        }
        page_stored(conn, feed, seen.len() + unreadable.len()).await?;
        writing.commit("storing a page of shipments").await?;
        Ok(recorded)
    }

    /// Writes a new or newer shipment and tells its order.
    async fn put_shipment(
        &self,
        conn: &mut AnyConnection,
        feed: &FeedRun<'_>,
        seen: &SeenShipment,
    ) -> Result<()> {
        let po = seen.external_po.as_str();
        let orders = tell_orders(conn, po).await?;
        let mut erased = false;
        for key in &orders {
            erased |= is_erased(conn, key).await?;
        }
        let payload = if erased {
            None
        } else {
            let key = KeyOf::ExternalPo(po);
            let key = self.data_key_or_new(conn, key, feed.now).await?;
            let row = [po, seen.shipment.shipment_id.as_str()];
            let place = Place {
                table: "shipments",
                row: &row,
            };
            Some(key.seal(place, seen.payload.as_bytes())?)
        };
        sqlx::query(
            "INSERT INTO shipments (external_po, shipment_id, version, feed, facts, payload, \
             first_seen_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
             ON CONFLICT (external_po, shipment_id) DO UPDATE SET version = excluded.version, \
             feed = excluded.feed, facts = excluded.facts, payload = excluded.payload, \
             changed_at = excluded.changed_at WHERE shipments.version < excluded.version",
        )
        .bind(po)
        .bind(&seen.shipment.shipment_id)
        .bind(seen.shipment.version)
        .bind(feed.feed)
        .bind(to_json(&seen.shipment, WHAT)?)
        .bind(payload)
        .bind(feed.now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("writing a shipment")?;
        let ours = feed.prefixes.iter().any(|prefix| po.starts_with(prefix));
        if orders.is_empty() && ours {
            return open_stray(conn, feed, seen).await;
        }
        Ok(())
    }
}

/// The version that is held of this shipment; `None` when it is new.
async fn held_version(conn: &mut AnyConnection, seen: &SeenShipment) -> Result<Option<i64>> {
    let row =
        sqlx::query("SELECT version FROM shipments WHERE external_po = $1 AND shipment_id = $2")
            .bind(&seen.external_po)
            .bind(&seen.shipment.shipment_id)
            .fetch_optional(conn)
            .await
            .doing("reading a shipment")?;
    let version = |row| Columns { row, what: WHAT }.number("version");
    row.as_ref().map(version).transpose()
}

/// Makes the change news of the order under this ERP key; answers which orders that are.
async fn tell_orders(conn: &mut AnyConnection, external_po: &str) -> Result<Vec<OrderKey>> {
    sqlx::query(
        "UPDATE orders SET shipments_version = shipments_version + 1, active = ours \
         WHERE external_po = $1",
    )
    .bind(external_po)
    .execute(&mut *conn)
    .await
    .doing("telling an order of its shipment")?;
    let rows = sqlx::query("SELECT marketplace, order_id FROM orders WHERE external_po = $1")
        .bind(external_po)
        .fetch_all(conn)
        .await
        .doing("finding a shipment's order")?;
    rows.iter().map(key_of).collect()
}

async fn open_stray(
    conn: &mut AnyConnection,
    feed: &FeedRun<'_>,
    seen: &SeenShipment,
) -> Result<()> {
    let evidence = [
        ("external_po".to_owned(), seen.external_po.clone()),
        ("shipment_id".to_owned(), seen.shipment.shipment_id.clone()),
    ];
    let opening = Opening {
        about: About {
            origin: Origin::Stray,
            scope: "",
            subject: &seen.external_po,
        },
        kind: Kind::StrayShipment,
        marketplace: None,
        order_id: None,
        evidence: &evidence,
        deadline: None,
    };
    exceptions::open(conn, &opening, feed.now).await
}
