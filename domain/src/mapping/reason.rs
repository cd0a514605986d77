//! Reasons and dispositions of both systems: `reasons.csv`, and how it is asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Mappings, best, same_code};
use crate::refund::Rules;
use crate::returns::Verdict;

/// Stands for any other code of its column.
pub const ANY_CODE: &str = "*";
/// The code of a disposition that is as it should be.
pub const COMPLIANT: &str = "compliant";

/// What a row of `reasons.csv` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Why a credit memo is refunded: the ERP's reason, or `*`, to one of Mirakl's `REFUND`.
    Refund,
    /// Why units that fell short are refunded: `*` to one of Mirakl's `REFUND`.
    ShortShip,
    /// Why unpaid lines are canceled: `*` to one of Mirakl's `CANCELATION`.
    Cancel,
    /// Why goods come back: Mirakl's `RETURN`, or `*`, to the ERP's. Read the other way for returns
    /// that began at the ERP, where an ERP reason `*` stands for any other.
    Return,
    /// What the warehouse made of goods: the ERP's disposition to `compliant`, or to one of Mirakl's
    /// `RETURN_NON_COMPLIANT`.
    Disposition,
    /// Pieces that did not come: `*` to one of Mirakl's `RETURN_NON_COMPLIANT`.
    Missing,
}

impl ReasonKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Refund,
        Self::ShortShip,
        Self::Cancel,
        Self::Return,
        Self::Disposition,
        Self::Missing,
    ];

    /// As the table writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::ShortShip => "short_ship",
            Self::Cancel => "cancel",
            Self::Return => "return",
            Self::Disposition => "disposition",
            Self::Missing => "missing",
        }
    }

    /// The kind of a word, spaces around and case aside.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| same_code(kind.as_str(), word))
    }

    /// May `*` stand in the ERP's column, and in Mirakl's?
    pub fn takes_any(self) -> (bool, bool) {
        match self {
            Self::Return => (true, true),
            Self::Disposition => (false, false),
            Self::Refund | Self::ShortShip | Self::Cancel | Self::Missing => (true, false),
        }
    }

    /// Is `*` all that may stand in the ERP's column?
    pub fn is_one_for_all(self) -> bool {
        matches!(self, Self::ShortShip | Self::Cancel | Self::Missing)
    }
}

impl fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `reasons.csv`: a reason or disposition in both systems' codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonRow {
    /// Marketplace, or `*` for all.
    pub marketplace: String,
    /// What the row says.
    pub kind: ReasonKind,
    /// BlueCherry's code, or `*`.
    pub erp_code: String,
    /// Mirakl's code, or `*`.
    pub mirakl_code: String,
}

impl ReasonRow {
    /// What the row answers; no two rows of a marketplace answer the same.
    pub fn question(&self) -> String {
        let code = match self.kind {
            ReasonKind::Return if is_any(&self.erp_code) => "from the ERP",
            ReasonKind::Return => self.mirakl_code.trim(),
            _ => self.erp_code.trim(),
        };
        format!("{} {code}", self.kind)
    }
}

/// Is a code `*`?
pub fn is_any(code: &str) -> bool {
    code.trim() == ANY_CODE
}

impl Mappings {
    /// Reasons of refunds. What the shop may give (RE01), and what a person let through, is not
    /// among them.
    pub fn refund_rules(&self, marketplace: &str) -> Rules {
        let named = self.by_erp_code(marketplace, ReasonKind::Refund);
        Rules {
            memo_reason: self.for_any(marketplace, ReasonKind::Refund),
            short_reason: self.for_any(marketplace, ReasonKind::ShortShip),
            reasons: named
                .map(|row| (code(&row.erp_code), code(&row.mirakl_code)))
                .collect(),
            ..Rules::default()
        }
    }

