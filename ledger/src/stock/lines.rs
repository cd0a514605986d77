//! Units that orders take, and when that changed.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use domain::order::Order;
use jiff::Timestamp;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

/// Units of one order line of ours that is not called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldLine {
    /// Where it was sold.
    pub marketplace: MarketplaceCode,
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Units.
    pub units: u32,
    /// When it was sold, by Mirakl's clock.
    pub sold_at: Timestamp,
    /// When this side saw it first.
    pub seen_at: Timestamp,
    /// Number of its sales order; empty while there is none.
    pub sales_order: Option<String>,
    /// Since when BlueCherry has it, at the latest; empty while it is not known to.
    pub booked_at: Option<Timestamp>,
}

impl Ledger {
    /// Lines of our orders on every shop: those without a sales order yet, and those sold or booked
    /// after a moment. Called off ones are left out.
    pub async fn sold_lines(&self, since: Timestamp) -> Result<Vec<SoldLine>> {
        let rows = sqlx::query(
            "SELECT o.marketplace, o.facts, o.sales_order, o.first_seen_at, (SELECT MIN(e.at) \
             FROM events e WHERE e.marketplace = o.marketplace AND e.order_id = o.order_id \
             AND e.what IN ('sales_order_created', 'restored')) AS booked_at FROM orders o \
             WHERE o.ours = 1 AND (o.sold_at > $1 OR (o.active = 1 AND o.sales_order IS NULL) \
             OR (o.marketplace, o.order_id) IN (SELECT b.marketplace, b.order_id FROM events b \
             WHERE b.what = 'sales_order_created' AND b.at > $1))",
        )
        .bind(since.as_millisecond())
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing sold lines")?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let what = "an order";
            let columns = Columns { row, what };
            let order: Order = columns.json("facts")?;
            let sales_order = columns.text_or_null("sales_order")?;
            let booked = columns.moment_or_null("booked_at")?;
            for line in order.open_lines() {
                lines.push(SoldLine {
                    marketplace: columns.marketplace("marketplace")?,
                    offer_sku: line.offer_sku.clone(),
                    units: line.quantity,
                    sold_at: order.created_at,
                    seen_at: columns.moment("first_seen_at")?,
                    booked_at: booked.filter(|_| sales_order.is_some()),
                    sales_order: sales_order.clone(),
                });
            }
        }
        Ok(lines)
    }

    /// Offer SKUs of a marketplace whose orders took or gave back units after a moment.
    pub async fn changed_offers(
        &self,
        marketplace: &MarketplaceCode,
        since: Timestamp,
    ) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT facts FROM orders WHERE marketplace = $1 AND units_changed_at > $2 AND ours = 1",
        )
        .bind(marketplace.as_str())
        .bind(since.as_millisecond())
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing changed offers")?;
        let mut offer_skus = std::collections::BTreeSet::new();
        for row in &rows {
            let what = "an order";
            let order: Order = Columns { row, what }.json("facts")?;
            offer_skus.extend(order.lines.into_iter().map(|line| line.offer_sku));
        }
        Ok(offer_skus.into_iter().collect())
    }

    /// When an order of any shop last took units or gave some back.
    pub async fn units_changed_at(&self) -> Result<Option<Timestamp>> {
        let row = sqlx::query(
            "SELECT MAX(units_changed_at) AS at FROM orders WHERE units_changed_at IS NOT NULL",
        )
        .fetch_one(&mut *self.reading().await?)
        .await
        .doing("looking for sales")?;
        let what = "a sale";
        Columns { row: &row, what }.moment_or_null("at")
    }
}

/// Units that an order takes from each offer.
pub(crate) fn units(order: &Order) -> BTreeMap<&str, u64> {
    let mut units = BTreeMap::new();
    for line in order.open_lines() {
        *units.entry(line.offer_sku.as_str()).or_default() += u64::from(line.quantity);
    }
    units
}
