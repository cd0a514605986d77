//! Parcels one by one, where the operator lets an order leave in several shipments.

use std::time::Duration;

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::parcel::ToldBy;
use domain::step::{Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::harness::{Env, blocked};
use crate::plan::{Plan, offer, plain};

fn parcel(line: &str, qty: u32, number: &str) -> Value {
    json!({"tracking_number": number, "lines": [{"external_line_id": line, "qty": qty}]})
}

/// Two pieces of one line and three of another, released, where parcels go one by one.
async fn several(mut plan: Plan) -> (Env, OrderKey) {
    plan.mirakl.multi_shipment = true;
    let env = plan.start().await;
    let key = env
        .released(plain("C1-A").line(&offer(1), 3, "10.00"))
        .await;
    (env, key)
}

/// What Mirakl was told to have left: tracking number, line and pieces.
fn told(env: &Env, key: &OrderKey) -> Vec<(String, String, u64)> {
    let of = |row: &Value| {
        (
            row["tracking_number"].as_str().unwrap_or("-").to_owned(),
            row["lines"][0]["id"].as_str().unwrap().to_owned(),
            row["lines"][0]["quantity"].as_u64().unwrap(),
        )
    };
    env.seen(key, "shipments").iter().map(of).collect()
}

fn row(number: &str, line: &str, pieces: u64) -> (String, String, u64) {
    (number.to_owned(), line.to_owned(), pieces)
}

async fn nothing_open(env: &Env) {
    let open = env.ledger.counts().await.unwrap().open_intents;
    assert_eq!((open, env.exceptions().await), (0, vec![]));
}

async fn ship(env: &Env, key: &OrderKey, parcels: &[Value]) -> String {
    let shipment = env.ship(key, json!({"parcels": parcels})).await;
    shipment["shipment_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_parcel_is_a_shipment_of_its_own_and_is_told_once() {
    let (env, key) = several(Plan::usual()).await;
    ship(
        &env,
        &key,
        &[parcel("C1-A-1", 2, "1Z1"), parcel("C1-A-2", 1, "1Z2")],
    )
    .await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    assert_eq!(env.state(&key), "SHIPPING");
    let first = [row("1Z1", "C1-A-1", 2), row("1Z2", "C1-A-2", 1)];
    assert_eq!(told(&env, &key), first);

    env.act(&key, &Step::TellParcels).await.unwrap();
    ship(&env, &key, &[parcel("C1-A-2", 2, "1Z3")]).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    env.pull().await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    let [one, two] = first;
    assert_eq!(told(&env, &key), [one, two, row("1Z3", "C1-A-2", 2)]);
    assert_eq!(env.state(&key), "SHIPPED");
    assert_eq!(env.mirakl_calls("OR23") + env.mirakl_calls("OR24"), 0);
    let known = env.row(&key).await.progress.told;
    assert!(
        known
            .iter()
            .all(|one| one.call == ToldBy::Shipment && one.shipment.is_some())
    );
    nothing_open(&env).await;
}

#[tokio::test]
async fn a_whole_order_in_one_parcel_is_a_shipment_too() {
    let (env, key) = several(Plan::usual()).await;
    env.ship(&key, json!({})).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!((env.mirakl_calls("ST01"), env.mirakl_calls("OR24")), (1, 0));
    assert_eq!(env.state(&key), "SHIPPED");
}

#[tokio::test]
async fn an_answer_lost_after_the_write_or_before_it_tells_each_parcel_once() {
    for fault in [
        "reset-after-commit",
        "status-after-commit:500",
        "reset",
        "status:503",
    ] {
        let (env, key) = several(Plan::usual()).await;
        ship(
            &env,
            &key,
            &[parcel("C1-A-1", 2, "1Z1"), parcel("C1-A-2", 1, "1Z2")],
        )
        .await;
        env.fail_mirakl(FaultRule::once("ST01", fault));

        assert!(env.run(&key).await.is_err(), "{fault}");

        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Shipment),
            "{fault}"
        );
        let both = [row("1Z1", "C1-A-1", 2), row("1Z2", "C1-A-2", 1)];
        assert_eq!(told(&env, &key), both, "{fault}");
        nothing_open(&env).await;
    }
}

