use serde_json::{Value, json};

use super::*;

fn memo(lines: Value) -> bluecherry::CreditMemo {
    serde_json::from_value(json!({
        "credit_no": " CM1 ", "version": 3, "status": "posted", "ra_number": "RA1",
        "currency": " ", "external_po": "NW-1-A", "lines": lines, "total": "5.00",
    }))
    .unwrap()
}

fn line(extra: Value) -> Value {
    let mut line = json!({
        "line_id": "1", "external_line_id": " 1-A-1 ", "qty": 2,
        "goods": "50.00", "shipping": "0", "tax": "4.00",
    });
    for (name, value) in extra.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

#[test]
fn a_memo_says_what_each_line_gives_back() {
    let tax = json!({"code": "VAT", "amount": "4.00", "on": "shipping"});
    let wire = memo(json!([
        line(json!({"restocking_fee": "5.00", "tax_detail": [tax]})),
        line(json!({"kind": "short_ship"})),
        line(json!({"kind": "goodwill", "pack_sku": "PACK-6"})),
    ]));

    let read = credit_memo(&wire).unwrap();

    assert_eq!((read.number.as_str(), read.version), ("CM1", 3));
    assert_eq!(read.status, MemoStatus::Posted);
    assert_eq!(read.currency, None, "spaces name no currency");
    assert_eq!(read.lines[0].order_line_id, "1-A-1");
    assert_eq!(read.lines[0].quantity, Some(2));
    assert_eq!(read.lines[0].restocking_fee, Decimal::new(500, 2));
    assert_eq!(read.lines[0].tax_detail[0].on, TaxBase::Shipping);
    assert_eq!(read.lines[1].kind, MemoKind::ShortShip);
    assert_eq!(read.lines[1].restocking_fee, Decimal::ZERO);
    assert_eq!(read.lines[2].kind, MemoKind::Unknown("goodwill".into()));
    assert_eq!(
        read.lines[2].quantity, None,
        "a component has no pieces of the pack"
    );
}

#[test]
fn a_tax_on_neither_goods_nor_shipping_is_named_by_its_place() {
    let tax = |on: &str| json!({"code": "VAT", "amount": "1.00", "on": on});
    let wire = memo(json!([
        line(json!({})),
        line(json!({"tax_detail": [tax("goods"), tax("handling")]})),
    ]));
    assert_eq!(credit_memo(&wire).unwrap_err(), "lines[1].tax_detail[1].on");
}

fn wire_return(status: Option<&str>, rows: &[(&str, u32, u32, &str)]) -> bluecherry::Return {
    let row = |(line, authorised, received, disposition): &(&str, u32, u32, &str)| {
        json!({
            "external_line_id": line, "sku": "S", "qty_authorised": authorised,
            "qty_received": received, "disposition": disposition, "reason_code": "DEF",
        })
    };
    let mut wire = json!({
        "ra_number": "RA1", "external_return_id": null, "ord_num": "500001",
        "external_po": "NW-1-A", "lines": rows.iter().map(row).collect::<Vec<_>>(),
    });
    if let Some(status) = status {
        wire["status"] = json!(status);
    }
    serde_json::from_value(wire).unwrap()
}

#[test]
fn a_return_of_the_erp_has_one_line_for_all_its_dispositions() {
    let rows = [
        ("A-1", 3, 2, "restock"),
        ("A-1", 0, 1, "scrap"),
        ("A-2", 0, 1, "pending"),
    ];
    let read = erp_return(&wire_return(Some("received"), &rows));

    assert_eq!((read.version, read.external_return_id), (0, None));
    assert_eq!(read.authorization.status, AuthorizationStatus::Received);
    let came = read.authorization.lines.iter();
    let came: Vec<_> = came
        .map(|l| (l.order_line_id.as_str(), l.received, l.disposition.as_str()))
        .collect();
    assert_eq!(
        came,
        [
            ("A-1", 2, "restock"),
            ("A-1", 1, "scrap"),
            ("A-2", 1, "pending")
        ]
    );
    let may = read.authorized.iter();
    let may: Vec<_> = may
        .map(|l| (l.order_line_id.as_str(), l.quantity))
        .collect();
    assert_eq!(may, [("A-1", 3)], "nobody announced the goods of A-2");
    assert_eq!(read.authorized[0].reason_code, "DEF");
}

#[test]
fn a_site_without_a_status_says_it_by_what_came() {
    for (status, received, is) in [
        (None, 0, AuthorizationStatus::Authorized),
        (None, 1, AuthorizationStatus::Received),
        (Some("authorised"), 1, AuthorizationStatus::Authorized),
        (Some("no_reception"), 0, AuthorizationStatus::NoReception),
        (Some("cancelled"), 0, AuthorizationStatus::Canceled),
        (Some("lost"), 0, AuthorizationStatus::Unknown("lost".into())),
    ] {
        let read = erp_return(&wire_return(status, &[("A-1", 1, received, "pending")]));
        assert_eq!(read.authorization.status, is, "{status:?}");
    }
}

fn shown(state: &str, extra: Value) -> mirakl::Return {
    let mut wire = json!({
        "id": "r1", "order_id": "A-A", "order_commercial_id": "A", "state": state,
        "last_updated": "2026-03-02T09:00:00.250Z",
        "return_lines": [{"order_line_id": "A-1", "quantity": 2, "reason_code": "RETURN_OTHER"}],
    });
    for (name, value) in extra.as_object().unwrap() {
        wire[name] = value.clone();
    }
    serde_json::from_value(wire).unwrap()
}

#[test]
fn a_return_of_mirakl_keeps_a_state_that_nobody_taught_us() {
    for (word, state) in [
        ("WAITING_ACCEPTANCE", ReturnState::WaitingAcceptance),
        ("NO_RECEPTION", ReturnState::NoReception),
        ("CLOSED", ReturnState::Closed),
        ("TELEPORTED", ReturnState::Unknown("TELEPORTED".into())),
    ] {
        let read = marketplace_return(&shown(word, json!({}))).unwrap();
        assert_eq!(read.shown.state, state);
        assert_eq!(read.updated_at.as_millisecond() % 1000, 250);
    }
}

#[test]
fn a_line_is_as_it_should_be_when_every_verdict_says_so() {
    let line = |verdicts: Value| {
        json!({"return_lines": [
            {"order_line_id": "A-1", "quantity": 2, "compliance": verdicts}]})
    };
    let verdict = |compliant: bool| json!({"compliant": compliant});
    for (verdicts, compliant) in [
        (json!(null), None),
        (json!([]), None),
        (json!([verdict(true)]), Some(true)),
        (json!([verdict(true), verdict(false)]), Some(false)),
    ] {
        let read = marketplace_return(&shown("RECEIVED", line(verdicts))).unwrap();
        assert_eq!(read.shown.lines[0].compliant, compliant);
        assert_eq!(read.shown.lines[0].reason_code, "");
    }
}

#[test]
fn a_return_of_no_moment_or_no_pieces_is_named_by_its_place() {
    let minus = json!({"return_lines": [{"order_line_id": "A-1", "quantity": -1}]});
    for (extra, path) in [
        (json!({"last_updated": null}), "last_updated"),
        (minus, "return_lines[0].quantity"),
    ] {
        let read = marketplace_return(&shown("RECEIVED", extra));
        assert_eq!(read.unwrap_err(), path);
    }
}
