//! Returns: BlueCherry first, then Mirakl, whoever began.

use domain::marketplace::{OrderKey, ReturnsRule};
use domain::step::{Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;

use super::{all_settled, announce, credit_of, open, plan, ra, receive, refunds, shipped};
use crate::harness::{Env, list};
use crate::plan::{SHOWS, plain};

fn state(env: &Env) -> String {
    let all = list(&env.mirakl.ledger(), "returns");
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]["state"].as_str().unwrap().to_owned()
}

/// Goes on until both feeds bring nothing new.
async fn go_on(env: &Env, key: &OrderKey) {
    for _ in 0..6 {
        env.settle(key).await;
        env.clock.advance(SHOWS);
        env.pull().await;
        env.pull_shipments().await;
    }
    assert_eq!(env.settle(key).await, Step::Wait(Wait::Aftercare));
}

#[tokio::test]
async fn a_return_is_authorized_received_judged_credited_and_repaid_whatever_answer_is_lost() {
    let faults = [
        None,
        Some((false, "announce_return", "reset-after-commit")),
        Some((false, "announce_return", "status:503")),
        Some((true, "RT21", "reset-after-commit")),
        Some((true, "RT25", "reset-after-commit")),
        Some((true, "RT25", "reset")),
        Some((true, "RT26", "status-after-commit:500")),
        Some((true, "RT27", "reset-after-commit")),
        Some((true, "OR28", "reset-after-commit")),
    ];
    for fault in faults {
        let env = plan().start().await;
        let key = shipped(&env, plain("C1-A")).await;
        match fault {
            Some((true, op, action)) => env.fail_mirakl(FaultRule::once(op, action)),
            Some((false, op, action)) => env.fail_erp(FaultRule::once(op, action)),
            None => {}
        }
        let id = announce(&env, &key, 1, "RETURN_CHANGED_MIND").await;
        assert_eq!(env.decide(&key).await, Step::ForwardReturns);
        go_on(&env, &key).await;
        assert_eq!(
            ra(&env, &key)["external_return_id"],
            format!("NW-{id}"),
            "{fault:?}"
        );
        assert_eq!(ra(&env, &key)["lines"][0]["reason_code"], "CHANGED");
        assert_eq!(
            (state(&env).as_str(), refunds(&env, &key).len()),
            ("IN_PROGRESS", 0)
        );

        receive(&env, &key, "restock").await;
        go_on(&env, &key).await;
        let number = ra(&env, &key)["ra_number"].clone();
        credit_of(&env, &key, json!({"ra_number": number})).await;
        go_on(&env, &key).await;

        assert_eq!(state(&env), "CLOSED", "{fault:?}");
        assert_eq!(refunds(&env, &key).len(), 1, "{fault:?}");
        let told = list(&env.mirakl.ledger(), "returns")[0]["lines"][0]["compliance"].clone();
        assert_eq!(told[0]["compliant"], true, "{fault:?}: {told}");
        all_settled(&env).await;
    }
}

#[tokio::test]
async fn damaged_goods_are_told_with_their_reason() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    announce(&env, &key, 1, "RETURN_DEFECTIVE_ITEM").await;
    go_on(&env, &key).await;
    receive(&env, &key, "scrap").await;
    go_on(&env, &key).await;
    let told = list(&env.mirakl.ledger(), "returns")[0]["lines"][0]["compliance"].clone();
    assert_eq!(told[0]["compliant"], false, "{told}");
    assert_eq!(
        told[0]["non_compliance_reason_code"],
        "RETURN_NON_COMPLIANT_DAMAGED_PRODUCT"
    );
    assert_eq!(refunds(&env, &key), [], "no credit, no refund");
}

#[tokio::test]
async fn goods_that_came_to_the_erp_first_become_a_return_on_mirakl_once() {
    for fault in ["none", "reset-after-commit", "reset"] {
        let env = plan().start().await;
        let key = shipped(&env, plain("C1-A")).await;
        if fault != "none" {
            env.fail_mirakl(FaultRule::once("RT01", fault));
        }
        let ord_num = env.sales_order(&key)["ord_num"].clone();
        let line = json!({"external_line_id": "C1-A-1", "qty": 1, "disposition": "restock"});
        env.erp_control(
            "/_sim/returns/receive",
            &json!({"ord_num": ord_num, "lines": [line]}),
        )
        .await;
        env.pull_shipments().await;
        go_on(&env, &key).await;
        assert_eq!(list(&env.mirakl.ledger(), "returns").len(), 1, "{fault}");
        all_settled(&env).await;
    }
}

#[tokio::test]
async fn a_site_without_returns_goes_by_credit_memos_alone() {
    let mut plan = plan();
    plan.erp.returns_in = false;
    let env = plan.start().await;
    let key = shipped(&env, plain("C1-A")).await;
    announce(&env, &key, 1, "RETURN_CHANGED_MIND").await;
    go_on(&env, &key).await;
    assert_eq!(
        (state(&env).as_str(), env.erp_calls("announce_return")),
        ("IN_PROGRESS", 0)
    );
    super::credit(&env, &key, 1).await;
    go_on(&env, &key).await;
    assert_eq!(
        (state(&env).as_str(), refunds(&env, &key).len()),
        ("CLOSED", 1)
    );
    all_settled(&env).await;
}

#[tokio::test]
async fn a_return_with_a_reason_nobody_mapped_waits_for_the_mapping_and_holds_no_refund() {
    let env = plan().start().await;
    let key = shipped(&env, plain("C1-A")).await;
    env.remap(|tables| {
        tables
            .reasons
            .retain(|row| row.mirakl_code != "*" && row.mirakl_code != "RETURN_OTHER")
    })
    .await;
    announce(&env, &key, 1, "RETURN_OTHER").await;
    go_on(&env, &key).await;
    assert_eq!(open(&env).await[0].0, "unmapped_reason");
    super::credit(&env, &key, 1).await;
    go_on(&env, &key).await;
    assert_eq!(refunds(&env, &key).len(), 1);
    env.remap(|_| {}).await;
    go_on(&env, &key).await;
    assert_eq!(ra(&env, &key)["lines"][0]["reason_code"], "OTHER");
}

#[tokio::test]
async fn where_a_person_decides_a_return_is_told_until_it_is_accepted_or_refused() {
    let mut plan = plan();
    plan.policy.returns = ReturnsRule::Ask;
    let env = plan.start().await;
    let key = shipped(&env, plain("C1-A")).await;
    let id = announce(&env, &key, 1, "RETURN_CHANGED_MIND").await;
    go_on(&env, &key).await;
    assert_eq!(open(&env).await[0].0, "return_to_decide");
    assert_eq!(
        (env.mirakl_calls("RT21"), env.erp_calls("announce_return")),
        (0, 0)
    );

    let shop = env.orders.connections().shop(&key.marketplace).unwrap();
    let yes = mirakl::ReturnDecision {
        id: id.clone(),
        accepted: true,
        rejection_reason_code: None,
    };
    assert!(shop.client.decide_returns(&[yes]).await.unwrap()[0].taken);
    env.pull().await;
    go_on(&env, &key).await;
    assert_eq!(ra(&env, &key)["external_return_id"], format!("NW-{id}"));
    all_settled(&env).await;
}
