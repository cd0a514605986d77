//! Orders of a seeded world, each with the end it must come to.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde_json::{Value, json};

use super::catalogue::SCARCE_UNITS;
use super::{CatalogueItem, Cents, GALERIA, NORDWIND, World};

/// What is particular about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing: one line, shipped.
    Plain,
    /// Two to four lines of one division.
    SeveralLines,
    /// The other marketplace has an order with the same ID.
    SameIdTwice,
    /// Its offer SKU is in no mapping.
    UnmappedSku,
    /// The ERP ships it with a carrier that is in no mapping.
    CarrierMissing,
    /// The customer's payment is refused after acceptance.
    DebitRefused,
    /// It asks for more than there is.
    ShortStock,
    /// Somebody else accepted it before the connector saw it.
    AcceptedElsewhere,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::SeveralLines,
        Self::SameIdTwice,
        Self::UnmappedSku,
        Self::CarrierMissing,
        Self::DebitRefused,
        Self::ShortStock,
        Self::AcceptedElsewhere,
    ];
}

/// How an order must end on the marketplace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expect {
    /// Shipped.
    pub shipped: bool,
    /// Refused by the seller.
    pub refused: bool,
    /// Canceled.
    pub cancelled: bool,
    /// Kind of the exception that stays open.
    pub exception: Option<&'static str>,
}

/// An order to place.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedOrder {
    /// Where to place it.
    pub marketplace: &'static str,
    /// What is particular about it.
    pub kind: Kind,
    /// Body for `POST /_sim/orders` of the marketplace.
    pub spec: Value,
    /// How it must end.
    pub expect: Expect,
}

pub(super) fn orders(world: &World, n: usize) -> Vec<PlannedOrder> {
    let mut rng = ChaCha8Rng::seed_from_u64(world.seed().wrapping_add(0x0D0E_0A0D));
    let mut kinds = kinds(n);
    kinds.shuffle(&mut rng);
    let mut plan = Vec::with_capacity(n);
    for kind in kinds {
        let marketplace = if rng.random_range(0..10) < 6 {
            NORDWIND
        } else {
            GALERIA
        };
        let number = 100_001 + plan.len();
        if kind == Kind::SameIdTwice {
            let id = format!("C{number}-A");
            plan.push(order(world, &mut rng, NORDWIND, kind, &id));
            plan.push(order(world, &mut rng, GALERIA, kind, &id));
        } else {
            let letter = if marketplace == GALERIA { 'G' } else { 'N' };
            let id = format!("{letter}{number}-A");
            plan.push(order(world, &mut rng, marketplace, kind, &id));
        }
    }
    plan
}

/// As many kinds as make `n` orders; one that comes twice makes two.
fn kinds(n: usize) -> Vec<Kind> {
    let special = if n >= 12 {
        (n * 3 / 10).max(8)
    } else {
        n * 3 / 10
    };
    let (mut kinds, mut made) = (Vec::new(), 0);
    for kind in Kind::ALL[1..].iter().cycle() {
        match (special - made, kind) {
            (0, _) => break,
            (1, Kind::SameIdTwice) => {}
            (_, Kind::SameIdTwice) => {
                kinds.push(*kind);
                made += 2;
            }
            (_, kind) => {
                kinds.push(*kind);
                made += 1;
            }
        }
    }
    kinds.resize(kinds.len() + n - made, Kind::Plain);
    kinds
}

fn order(
    world: &World,
    rng: &mut ChaCha8Rng,
    marketplace: &'static str,
    kind: Kind,
    id: &str,
) -> PlannedOrder {
    let german = marketplace == GALERIA;
    let person = person(rng, german);
    let rate = if german { 19_000 } else { person.tax_rate };
    let tax = Tax {
        code: if german { "DE_VAT" } else { "US_SALES_TAX" },
        rate,
        inside: german,
    };
    let lines: Vec<Value> = chosen(world, rng, kind)
        .into_iter()
        .map(|entry| {
            let quantity = match kind {
                Kind::ShortStock => SCARCE_UNITS + rng.random_range(1..4),
                _ => rng.random_range(1..4),
            };
            let offer_sku = match kind {
                Kind::UnmappedSku => format!("GHOST-{id}"),
                _ => entry.offer_sku(marketplace),
            };
            line(rng, entry, &offer_sku, quantity, &tax, marketplace)
        })
        .collect();
    let shipping_type = match kind {
        Kind::CarrierMissing => "XPR",
        _ if rng.random_range(0..5) == 0 => "EXP",
        _ => "STD",
    };
    let mut spec = json!({
        "order_id": id,
        "lines": lines,
        "customer": person.customer,
        "debit": if kind == Kind::DebitRefused { "refuse" } else { "auto" },
        "shipping_type_code": shipping_type,
        "tax_mode": if german { "TAX_INCLUDED" } else { "TAX_EXCLUDED" },
        "currency": if german { "EUR" } else { "USD" },
    });
    if kind == Kind::AcceptedElsewhere {
        spec["accepted_elsewhere"] = json!(true);
    }
    PlannedOrder {
        marketplace,
        kind,
        spec,
        expect: expect(kind),
    }
}

