//! RE01 against `reasons.csv`: a code that the operator does not know parks every credit it is for.

use domain::mapping::{COMPLIANT, Mappings, ReasonKind, same_code};
use mirakl::Reason;

use super::Rows;
use super::daily::Daily;

/// What RE01 calls the reasons of a kind, and whether the shop itself must be allowed to give them.
fn listed_as(kind: ReasonKind) -> (&'static str, bool) {
    match kind {
        ReasonKind::Refund | ReasonKind::ShortShip => ("REFUND", true),
        ReasonKind::Cancel => ("CANCELATION", true),
        ReasonKind::Return => ("RETURN", false),
        ReasonKind::Disposition | ReasonKind::Missing => ("RETURN_NON_COMPLIANT", true),
    }
}

/// Holds the codes of the table against the operator's list; says nothing where none is mapped.
pub(super) async fn reasons(daily: &Daily<'_>, mappings: &Mappings, rows: &mut Rows) {
    let check = "reasons (RE01)";
    let shop = daily.shop.code.as_str();
    let of_shop = mappings
        .reasons
        .iter()
        .filter(|row| row.marketplace.trim() == "*" || same_code(&row.marketplace, shop));
    let named: Vec<(ReasonKind, &str)> = of_shop
        .map(|row| (row.kind, row.mirakl_code.trim()))
        .filter(|(_, code)| *code != "*" && !same_code(code, COMPLIANT))
        .collect();
    if named.is_empty() {
        return;
    }
    let client = &daily.shop.client;
    let listed = daily.read::<Vec<Reason>, _>("RE01", || client.reasons());
    let listed = match listed.await {
        Ok(listed) => listed.value,
        Err(why) => {
            return rows.warn(check, why, super::shop::AGAIN);
        }
    };
    let is_known = |(kind, code): &(ReasonKind, &str)| {
        let (listed_as, ours) = listed_as(*kind);
        listed.iter().any(|reason| {
            reason.code == *code
                && reason.reason_type.as_deref() == Some(listed_as)
                && (!ours || reason.is_shop_right.unwrap_or(false))
        })
    };
    let mut unknown: Vec<String> = named
        .iter()
        .filter(|row| !is_known(row))
        .map(|(kind, code)| format!("{} {code}", kind.as_str()))
        .collect();
    unknown.dedup();
    if unknown.is_empty() {
        let (n, all) = (named.len(), listed.len());
        rows.ok(
            check,
            format!("{n} mapped, all in the operator's list of {all}"),
        );
    } else {
        rows.fail(
            check,
            format!("the shop may not give: {}", unknown.join(", ")),
            "Map them in reasons.csv to codes of the operator's list that a shop may give.",
        );
    }
}
