//! What was credited goes back, once, and what cannot stops nothing else.

use domain::step::{Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;

use super::{all_settled, credit, credit_of, mirakl_control, open, plan, refunds, shipped};
use crate::harness::Env;
use crate::plan::{SHOWS, offer, plain};

#[tokio::test]
async fn a_posted_credit_goes_back_once_and_a_draft_waits() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    let draft = credit_of(
        &env,
        &key,
        json!({
            "status": "draft", "lines": [{"external_line_id": "C1-A-1", "qty": 1}],
        }),
    )
    .await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(refunds(&env, &key), []);

    let number = draft["credit_no"].as_str().unwrap();
    env.erp_control(&format!("/_sim/credit-memos/{number}/post"), &json!({}))
        .await;
    env.pull_shipments().await;
    assert_eq!(env.decide(&key).await, Step::Wait(Wait::ReadBack));
    env.pull().await;
    assert_eq!(env.decide(&key).await, Step::Refund);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    let once = [("C1-A-1".to_owned(), "20".to_owned(), "17".to_owned())];
    assert_eq!(refunds(&env, &key), once);
    for _ in 0..2 {
        env.pull().await;
        env.pull_shipments().await;
        assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    }
    assert_eq!(refunds(&env, &key), once);
    all_settled(&env).await;
}

#[tokio::test]
async fn an_answer_lost_after_or_before_the_write_repays_once() {
    for fault in [
        "reset-after-commit",
        "status-after-commit:500",
        "reset",
        "status:503",
    ] {
        let env = plan().start().await;
        let key = shipped(&env, plain("C1-A")).await;
        credit(&env, &key, 1).await;
        env.fail_mirakl(FaultRule::once("OR28", fault));
        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Aftercare),
            "{fault}"
        );
        assert_eq!(refunds(&env, &key).len(), 1, "{fault}");
        env.clock.advance(SHOWS);
        env.pull().await;
        assert_eq!(
            env.drive(&key).await,
            Step::Wait(Wait::Aftercare),
            "{fault}"
        );
        assert_eq!(refunds(&env, &key).len(), 1, "{fault}");
        all_settled(&env).await;
    }
}

#[tokio::test]
async fn bad_credits_are_parked_each_by_itself_and_the_good_one_goes() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A").line(&offer(1), 2, "10.00")).await;
    let line = |id: &str, goods: &str| json!({"lines": [{"external_line_id": id, "qty": 1, "goods": goods, "shipping": "0", "tax": "0"}]});
    credit_of(&env, &key, line("C9-A-9", "1.00")).await;
    credit_of(&env, &key, line("C1-A-2", "500.00")).await;
    let mut other = line("C1-A-2", "1.00");
    other["currency"] = json!("EUR");
    credit_of(&env, &key, other).await;
    let good = credit(&env, &key, 1).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(refunds(&env, &key).len(), 1);
    let number = good["credit_no"].as_str().unwrap();
    env.erp_control(&format!("/_sim/credit-memos/{number}/repeat"), &json!({}))
        .await;
    env.erp_control(&format!("/_sim/credit-memos/{number}/void"), &json!({}))
        .await;
    env.pull_shipments().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(refunds(&env, &key).len(), 1);
    let mut kinds: Vec<String> = open(&env).await.into_iter().map(|(kind, _)| kind).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "credit_above_paid",
            "credit_unusable",
            "credit_without_sale",
        ],
        "the memo that took a voided one's place stands for its refund"
    );
}

/// The operator repays a piece of the first line in the portal.
async fn refund_in_portal(env: &Env) {
    let item = json!({
        "order_line_id": "C1-A-1", "amount": 20, "shipping_amount": 0, "quantity": 1,
        "reason_code": "16",
    });
    let body = json!({"by": "operator", "refunds": [item]});
    mirakl_control(env, "/_sim/refunds", &body).await;
}

#[tokio::test]
async fn a_refund_of_the_portal_asks_for_its_credit_and_is_answered_by_it() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    refund_in_portal(&env).await;
    env.pull().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(open(&env).await[0].0, "refund_elsewhere");

    credit(&env, &key, 1).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(
        (refunds(&env, &key).len(), env.mirakl_calls("OR28")),
        (1, 0)
    );
    all_settled(&env).await;
}

#[tokio::test]
async fn a_refund_of_the_portal_that_no_pull_has_shown_yet_is_seen_before_money_goes() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    refund_in_portal(&env).await;
    // The credit comes first.
    credit(&env, &key, 1).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(
        (refunds(&env, &key).len(), env.mirakl_calls("OR28")),
        (1, 0)
    );
    all_settled(&env).await;

    // An order that was read long ago says nothing either.
    let line = json!({"external_line_id": "C1-A-1", "qty": 1, "goods": "3.00", "tax": "0"});
    credit_of(&env, &key, json!({"lines": [line]})).await;
    env.clock.advance(std::time::Duration::from_secs(600));
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::ReadBack));
}

#[tokio::test]
async fn a_balance_that_is_too_small_is_told_in_mirakls_words_and_tried_again() {
    let mut plan = plan();
    plan.mirakl.refund_balance_check = true;
    plan.mirakl.opening_balance = serde_json::from_value(json!(-100)).unwrap();
    let env = plan.start().await;
    let key = shipped(&env, plain("C1-A")).await;
    mirakl_control(&env, "/_sim/orders/C1-A/receive", &json!({})).await;
    env.pull().await;
    env.drive(&key).await;
    credit(&env, &key, 2).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    let filter = ledger::ExceptionFilter::default();
    let open = env.ledger.exceptions(&filter, 10).await.unwrap();
    assert_eq!(open[0].kind.as_str(), "refund_refused");
    let says = open[0].evidence.iter().find(|(name, _)| name == "says");
    assert!(
        says.unwrap().1.contains("balance"),
        "{:?}",
        open[0].evidence
    );
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.mirakl_calls("OR28"), 1, "not again before its time");

    env.clock.advance(std::time::Duration::from_secs(3600));
    super::look(&env, &key).await;
    assert_eq!(env.decide(&key).await, Step::Refund);
}