fn expect(kind: Kind) -> Expect {
    let end = Expect::default();
    match kind {
        Kind::Plain | Kind::SeveralLines | Kind::SameIdTwice | Kind::AcceptedElsewhere => Expect {
            shipped: true,
            ..end
        },
        Kind::UnmappedSku => Expect {
            exception: Some("unmapped_sku"),
            ..end
        },
        Kind::CarrierMissing => Expect {
            exception: Some("unmapped_carrier"),
            ..end
        },
        Kind::DebitRefused => Expect {
            cancelled: true,
            ..end
        },
        Kind::ShortStock => Expect {
            refused: true,
            ..end
        },
    }
}

/// Items of an order: of one division, since a sales order has one.
fn chosen<'a>(world: &'a World, rng: &mut ChaCha8Rng, kind: Kind) -> Vec<&'a CatalogueItem> {
    if kind == Kind::ShortStock {
        return world
            .catalogue()
            .iter()
            .filter(|entry| entry.scarce)
            .collect();
    }
    let division = if rng.random_range(0..5) < 3 {
        "01"
    } else {
        "02"
    };
    let mut items: Vec<&CatalogueItem> = world
        .catalogue()
        .iter()
        .filter(|entry| !entry.scarce && entry.item.division == division)
        .collect();
    items.shuffle(rng);
    items.truncate(if kind == Kind::SeveralLines {
        rng.random_range(2..5)
    } else {
        1
    });
    items
}

struct Tax {
    code: &'static str,
    /// Thousandths of a percent.
    rate: i64,
    inside: bool,
}

impl Tax {
    /// The tax on an amount of cents, rounded half up.
    fn on(&self, cents: i64) -> Value {
        let whole = if self.inside {
            100_000 + self.rate
        } else {
            100_000
        };
        let amount = (2 * cents * self.rate + whole) / (2 * whole);
        let rate = format!("{}.{:03}", self.rate / 1_000, self.rate % 1_000);
        json!([{ "code": self.code, "amount": Cents(amount).to_string(), "rate": rate }])
    }
}

fn line(
    rng: &mut ChaCha8Rng,
    entry: &CatalogueItem,
    offer_sku: &str,
    quantity: i64,
    tax: &Tax,
    marketplace: &str,
) -> Value {
    let shipping = [0, 395, 595][rng.random_range(0..3)];
    let off = if rng.random_range(0..5) == 0 { 500 } else { 0 };
    let price = entry.price_cents - off;
    let mut line = json!({
        "offer_sku": offer_sku,
        "quantity": quantity,
        "price_unit": Cents(price).to_string(),
        "shipping_price": Cents(shipping).to_string(),
        "taxes": tax.on(price * quantity),
        "shipping_taxes": if shipping > 0 { tax.on(shipping) } else { json!([]) },
    });
    if off > 0 {
        line["origin_unit_price"] = json!(Cents(entry.price_cents).to_string());
        line["promotions"] = json!([{
            "id": if marketplace == GALERIA { "WELCOME" } else { "SPRING" },
            "deduced_amount": Cents(off * quantity).to_string(),
            "promo_code": "SAVE5",
        }]);
    }
    line
}

struct Person {
    customer: Value,
    /// Thousandths of a percent.
    tax_rate: i64,
}

fn person(rng: &mut ChaCha8Rng, german: bool) -> Person {
    const FIRST: [&str; 6] = ["Avery", "Jordan", "Mika", "Robin", "Sascha", "Toni"];
    const LAST: [&str; 6] = [
        "Fischer",
        "Harlow",
        "Lindqvist",
        "Marsh",
        "Okafor",
        "Winter",
    ];
    const AMERICAN: [(&str, &str, &str, i64); 3] = [
        ("10001", "New York", "NY", 8_875),
        ("07030", "Hoboken", "NJ", 6_625),
        ("90012", "Los Angeles", "CA", 9_500),
    ];
    const GERMAN: [(&str, &str); 3] = [
        ("10115", "Berlin"),
        ("50667", "K\u{f6}ln"),
        ("01067", "Dresden"),
    ];
    let mut pick = |from: &[&'static str]| from[rng.random_range(0..from.len())];
    let (first, last) = (pick(&FIRST), pick(&LAST));
    let house = rng.random_range(1..200);
    let mut customer = json!({
        "customer_id": format!("cust-{}", rng.random_range(10_000..100_000)),
        "firstname": first,
        "lastname": last,
    });
    let (zip, city, tax_rate) = if german {
        let (zip, city) = GERMAN[rng.random_range(0..GERMAN.len())];
        customer["street_1"] = json!(format!("Beispielweg {house}"));
        (zip, city, 0)
    } else {
        let (zip, city, state, rate) = AMERICAN[rng.random_range(0..AMERICAN.len())];
        customer["street_1"] = json!(format!("{house} Sample Street"));
        customer["state"] = json!(state);
        (zip, city, rate)
    };
    customer["zip_code"] = json!(zip);
    customer["city"] = json!(city);
    customer["country_iso_code"] = json!(if german { "DEU" } else { "USA" });
    customer["phone"] = json!(if german {
        "+49 30 5550100"
    } else {
        "+1 555 0100"
    });
    Person { customer, tax_rate }
}