    /// The ERP's reason for a return that the customer announced.
    pub fn erp_return_reason(&self, marketplace: &str, mirakl_code: &str) -> Option<&str> {
        let of = |wanted: &str| {
            self.reason(marketplace, ReasonKind::Return, |row| {
                same_code(&row.mirakl_code, wanted) && !is_any(&row.erp_code)
            })
        };
        let row = of(mirakl_code).or_else(|| of(ANY_CODE))?;
        Some(row.erp_code.trim())
    }

    /// Mirakl's reason for a return that began at the ERP; of several rows the first counts.
    pub fn mirakl_return_reason(&self, marketplace: &str, erp_code: &str) -> Option<&str> {
        let of = |wanted: &str| {
            self.reason(marketplace, ReasonKind::Return, |row| {
                same_code(&row.erp_code, wanted) && !is_any(&row.mirakl_code)
            })
        };
        let row = of(erp_code).or_else(|| of(ANY_CODE))?;
        Some(row.mirakl_code.trim())
    }

    /// Mirakl's reason for lines that are canceled unpaid.
    pub fn cancel_reason(&self, marketplace: &str) -> Option<&str> {
        self.only(marketplace, ReasonKind::Cancel)
    }

    /// What each disposition of the ERP means to the marketplace.
    pub fn dispositions(&self, marketplace: &str) -> BTreeMap<String, Verdict> {
        let verdict = |row: &ReasonRow| match same_code(&row.mirakl_code, COMPLIANT) {
            true => Verdict::Compliant,
            false => Verdict::NotCompliant {
                reason_code: code(&row.mirakl_code),
            },
        };
        self.by_erp_code(marketplace, ReasonKind::Disposition)
            .map(|row| (code(&row.erp_code), verdict(row)))
            .collect()
    }

    /// Mirakl's reason for pieces that did not come.
    pub fn missing_reason(&self, marketplace: &str) -> Option<&str> {
        self.only(marketplace, ReasonKind::Missing)
    }

    fn reason(
        &self,
        marketplace: &str,
        kind: ReasonKind,
        fits: impl Fn(&ReasonRow) -> bool,
    ) -> Option<&ReasonRow> {
        best(
            &self.reasons,
            marketplace,
            |row| &row.marketplace,
            |row| row.kind == kind && fits(row),
        )
    }

    /// The row for any other code.
    fn only(&self, marketplace: &str, kind: ReasonKind) -> Option<&str> {
        let row = self.reason(marketplace, kind, |row| is_any(&row.erp_code))?;
        Some(row.mirakl_code.trim())
    }

    fn for_any(&self, marketplace: &str, kind: ReasonKind) -> Option<String> {
        self.only(marketplace, kind).map(str::to_owned)
    }

    /// The rows of a kind that count for a marketplace and name a code of the ERP.
    fn by_erp_code(&self, marketplace: &str, kind: ReasonKind) -> impl Iterator<Item = &ReasonRow> {
        let named = move |row: &&ReasonRow| row.kind == kind && !is_any(&row.erp_code);
        self.reasons.iter().filter(named).filter(move |row| {
            let same = |other: &ReasonRow| same_code(&other.erp_code, &row.erp_code);
            let counts = self.reason(marketplace, kind, same);
            counts.is_some_and(|counts| std::ptr::eq(counts, *row))
        })
    }
}

