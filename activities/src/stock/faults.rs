//! What is wrong with a batch, in words and numbers.

use domain::stock::snapshot::Fault;
use jiff::Timestamp;

/// The word for a fault.
pub(super) fn code(fault: &Fault) -> String {
    let word = match fault {
        Fault::Incomplete { .. } => "incomplete",
        Fault::ControlTotal { .. } => "control_total",
        Fault::Empty => "empty",
        Fault::Shrunken { .. } => "shrunken",
        Fault::Scale { .. } => "scale",
        Fault::Duplicate => "duplicate",
        Fault::OutOfOrder { .. } => "out_of_order",
        Fault::Ahead { .. } => "ahead",
        Fault::Stale { .. } => "stale",
    };
    word.to_owned()
}

/// May a person say that it is right all the same? What is known to be another than the site says is
/// not asked about.
pub(super) fn may_be_approved(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Empty | Fault::Shrunken { .. } | Fault::Scale { .. }
    )
}

/// The word for a fault and its numbers.
pub(super) fn told(fault: &Fault) -> String {
    let (code, numbers) = (code(fault), numbers(fault));
    match numbers.as_str() {
        "" => code,
        _ => format!("{code}: {numbers}"),
    }
}

/// Its numbers, for the evidence.
pub(super) fn numbers(fault: &Fault) -> String {
    let or_not = |told: &Option<u64>| told.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let units = |units: &Option<i64>| units.map_or_else(|| "?".to_owned(), |n| n.to_string());
    match fault {
        Fault::Incomplete { rows, told } => format!("{rows} rows read, {} told", or_not(told)),
        Fault::ControlTotal { units: read, told } => format!("{} read, {told} told", units(read)),
        Fault::Shrunken { rows, before } => format!("{rows} rows, {before} before"),
        Fault::Scale { units: now, before } => format!("{} units, {before} before", units(now)),
        Fault::OutOfOrder { newer } => format!("{newer} was read already"),
        Fault::Ahead { ahead_s } => format!("{ahead_s} s ahead"),
        Fault::Stale { age_s } => format!("{age_s} s old"),
        Fault::Empty | Fault::Duplicate => String::new(),
    }
}

/// How old figures are, never below zero.
pub(super) fn age_s(as_of: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(now.duration_since(as_of).as_secs().max(0)).unwrap_or(u32::MAX)
}
