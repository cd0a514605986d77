//! Settings of one marketplace, and the names its orders go by.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Short name of a configured marketplace, for example `nordwind`.
///
/// Lower-case letters, digits and `-`, 1 to 32 of them, because it stands in workflow IDs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MarketplaceCode(String);

impl MarketplaceCode {
    /// Checks and takes a code.
    ///
    /// # Errors
    /// [`BadCode`] when it is empty, longer than 32, or has other characters than `a-z 0-9 -`.
    pub fn new(code: impl Into<String>) -> Result<Self, BadCode> {
        let code = code.into();
        let fits = (1..=32).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(code)) } else { Err(BadCode) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A marketplace code that cannot stand in a workflow ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a marketplace code is 1 to 32 of a-z, 0-9 and -")]
pub struct BadCode;

impl TryFrom<String> for MarketplaceCode {
    type Error = BadCode;
    fn try_from(code: String) -> Result<Self, BadCode> {
        Self::new(code)
    }
}

impl From<MarketplaceCode> for String {
    fn from(code: MarketplaceCode) -> Self {
        code.0
    }
}

impl fmt::Display for MarketplaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which order: order IDs are unique per operator only, so the marketplace belongs to the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The marketplace it was sold on.
    pub marketplace: MarketplaceCode,
    /// Mirakl's logistic order ID, for example `C-1001-A`.
    pub order_id: String,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.marketplace, self.order_id)
    }
}

/// What the shop does when BlueCherry cannot cover every line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortStock {
    /// Accept the lines that can be covered, refuse the others; needs the operator's consent.
    AcceptPart,
    /// Refuse the whole order.
    #[default]
    Refuse,
    /// Wait for a person.
    Ask,
}

/// What is done for units that were paid and are never shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortShip {
    /// Wait for a person.
    #[default]
    Ask,
    /// Refund them as soon as the ERP confirms that they are canceled.
    Refund,
}

/// What is done about returns that customers announce on Mirakl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnsRule {
    /// Nothing: the operator has no returns module, or it is kept by hand.
    #[default]
    Off,
    /// Followed; one that waits for the shop's decision waits for a person.
    Ask,
    /// Followed; one that waits for the shop's decision is accepted.
    Accept,
}

/// Whom BlueCherry invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum CustomerModel {
    /// One account stands for the whole marketplace; it must exist already.
    Channel {
        /// Its customer code in BlueCherry.
        customer_code: String,
    },
    /// One account a consumer, keyed by the marketplace's customer id. Never by e-mail.
    Consumer,
}

/// The rules one shop's orders are decided by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Stands before the order ID in `external_po`, since order IDs repeat between operators.
    pub prefix: String,
    /// Longest `external_po` the ERP takes.
    pub external_po_max: usize,
    /// Orders created earlier are listed and never touched.
    pub take_over_from: Timestamp,
    /// Everything is read, decided and shown; nothing is written to either side.
    pub dry_run: bool,
    /// May some lines be accepted and others refused (the operator's rule)?
    pub partial_acceptance: bool,
    /// What to do when stock does not cover the order.
    pub short_stock: ShortStock,
    /// Fulfilment center codes that mean "the seller ships". Any other is the operator's own.
    pub own_centers: Vec<String>,
    /// How long after the sale the operator waits for acceptance. Mirakl publishes no such field.
    pub acceptance_limit_s: u32,
    /// How long after shipment an order's run stays to hear of returns and refunds.
    pub aftercare_s: u32,
    /// How long a parcel's late tracking number is waited for before a person is asked.
    pub tracking_grace_s: u32,
    /// What to do for units that were paid and are never shipped.
    pub short_ship: ShortShip,
    /// How long a refund may stay unconfirmed on Mirakl before a person is told.
    pub refund_age_s: u32,
    /// What to do about returns on Mirakl.
    pub returns: ReturnsRule,
    /// How goods travel of a return that began at the ERP (RT01, `method_code`); such a one is not
    /// told to Mirakl where it is empty.
    pub return_method: Option<String>,
}

impl Policy {
    /// The ERP's natural key of an order, or `None` when it would not fit the ERP's field.
    ///
    /// A cut key could collide with another order's, so it is never cut.
    pub fn external_po(&self, order_id: &str) -> Option<String> {
        let po = format!("{}-{}", self.prefix, order_id);
        (po.len() <= self.external_po_max).then_some(po)
    }

    /// Does the seller, not the operator, ship from this center? An absent code means the seller.
    pub fn ships_from(&self, center: Option<&str>) -> bool {
        center.is_none_or(|code| self.own_centers.iter().any(|own| own == code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_would_break_a_workflow_id_is_refused() {
        for bad in ["", "Nordwind", "nord wind", "nord/wind", &"x".repeat(33)] {
            assert_eq!(MarketplaceCode::new(bad), Err(BadCode), "{bad}");
        }
        assert!(MarketplaceCode::new("nordwind-us-2").is_ok());
    }
}
