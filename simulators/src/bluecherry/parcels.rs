//! What a test wants shipped, and how units are shared out into parcels.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::order::{Line, SalesOrder};

/// What a test wants shipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShipIn {
    pub ord_num: Option<String>,
    pub external_po: Option<String>,
    pub parcels: Option<Vec<ParcelIn>>,
    pub r#final: Option<bool>,
    pub short: Vec<LineQty>,
    pub carrier_name: Option<String>,
    pub ship_via: Option<String>,
    pub voided: bool,
    /// Ships although the order is on hold or has no ship-to.
    pub force: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParcelIn {
    pub tracking_number: Option<String>,
    pub lines: Option<Vec<LineQty>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineQty {
    pub external_line_id: String,
    pub qty: i64,
}

/// A line that will not be delivered, with the units missing.
pub fn short_row(line: &Line, qty: i64) -> Value {
    let mut row = line.reference(qty);
    row["reason_code"] = json!("NOT_FOUND");
    row
}

/// Units of one parcel, by place of the line in the order.
pub struct Parcel {
    pub tracking_number: Option<String>,
    pub units: Vec<(usize, i64)>,
}

/// Units left on each line once the short ones are set aside.
pub fn after_shorts(order: &SalesOrder, short: &[LineQty]) -> Result<Vec<i64>, Refusal> {
    let mut left: Vec<i64> = order
        .lines
        .iter()
        .map(|line| line.open + line.picked)
        .collect();
    for part in short {
        let n = line_at(order, part)?;
        left[n] -= part.qty;
        if part.qty < 1 || left[n] < 0 {
            return Err(Refusal::invalid("short", "fewer units are left"));
        }
    }
    Ok(left)
}

/// Puts units into parcels: as named, and the rest in turn into those that name no lines.
pub fn share_out(
    order: &SalesOrder,
    wishes: Vec<ParcelIn>,
    mut left: Vec<i64>,
) -> Result<Vec<Parcel>, Refusal> {
    let wishes = if wishes.is_empty() {
        vec![ParcelIn::default()]
    } else {
        wishes
    };
    let free: Vec<usize> = (0..wishes.len())
        .filter(|&n| wishes[n].lines.is_none())
        .collect();
    let mut parcels = Vec::new();
    for wish in wishes {
        let mut units = Vec::new();
        for part in wish.lines.unwrap_or_default() {
            let n = line_at(order, &part)?;
            left[n] -= part.qty;
            if part.qty < 1 || left[n] < 0 {
                return Err(Refusal::invalid("parcels", "fewer units are left"));
            }
            units.push((n, part.qty));
        }
        parcels.push(Parcel {
            tracking_number: wish.tracking_number,
            units,
        });
    }
    let mut turn = free.iter().cycle();
    for (n, qty) in left.into_iter().enumerate() {
        for _ in 0..qty {
            let Some(&at) = turn.next() else {
                return Ok(parcels);
            };
            match parcels[at].units.iter_mut().find(|(line, _)| *line == n) {
                Some((_, units)) => *units += 1,
                None => parcels[at].units.push((n, 1)),
            }
        }
    }
    Ok(parcels)
}

fn line_at(order: &SalesOrder, part: &LineQty) -> Result<usize, Refusal> {
    order
        .lines
        .iter()
        .position(|line| line.external_line_id == part.external_line_id)
        .ok_or_else(|| Refusal::invalid("external_line_id", "the order has no such line"))
}
