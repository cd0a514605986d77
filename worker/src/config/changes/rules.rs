//! What changes because offers are answered by rules.

use std::collections::BTreeSet;

use domain::mapping::{Mappings, SkuRule, by_rule};
use ledger::ChangedKey;

use super::{SMALL, told};

/// The table's name in keys.
pub(super) const TABLE: &str = "sku_rules";

/// Do rules that are in force change, or rows answer many offers that rules did?
pub(super) fn need_yes(old: &Mappings, new: &Mappings) -> bool {
    let differ = !old.sku_rules.is_empty() && sorted(&old.sku_rules) != sorted(&new.sku_rules);
    differ || overruled(old, new).len() >= SMALL
}

/// Rules beside those in force, which may answer an offer in their place, and new rows that say
/// something else than the rule that answered so far.
pub(super) fn new_answers(old: &Mappings, new: &Mappings) -> Vec<ChangedKey> {
    let mut changed = overruled(old, new);
    if old.sku_rules.is_empty() {
        return changed;
    }
    let key = |rule: &SkuRule| {
        let (shop, code) = (&rule.marketplace, &rule.offer_sku);
        (shop.to_ascii_lowercase(), code.to_ascii_lowercase())
    };
    let known: BTreeSet<_> = old.sku_rules.iter().map(key).collect();
    let added = new.sku_rules.iter();
    let added = added.filter(|rule| !known.contains(&key(rule)));
    changed.extend(added.map(|rule| {
        let (shop, code) = key(rule);
        ChangedKey {
            key: format!("{TABLE} {shop} {code}"),
            was: "the other rules".to_owned(),
            becomes: told(rule),
        }
    }));
    changed
}

fn overruled(old: &Mappings, new: &Mappings) -> Vec<ChangedKey> {
    if old.sku_rules.is_empty() {
        return vec![];
    }
    let known: BTreeSet<_> = old
        .skus
        .iter()
        .map(|row| {
            let (shop, code) = (&row.marketplace, &row.offer_sku);
            (shop.to_ascii_lowercase(), code.to_ascii_lowercase())
        })
        .collect();
    let mut changed = vec![];
    for row in &new.skus {
        let shop = row.marketplace.to_ascii_lowercase();
        let code = row.offer_sku.to_ascii_lowercase();
        let was = by_rule(old.sku_rules.iter(), &shop, &row.offer_sku);
        let other = was.filter(|was| was.sku != row.sku || was.division != row.division);
        if let Some(was) = other.filter(|_| !known.contains(&(shop.clone(), code.clone()))) {
            changed.push(ChangedKey {
                key: format!("skus {shop} {code}"),
                was: format!("by a rule: division={} sku={}", was.division, was.sku),
                becomes: told(row),
            });
        }
    }
    changed
}

fn sorted(rules: &[SkuRule]) -> Vec<String> {
    let text = |rule: &SkuRule| serde_json::to_string(rule).unwrap_or_default();
    let mut texts: Vec<String> = rules.iter().map(text).collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests {
    use super::super::{changed_keys, needs_yes};
    use super::*;
    use domain::mapping::{SkuRow, Valid};

    fn rule(offer_sku: &str, sku: &str) -> SkuRule {
        SkuRule {
            marketplace: "nw".to_owned(),
            offer_sku: offer_sku.to_owned(),
            division: "01".to_owned(),
            sku: sku.to_owned(),
            valid: Valid::default(),
        }
    }

    fn row(offer_sku: String, sku: String) -> SkuRow {
        SkuRow {
            marketplace: "nw".to_owned(),
            offer_sku,
            division: "01".to_owned(),
            style: "1".to_owned(),
            color: "BLK".to_owned(),
            label: None,
            dimension: None,
            size_bucket: 1,
            sku,
            valid: Valid::default(),
        }
    }

    fn tables(rules: &[(&str, &str)], rows: usize, of: impl Fn(usize) -> String) -> Mappings {
        Mappings {
            sku_rules: rules.iter().map(|(offer, sku)| rule(offer, sku)).collect(),
            skus: (0..rows).map(|n| row(format!("NW-{n}"), of(n))).collect(),
            ..Mappings::default()
        }
    }

    #[test]
    fn a_rule_in_force_changes_goes_or_gets_another_beside_it_only_after_a_yes() {
        let same = |n: usize| n.to_string();
        let none = tables(&[], 0, same);
        let one = tables(&[("NW-*", "*")], 0, same);
        assert_eq!(needs_yes(&none, &one), None, "it answers what nothing did");
        assert_eq!(needs_yes(&one, &one), None);
        for (new, keys) in [
            (
                tables(&[("NW-*", "B*")], 0, same),
                vec!["sku_rules nw nw-*"],
            ),
            (none, vec!["sku_rules nw nw-*"]),
            (
                tables(&[("NW-*", "*"), ("NW-P*", "*")], 0, same),
                vec!["sku_rules nw nw-p*"],
            ),
        ] {
            let (changed, total) = needs_yes(&one, &new).unwrap();
            let told: Vec<_> = changed.iter().map(|key| key.key.as_str()).collect();
            assert_eq!((told, total), (keys, 1));
        }
    }

    #[test]
    fn rows_that_overrule_a_rule_count_as_changed() {
        let old = tables(&[("NW-*", "*")], 0, |n| n.to_string());
        let with = |rows: usize, other: bool| {
            tables(&[("NW-*", "*")], rows, move |n| match other {
                true => format!("X{n}"),
                false => n.to_string(),
            })
        };
        assert_eq!(changed_keys(&old, &with(3, false)).0, []);
        assert_eq!(needs_yes(&old, &with(50, false)), None, "they say the same");
        assert_eq!(changed_keys(&old, &with(3, true)).0.len(), 3);
        assert_eq!(needs_yes(&old, &with(3, true)), None, "done by hand");
        let (changed, _) = needs_yes(&old, &with(12, true)).unwrap();
        assert_eq!(changed.len(), 12);
        assert_eq!(changed[0].was, "by a rule: division=01 sku=0");
    }
}
