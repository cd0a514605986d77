//! The body of a sales order as the profile has it, and whether its sums add up.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Refusal;
use super::order::{Address, Hold, Totals};

/// A sales order to take in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some fields are taken so that the body is read strictly"
)]
pub struct OrderIn {
    pub customer_code: String,
    pub external_po: String,
    pub channel: String,
    pub channel_order_id: String,
    order_type: String,
    pub division: String,
    pub warehouse: String,
    season: Option<String>,
    order_date: Date,
    start_date: Date,
    cancel_date: Date,
    ship_by_deadline: Option<Timestamp>,
    pub currency: String,
    price_basis: PriceBasis,
    pub ship_via: String,
    pub hold: Option<Hold>,
    pub ship_to: Option<Address>,
    bill_to: Option<Address>,
    notes: Option<String>,
    pub lines: Vec<LineIn>,
    charges: Vec<Charge>,
    pub totals: Totals,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PriceBasis {
    Net,
    Gross,
}

/// A line to take in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some fields are taken so that the body is read strictly"
)]
pub struct LineIn {
    pub external_line_id: String,
    pub sku: String,
    sku_key: Option<Value>,
    pub qty: i64,
    pub unit_price: Decimal,
    retail_price: Option<Decimal>,
    discount: Vec<Discount>,
    tax: Vec<Tax>,
    shipping: Option<Shipping>,
    pack: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the code is taken so that the body is read strictly"
)]
struct Discount {
    allowance_code: String,
    amount: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some fields are taken so that the body is read strictly"
)]
struct Tax {
    code: String,
    rate: Option<Decimal>,
    amount: Decimal,
    remitter: Remitter,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Remitter {
    Marketplace,
    Seller,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipping {
    amount: Decimal,
    tax: Vec<Tax>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the code is taken so that the body is read strictly"
)]
struct Charge {
    code: String,
    amount: Decimal,
}

impl OrderIn {
    /// Refuses totals that are not the sums of the lines.
    pub fn check_totals(&self) -> Result<(), Refusal> {
        let taxes = |taxes: &[Tax]| taxes.iter().map(|tax| tax.amount).sum::<Decimal>();
        let mut sums = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let (goods, discount, shipping, tax) = (&mut sums.0, &mut sums.1, &mut sums.2, &mut sums.3);
        for line in &self.lines {
            *goods += Decimal::from(line.qty) * line.unit_price;
            *discount += line
                .discount
                .iter()
                .map(|part| part.amount)
                .sum::<Decimal>();
            *tax += taxes(&line.tax);
            if let Some(part) = &line.shipping {
                *shipping += part.amount;
                *tax += taxes(&part.tax);
            }
        }
        let (goods, discount, shipping, tax) = sums;
        let charges = self
            .charges
            .iter()
            .map(|charge| charge.amount)
            .sum::<Decimal>();
        let outside = if self.price_basis == PriceBasis::Net {
            tax
        } else {
            Decimal::ZERO
        };
        let grand = goods - discount + shipping + charges + outside;
        for (field, given, right) in [
            ("totals.goods", self.totals.goods, goods),
            ("totals.discount", self.totals.discount, discount),
            ("totals.shipping", self.totals.shipping, shipping),
            ("totals.tax", self.totals.tax, tax),
            ("totals.grand", self.totals.grand, grand),
        ] {
            if given.round_dp(2) != right.round_dp(2) {
                return Err(Refusal::invalid(
                    field,
                    format!("{given} given, {right} found"),
                ));
            }
        }
        Ok(())
    }

    /// Refuses an order without lines, a line without units, and a line ID given twice.
    pub fn check_lines(&self) -> Result<(), Refusal> {
        if self.lines.is_empty() {
            return Err(Refusal::invalid("lines", "an order needs a line"));
        }
        for (n, line) in self.lines.iter().enumerate() {
            if line.qty < 1 {
                return Err(Refusal::invalid(&format!("lines[{n}].qty"), "at least 1"));
            }
            let twice = |other: &LineIn| other.external_line_id == line.external_line_id;
            if self.lines[..n].iter().any(twice) {
                let field = format!("lines[{n}].external_line_id");
                return Err(Refusal::invalid(&field, "two lines with one ID"));
            }
        }
        Ok(())
    }
}
