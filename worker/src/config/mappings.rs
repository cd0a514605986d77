//! The mapping tables: CSV files, taken whole or refused whole.
//!
//! Every file but `sku_rules.csv` and `reasons.csv` must be there, if only with its first line, so
//! that a lost file is not an empty table; rules that are gone wait for a second yes, and credits
//! whose reason is gone wait for a person. `*` as marketplace means all; a row of a marketplace's own
//! wins. Codes are text: leading zeros count, spaces around do not.

mod reasons;

use std::collections::BTreeSet;
use std::path::Path;

use domain::mapping::{
    AllowanceRow, CarrierRow, Mappings, Remitter, ShipViaRow, SkuRow, SkuRule, TaxRow, Valid,
    WarehouseRow, same_code,
};
use domain::marketplace::MarketplaceCode;

use super::problems::{Problem, Problems, Report};
use super::table::{Keys, Row, rows};

/// The files of a mappings folder and the columns of each.
pub const FILES: [(&str, &[&str]); 8] = [
    (
        "skus.csv",
        &[
            "marketplace",
            "offer_sku",
            "division",
            "style",
            "color",
            "label",
            "dimension",
            "size_bucket",
            "sku",
            "valid_from",
            "valid_to",
        ],
    ),
    (
        "warehouses.csv",
        &[
            "marketplace",
            "division",
            "warehouse",
            "valid_from",
            "valid_to",
        ],
    ),
    (
        "ship_via.csv",
        &[
            "marketplace",
            "shipping_type_code",
            "ship_via",
            "valid_from",
            "valid_to",
        ],
    ),
    (
        "carriers.csv",
        &[
            "marketplace",
            "erp_carrier",
            "carrier_code",
            "carrier_name",
            "carrier_url",
            "valid_from",
            "valid_to",
        ],
    ),
    (
        "taxes.csv",
        &["marketplace", "tax_code", "erp_tax_code", "remitter"],
    ),
    (
        "allowances.csv",
        &["marketplace", "promotion", "allowance_code"],
    ),
    (
        "sku_rules.csv",
        &[
            "marketplace",
            "offer_sku",
            "division",
            "sku",
            "valid_from",
            "valid_to",
        ],
    ),
    (
        "reasons.csv",
        &["marketplace", "kind", "erp_code", "mirakl_code"],
    ),
];

/// One row with the line it came from.
type Lined<R> = (usize, R);

/// Reads and checks every table in a folder.
///
/// `marketplaces` are the configured ones; a row for another is a problem.
///
/// # Errors
/// [`Problems`]: everything that is wrong, in every file; then no table is taken.
pub fn load_mappings(
    folder: &Path,
    marketplaces: &[MarketplaceCode],
) -> Result<Mappings, Problems> {
    let mut reader = Reader {
        folder,
        shops: marketplaces,
        found: Vec::new(),
    };
    let skus = reader.table(0, sku);
    let warehouses = reader.table(1, warehouse);
    let ship_vias = reader.table(2, ship_via);
    let carriers = reader.table(3, carrier);
    let taxes = reader.table(4, tax);
    let allowances = reader.table(5, allowance);
    let sku_rules = reader.table_if_there(6, sku_rule);
    let reasons = reader.table_if_there(7, reasons::row);
    if reader.found.is_empty() {
        let of_rows = skus.iter().map(|(line, row)| (*line, &row.division));
        let of_rules = sku_rules.iter().map(|(line, rule)| (*line, &rule.division));
        reader.found = divisions_without_warehouse(&folder.join(FILES[0].0), of_rows, &warehouses);
        let rules = divisions_without_warehouse(&folder.join(FILES[6].0), of_rules, &warehouses);
        reader.found.extend(rules);
    }
    if !reader.found.is_empty() {
        return Err(Problems::new(reader.found));
    }
    Ok(Mappings {
        skus: unlined(skus),
        sku_rules: unlined(sku_rules),
        warehouses: unlined(warehouses),
        ship_vias: unlined(ship_vias),
        carriers: unlined(carriers),
        taxes: unlined(taxes),
        allowances: unlined(allowances),
        reasons: unlined(reasons),
    })
}

