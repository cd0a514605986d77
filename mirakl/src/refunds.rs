//! Refunds, partial cancelations and incidents of order lines.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;

/// A tax given with a refund or cancelation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaxPart {
    /// Which tax.
    pub code: String,
    /// Its amount.
    #[serde(serialize_with = "number")]
    pub amount: Amount,
}

/// One refund of one line. Taxes that Mirakl computes itself are left out.
///
/// Source: Mirakl seller API, OR28, `refunds[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundLine {
    /// The line.
    pub order_line_id: String,
    /// Part of the price.
    #[serde(serialize_with = "number")]
    pub amount: Amount,
    /// Part of the shipping.
    #[serde(serialize_with = "number")]
    pub shipping_amount: Amount,
    /// Why; a REFUND reason of the shop.
    pub reason_code: String,
    /// Pieces, for information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// ISO 4217; needed where the shop sells in another than the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_iso_code: Option<String>,
    /// Taxes on the price.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxPart>,
    /// Taxes on the shipping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipping_taxes: Vec<TaxPart>,
    /// The pieces need not be shipped any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub excluded_from_shipment: bool,
}

/// One cancelation of pieces of one line.
///
/// Source: Mirakl seller API, OR30, `cancelations[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelLine {
    /// The line.
    pub order_line_id: String,
    /// Part of the price.
    #[serde(serialize_with = "number")]
    pub amount: Amount,
    /// Part of the shipping.
    #[serde(serialize_with = "number")]
    pub shipping_amount: Amount,
    /// Pieces.
    pub quantity: u32,
    /// Why; a CANCELATION reason of the shop.
    pub reason_code: String,
    /// ISO 4217; needed where the shop sells in another than the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_iso_code: Option<String>,
    /// Taxes on the price.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxPart>,
    /// Taxes on the shipping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipping_taxes: Vec<TaxPart>,
}

/// A refund that Mirakl took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CreatedRefund {
    /// The line.
    pub order_line_id: String,
    /// Mirakl's ID of the refund.
    pub refund_id: String,
    /// Groups the refunds of one order made in one call.
    pub order_refund_id: Option<String>,
    /// Part of the price, as Mirakl took it.
    pub amount: Amount,
    /// Part of the shipping, as Mirakl took it.
    pub shipping_amount: Amount,
}

/// A cancelation that Mirakl took.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CreatedCancelation {
    /// The line.
    pub order_line_id: String,
    /// Mirakl's ID of the cancelation.
    pub cancelation_id: String,
    /// Part of the price, as Mirakl took it.
    pub amount: Amount,
    /// Part of the shipping, as Mirakl took it.
    pub shipping_amount: Amount,
}

/// Writes an amount as a JSON number of the same digits: these calls take no text.
fn number<S: serde::Serializer>(amount: &Amount, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    let text = amount.0.normalize().to_string();
    serde_json::value::RawValue::from_string(text)
        .map_err(S::Error::custom)?
        .serialize(to)
}

/// Puts what was made in the order asked, each row used once; `None` when they do not pair.
fn paired<Asked, Made>(
    asked: &[Asked],
    mut made: Vec<Made>,
    same: impl Fn(&Asked, &Made) -> bool,
) -> Option<Vec<Made>> {
    if asked.len() != made.len() {
        return None;
    }
    asked
        .iter()
        .map(|one| {
            let place = made.iter().position(|row| same(one, row))?;
            Some(made.remove(place))
        })
        .collect()
}

impl Client {
    /// Refunds parts of order lines. A repeat refunds twice: after a lost answer, read the order.
    ///
    /// There is one result for each item, in the order asked. The call is taken whole or not at
    /// all. An empty list sends nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`]: the answer was lost or names other refunds; read the order's refunds
    /// before sending again. [`Error::Refused`]: nothing was refunded (state, reason, amount, or
    /// the shop's balance, of which [`Error::lacks_balance`] tells). [`Error::NotFound`]: no such
    /// line in this shop. [`Error::NotSent`], [`Error::Throttled`]: send again later.
    /// [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, OR28.
    pub async fn refund_lines(&self, items: &[RefundLine]) -> Result<Vec<CreatedRefund>, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            refunds: &'a [RefundLine],
        }
        #[derive(Deserialize)]
        struct Refunds {
            refunds: Vec<CreatedRefund>,
        }
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let call = Call::write_at("OR28", "orders/refund").json(&Body { refunds: items })?;
        let answer = self.send(call).await?;
        let made = answer.object::<Refunds>()?.refunds;
        paired(items, made, |asked, made| {
            asked.order_line_id == made.order_line_id
                && asked.amount == made.amount
                && asked.shipping_amount == made.shipping_amount
        })
        .ok_or_else(|| answer.contradictory("refunds"))
    }

    /// Cancels pieces of order lines before the customer has paid, where the operator allows it.
    ///
    /// There is one result for each item, in the order asked. An empty list sends nothing.
    ///
    /// # Errors
    /// As [`Client::refund_lines`], of cancelations.
    ///
    /// Source: Mirakl seller API, OR30.
    pub async fn cancel_lines(
        &self,
        items: &[CancelLine],
    ) -> Result<Vec<CreatedCancelation>, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            cancelations: &'a [CancelLine],
        }
        #[derive(Deserialize)]
        struct Cancelations {
            cancelations: Vec<CreatedCancelation>,
        }
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let body = Body {
            cancelations: items,
        };
        let call = Call::write_at("OR30", "orders/cancel").json(&body)?;
        let answer = self.send(call).await?;
        let made = answer.object::<Cancelations>()?.cancelations;
        paired(items, made, |asked, made| {
            asked.order_line_id == made.order_line_id
                && asked.amount == made.amount
                && asked.shipping_amount == made.shipping_amount
        })
        .ok_or_else(|| answer.contradictory("cancelations"))
    }

    /// Says that the incident of a line is resolved.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the order before sending again. [`Error::Refused`]: no incident is
    /// open, or the reason is not the shop's. [`Error::NotFound`]: no such line in this shop.
    /// [`Error::NotSent`], [`Error::Throttled`]: send again later. [`Error::Unauthorized`],
    /// [`Error::Forbidden`]: a person must correct the key. [`Error::Config`]: not an ID.
    ///
    /// Source: Mirakl seller API, OR64.
    pub async fn resolve_incident(
        &self,
        order_id: &str,
        order_line_id: &str,
        reason_code: &str,
    ) -> Result<(), Error> {
        if matches!(order_line_id, "" | "." | "..") {
            return Err(Error::Config {
                call: "OR64",
                what: "not an order line id",
            });
        }
        let mut call = Call::write_order("OR64", order_id, "lines")?;
        call.path
            .extend([order_line_id.to_owned(), "resolve_incident".to_owned()]);
        let body = serde_json::json!({ "reason_code": reason_code });
        self.send(call.json(&body)?).await?.nothing()
    }
}
