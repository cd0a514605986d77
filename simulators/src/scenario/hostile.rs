//! Orders with numbers and words that break careless readers.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CatalogueItem, GALERIA, NORDWIND, World};

/// What is hostile about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hostile {
    /// A currency without decimals.
    NoDecimals,
    /// A currency with three decimals.
    ThreeDecimals,
    /// Taxes inside a price from which they cannot be taken without a rest.
    TaxInside,
    /// Taxes on top, several on one line.
    TaxOutside,
    /// Amounts that end on half a cent.
    HalfCents,
    /// Emoji, right-to-left text and letters made of several characters.
    Emoji,
    /// A NUL character.
    Nul,
    /// Texts that a spreadsheet would run.
    Formula,
    /// Line ends, tabs and a forged log line.
    LineEnds,
    /// Names longer than any ERP field.
    LongNames,
    /// Amounts beyond what 32 bits hold.
    HugeAmounts,
    /// Amounts of the smallest unit, and none at all.
    TinyAmounts,
}

impl Hostile {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::NoDecimals,
        Self::ThreeDecimals,
        Self::TaxInside,
        Self::TaxOutside,
        Self::HalfCents,
        Self::Emoji,
        Self::Nul,
        Self::Formula,
        Self::LineEnds,
        Self::LongNames,
        Self::HugeAmounts,
        Self::TinyAmounts,
    ];
}

/// A hostile order to place. It is either carried exactly, or waits for a person.
#[derive(Clone, Debug, Serialize)]
pub struct HostileOrder {
    /// Where to place it.
    pub marketplace: &'static str,
    /// What is hostile about it.
    pub kind: Hostile,
    /// Body for `POST /_sim/orders` of the marketplace.
    pub spec: Value,
}

pub(super) fn orders(world: &World, n: usize) -> Vec<HostileOrder> {
    let mut rng = ChaCha8Rng::seed_from_u64(world.seed().wrapping_add(0x0BAD_CAFE));
    let items: Vec<&CatalogueItem> = world.catalogue().iter().filter(|i| !i.scarce).collect();
    let kinds = Hostile::ALL.iter().cycle().take(n).zip(1..);
    kinds
        .filter_map(|(kind, number)| {
            let item = items.choose(&mut rng)?;
            Some(order(*kind, item, number, &mut rng))
        })
        .collect()
}

fn order(kind: Hostile, item: &CatalogueItem, number: usize, rng: &mut ChaCha8Rng) -> HostileOrder {
    let inside = match kind {
        Hostile::TaxInside => true,
        Hostile::TaxOutside => false,
        _ => rng.random_range(0..2) == 0,
    };
    let marketplace = if inside { GALERIA } else { NORDWIND };
    let currency = match kind {
        Hostile::NoDecimals => "JPY",
        Hostile::ThreeDecimals => "KWD",
        _ if inside => "EUR",
        _ => "USD",
    };
    let mut spec = json!({
        "order_id": format!("H{number:05}-A"),
        "currency": currency,
        "tax_mode": if inside { "TAX_INCLUDED" } else { "TAX_EXCLUDED" },
        "shipping_type_code": "STD",
        "lines": [line(kind, &item.offer_sku(marketplace), rng)],
        "customer": {
            "customer_id": format!("hostile-{number}"),
            "firstname": "Robin",
            "lastname": "Marsh",
            "street_1": "1 Sample Street",
            "street_2": null,
            "zip_code": if inside { "10115" } else { "10001" },
            "city": if inside { "Berlin" } else { "New York" },
            "state": if inside { Value::Null } else { json!("NY") },
            "country_iso_code": if inside { "DEU" } else { "USA" },
            "phone": "+1 555 0100",
        },
    });
    if let Some([first, last, street]) = words(kind) {
        let customer = &mut spec["customer"];
        customer["firstname"] = json!(first);
        customer["lastname"] = json!(last);
        customer["street_1"] = json!(street);
        spec["lines"][0]["title"] = json!(format!("{first} {last}"));
    }
    HostileOrder {
        marketplace,
        kind,
        spec,
    }
}

