//! The next step of an order's life, and what people see of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exception::{Kind, Owner, Problem};

/// What an order's run does next. Stands in Temporal's history: codes only, optional fields only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Create the sales order, on hold and without a ship-to.
    CreateSalesOrder,
    /// Look whether a queued or doubtful sales order shows by now.
    FindSalesOrder,
    /// Tell Mirakl which lines are taken (OR21).
    AcceptLines,
    /// Refuse the whole order on Mirakl (OR21).
    RefuseLines,
    /// Give the sales order its ship-to and release it.
    Release,
    /// Cancel the sales order in BlueCherry.
    CancelSalesOrder,
    /// Cancel the whole order on Mirakl (OR29).
    CancelOrder,
    /// Send carrier and tracking number (OR23).
    SendTracking,
    /// Confirm the shipment (OR24).
    ConfirmShipment,
    /// Tell each parcel that left as a shipment of its own (ST01).
    TellParcels,
    /// Send the corrected tracking of a parcel that was told (ST23).
    CorrectTracking,
    /// Cancel the units in BlueCherry that Mirakl canceled.
    CancelUnits,
    /// Look in BlueCherry which units of the sales order are canceled.
    ReadUnits,
    /// Cancel units on Mirakl before money was taken (OR30).
    CancelLines,
    /// Repay what was credited (OR28).
    Refund,
    /// Bring returns on, on either side.
    ForwardReturns,
    /// Tell Mirakl that an incident is settled (OR64).
    ResolveIncident,
    /// Nothing to do until there is news.
    Wait(Wait),
    /// The order's run is over.
    Done(Outcome),
}

/// Sends without a known outcome after which a money write waits for a person.
pub const UNKNOWNS_MAX: usize = 3;

impl Step {
    /// Is this step a write to either side?
    pub fn is_effect(&self) -> bool {
        !matches!(
            self,
            Self::FindSalesOrder | Self::ReadUnits | Self::Wait(_) | Self::Done(_)
        )
    }

    /// Does this write bind money or goods, so that three sends without a known outcome park it?
    ///
    /// The sales order, its cancellation, and what pays the customer back on Mirakl: cancelations and
    /// refunds. Acceptance, tracking, shipment and returns are guarded by a state or overwrite.
    pub fn is_money(&self) -> bool {
        matches!(
            self,
            Self::CreateSalesOrder
                | Self::CancelSalesOrder
                | Self::CancelOrder
                | Self::CancelUnits
                | Self::CancelLines
                | Self::Refund
        )
    }

    /// The word of a step in tables, intents, `mark_done` and exceptions.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::CreateSalesOrder => "create_sales_order",
            Self::FindSalesOrder => "find_sales_order",
            Self::AcceptLines => "accept_lines",
            Self::RefuseLines => "refuse_lines",
            Self::Release => "release",
            Self::CancelSalesOrder => "cancel_sales_order",
            Self::CancelOrder => "cancel_order",
            Self::SendTracking => "send_tracking",
            Self::ConfirmShipment => "confirm_shipment",
            Self::TellParcels => "tell_parcels",
            Self::CorrectTracking => "correct_tracking",
            Self::CancelUnits => "cancel_units",
            Self::ReadUnits => "read_units",
            Self::CancelLines => "cancel_lines",
            Self::Refund => "refund",
            Self::ForwardReturns => "forward_returns",
            Self::ResolveIncident => "resolve_incident",
            Self::Wait(_) => "wait",
            Self::Done(_) => "done",
        }
    }
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// The operator's own checks.
    Validation,
    /// The operator to debit the customer.
    Payment,
    /// The delivery address.
    Address,
    /// BlueCherry's next cycle to show a queued order.
    Queue,
    /// The next pull of orders, to see what became of a call.
    ReadBack,
    /// The warehouse.
    Shipment,
    /// A tracking number that is late.
    Tracking,
    /// Returns and refunds, until the aftercare time is over.
    Aftercare,
    /// A person's `release`.
    Held,
    /// The shop runs dry: this step would come now.
    DryRun(String),
    /// A person.
    Person(Problem),
}

impl Wait {
    /// What is waited for, in a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Payment => "payment",
            Self::Address => "address",
            Self::Queue => "queue",
            Self::ReadBack => "read_back",
            Self::Shipment => "shipment",
            Self::Tracking => "tracking",
            Self::Aftercare => "aftercare",
            Self::Held => "held",
            Self::DryRun(_) => "dry_run",
            Self::Person(_) => "person",
        }
    }
}

/// How an order's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Shipped, and the aftercare time is over or Mirakl closed it.
    Fulfilled,
    /// Refused on Mirakl; no open sales order is left.
    Refused,
    /// Cancelled on Mirakl; no open sales order is left.
    Cancelled,
    /// Not ours: fulfilled by the operator, or older than the take-over.
    NotOurs,
    /// A person settled it.
    SettledByHand,
}

/// Where an order stands, in a word for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Seen; no sales order yet.
    New,
    /// The sales order stands; Mirakl is being told.
    Accepting,
    /// Accepted; the customer's payment is awaited.
    AwaitingPayment,
    /// Paid; being released to the warehouse.
    Releasing,
    /// With the warehouse.
    AwaitingShipment,
    /// Left the warehouse; Mirakl is being told.
    Confirming,
    /// Shipped.
    Shipped,
    /// Being called off.
    Cancelling,
    /// Refused.
    Refused,
    /// Cancelled.
    Cancelled,
    /// Listed only.
    NotOurs,
}

impl Stage {
    /// The word in tables and search attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Accepting => "accepting",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Releasing => "releasing",
            Self::AwaitingShipment => "awaiting_shipment",
            Self::Confirming => "confirming",
            Self::Shipped => "shipped",
            Self::Cancelling => "cancelling",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::NotOurs => "not_ours",
        }
    }
}

/// What the Temporal UI and the lists show of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where it stands.
    pub stage: Stage,
    /// Sales order number, once it exists.
    #[serde(default)]
    pub sales_order: Option<String>,
    /// What a person has to settle.
    #[serde(default)]
    pub blocked_on: Option<Problem>,
    /// By when the current stage should be over.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
}

impl Shown {
    /// Kind of the open problem.
    pub fn kind(&self) -> Option<Kind> {
        self.blocked_on.as_ref().map(|p| p.kind)
    }

    /// Who has to act; nobody while all goes well.
    pub fn owner(&self) -> Option<Owner> {
        self.kind().map(Kind::owner)
    }
}

/// Answer of every activity of an order's run: what comes next, and what to show meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What comes next.
    pub step: Step,
    /// What to show.
    pub shown: Shown,
}
