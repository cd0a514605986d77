//! Parcels one by one: which Mirakl was told of, by which call, and what became of them since.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::exception::{Kind, Problem};
use crate::progress::Progress;
use crate::shipment::{Parcel, Quantity, Shipment, counting};

/// A parcel that Mirakl knows of. Grows by optional fields only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldParcel {
    /// Its name, from [`name`].
    pub parcel: String,
    /// Version of its shipment whose tracking Mirakl has.
    pub version: i64,
    /// What is in it, as told.
    pub lines: Vec<Quantity>,
    /// By which call.
    pub call: ToldBy,
    /// Mirakl's ID of the shipment, where the parcel is one of its own.
    #[serde(default)]
    pub shipment: Option<String>,
    /// When Mirakl was told, or was seen to know.
    pub at: Timestamp,
}

/// How Mirakl came to know of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldBy {
    /// As a shipment of its own (ST01).
    Shipment,
    /// With the whole order (OR24).
    Order,
    /// Not by us: Mirakl shows the order shipped, and no shipment of this name.
    Elsewhere,
}

impl ToldBy {
    /// Mirakl's code of the call; empty when it was not ours.
    pub fn code(self) -> &'static str {
        match self {
            Self::Shipment => "ST01",
            Self::Order => "OR24",
            Self::Elsewhere => "",
        }
    }
}

/// A parcel that left, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Its name; stands on Mirakl as the package of its lines.
    pub name: String,
    /// The shipment it is in.
    pub shipment: &'a Shipment,
    /// The parcel.
    pub parcel: &'a Parcel,
}

/// Names a parcel the same through all versions of its shipment.
pub fn name(shipment: &Shipment, place: usize, parcel: &Parcel) -> String {
    match &parcel.parcel_id {
        Some(id) => format!("{}/{id}", shipment.shipment_id),
        None => format!("{}/{}", shipment.shipment_id, place + 1),
    }
}

/// Every parcel that counts and holds something, the first to leave first.
pub fn left(shipments: &[Shipment]) -> Vec<Named<'_>> {
    let mut all: Vec<Named<'_>> = counting(shipments)
        .flat_map(|shipment| {
            let parcels = shipment.parcels.iter().enumerate();
            parcels.map(move |(place, parcel)| Named {
                name: name(shipment, place, parcel),
                shipment,
                parcel,
            })
        })
        .filter(|named| !named.parcel.lines.is_empty())
        .collect();
    all.sort_by(|a, b| {
        let when = |n: &Named<'_>| n.shipment.confirmed_at;
        (when(a), &a.name).cmp(&(when(b), &b.name))
    });
    all
}

/// Parcels that left and that Mirakl was not told of; those that take a voided one's place are no
/// news, but a correction of it.
pub fn untold<'a>(progress: &Progress, shipments: &'a [Shipment]) -> Vec<Named<'a>> {
    let replacing = replacements(progress, shipments);
    let mut all = left(shipments);
    all.retain(|named| {
        let is_told = progress.told.iter().any(|told| told.parcel == named.name);
        !is_told && !replacing.iter().any(|(_, by)| by.name == named.name)
    });
    all
}

/// Parcels told as shipments of their own whose tracking Mirakl has of an older version, or of a
/// voided parcel that another one took the place of; by place in [`Progress::told`].
pub fn corrections<'a>(progress: &Progress, shipments: &'a [Shipment]) -> Vec<(usize, Named<'a>)> {
    let all = left(shipments);
    let told = progress.told.iter().enumerate();
    let mut newer: Vec<(usize, Named<'a>)> = told
        .filter_map(|(place, told)| {
            let now = all.iter().find(|named| named.name == told.parcel)?;
            let is_newer = now.shipment.version > told.version && is_same(told, now);
            is_newer.then(|| (place, now.clone()))
        })
        .collect();
    newer.extend(replacements(progress, shipments));
    newer.retain(|(place, _)| progress.told[*place].call == ToldBy::Shipment);
    newer
}

/// Voided parcels, each with an untold one of the same lines: the goods went out once more.
fn replacements<'a>(progress: &Progress, shipments: &'a [Shipment]) -> Vec<(usize, Named<'a>)> {
    let all = left(shipments);
    let is_told = |named: &Named<'_>| progress.told.iter().any(|told| told.parcel == named.name);
    let mut free: Vec<Named<'a>> = all.iter().filter(|n| !is_told(n)).cloned().collect();
    let gone = progress.told.iter().enumerate();
    gone.filter(|(_, told)| !all.iter().any(|named| named.name == told.parcel))
        .filter_map(|(place, told)| {
            let found = free.iter().position(|named| is_same(told, named))?;
            Some((place, free.remove(found)))
        })
        .collect()
}

fn is_same(told: &ToldParcel, now: &Named<'_>) -> bool {
    let sorted = |lines: &[Quantity]| {
        let mut lines: Vec<_> = lines
            .iter()
            .map(|l| (l.line_id.clone(), l.quantity))
            .collect();
        lines.sort();
        lines
    };
    sorted(&told.lines) == sorted(&now.parcel.lines)
}

/// What is wrong with parcels that Mirakl was told of: voided and not sent again, or of other
/// contents since.
pub fn changed(progress: &Progress, shipments: &[Shipment]) -> Option<Problem> {
    let all = left(shipments);
    let replaced = replacements(progress, shipments);
    let mut problem: Option<Problem> = None;
    for (place, told) in progress.told.iter().enumerate() {
        let now = all.iter().find(|named| named.name == told.parcel);
        let word = match now {
            Some(now) if is_same(told, now) => continue,
            Some(_) => "other_contents",
            None if replaced.iter().any(|(at, _)| *at == place) => continue,
            None => "voided",
        };
        let so_far = problem.unwrap_or_else(|| Problem::new(Kind::ToldParcelChanged));
        problem = Some(so_far.with(&told.parcel, word));
    }
    problem
}

#[cfg(test)]
#[path = "parcel/tests.rs"]
mod tests;