fn unlined<R>(rows: Vec<Lined<R>>) -> Vec<R> {
    rows.into_iter().map(|(_, row)| row).collect()
}

struct Reader<'a> {
    folder: &'a Path,
    shops: &'a [MarketplaceCode],
    found: Vec<Problem>,
}

impl Reader<'_> {
    fn table<R>(
        &mut self,
        place: usize,
        read: impl Fn(&Row<'_>, &mut Keys) -> Option<R>,
    ) -> Vec<Lined<R>> {
        let (file, columns) = FILES[place];
        let path = self.folder.join(file);
        let report = Report::new(&path);
        let mut keys = Keys::default();
        let read = |row: Row<'_>| Some((row.line, read(&row, &mut keys)?));
        let lined = rows(&path, columns, &report, self.shops)
            .into_iter()
            .filter_map(read);
        let lined = lined.collect();
        self.found.extend(report.into_found());
        lined
    }

    /// A table that a folder need not have.
    fn table_if_there<R>(
        &mut self,
        place: usize,
        read: impl Fn(&Row<'_>, &mut Keys) -> Option<R>,
    ) -> Vec<Lined<R>> {
        match self.folder.join(FILES[place].0).try_exists() {
            Ok(false) => Vec::new(),
            // One that cannot be looked at is told when it is read.
            Ok(true) | Err(_) => self.table(place, read),
        }
    }
}

// Every value is read before the first `?`, so that each problem of a row is reported.

fn sku(row: &Row<'_>, keys: &mut Keys) -> Option<SkuRow> {
    let (marketplace, valid) = (row.marketplace(), row.valid());
    let [offer_sku, division, style, color, sku] =
        ["offer_sku", "division", "style", "color", "sku"].map(|column| row.required(column));
    let size_bucket = row.read("size_bucket", "the size's place, 1 to 24", |cell| {
        cell.parse().ok().filter(|place| (1..=24).contains(place))
    });
    let read = SkuRow {
        marketplace: marketplace?,
        offer_sku: offer_sku?,
        division: division?,
        style: style?,
        color: color?,
        label: row.optional("label"),
        dimension: row.optional("dimension"),
        size_bucket: size_bucket?,
        sku: sku?,
        valid: valid?,
    };
    keys.take(row, &[&read.marketplace, &read.offer_sku], read.valid)?;
    Some(read)
}

fn sku_rule(row: &Row<'_>, keys: &mut Keys) -> Option<SkuRule> {
    let (marketplace, valid) = (row.marketplace(), row.valid());
    let division = row.required("division");
    let pattern = |column: &str, wanted: &str| {
        row.read(column, wanted, |cell| {
            SkuRule::is_pattern(cell).then(|| cell.to_owned())
        })
    };
    let offer_sku = pattern("offer_sku", "the offer SKU with one `*`, such as `NW-*`");
    let sku = pattern("sku", "BlueCherry's SKU with one `*` for the same part");
    let read = SkuRule {
        marketplace: marketplace?,
        offer_sku: offer_sku?,
        division: division?,
        sku: sku?,
        valid: valid?,
    };
    keys.take(row, &[&read.marketplace, &read.offer_sku], read.valid)?;
    Some(read)
}

fn warehouse(row: &Row<'_>, keys: &mut Keys) -> Option<WarehouseRow> {
    let (marketplace, valid) = (row.marketplace(), row.valid());
    let (division, warehouse) = (row.required("division"), row.required("warehouse"));
    let read = WarehouseRow {
        marketplace: marketplace?,
        division: division?,
        warehouse: warehouse?,
        valid: valid?,
    };
    keys.take(row, &[&read.marketplace, &read.division], read.valid)?;
    Some(read)
}

fn ship_via(row: &Row<'_>, keys: &mut Keys) -> Option<ShipViaRow> {
    let (marketplace, valid) = (row.marketplace(), row.valid());
    let (method, ship_via) = (row.required("shipping_type_code"), row.required("ship_via"));
    let read = ShipViaRow {
        marketplace: marketplace?,
        shipping_type_code: method?,
        ship_via: ship_via?,
        valid: valid?,
    };
    keys.take(
        row,
        &[&read.marketplace, &read.shipping_type_code],
        read.valid,
    )?;
    Some(read)
}

fn carrier(row: &Row<'_>, keys: &mut Keys) -> Option<CarrierRow> {
    let (marketplace, valid) = (row.marketplace(), row.valid());
    let erp_carrier = row.required("erp_carrier");
    let (carrier_code, carrier_name) = (row.optional("carrier_code"), row.optional("carrier_name"));
    let carrier_url = row.optional("carrier_url");
    if carrier_code.is_none() && carrier_name.is_none() {
        row.refuse(
            "names no carrier",
            "write `carrier_code` from the operator's list, or `carrier_name` for one outside it",
        );
        return None;
    }
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    if carrier_url.as_ref().is_some_and(|url| !is_web(url)) {
        row.refuse(
            "`carrier_url` is not a web address",
            "write one with https://, and {trackingId} in place of the number",
        );
        return None;
    }
    let read = CarrierRow {
        marketplace: marketplace?,
        erp_carrier: erp_carrier?,
        carrier_code,
        carrier_name,
        carrier_url,
        valid: valid?,
    };
    keys.take(row, &[&read.marketplace, &read.erp_carrier], read.valid)?;
    Some(read)
}

fn tax(row: &Row<'_>, keys: &mut Keys) -> Option<TaxRow> {
    let marketplace = row.marketplace();
    let (tax_code, erp_tax_code) = (row.required("tax_code"), row.required("erp_tax_code"));
    let remitter = row.read("remitter", "`marketplace` or `seller`", |cell| match cell {
        "marketplace" => Some(Remitter::Marketplace),
        "seller" => Some(Remitter::Seller),
        _ => None,
    });
    let read = TaxRow {
        marketplace: marketplace?,
        tax_code: tax_code?,
        erp_tax_code: erp_tax_code?,
        remitter: remitter?,
    };
    keys.take(row, &[&read.marketplace, &read.tax_code], Valid::default())?;
    Some(read)
}

fn allowance(row: &Row<'_>, keys: &mut Keys) -> Option<AllowanceRow> {
    let marketplace = row.marketplace();
    let (promotion, allowance_code) = (row.required("promotion"), row.required("allowance_code"));
    let read = AllowanceRow {
        marketplace: marketplace?,
        promotion: promotion?,
        allowance_code: allowance_code?,
    };
    keys.take(row, &[&read.marketplace, &read.promotion], Valid::default())?;
    Some(read)
}

/// Divisions that goods are sold from and leave from nowhere: a zero lost, or two columns swapped.
fn divisions_without_warehouse<'a>(
    path: &Path,
    divisions: impl Iterator<Item = (usize, &'a String)>,
    warehouses: &[Lined<WarehouseRow>],
) -> Vec<Problem> {
    let report = Report::new(path);
    let known: BTreeSet<_> = warehouses
        .iter()
        .map(|(_, row)| row.division.to_ascii_lowercase())
        .collect();
    let mut told = BTreeSet::new();
    for (line, division) in divisions {
        let folded = division.to_ascii_lowercase();
        if known.contains(&folded) || !told.insert(folded) {
            continue;
        }
        let swapped = warehouses
            .iter()
            .any(|(_, row)| same_code(&row.warehouse, division));
        let instead = if swapped {
            "swap `division` and `warehouse` in warehouses.csv"
        } else {
            "write the division as BlueCherry has it, zeros in front included, or add its warehouse"
        };
        let wrong = format!("division `{division}` has no row in warehouses.csv");
        report.at(line, wrong, instead);
    }
    report.into_found()
}

#[cfg(test)]
mod tests;
