//! `[stock]` of the file, and `stock` of each shop.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use domain::ats::{Code, PoolRules};
use domain::stock::settings::{Buffers, ShopStock, SiteStock};
use domain::stock::snapshot::AgeAction;
use domain::stock::{eligibility, guard, snapshot};
use rust_decimal::Decimal;

use super::section::{At, Key, Section, as_number, key};

/// Most units that a configuration names; no shop has more of one item.
const UNITS_MAX: u32 = 1_000_000;

/// `[stock]`: what all marketplaces share. Every key has its default.
pub(super) fn site(section: Section<'_>) -> SiteStock {
    let usual = SiteStock::default();
    let seconds = |name: Key, usual: Duration, least: f64, most: f64| {
        section.seconds(name, usual.as_secs_f64(), least..=most)
    };
    let read = SiteStock {
        every: seconds(key("every_s", "300"), usual.every, 1.0, 86_400.0),
        lag: seconds(key("lag_s", "900"), usual.lag, 0.0, 86_400.0),
        items_every: seconds(
            key("items_every_s", "3600"),
            usual.items_every,
            1.0,
            604_800.0,
        ),
        full_push_h: whole(
            &section,
            key("full_push_h", "2"),
            u32::from(usual.full_push_h),
            0,
            23,
        )
        .try_into()
        .unwrap_or(usual.full_push_h),
        keep_days: section
            .count(key("keep_days", "30"), usual.keep_days, 1..=3_650)
            .value,
        pools: pools(section.section("pools")),
        listing: listing(section.section("listing")),
        snapshot: batches(section.section("snapshot")),
        guard: guard_limits(section.section("guard")),
        buffers: buffers(section.section("buffers")),
    };
    section.close();
    read
}

/// `stock = { … }` of a shop: it publishes.
pub(super) fn shop(section: Section<'_>) -> ShopStock {
    let usual = ShopStock::default();
    let price_level = section.text_if_any(key("price_level", "\"RETAIL\""));
    let currency = section.text_if_any(key("currency", "\"USD\""));
    let price = match (price_level, currency) {
        (Some(level), Some(currency)) => Some((level.value, currency.value)),
        (None, None) => None,
        (Some(At { line, .. }), None) | (None, Some(At { line, .. })) => {
            section.refuse(
                line,
                "`price_level` and `currency` belong together, and one of them is missing",
                "write both, or neither",
            );
            None
        }
    };
    let cap = key("cap", "20");
    let read = ShopStock {
        buffer: whole(&section, key("buffer", "1"), usual.buffer, 0, UNITS_MAX),
        share: decimal(&section, key("share", "0.5"), Decimal::ONE),
        cap: section
            .has(cap.name)
            .then(|| whole(&section, cap, UNITS_MAX, 0, UNITS_MAX)),
        read_back: section.seconds(
            key("read_back_s", "3600"),
            usual.read_back.as_secs_f64(),
            1.0..=86_400.0,
        ),
        price,
        account: section
            .text_if_any(key("account", "\"NORTH\""))
            .map(|at| at.value),
    };
    section.close();
    read
}

fn pools(section: Section<'_>) -> PoolRules {
    let codes = |name: &'static str, example: &'static str| -> BTreeSet<Code> {
        let texts = section.texts(key(name, example), &[]);
        texts.iter().map(|text| Code::new(text)).collect()
    };
    let read = PoolRules {
        warehouses: codes("warehouses", "[\"NJ1\"]"),
        excluded_lots: codes("excluded_lots", "[\"IRR\"]"),
        pools: codes("pools", "[\"MAIN\"]"),
    };
    section.close();
    read
}

fn listing(section: Section<'_>) -> eligibility::ListingRules {
    let read = eligibility::ListingRules {
        statuses: section.texts(key("statuses", "[\"discontinued\"]"), &[]),
        excluded_line_types: section.texts(key("excluded_line_types", "[\"POP\"]"), &[]),
        account: section
            .text_if_any(key("account", "\"NORTH\""))
            .map(|at| at.value),
    };
    section.close();
    read
}

