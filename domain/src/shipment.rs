//! What BlueCherry says left the warehouse, and how the carrier is named to Mirakl.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A fulfilment of BlueCherry: one shipment that the warehouse confirmed. It counts unless voided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// BlueCherry's shipment ID.
    pub shipment_id: String,
    /// Grows with each change of the same shipment.
    pub version: i64,
    /// Nothing more of the order will be shipped.
    pub is_final: bool,
    /// Taken back by the warehouse.
    pub voided: bool,
    /// Ship-via code of BlueCherry.
    pub ship_via: String,
    /// Carrier as BlueCherry names it.
    pub carrier: String,
    /// When the warehouse confirmed it.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// One entry a parcel.
    pub parcels: Vec<Parcel>,
    /// Pieces that were picked and not shipped, by line.
    #[serde(default)]
    pub short: Vec<Quantity>,
}

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// BlueCherry's ID of it; the place in the shipment stands for one that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel_id: Option<String>,
    /// Carrier's number, where there is one.
    #[serde(default)]
    pub tracking_number: Option<String>,
    /// Page to follow it on, where the ERP knows one.
    #[serde(default)]
    pub tracking_url: Option<String>,
    /// What is inside.
    pub lines: Vec<Quantity>,
}

/// So many pieces of an order line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// Mirakl's line ID.
    pub line_id: String,
    /// Pieces.
    pub quantity: u32,
}

/// What stands shipped for an order, all its counting shipments taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shipped<'a> {
    /// Nothing yet.
    Nothing,
    /// The whole order; the parcel that left first, whose tracking stands for an order that Mirakl
    /// takes as one shipment only.
    Whole(&'a Shipment, &'a Parcel),
    /// Less than ordered, and more is to come.
    Part,
    /// Less than ordered, and the warehouse says of all that is missing that it will not come.
    Short,
    /// More than ordered, or a line that is not in the order.
    Excess,
}

/// Adds up what was shipped against what is open on the order.
///
/// An empty list of shipments, or one of voided ones, is [`Shipped::Nothing`].
pub fn shipped<'a>(open: &[Quantity], shipments: &'a [Shipment]) -> Shipped<'a> {
    let counting: Vec<&Shipment> = counting(shipments).collect();
    let mut parcels: Vec<(&Shipment, &Parcel)> = counting
        .iter()
        .flat_map(|s| s.parcels.iter().map(move |p| (*s, p)))
        .collect();
    if counting.is_empty() {
        return Shipped::Nothing;
    }
    let sent = |line: &str| sum(parcels.iter().flat_map(|(_, p)| &p.lines), line);
    let short = |line: &str| sum(counting.iter().flat_map(|s| &s.short), line);
    let known = |line: &str| open.iter().any(|q| q.line_id == line);
    let mut lines = parcels.iter().flat_map(|(_, p)| &p.lines);
    let strange = lines.any(|q| !known(&q.line_id));
    let mut wanted = open
        .iter()
        .map(|q| (u64::from(q.quantity), q.line_id.as_str()));
    if strange || wanted.clone().any(|(wanted, line)| sent(line) > wanted) {
        return Shipped::Excess;
    }
    if wanted.clone().any(|(wanted, line)| sent(line) < wanted) {
        let is_over = counting.iter().any(|s| s.is_final);
        let comes = !is_over && wanted.any(|(wanted, line)| sent(line) + short(line) < wanted);
        return if comes { Shipped::Part } else { Shipped::Short };
    }
    parcels.sort_by_key(|(s, _)| (s.confirmed_at, &s.shipment_id));
    match parcels.first() {
        Some((shipment, parcel)) => Shipped::Whole(shipment, parcel),
        None => Shipped::Nothing,
    }
}

/// Units of each line that are open and in no shipment that counts; lines that miss none are left out.
pub fn missing(open: &[Quantity], shipments: &[Shipment]) -> Vec<Quantity> {
    let parcels = || counting(shipments).flat_map(|s| &s.parcels);
    let missing = open.iter().map(|q| {
        let sent = sum(parcels().flat_map(|p| &p.lines), &q.line_id);
        let sent = u32::try_from(sent).unwrap_or(u32::MAX);
        Quantity {
            line_id: q.line_id.clone(),
            quantity: q.quantity.saturating_sub(sent),
        }
    });
    missing.filter(|q| q.quantity > 0).collect()
}

/// The shipments that count: each is confirmed by the warehouse, so all that are not voided.
pub fn counting(shipments: &[Shipment]) -> impl Iterator<Item = &Shipment> {
    shipments.iter().filter(|s| !s.voided)
}

fn sum<'a>(lines: impl Iterator<Item = &'a Quantity>, line_id: &str) -> u64 {
    let mine = lines.filter(|q| q.line_id == line_id);
    mine.map(|q| u64::from(q.quantity)).sum()
}

/// How a carrier is named to Mirakl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Carrier {
    /// By its code in the operator's list (SH21).
    Registered {
        /// The code.
        code: String,
    },
    /// By name and tracking page, where the operator allows that.
    Unregistered {
        /// Name that the customer reads.
        name: String,
        /// Tracking page.
        url: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, quantity: u32) -> Quantity {
        Quantity {
            line_id: line.into(),
            quantity,
        }
    }

    fn shipment(parcels: Vec<Vec<Quantity>>) -> Shipment {
        let parcel = |lines| Parcel {
            parcel_id: None,
            tracking_number: None,
            tracking_url: None,
            lines,
        };
        Shipment {
            shipment_id: "S1".into(),
            version: 1,
            is_final: true,
            voided: false,
            ship_via: "UPSG".into(),
            carrier: "UPS".into(),
            confirmed_at: None,
            parcels: parcels.into_iter().map(parcel).collect(),
            short: vec![],
        }
    }

    #[test]
    fn an_order_is_whole_once_all_of_it_left_and_short_once_nothing_more_comes() {
        let open = [of("1", 2), of("2", 1)];
        let whole = shipment(vec![vec![of("1", 2), of("2", 1)]]);
        assert!(matches!(
            shipped(&open, std::slice::from_ref(&whole)),
            Shipped::Whole(..)
        ));
        assert_eq!(shipped(&open, &[]), Shipped::Nothing);
        let voided = Shipment {
            voided: true,
            ..whole.clone()
        };
        assert_eq!(shipped(&open, &[voided]), Shipped::Nothing);
        let two = shipment(vec![vec![of("1", 2)], vec![of("2", 1)]]);
        let first = &two.parcels[0];
        assert_eq!(
            shipped(&open, std::slice::from_ref(&two)),
            Shipped::Whole(&two, first)
        );
        let last = shipment(vec![vec![of("1", 1), of("2", 1)]]);
        assert_eq!(shipped(&open, std::slice::from_ref(&last)), Shipped::Short);
        let part = Shipment {
            is_final: false,
            ..last
        };
        assert_eq!(shipped(&open, std::slice::from_ref(&part)), Shipped::Part);
        let rest = shipment(vec![vec![of("1", 1)]]);
        assert!(matches!(
            shipped(&open, &[part.clone(), rest]),
            Shipped::Whole(..)
        ));
        let short = Shipment {
            short: vec![of("1", 1)],
            ..part
        };
        assert_eq!(shipped(&open, &[short]), Shipped::Short);
        let double = [whole.clone(), whole];
        assert_eq!(shipped(&open, &double), Shipped::Excess);
        let strange = shipment(vec![vec![of("1", 2), of("2", 1), of("9", 1)]]);
        assert_eq!(shipped(&open, &[strange]), Shipped::Excess);
    }
}
