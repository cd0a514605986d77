//! Credit memos of a simulated site, as their feed tells them, and what cannot be read of it.

use bluecherry::{Binding, CreditMemo, CreditStatus, Error, Page, Problem};
use domain::retry::{Fate, Retry};
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::samples::{announced, client};
use crate::schema::part;
use crate::server::{Script, http, serve};
use crate::world::{control, shipped};

const PO: &str = "NW-1001";
const LINE: &str = "C-1001-A-1";

/// Number, version and state of each row.
fn states(page: &Page<CreditMemo>) -> Vec<(String, u64, CreditStatus)> {
    let rows = page.rows.iter().map(|row| row.read.clone());
    rows.map(|read| read.expect("a credit memo"))
        .map(|memo| (memo.credit_no, memo.version, memo.status))
        .collect()
}

#[tokio::test]
async fn a_memo_comes_as_draft_posted_and_voided_page_by_page() {
    let (sim, rest, order) = shipped(PO).await;
    let empty = rest.credit_memos(None, 10).await.expect("an empty page");
    assert!(empty.rows.is_empty() && empty.complete);
    let mut cursor = empty.next_cursor.expect("a place");

    let wish = announced(&order.ord_num, PO, "R-1", 1);
    let made = rest.create_return_authorization(&wish, "k1").await;
    made.expect("a return");
    let back = json!({ "ra_number": "RA000001" });
    control(&sim, "/_sim/returns/receive", back).await;
    let draft = json!({ "ra_number": "RA000001", "status": "draft" });
    control(&sim, "/_sim/credit-memos", draft).await;
    for step in ["post", "void", "repeat"] {
        let path = format!("/_sim/credit-memos/CM000001/{step}");
        control(&sim, &path, json!({})).await;
    }

    let mut seen = Vec::new();
    loop {
        let page = rest.credit_memos(Some(&cursor), 3).await.expect("a page");
        seen.extend(states(&page));
        cursor = page.next_cursor.expect("a place");
        if page.complete {
            break;
        }
    }
    let first = |version, status| ("CM000001".to_owned(), version, status);
    assert_eq!(
        seen,
        [
            first(1, CreditStatus::Draft),
            first(2, CreditStatus::Posted),
            first(3, CreditStatus::Voided),
            ("CM000002".to_owned(), 1, CreditStatus::Voided),
        ]
    );
    let after = rest.credit_memos(Some(&cursor), 3).await.expect("a page");
    assert!(after.rows.is_empty() && after.next_cursor == Some(cursor));

    let page = rest.credit_memos(None, 10).await.expect("a page");
    let memos: Vec<_> = page.rows.into_iter().map(|row| row.read).collect();
    let (draft, posted) = (
        memos[0].clone().expect("a memo"),
        memos[1].clone().expect("a memo"),
    );
    assert!(draft.posted_at.is_none() && posted.posted_at.is_some());
    assert!(memos[2].as_ref().is_ok_and(|memo| memo.voided_at.is_some()));
    assert_eq!(posted.ra_number.as_deref(), Some("RA000001"));
    assert_eq!(posted.external_return_id.as_deref(), Some("R-1"));
    assert_eq!(posted.external_po.as_deref(), Some(PO));
    assert_eq!(posted.currency.as_deref(), Some("USD"));
    let line = &posted.lines[0];
    assert_eq!((line.external_line_id.as_str(), line.qty), (LINE, 1));
    let taxes: rust_decimal::Decimal = line.tax_detail.iter().map(|tax| tax.amount).sum();
    assert_eq!(taxes, line.tax);
    assert_eq!(line.goods + line.shipping + line.tax, posted.total);
}

#[tokio::test]
async fn amounts_come_exactly_as_the_site_says_them_also_where_they_are_wrong() {
    let (sim, rest, _) = shipped(PO).await;
    let wish = json!({ "external_po": PO, "currency": "EUR", "lines": [
        { "external_line_id": "NEVER-SOLD", "qty": 1, "goods": "0.10", "tax": "0.20" },
        { "external_line_id": LINE, "qty": 1, "goods": "999.000001", "shipping": "0", "tax": "0",
          "restocking_fee": "5.00" },
    ] });
    control(&sim, "/_sim/credit-memos", wish).await;
    let page = rest.credit_memos(None, 10).await.expect("a page");
    let memo = page.rows[0].read.clone().expect("a memo");
    assert_eq!(
        (memo.ra_number, memo.currency.as_deref()),
        (None, Some("EUR"))
    );
    assert_eq!(memo.lines[0].sku, None);
    let amounts = memo
        .lines
        .iter()
        .map(|line| (line.goods + line.tax).to_string());
    assert_eq!(amounts.collect::<Vec<_>>(), ["0.30", "999.000001"]);
    let fee = memo.lines[1].restocking_fee.expect("a fee");
    assert_eq!(fee.to_string(), "5.00");
    assert_eq!(memo.total.to_string(), "994.300001");
}

