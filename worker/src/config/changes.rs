//! What a new version of the tables changes, and whether the files were touched.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use domain::mapping::Mappings;
use ledger::ChangedKey;
use serde::Serialize;
use serde_json::Value;

use super::mappings::FILES;

/// Size and time of change of each table; another value means: read them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint([Option<(u64, Option<SystemTime>)>; FILES.len()]);

/// Looks at the files of a mappings folder without reading them.
///
/// A change within the clock's grain that keeps the size is not noticed.
#[must_use]
pub fn fingerprint(folder: &Path) -> Fingerprint {
    Fingerprint(FILES.map(|(file, _)| {
        let about = std::fs::metadata(folder.join(file)).ok()?;
        Some((about.len(), about.modified().ok()))
    }))
}

/// Table, marketplace and code.
type Key = (&'static str, String, String);
/// The rows for each key, as text.
type Keyed = BTreeMap<Key, Vec<String>>;

/// Share of the keys above which a change needs a second yes: one in so many.
const ONE_IN: usize = 10;
/// Tables with fewer keys change by hand, and all at once.
const SMALL: usize = 10;

/// Which keys of the old tables mean something else in the new ones, and how many there were.
///
/// A key whose rows differ or are gone has changed, and so has a key for all marketplaces beside
/// which one of them now has a row of its own. A key that is only new changes nothing, unless a rule
/// answered it so far.
#[must_use]
pub fn changed_keys(old: &Mappings, new: &Mappings) -> (Vec<ChangedKey>, usize) {
    let by_rules = rules::new_answers(old, new);
    let (old, new) = (keyed(old), keyed(new));
    let changed = changed(&old, &new).into_iter().map(|key| ChangedKey {
        key: format!("{} {} {}", key.0, key.1, key.2),
        was: old.get(key).map_or(String::new(), |rows| rows.join(" | ")),
        becomes: match new.get(key) {
            Some(rows) if old.get(key) == Some(rows) => "a marketplace's own row".to_owned(),
            rows => rows.map_or(String::new(), |rows| rows.join(" | ")),
        },
    });
    (changed.chain(by_rules).collect(), old.len())
}

/// Are these too many changes to be believed unseen? Then the changed keys, and of how many.
///
/// That is more than a tenth of the keys of one table, or of all together; what has fewer than ten
/// keys is never too much. Of rules, which stand for any number of offers, each change is.
#[must_use]
pub fn needs_yes(old: &Mappings, new: &Mappings) -> Option<(Vec<ChangedKey>, usize)> {
    if rules::need_yes(old, new) {
        return Some(changed_keys(old, new));
    }
    let (was, is) = (keyed(old), keyed(new));
    let changed = changed(&was, &is);
    let is_much = |changed: usize, total: usize| total >= SMALL && changed * ONE_IN > total;
    let of = |table: &str| {
        let total = was.keys().filter(|key| key.0 == table).count();
        is_much(changed.iter().filter(|key| key.0 == table).count(), total)
    };
    let much = is_much(changed.len(), was.len()) || was.keys().any(|key| of(key.0));
    much.then(|| changed_keys(old, new))
}

fn changed<'a>(old: &'a Keyed, new: &Keyed) -> Vec<&'a Key> {
    let added = new
        .keys()
        .filter(|key| key.1 != "*" && !old.contains_key(*key));
    let overruled: BTreeSet<_> = added.map(|(table, _, code)| (*table, code)).collect();
    let changed = old.iter().filter(|(key, rows)| {
        let (table, shop, code) = key;
        new.get(*key) != Some(*rows) || (shop == "*" && overruled.contains(&(*table, code)))
    });
    changed.map(|(key, _)| key).collect()
}

fn keyed(tables: &Mappings) -> Keyed {
    let mut keyed = Keyed::new();
    add(&mut keyed, "skus", &tables.skus, |row| {
        (&row.marketplace, &row.offer_sku)
    });
    add(&mut keyed, rules::TABLE, &tables.sku_rules, |rule| {
        (&rule.marketplace, &rule.offer_sku)
    });
    add(&mut keyed, "warehouses", &tables.warehouses, |row| {
        (&row.marketplace, &row.division)
    });
    add(&mut keyed, "ship_vias", &tables.ship_vias, |row| {
        (&row.marketplace, &row.shipping_type_code)
    });
    add(&mut keyed, "carriers", &tables.carriers, |row| {
        (&row.marketplace, &row.erp_carrier)
    });
    add(&mut keyed, "taxes", &tables.taxes, |row| {
        (&row.marketplace, &row.tax_code)
    });
    add(&mut keyed, "allowances", &tables.allowances, |row| {
        (&row.marketplace, &row.promotion)
    });
    for row in &tables.reasons {
        insert(
            &mut keyed,
            "reasons",
            &row.marketplace,
            &row.question(),
            row,
        );
    }
    for rows in keyed.values_mut() {
        rows.sort();
    }
    keyed
}

fn add<R: Serialize>(
    keyed: &mut Keyed,
    table: &'static str,
    rows: &[R],
    key: impl Fn(&R) -> (&String, &String),
) {
    for row in rows {
        let (marketplace, code) = key(row);
        insert(keyed, table, marketplace, code, row);
    }
}

