//! What stands written of an order's aftercare on our side.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exception::Problem;
use crate::refund;
use crate::shipment::Quantity;

/// How far our side is with cancelations, returns and refunds. Grows by optional fields only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Care {
    /// Refunds that were sent to Mirakl, or that stand there for a credit, in that order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<refund::Sent>,
    /// Units that Mirakl was told are canceled, before money was taken (OR30).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cancelations: Vec<SentCancelation>,
    /// An answer was lost: an order read before this moment does not tell what became of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_after: Option<Timestamp>,
    /// For which shipments and papers the order was asked for, to be read before money goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked: Option<Looked>,
    /// What goes no further for now; each stops nothing but itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<Stop>,
    /// Units as BlueCherry has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erp_units: Option<ErpUnits>,
    /// What each return was brought to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<ReturnTold>,
    /// Refunds that Mirakl made until this moment are not among those above: this ledger was rebuilt
    /// then, and which credit each of them stands for is known only where the money is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunds_lost_at: Option<Timestamp>,
    /// An incident that a person settled and of which Mirakl is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolving: Option<Resolving>,
}

/// An order that is read anew before money goes back: somebody may have repaid it in the portal since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Shipments and papers then seen.
    pub shipments_version: i64,
    /// An order read earlier says nothing.
    pub since: Timestamp,
}

/// An incident that a person settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolving {
    /// Mirakl's line.
    pub order_line_id: String,
    /// Why, a code of the operator.
    pub reason_code: String,
}

/// The name of a line's incident among what is stopped or needs a person.
pub fn incident_key(order_line_id: &str) -> String {
    format!("incident/{order_line_id}")
}

impl Care {
    /// Is nothing written at all?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a return was brought to so far.
    pub fn told_of(&self, subject: &str) -> Option<&ReturnTold> {
        self.returns.iter().find(|told| told.subject == subject)
    }

    /// Notes of a return, changing what stands there.
    pub fn tell(&mut self, subject: &str, change: impl FnOnce(&mut ReturnTold)) {
        let place = self.returns.iter().position(|t| t.subject == subject);
        let told = match place {
            Some(place) => &mut self.returns[place],
            None => {
                self.returns.push(ReturnTold {
                    subject: subject.to_owned(),
                    ..ReturnTold::default()
                });
                let last = self.returns.len() - 1;
                &mut self.returns[last]
            }
        };
        change(told);
    }

    /// Lets nothing of this subject stop any more.
    pub fn unstop(&mut self, subject: &str) {
        self.stops.retain(|stop| stop.subject != subject);
    }

    /// Units of a line that Mirakl took as canceled from us.
    pub fn canceled_by_us(&self, order_line_id: &str) -> u32 {
        let ours = self.cancelations.iter();
        ours.filter(|c| c.order_line_id == order_line_id && c.is_done)
            .map(|c| c.to.saturating_sub(c.from))
            .fold(0, u32::saturating_add)
    }

    /// Units of a line that were refunded and need not be shipped any more.
    pub fn excluded(&self, order_line_id: &str) -> u32 {
        refund::excluded(&self.refunds, order_line_id)
    }
}

/// Units of a line that Mirakl was told are canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCancelation {
    /// Mirakl's line.
    pub order_line_id: String,
    /// Units canceled before these.
    pub from: u32,
    /// Units canceled with these.
    pub to: u32,
    /// Is it known that Mirakl took it? Else the answer was lost.
    pub is_done: bool,
}

impl SentCancelation {
    /// A cancelation by its name; empty for what is no such name.
    pub fn of_key(key: &str) -> Option<Self> {
        let (line, units) = key.strip_prefix("cancel/")?.rsplit_once('/')?;
        let (from, to) = units.split_once('-')?;
        Some(Self {
            order_line_id: line.to_owned(),
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            is_done: true,
        })
    }

    /// The name under which the ledger keeps it.
    pub fn key(&self) -> String {
        cancelation_key(&self.order_line_id, self.from, self.to)
    }
}

/// The name of a cancelation of units; the same units have the same for ever.
pub(super) fn cancelation_key(order_line_id: &str, from: u32, to: u32) -> String {
    format!("cancel/{order_line_id}/{from}-{to}")
}

/// Something that goes no further until its cause may have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What it is, for example `memo/CM1/1`.
    pub subject: String,
    /// Why.
    pub problem: Problem,
    /// When it is tried again by itself; empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
    /// Mapping tables, order and papers that were then seen: newer ones may be the cure.
    pub mapping_version: i64,
    /// The order's.
    pub order_version: i64,
    /// That of shipments and papers.
    pub shipments_version: i64,
    /// Nobody knows what became of it, so nothing but a person's `retry` sends it again.
    #[serde(default)]
    pub is_parked: bool,
}

/// Units as BlueCherry's sales order shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpUnits {
    /// Canceled units, by Mirakl's line; lines without any are left out.
    pub canceled: Vec<Quantity>,
    /// Units that Mirakl canceled and that BlueCherry could not cancel any more, by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_canceled: Vec<Quantity>,
    /// Shipments and papers then seen: a newer one may have changed the units.
    pub shipments_version: i64,
    /// When it is looked at again, while BlueCherry does not confirm what fell short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
}

impl ErpUnits {
    /// Canceled units of a line.
    pub fn canceled(&self, line_id: &str) -> u32 {
        of(&self.canceled, line_id)
    }
}

/// Units of a line in a list.
pub(super) fn of(list: &[Quantity], line_id: &str) -> u32 {
    let of_it = list.iter().filter(|q| q.line_id == line_id);
    of_it.map(|q| q.quantity).fold(0, u32::saturating_add)
}

/// What one return was brought to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReturnTold {
    /// Mirakl's return ID, or `ra/` and the ERP's number for one that began there.
    pub subject: String,
    /// The ERP's number, once it is authorized.
    pub ra_number: Option<String>,
    /// Steps that the other side took, by their words.
    pub taken: Vec<String>,
}
