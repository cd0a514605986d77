//! Credit memos and returns come into the ledger beside the shipments and orders.

mod lost;
mod returns;

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::refund::MemoStatus;
use domain::returns::AuthorizationStatus;
use ledger::{ExceptionFilter, FeedState};
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::harness::Env;
use crate::matrix::Spoil;
use crate::plan::{Plan, plain};

const CREDITS: &str = "SIMSITE/credit_memos";
const ERP_RETURNS: &str = "SIMSITE/returns";

/// A site that takes returns in, with an answer that may be spoiled.
async fn site() -> Env {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    plan.erp.returns_in = true;
    plan.start().await
}

/// A credit memo for one piece of an order of one line.
async fn credit(env: &Env, key: &OrderKey, status: &str) -> Value {
    let line = format!("{}-1", key.order_id);
    let wish = json!({
        "external_po": format!("NW-{}", key.order_id), "status": status,
        "lines": [{"external_line_id": line, "qty": 1}],
    });
    env.erp_control("/_sim/credit-memos", &wish).await
}

/// The next answer to this list of the site holds these rows, and nothing follows.
fn says(env: &Env, op: &str, rows: &[Value], next_cursor: &str) {
    let page = json!({
        "items": rows, "next_cursor": next_cursor, "as_of": "2026-03-02T09:00:00Z",
        "batch_id": null, "generated_at": "2026-03-02T09:00:00Z", "complete": true,
        "count": rows.len(),
    });
    let said = Spoil::Says(200, page.to_string().leak());
    env.spoiler(false).spoil(op, said, false);
}

fn memo(number: &str, extra: Value) -> Value {
    let mut memo = json!({
        "credit_no": number, "version": 1, "status": "posted", "total": "10.00",
        "lines": [{
            "line_id": "1", "external_line_id": "C1-A-1", "qty": 1,
            "goods": "10.00", "shipping": "0", "tax": "0",
        }],
    });
    for (name, value) in extra.as_object().unwrap() {
        memo[name] = value.clone();
    }
    memo
}

async fn open(env: &Env) -> Vec<(Kind, String)> {
    let filter = ExceptionFilter::default();
    let open = env.ledger.exceptions(&filter, 10).await.unwrap();
    open.into_iter().map(|e| (e.kind, e.subject)).collect()
}

async fn feed(env: &Env, name: &str) -> Option<FeedState> {
    let feeds = env.ledger.feeds().await.unwrap();
    feeds.into_iter().find(|feed| feed.name == name)
}

async fn credits(env: &Env, key: &OrderKey) -> Vec<(String, u64, MemoStatus)> {
    let credits = env.row(key).await.papers.credits.into_iter();
    credits.map(|c| (c.number, c.version, c.status)).collect()
}

async fn is_owed(env: &Env, key: &OrderKey) -> bool {
    let now = env.clock.now();
    let owed = env.ledger.owed_orders(&key.marketplace, now, 10).await;
    owed.unwrap().contains(key)
}

#[tokio::test]
async fn a_memo_is_news_of_its_order_as_a_draft_when_it_is_posted_and_when_it_is_void() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    assert!(!is_owed(&env, &key).await);
    let made = credit(&env, &key, "draft").await;
    let number = made["credit_no"].as_str().unwrap().to_owned();

    env.pull_shipments().await;

    let is = |version, status| vec![(number.clone(), version, status)];
    assert_eq!(credits(&env, &key).await, is(1, MemoStatus::Draft));
    assert!(is_owed(&env, &key).await);
    for (step, version, status) in [
        ("post", 2, MemoStatus::Posted),
        ("void", 3, MemoStatus::Voided),
    ] {
        let before = env.row(&key).await.shipments_version;
        let path = format!("/_sim/credit-memos/{number}/{step}");
        env.erp_control(&path, &json!({})).await;
        env.pull_shipments().await;
        assert_eq!(credits(&env, &key).await, is(version, status));
        assert_eq!(env.row(&key).await.shipments_version, before + 1);
    }
    let before = env.row(&key).await.shipments_version;
    env.pull_shipments().await;
    assert_eq!(env.row(&key).await.shipments_version, before, "no news");
}

