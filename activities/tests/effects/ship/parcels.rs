//! What the warehouse reports, and what of it counts.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::parcel::ToldBy;
use domain::step::{Step, Wait};
use serde_json::{Value, json};

use crate::harness::{Env, blocked};
use crate::plan::{offer, plain};

async fn two_lines(env: &Env) -> OrderKey {
    env.released(plain("C1-A").line(&offer(1), 3, "10.00"))
        .await
}

fn parcel(line: &str, qty: u32) -> Value {
    json!({"lines": [{"external_line_id": line, "qty": qty}]})
}

async fn nothing_told(env: &Env, key: &OrderKey) {
    assert_eq!(env.mirakl_calls("OR23") + env.mirakl_calls("OR24"), 0);
    assert_eq!(env.state(key), "SHIPPING");
}

#[tokio::test]
async fn several_parcels_go_as_one_shipment_where_mirakl_takes_no_more() {
    let env = Env::usual().await;
    let key = two_lines(&env).await;
    let parcels = [parcel("C1-A-1", 2), parcel("C1-A-2", 3)];
    env.ship(&key, json!({"parcels": parcels})).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    assert_eq!(env.state(&key), "SHIPPED");
    assert_eq!((env.mirakl_calls("OR24"), env.mirakl_calls("ST01")), (1, 0));
    let first = &env.erp.ledger()["shipments"][0]["parcels"][0]["tracking_number"];
    assert_eq!(env.seen(&key, "tracking")[0]["tracking_number"], *first);
    let told = env.row(&key).await.progress.told;
    assert!(told.len() == 2 && told.iter().all(|one| one.call == ToldBy::Order));
}

#[tokio::test]
async fn parcels_gather_until_the_order_is_complete() {
    let env = Env::usual().await;
    let key = two_lines(&env).await;
    env.ship(&key, json!({"parcels": [parcel("C1-A-1", 2)]}))
        .await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    nothing_told(&env, &key).await;

    env.ship(&key, json!({"parcels": [parcel("C1-A-2", 3)]}))
        .await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(
        (env.state(&key), env.mirakl_calls("OR24")),
        ("SHIPPED".into(), 1)
    );
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn a_short_shipment_needs_a_person() {
    let env = Env::usual().await;
    let key = two_lines(&env).await;
    let short = json!({"short": [{"external_line_id": "C1-A-2", "qty": 1}]});
    env.ship(&key, short).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::ShortShip);

    nothing_told(&env, &key).await;
}

#[tokio::test]
async fn a_shipment_that_comes_voided_does_not_count() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({"voided": true})).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));

    nothing_told(&env, &key).await;
}

#[tokio::test]
async fn a_shipment_voided_before_it_was_told_is_not_told() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    let shipment = env.ship(&key, json!({})).await;
    let id = shipment["shipment_id"].as_str().unwrap();
    env.erp_control(&format!("/_sim/shipments/{id}/void"), &json!({}))
        .await;
    env.pull_shipments().await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));

    nothing_told(&env, &key).await;
}

#[tokio::test]
async fn an_order_confirmed_by_hand_is_not_confirmed_again() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, json!({})).await;
    env.mirakl.receive(&key.order_id).unwrap();
    env.pull().await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    assert_eq!(env.mirakl_calls("OR23") + env.mirakl_calls("OR24"), 0);
}

#[tokio::test]
async fn an_order_shipped_on_mirakl_alone_needs_a_person() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.mirakl.receive(&key.order_id).unwrap();
    env.pull().await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::ShippedElsewhere);
}
