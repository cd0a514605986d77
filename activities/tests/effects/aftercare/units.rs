//! Units that will not come: canceled or repaid on the side that does not know it yet.

use domain::exception::Kind;
use domain::step::{Outcome, Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::PaymentWorkflow;

use super::{all_settled, mirakl_control, plan, refunds};
use crate::harness::{Env, blocked};
use crate::plan::{SHOWS, offer, plain};

fn canceled(env: &Env, key: &domain::marketplace::OrderKey) -> Vec<i64> {
    let order = env.sales_order(key);
    let lines = order["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|l| {
            l["cancelled"]
                .as_i64()
                .or(l["qty_cancelled"].as_i64())
                .unwrap()
        })
        .collect()
}

#[tokio::test]
async fn a_final_short_ship_repays_what_is_missing_and_confirms_the_rest() {
    for fault in ["none", "reset-after-commit", "reset"] {
        for several in [false, true] {
            let mut plan = plan();
            plan.mirakl.multi_shipment = several;
            let env = plan.start().await;
            let key = env
                .released(plain("C1-A").line(&offer(1), 3, "30.00"))
                .await;
            if fault != "none" {
                env.fail_mirakl(FaultRule::once("OR28", fault));
            }
            let short = json!({"external_line_id": "C1-A-2", "qty": 1});
            env.ship(&key, json!({"short": [short], "final": true}))
                .await;
            assert_eq!(
                env.settle(&key).await,
                Step::Wait(Wait::Aftercare),
                "{fault} {several}"
            );
            env.clock.advance(SHOWS);
            env.pull().await;
            assert_eq!(
                env.settle(&key).await,
                Step::Wait(Wait::Aftercare),
                "{fault} {several}"
            );
            assert_eq!(env.state(&key), "SHIPPED", "{fault} {several}");
            let once = [("C1-A-2".to_owned(), "30".to_owned(), "15".to_owned())];
            assert_eq!(refunds(&env, &key), once, "{fault} {several}");
            all_settled(&env).await;
        }
    }
}

#[tokio::test]
async fn what_bluecherry_does_not_confirm_is_not_repaid_and_looked_for_again() {
    let env = plan().start().await;
    let key = env.released(plain("C1-A")).await;
    let short = json!({"external_line_id": "C1-A-1", "qty": 1});
    env.ship(&key, json!({"short": [short], "final": false, "parcels": [{"lines": [{"external_line_id": "C1-A-1", "qty": 1}]}]}))
        .await;
    let step = env.settle(&key).await;
    assert_eq!(blocked(&step), Kind::ShortShip);
    assert_eq!(refunds(&env, &key), []);

    let number = env.sales_order(&key)["ord_num"].clone();
    env.erp_control("/_sim/cancel", &json!({"ord_num": number}))
        .await;
    env.clock.advance(std::time::Duration::from_secs(600));
    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(refunds(&env, &key).len(), 1);
}

#[tokio::test]
async fn a_line_that_mirakl_cancels_before_it_left_is_canceled_in_bluecherry() {
    for fault in ["none", "reset-after-commit", "status:503"] {
        let env = plan().start().await;
        let key = env
            .released(plain("C1-A").line(&offer(1), 3, "30.00"))
            .await;
        if fault != "none" {
            env.fail_erp(FaultRule::once("cancel_lines", fault));
        }
        cancel_line(&env, "C1-A-2", 3).await;
        env.pull().await;
        assert_eq!(env.decide(&key).await, Step::CancelUnits, "{fault}");
        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Shipment),
            "{fault}"
        );
        assert_eq!(canceled(&env, &key), [0, 3], "{fault}");
        env.ship(&key, json!({})).await;
        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Aftercare),
            "{fault}"
        );
        assert_eq!(refunds(&env, &key), []);
    }
}

/// The customer cancels some pieces of a line on Mirakl.
async fn cancel_line(env: &Env, line: &str, qty: u32) {
    let item = json!({
        "order_line_id": line, "quantity": qty, "reason_code": "36",
        "amount": 30 * qty / 3, "shipping_amount": 0,
    });
    let body = json!({"by": "operator", "cancelations": [item]});
    mirakl_control(env, "/_sim/cancelations", &body).await;
}

#[tokio::test]
async fn an_unpaid_order_that_the_house_cancels_is_canceled_on_mirakl() {
    let mut plan = plan();
    plan.mirakl.payment_workflow = PaymentWorkflow::PayOnShipment;
    let env = plan.start().await;
    let key = env.place(plain("C1-A").line(&offer(1), 3, "30.00")).await;
    env.settle(&key).await;
    env.pull().await;
    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Shipment));
    let short = json!({"external_line_id": "C1-A-2", "qty": 2});
    env.ship(&key, json!({"short": [short], "final": true}))
        .await;
    env.settle(&key).await;
    env.pull().await;
    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!((env.mirakl_calls("OR30"), env.mirakl_calls("OR28")), (1, 0));
    assert_eq!(env.state(&key), "SHIPPED");
    all_settled(&env).await;
}

#[tokio::test]
async fn a_paid_order_that_the_house_cancels_as_a_whole_is_repaid_as_a_whole() {
    let env = plan().start().await;
    let key = env.accepted(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    env.pay(&key).await;
    env.erp_control("/_sim/cancel", &json!({"ord_num": number}))
        .await;
    env.settle(&key).await;
    assert_eq!(refunds(&env, &key).len(), 1);
    mirakl_control(&env, "/_sim/refunds/confirm", &json!({})).await;
    env.pull().await;
    assert_eq!(env.settle(&key).await, Step::Done(Outcome::Cancelled));
    all_settled(&env).await;
}
