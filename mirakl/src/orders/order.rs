//! One order, as OR11 shows it.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

use super::customer::Customer;
use super::line::{OrderLine, Promotion};
use super::words::{OrderState, PaymentWorkflow, TaxMode};
use crate::amount::Amount;
use crate::answer::{OrderUnreadable, read_object};

/// One logistic order: what one shop sends to one customer.
///
/// `None` means that Mirakl left it out or sent null: unknown, never zero. Times are UTC, amounts
/// in `currency_iso_code`. Printing it for debugging shows its ID and states only.
///
/// Source: Mirakl seller API, OR11, `orders[]`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// The logistic order, such as `W1001-A`.
    pub order_id: String,
    /// The customer's basket, which may have several orders.
    pub commercial_id: Option<String>,
    /// Where it stands.
    pub order_state: Option<OrderState>,
    /// Why it was refused or cancelled.
    pub order_state_reason_code: Option<String>,
    /// The same in words.
    pub order_state_reason_label: Option<String>,
    /// When it was made.
    pub created_date: Option<Timestamp>,
    /// When it last changed.
    pub last_updated_date: Option<Timestamp>,
    /// When the shop decided; null also if it was decided automatically.
    pub acceptance_decision_date: Option<Timestamp>,
    /// When the customer paid.
    pub customer_debited_date: Option<Timestamp>,
    /// When the payment was made.
    pub transaction_date: Option<Timestamp>,
    /// The payment's number.
    pub transaction_number: Option<String>,
    /// When the customer is debited.
    pub payment_workflow: Option<PaymentWorkflow>,
    /// How the customer pays, in free text.
    pub payment_type: Option<String>,
    /// Days until payment, for PAY_ON_DUE_DATE.
    pub payment_duration: Option<i64>,
    /// Whether the payment passes by Mirakl.
    pub customer_directly_pays_seller: Option<bool>,
    /// The shop's currency.
    pub currency_iso_code: Option<String>,
    /// Whether prices hold their taxes.
    pub order_tax_mode: Option<TaxMode>,
    /// Sum of the lines' prices, without shipping.
    pub price: Option<Amount>,
    /// Sum of the lines' shipping prices.
    pub shipping_price: Option<Amount>,
    /// Price, shipping and customer fees.
    pub total_price: Option<Amount>,
    /// Sum of the lines' commissions, with commission tax.
    pub total_commission: Option<Amount>,
    /// Taxes of the whole order, where they are not computed by line.
    pub order_taxes: Option<Vec<OrderTax>>,
    /// Refunds of such taxes.
    pub order_refunds: Option<Vec<OrderRefund>>,
    /// Whether refunds reach the total of the active lines.
    pub fully_refunded: Option<bool>,
    /// Whether OR29 is possible now.
    pub can_cancel: Option<bool>,
    /// Whether OR24 is possible now.
    pub can_shop_ship: Option<bool>,
    /// Whether a dispute is open.
    pub has_incident: Option<bool>,
    /// Whether the customer wrote.
    pub has_customer_message: Option<bool>,
    /// Whether an invoice is attached.
    pub has_invoice: Option<bool>,
    /// Deprecated: calendar days to ship.
    pub leadtime_to_ship: Option<i64>,
    /// Ship no later than this.
    pub shipping_deadline: Option<Timestamp>,
    /// What the customer was promised.
    pub delivery_date: Option<DeliveryDate>,
    /// Shipping method, see SH12.
    pub shipping_type_code: Option<String>,
    /// The same in words.
    pub shipping_type_label: Option<String>,
    /// The method's standard code, such as `CU_ADD-STD`.
    pub shipping_type_standard_code: Option<String>,
    /// Shipping zone.
    pub shipping_zone_code: Option<String>,
    /// The same in words.
    pub shipping_zone_label: Option<String>,
    /// Carrier, as OR23 stored it; see SH21.
    pub shipping_carrier_code: Option<String>,
    /// The carrier's standard code.
    pub shipping_carrier_standard_code: Option<String>,
    /// The carrier's name.
    pub shipping_company: Option<String>,
    /// Tracking number.
    pub shipping_tracking: Option<String>,
    /// Tracking address.
    pub shipping_tracking_url: Option<String>,
    /// Pick-up point.
    pub shipping_pudo_id: Option<String>,
    /// Who fulfils it.
    pub fulfillment: Option<Fulfillment>,
    /// Sales channel.
    pub channel: Option<Channel>,
    /// What others call it.
    pub references: Option<References>,
    /// The quote it came from.
    pub quote_id: Option<String>,
    /// Promotions that were applied.
    pub promotions: Option<OrderPromotions>,
    /// Discount campaigns it was part of.
    pub discount_campaigns: Option<Vec<DiscountCampaign>>,
    /// Custom fields of the order.
    pub order_additional_fields: Option<Vec<AdditionalField>>,
    /// Who bought.
    pub customer: Option<Customer>,
    /// Relay address for notices to the customer; nobody reads answers.
    pub customer_notification_email: Option<String>,
    /// What was bought.
    pub order_lines: Option<Vec<OrderLine>>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("order_id", &self.order_id)
            .field("order_state", &self.order_state)
            .field("order_lines", &self.order_lines)
            .finish_non_exhaustive()
    }
}

