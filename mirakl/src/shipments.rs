//! Tracking, shipment confirmation, and the carriers and methods they name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;

/// How a shipment can be followed. What is `None` is not sent.
///
/// A registered carrier is named by `carrier_code`, any other by `carrier_name`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tracking {
    /// Code of a registered carrier, from [`Client::carriers`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
    /// Name of a carrier that is not registered; some platforms forbid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_name: Option<String>,
    /// Tracking address; Mirakl computes it for a registered carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_url: Option<String>,
    /// Tracking number; needed where the carrier's address template holds one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

impl fmt::Debug for Tracking {
    // A tracking number leads to the address it goes to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking")
            .field("carrier_code", &self.carrier_code)
            .field("carrier_name", &self.carrier_name)
            .finish_non_exhaustive()
    }
}

/// A carrier registered on the platform.
///
/// Source: Mirakl seller API, SH21.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    /// Its code on this platform.
    pub code: String,
    /// Its name.
    pub label: Option<String>,
    /// Its code across platforms.
    pub standard_code: Option<String>,
    /// Address template with `{trackingId}`.
    pub tracking_url: Option<String>,
}

/// A shipping method of the platform.
///
/// Source: Mirakl seller API, SH12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingType {
    /// Its code on this platform.
    pub code: String,
    /// Its name.
    pub label: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its code across platforms.
    pub standard_code: Option<String>,
    /// Whether a shipment is confirmed only with tracking.
    pub mandatory_tracking: Option<bool>,
    /// Whether the customer collects.
    pub click_and_collect: Option<bool>,
    /// Whether the operator delivers.
    pub delivery_by_operator: Option<bool>,
    /// Whether the lead time to ship does not count.
    pub ignore_lead_time_to_ship: Option<bool>,
}

impl Client {
    /// Writes carrier and tracking number on an order; they replace what stood there.
    ///
    /// Call it before [`Client::confirm_shipment`] where the method's `mandatory_tracking` is set.
    /// Harmless when repeated with the same values.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the order, or send the same again. [`Error::Refused`]: the carrier
    /// is not taken, or the order is in another state. [`Error::NotFound`]: no such order in this
    /// shop. [`Error::NotSent`], [`Error::Throttled`]: send again later.
    /// [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    /// [`Error::Config`]: no carrier is named, or not an order ID.
    ///
    /// Source: Mirakl seller API, OR23.
    pub async fn set_tracking(&self, order_id: &str, tracking: &Tracking) -> Result<(), Error> {
        if tracking.carrier_code.is_none() && tracking.carrier_name.is_none() {
            return Err(Error::Config {
                call: "OR23",
                what: "no carrier is named",
            });
        }
        let call = Call::write_order("OR23", order_id, "tracking")?;
        self.send(call.json(tracking)?).await?.nothing()
    }

    /// Confirms that a whole order has been shipped.
    ///
    /// Only in SHIPPING; no line or quantity can be left out.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the order before sending again. [`Error::Refused`]: the order is
    /// in another state (also when it was confirmed before), or tracking is missing.
    /// [`Error::NotFound`]: no such order in this shop. [`Error::NotSent`],
    /// [`Error::Throttled`]: send again later. [`Error::Unauthorized`], [`Error::Forbidden`]: a
    /// person must correct the key. [`Error::Config`]: not an order ID.
    ///
    /// Source: Mirakl seller API, OR24.
    pub async fn confirm_shipment(&self, order_id: &str) -> Result<(), Error> {
        self.send(Call::write_order("OR24", order_id, "ship")?)
            .await?
            .nothing()
    }

    /// Reads the carriers registered on the platform, all in one answer.
    ///
    /// An empty list means that none is registered.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: the list is missing or has another shape; never take it for empty.
    /// [`Error::Throttled`]: wait as told. [`Error::Unreachable`], [`Error::NotSent`]: try again
    /// later. [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, SH21.
    pub async fn carriers(&self) -> Result<Vec<Carrier>, Error> {
        #[derive(Deserialize)]
        struct Carriers {
            carriers: Vec<Carrier>,
        }
        let answer = self.send(Call::read("SH21", "shipping/carriers")).await?;
        Ok(answer.object::<Carriers>()?.carriers)
    }

    /// Reads the platform's active shipping methods, all in one answer.
    ///
    /// An empty list means that none is active.
    ///
    /// # Errors
    /// As [`Client::carriers`].
    ///
    /// Source: Mirakl seller API, SH12.
    pub async fn shipping_types(&self) -> Result<Vec<ShippingType>, Error> {
        #[derive(Deserialize)]
        struct ShippingTypes {
            shipping_types: Vec<ShippingType>,
        }
        let answer = self.send(Call::read("SH12", "shipping/types")).await?;
        Ok(answer.object::<ShippingTypes>()?.shipping_types)
    }
}
