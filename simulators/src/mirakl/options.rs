//! What one simulated marketplace is like.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::limits::Limits;

/// Settings of one simulated marketplace and of the one shop on it.
///
/// Every field has a default, so that `{}` is a usable marketplace: manual acceptance, debit on
/// acceptance after a second, no addresses before shipping.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MiraklOptions {
    /// Address to listen on; absent means a free local port.
    pub listen: Option<SocketAddr>,
    /// Simulated moment of the start; absent means now.
    pub start: Option<Timestamp>,
    /// Simulated seconds per real second; 0 stops the clock.
    pub speed: f64,
    /// Seed of the invented customers.
    pub seed: u64,
    /// The shop's ID.
    pub shop_id: i64,
    /// The shop's name.
    pub shop_name: String,
    /// The shop's API key; absent means `sim-key-<shop_id>`.
    pub api_key: Option<String>,
    /// The marketplace's name.
    pub operator: String,
    /// Currency of the shop and of orders that name none.
    pub currency: String,
    /// SH21.
    pub carriers: Vec<Carrier>,
    /// SH12; the first is the type of orders that name none.
    pub shipping_types: Vec<ShippingType>,
    /// RE01.
    pub reasons: Vec<Reason>,
    /// Addresses and contacts are shown from the first moment, not only from SHIPPING on.
    pub addresses_before_acceptance: bool,
    /// Who accepts orders.
    pub order_acceptance: Acceptance,
    /// A shop may accept some lines of an order and refuse others.
    pub partial_acceptance: bool,
    /// Payment workflow of orders that name none.
    pub payment_workflow: PaymentWorkflow,
    /// Orders not decided on for so long are refused; absent means never.
    pub acceptance_limit_s: Option<u64>,
    /// From acceptance to the end of the debit.
    pub debit_delay_s: u64,
    /// The debit succeeds by itself; otherwise it waits for a control call.
    pub auto_debit: bool,
    /// The seller may cancel a PAY_ON_ACCEPTANCE order while its debit is under way.
    pub cancel_before_debit: bool,
    /// Orders in SHIPPING are canceled so long after their deadline; absent means never.
    pub late_shipment_cancel_s: Option<u64>,
    /// Shipped orders count as received after so long; absent means never.
    pub received_after_s: Option<u64>,
    /// Received orders are closed after so long; absent means never.
    pub closed_after_s: Option<u64>,
    /// A carrier that SH21 does not list may be named in OR23.
    pub unregistered_carriers_allowed: bool,
    /// An order may be shipped in several shipments (ST01 and its neighbours); shown in PC01.
    pub multi_shipment: bool,
    /// Tax mode of orders that name none.
    pub tax_mode: TaxMode,
    /// From SHIPPING to the shipping deadline.
    pub lead_time_s: u64,
    /// How far OR11 reaches back behind the `start_update_date` it was given.
    pub start_update_overlap_s: u64,
    /// OR28 is taken from SHIPPING on, not only from SHIPPED on.
    pub refund_while_shipping: bool,
    /// OR28 is refused when it draws more than the shop's balance holds: the pending one before the
    /// goods are received, the payable one after.
    pub refund_balance_check: bool,
    /// Payable money of the shop from earlier cycles.
    pub opening_balance: Amount,
    /// Refunds are paid so long after they were asked for; absent means by control call only.
    pub refund_confirm_after_s: Option<u64>,
    /// The shop may cancel a part of an order (OR30).
    pub partial_cancelation: bool,
    /// How the tax of a partial refund or cancelation comes about.
    pub tax_calculation_rule: TaxRule,
    /// Returns are handled here (PC01, RT01 to RT29).
    pub returns: bool,
    /// A return is accepted when it is opened.
    pub automatic_return_acceptance: bool,
    /// OR64 ends the incident; otherwise it waits for the control call.
    pub incident_closes_at_once: bool,
    /// `published` answers 429 to calls beyond the vendor's maxima; `off` takes every call.
    pub limits: Limits,
}

