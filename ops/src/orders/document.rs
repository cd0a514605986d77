//! What is known of one order, as `--json` gives it.

use domain::exception::{Kind, Owner, Problem};
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::order::{Line, State};
use domain::progress::Corrections;
use domain::shipment::{Parcel, Quantity, Shipment};
use jiff::Timestamp;
use ledger::{Event, Exception, OrderRow};
use serde::Serialize;
use workflows::ids;

use super::aftercare::AftercareDocument;
use super::timeline::{Moment, timeline};
use crate::exceptions::ExceptionItem;
use crate::render::Named;
use crate::{advice, words};

/// `bcm orders show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct OrderDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Mirakl's order ID.
    pub order_id: String,
    /// Where it stands, a sentence.
    pub standing: String,
    /// Stage, in a word.
    pub stage: String,
    /// State on Mirakl, its own word.
    pub state: State,
    /// What it waits for, in a word; null while it works.
    pub waits_for: Option<String>,
    /// Its key in BlueCherry; null when it would not fit there.
    pub external_po: Option<String>,
    /// BlueCherry's number, once it exists.
    pub sales_order: Option<String>,
    /// By when the stage should be over, RFC 3339.
    pub due: Option<Timestamp>,
    /// The open problem.
    pub problem: Option<ProblemItem>,
    /// Is it held by a person?
    pub held: bool,
    /// Reason code of a person's cancel.
    pub cancel: Option<String>,
    /// A person's codes for this order alone.
    pub corrections: Corrections,
    /// When it was sold, RFC 3339.
    pub created_at: Timestamp,
    /// Total as Mirakl shows it, a decimal as text.
    pub total: String,
    /// ISO 4217.
    pub currency: String,
    /// Is its run over?
    pub finished: bool,
    /// Its lines.
    pub lines: Vec<LineItem>,
    /// Its shipments; of tracking numbers only whether there are any, since one leads to an address.
    pub shipments: Vec<ShipmentItem>,
    /// Its parcels, the first to leave first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<ParcelItem>,
    /// What came after the sale; left out while nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aftercare: Option<AftercareDocument>,
    /// What else of the order needs a person, beside the problem; each stops nothing but itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<OpenItem>,
    /// What happened, the oldest first.
    pub timeline: Vec<Moment>,
    /// Temporal's ID of its run.
    pub workflow_id: String,
    /// The run in Temporal's web UI, where its address is known.
    pub run: Option<String>,
}

/// The open problem of an order.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemItem {
    /// Its kind.
    pub kind: Kind,
    /// Whose it is.
    pub owner: Owner,
    /// The plain cause.
    pub cause: &'static str,
    /// Names and values.
    pub evidence: Vec<Named>,
    /// What to do.
    pub next_step: &'static str,
    /// Commands to type next.
    pub commands: Vec<String>,
}

/// Something of an order that needs a person while the rest goes on.
#[derive(Clone, Debug, Serialize)]
pub struct OpenItem {
    /// What it is.
    #[serde(flatten)]
    pub exception: ExceptionItem,
    /// Commands to type next.
    pub commands: Vec<String>,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct LineItem {
    /// Mirakl's line ID.
    pub line_id: String,
    /// The shop's SKU.
    pub offer_sku: String,
    /// Pieces.
    pub quantity: u32,
    /// State on Mirakl.
    pub state: State,
    /// Did BlueCherry take it? Null before the sales order stands.
    pub taken: Option<bool>,
    /// Why not, a code.
    pub reject_code: Option<String>,
}

/// A shipment of an order.
#[derive(Clone, Debug, Serialize)]
pub struct ShipmentItem {
    /// BlueCherry's ID.
    pub shipment_id: String,
    /// `partial` while more is to come, `final`, or `voided`.
    pub status: &'static str,
    /// Carrier as BlueCherry names it.
    pub carrier: String,
    /// Ship-via.
    pub ship_via: String,
    /// Parcels.
    pub parcels: usize,
    /// Parcels with a tracking number.
    pub tracked: usize,
    /// Pieces in all parcels.
    pub pieces: u64,
    /// When the warehouse confirmed it, RFC 3339.
    pub confirmed_at: Option<Timestamp>,
}

/// A parcel of an order: what is in it, and how Mirakl was told.
#[derive(Clone, Debug, Serialize)]
pub struct ParcelItem {
    /// Its name on both sides.
    pub parcel: String,
    /// Pieces by line.
    pub lines: Vec<Quantity>,
    /// Is there a tracking number? The number itself leads to an address.
    pub tracked: bool,
    /// When Mirakl was told, RFC 3339; empty while it was not.
    pub told_at: Option<Timestamp>,
    /// By which call: `ST01`, `OR24`, or empty when Mirakl knew it from somebody else.
    pub told_by: Option<&'static str>,
    /// The shipment left and was voided since.
    pub voided: bool,
}

/// Every parcel that left, and those that Mirakl was told of and that are gone since.
fn parcels(row: &OrderRow) -> Vec<ParcelItem> {
    let told = &row.progress.told;
    let of = |name: &str| told.iter().find(|one| one.parcel == name);
    let left = domain::parcel::left(&row.shipments);
    let item = |named: &domain::parcel::Named<'_>| ParcelItem {
        parcel: named.name.clone(),
        lines: named.parcel.lines.clone(),
        tracked: named.parcel.tracking_number.is_some(),
        told_at: of(&named.name).map(|one| one.at),
        told_by: of(&named.name).map(|one| one.call.code()),
        voided: false,
    };
    let gone = told
        .iter()
        .filter(|one| !left.iter().any(|named| named.name == one.parcel));
    let gone = gone.map(|one| ParcelItem {
        parcel: one.parcel.clone(),
        lines: one.lines.clone(),
        tracked: false,
        told_at: Some(one.at),
        told_by: Some(one.call.code()),
        voided: true,
    });
    left.iter().map(item).chain(gone).collect()
}

