//! Credit memos and returns come in, before or after their order.

use std::slice::from_ref;

use domain::exception::Kind;
use domain::papers::{ErpReturn, MarketplaceReturn, Papers};
use domain::refund::{CreditMemo, MemoKind, MemoLine, MemoStatus};
use domain::returns::{
    Authorization, AuthorizationStatus, Inspected, Return, ReturnLine, ReturnState,
};
use domain::step::{Outcome, Stage, Step};
use ledger::{
    ExceptionFilter, Ledger, Recorded, SeenCredit, SeenErpReturn, SeenReturn, Unreadable,
};

use crate::harness::*;

const CREDITS: &str = "bc/credit_memos";
const ERP_RETURNS: &str = "bc/returns";
const RETURNS: &str = "nordwind/returns";

fn memo(number: &str, version: u64, status: MemoStatus) -> CreditMemo {
    CreditMemo {
        number: number.into(),
        version,
        status,
        currency: Some("USD".into()),
        ra_number: None,
        lines: vec![MemoLine {
            line_id: "1".into(),
            order_line_id: "1".into(),
            quantity: Some(1),
            kind: MemoKind::Goods,
            goods: "5.00".parse().unwrap(),
            shipping: "0".parse().unwrap(),
            tax: "0.40".parse().unwrap(),
            restocking_fee: "0".parse().unwrap(),
            tax_detail: vec![],
            reason_code: None,
        }],
    }
}

fn credit(order_id: &str, version: u64, status: MemoStatus) -> SeenCredit {
    SeenCredit {
        external_po: format!("NW-{order_id}"),
        memo: memo("CM1", version, status),
    }
}

fn erp_return(order_id: &str, version: i64, received: u32) -> SeenErpReturn {
    SeenErpReturn {
        external_po: format!("NW-{order_id}"),
        erp_return: ErpReturn {
            ra_number: "RA1".into(),
            external_return_id: None,
            version,
            authorization: Authorization {
                status: AuthorizationStatus::Authorized,
                lines: vec![Inspected {
                    order_line_id: "1".into(),
                    received,
                    disposition: "pending".into(),
                }],
            },
            authorized: vec![line()],
        },
    }
}

fn line() -> ReturnLine {
    ReturnLine {
        order_line_id: "1".into(),
        quantity: 1,
        reason_code: "DEF".into(),
        compliant: None,
    }
}

fn returned(order_id: &str, updated: i64, state: ReturnState) -> SeenReturn {
    SeenReturn {
        key: key(order_id),
        returned: MarketplaceReturn {
            return_id: "b7".into(),
            updated_at: at(updated),
            rma: None,
            shown: Return {
                state,
                lines: vec![line()],
            },
        },
    }
}

async fn record(ledger: &Ledger, now: i64, seen: &[SeenCredit]) -> Recorded {
    let prefixes = ["NW-".to_owned()];
    let cursor = format!("M{now}");
    let run = page(CREDITS, &cursor, now, &prefixes);
    ledger.record_credit_memos(&run, seen, &[]).await.unwrap()
}

async fn record_erp(ledger: &Ledger, now: i64, seen: SeenErpReturn) -> Recorded {
    let run = page(ERP_RETURNS, "R1", now, &[]);
    ledger.record_erp_returns(&run, &[seen], &[]).await.unwrap()
}

async fn record_return(ledger: &Ledger, now: i64, seen: SeenReturn) -> Recorded {
    let run = page(RETURNS, "t", now, &[]);
    let recorded = ledger.record_marketplace_returns(&run, &[seen], &[]).await;
    recorded.unwrap()
}

async fn open(ledger: &Ledger) -> Vec<(Kind, String)> {
    let filter = ExceptionFilter::default();
    let open = ledger.exceptions(&filter, 9).await.unwrap();
    open.into_iter().map(|e| (e.kind, e.subject)).collect()
}