fn batches(section: Section<'_>) -> snapshot::Limits {
    let usual = snapshot::Limits::default();
    let percent = |name: Key, usual: u8| {
        let read = whole(&section, name, u32::from(usual), 0, 100);
        u8::try_from(read).unwrap_or(usual)
    };
    let reduce = key("reduce_to_percent", "50");
    let on_stale = section.checked_if_any(key("on_stale", "\"hold_last\""), |word| match word {
        "hold_last" => Ok(AgeAction::HoldLast),
        "zero" => Ok(AgeAction::Zero),
        "reduce" => Ok(AgeAction::Reduce(percent(reduce, 50))),
        _ => Err("is none of `hold_last`, `reduce` and `zero`".to_owned()),
    });
    let on_stale = on_stale.map_or(usual.on_stale, |at| at.value);
    if let Some(At { line, .. }) = section.find(reduce.name)
        && !matches!(on_stale, AgeAction::Reduce(_))
    {
        section.refuse(
            line,
            "`reduce_to_percent` counts only with `on_stale = \"reduce\"`",
            "take it out, or write that",
        );
    }
    let read = snapshot::Limits {
        rows_drop_max_percent: percent(
            key("rows_drop_max_percent", "20"),
            usual.rows_drop_max_percent,
        ),
        units_factor_max: whole(
            &section,
            key("units_factor_max", "10"),
            usual.units_factor_max,
            1,
            1_000,
        ),
        age_s_max: whole(
            &section,
            key("age_s_max", "7200"),
            usual.age_s_max,
            1,
            604_800,
        ),
        ahead_s_max: whole(
            &section,
            key("ahead_s_max", "300"),
            usual.ahead_s_max,
            0,
            86_400,
        ),
        on_stale,
    };
    section.close();
    read
}

fn guard_limits(section: Section<'_>) -> guard::Limits {
    let usual = guard::Limits::default();
    let percent = |name: Key, usual: u32| whole(&section, name, usual, 0, 10_000);
    let read = guard::Limits {
        zeroed_max_percent: percent(key("zeroed_max_percent", "10"), usual.zeroed_max_percent),
        fall_max_percent: percent(key("fall_max_percent", "30"), usual.fall_max_percent),
        rise_max_percent: percent(key("rise_max_percent", "100"), usual.rise_max_percent),
        spike_factor_max: whole(
            &section,
            key("spike_factor_max", "20"),
            usual.spike_factor_max,
            1,
            UNITS_MAX,
        ),
        spike_units_min: whole(
            &section,
            key("spike_units_min", "100"),
            usual.spike_units_min,
            1,
            UNITS_MAX,
        ),
        value_max: decimal(
            &section,
            key("value_max", "50000"),
            Decimal::from(1_000_000_000_000_i64),
        ),
        offers_min: whole(
            &section,
            key("offers_min", "10"),
            usual.offers_min,
            1,
            UNITS_MAX,
        ),
    };
    section.close();
    read
}

fn buffers(section: Section<'_>) -> Buffers {
    let risk = decimal(&section, key("adaptive_risk", "1.5"), Decimal::from(100));
    let read = Buffers {
        global: whole(&section, key("global", "1"), 0, 0, UNITS_MAX),
        groups: table(&section, key("groups", "{ TOPS = 2 }")),
        skus: table(&section, key("skus", "{ \"00417-BLK-M\" = 5 }"))
            .into_iter()
            .map(|(sku, units)| (sku.trim().to_uppercase(), units))
            .collect(),
        adaptive_risk: risk.unwrap_or_default(),
    };
    section.close();
    read
}

/// A whole number within bounds; the default after a report.
fn whole(section: &Section<'_>, name: Key, usual: u32, least: u32, most: u32) -> u32 {
    let Some(At { line, value }) = section.find(name.name) else {
        return usual;
    };
    let number = as_number(value).filter(|number| number.fract() == 0.0);
    let number = number.filter(|n| (f64::from(least)..=f64::from(most)).contains(n));
    match number.and_then(|number| format!("{number:.0}").parse().ok()) {
        Some(number) => number,
        None => {
            let wrong = format!("is not a whole number between {least} and {most}");
            section.wrong(line, name, wrong);
            usual
        }
    }
}

/// An exact number from 0 to a bound; nothing when it is absent, or after a report.
fn decimal(section: &Section<'_>, name: Key, most: Decimal) -> Option<Decimal> {
    let At { line, value } = section.find(name.name)?;
    let text = value
        .as_float()
        .map(|float| float.as_str().replace('_', ""))
        .or_else(|| as_number(value).map(|number| format!("{number:.0}")));
    let number = text.and_then(|text| Decimal::from_str(&text).ok());
    let number = number.filter(|number| (Decimal::ZERO..=most).contains(number));
    if number.is_none() {
        section.wrong(line, name, format!("is not a number between 0 and {most}"));
    }
    number
}

/// Names and their units.
fn table(section: &Section<'_>, name: Key) -> BTreeMap<String, u32> {
    let Some(At { line, value }) = section.find(name.name) else {
        return BTreeMap::new();
    };
    let Some(table) = value.as_table() else {
        section.wrong(line, name, "is not a table of names and units");
        return BTreeMap::new();
    };
    let mut units = BTreeMap::new();
    for (key, value) in table {
        let line = section.source.line(key.span().start);
        let number = as_number(value.get_ref());
        let number =
            number.filter(|n| n.fract() == 0.0 && (0.0..=f64::from(UNITS_MAX)).contains(n));
        match number.and_then(|number| format!("{number:.0}").parse().ok()) {
            Some(number) => {
                units.insert(key.get_ref().to_string(), number);
            }
            None => section.wrong(line, name, "holds what is no number of units"),
        }
    }
    units
}

#[cfg(test)]
mod tests;