impl Default for MiraklOptions {
    fn default() -> Self {
        Self {
            listen: None,
            start: None,
            speed: 1.0,
            seed: 1,
            shop_id: 2001,
            shop_name: "Northwind Apparel".to_owned(),
            api_key: None,
            operator: "Simulated Marketplace".to_owned(),
            currency: "USD".to_owned(),
            carriers: Carrier::usual(),
            shipping_types: ShippingType::usual(),
            reasons: Reason::usual(),
            addresses_before_acceptance: false,
            order_acceptance: Acceptance::Manual,
            partial_acceptance: true,
            payment_workflow: PaymentWorkflow::PayOnAcceptance,
            acceptance_limit_s: None,
            debit_delay_s: 1,
            auto_debit: true,
            cancel_before_debit: true,
            late_shipment_cancel_s: None,
            received_after_s: None,
            closed_after_s: None,
            unregistered_carriers_allowed: true,
            multi_shipment: false,
            tax_mode: TaxMode::TaxExcluded,
            lead_time_s: 2 * 86_400,
            start_update_overlap_s: 60,
            refund_while_shipping: true,
            refund_balance_check: false,
            opening_balance: Amount::default(),
            refund_confirm_after_s: None,
            partial_cancelation: true,
            tax_calculation_rule: TaxRule::ProportionalToAmount,
            returns: false,
            automatic_return_acceptance: false,
            incident_closes_at_once: true,
            limits: Limits::Off,
        }
    }
}

impl MiraklOptions {
    /// The key callers must send.
    pub fn key(&self) -> String {
        self.api_key
            .clone()
            .unwrap_or_else(|| format!("sim-key-{}", self.shop_id))
    }

    /// Must orders of that shipping type have tracking before they count as shipped?
    pub fn is_tracking_mandatory(&self, shipping_type: &str) -> bool {
        let kind = self
            .shipping_types
            .iter()
            .find(|kind| kind.code == shipping_type);
        kind.is_some_and(|kind| kind.mandatory_tracking)
    }
}

/// Who accepts orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Acceptance {
    /// The seller.
    Manual,
    /// The marketplace, at creation.
    Automatic,
}

/// When the customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentWorkflow {
    /// Right after acceptance.
    PayOnAcceptance,
    /// At delivery.
    PayOnDelivery,
    /// Some days after.
    PayOnDueDate,
    /// At shipment.
    PayOnShipment,
    /// Never told to the marketplace.
    NoCustomerPaymentConfirmation,
}

/// Whether amounts hold their taxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxMode {
    /// Taxes are inside.
    TaxIncluded,
    /// Taxes come on top.
    TaxExcluded,
}

/// How the tax of a partial refund or cancelation comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxRule {
    /// It must be given.
    None,
    /// The marketplace takes the share; it must not be given.
    ProportionalToAmount,
}

/// One registered carrier.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Carrier {
    /// Code sent in OR23.
    pub code: String,
    /// Name shown to people.
    pub label: String,
    /// Code that is the same on every marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_code: Option<String>,
    /// Address template with `{trackingId}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
}

impl Carrier {
    fn usual() -> Vec<Self> {
        [
            ("ups", "UPS", true),
            ("fedex", "FedEx", true),
            ("usps", "USPS", true),
            ("van", "Own van", false),
        ]
        .into_iter()
        .map(|(code, label, tracked)| Self {
            code: code.to_owned(),
            label: label.to_owned(),
            standard_code: tracked.then(|| code.to_uppercase()),
            tracking_url: tracked.then(|| format!("https://track.example/{code}/{{trackingId}}")),
        })
        .collect()
    }
}