#[tokio::test]
async fn a_newer_memo_is_news_of_the_order_and_an_older_one_is_not() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    assert_eq!(row(&ledger, "A").await.papers, Papers::default());
    let draft = credit("A", 1, MemoStatus::Draft);
    assert_eq!(record(&ledger, 2, from_ref(&draft)).await.new, 1);
    let now = row(&ledger, "A").await;
    assert_eq!(now.papers.credits, from_ref(&draft.memo));
    assert_eq!(now.shipments_version, 1);
    assert_eq!(record(&ledger, 3, from_ref(&draft)).await.unchanged, 1);
    let posted = credit("A", 2, MemoStatus::Posted);
    assert_eq!(record(&ledger, 4, from_ref(&posted)).await.changed, 1);
    assert_eq!(record(&ledger, 5, &[draft]).await.stale, 1);
    let now = row(&ledger, "A").await;
    assert_eq!(now.papers.credits, [posted.memo]);
    assert_eq!(now.shipments_version, 2);
    let cursor = ledger.cursor(CREDITS).await.unwrap();
    assert_eq!(cursor.as_deref(), Some("M5"));
    let feeds = ledger.feeds().await.unwrap();
    assert_eq!((feeds[0].name.as_str(), feeds[0].owed), (CREDITS, 1));
}

#[tokio::test]
async fn a_credit_wakes_an_order_whose_run_is_over() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let done = decision(Step::Done(Outcome::Fulfilled), Stage::Shipped);
    decide(&ledger, "A", &done, 2).await;
    assert!(owed(&ledger, 3).await.is_empty());
    record(&ledger, 4, &[credit("A", 1, MemoStatus::Posted)]).await;
    assert_eq!(owed(&ledger, 4).await, ["A"]);
    decide(&ledger, "A", &done, 5).await;
    assert!(owed(&ledger, 6).await.is_empty());
}

#[tokio::test]
async fn papers_that_come_first_count_when_their_order_comes() {
    let (_home, ledger) = fresh().await;
    record(&ledger, 1, &[credit("A", 1, MemoStatus::Posted)]).await;
    assert_eq!(
        open(&ledger).await,
        [(Kind::CreditWithoutSale, "CM1".into())]
    );
    record_erp(&ledger, 2, erp_return("A", 1, 0)).await;
    record_return(&ledger, 3, returned("A", 1, ReturnState::InProgress)).await;

    put(&ledger, &[seen("A", 4)], 4).await;
    let now = row(&ledger, "A").await;
    assert_eq!(now.papers.credits.len(), 1);
    assert_eq!(now.papers.erp_returns, [erp_return("A", 1, 0).erp_return]);
    let shown = returned("A", 1, ReturnState::InProgress).returned;
    assert_eq!(now.papers.returns, [shown]);
    assert_eq!(now.shipments_version, 1, "one look at all of them");
    assert!(open(&ledger).await.is_empty(), "it strays no more");
    put(&ledger, &[seen("A", 5)], 5).await;
    assert_eq!(row(&ledger, "A").await.shipments_version, 1);
}

#[tokio::test]
async fn a_stray_memo_is_asked_about_only_under_a_key_of_ours_and_until_it_is_void() {
    let (_home, ledger) = fresh().await;
    let mut foreign = credit("X", 1, MemoStatus::Posted);
    foreign.external_po = "WHOLESALE-1".into();
    foreign.memo.number = "CM9".into();
    let stray = credit("A", 1, MemoStatus::Posted);
    assert_eq!(record(&ledger, 1, &[stray, foreign]).await.new, 2);
    assert_eq!(
        open(&ledger).await,
        [(Kind::CreditWithoutSale, "CM1".into())]
    );
    record(&ledger, 2, &[credit("A", 2, MemoStatus::Voided)]).await;
    assert!(open(&ledger).await.is_empty());
}

