//! Offer SKUs and what they are in BlueCherry, as the orders map them.

use std::collections::HashMap;

use domain::mapping::{Mappings, SkuRow, SkuRule, by_rule};
use jiff::civil::Date;

/// The rows of `skus.csv` that count today, by marketplace and offer SKU, and the rules beside them.
///
/// The tables are asked row by row; a whole marketplace is asked once a run, so it has an index.
pub(super) struct Skus<'a> {
    rows: HashMap<(String, String), &'a SkuRow>,
    rules: Vec<&'a SkuRule>,
}

impl<'a> Skus<'a> {
    pub(super) fn on(tables: &'a Mappings, today: Date) -> Self {
        let mut rows = HashMap::with_capacity(tables.skus.len());
        for row in tables.skus.iter().filter(|row| row.valid.on(today)) {
            // As the tables are asked: the first row that fits wins.
            rows.entry(key(&row.marketplace, &row.offer_sku))
                .or_insert(row);
        }
        let rules = tables.sku_rules.iter();
        let rules = rules.filter(|rule| rule.valid.on(today)).collect();
        Self { rows, rules }
    }

    /// BlueCherry's SKU of an offer; a row for the marketplace wins over one for all, and any row
    /// over the rules.
    pub(super) fn sku(&self, marketplace: &str, offer_sku: &str) -> Option<String> {
        if let Some(row) = self.row(marketplace, offer_sku) {
            return Some(super::stock_key(&row.sku));
        }
        let mapped = by_rule(self.rules.iter().copied(), marketplace, offer_sku)?;
        Some(super::stock_key(&mapped.sku))
    }

    fn row(&self, marketplace: &str, offer_sku: &str) -> Option<&SkuRow> {
        let own = self.rows.get(&key(marketplace, offer_sku));
        own.or_else(|| self.rows.get(&key("*", offer_sku))).copied()
    }
}

fn key(marketplace: &str, offer_sku: &str) -> (String, String) {
    let plain = |code: &str| code.trim().to_ascii_lowercase();
    (plain(marketplace), plain(offer_sku))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::mapping::Valid;

    fn row(marketplace: &str, offer_sku: &str, sku: &str, valid: Valid) -> SkuRow {
        SkuRow {
            marketplace: marketplace.into(),
            offer_sku: offer_sku.into(),
            division: "01".into(),
            style: "1".into(),
            color: "BLK".into(),
            label: None,
            dimension: None,
            size_bucket: 1,
            sku: sku.into(),
            valid,
        }
    }

    fn rule(marketplace: &str, offer_sku: &str, sku: &str, valid: Valid) -> SkuRule {
        SkuRule {
            marketplace: marketplace.into(),
            offer_sku: offer_sku.into(),
            division: "01".into(),
            sku: sku.into(),
            valid,
        }
    }

    #[test]
    fn the_index_answers_as_the_tables_do() {
        let today = jiff::civil::date(2026, 3, 2);
        let over = Valid {
            from: None,
            to: Some(jiff::civil::date(2026, 3, 1)),
        };
        let tables = Mappings {
            skus: vec![
                row("*", "A", "ALL", Valid::default()),
                row("NW", " a ", "OLD", over),
                row("nw", "A", "own", Valid::default()),
                row("nw", "A", "later", Valid::default()),
                row("ga", "B", "B", over),
            ],
            sku_rules: vec![
                rule("*", "R-*", "all-*", Valid::default()),
                rule("nw", "R-*", "own-*", Valid::default()),
                rule("nw", "R-1*", "gone-*", over),
                rule("*", "*", "*", over),
            ],
            ..Mappings::default()
        };
        let skus = Skus::on(&tables, today);
        for (marketplace, offer_sku) in [
            ("nw", "A"),
            ("NW", "a "),
            ("ga", "A"),
            ("ga", "B"),
            ("nw", "R-12"),
            ("ga", "r-12"),
        ] {
            let table = tables.sku(marketplace, offer_sku, today);
            let wanted = table.map(|row| super::super::stock_key(&row.sku));
            assert_eq!(skus.sku(marketplace, offer_sku), wanted, "{offer_sku}");
        }
        assert_eq!(skus.sku("nw", "A").as_deref(), Some("OWN"));
        assert_eq!(skus.sku("nw", "R-12").as_deref(), Some("OWN-12"));
    }
}
