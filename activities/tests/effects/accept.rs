//! Acceptance: never before the sales order, and never against what was decided elsewhere.

use std::time::Duration;

use domain::exception::Kind;
use domain::marketplace::ShortStock;
use domain::step::{Outcome, Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{Debit, OrderSpec};

use crate::harness::{Env, blocked, list, until};
use crate::matrix::Spoil;
use crate::plan::{Plan, SHOWS, half_covered, plain, scarce, sku};

#[tokio::test]
async fn nothing_is_accepted_without_a_sales_order() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;

    let step = env.act(&key, &Step::AcceptLines).await.unwrap();
    assert_eq!(step, Step::CreateSalesOrder);
    env.fail_erp(FaultRule::once("create_sales_order", "reset-after-commit"));
    env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
    let doubtful = env.act(&key, &Step::AcceptLines).await.unwrap();
    assert_eq!(doubtful, Step::CreateSalesOrder);

    assert_eq!(env.mirakl_calls("OR21"), 0);
}

#[tokio::test]
async fn the_sales_order_stands_before_the_acceptance() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;

    let created = env.sales_order(&key)["real_at_us"].as_i64().unwrap();
    let accept = &env.seen(&key, "accepts")[0];
    assert!(created < accept["real_at_us"].as_i64().unwrap());
    assert_eq!(accept["by"], "api");
}

#[tokio::test]
async fn an_acceptance_that_nobody_noted_is_told_even_when_the_order_is_called_off_then() {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    let wire = env.spoiler(true);
    wire.spoil("OR21", Spoil::Never, true);
    tokio::select! {
        end = env.act(&key, &Step::AcceptLines) => panic!("it ended by itself: {end:?}"),
        () = until("Mirakl took it", || !env.seen(&key, "accepts").is_empty()) => (),
    }

    env.clock.advance(SHOWS);
    env.mirakl.cancel(&key.order_id).unwrap();
    env.pull().await;

    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Cancelled));
    let events = env.ledger.events(&key).await.unwrap();
    let told = events.iter().filter(|event| event.what == "answer_found");
    assert_eq!(told.count(), 1, "{events:?}");
    let left = env.ledger.open_intent(&key, "accept_lines").await.unwrap();
    assert_eq!(left, None);
}

#[tokio::test]
async fn an_automatic_refusal_that_wins_the_race_frees_the_stock() {
    let mut plan = Plan::usual();
    plan.mirakl.acceptance_limit_s = Some(3_600);
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    assert_eq!(open_units(&env), 2);
    env.clock.advance(Duration::from_secs(3_601));

    let late = env.act(&key, &Step::AcceptLines).await.unwrap();
    assert_eq!(late, Step::Wait(Wait::ReadBack));
    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));

    assert_eq!(env.sales_order(&key)["status"], "cancelled");
    assert_eq!(open_units(&env), 0);
    assert_eq!(env.exceptions().await, []);
}

/// Units of the first item that stand on open sales orders.
fn open_units(env: &Env) -> i64 {
    let ledger = env.erp.ledger();
    let moves = ledger["stock_transactions"].as_array().unwrap().iter();
    let ours = moves.filter(|t| t["sku"] == sku(0).as_str() && t["record_type"] == "OP");
    ours.map(|t| t["qty"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn a_refused_debit_cancels_the_sales_order() {
    let env = Env::usual().await;
    let spec = OrderSpec {
        debit: Some(Debit::Refuse),
        ..plain("C1-A")
    };
    let key = env.accepted(spec).await;
    env.clock.advance(Duration::from_secs(5));
    env.pull().await;

    assert_eq!(env.drive(&key).await, Step::Done(Outcome::Cancelled));

    assert_eq!(env.sales_order(&key)["status"], "cancelled");
    assert_eq!(open_units(&env), 0);
}

#[tokio::test]
async fn an_order_accepted_elsewhere_gets_its_sales_order_and_no_or21() {
    for by_hand in [true, false] {
        let env = Env::usual().await;
        let spec = OrderSpec {
            accepted_elsewhere: (!by_hand).then_some(true),
            ..plain("C1-A")
        };
        let key = env.place(spec).await;
        if by_hand {
            env.mirakl.accept_by_hand(&key.order_id).unwrap();
            env.pull().await;
        }

        assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));

        assert_eq!(env.sales_orders(&key).len(), 1);
        assert_eq!(env.mirakl_calls("OR21"), 0);
        assert!(env.row(&key).await.progress.accepted_elsewhere);
        assert_eq!(env.ledger.counts().await.unwrap().accepted_elsewhere, 1);
    }
}

#[tokio::test]
async fn an_acceptance_by_hand_in_the_middle_is_taken_as_it_is() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    env.clock.advance(Duration::from_millis(1));
    env.mirakl.accept_by_hand(&key.order_id).unwrap();

    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Payment));

    assert_eq!(env.seen(&key, "accepts").len(), 1);
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn goods_promised_elsewhere_that_are_not_there_need_a_person() {
    let env = Env::usual().await;
    let spec = OrderSpec {
        accepted_elsewhere: Some(true),
        ..half_covered("C1-A")
    };
    let key = env.place(spec).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::ShortStock);

    assert_eq!(env.sales_orders(&key).len(), 1);
    assert_eq!(env.mirakl_calls("OR21"), 0);
}

