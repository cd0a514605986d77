//! Papers and their orders: news of them, and which order a paper is of.

use domain::marketplace::OrderKey;
use domain::papers::Papers;
use sqlx::AnyConnection;

use super::{Sort, WHAT};
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;
use crate::orders::key_of;

impl Ledger {
    /// The key in the ERP of the order with this sales order number, or with this return of the ERP;
    /// `None` when neither is known.
    pub async fn external_po_of(
        &self,
        ord_num: Option<&str>,
        ra_number: Option<&str>,
    ) -> Result<Option<String>> {
        let doing = "finding a document's order";
        let mut conn = self.reading().await?;
        let mut row = None;
        if let Some(number) = ord_num {
            row = sqlx::query(
                "SELECT external_po FROM orders WHERE sales_order = $1 \
                 AND external_po IS NOT NULL ORDER BY first_seen_at, marketplace LIMIT 1",
            )
            .bind(number)
            .fetch_optional(&mut *conn)
            .await
            .doing(doing)?;
        }
        if let (None, Some(number)) = (&row, ra_number) {
            row = sqlx::query(
                "SELECT owner AS external_po FROM documents WHERE kind = $1 AND item = $2 \
                 ORDER BY version DESC LIMIT 1",
            )
            .bind(Sort::ErpReturn.as_str())
            .bind(number)
            .fetch_optional(&mut *conn)
            .await
            .doing(doing)?;
        }
        let po = |row| Columns { row, what: WHAT }.text("external_po");
        row.as_ref().map(po).transpose()
    }
}

/// How many documents the order of an update has.
macro_rules! documents_of_order {
    () => {
        "(SELECT COUNT(*) FROM documents \
         WHERE (documents.kind = 'credit_memo' AND documents.owner = orders.external_po) \
         OR (documents.kind = 'erp_return' AND documents.owner = orders.external_po) \
         OR (documents.kind = 'marketplace_return' \
         AND documents.owner = orders.marketplace || '/' || orders.order_id))"
    };
}

/// Makes the change news of the orders that it is of; answers which these are.
pub(super) async fn tell(
    conn: &mut AnyConnection,
    sort: Sort,
    owner: &str,
) -> Result<Vec<OrderKey>> {
    let doing = "telling an order of its document";
    let (marketplace, order_id) = match (sort, owner.split_once('/')) {
        (Sort::MarketplaceReturn, Some(key)) => key,
        (Sort::MarketplaceReturn, None) => return Err(Error::Corrupt { what: WHAT }),
        _ => ("", ""),
    };
    let po = if order_id.is_empty() { owner } else { "" };
    sqlx::query(concat!(
        "UPDATE orders SET shipments_version = shipments_version + 1, active = ours, documents = ",
        documents_of_order!(),
        " WHERE external_po = $1 OR (marketplace = $2 AND order_id = $3)"
    ))
    .bind(po)
    .bind(marketplace)
    .bind(order_id)
    .execute(&mut *conn)
    .await
    .doing(doing)?;
    let rows = sqlx::query(
        "SELECT marketplace, order_id FROM orders \
         WHERE external_po = $1 OR (marketplace = $2 AND order_id = $3)",
    )
    .bind(po)
    .bind(marketplace)
    .bind(order_id)
    .fetch_all(conn)
    .await
    .doing(doing)?;
    rows.iter().map(key_of).collect()
}

/// Papers that came before their order are news of it.
pub(crate) async fn link(conn: &mut AnyConnection, key: &OrderKey) -> Result<()> {
    sqlx::query(concat!(
        "UPDATE orders SET shipments_version = shipments_version + 1, active = ours, documents = ",
        documents_of_order!(),
        " WHERE marketplace = $1 AND order_id = $2 AND documents <> ",
        documents_of_order!()
    ))
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .execute(conn)
    .await
    .doing("linking documents")?;
    Ok(())
}

/// The papers of an order, where a credit has the reason of its return.
pub(crate) async fn papers_of(
    conn: &mut AnyConnection,
    key: &OrderKey,
    external_po: Option<&str>,
) -> Result<Papers> {
    let rows = sqlx::query(
        "SELECT kind, facts FROM documents WHERE (kind = 'credit_memo' AND owner = $1) \
         OR (kind = 'erp_return' AND owner = $1) OR (kind = 'marketplace_return' AND owner = $2) \
         ORDER BY first_seen_at, item",
    )
    .bind(external_po.unwrap_or(""))
    .bind(key.to_string())
    .fetch_all(conn)
    .await
    .doing("reading documents")?;
    let mut papers = Papers::default();
    for row in &rows {
        let columns = Columns { row, what: WHAT };
        match columns.text("kind")?.as_str() {
            "credit_memo" => papers.credits.push(columns.json("facts")?),
            "erp_return" => papers.erp_returns.push(columns.json("facts")?),
            _ => papers.returns.push(columns.json("facts")?),
        }
    }
    Ok(papers.with_reasons())
}