fn insert<R: Serialize>(
    keyed: &mut Keyed,
    table: &'static str,
    marketplace: &str,
    code: &str,
    row: &R,
) {
    let key = (
        table,
        marketplace.to_ascii_lowercase(),
        code.to_ascii_lowercase(),
    );
    keyed.entry(key).or_default().push(told(row));
}

/// A row's names and values, without those that are its key or empty.
fn told<R: Serialize>(row: &R) -> String {
    let row = serde_json::to_value(row).unwrap_or_default();
    let of_key = ["marketplace", "offer_sku", "shipping_type_code"];
    let fields = row.as_object().into_iter().flatten();
    let fields =
        fields.filter(|(name, value)| !of_key.contains(&name.as_str()) && !is_empty(value));
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = fields.map(|(name, value)| format!("{name}={}", text(value)));
    fields.collect::<Vec<_>>().join(" ")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::mapping::{ReasonKind, ReasonRow, Valid, WarehouseRow};

    fn tables(rows: &[(&str, &str, &str)]) -> Mappings {
        let row = |&(marketplace, division, warehouse): &(&str, &str, &str)| WarehouseRow {
            marketplace: marketplace.to_owned(),
            division: division.to_owned(),
            warehouse: warehouse.to_owned(),
            valid: Valid::default(),
        };
        Mappings {
            warehouses: rows.iter().map(row).collect(),
            ..Mappings::default()
        }
    }

    #[test]
    fn a_key_has_changed_when_its_answer_may_have() {
        let old = tables(&[("*", "01", "NJ1"), ("*", "02", "NJ2"), ("nw", "03", "CA1")]);
        for (rows, changed) in [
            (
                vec![("nw", "03", "CA1"), ("*", "02", "NJ2"), ("*", "01", "NJ1")],
                0,
            ),
            (
                vec![("*", "01", "NJ9"), ("*", "02", "NJ2"), ("nw", "03", "CA1")],
                1,
            ),
            (vec![("*", "01", "NJ1")], 2),
            (
                vec![
                    ("*", "01", "NJ1"),
                    ("*", "02", "NJ2"),
                    ("nw", "03", "CA1"),
                    ("*", "04", "X"),
                ],
                0,
            ),
            (
                vec![
                    ("*", "01", "NJ1"),
                    ("*", "02", "NJ2"),
                    ("nw", "03", "CA1"),
                    ("ga", "01", "X"),
                ],
                1,
            ),
            (vec![], 3),
        ] {
            let (found, total) = changed_keys(&old, &tables(&rows));
            assert_eq!((found.len(), total), (changed, 3), "{rows:?}");
            assert_eq!(needs_yes(&old, &tables(&rows)), None, "a small table");
        }
        assert_eq!(changed_keys(&Mappings::default(), &old), (vec![], 0));
    }

    #[test]
    fn more_than_a_tenth_needs_a_second_yes_and_is_told() {
        let codes: Vec<String> = (0..20).map(|n| format!("{n:02}")).collect();
        let with = |moved: usize| {
            let row = |(n, code): (usize, &String)| {
                let warehouse = if n < moved { "CA1" } else { "NJ1" };
                WarehouseRow {
                    marketplace: "*".to_owned(),
                    division: code.clone(),
                    warehouse: warehouse.to_owned(),
                    valid: Valid::default(),
                }
            };
            Mappings {
                warehouses: codes.iter().enumerate().map(row).collect(),
                ..Mappings::default()
            }
        };
        assert_eq!(needs_yes(&with(0), &with(2)), None);
        let (changed, total) = needs_yes(&with(0), &with(3)).unwrap();
        assert_eq!((changed.len(), total), (3, 20));
        assert_eq!(changed[0].key, "warehouses * 00");
        assert_eq!(changed[0].was, "division=00 warehouse=NJ1");
        assert_eq!(changed[0].becomes, "division=00 warehouse=CA1");
        let (gone, _) = needs_yes(&with(0), &Mappings::default()).unwrap();
        assert_eq!((gone.len(), gone[0].becomes.as_str()), (20, ""));
    }

    #[test]
    fn a_reason_that_means_another_is_told_with_its_kind() {
        let tables = |codes: [&str; 2]| {
            let row = |kind: ReasonKind, code: &str| ReasonRow {
                marketplace: "*".to_owned(),
                kind,
                erp_code: "*".to_owned(),
                mirakl_code: code.to_owned(),
            };
            Mappings {
                reasons: vec![
                    row(ReasonKind::Refund, codes[0]),
                    row(ReasonKind::ShortShip, codes[1]),
                ],
                ..Mappings::default()
            }
        };
        let (changed, total) = changed_keys(&tables(["17", "15"]), &tables(["17", "16"]));
        assert_eq!((changed.len(), total), (1, 2));
        assert_eq!(changed[0].key, "reasons * short_ship *");
        assert_eq!(
            changed[0].becomes,
            "erp_code=* kind=short_ship mirakl_code=16"
        );
    }

    #[test]
    fn a_touched_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let before = fingerprint(folder.path());
        std::fs::write(folder.path().join("taxes.csv"), "x").unwrap();
        let after = fingerprint(folder.path());
        assert_ne!(before, after);
        assert_eq!(after, fingerprint(folder.path()));
    }
}
