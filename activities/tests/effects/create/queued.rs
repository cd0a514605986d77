//! A site that answers 202: the order is not there until a look-up shows it.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Outcome, Step, Wait};
use serde_json::json;
use simulators::bluecherry::WriteMode;

use crate::harness::{Env, blocked};
use crate::plan::{CYCLE, Plan, plain};

/// A sales order that waits in the site's queue.
async fn queued() -> (Env, OrderKey) {
    let mut plan = Plan::usual();
    plan.erp.write_mode = WriteMode::Queued;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Queue));
    (env, key)
}

#[tokio::test]
async fn a_queued_sales_order_is_accepted_once_a_look_up_shows_it() {
    let (env, key) = queued().await;
    assert_eq!(env.mirakl_calls("OR21"), 0);
    env.act(&key, &Step::AcceptLines).await.unwrap();
    env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    assert_eq!(env.mirakl_calls("OR21"), 0, "accepted before it is there");
    assert_eq!(env.erp_calls("create_sales_order"), 1, "sent twice");

    env.clock.advance(CYCLE / 2);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Queue));
    assert_eq!(env.mirakl_calls("OR21"), 0);

    env.erp_control("/_sim/queue/run", &json!({})).await;
    env.clock.advance(CYCLE);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.erp_calls("create_sales_order"), 1);
    assert_eq!(env.seen(&key, "accepts").len(), 1);
}

#[tokio::test]
async fn a_look_up_of_a_queued_order_does_not_wait_for_an_answer_that_came() {
    let (env, key) = queued().await;
    let intent = env.ledger.open_intent(&key, "create_sales_order").await;
    assert_eq!(intent.unwrap().unwrap().send_deadline, None);
}

#[tokio::test]
async fn an_order_queued_for_two_cycles_is_an_exception_and_goes_on_when_it_shows() {
    let (env, key) = queued().await;
    env.clock.advance(CYCLE * 2);
    env.drive(&key).await;
    assert_eq!(blocked(&env.decide(&key).await), Kind::QueuedTooLong);
    assert_eq!(env.exceptions().await, [Kind::QueuedTooLong]);
    assert_eq!(env.mirakl_calls("OR21"), 0);
    assert_eq!(env.erp_calls("create_sales_order"), 1);

    env.erp_control("/_sim/queue/run", &json!({})).await;
    env.clock.advance(CYCLE);

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.exceptions().await, []);
    assert_eq!(env.erp_calls("create_sales_order"), 1);
}

#[tokio::test]
async fn a_queued_order_that_is_called_off_is_cancelled_when_it_shows() {
    let (env, key) = queued().await;
    env.mirakl.cancel(&key.order_id).unwrap();
    env.pull().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Queue));

    env.erp_control("/_sim/queue/run", &json!({})).await;
    env.clock.advance(CYCLE);

    assert_eq!(env.drive(&key).await, Step::Done(Outcome::Cancelled));
    assert_eq!(env.sales_order(&key)["status"], "cancelled");
}
