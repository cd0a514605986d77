//! The catalogue and the stock of a seeded world.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;

use super::CatalogueItem;
use crate::bluecherry::{IRREGULAR, Item, OpeningStock, Price, RecordType};

/// Division, style, name, label, sizes with their buckets.
type Style = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Sizes,
);
type Sizes = &'static [(u8, &'static str)];

const TOPS: Sizes = &[(2, "S"), (3, "M"), (4, "L")];
const WAISTS: Sizes = &[(1, "30"), (3, "32"), (5, "34")];

const STYLES: [Style; 7] = [
    ("01", "00417", "Crew tee", None, TOPS),
    ("01", "00052", "Rib tank", None, TOPS),
    ("01", "01180", "Fleece hoodie", Some("ECO"), TOPS),
    ("01", "00093", "Oxford shirt", None, TOPS),
    ("02", "02004", "Slim jean", None, WAISTS),
    ("02", "00761", "Chino", None, WAISTS),
    ("02", "03300", "Cargo short", Some("ECO"), WAISTS),
];

const COLORS: [(&str, &str); 6] = [
    ("BLK", "Black"),
    ("NVY", "Navy"),
    ("WHT", "White"),
    ("OLV", "Olive"),
    ("RST", "Rust"),
    ("GRY", "Gray"),
];

/// Warehouses that stock is kept in.
const WAREHOUSES: [&str; 2] = ["NJ1", "CA1"];

/// Units of the scarce item in each warehouse.
pub(super) const SCARCE_UNITS: i64 = 1;

pub(super) fn build(seed: u64) -> (Vec<CatalogueItem>, Vec<OpeningStock>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut items, mut stock) = (Vec::new(), Vec::new());
    for (division, style, name, label, sizes) in STYLES {
        let price_cents = rng.random_range(19..90) * 100 + 95;
        let first = rng.random_range(0..COLORS.len());
        for (color, color_name) in [COLORS[first], COLORS[(first + 1) % COLORS.len()]] {
            for (bucket, size) in sizes {
                let item = Item {
                    division: division.into(),
                    style: style.into(),
                    color: color.into(),
                    label: label.map(str::to_owned),
                    size_bucket: *bucket,
                    size_name: (*size).into(),
                    sku: format!("{style}-{color}-{size}"),
                    upc: Some(upc(items.len())),
                    status: "active".into(),
                    season: Some("SP26".into()),
                    product_groups: vec![if division == "01" { "TOPS" } else { "BOTTOMS" }.into()],
                    name: name.into(),
                    color_name: color_name.into(),
                    country_of_origin: Some("PT".into()),
                    hs_code: Some(if division == "01" { "610910" } else { "620342" }.into()),
                    prices: prices(price_cents),
                    ..Item::default()
                };
                stock_up(&mut stock, &item.sku, &mut rng);
                items.push(CatalogueItem {
                    item,
                    price_cents,
                    scarce: false,
                });
            }
        }
    }
    let scarce = Item {
        division: "01".into(),
        style: "00999".into(),
        color: "RED".into(),
        size_bucket: 3,
        size_name: "M".into(),
        sku: "00999-RED-M".into(),
        upc: Some(upc(items.len())),
        status: "active".into(),
        name: "Archive jacket".into(),
        color_name: "Red".into(),
        prices: prices(14_995),
        ..Item::default()
    };
    for warehouse in WAREHOUSES {
        stock.push(row(
            &scarce.sku,
            warehouse,
            None,
            RecordType::R1,
            SCARCE_UNITS,
        ));
    }
    items.push(CatalogueItem {
        item: scarce,
        price_cents: 14_995,
        scarce: true,
    });
    (items, stock)
}

/// Plenty of first-quality stock, with the figures around it that must not be sold.
fn stock_up(stock: &mut Vec<OpeningStock>, sku: &str, rng: &mut ChaCha8Rng) {
    for warehouse in WAREHOUSES {
        stock.push(row(
            sku,
            warehouse,
            None,
            RecordType::R1,
            rng.random_range(2_000..4_000),
        ));
        stock.push(row(
            sku,
            warehouse,
            None,
            RecordType::Rs,
            rng.random_range(0..20),
        ));
        stock.push(row(
            sku,
            warehouse,
            None,
            RecordType::Dm,
            rng.random_range(0..10),
        ));
    }
    if rng.random_range(0..4) == 0 {
        let units = rng.random_range(1..30);
        stock.push(row(sku, "NJ1", Some(IRREGULAR), RecordType::R2, units));
        stock.push(row(
            sku,
            "POE",
            None,
            RecordType::Wp,
            rng.random_range(50..200),
        ));
    }
}

fn row(sku: &str, place: &str, lot: Option<&str>, kind: RecordType, qty: i64) -> OpeningStock {
    OpeningStock {
        sku: sku.to_owned(),
        warehouse: place.to_owned(),
        lot: lot.map(str::to_owned),
        record_type: kind,
        qty,
    }
}

fn prices(cents: i64) -> Vec<Price> {
    let price = |level: &str, currency: &str, cents: i64| Price {
        level: level.into(),
        currency: currency.into(),
        amount: Decimal::new(cents, 2),
    };
    vec![
        price("WHOLESALE", "USD", cents / 2),
        price("RETAIL", "USD", cents),
        price("RETAIL", "EUR", cents),
    ]
}

/// A twelve-digit bar code with its check digit.
fn upc(number: usize) -> String {
    let digits = format!("0850000{number:04}");
    let sum: usize = digits
        .bytes()
        .enumerate()
        .map(|(n, digit)| usize::from(digit - b'0') * if n % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