#[tokio::test]
async fn a_memo_that_is_made_twice_is_two_memos_of_the_order() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    let made = credit(&env, &key, "posted").await;
    let number = made["credit_no"].as_str().unwrap();
    let path = format!("/_sim/credit-memos/{number}/repeat");
    env.erp_control(&path, &json!({})).await;

    env.pull_shipments().await;

    let papers = env.row(&key).await.papers;
    assert_eq!(papers.credits.len(), 2);
    assert_eq!(
        papers.credits[0].lines[0].goods,
        papers.credits[1].lines[0].goods
    );
}

#[tokio::test]
async fn a_credit_has_the_reason_of_its_return() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    let sales_order = env.sales_order(&key);
    let announced = serde_json::from_value(json!({
        "external_return_id": "r1", "ord_num": sales_order["ord_num"],
        "external_po": "NW-C1-A", "lines": [{
            "external_line_id": "C1-A-1", "sku": sales_order["lines"][0]["sku"],
            "qty_authorised": 1, "reason_code": "FIT",
        }],
    }));
    let binding = &env.orders.connections().site.binding;
    let made = binding
        .create_return_authorization(&announced.unwrap(), "k1")
        .await;
    let Ok(bluecherry::Announced::Done(made)) = made else {
        panic!("{made:?}");
    };
    env.pull_shipments().await;
    let papers = env.row(&key).await.papers;
    assert_eq!(
        papers.erp_returns[0].external_return_id.as_deref(),
        Some("r1")
    );
    assert_eq!(papers.erp_returns[0].authorized[0].quantity, 1);

    let ra = json!({"ra_number": made.ra_number});
    env.erp_control("/_sim/returns/receive", &ra).await;
    env.erp_control("/_sim/credit-memos", &ra).await;
    env.pull_shipments().await;

    let papers = env.row(&key).await.papers;
    let authorization = &papers.erp_returns[0].authorization;
    assert_eq!(authorization.status, AuthorizationStatus::Received);
    assert_eq!(authorization.lines[0].disposition, "restock");
    assert_eq!(
        papers.credits[0].ra_number.as_deref(),
        Some(made.ra_number.as_str())
    );
    assert_eq!(
        papers.credits[0].lines[0].reason_code.as_deref(),
        Some("FIT")
    );
}

#[tokio::test]
async fn a_memo_that_cannot_be_read_stops_no_neighbour_and_is_told_by_its_place() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    let po = json!({"external_po": "NW-C1-A"});
    let mut amount = memo("CM7", po.clone());
    amount["lines"][0]["goods"] = json!("many");
    let tax = json!([{"code": "VAT", "amount": "1.00", "on": "handling"}]);
    let mut on_nothing = memo("CM8", po.clone());
    on_nothing["lines"][0]["tax_detail"] = tax;
    let rows = [amount, on_nothing, memo("CM9", po)];
    says(&env, "list_credit_memos", &rows, "M3");

    env.pull_shipments().await;

    let read = credits(&env, &key).await;
    assert_eq!(read, [("CM9".to_owned(), 1, MemoStatus::Posted)]);
    let filter = ExceptionFilter::default();
    let open = env.ledger.exceptions(&filter, 10).await.unwrap();
    let mut told: Vec<_> = open
        .iter()
        .map(|e| (e.kind, e.subject.as_str(), e.evidence[0].1.as_str()))
        .collect();
    told.sort_unstable();
    let unusable = Kind::CreditUnusable;
    assert_eq!(
        told,
        [
            (unusable, "CM7", "lines[0].goods"),
            (unusable, "CM8", "lines[0].tax_detail[0].on"),
        ]
    );
    let cursor = feed(&env, CREDITS).await.unwrap().cursor;
    assert_eq!(cursor.as_deref(), Some("M3"), "none is read for ever");
}

#[tokio::test]
async fn a_list_that_fails_stops_neither_the_other_nor_the_shipments() {
    for (failing, feed_name, other) in [
        ("list_credit_memos", CREDITS, ERP_RETURNS),
        ("list_returns", ERP_RETURNS, CREDITS),
    ] {
        let env = site().await;
        let key = env.released(plain("C1-A")).await;
        credit(&env, &key, "posted").await;
        let ship = json!({"ord_num": env.sales_order(&key)["ord_num"]});
        env.erp_control("/_sim/shipments", &ship).await;
        env.fail_erp(FaultRule::once(failing, "status:500"));

        env.try_pull_shipments().await.unwrap_err();

        assert_eq!(env.row(&key).await.shipments.len(), 1, "{failing}");
        assert!(is_owed(&env, &key).await, "told all the same");
        let failed = feed(&env, feed_name).await.unwrap();
        assert_eq!((failed.failures, failed.cursor), (1, None), "{failing}");
        for fine in [other, "SIMSITE/shipments"] {
            let state = feed(&env, fine).await.unwrap();
            assert_eq!((state.failures, state.last_error), (0, None), "{fine}");
            assert!(state.last_success.is_some(), "{fine}");
        }
        env.pull_shipments().await;
        assert_eq!(credits(&env, &key).await.len(), 1, "{failing}");
        assert_eq!(feed(&env, feed_name).await.unwrap().failures, 0);
    }
}