/// A tax of the whole order, or its refund.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderTax {
    /// Which tax.
    pub code: Option<String>,
    /// Per cent.
    pub rate: Option<Amount>,
    /// Its amount.
    pub total_amount: Option<Amount>,
}

/// What one refund call gave back of the taxes of the whole order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderRefund {
    /// Groups the refunds made in one call.
    pub order_refund_id: Option<String>,
    /// The taxes given back.
    pub taxes: Option<Vec<OrderTax>>,
}

/// When the customer was promised the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DeliveryDate {
    /// Not before.
    pub earliest: Option<Timestamp>,
    /// Not after.
    pub latest: Option<Timestamp>,
}

/// Who fulfils the order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fulfillment {
    /// The center; a default code when the shop ships.
    pub center: Option<Center>,
}

/// A fulfillment center.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Center {
    /// Its code.
    pub code: Option<String>,
}

/// A sales channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Its code.
    pub code: Option<String>,
    /// Its name.
    pub label: Option<String>,
}

/// What others call the order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct References {
    /// The customer's own number.
    pub order_reference_for_customer: Option<String>,
    /// Our number, as OR04 wrote it.
    pub order_reference_for_seller: Option<String>,
}

/// Promotions of a whole order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderPromotions {
    /// Each of them.
    pub applied_promotions: Option<Vec<Promotion>>,
    /// What they took off together.
    pub total_deduced_amount: Option<Amount>,
}

/// A discount campaign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DiscountCampaign {
    /// Its ID.
    pub identifier: Option<String>,
}

/// A custom field. Operators put anything in them, so its value is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct AdditionalField {
    /// Which field.
    pub code: Option<String>,
    /// STRING, DATE, NUMERIC, BOOLEAN, LINK, REGEX, TEXTAREA, LIST or MULTIPLE_VALUES_LIST.
    #[serde(rename = "type")]
    pub field_type: Option<String>,
    /// A string for every type, except an array of strings for MULTIPLE_VALUES_LIST.
    pub value: Option<serde_json::Value>,
}

impl fmt::Debug for AdditionalField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdditionalField")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// Reads one order from its JSON text, as a page delivered it or as it was stored since.
///
/// # Errors
/// [`OrderUnreadable`]: it has no `order_id`, or a field of another type than described; carries
/// the JSON path, never the content. Keep the text, and list the order for a person.
pub fn parse_order(json: &str) -> Result<Order, OrderUnreadable> {
    read_object(json.as_bytes()).map_err(|(path, source)| OrderUnreadable { path, source })
}