#[tokio::test]
async fn a_memo_that_names_another_order_is_void_for_the_one_before() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    record(&ledger, 2, &[credit("A", 1, MemoStatus::Posted)]).await;
    record(&ledger, 3, &[credit("B", 2, MemoStatus::Posted)]).await;
    // The old version once more, from the overlap of two reads.
    let again = record(&ledger, 4, &[credit("A", 1, MemoStatus::Posted)]).await;
    assert_eq!(again.stale, 1);
    let (a, b) = (row(&ledger, "A").await, row(&ledger, "B").await);
    assert_eq!(a.papers.credits, [memo("CM1", 2, MemoStatus::Voided)]);
    assert_eq!(b.papers.credits, [memo("CM1", 2, MemoStatus::Posted)]);
    assert_eq!((a.shipments_version, b.shipments_version), (2, 1));

    // A stray that is given its right order strays no more.
    let mut stray = credit("NONE", 1, MemoStatus::Posted);
    stray.memo.number = "CM2".into();
    record(&ledger, 5, &[stray.clone()]).await;
    assert_eq!(open(&ledger).await.len(), 1);
    stray.external_po = "NW-A".into();
    stray.memo.version = 2;
    record(&ledger, 6, &[stray]).await;
    assert!(open(&ledger).await.is_empty());
    assert_eq!(row(&ledger, "A").await.papers.credits.len(), 2);
}

#[tokio::test]
async fn a_return_without_a_version_is_news_when_it_says_something_else() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    assert_eq!(record_erp(&ledger, 2, erp_return("A", 0, 0)).await.new, 1);
    let same = record_erp(&ledger, 3, erp_return("A", 0, 0)).await;
    assert_eq!(same.unchanged, 1);
    let came = record_erp(&ledger, 4, erp_return("A", 0, 1)).await;
    assert_eq!(came.changed, 1);
    let now = row(&ledger, "A").await;
    assert_eq!(now.papers.erp_returns, [erp_return("A", 0, 1).erp_return]);
    assert_eq!(now.shipments_version, 2);
}

#[tokio::test]
async fn a_return_of_the_marketplace_is_news_when_it_changed_later() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let waits = returned("A", 5, ReturnState::WaitingAcceptance);
    assert_eq!(record_return(&ledger, 6, waits.clone()).await.new, 1);
    assert_eq!(record_return(&ledger, 7, waits.clone()).await.unchanged, 1);
    let goes = returned("A", 6, ReturnState::InProgress);
    assert_eq!(record_return(&ledger, 8, goes.clone()).await.changed, 1);
    assert_eq!(record_return(&ledger, 9, waits).await.stale, 1);
    let now = row(&ledger, "A").await;
    assert_eq!(now.papers.returns, [goes.returned]);
    assert_eq!(owed(&ledger, 9).await, ["A"]);
}

#[tokio::test]
async fn a_memo_that_cannot_be_read_is_kept_until_it_can_and_its_neighbour_counts() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let broken = Unreadable {
        key: "CM2".into(),
        marketplace: None,
        payload: "{".into(),
        path: "$.lines".into(),
        kind: Kind::CreditUnusable,
    };
    let run = page(CREDITS, "M1", 2, &[]);
    let good = [credit("A", 1, MemoStatus::Posted)];
    let recorded = ledger.record_credit_memos(&run, &good, &[broken]).await;
    let recorded = recorded.unwrap();
    assert_eq!((recorded.new, recorded.unreadable), (1, 1));
    assert_eq!(open(&ledger).await, [(Kind::CreditUnusable, "CM2".into())]);
    let mut read = credit("A", 1, MemoStatus::Posted);
    read.memo.number = "CM2".into();
    record(&ledger, 3, &[read]).await;
    assert!(open(&ledger).await.is_empty());
    assert_eq!(ledger.counts().await.unwrap().unreadable, 0);
}

#[tokio::test]
async fn a_memo_without_its_key_is_found_by_sales_order_or_return() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    record_erp(&ledger, 2, erp_return("B", 1, 0)).await;
    let note = ledger::Note::default();
    let change = |p: &mut domain::progress::Progress| p.sales_order = booked("500001");
    ledger
        .advance(&key("A"), note, at(3), change)
        .await
        .unwrap();
    for (ord_num, ra_number, owner) in [
        (Some("500001"), None, Some("NW-A")),
        (Some("500001"), Some("RA1"), Some("NW-A")),
        (Some("999"), Some("RA1"), Some("NW-B")),
        (None, Some("RA1"), Some("NW-B")),
        (Some("999"), None, None),
        (None, None, None),
    ] {
        let found = ledger.external_po_of(ord_num, ra_number).await.unwrap();
        assert_eq!(found.as_deref(), owner, "{ord_num:?} {ra_number:?}");
    }
}
