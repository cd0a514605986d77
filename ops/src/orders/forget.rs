//! `bcm orders forget`: an order's personal data is erased for good.

use anyhow::Result;
use clap::Args;
use domain::marketplace::{MarketplaceCode, OrderKey};
use serde::Serialize;

use crate::render::json;
use crate::{Output, Surroundings, words};

/// `bcm orders forget`.
#[derive(Clone, Debug, Args)]
pub struct ForgetOrder {
    /// The order, whole: an order that is not known here yet is erased in advance
    #[arg(value_name = "MARKETPLACE/ORDER", value_parser = whole)]
    pub key: OrderKey,
    /// Why: a code of letters and digits, never free text
    #[arg(long, value_name = "CODE", value_parser = words::reason_code)]
    pub reason_code: String,
}

/// `bcm orders forget --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForgottenDocument {
    /// Which order.
    pub order: String,
    /// Is its personal data gone?
    pub forgotten: bool,
}

impl ForgetOrder {
    /// Erases it.
    ///
    /// # Errors
    /// The ledger's: nothing was erased.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        ledger
            .forget(&self.key, &self.reason_code, surroundings.now)
            .await?;
        let document = ForgottenDocument {
            order: self.key.to_string(),
            forgotten: true,
        };
        if surroundings.json {
            return Ok(Output::good(json(&document)));
        }
        Ok(Output::good(format!(
            "{}: its personal data is erased for good, and none is kept again.\n",
            document.order
        )))
    }
}

fn whole(text: &str) -> Result<OrderKey, String> {
    let parts = text.trim().split_once('/');
    let parts = parts.filter(|(_, order_id)| !order_id.is_empty());
    let (marketplace, order_id) = parts.ok_or("write it as MARKETPLACE/ORDER")?;
    let marketplace = MarketplaceCode::new(marketplace);
    Ok(OrderKey {
        marketplace: marketplace.map_err(|_| "write it as MARKETPLACE/ORDER")?,
        order_id: order_id.to_owned(),
    })
}
