//! The item master, as far as it decides on stock.

use std::collections::HashMap;

use bluecherry::{Item, PackKind, Price};
use domain::stock::eligibility::{self, Ineligible, ListingRules};
use domain::stock::settings::ShopStock;
use jiff::civil::Date;
use ledger::StoredItem;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Run, Stocks, stock_key};
use crate::Failure;
use crate::calls::To;
use crate::settings::after;

/// Under which name the ledger remembers when the item master was read.
pub(super) const ITEMS: &str = "stock items";

/// What of an item decides on listing, packs and prices; kept as JSON, so fields are only added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFacts {
    /// Status, in the site's word.
    #[serde(rename = "st")]
    pub status: String,
    /// Whether orders for it are taken.
    #[serde(rename = "ac")]
    pub active: bool,
    /// Has it a barcode?
    #[serde(rename = "bc")]
    pub barcode: bool,
    /// A sample.
    #[serde(rename = "sa", default)]
    pub sample: bool,
    /// Line type code.
    #[serde(rename = "lt", default, skip_serializing_if = "Option::is_none")]
    pub line_type: Option<String>,
    /// The one retailer it is made for.
    #[serde(rename = "sm", default, skip_serializing_if = "Option::is_none")]
    pub smu_account: Option<String>,
    /// First day of sale.
    #[serde(rename = "fr", default, skip_serializing_if = "Option::is_none")]
    pub launch_date: Option<Date>,
    /// Last day of sale.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub discontinue_date: Option<Date>,
    /// Merchandising groups.
    #[serde(rename = "gr", default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Prices by level and currency.
    #[serde(rename = "pr", default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// Components and units of a pack that is not stocked as one; empty for everything else.
    #[serde(rename = "pa", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(String, u32)>,
}

impl From<&Item> for ItemFacts {
    fn from(item: &Item) -> Self {
        let filled = |code: &Option<String>| code.as_ref().is_some_and(|c| !c.trim().is_empty());
        let explodes = item.pack.kind != PackKind::None && !item.pack.stocked_as_pack;
        let parts = item.pack.components.iter().filter(|_| explodes);
        Self {
            status: item.status.as_str().to_owned(),
            active: item.active,
            barcode: filled(&item.upc) || filled(&item.ean),
            sample: item.sample,
            line_type: item.line_type.clone(),
            smu_account: item.smu_account.clone(),
            launch_date: item.launch_date,
            discontinue_date: item.discontinue_date,
            groups: item.product_groups.clone(),
            prices: item.prices.clone(),
            parts: parts.map(|part| (stock_key(&part.sku), part.qty)).collect(),
        }
    }
}

impl ItemFacts {
    /// The price on a marketplace on a day; any that is above zero when it names no level.
    pub fn price(&self, shop: &ShopStock, today: Date) -> Option<Decimal> {
        let counts = |price: &&Price| {
            price.valid_from.is_none_or(|day| day <= today)
                && price.valid_to.is_none_or(|day| today <= day)
        };
        let mut prices = self.prices.iter().filter(counts);
        match &shop.price {
            None => prices.map(|price| price.amount).max(),
            Some((level, currency)) => prices
                .find(|price| {
                    price.level.trim().eq_ignore_ascii_case(level)
                        && price.currency.trim().eq_ignore_ascii_case(currency)
                })
                .map(|price| price.amount),
        }
    }

    /// Everything that forbids listing it.
    pub fn judge(
        &self,
        rules: &ListingRules,
        price: Option<Decimal>,
        today: Date,
    ) -> Vec<Ineligible> {
        let item = eligibility::Item {
            status: &self.status,
            active: self.active,
            barcode: self.barcode.then_some("1"),
            price,
            sample: self.sample,
            line_type: self.line_type.as_deref(),
            smu_account: self.smu_account.as_deref(),
            launch_date: self.launch_date,
            discontinue_date: self.discontinue_date,
        };
        rules.judge(&item, today)
    }
}

impl Stocks {
    /// Reads the item master when it is time. One that cannot be read is tried with the next run, as
    /// long as an earlier one is there.
    pub(super) async fn refresh_items(&self, run: &Run<'_>) -> Result<(), Failure> {
        let site = &self.connections.site.name;
        let known = self.ledger().reference(site, ITEMS).await?;
        let every = self.connections.stock.site.items_every;
        let due = |read: &ledger::Reference| after(read.fetched_at, every) <= self.now();
        if !known.as_ref().is_none_or(due) {
            return Ok(());
        }
        match self.read_items(run).await {
            Err(failure) if known.is_some() && failure.kind != Failure::LEASE_LOST => {
                tracing::warn!(site, "the item master was not read: {failure}");
                Ok(())
            }
            done => done,
        }
    }

    async fn read_items(&self, run: &Run<'_>) -> Result<(), Failure> {
        let site = &self.connections.site;
        let began_at = self.now();
        let (mut cursor, mut unreadable) = (None, 0_u64);
        loop {
            let admitted = run.admitted(To::BlueCherry, "list_items").await?;
            let page = admitted.send(site.binding.items(cursor.as_deref())).await?;
            let mut items = Vec::with_capacity(page.rows.len());
            for row in &page.rows {
                match &row.read {
                    Ok(item) => items.push(StoredItem {
                        sku: stock_key(&item.sku),
                        facts: facts_json(item)?,
                    }),
                    Err(_) => unreadable += 1,
                }
            }
            self.ledger()
                .put_stock_items(&site.name, &items, began_at)
                .await?;
            self.ledger().keep_stock_lease(run.holding()).await?;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        if unreadable > 0 {
            tracing::warn!(
                rows = unreadable,
                "items that cannot be read keep what was known"
            );
        } else {
            self.ledger()
                .forget_stock_items(&site.name, began_at)
                .await?;
        }
        Ok(self
            .ledger()
            .put_reference(&site.name, ITEMS, "{}", began_at)
            .await?)
    }

    /// What is known of these SKUs.
    pub(super) async fn item_facts(
        &self,
        skus: &[&str],
    ) -> Result<HashMap<String, ItemFacts>, Failure> {
        let site = &self.connections.site.name;
        let stored = self.ledger().stock_items(site, skus).await?;
        let read = |item: StoredItem| {
            let facts = serde_json::from_str(&item.facts).ok()?;
            Some((item.sku, facts))
        };
        Ok(stored.into_iter().filter_map(read).collect())
    }
}

fn facts_json(item: &Item) -> Result<String, Failure> {
    let facts = serde_json::to_string(&ItemFacts::from(item));
    facts.map_err(|_| Failure::unexpected("an item cannot be written down".to_owned()))
}
