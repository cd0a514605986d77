//! The mapping tables, one version of them, and how they are asked.
//!
//! Codes are compared trimmed and without regard to case; what comes out is as the table has it.
//! Rows have valid dates, so that a code may mean another thing from a day on.

mod reason;
mod rule;

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use reason::{ANY_CODE, COMPLIANT, ReasonKind, ReasonRow, is_any};
pub use rule::{MappedSku, SkuRule, by_rule};

/// The days a row counts, both included. Empty ends are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Valid {
    /// First day.
    #[serde(default)]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default)]
    pub to: Option<Date>,
}

impl Valid {
    /// Does the row count on this day?
    pub fn on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Do two rows count on a common day?
    pub fn overlaps(&self, other: &Self) -> bool {
        let before =
            |a: Option<Date>, b: Option<Date>| matches!((a, b), (Some(a), Some(b)) if a < b);
        !before(self.to, other.from) && !before(other.to, self.from)
    }
}

/// `skus.csv`: what an offer SKU is in BlueCherry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// The shop's SKU on Mirakl.
    pub offer_sku: String,
    /// Division, the first part of BlueCherry's key.
    pub division: String,
    /// Style; leading zeros count.
    pub style: String,
    /// Colour code.
    pub color: String,
    /// Label, where the style has one.
    #[serde(default)]
    pub label: Option<String>,
    /// Dimension, where the style has one.
    #[serde(default)]
    pub dimension: Option<String>,
    /// Place of the size in the size range, 1 to 24.
    pub size_bucket: u8,
    /// SKU as BlueCherry prints it.
    pub sku: String,
    /// When the row counts.
    pub valid: Valid,
}

/// `warehouses.csv`: where a division's goods for a marketplace leave from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarehouseRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// Division.
    pub division: String,
    /// Warehouse code.
    pub warehouse: String,
    /// When the row counts.
    pub valid: Valid,
}

/// `ship_via.csv`: the ERP's word for a shipping method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipViaRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// Shipping method of the operator.
    pub shipping_type_code: String,
    /// Ship-via of BlueCherry.
    pub ship_via: String,
    /// When the row counts.
    pub valid: Valid,
}

/// `carriers.csv`: how a carrier of the ERP is named to Mirakl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// Carrier or ship-via as BlueCherry writes it.
    pub erp_carrier: String,
    /// Code in the operator's list; empty when it goes by name.
    #[serde(default)]
    pub carrier_code: Option<String>,
    /// Name for a carrier outside the list.
    #[serde(default)]
    pub carrier_name: Option<String>,
    /// Tracking page for a carrier outside the list; `{trackingId}` stands for the number.
    #[serde(default)]
    pub carrier_url: Option<String>,
    /// When the row counts.
    pub valid: Valid,
}

/// Who pays a tax over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remitter {
    /// The operator keeps it back and pays it.
    Marketplace,
    /// The seller owes it.
    Seller,
}

/// `taxes.csv`: a tax of the operator in the ERP's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// Mirakl's tax code.
    pub tax_code: String,
    /// BlueCherry's tax code.
    pub erp_tax_code: String,
    /// Who pays it over.
    pub remitter: Remitter,
}

/// `allowances.csv`: the allowance code of a promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowanceRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// Mirakl's promotion ID, or `*` for all.
    pub promotion: String,
    /// BlueCherry's allowance code.
    pub allowance_code: String,
}

/// Every table, as one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mappings {
    /// `skus.csv`.
    pub skus: Vec<SkuRow>,
    /// `sku_rules.csv`.
    pub sku_rules: Vec<SkuRule>,
    /// `warehouses.csv`.
    pub warehouses: Vec<WarehouseRow>,
    /// `ship_via.csv`.
    pub ship_vias: Vec<ShipViaRow>,
    /// `carriers.csv`.
    pub carriers: Vec<CarrierRow>,
    /// `taxes.csv`.
    pub taxes: Vec<TaxRow>,
    /// `allowances.csv`.
    pub allowances: Vec<AllowanceRow>,
    /// `reasons.csv`.
    pub reasons: Vec<ReasonRow>,
}

/// Are two codes the same, spaces around and case aside?
pub fn same_code(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// A row for this marketplace wins over one for all.
fn best<'a, R>(
    rows: &'a [R],
    marketplace: &str,
    of: impl Fn(&R) -> &str,
    fits: impl Fn(&R) -> bool,
) -> Option<&'a R> {
    let own = rows
        .iter()
        .find(|row| same_code(of(row), marketplace) && fits(row));
    own.or_else(|| rows.iter().find(|row| of(row).trim() == "*" && fits(row)))
}

