//! Marketplace units that a snapshot has not seen.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use domain::order::Order;
use jiff::Timestamp;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

/// Units of one offer on their way into BlueCherry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsInFlight {
    /// Where they were sold.
    pub marketplace: MarketplaceCode,
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// Units, of all open lines together.
    pub units: i64,
}

impl Ledger {
    /// Units of our orders on every shop that a snapshot has not seen: those without a sales order
    /// yet, and those booked after `seen_through`. Called off lines count no more.
    ///
    /// `seen_through` is the snapshot's own word, or its `as_of` less the lag of its batches.
    pub async fn units_in_flight(&self, seen_through: Timestamp) -> Result<Vec<UnitsInFlight>> {
        let rows = sqlx::query(
            "SELECT marketplace, facts FROM orders WHERE ours = 1 AND active = 1 \
             AND sales_order IS NULL UNION ALL \
             SELECT marketplace, facts FROM orders WHERE ours = 1 AND sales_order IS NOT NULL \
             AND (marketplace, order_id) IN (SELECT marketplace, order_id FROM events \
             WHERE what = 'sales_order_created' AND at > $1)",
        )
        .bind(seen_through.as_millisecond())
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("counting units in flight")?;
        let mut units = BTreeMap::<_, i64>::new();
        for row in &rows {
            let what = "an order";
            let columns = Columns { row, what };
            let marketplace = columns.marketplace("marketplace")?;
            let order: Order = columns.json("facts")?;
            for line in order.open_lines() {
                let key = (marketplace.clone(), line.offer_sku.clone());
                *units.entry(key).or_default() += i64::from(line.quantity);
            }
        }
        let units = units.into_iter();
        Ok(units
            .map(|((marketplace, offer_sku), units)| UnitsInFlight {
                marketplace,
                offer_sku,
                units,
            })
            .collect())
    }
}
