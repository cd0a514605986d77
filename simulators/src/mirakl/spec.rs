//! What a test or a person says about an order to create.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::options::{PaymentWorkflow, TaxMode};

/// One order to create; everything but the lines may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderSpec {
    /// Order ID; absent means the commercial ID with `-A`.
    pub order_id: Option<String>,
    /// The customer's basket; absent means the order ID without its last part, or a new one.
    pub commercial_id: Option<String>,
    /// Creation; absent means now.
    pub created_date: Option<Timestamp>,
    /// At least one line.
    pub lines: Vec<LineSpec>,
    /// Who buys; absent means an invented customer.
    pub customer: Option<CustomerSpec>,
    /// Relay address; absent means one made from the order ID.
    pub customer_notification_email: Option<String>,
    /// Absent means the marketplace's.
    pub payment_workflow: Option<PaymentWorkflow>,
    /// Absent means the marketplace's.
    pub tax_mode: Option<TaxMode>,
    /// Absent means the marketplace's.
    pub currency: Option<String>,
    /// Absent means the marketplace's first.
    pub shipping_type_code: Option<String>,
    /// How the debit goes; absent means as the marketplace does.
    pub debit: Option<Debit>,
    /// The order appears already accepted by the marketplace.
    pub accepted_elsewhere: Option<bool>,
    /// Code of the center that ships; absent means `DEFAULT`, the seller.
    pub fulfillment_center: Option<String>,
    /// Merged into what OR11 shows of the order, field by field and line by line.
    pub extra: Option<serde_json::Map<String, serde_json::Value>>,
}

impl OrderSpec {
    /// An order of one line, everything else invented.
    pub fn of(offer_sku: &str, quantity: u32, price_unit: &str) -> Self {
        Self::default().line(offer_sku, quantity, price_unit)
    }

    /// The same order with one line more.
    ///
    /// # Panics
    /// `price_unit` is not a decimal number.
    pub fn line(mut self, offer_sku: &str, quantity: u32, price_unit: &str) -> Self {
        self.lines.push(LineSpec {
            offer_sku: offer_sku.to_owned(),
            quantity,
            price_unit: Amount(price_unit.parse().expect("a price in digits")),
            ..LineSpec::default()
        });
        self
    }

    /// The same order under this ID.
    pub fn id(mut self, order_id: &str) -> Self {
        self.order_id = Some(order_id.to_owned());
        self
    }
}

/// How the debit of one order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Debit {
    /// It succeeds after the marketplace's delay.
    Auto,
    /// It is refused after the marketplace's delay, and the order canceled.
    Refuse,
    /// It waits for a control call.
    Manual,
}

/// One line of an order to create.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// The shop's SKU.
    pub offer_sku: String,
    /// Pieces.
    pub quantity: u32,
    /// Price of one piece.
    pub price_unit: Amount,
    /// Price before a discount.
    #[serde(default)]
    pub origin_unit_price: Option<Amount>,
    /// Shipping of the whole line.
    #[serde(default)]
    pub shipping_price: Amount,
    /// Taxes on the price.
    #[serde(default)]
    pub taxes: Vec<TaxSpec>,
    /// Taxes on the shipping price.
    #[serde(default)]
    pub shipping_taxes: Vec<TaxSpec>,
    /// Fees the customer pays on top.
    #[serde(default)]
    pub fees: Vec<FeeSpec>,
    /// Promotions the price already holds.
    #[serde(default)]
    pub promotions: Vec<PromotionSpec>,
    /// Product title; absent means one made from the SKU.
    #[serde(default)]
    pub title: Option<String>,
}

/// One tax.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxSpec {
    /// The marketplace's code of the tax.
    pub code: String,
    /// Amount for the whole line.
    pub amount: Amount,
    /// Percent.
    #[serde(default)]
    pub rate: Option<Amount>,
}

/// One customer fee.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeSpec {
    /// The marketplace's code of the fee.
    pub code: String,
    /// Amount for the whole line.
    pub amount: Amount,
}

/// One promotion on a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionSpec {
    /// The promotion's ID.
    pub id: String,
    /// What it took off the line.
    pub deduced_amount: Amount,
    /// Code the customer typed.
    #[serde(default)]
    pub promo_code: Option<String>,
}

/// One customer with one address, used for billing and shipping.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerSpec {
    /// The customer's ID.
    pub customer_id: String,
    /// First name.
    pub firstname: String,
    /// Last name.
    pub lastname: String,
    /// Street and number.
    pub street_1: String,
    /// Second address line.
    #[serde(default)]
    pub street_2: Option<String>,
    /// Postal code.
    pub zip_code: String,
    /// City.
    pub city: String,
    /// State or region.
    #[serde(default)]
    pub state: Option<String>,
    /// ISO 3166-1 alpha-3.
    pub country_iso_code: String,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
}
