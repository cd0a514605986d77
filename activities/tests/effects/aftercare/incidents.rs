//! Incidents hold a part of a line, and are told once a person settled them.

use domain::step::{Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;

use super::{all_settled, credit, mirakl_control, open, plan, refunds, shipped};
use crate::harness::Env;
use crate::plan::{SHOWS, plain};

async fn disputed(env: &Env) -> domain::marketplace::OrderKey {
    let key = shipped(env, plain("C1-A")).await;
    let incident = json!({"order_id": "C1-A", "order_line_id": "C1-A-1", "reason_code": "1"});
    mirakl_control(env, "/_sim/incidents", &incident).await;
    env.pull().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(open(env).await[0].0, "incident_open");
    key
}

#[tokio::test]
async fn a_part_of_a_disputed_line_waits_until_the_incident_is_settled() {
    for fault in ["none", "reset-after-commit", "status:503"] {
        let env = plan().start().await;
        let key = disputed(&env).await;
        credit(&env, &key, 1).await;
        assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
        assert_eq!(refunds(&env, &key), [], "it waits");

        if fault != "none" {
            env.fail_mirakl(FaultRule::once("OR64", fault));
        }
        let answer = env
            .tell(&key, "resolve_incident", json!({"reason_code": "10"}))
            .await;
        assert_eq!(answer.code, "resolving");
        env.settle(&key).await;
        env.clock.advance(SHOWS);
        env.pull().await;
        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Aftercare),
            "{fault}"
        );
        assert_eq!(refunds(&env, &key).len(), 1, "{fault}");
        all_settled(&env).await;
    }
}

#[tokio::test]
async fn a_credit_of_all_that_is_left_ends_the_incident() {
    let env = plan().start().await;
    let key = disputed(&env).await;
    credit(&env, &key, 2).await;
    env.drive(&key).await;
    assert_eq!(refunds(&env, &key).len(), 1);
    env.pull().await;
    env.drive(&key).await;
    all_settled(&env).await;
}

#[tokio::test]
async fn without_an_incident_nothing_is_resolved() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    let answer = env
        .tell(&key, "resolve_incident", json!({"reason_code": "10"}))
        .await;
    assert_eq!((answer.done, answer.code.as_str()), (false, "no_incident"));
}
