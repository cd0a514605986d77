//! The carrier, against the operator's own lists.

use std::time::Duration;

use domain::exception::Kind;
use domain::mapping::{CarrierRow, Mappings};
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked};
use crate::plan::{Plan, plain};

const DAY: Duration = Duration::from_secs(25 * 3_600);

fn by(shipping_type: &str, spec: OrderSpec) -> OrderSpec {
    OrderSpec {
        shipping_type_code: Some(shipping_type.into()),
        ..spec
    }
}

fn only_carrier(tables: &mut Mappings, code: Option<&str>, name: Option<&str>) {
    tables.carriers = vec![CarrierRow {
        marketplace: "*".into(),
        erp_carrier: "UPS".into(),
        carrier_code: code.map(str::to_owned),
        carrier_name: name.map(str::to_owned),
        carrier_url: name.map(|_| "https://parcels.example/{trackingId}".to_owned()),
        valid: domain::mapping::Valid::default(),
    }];
}

/// An order that left, in a world of these carriers.
async fn left(mut plan: Plan, spec: OrderSpec, parcel: Value) -> (Env, OrderKey) {
    plan.policy.aftercare_s = 60 * 86_400;
    let env = plan.start().await;
    let key = env.released(spec).await;
    env.ship(&key, json!({"parcels": [parcel]})).await;
    (env, key)
}

async fn stays_unsent(env: &Env, key: &OrderKey, kind: Kind) {
    assert_eq!(blocked(&env.drive(key).await), kind);
    assert_eq!(env.exceptions().await, [kind]);
    assert_eq!(env.mirakl_calls("OR23") + env.mirakl_calls("OR24"), 0);
    assert_eq!(env.state(key), "SHIPPING");
}

#[tokio::test]
async fn a_registered_carrier_goes_by_its_code() {
    let (env, key) = left(
        Plan::usual(),
        plain("C1-A"),
        json!({"tracking_number": "1Z9"}),
    )
    .await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    let told = &env.seen(&key, "tracking")[0];
    assert_eq!(told["carrier_code"], "ups");
    assert_eq!(told["tracking_number"], "1Z9");
    let order = env.mirakl.order("C1-A").unwrap();
    assert_eq!(
        order["shipping_tracking_url"],
        "https://track.example/ups/1Z9"
    );
    assert_eq!(env.state(&key), "SHIPPED");
}

#[tokio::test]
async fn a_carrier_without_a_row_waits_for_the_row_and_goes_on_by_itself() {
    let (env, key) = left(Plan::usual(), by("XPR", plain("C1-A")), json!({})).await;
    stays_unsent(&env, &key, Kind::UnmappedCarrier).await;

    env.remap(|tables| {
        let mut row = tables.carriers[0].clone();
        row.erp_carrier = "pronto express ".into();
        tables.carriers.push(row);
    })
    .await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.exceptions().await, []);
    assert_eq!(env.seen(&key, "tracking")[0]["carrier_code"], "ups");
}

#[tokio::test]
async fn a_code_outside_the_operators_list_is_never_sent() {
    let mut plan = Plan::usual();
    only_carrier(&mut plan.mappings, Some("ups-freight"), None);
    let (env, key) = left(plan, plain("C1-A"), json!({})).await;
    stays_unsent(&env, &key, Kind::UnregisteredCarrier).await;
}

#[tokio::test]
async fn a_carrier_by_name_goes_where_the_operator_takes_it() {
    let mut plan = Plan::usual();
    only_carrier(&mut plan.mappings, None, Some("Harbor Couriers"));
    let parcel = json!({"tracking_number": "H7"});
    let (env, key) = left(plan, plain("C1-A"), parcel).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    let order = env.mirakl.order("C1-A").unwrap();
    assert_eq!(order["shipping_carrier_code"], json!(null));
    assert_eq!(order["shipping_company"], "Harbor Couriers");
    assert_eq!(order["shipping_tracking_url"], "https://parcels.example/H7");
    assert_eq!(env.mirakl_calls("SH21"), 0);
}

#[tokio::test]
async fn a_carrier_by_name_waits_where_the_operator_forbids_it() {
    let mut plan = Plan::usual();
    plan.mirakl.unregistered_carriers_allowed = false;
    only_carrier(&mut plan.mappings, None, Some("Harbor Couriers"));
    let (env, key) = left(plan, plain("C1-A"), json!({})).await;
    stays_unsent(&env, &key, Kind::UnregisteredCarrier).await;
}

#[tokio::test]
async fn a_missing_number_waits_where_method_or_carrier_demand_it() {
    // By method: a carrier by name demands nothing itself. By carrier: its page needs the number.
    for (method, name) in [("EXP", Some("Harbor Couriers")), ("STD", None)] {
        let mut plan = Plan::usual();
        if name.is_some() {
            only_carrier(&mut plan.mappings, None, name);
        }
        let untracked = json!({"tracking_number": " "});
        let (env, key) = left(plan, by(method, plain("C1-A")), untracked).await;
        stays_unsent(&env, &key, Kind::TrackingMissing).await;

        // The warehouse takes it back and ships it with its number.
        let shipment = env.erp.ledger()["shipments"][0]["shipment_id"].clone();
        let void = format!("/_sim/shipments/{}/void", shipment.as_str().unwrap());
        env.erp_control(&void, &json!({})).await;
        env.ship(&key, json!({"parcels": [{"tracking_number": "1Z5"}]}))
            .await;

        assert_eq!(
            env.drive(&key).await,
            Step::Wait(Wait::Aftercare),
            "{method}"
        );
        assert_eq!(env.seen(&key, "tracking")[0]["tracking_number"], "1Z5");
    }
}

#[tokio::test]
async fn a_missing_number_is_no_matter_where_nobody_demands_it() {
    let mut plan = Plan::usual();
    only_carrier(&mut plan.mappings, Some("van"), None);
    let untracked = json!({"tracking_number": ""});
    let (env, key) = left(plan, plain("C1-A"), untracked).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));

    assert_eq!(
        env.seen(&key, "tracking")[0]["tracking_number"],
        json!(null)
    );
}

#[tokio::test]
async fn the_operators_lists_are_read_once_a_day() {
    let env = Env::usual().await;
    let lists = || ["SH21", "SH12", "PC01"].map(|op| env.mirakl_calls(op));
    for id in ["C1-A", "C2-A"] {
        let key = env.released(plain(id)).await;
        env.ship(&key, json!({})).await;
        env.drive(&key).await;
    }
    assert_eq!(lists(), [1, 1, 1]);

    env.clock.advance(DAY);
    let key = env.released(plain("C3-A")).await;
    env.ship(&key, json!({})).await;
    env.drive(&key).await;
    assert_eq!(lists(), [2, 2, 2]);
}

#[tokio::test]
async fn yesterdays_lists_serve_while_the_operator_gives_none() {
    let env = Env::usual().await;
    let first = env.released(plain("C1-A")).await;
    env.ship(&first, json!({})).await;
    env.drive(&first).await;
    env.clock.advance(DAY);
    for op in ["SH21", "SH12"] {
        env.fail_mirakl(FaultRule::once(op, "status:503").times(0));
    }

    let key = env.released(plain("C2-A")).await;
    env.ship(&key, json!({})).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.state(&key), "SHIPPED");
}