/// The documented page with these rows.
fn page_of(rows: &[Value]) -> String {
    let mut page = part("#/components/examples/credit_memos")["value"].clone();
    page["count"] = json!(rows.len());
    page["items"] = json!(rows);
    page.to_string()
}

#[tokio::test]
async fn a_malformed_memo_is_the_page_s_unreadable_row_and_stops_no_other() {
    let good = part("#/components/examples/credit_memos")["value"]["items"][0].clone();
    let bad = |path: &str, value: Value| {
        let mut memo = good.clone();
        *memo.pointer_mut(path).expect("a field") = value;
        memo
    };
    let rows = [
        good.clone(),
        bad("/lines/0/goods", json!(54.5)),
        bad("/lines/0/qty", json!(-1)),
        bad("/version", json!("two")),
        json!("CM000009"),
        bad("/credit_no", json!("CM000002")),
    ];
    let body = page_of(&rows);
    let (url, served) = serve(Script::Say(http(200, "", &body))).await;
    let page = client(&url).credit_memos(Some("m1"), 10).await;
    let page = page.expect("a page");
    let request = served.await.expect("one request");
    assert!(request.starts_with("GET /v1/credit-memos?cursor=m1&limit=10 "));

    let paths: Vec<_> = page
        .rows
        .iter()
        .map(|row| row.read.as_ref().err().map(|bad| bad.path.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            None,
            Some("lines[0].goods"),
            Some("lines[0].qty"),
            Some("version"),
            Some("$"),
            None,
        ]
    );
    assert_eq!(page.next_cursor.as_deref(), Some("m-000002"));
    assert_eq!(page.rows[4].text, "\"CM000009\"");
    let last = page.rows[5].read.as_ref().expect("a memo");
    assert_eq!(last.credit_no, "CM000002");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_as_a_whole_moves_no_cursor() {
    let whole = page_of(&[]);
    for (body, path) in [
        (whole.replace("\"m-000002\"", "null"), "next_cursor"),
        (whole.replace("\"count\":0", "\"count\":1"), "count"),
        ("<html>".to_owned(), "$"),
    ] {
        let (url, served) = serve(Script::Say(http(200, "", &body))).await;
        let read = client(&url).credit_memos(None, 10).await;
        served.await.expect("one request");
        let error = read.expect_err(path);
        assert!(
            matches!(&error, Error::Unreadable { call: "list_credit_memos", path: at, .. } if at == path),
            "{error:?}"
        );
        assert_eq!(error.fate(), Fate::NotDone);
    }
}

#[tokio::test]
async fn a_feed_that_fails_is_asked_again() {
    let (sim, rest, _) = shipped(PO).await;
    let failed = async |op, action| {
        let fault = FaultRule::once(op, action);
        sim.faults().inject(fault).expect("a rule");
        let failed = match op {
            "list_returns" => rest.returns(None, 10).await.err(),
            _ => rest.credit_memos(None, 10).await.err(),
        };
        failed.expect("no page")
    };
    for op in ["list_credit_memos", "list_returns"] {
        for action in [
            "status:503",
            "status:429:7",
            "status:500",
            "reset",
            "truncate",
        ] {
            let error = failed(op, action).await;
            assert_eq!(error.fate(), Fate::NotDone, "{op} {action}");
            assert_ne!(error.retry(), Retry::Never, "{op} {action}");
        }
        let error = failed(op, "null").await;
        let Error::Unreadable { source, .. } = &error else {
            panic!("{op}: {error:?}")
        };
        assert_eq!(source, &Problem::Unexpected);
    }
    let page = rest.credit_memos(None, 10).await.expect("a page");
    assert!(page.rows.is_empty());
}