impl Mappings {
    /// What an offer SKU is in BlueCherry on a day: by its row, else by a rule.
    pub fn sku(&self, marketplace: &str, offer_sku: &str, day: Date) -> Option<MappedSku<'_>> {
        let row = best(
            &self.skus,
            marketplace,
            |r| &r.marketplace,
            |r| same_code(&r.offer_sku, offer_sku) && r.valid.on(day),
        );
        let mapped = row.map(|row| MappedSku {
            division: &row.division,
            sku: Cow::Borrowed(&row.sku),
        });
        mapped.or_else(|| {
            let rules = self.sku_rules.iter().filter(|rule| rule.valid.on(day));
            by_rule(rules, marketplace, offer_sku)
        })
    }

    /// Where a division's goods leave from on a day.
    pub fn warehouse(&self, marketplace: &str, division: &str, day: Date) -> Option<&WarehouseRow> {
        best(
            &self.warehouses,
            marketplace,
            |r| &r.marketplace,
            |r| same_code(&r.division, division) && r.valid.on(day),
        )
    }

    /// The ship-via of a shipping method on a day.
    pub fn ship_via(
        &self,
        marketplace: &str,
        shipping_type: &str,
        day: Date,
    ) -> Option<&ShipViaRow> {
        best(
            &self.ship_vias,
            marketplace,
            |r| &r.marketplace,
            |r| same_code(&r.shipping_type_code, shipping_type) && r.valid.on(day),
        )
    }

    /// How a carrier of the ERP is named on a day: by its ship-via first, else by its name.
    pub fn carrier(
        &self,
        marketplace: &str,
        ship_via: &str,
        carrier: &str,
        day: Date,
    ) -> Option<&CarrierRow> {
        let by = |word: &str| {
            best(
                &self.carriers,
                marketplace,
                |r| &r.marketplace,
                |r| same_code(&r.erp_carrier, word) && r.valid.on(day),
            )
        };
        by(ship_via).or_else(|| by(carrier))
    }

    /// The ERP's words for a tax.
    pub fn tax(&self, marketplace: &str, tax_code: &str) -> Option<&TaxRow> {
        best(
            &self.taxes,
            marketplace,
            |r| &r.marketplace,
            |r| same_code(&r.tax_code, tax_code),
        )
    }

    /// Mirakl's code of a tax that the ERP names. A row of the marketplace's own wins over one for all;
    /// nothing where no row or several name it, since then its code alone does not tell.
    pub fn mirakl_tax(&self, marketplace: &str, erp_tax_code: &str) -> Option<&str> {
        let named = |of: &str| {
            let rows = self
                .taxes
                .iter()
                .filter(|row| same_code(&row.marketplace, of));
            let rows = rows.filter(|row| same_code(&row.erp_tax_code, erp_tax_code));
            rows.map(|row| row.tax_code.trim()).collect::<Vec<_>>()
        };
        let own = named(marketplace);
        let rows = if own.is_empty() { named("*") } else { own };
        match rows.as_slice() {
            [code] => Some(code),
            _ => None,
        }
    }

    /// The allowance code of a promotion; a row for it wins over one for all.
    pub fn allowance(&self, marketplace: &str, promotion: &str) -> Option<&AllowanceRow> {
        let by = |word: &str| {
            best(
                &self.allowances,
                marketplace,
                |r| &r.marketplace,
                |r| same_code(&r.promotion, word),
            )
        };
        by(promotion).or_else(|| by("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn row(marketplace: &str, warehouse: &str, valid: Valid) -> WarehouseRow {
        WarehouseRow {
            marketplace: marketplace.into(),
            division: "01".into(),
            warehouse: warehouse.into(),
            valid,
        }
    }

    #[test]
    fn a_warehouse_depends_on_marketplace_division_and_day() {
        let launch = date(2026, 6, 1);
        let before = Valid {
            from: None,
            to: Some(date(2026, 5, 31)),
        };
        let after = Valid {
            from: Some(launch),
            to: None,
        };
        let tables = Mappings {
            warehouses: vec![
                row("*", "OLD", before),
                row("*", "NEW", after),
                row("nw", "OWN", after),
            ],
            ..Mappings::default()
        };
        let at = |m: &str, d: &str, day| tables.warehouse(m, d, day).map(|r| r.warehouse.as_str());
        assert_eq!(at("ga", "01", date(2026, 5, 31)), Some("OLD"));
        assert_eq!(at("ga", " 01 ", launch), Some("NEW"));
        assert_eq!(at("nw", "01", launch), Some("OWN"));
        assert_eq!(at("nw", "01", date(2026, 1, 1)), Some("OLD"));
        assert_eq!(at("nw", "1", launch), None, "leading zeros count");
    }

    #[test]
    fn a_tax_is_read_backwards_where_one_row_alone_names_it() {
        let row = |marketplace: &str, tax_code: &str, erp: &str| TaxRow {
            marketplace: marketplace.into(),
            tax_code: tax_code.into(),
            erp_tax_code: erp.into(),
            remitter: Remitter::Seller,
        };
        let tables = Mappings {
            taxes: vec![
                row("*", "US_SALES_TAX", "SALESTX"),
                row("nw", "NW_TAX", "salestx "),
                row("nw", "STATE", "BOTH"),
                row("nw", "COUNTY", "BOTH"),
            ],
            ..Mappings::default()
        };
        assert_eq!(tables.mirakl_tax("ga", "salestx"), Some("US_SALES_TAX"));
        assert_eq!(tables.mirakl_tax("nw", "SALESTX"), Some("NW_TAX"));
        assert_eq!(tables.mirakl_tax("nw", "BOTH"), None);
        assert_eq!(tables.mirakl_tax("nw", "OTHER"), None);
    }

    #[test]
    fn open_ends_overlap() {
        let to = Valid {
            from: None,
            to: Some(date(2026, 5, 31)),
        };
        let from = Valid {
            from: Some(date(2026, 6, 1)),
            to: None,
        };
        assert!(!to.overlaps(&from));
        assert!(to.overlaps(&Valid::default()) && from.overlaps(&Valid::default()));
    }
}
