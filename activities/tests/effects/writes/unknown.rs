//! Money writes of which nobody knows what became: three in a row park them.

use std::time::Duration;

use bluecherry::Binding;
use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use ledger::ExceptionFilter;
use serde_json::json;
use simulators::fault::FaultRule;

use super::scene::Write;
use crate::create::conflict::meant;
use crate::harness::{Env, blocked, until};
use crate::matrix::Spoil;
use crate::plan::{Plan, SHOWS, plain};

const MONEY: [Write; 4] = [
    Write::Create,
    Write::CancelLines,
    Write::CancelOrder,
    Write::CancelUnits,
];
const A_LOOK: Duration = Duration::from_secs(600);

/// Goes on until a person is asked.
async fn until_asked(env: &Env, key: &OrderKey) -> Kind {
    for _ in 0..8 {
        if let Ok(step @ Step::Wait(Wait::Person(_))) = env.run(key).await {
            return blocked(&step);
        }
        env.clock.advance(SHOWS);
        env.pull().await;
    }
    panic!("nobody is asked about {key}");
}

#[tokio::test]
async fn three_lost_answers_that_no_look_shows_park_a_money_write() {
    for write in MONEY {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset", 3);

        assert_eq!(
            until_asked(&env, &key).await,
            Kind::OutcomeUnknown,
            "{write:?}"
        );

        assert_eq!(
            (write.calls(&env), write.effects(&env, &key)),
            (3, 0),
            "{write:?}"
        );
        let open = env.ledger.exceptions(&ExceptionFilter::default(), 9).await;
        let evidence = &open.unwrap()[0].evidence;
        let names: Vec<&str> = evidence.iter().map(|(name, _)| name.as_str()).collect();
        let all = ["call", "key", "body", "attempts", "first_sent", "last_sent"];
        assert_eq!(names, all, "{write:?}");
        assert_eq!(
            (evidence[0].1.as_str(), evidence[3].1.as_str()),
            (write.op(), "3")
        );
        // Looks go on, and only a person's word sends.
        for _ in 0..3 {
            env.clock.advance(A_LOOK);
            env.pull().await;
            assert_eq!(
                blocked(&env.drive(&key).await),
                Kind::OutcomeUnknown,
                "{write:?}"
            );
        }
        assert_eq!(write.calls(&env), 3, "{write:?} was sent again by itself");
        assert_eq!(env.exceptions().await, [Kind::OutcomeUnknown], "{write:?}");

        env.tell(&key, "retry", json!(null)).await;

        assert_eq!(env.settle(&key).await, write.end(), "{write:?}");
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
        assert_eq!(env.exceptions().await, [], "{write:?}");
    }
}

#[tokio::test]
async fn answers_lost_twice_in_a_row_ask_nobody() {
    for write in MONEY {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset", 2);

        assert_eq!(env.settle(&key).await, write.end(), "{write:?}");

        assert_eq!(
            (write.calls(&env), write.effects(&env, &key)),
            (3, 1),
            "{write:?}"
        );
        assert_eq!(env.exceptions().await, [], "{write:?}");
    }
}

#[tokio::test]
async fn three_attempts_whose_worker_was_killed_over_them_park_a_money_write() {
    let (env, key) = wired().await;
    let wire = env.spoiler(false);
    for _ in 0..3 {
        wire.spoil("create_sales_order", Spoil::Never, false);
        tokio::select! {
            end = env.run(&key) => panic!("it ended by itself: {end:?}"),
            () = until("the sales order is sent", || wire.is_spent()) => (),
        }
        env.clock.advance(SHOWS);
    }

    assert_eq!(until_asked(&env, &key).await, Kind::OutcomeUnknown);

    assert_eq!(env.sales_orders(&key).len(), 0);
    env.tell(&key, "retry", json!(null)).await;
    assert_eq!(env.settle(&key).await, Write::Create.end());
    assert_eq!(env.sales_orders(&key).len(), 1);
}

