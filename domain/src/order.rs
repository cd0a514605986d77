//! What is known of a Mirakl order, without anything that names a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refund::PaidOrder;

/// Where a Mirakl order or line stands. Words are Mirakl's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Under the operator's own checks; for information only.
    Staging,
    /// Waits for the seller's decision.
    WaitingAcceptance,
    /// Accepted; the operator has not been asked to debit yet.
    WaitingDebit,
    /// The operator has been asked to debit.
    WaitingDebitPayment,
    /// Paid, or payable later: the seller has to ship.
    Shipping,
    /// The seller confirmed the shipment.
    Shipped,
    /// At the collection point.
    ToCollect,
    /// The customer has it, or the operator's delay ran out.
    Received,
    /// Final.
    Closed,
    /// Every line refused.
    Refused,
    /// Cancelled before shipping, by whomever. Mirakl spells it with one L.
    Canceled,
    /// Line only: a dispute is open.
    IncidentOpen,
    /// Line only: refunded in full.
    Refunded,
    /// A word this program does not know yet; it holds this one order.
    #[serde(untagged)]
    Unknown(String),
}

impl State {
    /// Has the seller's acceptance been decided with "yes", by whomever?
    pub fn is_past_acceptance(&self) -> bool {
        use State::{
            Closed, Received, Shipped, Shipping, ToCollect, WaitingDebit, WaitingDebitPayment,
        };
        matches!(
            self,
            WaitingDebit | WaitingDebitPayment | Shipping | Shipped | ToCollect | Received | Closed
        )
    }

    /// Did the goods leave, as Mirakl sees it?
    pub fn is_shipped(&self) -> bool {
        matches!(
            self,
            Self::Shipped | Self::ToCollect | Self::Received | Self::Closed
        )
    }

    /// Is it over without goods having left?
    pub fn is_called_off(&self) -> bool {
        matches!(self, Self::Refused | Self::Canceled)
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Mirakl's line ID.
    pub line_id: String,
    /// The shop's own SKU of the offer.
    pub offer_sku: String,
    /// Pieces ordered.
    pub quantity: u32,
    /// Where the line stands.
    pub state: State,
    /// Pieces canceled one by one, by whomever; the quantity stays as it was sold.
    #[serde(default)]
    pub canceled: u32,
}

/// A Mirakl order as last read: codes, states, quantities and moments only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where the order stands.
    pub state: State,
    /// Why, when it was refused or cancelled. A code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// When it was sold.
    pub created_at: Timestamp,
    /// Mirakl's own stamp of the last change; the cursor is made of these.
    pub updated_at: Timestamp,
    /// When our side began to read this version.
    pub read_at: Timestamp,
    /// When the shop decided; empty when acceptance or refusal was automatic, or is due.
    #[serde(default)]
    pub decided_at: Option<Timestamp>,
    /// When the customer paid; empty before, and where payment comes after delivery.
    #[serde(default)]
    pub debited_at: Option<Timestamp>,
    /// Ship no later than; set once it may be shipped.
    #[serde(default)]
    pub ship_by: Option<Timestamp>,
    /// Shipping method, a code of the operator (SH12).
    pub shipping_type: String,
    /// Code of the fulfilment center.
    #[serde(default)]
    pub center: Option<String>,
    /// Says Mirakl that the whole order may be cancelled now (OR29)?
    pub can_cancel: bool,
    /// Is a delivery address there? It is null before SHIPPING.
    pub has_address: bool,
    /// Tracking number that Mirakl holds.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Sales order number written back to Mirakl (`order_reference_for_seller`).
    #[serde(default)]
    pub seller_reference: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Total as Mirakl shows it, a decimal as text, for tables.
    pub total: String,
    /// The lines, in Mirakl's order.
    pub lines: Vec<Line>,
    /// What was paid and what went back, by line; empty for an order that an older program read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<PaidOrder>,
    /// Since when the longest waiting refund is asked for and not paid back; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_pending_since: Option<Timestamp>,
}

impl Order {
    /// The first word in the order that this program does not know.
    pub fn unknown_word(&self) -> Option<&str> {
        let states = std::iter::once(&self.state).chain(self.lines.iter().map(|l| &l.state));
        states.into_iter().find_map(|state| match state {
            State::Unknown(word) => Some(word.as_str()),
            _ => None,
        })
    }

    /// Lines that are still to be fulfilled.
    pub fn open_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .filter(|l| !l.state.is_called_off() && l.state != State::Refunded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_nobody_knows_yet_is_kept_as_it_came() {
        let state: State = serde_json::from_str("\"TELEPORTING\"").unwrap();
        assert_eq!(state, State::Unknown("TELEPORTING".into()));
        assert_eq!(serde_json::to_string(&state).unwrap(), "\"TELEPORTING\"");
        let known: State = serde_json::from_str("\"WAITING_DEBIT_PAYMENT\"").unwrap();
        assert_eq!(known, State::WaitingDebitPayment);
    }
}
