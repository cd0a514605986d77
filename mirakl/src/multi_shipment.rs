//! Several shipments of one order, where the platform lets an order leave in parts.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::shipments::Tracking;

/// Most shipments that one call may hold.
pub const SHIPMENTS_MOST: usize = 1000;
/// Rows of a page; Mirakl's most.
const ROWS: &str = "100";

/// So many pieces of an order line in a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentLine {
    /// Which line; Mirakl may leave it out when it shows old shipments.
    pub order_line_id: Option<String>,
    /// Pieces, at least 1.
    pub quantity: u32,
    /// The shop's own name of the package: what tells a shipment again whose answer was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_reference: Option<String>,
}

/// A shipment to be told of, which has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShipment {
    /// Of which order.
    pub order_id: String,
    /// What is in it, at least one line.
    pub lines: Vec<ShipmentLine>,
    /// How it can be followed, where it can.
    pub tracking: Option<Tracking>,
}

/// A shipment as Mirakl shows it.
///
/// Source: Mirakl seller API, ST01 and ST11.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Shipment {
    /// Mirakl's ID.
    pub id: String,
    /// Of which order.
    pub order_id: String,
    /// Such as `SHIPPING` or `SHIPPED`; kept as it came.
    pub status: Option<String>,
    /// When it left.
    pub shipped_date: Option<Timestamp>,
    /// What is in it.
    pub shipment_lines: Option<Vec<ShipmentLine>>,
    /// How it can be followed.
    pub tracking: Option<ShownTracking>,
}

impl Shipment {
    /// Does one of its lines bear this name of a package?
    #[must_use]
    pub fn is_package(&self, reference: &str) -> bool {
        let mut lines = self.shipment_lines.iter().flatten();
        lines.any(|line| line.package_reference.as_deref() == Some(reference))
    }
}

impl fmt::Debug for Shipment {
    // A tracking number leads to the address it goes to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shipment")
            .field("id", &self.id)
            .field("order_id", &self.order_id)
            .field("status", &self.status)
            .field("shipment_lines", &self.shipment_lines)
            .finish_non_exhaustive()
    }
}

/// Carrier and number of a shipment, as Mirakl shows them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ShownTracking {
    /// Code of a registered carrier.
    pub carrier_code: Option<String>,
    /// Its name.
    pub carrier_name: Option<String>,
    /// Tracking number.
    pub tracking_number: Option<String>,
}

/// An element that Mirakl refused, inside a 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentRefused {
    /// The order (ST01) or the shipment (ST23) it is about.
    pub about: String,
    /// Why, in a word of ours: Mirakl sends prose only, which may quote what was sent.
    pub reason: ShipmentRefusal,
}

/// Why a shipment was refused, as far as the prose can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShipmentRefusal {
    /// The order or the shipment is in another state.
    State,
    /// More pieces than are left to ship.
    Quantity,
    /// The tracking is missing or its carrier is not taken.
    Tracking,
    /// Anything else.
    Other,
}

impl ShipmentRefusal {
    fn of(message: &str) -> Self {
        let message = message.to_lowercase();
        let says = |word: &str| message.contains(word);
        if says("status") {
            Self::State
        } else if says("quantity") {
            Self::Quantity
        } else if says("tracking") || says("carrier") {
            Self::Tracking
        } else {
            Self::Other
        }
    }

    /// The word for it in evidence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Quantity => "quantity",
            Self::Tracking => "tracking",
            Self::Other => "other",
        }
    }
}

/// What became of shipments that were told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Those that stand, in Mirakl's order; tell them apart by their package.
    pub made: Vec<Shipment>,
    /// Those refused. They name the order and not the shipment: with several of one order in a call,
    /// which one is known only by what is missing in `made`.
    pub refused: Vec<ShipmentRefused>,
}

#[derive(Serialize)]
struct Sent<'a> {
    order_id: &'a str,
    shipment_lines: &'a [ShipmentLine],
    shipped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<SentTracking<'a>>,
}

/// The tracking of a shipment: its address is named otherwise than an order's.
#[derive(Serialize)]
struct SentTracking<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_url: Option<&'a str>,
}

impl<'a> From<&'a Tracking> for SentTracking<'a> {
    fn from(tracking: &'a Tracking) -> Self {
        Self {
            carrier_code: tracking.carrier_code.as_deref(),
            carrier_name: tracking.carrier_name.as_deref(),
            tracking_number: tracking.tracking_number.as_deref(),
            tracking_url: tracking.carrier_url.as_deref(),
        }
    }
}

