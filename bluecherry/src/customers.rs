//! Customers: the accounts that are invoiced, one a marketplace or one a consumer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Redacted};
use crate::words::words;

words! {
    /// Whether one account stands for a marketplace or for a consumer.
    ///
    /// Source: BlueCherry connector profile v1, "Customer".
    pub enum AccountModel {
        /// One account a marketplace.
        Channel = "channel",
        /// One account a consumer.
        Consumer = "consumer",
    }
}

/// What a new customer is made from. `Debug` shows codes only.
///
/// Source: BlueCherry connector profile v1, "NewCustomer".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCustomer {
    /// Name of the account.
    pub name: String,
    /// Marketplace or consumer.
    pub account_model: AccountModel,
    /// Where invoices go; empty while the marketplace hides the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Address>,
    /// Where goods go unless an order says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_ship_to: Option<Address>,
    /// Division code.
    pub division: String,
    /// Payment terms code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// Whether no tax is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<bool>,
    /// ISO 4217 code.
    pub currency: String,
    /// Price level code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_level: Option<String>,
}

impl fmt::Debug for NewCustomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCustomer")
            .field("name", &Redacted)
            .field("account_model", &self.account_model)
            .field("bill_to", &self.bill_to)
            .field("default_ship_to", &self.default_ship_to)
            .field("division", &self.division)
            .field("currency", &self.currency)
            .finish_non_exhaustive()
    }
}

/// A customer as the site has it. `Debug` shows codes only.
///
/// Source: BlueCherry connector profile v1, "Customer".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// `{channel}` or `{channel}:{customer id on the marketplace}`.
    pub external_handle: String,
    /// Code of the site.
    pub customer_code: String,
    /// Store of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_code: Option<String>,
    /// Name of the account.
    pub name: String,
    /// Marketplace or consumer.
    pub account_model: AccountModel,
    /// Where invoices go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Address>,
    /// Where goods go unless an order says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_ship_to: Option<Address>,
    /// Division code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Payment terms code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// Whether no tax is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<bool>,
    /// ISO 4217 code.
    pub currency: String,
    /// Price level code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_level: Option<String>,
    /// In the answer to [`put_customer`](crate::Binding::put_customer): whether that call made it.
    #[serde(default)]
    pub created: bool,
    /// Grows with every change.
    pub version: u64,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer")
            .field("external_handle", &Redacted)
            .field("customer_code", &self.customer_code)
            .field("name", &Redacted)
            .field("account_model", &self.account_model)
            .field("bill_to", &self.bill_to)
            .field("default_ship_to", &self.default_ship_to)
            .field("division", &self.division)
            .field("currency", &self.currency)
            .field("created", &self.created)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
