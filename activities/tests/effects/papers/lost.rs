//! After a ledger was lost its papers come anew, and nothing is repaid twice.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::refund::MemoStatus;
use domain::step::{Step, Wait};
use serde_json::json;

use super::{CREDITS, credit, credits, feed, memo, open, says, site};
use crate::harness::Env;
use crate::plan::plain;

/// An order that left, and of which one piece was credited and repaid.
async fn refunded(env: &Env) -> (OrderKey, String) {
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    env.drive(&key).await;
    assert_eq!(env.state(&key), "SHIPPED");
    let made = credit(env, &key, "posted").await;
    env.pull_shipments().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.mirakl_calls("OR28"), 1);
    (key, made["credit_no"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn papers_come_from_the_first_and_a_credit_that_was_repaid_is_not_repaid_again() {
    let mut env = site().await;
    let (key, number) = refunded(&env).await;

    env.lose_ledger().await;
    assert_eq!(feed(&env, CREDITS).await, None);
    assert_eq!(credits(&env, &key).await, []);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    env.read_papers().await;

    let posted = (number, 1, MemoStatus::Posted);
    assert_eq!(credits(&env, &key).await, [posted]);
    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(
        env.mirakl_calls("OR28"),
        1,
        "it is the one that Mirakl shows"
    );
    assert_eq!(env.row(&key).await.progress.care.refunds.len(), 1);
    assert_eq!(open(&env).await, []);

    // A credit that was posted after the loss goes on by itself.
    let more = json!({
        "external_po": "NW-C1-A",
        "lines": [{"external_line_id": "C1-A-1", "qty": 1, "goods": "7.00", "tax": "0"}],
    });
    env.erp_control("/_sim/credit-memos", &more).await;
    env.pull_shipments().await;
    env.settle(&key).await;
    assert_eq!(env.mirakl_calls("OR28"), 2);
}

#[tokio::test]
async fn a_credit_that_changed_since_it_was_repaid_waits_for_a_person() {
    let mut env = site().await;
    let (key, number) = refunded(&env).await;
    env.lose_ledger().await;
    // Its amount is another one by now, so nothing on Mirakl tells that it was repaid.
    let changed = memo(&number, json!({"external_po": "NW-C1-A", "version": 2}));
    says(&env, "list_credit_memos", &[changed], "M9");

    env.read_papers().await;
    env.settle(&key).await;

    assert_eq!(env.mirakl_calls("OR28"), 1);
    let subject = format!("C1-A memo/{number}/1");
    assert!(open(&env).await.contains(&(Kind::RefundUnsure, subject)));

    let yes = json!({"approved": [format!("memo/{number}/1")]});
    assert!(env.tell(&key, "correct", yes).await.done);
    env.settle(&key).await;
    assert_eq!(env.mirakl_calls("OR28"), 2);
    let kinds = open(&env).await.into_iter().map(|(kind, _)| kind);
    assert_eq!(kinds.collect::<Vec<_>>(), [Kind::RefundElsewhere]);
}