/// First name, last name and street, where the words are what is hostile.
fn words(kind: Hostile) -> Option<[String; 3]> {
    let words = match kind {
        Hostile::Emoji => [
            "Zo\u{eb} \u{1f469}\u{200d}\u{1f680}",
            "\u{202e}\u{5d0}\u{5d1}\u{202c} O\u{308}zt\u{fc}rk",
            "\u{1f3e0} Stra\u{df}e 1\u{fe0f}\u{20e3}",
        ],
        Hostile::Nul => ["Rob\0in", "Mar\0sh", "1 Sample\0Street"],
        Hostile::Formula => [
            "=cmd|' /C calc'!A0",
            "+SUM(1;1)",
            "@HYPERLINK(\"http://evil.example\";\"x\")",
        ],
        Hostile::LineEnds => [
            "Robin\r\n",
            "Marsh\n2026-01-01T00:00:00Z INFO order shipped",
            "1 Sample\tStreet\r\nX-Injected: 1",
        ],
        Hostile::LongNames => return Some(["A", "B", "C"].map(|letter| letter.repeat(1_000))),
        _ => return None,
    };
    Some(words.map(str::to_owned))
}

fn line(kind: Hostile, offer_sku: &str, rng: &mut ChaCha8Rng) -> Value {
    let some = rng.random_range(1..90);
    let (quantity, price, shipping, taxes): (u32, String, &str, Vec<[&str; 2]>) = match kind {
        Hostile::NoDecimals => (3, format!("{}", 1_000 + some), "500", vec![["VAT", "333"]]),
        Hostile::ThreeDecimals => (3, format!("{some}.335"), "1.005", vec![["VAT", "0.995"]]),
        Hostile::TaxInside => (3, "33.33".into(), "4.95", vec![["DE_VAT", "15.97"]]),
        Hostile::TaxOutside => {
            let taxes = vec![["STATE", "0.01"], ["COUNTY", "1.07"], ["CITY", "0"]];
            (7, "0.99".into(), "0.01", taxes)
        }
        Hostile::HalfCents => (3, format!("{some}.005"), "0.015", vec![["VAT", "2.675"]]),
        Hostile::HugeAmounts => {
            let taxes = vec![["VAT", "1900000000.01"]];
            (1, "9999999999.99".into(), "1234567890.12", taxes)
        }
        Hostile::TinyAmounts => (1, "0.01".into(), "0", vec![["VAT", "0"]]),
        _ => (1, format!("{some}.90"), "4.95", vec![["VAT", "1.90"]]),
    };
    let taxes: Vec<Value> = taxes
        .iter()
        .map(|[code, amount]| json!({ "code": code, "amount": amount }))
        .collect();
    json!({
        "offer_sku": offer_sku,
        "quantity": quantity,
        "price_unit": price,
        "shipping_price": shipping,
        "taxes": taxes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirakl::{MiraklSim, OrderSpec};

    #[test]
    fn the_same_seed_makes_the_same_hostile_orders_of_every_kind() {
        let text = |seed: u64| serde_json::to_string(&World::new(seed).hostile_orders(24)).unwrap();
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
        let kinds: Vec<Hostile> = World::new(5)
            .hostile_orders(12)
            .iter()
            .map(|o| o.kind)
            .collect();
        assert_eq!(kinds, Hostile::ALL);
    }

    #[tokio::test]
    async fn a_marketplace_takes_them_and_shows_every_digit_and_character() {
        let world = World::new(5);
        let sim = MiraklSim::start(world.mirakl_options(NORDWIND))
            .await
            .unwrap();
        for order in world.hostile_orders(24) {
            let spec: OrderSpec = serde_json::from_value(order.spec.clone()).unwrap();
            let shown = sim.create_order(spec).unwrap();
            let (line, sent) = (&shown["order_lines"][0], &order.spec["lines"][0]);
            let digits = |value: &Value| -> rust_decimal::Decimal {
                value.to_string().trim_matches('"').parse().unwrap()
            };
            assert_eq!(digits(&line["price_unit"]), digits(&sent["price_unit"]));
            let name = &order.spec["customer"]["lastname"];
            assert_eq!(&shown["customer"]["lastname"], name, "{:?}", order.kind);
        }
    }
}
