//! After a ledger was lost its papers come anew, and nothing is repaid twice.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::refund::MemoStatus;
use domain::step::{Step, Wait};
use jiff::SignedDuration;
use serde_json::json;

use super::{CREDITS, credit, credits, feed, memo, open, says, site};
use crate::aftercare;
use crate::harness::{Env, list};
use crate::plan::{SHOWS, offer, plain, start};

/// An order that left, and of which one piece was credited and repaid.
async fn refunded(env: &Env) -> (OrderKey, String) {
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    env.drive(&key).await;
    assert_eq!(env.state(&key), "SHIPPED");
    let made = credit(env, &key, "posted").await;
    env.pull_shipments().await;
    aftercare::look(env, &key).await;
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

/// Goes on until no feed brings anything new.
async fn go_on(env: &Env, key: &OrderKey) {
    for _ in 0..6 {
        env.settle(key).await;
        env.clock.advance(SHOWS);
        env.pull().await;
        env.pull_shipments().await;
    }
}

#[tokio::test]
async fn a_return_of_either_side_keeps_its_other_side_and_none_is_made_twice() {
    let mut env = aftercare::plan().start().await;
    let spec = plain("C1-A").line(&offer(1), 1, "10.00");
    let key = aftercare::shipped(&env, spec).await;
    aftercare::announce(&env, &key, 1, "RETURN_CHANGED_MIND").await;
    let ord_num = env.sales_order(&key)["ord_num"].clone();
    let line = json!({"external_line_id": "C1-A-2", "qty": 1, "disposition": "restock"});
    let came = json!({"ord_num": ord_num, "lines": [line]});
    env.erp_control("/_sim/returns/receive", &came).await;
    env.pull_shipments().await;
    // Lost right after both were told, while both are under way.
    while env.mirakl_calls("RT01") == 0 || env.mirakl_calls("RT21") == 0 {
        env.clock.advance(SHOWS);
        env.pull().await;
        env.run(&key).await.unwrap();
        assert!(env.clock.now() < start() + SignedDuration::from_hours(1));
    }
    let made = |env: &Env| {
        let there = env.erp_calls("announce_return");
        (there, env.mirakl_calls("RT01"), env.mirakl_calls("RT21"))
    };
    let before = made(&env);
    assert_eq!((before.0, before.1), (1, 1));

    env.lose_ledger().await;
    env.read_papers().await;
    go_on(&env, &key).await;

    assert_eq!(made(&env), before);
    assert_eq!(list(&env.mirakl.ledger(), "returns").len(), 2);
    assert_eq!(list(&env.erp.ledger(), "returns").len(), 2);
    assert_eq!(open(&env).await, []);
}
