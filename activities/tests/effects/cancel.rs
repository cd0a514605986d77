//! Called off by others: before the warehouse, after it, and half way.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Outcome, Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::harness::{Env, blocked, until};
use crate::plan::{offer, plain};

/// The operator cancels, and we hear of it.
async fn called_off(env: &Env, key: &OrderKey) {
    env.mirakl.cancel(&key.order_id).unwrap();
    env.pull().await;
}

fn evidence(step: &Step, name: &str) -> String {
    let Step::Wait(Wait::Person(problem)) = step else {
        panic!("nobody is asked: {step:?}")
    };
    let found = problem.evidence.iter().find(|(n, _)| n == name);
    found.map(|(_, value)| value.clone()).unwrap()
}

#[tokio::test]
async fn a_cancel_after_picking_tells_the_pieces_that_are_gone() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    env.erp_control("/_sim/pick", &json!({"ord_num": number}))
        .await;
    called_off(&env, &key).await;

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::CancelledAfterPick);
    assert_eq!(evidence(&waits, "not_cancelled"), "2");
    assert_eq!(env.exceptions().await, [Kind::CancelledAfterPick]);
    assert_eq!(env.drive(&key).await, waits);
    assert_eq!(env.erp_calls("cancel_lines"), 1);
}

/// An order of two lines of which the first has left already.
async fn half_shipped(env: &Env) -> OrderKey {
    let key = env
        .released(plain("C1-A").line(&offer(1), 3, "10.00"))
        .await;
    let parcel = json!({"lines": [{"external_line_id": "C1-A-1", "qty": 2}]});
    env.ship(&key, json!({"parcels": [parcel], "final": false}))
        .await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    key
}

#[tokio::test]
async fn a_cancel_half_way_cancels_the_rest_even_when_its_answer_is_lost() {
    for action in [None, Some("reset-after-commit"), Some("status:503")] {
        let env = Env::usual().await;
        let key = half_shipped(&env).await;
        called_off(&env, &key).await;
        if let Some(action) = action {
            env.fail_erp(FaultRule::once("cancel_lines", action));
        }

        let waits = env.settle(&key).await;

        assert_eq!(blocked(&waits), Kind::CancelledAfterPick, "{action:?}");
        assert_eq!(evidence(&waits, "not_cancelled"), "2", "{action:?}");
        let cancelled = |l: &Value| l["qty_cancelled"].as_i64().unwrap();
        let order = env.sales_order(&key);
        let lines = order["lines"].as_array().unwrap().iter().map(cancelled);
        assert_eq!(lines.collect::<Vec<_>>(), [0, 3], "{action:?}");
    }
}

#[tokio::test]
async fn pieces_that_somebody_cancelled_meanwhile_are_not_missed() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    called_off(&env, &key).await;
    env.fail_erp(FaultRule::once("cancel_lines", "delay_ms:300"));
    let meanwhile = async {
        until("the cancel is under way", || {
            env.erp_calls("cancel_lines") == 1
        })
        .await;
        env.erp_control("/_sim/cancel", &json!({"ord_num": number}))
            .await;
    };

    let (step, _) = tokio::join!(env.run(&key), meanwhile);

    assert_eq!(step.unwrap(), Step::Done(Outcome::Cancelled));
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn an_order_called_off_before_anything_was_done_leaves_nothing() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    called_off(&env, &key).await;

    assert_eq!(env.drive(&key).await, Step::Done(Outcome::Cancelled));

    assert!(env.sales_orders(&key).is_empty());
    assert_eq!(env.erp_calls("find_sales_orders"), 0);
}

#[tokio::test]
async fn a_sales_order_that_the_house_cancelled_is_not_released() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    env.erp_control("/_sim/cancel", &json!({"ord_num": number}))
        .await;
    env.pay(&key).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::CancelledInErp);

    assert_eq!(env.erp_calls("set_ship_to"), 0);
    assert_eq!(env.erp_calls("release_sales_order"), 0);
}

#[tokio::test]
async fn a_hold_of_the_house_stays_when_ours_is_released() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    let hold = json!({"ord_num": number, "code": "CREDIT"});
    env.erp_control("/_sim/hold", &hold).await;
    env.pay(&key).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));

    let order = env.sales_order(&key);
    assert_eq!(order["released_holds"], json!(["MKT"]));
    assert_eq!(order["hold"]["code"], "CREDIT");
}

#[tokio::test]
async fn an_address_that_lacks_a_part_blocks_the_release_and_tells_no_content() {
    let env = Env::usual().await;
    let mut spec = plain("C1-A");
    let customer = json!({"shipping_address": {"city": null}});
    spec.extra = json!({ "customer": customer }).as_object().cloned();
    let key = env.accepted(spec).await;
    env.pay(&key).await;

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::AddressUnusable);
    assert_eq!(evidence(&waits, "missing"), "city");
    assert_eq!(env.erp_calls("set_ship_to"), 0);
    assert_eq!(env.sales_order(&key)["status"], "held");
}