#[tokio::test]
async fn an_erp_that_is_down_parks_nothing() {
    let (env, key) = Write::Create.scene().await;
    env.fail_erp(FaultRule::once("create_sales_order", "reset"));
    env.run(&key).await.unwrap_err();
    env.fail_erp(FaultRule::once("find_sales_orders", "status:503").times(8));
    for _ in 0..8 {
        env.clock.advance(SHOWS);
        env.run(&key).await.unwrap_err();
        let open = env.exceptions().await;
        assert!(
            open.iter().all(|kind| *kind == Kind::EndpointDown),
            "{open:?}"
        );
    }

    assert_eq!(env.settle(&key).await, Write::Create.end());

    assert_eq!(env.sales_orders(&key).len(), 1);
}

#[tokio::test]
async fn a_parked_sales_order_that_shows_closes_its_exception_by_itself() {
    let (env, key) = Write::Create.scene().await;
    Write::Create.fail(&env, "reset", 3);
    assert_eq!(until_asked(&env, &key).await, Kind::OutcomeUnknown);
    let late = meant(&env, &key).await;
    env.site
        .create_sales_order(&late, "commits late")
        .await
        .unwrap();

    env.clock.advance(A_LOOK);
    let end = env.drive(&key).await;

    assert_eq!(end, Step::Wait(Wait::Payment));
    assert_eq!(env.exceptions().await, []);
    assert_eq!(
        (env.sales_orders(&key).len(), env.mirakl_calls("OR21")),
        (1, 1)
    );
}

#[tokio::test]
async fn a_parked_write_is_not_sent_by_a_correction() {
    let (env, key) = Write::Create.scene().await;
    Write::Create.fail(&env, "reset", 3);
    until_asked(&env, &key).await;

    env.tell(&key, "correct", json!({"warehouse": "NJ1"})).await;
    env.remap(|_| ()).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::OutcomeUnknown);
    assert_eq!(env.erp_calls("create_sales_order"), 3);
}

#[tokio::test]
async fn a_slow_server_that_commits_after_our_time_out_makes_one_sales_order() {
    let mut plan = Plan::usual();
    plan.answer_within = Some(Duration::from_millis(400));
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    env.fail_erp(FaultRule::once("create_sales_order", "delay_ms:900"));

    env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
    assert_eq!(env.sales_orders(&key).len(), 0, "not yet");
    until("the server commits", || env.sales_orders(&key).len() == 1).await;

    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.sales_orders(&key).len(), 1);
    assert_eq!(env.erp_calls("create_sales_order"), 1);
}

async fn wired() -> (Env, OrderKey) {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    (env, key)
}

#[tokio::test]
async fn a_duplicate_that_never_shows_is_looked_up_once_more_and_then_told() {
    let (env, key) = wired().await;
    let refusal = Spoil::Says(409, r#"{"code":"duplicate_external_po","message":"m"}"#);
    let wire = env.spoiler(false);
    wire.spoil("create_sales_order", refusal, false);
    let first = env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
    assert_eq!(first.kind, "AnswerLost", "{first}");
    assert_eq!(env.exceptions().await, []);
    wire.spoil("create_sales_order", refusal, false);
    env.clock.advance(SHOWS);

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::DuplicateUnseen);
    assert_eq!(env.exceptions().await, [Kind::DuplicateUnseen]);
    assert!(wire.is_spent());
    // When it shows, nobody need say anything.
    let theirs = meant(&env, &key).await;
    env.site
        .create_sales_order(&theirs, "shows late")
        .await
        .unwrap();
    env.clock.advance(A_LOOK);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.exceptions().await, []);
    assert_eq!(env.sales_orders(&key).len(), 1);
}

#[tokio::test]
async fn two_bodies_under_one_key_are_a_fault_of_ours() {
    let (env, key) = wired().await;
    let refusal = Spoil::Says(409, r#"{"code":"idempotency_conflict","message":"m"}"#);
    env.spoiler(false)
        .spoil("create_sales_order", refusal, false);

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::IdempotencyConflict);
    assert_eq!(Kind::IdempotencyConflict.owner().as_str(), "engineering");
    assert_eq!(env.mirakl_calls("OR21"), 0);
    env.tell(&key, "retry", json!(null)).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.sales_orders(&key).len(), 1);
}