#[tokio::test]
async fn shipments_that_fail_stop_no_credit() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    credit(&env, &key, "posted").await;
    env.fail_erp(FaultRule::once("list_fulfilments", "status:500"));

    env.try_pull_shipments().await.unwrap_err();

    assert_eq!(credits(&env, &key).await.len(), 1);
    assert_eq!(feed(&env, "SIMSITE/shipments").await.unwrap().failures, 1);
    assert_eq!(feed(&env, CREDITS).await.unwrap().failures, 0);
}

#[tokio::test]
async fn a_memo_of_no_known_order_is_asked_about_until_the_order_comes() {
    let env = site().await;
    let rows = [
        memo("CM7", json!({"external_po": "NW-C1-A"})),
        memo("CM8", json!({"external_po": "WHOLESALE-1"})),
    ];
    says(&env, "list_credit_memos", &rows, "M2");
    env.pull_shipments().await;
    let asked = (Kind::CreditWithoutSale, "CM7".to_owned());
    assert_eq!(open(&env).await, [asked], "only keys of ours");

    let key = env.place(plain("C1-A")).await;

    assert_eq!(open(&env).await, []);
    assert_eq!(credits(&env, &key).await.len(), 1);
}

#[tokio::test]
async fn a_memo_without_its_key_is_found_by_its_sales_order_or_kept_and_asked_about() {
    let env = site().await;
    let key = env.released(plain("C1-A")).await;
    let ord_num = &env.sales_order(&key)["ord_num"];
    let rows = [
        memo("CM7", json!({"ord_num": ord_num})),
        memo("CM8", json!({"ord_num": "999999", "external_po": " "})),
    ];
    says(&env, "list_credit_memos", &rows, "M2");

    env.pull_shipments().await;

    assert_eq!(credits(&env, &key).await[0].0, "CM7");
    let asked = (Kind::CreditWithoutSale, "CM8".to_owned());
    assert_eq!(open(&env).await, [asked]);
    let void = json!({"ord_num": "999999", "version": 2, "status": "voided"});
    says(&env, "list_credit_memos", &[memo("CM8", void)], "M3");
    env.pull_shipments().await;
    assert_eq!(open(&env).await, []);
    assert_eq!(env.ledger.counts().await.unwrap().unreadable, 0);
}

#[tokio::test]
async fn a_quiet_read_of_the_site_is_three_calls_and_two_where_it_keeps_no_returns() {
    for (returns_in, of_returns) in [(true, 2), (false, 0)] {
        let mut plan = Plan::usual();
        plan.erp.returns_in = returns_in;
        let env = plan.start().await;
        env.pull_shipments().await;
        env.pull_shipments().await;
        assert_eq!(env.erp_calls("list_fulfilments"), 2);
        assert_eq!(env.erp_calls("list_credit_memos"), 2);
        assert_eq!(env.erp_calls("list_returns"), of_returns);
    }
}

#[tokio::test]
async fn memos_come_page_by_page_and_the_next_read_goes_on_after_them() {
    let mut plan = Plan::usual();
    plan.erp.max_page = 2;
    let env = plan.start().await;
    let key = env.released(plain("C1-A")).await;
    for _ in 0..5 {
        credit(&env, &key, "draft").await;
    }
    env.pull_shipments().await;
    assert_eq!(credits(&env, &key).await.len(), 5);
    let calls = env.erp_calls("list_credit_memos");
    assert_eq!(calls, 3);
    let state = feed(&env, CREDITS).await.unwrap();
    assert_eq!((state.rows, state.owed), (5, 1));
    env.pull_shipments().await;
    assert_eq!(env.erp_calls("list_credit_memos"), calls + 1);
}