/// One shipping method.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShippingType {
    /// Code shown on orders.
    pub code: String,
    /// Name shown to people.
    pub label: String,
    /// Longer text.
    #[serde(default)]
    pub description: String,
    /// Code that is the same on every marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_code: Option<String>,
    /// OR24 needs tracking first.
    #[serde(default)]
    pub mandatory_tracking: bool,
    /// The customer collects.
    #[serde(default)]
    pub click_and_collect: bool,
    /// The marketplace delivers.
    #[serde(default)]
    pub delivery_by_operator: bool,
}

impl ShippingType {
    fn usual() -> Vec<Self> {
        [("STD", "Standard", false), ("EXP", "Express", true)]
            .into_iter()
            .map(|(code, label, mandatory_tracking)| Self {
                code: code.to_owned(),
                label: label.to_owned(),
                description: format!("{label} delivery"),
                standard_code: Some(format!("CU_ADD-{code}")),
                mandatory_tracking,
                click_and_collect: false,
                delivery_by_operator: false,
            })
            .collect()
    }
}

/// One reason code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// Code sent with a refund or a cancelation.
    pub code: String,
    /// Words shown to people.
    pub label: String,
    /// What the reason is for.
    #[serde(rename = "type")]
    pub kind: String,
    /// A shop may send it.
    pub is_shop_right: bool,
}

impl Reason {
    fn usual() -> Vec<Self> {
        [
            ("14", "Shop did not answer", "REFUND", false),
            ("15", "Out of stock", "REFUND", true),
            ("16", "Customer canceled before shipping", "REFUND", true),
            ("17", "Item came back", "REFUND", true),
            ("18", "Item never arrived", "REFUND", true),
            ("19", "Agreed with the seller", "REFUND", true),
            (
                "34",
                "Customer canceled before shipping",
                "CANCELATION",
                true,
            ),
            ("35", "Out of stock", "CANCELATION", true),
            ("36", "Canceled by the operator", "CANCELATION", false),
            ("1", "Item not received", "INCIDENT_OPEN", false),
            ("2", "Item not as described", "INCIDENT_OPEN", false),
            ("10", "Replacement received", "INCIDENT_CLOSE", true),
            ("11", "Closed by the operator", "INCIDENT_CLOSE", false),
            ("RETURN_CHANGED_MIND", "Changed mind", "RETURN", true),
            (
                "RETURN_PRODUCT_DOES_NOT_FIT",
                "Does not fit",
                "RETURN",
                true,
            ),
            ("RETURN_DEFECTIVE_ITEM", "Defective", "RETURN", true),
            ("RETURN_OTHER", "Other", "RETURN", true),
            (
                "RETURN_REJECTION_NOT_ELIGIBLE",
                "Not eligible",
                "RETURN_REJECTION",
                true,
            ),
            (
                "RETURN_REJECTION_NOT_NEEDED",
                "Not needed",
                "RETURN_REJECTION",
                true,
            ),
            (
                "RETURN_REJECTION_WINDOW_CLOSED",
                "Too late",
                "RETURN_REJECTION",
                true,
            ),
            (
                "RETURN_NON_COMPLIANT_MISSING_ITEM",
                "Item missing",
                "RETURN_NON_COMPLIANT",
                true,
            ),
            (
                "RETURN_NON_COMPLIANT_WRONG_PRODUCT",
                "Wrong product",
                "RETURN_NON_COMPLIANT",
                true,
            ),
            (
                "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT",
                "Damaged",
                "RETURN_NON_COMPLIANT",
                true,
            ),
            (
                "RETURN_NON_COMPLIANT_WINDOW_CLOSED",
                "Too late",
                "RETURN_NON_COMPLIANT",
                false,
            ),
            (
                "RETURN_NON_COMPLIANT_OTHER",
                "Other",
                "RETURN_NON_COMPLIANT",
                true,
            ),
        ]
        .into_iter()
        .map(|(code, label, kind, is_shop_right)| Self {
            code: code.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            is_shop_right,
        })
        .collect()
    }
}
