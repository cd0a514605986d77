//! One order line, with what was refunded and cancelled of it.

use jiff::Timestamp;
use serde::Deserialize;

use super::order::{AdditionalField, DiscountCampaign};
use super::words::{LineState, RefundState, TaxCalculationRule};
use crate::amount::Amount;

/// One line of an order. Amounts are in the order's currency.
///
/// Source: Mirakl seller API, OR11, `orders[].order_lines[]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderLine {
    /// The line, such as `W1001-A-1`.
    pub order_line_id: String,
    /// Its place, from 1.
    pub order_line_index: Option<i64>,
    /// Where it stands.
    pub order_line_state: Option<LineState>,
    /// Why it was refused or cancelled.
    pub order_line_state_reason_code: Option<String>,
    /// The same in words.
    pub order_line_state_reason_label: Option<String>,
    /// Pieces; whether it shrinks after a partial cancelation is not documented.
    pub quantity: Option<i64>,
    /// Mirakl's ID of the offer.
    pub offer_id: Option<i64>,
    /// The shop's own SKU.
    pub offer_sku: Option<String>,
    /// Condition, such as `11` for new.
    pub offer_state_code: Option<String>,
    /// The marketplace's SKU.
    pub product_sku: Option<String>,
    /// The product's name.
    pub product_title: Option<String>,
    /// The shop's SKU of the product.
    pub product_shop_sku: Option<String>,
    /// Category.
    pub category_code: Option<String>,
    /// The same in words.
    pub category_label: Option<String>,
    /// The offer's text.
    pub description: Option<String>,
    /// Price of one piece.
    pub price_unit: Option<Amount>,
    /// Unit price times quantity, without shipping.
    pub price: Option<Amount>,
    /// Price of one piece before any discount.
    pub origin_unit_price: Option<Amount>,
    /// What the shop says about the price.
    pub price_additional_info: Option<String>,
    /// Shipping of the line.
    pub shipping_price: Option<Amount>,
    /// Price, shipping and customer fees.
    pub total_price: Option<Amount>,
    /// Commission without tax.
    pub commission_fee: Option<Amount>,
    /// Taxes on the commission.
    pub commission_taxes: Option<Vec<CommissionTax>>,
    /// Commission with its taxes.
    pub total_commission: Option<Amount>,
    /// Taxes on the price.
    pub taxes: Option<Vec<Tax>>,
    /// Taxes on the shipping.
    pub shipping_taxes: Option<Vec<Tax>>,
    /// Fees the customer pays.
    pub fees: Option<Vec<Fee>>,
    /// What the law wants said about the taxes.
    pub tax_legal_notice: Option<String>,
    /// Promotions that were applied.
    pub promotions: Option<Vec<Promotion>>,
    /// The discount campaign it was part of.
    pub discount_campaign: Option<DiscountCampaign>,
    /// When it was made.
    pub created_date: Option<Timestamp>,
    /// When it last changed.
    pub last_updated_date: Option<Timestamp>,
    /// When the customer paid.
    pub debited_date: Option<Timestamp>,
    /// When it was shipped.
    pub shipped_date: Option<Timestamp>,
    /// When it was received.
    pub received_date: Option<Timestamp>,
    /// Whether the full amount may be refunded now.
    pub can_refund: Option<bool>,
    /// What was refunded.
    pub refunds: Option<Vec<Refund>>,
    /// What was cancelled.
    pub cancelations: Option<Vec<Cancelation>>,
    /// Where it ships from.
    pub shipping_from: Option<ShippingFrom>,
    /// Custom fields of the line.
    pub order_line_additional_fields: Option<Vec<AdditionalField>>,
}

/// A tax on a price or on shipping.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tax {
    /// Which tax.
    pub code: Option<String>,
    /// Its amount.
    pub amount: Option<Amount>,
    /// Per cent.
    pub rate: Option<Amount>,
    /// What becomes of it on a partial refund; on lines only.
    pub tax_calculation_rule: Option<TaxCalculationRule>,
    /// Tax of one piece before any discount; on prices only.
    pub origin_unit_amount: Option<Amount>,
}

/// A tax on the commission.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CommissionTax {
    /// Which tax.
    pub code: Option<String>,
    /// Its amount.
    pub amount: Option<Amount>,
    /// Per cent; not on refunds and cancelations.
    pub rate: Option<Amount>,
}