impl OrderDocument {
    pub(super) fn new(
        row: &OrderRow,
        events: &[Event],
        open: &[Exception],
        run: Option<String>,
        now: Timestamp,
    ) -> Self {
        let shown = row.shown.as_ref();
        let stage = match shown {
            Some(shown) => shown.stage.as_str(),
            None if row.ours => "new",
            None => "not_ours",
        };
        let problem = shown.and_then(|shown| shown.blocked_on.as_ref());
        let kind = problem.map(|p| p.kind);
        let waits_for = row.waits_for.clone();
        let booked = row.progress.sales_order.booked();
        let line = |line: &Line| {
            let answer = booked.and_then(|b| b.lines.iter().find(|l| l.line_id == line.line_id));
            LineItem {
                line_id: line.line_id.clone(),
                offer_sku: line.offer_sku.clone(),
                quantity: line.quantity,
                state: line.state.clone(),
                taken: answer.map(|a| a.taken),
                reject_code: answer.and_then(|a| a.reject_code.clone()),
            }
        };
        let standing = words::standing(stage, waits_for.as_deref(), kind, row.finished);
        let is_problem = |e: &Exception| Some(e.kind) == kind && e.subject == row.key.order_id;
        let others = open.iter().filter(|exception| !is_problem(exception));
        let exceptions: Vec<OpenItem> = others.map(|e| OpenItem::new(e, &row.key)).collect();
        Self {
            source: "ledger",
            as_of: now,
            marketplace: row.key.marketplace.clone(),
            order_id: row.key.order_id.clone(),
            standing: match exceptions.len() as u64 {
                0 => standing,
                n => {
                    let (things, verb) = if n == 1 {
                        ("thing", "needs")
                    } else {
                        ("things", "need")
                    };
                    format!("{standing} Meanwhile {n} {things} {verb} a person.")
                }
            },
            stage: stage.to_owned(),
            state: row.order.state.clone(),
            waits_for,
            external_po: row.external_po.clone(),
            sales_order: booked.map(|b| b.number.clone()),
            due: shown.and_then(|shown| shown.deadline),
            problem: problem.map(|p| ProblemItem::new(p, &row.key)),
            held: row.progress.held,
            cancel: row.progress.cancel.clone(),
            corrections: row.progress.corrections.clone(),
            created_at: row.order.created_at,
            total: row.order.total.clone(),
            currency: row.order.currency.clone(),
            finished: row.finished,
            lines: row.order.lines.iter().map(line).collect(),
            shipments: row.shipments.iter().map(ShipmentItem::from).collect(),
            parcels: parcels(row),
            aftercare: AftercareDocument::new(row, events, open, now),
            exceptions,
            timeline: timeline(row, events),
            workflow_id: ids::order(&row.key),
            run,
        }
    }
}

impl ProblemItem {
    fn new(problem: &Problem, key: &OrderKey) -> Self {
        let kind = problem.kind;
        Self {
            kind,
            owner: kind.owner(),
            cause: kind.cause(),
            evidence: Named::all(&problem.evidence),
            next_step: kind.next_step(),
            commands: advice::commands(kind, key, &problem.evidence),
        }
    }
}

impl OpenItem {
    fn new(exception: &Exception, key: &OrderKey) -> Self {
        Self {
            commands: advice::commands(exception.kind, key, &exception.evidence),
            exception: ExceptionItem::from(exception.clone()),
        }
    }
}

impl From<&Shipment> for ShipmentItem {
    fn from(shipment: &Shipment) -> Self {
        let pieces = shipment.parcels.iter().flat_map(|p| &p.lines);
        let tracked = |p: &&Parcel| p.tracking_number.is_some();
        Self {
            shipment_id: shipment.shipment_id.clone(),
            status: match (shipment.voided, shipment.is_final) {
                (true, _) => "voided",
                (false, true) => "final",
                (false, false) => "partial",
            },
            carrier: shipment.carrier.clone(),
            ship_via: shipment.ship_via.clone(),
            parcels: shipment.parcels.len(),
            tracked: shipment.parcels.iter().filter(tracked).count(),
            pieces: pieces.map(|q| u64::from(q.quantity)).sum(),
            confirmed_at: shipment.confirmed_at,
        }
    }
}
