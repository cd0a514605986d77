//! `mark_done`: counts only once the other side confirms it.

use bluecherry::{Binding, NewSalesOrder};
use domain::exception::Kind;
use domain::step::{Outcome, Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked};
use crate::plan::plain;

async fn mark(env: &Env, key: &domain::marketplace::OrderKey, step: &str) -> String {
    env.tell(key, "mark_done", json!({"step": step})).await.code
}

/// An order that BlueCherry refuses, and the body it would have taken.
async fn refused(env: &Env) -> (domain::marketplace::OrderKey, NewSalesOrder) {
    env.fail_erp(FaultRule::once("create_sales_order", "status:400"));
    let key = env.place(plain("C1-A")).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::SalesOrderRefused);
    let twin = env.accepted(plain("C2-A")).await;
    let input = env.sales_order(&twin)["input"].clone();
    let mut body: NewSalesOrder = serde_json::from_value(input).unwrap();
    body.external_po = "NW-C1-A".into();
    body.channel_order_id = "C1-A".into();
    body.lines[0].external_line_id = "C1-A-1".into();
    (key, body)
}

async fn enter(env: &Env, body: &NewSalesOrder) -> String {
    let made = env.site.create_sales_order(body, "by hand").await.unwrap();
    match made {
        bluecherry::Created::Done(order) => order.ord_num,
        bluecherry::Created::Queued => panic!("queued"),
    }
}

#[tokio::test]
async fn a_sales_order_entered_by_hand_counts_when_key_and_lines_are_the_orders() {
    let env = Env::usual().await;
    let (key, body) = refused(&env).await;
    for reference in [Value::Null, json!("999999"), json!("500001")] {
        let word = json!({"step": "create_sales_order", "reference": reference});
        let answer = env.tell(&key, "mark_done", word).await;
        assert_eq!(answer.code, "not_confirmed", "{reference}");
    }
    let number = enter(&env, &body).await;

    let word = json!({"step": "create_sales_order", "reference": number});
    assert_eq!(env.tell(&key, "mark_done", word).await.code, "marked_done");

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.sales_orders(&key).len(), 1);
    assert_eq!(env.ledger.counts().await.unwrap().open_intents, 0);
}

#[tokio::test]
async fn a_sales_order_whose_lines_nobody_can_match_never_refuses_the_customer() {
    let env = Env::usual().await;
    let (key, mut body) = refused(&env).await;
    body.lines[0].external_line_id = "LINE 1".into();
    let number = enter(&env, &body).await;

    let word = json!({"step": "create_sales_order", "reference": number});
    let answer = env.tell(&key, "mark_done", word).await;

    assert_eq!(answer.code, "not_confirmed");
    env.drive(&key).await;
    assert_eq!(env.state(&key), "WAITING_ACCEPTANCE");
    assert!(env.seen(&key, "accepts").is_empty());
}

#[tokio::test]
async fn a_release_by_hand_counts_when_bluecherry_shows_it() {
    let env = Env::usual().await;
    let key = env.accepted(plain("C1-A")).await;
    env.pay(&key).await;
    env.fail_erp(FaultRule::once("set_ship_to", "status:400"));
    assert_eq!(blocked(&env.drive(&key).await), Kind::ReleaseRefused);
    assert_eq!(mark(&env, &key, "release").await, "not_confirmed");

    release_by_hand(&env, &key).await;

    assert_eq!(mark(&env, &key, "release").await, "marked_done");
    let calls = env.erp_calls("release_sales_order");
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    assert_eq!(env.erp_calls("release_sales_order"), calls);
}

async fn release_by_hand(env: &Env, key: &domain::marketplace::OrderKey) {
    let number = env.row(key).await.progress.sales_order;
    let number = number.booked().unwrap().number.clone();
    let payload = env.ledger.payload(key).await.unwrap();
    let wire = mirakl::parse_order(&payload).unwrap();
    let change = bluecherry::ShipToChange {
        ship_to: activities::translate::ship_to(&wire).unwrap(),
        ship_via: None,
        expected_version: env.site.sales_order(&number).await.unwrap().version,
    };
    env.site
        .set_ship_to(&number, &change, "hand 1")
        .await
        .unwrap();
    env.site.release(&number, "MKT", "hand 2").await.unwrap();
}

#[tokio::test]
async fn goods_stopped_by_hand_settle_a_cancel_that_came_too_late() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    let number = env.sales_order(&key)["ord_num"].clone();
    env.erp_control("/_sim/pick", &json!({"ord_num": number}))
        .await;
    env.mirakl.cancel(&key.order_id).unwrap();
    env.pull().await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::CancelledAfterPick);
    assert_eq!(
        mark(&env, &key, "cancel_sales_order").await,
        "not_confirmed"
    );

    // The warehouse puts everything back.
    let back = json!({"short": [{"external_line_id": "C1-A-1", "qty": 2}]});
    env.ship(&key, back).await;

    assert_eq!(mark(&env, &key, "cancel_sales_order").await, "marked_done");
    assert_eq!(env.drive(&key).await, Step::Done(Outcome::SettledByHand));
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn tracking_typed_in_the_portal_is_not_sent_over() {
    let env = Env::usual().await;
    let overnight = OrderSpec {
        shipping_type_code: Some("XPR".into()),
        ..plain("C1-A")
    };
    let key = env.released(overnight).await;
    env.ship(&key, json!({})).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::UnmappedCarrier);
    assert_eq!(mark(&env, &key, "send_tracking").await, "not_confirmed");

    type_tracking(&env).await;
    env.pull().await;

    assert_eq!(mark(&env, &key, "send_tracking").await, "marked_done");
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    let told = env.seen(&key, "tracking");
    assert_eq!(told.len(), 1, "ours was sent over it");
    assert_eq!(told[0]["tracking_number"], "BY-HAND-1");
}

async fn type_tracking(env: &Env) {
    let key = secrecy::SecretString::from(env.mirakl.api_key());
    let portal = mirakl::Client::new(mirakl::Config::new(env.mirakl.url(), key)).unwrap();
    let tracking = mirakl::Tracking {
        carrier_code: None,
        carrier_name: Some("Pronto".into()),
        carrier_url: None,
        tracking_number: Some("BY-HAND-1".into()),
    };
    portal.set_tracking("C1-A", &tracking).await.unwrap();
}

#[tokio::test]
async fn a_confirmation_by_hand_counts_when_mirakl_shows_it() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    env.fail_mirakl(FaultRule::once("OR24", "status:400").times(0));
    assert_eq!(blocked(&env.settle(&key).await), Kind::MarketplaceRefused);
    assert_eq!(mark(&env, &key, "confirm_shipment").await, "not_confirmed");
    assert_eq!(mark(&env, &key, "accept_lines").await, "not_confirmed");

    env.mirakl.receive(&key.order_id).unwrap();
    env.pull().await;

    assert_eq!(mark(&env, &key, "confirm_shipment").await, "marked_done");
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.exceptions().await, []);
}