fn short(short_stock: ShortStock) -> Plan {
    let mut plan = Plan::usual();
    plan.policy.short_stock = short_stock;
    plan
}

#[tokio::test]
async fn a_short_order_is_refused_whole_where_the_policy_says_so() {
    for spec in [
        half_covered("C1-A"),
        OrderSpec::of(&scarce(), 2, "149.95").id("C1-A"),
    ] {
        let env = short(ShortStock::Refuse).start().await;
        let key = env.place(spec).await;

        assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));

        assert_eq!(env.seen(&key, "accepts")[0]["accepted"], json!([]));
        assert_eq!(env.state(&key), "REFUSED");
        assert_eq!(env.sales_order(&key)["status"], "cancelled");
        assert_eq!(open_units(&env), 0);
    }
}

#[tokio::test]
async fn a_short_order_is_accepted_in_part_where_both_sides_allow_it() {
    let env = short(ShortStock::AcceptPart).start().await;
    let key = env.place(half_covered("C1-A")).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));

    let accept = &env.seen(&key, "accepts")[0];
    assert_eq!(accept["accepted"], json!(["C1-A-1"]));
    assert_eq!(accept["refused"], json!(["C1-A-2"]));
    env.pay(&key).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    env.ship(&key, json!({})).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.state(&key), "SHIPPED");
}

#[tokio::test]
async fn an_operator_that_forbids_parts_gets_the_whole_order_refused() {
    let mut plan = short(ShortStock::AcceptPart);
    plan.mirakl.partial_acceptance = false;
    let env = plan.start().await;
    let key = env.place(half_covered("C1-A")).await;

    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));

    assert_eq!(env.mirakl_calls("OR21"), 2, "once in part, once whole");
    assert_eq!(env.seen(&key, "accepts").len(), 1);
    assert_eq!(env.sales_order(&key)["status"], "cancelled");
    assert_eq!(env.ledger.counts().await.unwrap().open_intents, 0);
}

#[tokio::test]
async fn a_short_order_waits_for_a_person_where_the_policy_asks() {
    let env = short(ShortStock::Ask).start().await;
    let key = env.place(half_covered("C1-A")).await;

    let waits = env.drive(&key).await;
    assert_eq!(blocked(&waits), Kind::ShortStock);
    assert!(
        format!("{waits:?}").contains("insufficient_stock"),
        "{waits:?}"
    );
    assert_eq!(env.mirakl_calls("OR21"), 0);

    env.tell(&key, "cancel", json!({"reason_code": "15"})).await;
    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));
    assert_eq!(env.sales_order(&key)["status"], "cancelled");
}

#[tokio::test]
async fn a_site_that_takes_whole_orders_only_has_the_short_one_refused() {
    let mut plan = short(ShortStock::Refuse);
    plan.erp.reject_whole_order = true;
    let env = plan.start().await;
    let key = env.place(half_covered("C1-A")).await;

    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Refused));
    assert!(
        env.seen(&key, "accepts")
            .iter()
            .all(|a| a["accepted"].as_array().is_none_or(Vec::is_empty))
    );
    assert_eq!(list(&env.erp.ledger(), "sales_orders").len(), 0);
    assert_eq!(env.ledger.counts().await.unwrap().open_intents, 0);
}

#[tokio::test]
async fn an_order_that_the_operator_ships_is_only_listed() {
    let env = Env::usual().await;
    let spec = OrderSpec {
        fulfillment_center: Some("OPERATOR-1".into()),
        ..plain("C1-A")
    };
    let key = env.place(spec).await;

    assert_eq!(env.drive(&key).await, Step::Done(Outcome::NotOurs));

    assert!(env.sales_orders(&key).is_empty());
    assert_eq!(env.mirakl_calls("OR21"), 0);
}
