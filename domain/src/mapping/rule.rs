//! Offer SKUs that follow from BlueCherry's SKUs by a rule: one row instead of one an offer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Valid, same_code};

/// Stands once in the offer SKU and once in the SKU of a rule, for the part that both share.
const ANY: char = '*';

/// `sku_rules.csv`: offers whose SKU is made from BlueCherry's.
///
/// `NW-*` and `*` say that the offer `NW-00417-NVY-M` is BlueCherry's `00417-NVY-M`. A row of
/// `skus.csv` wins over every rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuRule {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// How the shop's SKU on Mirakl is written, with one `*`.
    pub offer_sku: String,
    /// Division of all these items.
    pub division: String,
    /// How BlueCherry prints the SKU, with one `*` for the same part.
    pub sku: String,
    /// When the rule counts.
    pub valid: Valid,
}

/// What an offer SKU is in BlueCherry, by a row or by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedSku<'a> {
    /// Division that owns the item.
    pub division: &'a str,
    /// SKU as BlueCherry prints it.
    pub sku: Cow<'a, str>,
}

impl SkuRule {
    /// Does a text have the one `*` that a rule needs?
    pub fn is_pattern(text: &str) -> bool {
        text.matches(ANY).count() == 1
    }

    /// BlueCherry's SKU of an offer; `None` when the offer is not written so, or nothing is left of
    /// it for the `*`.
    pub fn sku_of(&self, offer_sku: &str) -> Option<String> {
        let (before, after) = self.offer_sku.trim().split_once(ANY)?;
        let offer_sku = offer_sku.trim();
        let end = offer_sku.len().checked_sub(after.len())?;
        let part = offer_sku.get(before.len()..end)?;
        let fits = offer_sku.get(..before.len())?.eq_ignore_ascii_case(before)
            && offer_sku.get(end..)?.eq_ignore_ascii_case(after)
            && !part.trim().is_empty();
        fits.then(|| self.sku.trim().replacen(ANY, part, 1))
    }
}

/// What an offer SKU is by these rules. A marketplace's own rule wins over one for all; of several
/// that fit, the one that says more of the offer SKU.
pub fn by_rule<'a>(
    rules: impl Iterator<Item = &'a SkuRule>,
    marketplace: &str,
    offer_sku: &str,
) -> Option<MappedSku<'a>> {
    let mut best: Option<((bool, usize), MappedSku<'a>)> = None;
    for rule in rules {
        let own = same_code(&rule.marketplace, marketplace);
        if !own && rule.marketplace.trim() != "*" {
            continue;
        }
        let rank = (own, rule.offer_sku.trim().len());
        if best.as_ref().is_some_and(|(known, _)| *known >= rank) {
            continue;
        }
        if let Some(sku) = rule.sku_of(offer_sku) {
            let mapped = MappedSku {
                division: &rule.division,
                sku: Cow::Owned(sku),
            };
            best = Some((rank, mapped));
        }
    }
    best.map(|(_, mapped)| mapped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(marketplace: &str, offer_sku: &str, sku: &str) -> SkuRule {
        SkuRule {
            marketplace: marketplace.into(),
            offer_sku: offer_sku.into(),
            division: "01".into(),
            sku: sku.into(),
            valid: Valid::default(),
        }
    }

    #[test]
    fn an_offer_is_what_its_rule_says_or_nothing() {
        for (offer, sku, asked, wanted) in [
            ("NW-*", "*", "NW-00417-NVY-M", Some("00417-NVY-M")),
            ("NW-*", "*", " nw-00417-nvy-m ", Some("00417-nvy-m")),
            ("NW-*-X", "BC*", "NW-00417-x", Some("BC00417")),
            ("*", "*", "00417", Some("00417")),
            ("NW-*", "*", "GA-00417", None),
            ("NW-*", "*", "NW-", None),
            ("NW-*", "*", "NW-  ", None),
            ("AB*BA", "*", "ABA", None),
            ("N*", "*", "Ñandú", None),
            ("Ñ*", "*", "Ñandú", Some("andú")),
        ] {
            let got = rule("nw", offer, sku).sku_of(asked);
            assert_eq!(got.as_deref(), wanted, "{offer} {asked}");
        }
        for (text, is) in [("NW-*", true), ("*", true), ("NW", false), ("*-*", false)] {
            assert_eq!(SkuRule::is_pattern(text), is, "{text}");
        }
    }

    #[test]
    fn the_nearest_rule_wins_wherever_it_stands() {
        let mut rules = [
            rule("*", "NW-SPECIAL-*", "all-*"),
            rule("nw", "NW-*", "own-*"),
            rule("nw", "NW-P-*", "pack-*"),
            rule("ga", "NW-*", "other-*"),
        ];
        for _ in 0..2 {
            let of = |shop: &str, offer: &str| {
                by_rule(rules.iter(), shop, offer).map(|m| m.sku.into_owned())
            };
            assert_eq!(of("nw", "NW-1").as_deref(), Some("own-1"));
            assert_eq!(of("NW", "nw-p-1").as_deref(), Some("pack-1"));
            assert_eq!(of("nw", "NW-SPECIAL-1").as_deref(), Some("own-SPECIAL-1"));
            assert_eq!(of("xx", "NW-SPECIAL-1").as_deref(), Some("all-1"));
            assert_eq!(of("xx", "NW-1"), None);
            rules.reverse();
        }
    }

    proptest! {
        #[test]
        fn what_a_rule_makes_of_a_sku_it_finds_again(
            before in "[A-Z]{0,3}-?", after in "-?[a-z]{0,2}", sku in "[0-9A-Za-zé-]{1,12}",
        ) {
            let rule = rule("*", &format!("{before}*{after}"), "*");
            prop_assert_eq!(rule.sku_of(&format!("{before}{sku}{after}")), Some(sku));
        }

        #[test]
        fn any_text_is_answered_without_a_fault(pattern in ".{0,6}", asked in ".{0,8}") {
            let answer = rule("*", &pattern, "*").sku_of(&asked);
            prop_assert!(answer.is_none_or(|sku| asked.contains(&sku)));
        }
    }
}
