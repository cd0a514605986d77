//! A person's word: what it does, and what it refuses.

mod mark_done;

use domain::exception::Kind;
use domain::step::{Outcome, Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked};
use crate::plan::{Plan, plain, sku};

#[tokio::test]
async fn retry_tries_the_blocked_step_and_no_other() {
    let env = Env::usual().await;
    env.fail_mirakl(FaultRule::once("OR21", "status:400"));
    let key = env.place(plain("C1-A")).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::MarketplaceRefused);

    assert_eq!(env.tell(&key, "retry", Value::Null).await.code, "retried");

    assert_eq!(env.decide(&key).await, Step::AcceptLines);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.erp_calls("create_sales_order"), 1);
    assert_eq!(
        env.tell(&key, "retry", Value::Null).await.code,
        "already_retried",
        "told who said it before"
    );
}

#[tokio::test]
async fn a_held_order_is_written_to_by_nobody_until_release() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    assert_eq!(env.tell(&key, "hold", Value::Null).await.code, "held");

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Held));
    env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    assert_eq!(env.erp_calls("create_sales_order"), 0);

    assert_eq!(
        env.tell(&key, "release", Value::Null).await.code,
        "released"
    );
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(
        env.tell(&key, "release", Value::Null).await.code,
        "not_held"
    );
}

#[tokio::test]
async fn cancel_before_acceptance_refuses_the_order() {
    for created in [false, true] {
        let env = Env::usual().await;
        let key = env.place(plain("C1-A")).await;
        if created {
            env.act(&key, &Step::CreateSalesOrder).await.unwrap();
        }
        let answer = env.tell(&key, "cancel", json!({"reason_code": "15"})).await;
        assert_eq!(answer.code, "cancelling");

        assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));

        assert_eq!(env.state(&key), "REFUSED");
        let orders = env.sales_orders(&key);
        assert_eq!(orders.len(), usize::from(created));
        assert!(orders.iter().all(|o| o["status"] == "cancelled"));
        let again = env.tell(&key, "cancel", json!({"reason_code": "15"})).await;
        assert_eq!(again.code, "already_over");
    }
}

#[tokio::test]
async fn cancel_of_an_unpaid_order_cancels_in_bluecherry_then_on_mirakl() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    env.pull().await;
    env.tell(&key, "cancel", json!({"reason_code": "34"})).await;

    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Cancelled));

    let order = env.sales_order(&key);
    assert_eq!(order["status"], "cancelled");
    let at = |time: &Value| time.as_i64().unwrap();
    let in_erp = at(&order["cancelled_real_at_us"]);
    assert!(in_erp < at(&env.seen(&key, "cancels")[0]["real_at_us"]));
    assert_eq!(order["cancellations"][0]["request"]["reason_code"], "34");
}

#[tokio::test]
async fn cancel_of_a_paid_order_needs_a_refund_and_can_be_taken_back() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    env.pay(&key).await;
    let answer = env.tell(&key, "cancel", json!({"reason_code": "34"})).await;
    assert_eq!(answer.code, "needs_refund");

    assert_eq!(blocked(&env.drive(&key).await), Kind::NeedsRefund);
    assert_eq!(env.mirakl_calls("OR29") + env.erp_calls("cancel_lines"), 0);

    let back = env.tell(&key, "release", Value::Null).await;
    assert_eq!(back.code, "cancel_withdrawn");
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
}

#[tokio::test]
async fn cancel_of_a_shipped_order_is_refused() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    env.drive(&key).await;
    env.pull().await;
    env.drive(&key).await;

    let answer = env.tell(&key, "cancel", json!({"reason_code": "34"})).await;

    assert_eq!((answer.done, answer.code.as_str()), (false, "shipped"));
    let hold = env.tell(&key, "hold", Value::Null).await;
    assert_eq!((hold.done, hold.code.as_str()), (false, "too_late"));
}

#[tokio::test]
async fn correct_gives_one_order_its_codes() {
    let env = Env::usual().await;
    let ghost = OrderSpec::of("GHOST-1", 1, "20.00");
    let key = env.place(ghost.clone().id("C1-A")).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::UnmappedSku);

    let codes = json!({"skus": {"GHOST-1": sku(0)}, "division": "01", "warehouse": "CA1"});
    assert_eq!(env.tell(&key, "correct", codes).await.code, "corrected");

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    let order = env.sales_order(&key);
    assert_eq!(order["lines"][0]["sku"], json!(sku(0)));
    assert_eq!(order["warehouse"], "CA1");
    let other = env.place(ghost.id("C2-A")).await;
    assert_eq!(blocked(&env.drive(&other).await), Kind::UnmappedSku);
}

#[tokio::test]
async fn correct_names_the_carrier_of_one_order() {
    let env = Env::usual().await;
    let overnight = OrderSpec {
        shipping_type_code: Some("XPR".into()),
        ..plain("C1-A")
    };
    let key = env.released(overnight).await;
    env.ship(&key, json!({})).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::UnmappedCarrier);

    env.tell(&key, "correct", json!({"carrier_code": "fedex"}))
        .await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.seen(&key, "tracking")[0]["carrier_code"], "fedex");
}

#[tokio::test]
async fn rubbish_is_answered_and_changes_nothing() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    let before = env.row(&key).await.progress;
    for (name, detail) in [
        ("explode", Value::Null),
        ("cancel", json!({"reason_code": "Ida Kern called"})),
        ("correct", json!({})),
        ("mark_done", json!({"step": "bake_a_cake"})),
        ("mark_done", json!(7)),
    ] {
        let answer = env.tell(&key, name, detail).await;
        assert!(!answer.done, "{name}");
        assert!(!answer.says.contains("Ida"));
    }
    assert_eq!(env.row(&key).await.progress, before);
}

#[tokio::test]
async fn a_shop_that_runs_dry_takes_commands_and_writes_nothing() {
    let mut plan = Plan::usual();
    plan.policy.dry_run = true;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;

    env.tell(&key, "cancel", json!({"reason_code": "15"})).await;

    let waits = env.drive(&key).await;
    assert_eq!(waits, Step::Wait(Wait::DryRun("refuse_lines".into())));
    assert_eq!(env.mirakl_calls("OR21"), 0);
}
