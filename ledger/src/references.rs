//! Sales order numbers to write back to Mirakl, and documents that are read once a day.

use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::events;
use crate::open::Ledger;
use crate::rows::{NewEvent, Reference};

impl Ledger {
    /// Order IDs and sales order numbers that Mirakl does not have yet, the first sold first.
    pub async fn references_due(
        &self,
        marketplace: &MarketplaceCode,
        limit: u32,
    ) -> Result<Vec<(String, String)>> {
        let rows = sqlx::query(
            "SELECT order_id, sales_order FROM orders \
             WHERE marketplace = $1 AND ours = 1 AND sales_order IS NOT NULL \
             AND (seller_reference IS NULL OR seller_reference <> sales_order) \
             AND (reference_written IS NULL OR reference_written <> sales_order) \
             ORDER BY sold_at, order_id LIMIT $2",
        )
        .bind(marketplace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing references to write")?;
        let due = |row: &AnyRow| {
            let columns = Columns {
                row,
                what: "a sales order number",
            };
            Ok((columns.text("order_id")?, columns.text("sales_order")?))
        };
        rows.iter().map(due).collect()
    }

    /// Notes that Mirakl took these: order ID and sales order number.
    pub async fn references_written(
        &self,
        marketplace: &MarketplaceCode,
        written: &[(String, String)],
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let mut sorted: Vec<_> = written.iter().collect();
        sorted.sort();
        for (order_id, number) in sorted {
            let noted = sqlx::query(
                "UPDATE orders SET reference_written = $3, touched_at = $4 \
                 WHERE marketplace = $1 AND order_id = $2 \
                 AND (reference_written IS NULL OR reference_written <> $3)",
            )
            .bind(marketplace.as_str())
            .bind(order_id)
            .bind(number)
            .bind(now.as_millisecond())
            .execute(&mut *conn)
            .await
            .doing("noting a written reference")?;
            if noted.rows_affected() > 0 {
                let key = OrderKey {
                    marketplace: marketplace.clone(),
                    order_id: order_id.clone(),
                };
                let event = NewEvent {
                    what: "reference_written",
                    detail: vec![("sales_order", number.clone())],
                };
                events::append(conn, &key, &event, now).await?;
            }
        }
        writing.commit("noting written references").await
    }

    /// A document as last read; `None` when it never was.
    pub async fn reference(&self, host: &str, call: &str) -> Result<Option<Reference>> {
        let row = sqlx::query(
            "SELECT fetched_at, json FROM reference_data WHERE host = $1 AND call = $2",
        )
        .bind(host)
        .bind(call)
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("reading a reference document")?;
        let read = |row| {
            let columns = Columns {
                row,
                what: "a reference document",
            };
            Ok(Reference {
                fetched_at: columns.moment("fetched_at")?,
                json: columns.text("json")?,
            })
        };
        row.as_ref().map(read).transpose()
    }

    /// Keeps a document; an older one under the same names makes way.
    pub async fn put_reference(
        &self,
        host: &str,
        call: &str,
        json: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        sqlx::query(
            "INSERT INTO reference_data (host, call, fetched_at, json) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (host, call) \
             DO UPDATE SET fetched_at = excluded.fetched_at, json = excluded.json",
        )
        .bind(host)
        .bind(call)
        .bind(now.as_millisecond())
        .bind(json)
        .execute(writing.conn())
        .await
        .doing("keeping a reference document")?;
        writing.commit("keeping a reference document").await
    }
}
