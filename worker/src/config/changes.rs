//! What a new version of the tables changes, and whether the files were touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::time::SystemTime;

use domain::mapping::Mappings;

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

/// Table, marketplace and code; the rows for it, as text.
type Keyed = BTreeMap<(&'static str, String, String), Vec<String>>;

/// How many keys of the old tables mean something else in the new ones, and how many there were.
///
/// A key whose rows differ or are gone has changed, and so has a key for all marketplaces beside
/// which one of them now has a row of its own. A key that is only new changes nothing.
#[must_use]
pub fn changed_keys(old: &Mappings, new: &Mappings) -> (usize, usize) {
    let (old, new) = (keyed(old), keyed(new));
    let added = new
        .keys()
        .filter(|key| key.1 != "*" && !old.contains_key(*key));
    let overruled: BTreeSet<_> = added.map(|(table, _, code)| (*table, code)).collect();
    let changed = old.iter().filter(|((table, shop, code), rows)| {
        let key = (*table, shop.clone(), code.clone());
        new.get(&key) != Some(*rows) || (shop == "*" && overruled.contains(&(*table, code)))
    });
    (changed.count(), old.len())
}

fn keyed(tables: &Mappings) -> Keyed {
    let mut keyed = Keyed::new();
    add(&mut keyed, "skus", &tables.skus, |row| {
        (&row.marketplace, &row.offer_sku)
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
    for rows in keyed.values_mut() {
        rows.sort();
    }
    keyed
}

fn add<R: Debug>(
    keyed: &mut Keyed,
    table: &'static str,
    rows: &[R],
    key: impl Fn(&R) -> (&String, &String),
) {
    for row in rows {
        let (marketplace, code) = key(row);
        let key = (
            table,
            marketplace.to_ascii_lowercase(),
            code.to_ascii_lowercase(),
        );
        keyed.entry(key).or_default().push(format!("{row:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::mapping::{Valid, WarehouseRow};

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
            assert_eq!(changed_keys(&old, &tables(&rows)), (changed, 3), "{rows:?}");
        }
        assert_eq!(changed_keys(&Mappings::default(), &old), (0, 0));
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
