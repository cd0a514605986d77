//! What the platform and the shop are set to, and whether the API answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::orders::TaxMode;

/// A reason that may stand behind a refund, a cancelation, an incident or a message.
///
/// Source: Mirakl seller API, RE01.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The operator's code.
    pub code: String,
    /// The same in words.
    pub label: Option<String>,
    /// What it is for, such as `REFUND` or `CANCELATION`.
    #[serde(rename = "type")]
    pub reason_type: Option<String>,
    /// Whether a shop may send it.
    pub is_shop_right: Option<bool>,
}

/// Settings of the platform, as far as they matter here; the rest is not read.
///
/// Source: Mirakl seller API, PC01.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformSettings {
    /// The platform's name.
    pub platform_name: Option<String>,
    /// Its name at Mirakl.
    pub tenant_name: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// What is switched on.
    pub features: Option<Features>,
}

/// What is switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Whether prices hold their taxes by default.
    pub order_tax_mode: Option<TaxMode>,
    /// How orders go.
    pub order_workflows: Option<OrderWorkflows>,
    /// How shipments go.
    pub shipment: Option<ShipmentFeatures>,
    /// Who may have returns.
    pub returns: Option<ReturnsFeature>,
    /// Who collects taxes.
    pub tax_collection: Option<TaxCollection>,
    /// Payments that pass by Mirakl.
    pub direct_payment_customer_store: Option<DirectPayment>,
    /// Whether carriers that are not registered are forbidden.
    pub disable_seller_alternative_carrier: Option<bool>,
    /// `YES`, `NO` or `YES_PER_STORE`.
    pub lead_time_to_ship_by_sellers_enabled: Option<String>,
    /// Whether shops may have other currencies.
    pub multi_currency: Option<bool>,
    /// Most decimals of an offer price, as text.
    pub offer_prices_decimals: Option<String>,
    /// Whether payments to shops are confirmed.
    pub payment_confirmation: Option<bool>,
}

/// How orders go on the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWorkflows {
    /// `AUTOMATIC`, `NOT_AUTOMATIC`, or `BOTH` (depends on the shop).
    pub order_acceptance: Option<String>,
    /// Whether payments may never be reported.
    pub no_customer_payment_confirmation: Option<bool>,
    /// Whether the debit can be paused.
    pub pause_debit_workflow: Option<bool>,
    /// Whether orders may be paid on a due date.
    pub pay_on_due_date: Option<bool>,
    /// Whether orders may be paid with each shipment.
    pub pay_on_shipment: Option<bool>,
    /// Whether shops may say where a line ships from.
    pub sellers_edit_shipping_origin: Option<bool>,
    /// Whether addresses show before acceptance.
    pub shipping_and_billing_details_before_acceptance: Option<bool>,
}

/// How shipments go on the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentFeatures {
    /// Whether an order may be shipped in several shipments.
    pub multi_shipment: Option<bool>,
    /// Whether one item may be shipped in several packages.
    pub multi_part_item_shipment: Option<bool>,
}

/// Who may have returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnsFeature {
    /// Whether orders of the marketplace may.
    pub marketplace: Option<bool>,
}

/// Who collects taxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxCollection {
    /// `YES`, `NO` or `YES_PER_STORE`.
    pub activated: Option<String>,
    /// Whether the operator collects and remits.
    pub tax_collection_by_operator: Option<bool>,
    /// Whether products need a tax code.
    pub product_tax_code_mandatory: Option<bool>,
}

/// Payments that pass by Mirakl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectPayment {
    /// Whether there are any.
    pub activated: Option<bool>,
    /// Whether such orders may be refunded and cancelled.
    pub refund_cancel_authorized: Option<bool>,
}

/// The shop the key acts for; its contacts and bank details are not read.
///
/// Source: Mirakl seller API, A01.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Mirakl's ID of the shop.
    pub shop_id: i64,
    /// Its name.
    pub shop_name: Option<String>,
    /// `OPEN`, `CLOSE`, `SUSPENDED` or `TERMINATED`.
    pub shop_state: Option<String>,
    /// Why it is suspended, such as `AUTOMATIC_SUSPENSION`.
    pub suspension_type: Option<String>,
    /// Currency of its prices and payouts.
    pub currency_iso_code: Option<String>,
    /// Sales channels it sells on.
    pub channels: Option<Vec<String>>,
    /// Domains it belongs to.
    pub domains: Option<Vec<String>>,
    /// `MARKETPLACE` or another way of selling.
    pub model: Option<String>,
    /// Start of an announced closure.
    pub closed_from: Option<Timestamp>,
    /// End of an announced closure.
    pub closed_to: Option<Timestamp>,
    /// When it last changed.
    pub last_updated_date: Option<Timestamp>,
    /// Offers it has.
    pub offers_count: Option<i64>,
    /// Orders it had.
    pub orders_count: Option<i64>,
    /// Its balances, in its currency.
    pub payment_details: Option<PaymentDetails>,
}

/// Balances of a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDetails {
    /// Not payable yet.
    pub pending_balance: Option<Amount>,
    /// To be paid in the next cycle.
    pub payable_balance: Option<Amount>,
    /// Paid so far.
    pub paid_balance: Option<Amount>,
    /// Held back by the operator.
    pub reserve_balance: Option<Amount>,
    /// What the operator means to hold back.
    pub reserve_target: Option<Amount>,
}

impl Client {
    /// Reads every reason of the platform, in one answer. Only those with `is_shop_right` may be sent.
    ///
    /// An empty list means that the operator defined none.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: the list is missing or has another shape; never take it for empty.
    /// [`Error::Throttled`]: wait as told. [`Error::Unreachable`], [`Error::NotSent`]: try again
    /// later. [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, RE01.
    pub async fn reasons(&self) -> Result<Vec<Reason>, Error> {
        #[derive(Deserialize)]
        struct Reasons {
            reasons: Vec<Reason>,
        }
        let answer = self.send(Call::read("RE01", "reasons")).await?;
        Ok(answer.object::<Reasons>()?.reasons)
    }

    /// Reads the platform's settings. What a platform does not say is `None`, so unknown.
    ///
    /// # Errors
    /// As [`Client::reasons`]. Some marketplaces allow one read a day.
    ///
    /// Source: Mirakl seller API, PC01.
    pub async fn platform_settings(&self) -> Result<PlatformSettings, Error> {
        self.send(Call::read("PC01", "platform/configuration"))
            .await?
            .object()
    }

    /// Reads the shop the key acts for; balances are in its currency.
    ///
    /// # Errors
    /// As [`Client::reasons`].
    ///
    /// Source: Mirakl seller API, A01.
    pub async fn shop(&self) -> Result<Shop, Error> {
        self.send(Call::read("A01", "account")).await?.object()
    }

    /// Asks whether the API answers. The body is not looked at, since it may change.
    ///
    /// # Errors
    /// [`Error::NotSent`], [`Error::Unreachable`]: it does not. Any other error is an answer too,
    /// which says what is wrong with the key or the call.
    ///
    /// Source: Mirakl seller API, V01.
    pub async fn health(&self) -> Result<(), Error> {
        self.send(Call::read("V01", "version")).await.map(|_| ())
    }
}
