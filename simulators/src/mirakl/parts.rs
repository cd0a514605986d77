//! What is taken off a line: its amounts, its taxes, its fees, and what is left of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::amount::Amount;
use super::error::Refusal;
use super::options::{MiraklOptions, Reason, TaxRule};
use super::order::{Line, Order};
use super::spec::{FeeSpec, TaxSpec};

/// Amounts of a line, all of them or some.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Parts {
    pub amount: Amount,
    pub shipping_amount: Amount,
    pub taxes: Vec<TaxSpec>,
    pub shipping_taxes: Vec<TaxSpec>,
    pub fees: Vec<FeeSpec>,
}

/// One item of OR28 or OR30 as the shop sends it.
#[derive(Clone, Debug, Deserialize)]
pub struct Asked {
    #[serde(deserialize_with = "loose_text")]
    pub order_line_id: String,
    pub amount: Amount,
    pub shipping_amount: Amount,
    #[serde(deserialize_with = "loose_text")]
    pub reason_code: String,
    #[serde(default)]
    pub quantity: u32,
    pub currency_iso_code: Option<String>,
    pub taxes: Option<Vec<CodedAmount>>,
    pub shipping_taxes: Option<Vec<CodedAmount>>,
    pub fees: Option<Vec<CodedAmount>>,
    #[serde(default)]
    pub excluded_from_shipment: bool,
}

/// A tax or a fee that the shop names.
#[derive(Clone, Debug, Deserialize)]
pub struct CodedAmount {
    code: String,
    amount: Amount,
}

/// The server takes numbers for text.
fn loose_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("text is expected")),
    }
}

impl Parts {
    /// Everything the customer pays for a line.
    fn whole(line: &Line) -> Self {
        Self {
            amount: line.price,
            shipping_amount: line.shipping_price,
            taxes: line.taxes.clone(),
            shipping_taxes: line.shipping_taxes.clone(),
            fees: line.fees.clone(),
        }
    }

    /// What is neither refunded nor canceled yet.
    pub fn remaining(line: &Line) -> Self {
        let refunds = line.refunds.iter().map(|refund| &refund.parts);
        let cancelations = line.cancelations.iter().map(|one| &one.parts);
        refunds
            .chain(cancelations)
            .fold(Self::whole(line), |left, taken| left.without(taken))
    }

    fn without(mut self, taken: &Self) -> Self {
        self.amount = self.amount - taken.amount;
        self.shipping_amount = self.shipping_amount - taken.shipping_amount;
        let taxes = [
            (&mut self.taxes, &taken.taxes),
            (&mut self.shipping_taxes, &taken.shipping_taxes),
        ];
        for (left, taken) in taxes {
            for tax in left {
                let same = taken.iter().filter(|other| other.code == tax.code);
                tax.amount = tax.amount - same.map(|other| other.amount).sum();
            }
        }
        for fee in &mut self.fees {
            let same = taken.fees.iter().filter(|other| other.code == fee.code);
            fee.amount = fee.amount - same.map(|other| other.amount).sum();
        }
        self
    }

    /// Price, shipping and fees: the line's total without taxes that come on top.
    pub fn net(&self) -> Amount {
        let fees: Amount = self.fees.iter().map(|fee| fee.amount).sum();
        self.amount + self.shipping_amount + fees
    }

    /// Every tax.
    pub fn tax(&self) -> Amount {
        let taxes = self.taxes.iter().chain(&self.shipping_taxes);
        taxes.map(|tax| tax.amount).sum()
    }

    /// Share of the line's commission that goes with these amounts; the last of the price takes
    /// the rest.
    pub fn commission(&self, line: &Line) -> Amount {
        let left = Self::remaining(line);
        let given = line.refunds.iter().map(|refund| refund.commission);
        let given: Amount = given
            .chain(line.cancelations.iter().map(|one| one.commission))
            .sum();
        if self.amount == left.amount && self.shipping_amount == left.shipping_amount {
            return line.commission - given;
        }
        let part = self.amount + self.shipping_amount;
        line.commission
            .share(part, line.price + line.shipping_price)
    }
}