#[tokio::test]
async fn a_lost_answer_that_shipped_the_order_is_found_when_it_shows_shipped() {
    let (env, key) = several(Plan::usual()).await;
    env.ship(&key, json!({})).await;
    env.fail_mirakl(FaultRule::once("ST01", "reset-after-commit"));
    assert!(env.run(&key).await.is_err());
    env.pull().await;

    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Aftercare));

    assert_eq!(env.mirakl_calls("ST01"), 1);
    let known = env.row(&key).await.progress.told;
    assert!(matches!(known.as_slice(), [one] if one.call == ToldBy::Shipment));
    nothing_open(&env).await;
}

#[tokio::test]
async fn a_shipment_refused_inside_the_answer_stops_no_other() {
    let (env, key) = several(Plan::usual()).await;
    ship(
        &env,
        &key,
        &[parcel("C1-A-1", 2, "1Z1"), parcel("C1-A-2", 3, "1Z2")],
    )
    .await;
    env.fail_mirakl(FaultRule::once("ST01", "partial"));

    assert_eq!(blocked(&env.drive(&key).await), Kind::MarketplaceRefused);
    assert_eq!(told(&env, &key), [row("1Z2", "C1-A-2", 3)]);

    env.tell(&key, "retry", json!({})).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(told(&env, &key).len(), 2);
    nothing_open(&env).await;
}

#[tokio::test]
async fn what_was_shipped_is_told_and_what_will_not_come_is_a_persons() {
    let (env, key) = several(Plan::usual()).await;
    let short = json!({"short": [{"external_line_id": "C1-A-2", "qty": 1}]});
    env.ship(&key, short).await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::ShortShip);
    assert_eq!(
        (env.mirakl_calls("ST01"), env.state(&key)),
        (1, "SHIPPING".into())
    );
}

#[tokio::test]
async fn a_parcel_voided_after_it_was_told_asks_a_person_until_it_is_sent_again() {
    let (env, key) = several(Plan::usual()).await;
    let id = ship(&env, &key, &[parcel("C1-A-1", 2, "1Z1")]).await;
    env.drive(&key).await;
    env.erp_control(&format!("/_sim/shipments/{id}/void"), &json!({}))
        .await;
    env.pull_shipments().await;
    assert_eq!(blocked(&env.drive(&key).await), Kind::ToldParcelChanged);
    assert_eq!(env.exceptions().await, [Kind::ToldParcelChanged]);

    ship(&env, &key, &[parcel("C1-A-1", 2, "1Z9")]).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
    assert_eq!((env.mirakl_calls("ST01"), env.mirakl_calls("ST23")), (1, 1));
    let corrected = env.seen(&key, "tracking");
    assert_eq!(corrected[0]["tracking_number"], "1Z9");
    nothing_open(&env).await;
}

#[tokio::test]
async fn a_correction_whose_answer_is_lost_is_sent_again() {
    let (env, key) = several(Plan::usual()).await;
    let id = ship(&env, &key, &[parcel("C1-A-1", 2, "1Z1")]).await;
    env.drive(&key).await;
    env.erp_control(&format!("/_sim/shipments/{id}/void"), &json!({}))
        .await;
    ship(&env, &key, &[parcel("C1-A-1", 2, "1Z9")]).await;
    env.fail_mirakl(FaultRule::once("ST23", "reset-after-commit"));

    assert!(env.run(&key).await.is_err());

    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Shipment));
    nothing_open(&env).await;
}

#[tokio::test]
async fn a_late_number_is_waited_for_and_then_a_person_is_asked() {
    for several in [true, false] {
        let mut plan = Plan::usual();
        plan.mirakl.multi_shipment = several;
        plan.policy.tracking_grace_s = 86_400;
        let env = plan.start().await;
        let key = env.released(plain("C1-A")).await;
        env.ship(&key, json!({"parcels": [{"tracking_number": " "}]}))
            .await;

        assert_eq!(
            env.drive(&key).await,
            Step::Wait(Wait::Tracking),
            "{several}"
        );
        assert_eq!(env.exceptions().await, []);
        env.clock.advance(Duration::from_secs(86_400));
        assert_eq!(blocked(&env.drive(&key).await), Kind::TrackingMissing);
        let sent = ["OR23", "OR24", "ST01"].map(|op| env.mirakl_calls(op));
        assert_eq!(sent, [0, 0, 0], "{several}");
    }
}
