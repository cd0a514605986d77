//! Who bought, and where it goes. None of it is ever printed.

use std::fmt;

use serde::Deserialize;

macro_rules! redact {
    ($($name:ident),+ $(,)?) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " [redacted]"))
            }
        })+
    };
}

redact!(
    Customer,
    Contact,
    Organization,
    OrganizationAddress,
    Address
);

/// The customer of an order.
///
/// Addresses, contacts and the organization's details are null before the order reaches SHIPPING,
/// or before acceptance where the platform shows them earlier.
///
/// Source: Mirakl seller API, OR11, `customer`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Customer {
    /// Mirakl's ID of the customer.
    pub customer_id: Option<String>,
    /// First name.
    pub firstname: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// Form of address.
    pub civility: Option<String>,
    /// Language, such as `en_US`.
    pub locale: Option<String>,
    /// Where the invoice goes.
    pub billing_address: Option<Address>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Whom to ask about the invoice (business customers).
    pub accounting_contact: Option<Contact>,
    /// Whom to ask about the delivery (business customers).
    pub delivery_contact: Option<Contact>,
    /// The business that bought.
    pub organization: Option<Organization>,
}

/// A person to ask at a business customer.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Contact {
    /// Mirakl's ID of the person.
    pub customer_id: Option<String>,
    /// First name.
    pub firstname: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// Form of address.
    pub civility: Option<String>,
    /// Language.
    pub locale: Option<String>,
}

/// A business customer.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// Mirakl's ID of the organization.
    pub organization_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Registration number.
    pub identification_number: Option<String>,
    /// Tax number.
    pub tax_identification_number: Option<String>,
    /// Its seat.
    pub address: Option<OrganizationAddress>,
}

/// The seat of a business customer.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OrganizationAddress {
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
    /// ISO 3166-1 alpha-3, such as `USA`.
    pub country_iso_code: Option<String>,
}

/// A billing or shipping address.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Address {
    /// Last name.
    pub lastname: Option<String>,
    /// First name.
    pub firstname: Option<String>,
    /// Form of address.
    pub civility: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Company, second line.
    pub company_2: Option<String>,
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
    /// Country, as the customer reads it.
    pub country: Option<String>,
    /// ISO 3166-1 alpha-3, such as `USA`.
    pub country_iso_code: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Second telephone.
    pub phone_secondary: Option<String>,
    /// What the customer adds for the carrier; shipping address only.
    pub additional_info: Option<String>,
}
