//! How far we are with an order, and what people said about it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aftercare::Care;
use crate::exception::{Kind, Problem};
use crate::step::Step;

/// What stands written about an order on our side. Grows by optional fields only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The sales order in BlueCherry.
    pub sales_order: SalesOrder,
    /// First seen past acceptance: by itself, or by hand in the portal.
    pub accepted_elsewhere: bool,
    /// BlueCherry refused the whole order for want of stock: the policy for short stock applies.
    pub no_stock: bool,
    /// What we told Mirakl of acceptance.
    pub acceptance: Acceptance,
    /// The operator said that this shop may not accept in part.
    pub partial_forbidden: bool,
    /// Ship-to set and hold released.
    pub released: bool,
    /// The sales order was cancelled; pieces that BlueCherry could not cancel.
    pub cancelled: Option<Cancelled>,
    /// The whole order was cancelled on Mirakl by us.
    pub order_cancelled: Sent,
    /// Tracking that Mirakl was given, by shipment.
    pub tracking: Option<String>,
    /// Shipment confirmation that Mirakl was given.
    pub shipment: Sent,
    /// Parcels that Mirakl knows of, in the order they were told.
    pub told: Vec<crate::parcel::ToldParcel>,
    /// A parcel's tracking number is waited for.
    pub tracking_awaited: Option<TrackingAwaited>,
    /// Why the current step cannot go on.
    pub blocked: Option<Blocked>,
    /// A person holds the order.
    pub held: bool,
    /// A person wants it called off; the reason is a code.
    pub cancel: Option<String>,
    /// A person's mapping codes for this order alone.
    pub corrections: Corrections,
    /// A person took care of what is left after goods could not be cancelled.
    pub settled_by_hand: bool,
    /// Partial cancelations, returns and refunds.
    #[serde(skip_serializing_if = "Care::is_empty")]
    pub care: Care,
}

impl Progress {
    /// Takes in what a newly read order proves of calls whose answer was lost, and of acceptance that
    /// was not ours. Answers the effects that are settled by it, by the word of their step.
    pub fn absorb(&mut self, order: &crate::order::Order) -> Vec<String> {
        use crate::order::State;
        let mut settled = vec![];
        if order.state.is_past_acceptance() {
            match self.acceptance {
                Acceptance::Doubtful { .. } => settled.push("accept_lines"),
                Acceptance::None => self.accepted_elsewhere = true,
                Acceptance::Told { .. } => {}
            }
            self.acceptance = Acceptance::Told { accepted: true };
        }
        if order.state == State::Refused && matches!(self.acceptance, Acceptance::Doubtful { .. }) {
            settled.extend(["accept_lines", "refuse_lines"]);
            self.acceptance = Acceptance::Told { accepted: false };
        }
        // Called off after the shop had decided: had it refused, the order would stand refused.
        if order.state == State::Canceled
            && order.decided_at.is_some()
            && matches!(self.acceptance, Acceptance::Doubtful { .. })
        {
            settled.push("accept_lines");
            self.acceptance = Acceptance::Told { accepted: true };
        }
        if order.state.is_shipped() && matches!(self.shipment, Sent::Doubtful { .. }) {
            settled.push("confirm_shipment");
            self.shipment = Sent::Yes;
        }
        if order.state == State::Canceled && matches!(self.order_cancelled, Sent::Doubtful { .. }) {
            settled.push("cancel_order");
            self.order_cancelled = Sent::Yes;
        }
        let mut settled: Vec<String> = settled.into_iter().map(str::to_owned).collect();
        settled.extend(self.care.absorb(order));
        settled
    }
}

/// The sales order, as far as we can be sure of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesOrder {
    /// Never sent.
    #[default]
    None,
    /// Sent, and the answer is not known yet.
    Doubtful,
    /// BlueCherry queued it: not there until a look-up shows it.
    Queued {
        /// Since when.
        since: Timestamp,
        /// When to look next.
        look_at: Timestamp,
        /// From when on this is an exception.
        late_at: Timestamp,
    },
    /// It is there.
    There(Booked),
}

impl SalesOrder {
    /// The order, when it is known to be there.
    pub fn booked(&self) -> Option<&Booked> {
        match self {
            Self::There(booked) => Some(booked),
            _ => None,
        }
    }
}

/// A sales order that BlueCherry showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// BlueCherry's number.
    pub number: String,
    /// Version last seen.
    pub version: i64,
    /// Answer for each line.
    pub lines: Vec<BookedLine>,
}

/// BlueCherry's answer for a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedLine {
    /// Mirakl's line ID.
    pub line_id: String,
    /// Did BlueCherry take it?
    pub taken: bool,
    /// Why not. A code.
    #[serde(default)]
    pub reject_code: Option<String>,
}

/// What we told Mirakl of acceptance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Nothing.
    #[default]
    None,
    /// Sent, and only an order read after this moment tells what became of it.
    Doubtful {
        /// An order read earlier proves nothing.
        read_after: Timestamp,
    },
    /// Mirakl took our decision.
    Told {
        /// Were lines accepted (else all refused)?
        accepted: bool,
    },
}

/// A call that Mirakl guards by the order's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Not sent.
    #[default]
    No,
    /// Sent, and only an order read after this moment tells what became of it.
    Doubtful {
        /// An order read earlier proves nothing.
        read_after: Timestamp,
    },
    /// Mirakl took it.
    Yes,
}

/// What became of cancelling the sales order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// Pieces BlueCherry could not cancel any more.
    pub not_cancelled: u32,
}

/// A parcel left without the tracking number that its carrier or shipping method needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingAwaited {
    /// Shipments then seen; a newer one may hold the number.
    pub shipments_version: i64,
    /// How long it is waited for before a person is asked.
    pub until: Timestamp,
}