impl Client {
    /// Tells shipments that have left, 1 to 1,000 a call; each stands or is refused by itself.
    ///
    /// Only for orders in SHIPPING, and only pieces that are left to ship. Mirakl does not know a
    /// repeated shipment again: after a lost answer ask [`Client::shipments`] for its package first.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the shipments before sending again; also where the answer does not
    /// account for each shipment. [`Error::Refused`]: several shipments are switched off, or the call
    /// has a wrong shape; nothing was made. [`Error::NotSent`], [`Error::Throttled`]: send again later.
    /// [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    /// [`Error::Config`]: none, too many, or one without lines.
    ///
    /// Source: Mirakl seller API, ST01.
    pub async fn create_shipments(&self, shipments: &[NewShipment]) -> Result<Told, Error> {
        #[derive(Deserialize)]
        struct Answered {
            shipment_success: Vec<Shipment>,
            shipment_errors: Vec<OrderRefused>,
        }
        #[derive(Deserialize)]
        struct OrderRefused {
            order_id: String,
            message: Option<String>,
        }
        let fits = (1..=SHIPMENTS_MOST).contains(&shipments.len());
        if !fits || shipments.iter().any(|s| s.lines.is_empty()) {
            return Err(Error::Config {
                call: "ST01",
                what: "not 1 to 1,000 shipments with lines",
            });
        }
        let sent: Vec<Sent<'_>> = shipments
            .iter()
            .map(|shipment| Sent {
                order_id: &shipment.order_id,
                shipment_lines: &shipment.lines,
                shipped: true,
                tracking: shipment.tracking.as_ref().map(SentTracking::from),
            })
            .collect();
        let body = BTreeMap::from([("shipments", sent)]);
        let answer = self
            .send(Call::post("ST01", "shipments").json(&body)?)
            .await?;
        let answered: Answered = answer.object()?;
        let told = answered.shipment_success.len() + answered.shipment_errors.len();
        if told != shipments.len() {
            return Err(answer.contradictory("shipment_success"));
        }
        let refused = answered.shipment_errors.into_iter();
        Ok(Told {
            made: answered.shipment_success,
            refused: refused
                .map(|error| ShipmentRefused {
                    about: error.order_id,
                    reason: ShipmentRefusal::of(&error.message.unwrap_or_default()),
                })
                .collect(),
        })
    }

    /// Reads every shipment of one order, page by page; the oldest first.
    ///
    /// An empty list means that Mirakl knows of none yet.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: the list is missing or has another shape; never take it for empty.
    /// [`Error::Refused`]: several shipments are switched off. [`Error::Throttled`]: wait as told.
    /// [`Error::Unreachable`], [`Error::NotSent`]: try again later. [`Error::Unauthorized`],
    /// [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, ST11.
    pub async fn shipments(&self, order_id: &str) -> Result<Vec<Shipment>, Error> {
        #[derive(Deserialize)]
        struct Listed {
            data: Vec<Shipment>,
            next_page_token: Option<String>,
        }
        let list = || Call::read("ST11", "shipments");
        let mut call = list()
            .query("order_id", Some(order_id.to_owned()))
            .query("limit", Some(ROWS.to_owned()));
        let mut found: Vec<Shipment> = vec![];
        loop {
            let answer = self.send(call).await?;
            let listed: Listed = answer.object()?;
            let is_last = listed.data.is_empty();
            found.extend(listed.data);
            match listed.next_page_token {
                Some(token) if !is_last => call = list().query("page_token", Some(token)),
                Some(_) => return Err(answer.contradictory("next_page_token")),
                None => break,
            }
        }
        found.retain(|shipment| shipment.order_id == order_id);
        Ok(found)
    }

    /// Writes the tracking of a shipment anew; it replaces what stood there.
    ///
    /// Harmless when repeated with the same values. Answers why Mirakl refused it, or nothing.
    ///
    /// # Errors
    /// [`Error::Unknown`]: send the same again. [`Error::Refused`]: the call has a wrong shape, or
    /// several shipments are switched off. [`Error::NotSent`], [`Error::Throttled`]: send again later.
    /// [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    ///
    /// Source: Mirakl seller API, ST23.
    pub async fn set_shipment_tracking(
        &self,
        shipment_id: &str,
        tracking: &Tracking,
    ) -> Result<Option<ShipmentRefusal>, Error> {
        #[derive(Serialize)]
        struct One<'a> {
            id: &'a str,
            tracking: SentTracking<'a>,
        }
        #[derive(Deserialize)]
        struct Answered {
            shipment_success: Vec<Named>,
            shipment_errors: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            id: String,
            message: Option<String>,
        }
        let one = One {
            id: shipment_id,
            tracking: tracking.into(),
        };
        let body = BTreeMap::from([("shipments", [one])]);
        let call = Call::post("ST23", "shipments/tracking").json(&body)?;
        let answer = self.send(call).await?;
        let answered: Answered = answer.object()?;
        let is_it = |named: &&Named| named.id == shipment_id;
        if let Some(refused) = answered.shipment_errors.iter().find(is_it) {
            let message = refused.message.as_deref().unwrap_or_default();
            return Ok(Some(ShipmentRefusal::of(message)));
        }
        match answered.shipment_success.iter().any(|n| is_it(&n)) {
            true => Ok(None),
            false => Err(answer.contradictory("shipment_success")),
        }
    }
}
