//! What both systems say of an order's returns and credits, beside the order and its shipments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refund::CreditMemo;
use crate::returns::{Authorization, Return, ReturnLine};

/// The returns and credits of one order, as last read. Empty for most orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Papers {
    /// Credit memos of the ERP, the highest version of each, the first seen first.
    pub credits: Vec<CreditMemo>,
    /// Return authorizations of the ERP, the first seen first.
    pub erp_returns: Vec<ErpReturn>,
    /// Returns of the marketplace, the first seen first.
    pub returns: Vec<MarketplaceReturn>,
}

impl Papers {
    /// Is there neither return nor credit?
    pub fn is_empty(&self) -> bool {
        self.credits.is_empty() && self.erp_returns.is_empty() && self.returns.is_empty()
    }

    /// The same, where each line of a credit that says no reason has the one of its return.
    #[must_use]
    pub fn with_reasons(mut self) -> Self {
        for memo in &mut self.credits {
            let its_own = |r: &&ErpReturn| memo.ra_number.as_deref() == Some(r.ra_number.as_str());
            let Some(erp_return) = self.erp_returns.iter().find(its_own) else {
                continue;
            };
            for line in memo.lines.iter_mut().filter(|l| l.reason_code.is_none()) {
                let mut authorized = erp_return.authorized.iter();
                let reason = authorized.find(|a| a.order_line_id == line.order_line_id);
                let reason = reason.map(|a| a.reason_code.clone());
                line.reason_code = reason.filter(|code| !code.is_empty());
            }
        }
        self
    }
}

/// A return as the ERP shows it.
///
/// Source: BlueCherry connector profile v1, "Return".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpReturn {
    /// The ERP's number.
    pub ra_number: String,
    /// Mirakl's return as we announced it, with the shop's prefix before it; empty for one that began
    /// at the ERP.
    #[serde(default)]
    pub external_return_id: Option<String>,
    /// Grows with each change.
    pub version: i64,
    /// Where it stands, and what came.
    pub authorization: Authorization,
    /// What may come, by line; the reason is the ERP's code, empty when it says none.
    pub authorized: Vec<ReturnLine>,
}

impl ErpReturn {
    /// Was it announced for this return of Mirakl? What stands before the ID is the shop's prefix, since
    /// IDs are unique within an operator only; an order's papers are of one shop.
    pub fn is_of(&self, return_id: &str) -> bool {
        let before = self
            .external_return_id
            .as_deref()
            .and_then(|id| id.strip_suffix(return_id));
        before.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('-'))
    }

    /// What comes or came back, by line: goods that nobody announced were never authorized.
    pub fn lines(&self) -> Vec<ReturnLine> {
        let mut lines = self.authorized.clone();
        for came in self.authorization.lines.iter().filter(|l| l.received > 0) {
            if self
                .authorized
                .iter()
                .any(|l| l.order_line_id == came.order_line_id)
            {
                continue;
            }
            match lines
                .iter_mut()
                .find(|l| l.order_line_id == came.order_line_id)
            {
                Some(line) => line.quantity = line.quantity.saturating_add(came.received),
                None => lines.push(ReturnLine {
                    order_line_id: came.order_line_id.clone(),
                    quantity: came.received,
                    reason_code: String::new(),
                    compliant: None,
                }),
            }
        }
        lines
    }
}

/// A return as Mirakl shows it (RT11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketplaceReturn {
    /// Mirakl's ID.
    pub return_id: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The number that the shop gave it: the ERP's, for one that began there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rma: Option<String>,
    /// Where it stands.
    pub shown: Return,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn credit(ra_number: Option<&str>, reason: Option<&str>) -> CreditMemo {
        serde_json::from_value(json!({
            "number": "CM1", "version": 1, "status": "posted", "ra_number": ra_number,
            "lines": [{
                "line_id": "1", "order_line_id": "A-1", "quantity": 1, "kind": "goods",
                "goods": "5.00", "shipping": "0", "tax": "0", "restocking_fee": "0",
                "tax_detail": [], "reason_code": reason,
            }],
        }))
        .unwrap()
    }

    fn erp_return(order_line_id: &str, reason: &str) -> ErpReturn {
        serde_json::from_value(json!({
            "ra_number": "RA1", "version": 1,
            "authorization": {"status": "received", "lines": []},
            "authorized": [{
                "order_line_id": order_line_id, "quantity": 1, "reason_code": reason,
                "compliant": null,
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_credit_line_without_a_reason_has_the_one_of_its_return() {
        for (credit, erp_return, reason) in [
            (
                credit(Some("RA1"), None),
                erp_return("A-1", "FIT"),
                Some("FIT"),
            ),
            (
                credit(Some("RA1"), Some("DMG")),
                erp_return("A-1", "FIT"),
                Some("DMG"),
            ),
            (credit(Some("RA2"), None), erp_return("A-1", "FIT"), None),
            (credit(None, None), erp_return("A-1", "FIT"), None),
            (credit(Some("RA1"), None), erp_return("A-2", "FIT"), None),
            (credit(Some("RA1"), None), erp_return("A-1", ""), None),
        ] {
            let papers = Papers {
                credits: vec![credit],
                erp_returns: vec![erp_return],
                returns: vec![],
            };
            let line = &papers.with_reasons().credits[0].lines[0];
            assert_eq!(line.reason_code.as_deref(), reason);
        }
    }

    #[test]
    fn a_return_of_the_erp_is_known_by_the_id_it_was_announced_with() {
        let there = |external: Option<&str>| ErpReturn {
            ra_number: "RA1".into(),
            external_return_id: external.map(str::to_owned),
            version: 1,
            authorization: Authorization {
                status: crate::returns::AuthorizationStatus::Authorized,
                lines: vec![],
            },
            authorized: vec![],
        };
        for (external, is_it) in [
            (Some("NW-0001"), true),
            (Some("0001"), true),
            (Some("NW-A-0001"), true),
            (Some("NW-10001"), false),
            (Some("NW-0002"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(there(external).is_of("0001"), is_it, "{external:?}");
        }
    }
}