impl Asked {
    /// The amounts asked for, with the taxes that the marketplace adds.
    ///
    /// # Errors
    /// More than remains, taxes that are missing or not to be sent, or nothing at all.
    pub fn parts(&self, line: &Line, rule: TaxRule) -> Result<Parts, Refusal> {
        let left = Parts::remaining(line);
        let whole = Parts::whole(line);
        let id = &line.order_line_id;
        let zero = Amount::default();
        for (name, asked, left) in [
            ("amount", self.amount, left.amount),
            (
                "shipping_amount",
                self.shipping_amount,
                left.shipping_amount,
            ),
        ] {
            if asked < zero {
                return Err(Refusal::bad(format!("{name} must not be negative")));
            }
            within(name, asked, left, id)?;
        }
        let taxes = |name: &str, sent: &Option<Vec<CodedAmount>>, left: &[TaxSpec], part| {
            taxes(self, (name, sent), left, part, rule)
        };
        let goods = (
            self.amount,
            left.amount,
            whole.amount,
            whole.taxes.as_slice(),
        );
        let shipping = (
            self.shipping_amount,
            left.shipping_amount,
            whole.shipping_amount,
            whole.shipping_taxes.as_slice(),
        );
        let mut fees = Vec::new();
        for fee in self.fees.iter().flatten() {
            let known = left.fees.iter().find(|known| known.code == fee.code);
            let known = known.ok_or_else(|| {
                Refusal::bad(format!("Order line '{id}' has no fee '{}'", fee.code))
            })?;
            within("fees", fee.amount, known.amount, id)?;
            fees.push(FeeSpec {
                code: fee.code.clone(),
                amount: fee.amount,
            });
        }
        let parts = Parts {
            amount: self.amount,
            shipping_amount: self.shipping_amount,
            taxes: taxes("taxes", &self.taxes, &left.taxes, goods)?,
            shipping_taxes: taxes(
                "shipping_taxes",
                &self.shipping_taxes,
                &left.shipping_taxes,
                shipping,
            )?,
            fees,
        };
        if (parts.net() + parts.tax()).is_zero() {
            return Err(Refusal::bad(format!("Nothing is asked for on line '{id}'")));
        }
        Ok(parts)
    }

    /// Whether the order is in another currency than the one sent, or in another tax mode.
    ///
    /// # Errors
    /// It is.
    pub fn check_money(&self, order: &Order, options: &MiraklOptions) -> Result<(), Refusal> {
        let sent = self.currency_iso_code.as_deref();
        let meant = sent.unwrap_or(&options.currency);
        if meant == order.currency {
            return Ok(());
        }
        Err(Refusal::bad(format!(
            "The currency of order '{}' is {}, not {meant}",
            order.order_id, order.currency
        )))
    }
}

/// Asked, remaining and whole amount, and the whole taxes on it.
type TaxBase<'a> = (Amount, Amount, Amount, &'a [TaxSpec]);

fn taxes(
    asked: &Asked,
    (name, sent): (&str, &Option<Vec<CodedAmount>>),
    left: &[TaxSpec],
    (part, left_amount, whole_amount, whole): TaxBase<'_>,
    rule: TaxRule,
) -> Result<Vec<TaxSpec>, Refusal> {
    let id = &asked.order_line_id;
    let sent = sent.as_deref().filter(|sent| !sent.is_empty());
    if rule == TaxRule::ProportionalToAmount {
        if sent.is_some() {
            let words = format!("{name} of line '{id}' are computed and must not be sent");
            return Err(Refusal::bad(words));
        }
        let shares = left.iter().zip(whole).map(|(left, whole)| TaxSpec {
            amount: if part == left_amount {
                left.amount
            } else {
                whole.amount.share(part, whole_amount)
            },
            ..left.clone()
        });
        return Ok(shares.filter(|tax| !tax.amount.is_zero()).collect());
    }
    let Some(sent) = sent else {
        if left.is_empty() || part.is_zero() {
            return Ok(Vec::new());
        }
        return Err(Refusal::bad(format!("{name} are required on line '{id}'")));
    };
    let known = |sent: &CodedAmount| {
        let known = left.iter().find(|known| known.code == sent.code);
        let known = known
            .ok_or_else(|| Refusal::bad(format!("Order line '{id}' has no tax '{}'", sent.code)))?;
        within(name, sent.amount, known.amount, id)?;
        Ok(TaxSpec {
            amount: sent.amount,
            ..known.clone()
        })
    };
    sent.iter().map(known).collect()
}

fn within(name: &str, asked: Amount, left: Amount, line: &str) -> Result<(), Refusal> {
    if asked <= left {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "{name} {} exceeds the remaining amount {} of order line '{line}'",
        asked.0, left.0
    )))
}

/// The reason behind a code, when it is of this kind and whoever asks may use it.
///
/// # Errors
/// The code is unknown or not for shops.
pub fn reason<'a>(
    options: &'a MiraklOptions,
    code: &str,
    kind: &str,
    is_shop: bool,
) -> Result<&'a Reason, Refusal> {
    let known = |reason: &&Reason| reason.code == code && reason.kind == kind;
    let found = options.reasons.iter().find(known);
    let found = found
        .ok_or_else(|| Refusal::bad(format!("Reason '{code}' of type {kind} does not exist")))?;
    if is_shop && !found.is_shop_right {
        return Err(Refusal::bad(format!(
            "Reason '{code}' cannot be used by a shop"
        )));
    }
    Ok(found)
}