/// A step that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The step, by its word.
    pub step: String,
    /// Why.
    pub problem: Problem,
    /// Mapping version then in force; a newer one may be the cure.
    pub mapping_version: i64,
    /// Order version then seen; news of the order may be the cure.
    pub order_version: i64,
    /// Shipments then seen.
    pub shipments_version: i64,
    /// When to look, and only look, whether its cause is gone; empty where news tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
}

impl Blocked {
    /// Is it parked because nobody knows what became of its write? Then nothing but a person's
    /// `retry` sends it again: what was sent keeps its body, so no code and no cancel is an answer.
    pub fn is_parked(&self) -> bool {
        matches!(
            self.problem.kind,
            Kind::OutcomeUnknown | Kind::DuplicateUnseen
        )
    }

    /// The step at which a problem parks an order; `None` for one that parks none.
    pub fn parked_step(problem: &Problem) -> Option<Step> {
        let mut evidence = problem.evidence.iter();
        let call = evidence.find(|(name, _)| name == "call");
        match (problem.kind, call.map(|(_, call)| call.as_str())) {
            (Kind::DuplicateUnseen, _) | (Kind::OutcomeUnknown, Some("create_sales_order")) => {
                Some(Step::CreateSalesOrder)
            }
            (Kind::OutcomeUnknown, Some("cancel_lines")) => Some(Step::CancelSalesOrder),
            (Kind::OutcomeUnknown, Some("OR29")) => Some(Step::CancelOrder),
            _ => None,
        }
    }

    /// Is it parked at this step?
    pub fn is_parked_at(&self, step: &Step) -> bool {
        self.is_parked() && self.step == step.as_str()
    }
}

/// A person's codes for one order, over the mapping tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Corrections {
    /// BlueCherry SKU by offer SKU.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skus: BTreeMap<String, String>,
    /// Division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<String>,
    /// Ship-via.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ship_via: Option<String>,
    /// Mirakl carrier code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
    /// Credits that look posted twice and are right, by their names, for example `memo/CM000002/1`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub approved: BTreeSet<String>,
}

impl Corrections {
    /// Lays newer corrections over these.
    pub fn merge(&mut self, newer: Self) {
        self.skus.extend(newer.skus);
        let Self {
            division,
            warehouse,
            ship_via,
            carrier_code,
            approved,
            ..
        } = newer;
        self.approved.extend(approved);
        self.division = division.or(self.division.take());
        self.warehouse = warehouse.or(self.warehouse.take());
        self.ship_via = ship_via.or(self.ship_via.take());
        self.carrier_code = carrier_code.or(self.carrier_code.take());
    }

    /// Says nothing at all?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fulfillment::tests::{at, order};
    use crate::order::State;

    #[test]
    fn what_an_order_shows_settles_what_was_in_doubt() {
        let read_after = at(5);
        let doubt = |state: State| {
            let mut p = Progress {
                acceptance: Acceptance::Doubtful { read_after },
                shipment: Sent::Doubtful { read_after },
                order_cancelled: Sent::Doubtful { read_after },
                ..Progress::default()
            };
            let settled = p.absorb(&order(state));
            (p, settled)
        };
        let (p, settled) = doubt(State::WaitingAcceptance);
        assert_eq!(
            (p.shipment, settled.len()),
            (Sent::Doubtful { read_after }, 0)
        );
        let (p, settled) = doubt(State::WaitingDebit);
        assert_eq!(p.acceptance, Acceptance::Told { accepted: true });
        assert!(!p.accepted_elsewhere, "the doubtful call was ours");
        assert_eq!(settled, ["accept_lines"]);
        let (p, _) = doubt(State::Refused);
        assert_eq!(p.acceptance, Acceptance::Told { accepted: false });
        let (p, settled) = doubt(State::Shipped);
        assert_eq!(p.shipment, Sent::Yes);
        assert_eq!(settled, ["accept_lines", "confirm_shipment"]);
        let (p, settled) = doubt(State::Canceled);
        assert_eq!(p.order_cancelled, Sent::Yes);
        assert_eq!(settled, ["cancel_order"], "called off before any decision");
    }

    #[test]
    fn an_order_called_off_after_the_shop_decided_had_been_accepted() {
        let mut p = Progress {
            acceptance: Acceptance::Doubtful { read_after: at(5) },
            ..Progress::default()
        };
        let called_off = crate::order::Order {
            decided_at: Some(at(3)),
            ..order(State::Canceled)
        };
        assert_eq!(p.absorb(&called_off), ["accept_lines"]);
        assert_eq!(p.acceptance, Acceptance::Told { accepted: true });
    }

    #[test]
    fn an_order_first_seen_past_acceptance_was_accepted_elsewhere() {
        let mut p = Progress::default();
        assert!(p.absorb(&order(State::Shipping)).is_empty());
        assert!(p.accepted_elsewhere);
        assert_eq!(p.acceptance, Acceptance::Told { accepted: true });
    }

    #[test]
    fn newer_corrections_lie_over_older_ones() {
        let mut held = Corrections {
            warehouse: Some("NJ1".into()),
            ..Corrections::default()
        };
        held.skus.insert("A".into(), "1".into());
        let mut newer = Corrections {
            ship_via: Some("UPSG".into()),
            ..Corrections::default()
        };
        newer.skus.insert("A".into(), "2".into());
        held.merge(newer);
        assert_eq!(held.warehouse.as_deref(), Some("NJ1"));
        assert_eq!(held.ship_via.as_deref(), Some("UPSG"));
        assert_eq!(held.skus["A"], "2");
    }
}