/// Without spaces around.
fn code(code: &str) -> String {
    code.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReasonKind::{Cancel, Disposition, Missing, Refund, Return, ShortShip};

    fn tables(rows: &[(&str, ReasonKind, &str, &str)]) -> Mappings {
        let row = |&(marketplace, kind, erp, mirakl): &(&str, ReasonKind, &str, &str)| ReasonRow {
            marketplace: marketplace.into(),
            kind,
            erp_code: erp.into(),
            mirakl_code: mirakl.into(),
        };
        Mappings {
            reasons: rows.iter().map(row).collect(),
            ..Mappings::default()
        }
    }

    #[test]
    fn a_marketplaces_own_reason_wins_code_by_code() {
        let tables = tables(&[
            ("*", Refund, "*", "17"),
            ("*", Refund, "DAM", "15"),
            ("*", Refund, "LATE", "18"),
            ("nw", Refund, " dam ", " 16 "),
            ("nw", ShortShip, "*", "19"),
        ]);
        let rules = |shop: &str| {
            let rules = tables.refund_rules(shop);
            let reasons: Vec<_> = rules.reasons.into_iter().collect();
            let reasons = reasons.iter().map(|(erp, code)| format!("{erp}={code}"));
            let named = reasons.collect::<Vec<_>>().join(" ");
            (named, rules.memo_reason, rules.short_reason)
        };
        let some = |code: &str| Some(code.to_owned());
        assert_eq!(
            rules("nw"),
            ("LATE=18 dam=16".into(), some("17"), some("19"))
        );
        assert_eq!(rules("ga"), ("DAM=15 LATE=18".into(), some("17"), None));
        assert_eq!(Mappings::default().refund_rules("nw"), Rules::default());
    }

    #[test]
    fn a_reason_of_a_return_is_read_both_ways() {
        let tables = tables(&[
            ("*", Return, "CM", "RETURN_CHANGED_MIND"),
            ("*", Return, "CM", "RETURN_DOES_NOT_FIT"),
            ("*", Return, "OTH", "*"),
            ("*", Return, "*", "RETURN_OTHER"),
            ("nw", Return, "BAD", "RETURN_DEFECTIVE"),
        ]);
        for (shop, mirakl, erp) in [
            ("nw", " return_changed_mind ", "CM"),
            ("nw", "RETURN_DOES_NOT_FIT", "CM"),
            ("nw", "RETURN_DEFECTIVE", "BAD"),
            ("ga", "RETURN_DEFECTIVE", "OTH"),
            ("ga", "RETURN_OTHER", "OTH"),
        ] {
            assert_eq!(
                tables.erp_return_reason(shop, mirakl),
                Some(erp),
                "{mirakl}"
            );
        }
        for (shop, erp, mirakl) in [
            ("nw", "cm", "RETURN_CHANGED_MIND"),
            ("nw", "BAD", "RETURN_DEFECTIVE"),
            ("ga", "BAD", "RETURN_OTHER"),
            ("ga", "OTH", "RETURN_OTHER"),
        ] {
            assert_eq!(
                tables.mirakl_return_reason(shop, erp),
                Some(mirakl),
                "{erp}"
            );
        }
        let none = Mappings::default();
        assert_eq!(none.erp_return_reason("nw", "RETURN_OTHER"), None);
        assert_eq!(none.mirakl_return_reason("nw", "CM"), None);
    }

    #[test]
    fn dispositions_are_compliant_or_say_what_is_wrong() {
        let tables = tables(&[
            ("*", Disposition, "restock", " Compliant "),
            ("*", Disposition, "scrap", "DAMAGED"),
            ("nw", Disposition, "SCRAP", "OTHER"),
            ("*", Missing, "*", "MISSING"),
            ("nw", Cancel, "*", "35"),
        ]);
        let against = |reason: &str| Verdict::NotCompliant {
            reason_code: reason.into(),
        };
        let of = |shop: &str| tables.dispositions(shop).into_iter().collect::<Vec<_>>();
        assert_eq!(
            of("nw"),
            [
                ("SCRAP".to_owned(), against("OTHER")),
                ("restock".to_owned(), Verdict::Compliant)
            ]
        );
        assert_eq!(of("ga")[1], ("scrap".to_owned(), against("DAMAGED")));
        assert_eq!(tables.missing_reason("ga"), Some("MISSING"));
        assert_eq!(tables.cancel_reason("nw"), Some("35"));
        assert_eq!(tables.cancel_reason("ga"), None);
    }

    #[test]
    fn a_kind_is_found_by_its_word() {
        for kind in ReasonKind::ALL {
            assert_eq!(
                ReasonKind::of(&format!(" {kind} ").to_uppercase()),
                Some(kind)
            );
            let word = serde_json::to_string(&kind).unwrap();
            assert_eq!(word, format!("\"{kind}\""));
        }
        assert_eq!(ReasonKind::of("refunds"), None);
    }
}
