//! The mapping tables of a seeded world, read from the CSV text it hands out.

use std::collections::BTreeMap;

use domain::mapping::{
    AllowanceRow, CarrierRow, Mappings, ReasonKind, ReasonRow, Remitter, ShipViaRow, SkuRow,
    TaxRow, Valid, WarehouseRow,
};
use simulators::scenario::World;

/// One row, by the names in the first line.
struct Row(BTreeMap<String, String>);

impl Row {
    fn text(&self, column: &str) -> String {
        self.0[column].clone()
    }

    fn text_or_none(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    fn valid(&self) -> Valid {
        let day = |column: &str| self.text_or_none(column).map(|day| day.parse().unwrap());
        Valid {
            from: day("valid_from"),
            to: day("valid_to"),
        }
    }
}

/// Rows of a table without quotes.
fn rows(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().unwrap().collect();
    lines
        .map(|cells| Row(names.iter().cloned().zip(cells).collect()))
        .collect()
}

/// All tables of a world.
pub fn tables(world: &World) -> Mappings {
    let files: BTreeMap<_, _> = world.mapping_files().into_iter().collect();
    let each = |file: &str| rows(&files[file]).into_iter();
    Mappings {
        skus: each("skus.csv").map(|row| sku(&row)).collect(),
        warehouses: each("warehouses.csv")
            .map(|row| WarehouseRow {
                marketplace: row.text("marketplace"),
                division: row.text("division"),
                warehouse: row.text("warehouse"),
                valid: row.valid(),
            })
            .collect(),
        ship_vias: each("ship_via.csv")
            .map(|row| ShipViaRow {
                marketplace: row.text("marketplace"),
                shipping_type_code: row.text("shipping_type_code"),
                ship_via: row.text("ship_via"),
                valid: row.valid(),
            })
            .collect(),
        carriers: each("carriers.csv")
            .map(|row| CarrierRow {
                marketplace: row.text("marketplace"),
                erp_carrier: row.text("erp_carrier"),
                carrier_code: row.text_or_none("carrier_code"),
                carrier_name: row.text_or_none("carrier_name"),
                carrier_url: row.text_or_none("carrier_url"),
                valid: row.valid(),
            })
            .collect(),
        taxes: each("taxes.csv")
            .map(|row| TaxRow {
                marketplace: row.text("marketplace"),
                tax_code: row.text("tax_code"),
                erp_tax_code: row.text("erp_tax_code"),
                remitter: match row.text("remitter").as_str() {
                    "marketplace" => Remitter::Marketplace,
                    _ => Remitter::Seller,
                },
            })
            .collect(),
        allowances: each("allowances.csv")
            .map(|row| AllowanceRow {
                marketplace: row.text("marketplace"),
                promotion: row.text("promotion"),
                allowance_code: row.text("allowance_code"),
            })
            .collect(),
        reasons: each("reasons.csv")
            .map(|row| ReasonRow {
                marketplace: row.text("marketplace"),
                kind: ReasonKind::of(&row.text("kind")).unwrap(),
                erp_code: row.text("erp_code"),
                mirakl_code: row.text("mirakl_code"),
            })
            .collect(),
        ..Mappings::default()
    }
}

fn sku(row: &Row) -> SkuRow {
    SkuRow {
        marketplace: row.text("marketplace"),
        offer_sku: row.text("offer_sku"),
        division: row.text("division"),
        style: row.text("style"),
        color: row.text("color"),
        label: row.text_or_none("label"),
        dimension: row.text_or_none("dimension"),
        size_bucket: row.text("size_bucket").parse().unwrap(),
        sku: row.text("sku"),
        valid: row.valid(),
    }
}
