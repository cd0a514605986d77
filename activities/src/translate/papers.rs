//! Credit memos and returns to ours. A path names the place that cannot be.

use domain::papers::{ErpReturn, MarketplaceReturn};
use domain::refund::{CreditMemo, MemoKind, MemoLine, MemoStatus, TaxBase, TaxDetail};
use domain::returns::{
    Authorization, AuthorizationStatus, Inspected, Return, ReturnLine, ReturnState,
};
use jiff::Timestamp;
use rust_decimal::Decimal;

/// Reads what a refund needs from a credit memo as BlueCherry sent it.
///
/// # Errors
/// The path of a value that cannot be: a tax on neither goods nor shipping.
pub fn credit_memo(wire: &bluecherry::CreditMemo) -> Result<CreditMemo, String> {
    let lines =
        wire.lines.iter().enumerate().map(|(n, line)| {
            memo_line(line).map_err(|tax| format!("lines[{n}].tax_detail[{tax}].on"))
        });
    Ok(CreditMemo {
        number: wire.credit_no.trim().to_owned(),
        version: wire.version,
        status: match &wire.status {
            bluecherry::CreditStatus::Draft => MemoStatus::Draft,
            bluecherry::CreditStatus::Posted => MemoStatus::Posted,
            bluecherry::CreditStatus::Voided => MemoStatus::Voided,
            bluecherry::CreditStatus::Unknown(word) => MemoStatus::Unknown(word.clone()),
        },
        currency: code(wire.currency.as_deref()),
        ra_number: code(wire.ra_number.as_deref()),
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// A line of a memo; else the number of the tax that stands on something unknown.
fn memo_line(wire: &bluecherry::CreditLine) -> Result<MemoLine, usize> {
    let tax = |(n, tax): (usize, &bluecherry::CreditTax)| {
        let on = match tax.on.trim() {
            "goods" => TaxBase::Goods,
            "shipping" => TaxBase::Shipping,
            _ => return Err(n),
        };
        Ok(TaxDetail {
            code: tax.code.trim().to_owned(),
            amount: tax.amount,
            on,
        })
    };
    Ok(MemoLine {
        line_id: wire.line_id.trim().to_owned(),
        order_line_id: wire.external_line_id.trim().to_owned(),
        // A component's units are no units of the pack that was sold.
        quantity: code(wire.pack_sku.as_deref()).is_none().then_some(wire.qty),
        kind: match code(wire.kind.as_deref()).as_deref() {
            None | Some("goods") => MemoKind::Goods,
            Some("short_ship") => MemoKind::ShortShip,
            Some("allowance") => MemoKind::Allowance,
            Some(word) => MemoKind::Unknown(word.to_owned()),
        },
        goods: wire.goods,
        shipping: wire.shipping,
        tax: wire.tax,
        restocking_fee: wire.restocking_fee.unwrap_or(Decimal::ZERO),
        tax_detail: wire
            .tax_detail
            .iter()
            .enumerate()
            .map(tax)
            .collect::<Result<_, _>>()?,
        // The return says why; see `Papers::with_reasons`.
        reason_code: None,
    })
}

/// Reads a return as BlueCherry shows it: what may come, and what came.
pub fn erp_return(wire: &bluecherry::Return) -> ErpReturn {
    let received = wire.lines.iter().any(|line| line.qty_received > 0);
    let status = match &wire.status {
        Some(bluecherry::ReturnStatus::Authorized) => AuthorizationStatus::Authorized,
        Some(bluecherry::ReturnStatus::Received) => AuthorizationStatus::Received,
        Some(bluecherry::ReturnStatus::NoReception) => AuthorizationStatus::NoReception,
        Some(bluecherry::ReturnStatus::Canceled) => AuthorizationStatus::Canceled,
        Some(bluecherry::ReturnStatus::Unknown(word)) => AuthorizationStatus::Unknown(word.clone()),
        // A site without the word shows it by what came.
        None if wire.received_at.is_some() || received => AuthorizationStatus::Received,
        None => AuthorizationStatus::Authorized,
    };
    let inspected = |line: &bluecherry::ReturnLine| Inspected {
        order_line_id: line.external_line_id.trim().to_owned(),
        received: line.qty_received,
        disposition: line.disposition.as_str().trim().to_owned(),
    };
    ErpReturn {
        ra_number: wire.ra_number.trim().to_owned(),
        external_return_id: code(wire.external_return_id.as_deref()),
        version: wire
            .version
            .map_or(0, |n| i64::try_from(n).unwrap_or(i64::MAX)),
        authorization: Authorization {
            status,
            lines: wire.lines.iter().map(inspected).collect(),
        },
        authorized: authorized(&wire.lines),
    }
}

/// One entry a line: BlueCherry has a row for each disposition of it.
fn authorized(rows: &[bluecherry::ReturnLine]) -> Vec<ReturnLine> {
    let mut lines: Vec<ReturnLine> = vec![];
    for row in rows {
        let id = row.external_line_id.trim();
        let reason = code(row.reason_code.as_deref()).unwrap_or_default();
        match lines.iter_mut().find(|line| line.order_line_id == id) {
            Some(line) => {
                line.quantity = line.quantity.saturating_add(row.qty_authorised);
                if line.reason_code.is_empty() {
                    line.reason_code = reason;
                }
            }
            None => lines.push(ReturnLine {
                order_line_id: id.to_owned(),
                quantity: row.qty_authorised,
                reason_code: reason,
                compliant: None,
            }),
        }
    }
    // Goods that nobody announced came all the same: they were never authorized.
    lines.retain(|line| line.quantity > 0);
    lines
}

/// Reads a return as Mirakl shows it.
///
/// # Errors
/// The path of a value that cannot be: no moment of its last change, or no number of pieces.
pub fn marketplace_return(wire: &mirakl::Return) -> Result<MarketplaceReturn, String> {
    let updated_at: Option<Timestamp> = wire.last_updated.or(wire.date_created);
    let line = |(n, line): (usize, &mirakl::ReturnLine)| {
        let verdicts = line.compliance.as_deref().unwrap_or_default();
        Ok(ReturnLine {
            order_line_id: line.order_line_id.clone(),
            quantity: u32::try_from(line.quantity)
                .map_err(|_| format!("return_lines[{n}].quantity"))?,
            reason_code: line.reason_code.clone().unwrap_or_default(),
            compliant: (!verdicts.is_empty()).then(|| verdicts.iter().all(|one| one.compliant)),
        })
    };
    Ok(MarketplaceReturn {
        return_id: wire.id.clone(),
        updated_at: updated_at.ok_or("last_updated")?,
        rma: code(wire.rma.as_deref()),
        shown: Return {
            state: state(&wire.state),
            lines: wire
                .return_lines
                .iter()
                .enumerate()
                .map(line)
                .collect::<Result<_, String>>()?,
        },
    })
}

fn state(word: &str) -> ReturnState {
    match word {
        "WAITING_ACCEPTANCE" => ReturnState::WaitingAcceptance,
        "IN_PROGRESS" => ReturnState::InProgress,
        "REFUSED" => ReturnState::Refused,
        "RECEIVED" => ReturnState::Received,
        "NO_RECEPTION" => ReturnState::NoReception,
        "CANCELED" => ReturnState::Canceled,
        "CLOSED" => ReturnState::Closed,
        word => ReturnState::Unknown(word.to_owned()),
    }
}

/// A code that says something; spaces around do not count.
pub(crate) fn code(text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

#[cfg(test)]
mod tests;
