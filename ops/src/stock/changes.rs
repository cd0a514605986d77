//! What made a number another than the one before: the two sums held against each other.

use std::collections::BTreeMap;
use std::fmt;

use domain::ats::Explanation;
use serde::Serialize;

/// One reason why a number changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `stock`, `in_flight`, `buffers`, `share`, `cap`, `listing`, `age`, `packs` or `unknown`.
    pub what: &'static str,
    /// In words, such as `stock 12 → 9`.
    pub says: String,
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.says)
    }
}

/// Why `after` came to another number than `before`; empty when the sums say the same.
#[must_use]
pub fn changes(before: &Explanation, after: &Explanation) -> Vec<Change> {
    let mut found = vec![];
    let mut differs = |what, was: String, is: String| {
        if was != is {
            let name = what_is(what);
            let says = format!("{name} {was} → {is}");
            found.push(Change { what, says });
        }
    };
    let (was, is) = (by_sku(before), by_sku(after));
    if was.keys().ne(is.keys()) {
        let names = |sums: &BTreeMap<&str, (i64, u64)>| {
            let names: Vec<&str> = sums.keys().copied().collect();
            format!("[{}]", names.join(", "))
        };
        differs("packs", names(&was), names(&is));
    }
    let several = was.len() > 1;
    for (sku, (stock, in_flight)) in &is {
        let Some((stock_was, in_flight_was)) = was.get(sku) else {
            continue;
        };
        let of = |n: &dyn fmt::Display| match several {
            true => format!("{n} of {sku}"),
            false => n.to_string(),
        };
        differs("stock", of(stock_was), of(stock));
        differs("in_flight", of(in_flight_was), of(in_flight));
    }
    differs("buffers", kept_back(before), kept_back(after));
    let share = |sum: &Explanation| {
        let share = sum.share.as_ref();
        share.map_or("all".to_owned(), |share| share.value.to_string())
    };
    differs("share", share(before), share(after));
    let cap = |sum: &Explanation| {
        let cap = sum.cap.as_ref();
        cap.map_or("none".to_owned(), |cap| cap.value.to_string())
    };
    differs("cap", cap(before), cap(after));
    let listing = |sum: &Explanation| match sum.ineligible.as_slice() {
        [] => "allowed".to_owned(),
        reasons => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.plain()).collect();
            format!("not allowed ({})", reasons.join(", "))
        }
    };
    differs("listing", listing(before), listing(after));
    let age = |sum: &Explanation| match sum.stale {
        Some(_) => "too old".to_owned(),
        None => "good".to_owned(),
    };
    differs("age", age(before), age(after));
    let known = |sum: &Explanation| match sum.quantity {
        domain::ats::Quantity::Units(_) => "known".to_owned(),
        domain::ats::Quantity::Unknown(why) => format!("unknown ({})", why.plain()),
    };
    differs("unknown", known(before), known(after));
    found
}

fn what_is(what: &str) -> &str {
    match what {
        "in_flight" => "sold and not yet in the figures",
        "buffers" => "kept back",
        "listing" => "listing",
        "age" => "age of the figures",
        "packs" => "components",
        "unknown" => "it is",
        other => other,
    }
}

/// Units that counted, and units in flight, of each stocked item.
fn by_sku(sum: &Explanation) -> BTreeMap<&str, (i64, u64)> {
    let mut all = BTreeMap::new();
    for component in &sum.components {
        let counted = component.places.iter().filter_map(|place| place.counted);
        let in_flight = component.in_flight.iter().map(|term| term.units);
        all.insert(
            component.sku.as_str(),
            (counted.sum::<i64>(), in_flight.sum::<u64>()),
        );
    }
    all
}

fn kept_back(sum: &Explanation) -> String {
    let units = sum.buffers.iter().map(|term| u64::from(term.units));
    units.sum::<u64>().to_string()
}
