//! Addresses: personal data, never printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A postal address. `Debug` shows nothing of it.
///
/// Source: BlueCherry connector profile v1, "Address".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who it is for.
    pub name: String,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// First line, usually street and number.
    pub line1: String,
    /// Second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Third line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line3: Option<String>,
    /// City.
    pub city: String,
    /// State or region code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code; empty where a country has none.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Email, often an alias of the marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address([redacted])")
    }
}

/// Stands in `Debug` output for a value that must not be printed.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Redacted {
    /// Shows whether a value is there, and nothing else.
    pub(crate) fn option<T>(value: Option<&T>) -> Option<Self> {
        value.map(|_| Self)
    }
}
