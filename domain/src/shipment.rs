//! What BlueCherry says left the warehouse, and how the carrier is named to Mirakl.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A fulfilment of BlueCherry. Only a final one that is not voided counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// BlueCherry's shipment ID.
    pub shipment_id: String,
    /// Grows with each change of the same shipment.
    pub version: i64,
    /// No more will change: the warehouse confirmed it.
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
    /// Nothing final yet.
    Nothing,
    /// The whole order in one parcel.
    Whole(&'a Shipment, &'a Parcel),
    /// The whole order, in more parcels or shipments than one.
    SeveralParcels,
    /// Less than ordered, and final.
    Short,
    /// More than ordered, or a line that is not in the order.
    Excess,
}

/// Adds up what was shipped against what is open on the order.
///
/// An empty list of shipments, or one without a final one, is [`Shipped::Nothing`].
pub fn shipped<'a>(open: &[Quantity], shipments: &'a [Shipment]) -> Shipped<'a> {
    let counting: Vec<&Shipment> = shipments
        .iter()
        .filter(|s| s.is_final && !s.voided)
        .collect();
    if counting.is_empty() {
        return Shipped::Nothing;
    }
    let sent = |line: &str| -> u64 {
        let parcels = counting.iter().flat_map(|s| &s.parcels);
        let lines = parcels.flat_map(|p| &p.lines).filter(|q| q.line_id == line);
        lines.map(|q| u64::from(q.quantity)).sum()
    };
    let known = |line: &str| open.iter().any(|q| q.line_id == line);
    let mut parcels = counting
        .iter()
        .flat_map(|s| s.parcels.iter().map(move |p| (*s, p)));
    let strange = parcels
        .clone()
        .flat_map(|(_, p)| &p.lines)
        .any(|q| !known(&q.line_id));
    if strange
        || open
            .iter()
            .any(|q| sent(&q.line_id) > u64::from(q.quantity))
    {
        return Shipped::Excess;
    }
    if open
        .iter()
        .any(|q| sent(&q.line_id) < u64::from(q.quantity))
    {
        return Shipped::Short;
    }
    match (parcels.next(), parcels.next()) {
        (Some((shipment, parcel)), None) => Shipped::Whole(shipment, parcel),
        _ => Shipped::SeveralParcels,
    }
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
    fn only_a_whole_final_order_in_one_parcel_is_whole() {
        let open = [of("1", 2), of("2", 1)];
        let whole = shipment(vec![vec![of("1", 2), of("2", 1)]]);
        assert!(matches!(
            shipped(&open, std::slice::from_ref(&whole)),
            Shipped::Whole(..)
        ));
        assert_eq!(shipped(&open, &[]), Shipped::Nothing);
        let draft = Shipment {
            is_final: false,
            ..whole.clone()
        };
        assert_eq!(shipped(&open, &[draft]), Shipped::Nothing);
        let voided = Shipment {
            voided: true,
            ..whole.clone()
        };
        assert_eq!(shipped(&open, &[voided]), Shipped::Nothing);
        let two = shipment(vec![vec![of("1", 2)], vec![of("2", 1)]]);
        assert_eq!(shipped(&open, &[two]), Shipped::SeveralParcels);
        let short = shipment(vec![vec![of("1", 1), of("2", 1)]]);
        assert_eq!(shipped(&open, &[short]), Shipped::Short);
        let double = [whole.clone(), whole];
        assert_eq!(shipped(&open, &double), Shipped::Excess);
        let strange = shipment(vec![vec![of("1", 2), of("2", 1), of("9", 1)]]);
        assert_eq!(shipped(&open, &[strange]), Shipped::Excess);
    }
}
