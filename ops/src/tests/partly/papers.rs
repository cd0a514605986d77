//! What BlueCherry credited, and what came back.

use domain::papers::ErpReturn;
use domain::refund::{CreditMemo, MemoKind, MemoLine, MemoStatus};
use domain::returns::{Authorization, AuthorizationStatus, Inspected, ReturnLine};
use ledger::{SeenCredit, SeenErpReturn};

use super::{PO, SOCK, TEE, dec};

fn credit(number: &str, status: MemoStatus, line: MemoLine) -> SeenCredit {
    SeenCredit {
        external_po: PO.into(),
        memo: CreditMemo {
            number: number.into(),
            version: 1,
            status,
            currency: Some("USD".into()),
            ra_number: None,
            lines: vec![line],
        },
    }
}

fn memo_line(order_line_id: &str, goods: &str) -> MemoLine {
    MemoLine {
        line_id: "1".into(),
        order_line_id: order_line_id.into(),
        quantity: Some(1),
        kind: MemoKind::Goods,
        goods: dec(goods),
        shipping: dec("0"),
        tax: dec("0"),
        restocking_fee: dec("0"),
        tax_detail: vec![],
        reason_code: Some("FIT".into()),
    }
}

/// One refunded, one far above what is left, one that waits for the incident, one not posted yet.
pub(super) fn credits() -> [SeenCredit; 4] {
    let came_back = MemoLine {
        tax: dec("2.00"),
        restocking_fee: dec("3.00"),
        ..memo_line(TEE, "20.00")
    };
    [
        credit("CM-1", MemoStatus::Posted, came_back),
        credit("CM-2", MemoStatus::Posted, memo_line(TEE, "50.00")),
        credit("CM-3", MemoStatus::Posted, memo_line(SOCK, "5.00")),
        credit("CM-4", MemoStatus::Draft, memo_line(TEE, "3.00")),
    ]
}

pub(super) fn return_line(order_line_id: &str) -> ReturnLine {
    ReturnLine {
        order_line_id: order_line_id.into(),
        quantity: 1,
        reason_code: "12".into(),
        compliant: None,
    }
}

/// One that came back and was judged by a word that nobody mapped, and one that began at the ERP.
pub(super) fn erp_returns() -> [SeenErpReturn; 2] {
    let seen = |number: &str, of: Option<&str>, status, line: &str, came| SeenErpReturn {
        external_po: PO.into(),
        erp_return: ErpReturn {
            ra_number: number.into(),
            external_return_id: of.map(str::to_owned),
            version: 1,
            authorization: Authorization {
                status,
                lines: vec![Inspected {
                    order_line_id: line.into(),
                    received: came,
                    disposition: if came == 0 { "pending" } else { "MENDED" }.into(),
                }],
            },
            authorized: vec![return_line(line)],
        },
    };
    [
        seen("RA-7", Some("R-1"), AuthorizationStatus::Received, TEE, 1),
        seen("RA-8", None, AuthorizationStatus::Authorized, SOCK, 0),
    ]
}