/// A fee the customer pays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fee {
    /// Which fee.
    pub code: Option<String>,
    /// Its amount.
    pub amount: Option<Amount>,
}

/// One refund of a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refund {
    /// Mirakl's ID of the refund.
    pub id: Option<String>,
    /// Groups the refunds made in one call.
    pub order_refund_id: Option<String>,
    /// When it was asked for.
    pub created_date: Option<Timestamp>,
    /// Where it stands.
    pub refund_state: Option<RefundState>,
    /// Why.
    pub reason_code: Option<String>,
    /// Pieces, for information.
    pub quantity: Option<i64>,
    /// Part of the price.
    pub amount: Option<Amount>,
    /// Part of the shipping.
    pub shipping_amount: Option<Amount>,
    /// Taxes on the price given back.
    pub taxes: Option<Vec<Tax>>,
    /// Taxes on the shipping given back.
    pub shipping_taxes: Option<Vec<Tax>>,
    /// Fees given back.
    pub fees: Option<Vec<Fee>>,
    /// Commission given back, without tax.
    pub commission_amount: Option<Amount>,
    /// Taxes on that commission.
    pub commission_taxes: Option<Vec<CommissionTax>>,
    /// Commission given back, with its taxes.
    pub commission_total_amount: Option<Amount>,
    /// When it was paid.
    pub transaction_date: Option<Timestamp>,
    /// The payment's number.
    pub transaction_number: Option<String>,
}

/// One cancelation of a line. Mirakl spells it with one L everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cancelation {
    /// Mirakl's ID of the cancelation.
    pub id: Option<String>,
    /// When it was made.
    pub created_date: Option<Timestamp>,
    /// Why.
    pub reason_code: Option<String>,
    /// Pieces, for information.
    pub quantity: Option<i64>,
    /// Part of the price.
    pub amount: Option<Amount>,
    /// Part of the shipping.
    pub shipping_amount: Option<Amount>,
    /// Taxes on the price that fall away.
    pub taxes: Option<Vec<Tax>>,
    /// Taxes on the shipping that fall away.
    pub shipping_taxes: Option<Vec<Tax>>,
    /// Fees that fall away.
    pub fees: Option<Vec<Fee>>,
    /// Commission that falls away, without tax.
    pub commission_amount: Option<Amount>,
    /// Taxes on that commission.
    pub commission_taxes: Option<Vec<CommissionTax>>,
    /// Commission that falls away, with its taxes.
    pub commission_total_amount: Option<Amount>,
}

/// A promotion that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Promotion {
    /// Mirakl's ID of the promotion.
    pub id: Option<String>,
    /// Whether it was spread over several lines.
    pub apportioned: Option<bool>,
    /// What it took off.
    pub deduced_amount: Option<Amount>,
    /// Pieces given for free.
    pub offered_quantity: Option<i64>,
    /// The code the customer typed.
    pub promo_code: Option<String>,
    /// The campaign it was part of.
    pub campaign: Option<DiscountCampaign>,
    /// How it works.
    pub configuration: Option<PromotionConfiguration>,
}

/// How a promotion works.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PromotionConfiguration {
    /// AMOUNT_OFF, FREE_ITEMS, PERCENTAGE_OFF or REDUCED_UNIT_PRICE.
    #[serde(rename = "type")]
    pub promotion_type: Option<String>,
    /// The operator's or shop's own words for it.
    pub internal_description: Option<String>,
    /// Amount taken off.
    pub amount_off: Option<Amount>,
    /// Pieces given for free.
    pub free_items_quantity: Option<i64>,
    /// Per cent taken off.
    pub percentage_off: Option<Amount>,
    /// New price of one piece.
    pub reduced_unit_price: Option<Amount>,
}

/// Where a line ships from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ShippingFrom {
    /// The address, or as much as is known of it.
    pub address: Option<ShippingFromAddress>,
    /// The shop's warehouse.
    pub warehouse: Option<Warehouse>,
}

/// The address a line ships from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ShippingFromAddress {
    /// First line.
    pub street_1: Option<String>,
    /// Second line.
    pub street_2: Option<String>,
    /// Postal code.
    pub zip_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-3.
    pub country_iso_code: Option<String>,
}

/// A warehouse of the shop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Warehouse {
    /// Its code.
    pub code: Option<String>,
}
