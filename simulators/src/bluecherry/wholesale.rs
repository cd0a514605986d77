//! What sells on other channels: it takes stock that no marketplace knows of.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::control::parse;
use super::site::{Shared, Site};
use super::stock::RecordType;

/// Stands before the number of each of these orders.
const PREFIX: &str = "WHOLESALE-";

/// A wholesale order of one item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WholesaleIn {
    sku: String,
    warehouse: Option<String>,
    qty: i64,
}

impl Site {
    /// Enters an order that no marketplace sold, if that much can be promised; false when it cannot.
    pub fn sell_wholesale(&mut self, sku: &str, warehouse: Option<&str>, qty: i64) -> bool {
        let first = self.options.warehouses.first();
        let usual = first.map(|place| place.code.clone()).unwrap_or_default();
        let warehouse = warehouse.map_or(usual, str::to_owned);
        let Some(place) = self.lot_for(sku, &warehouse, qty) else {
            return false;
        };
        let (now, number) = (self.now(), self.stock.transactions().len() + 1);
        let number = format!("{PREFIX}{number:06}");
        self.stock
            .write(now, &place, RecordType::Op, qty, Some(&number));
        true
    }

    /// Units that wholesale orders took, by SKU.
    pub fn wholesale(&self) -> BTreeMap<&str, i64> {
        let mut units = BTreeMap::new();
        for taken in self.stock.transactions() {
            let reference = taken.reference.as_deref().unwrap_or_default();
            if reference.starts_with(PREFIX) {
                *units.entry(taken.sku.as_str()).or_default() += taken.qty;
            }
        }
        units
    }
}

/// `POST /_sim/wholesale`: whether the order was entered.
pub(super) async fn sell(State(site): State<Shared>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wish: WholesaleIn = parse(&body)?;
    if wish.qty < 1 {
        return Err(Refusal::invalid("qty", "one or more"));
    }
    let entered = site
        .lock()
        .sell_wholesale(&wish.sku, wish.warehouse.as_deref(), wish.qty);
    Ok(Json(json!({ "entered": entered })))
}
