//! The client against the simulated marketplace: each call, and what a fault makes of it.

use std::time::Duration;

use domain::retry::{Fate, Retry};
use mirakl::{
    Client, Config, Error, LineDecision, LineState, Order, OrderQuery, OrderState, RawOrder,
    Reference, Tracking,
};
use secrecy::SecretString;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

async fn marketplace() -> (MiraklSim, Client) {
    let options = MiraklOptions {
        debit_delay_s: 0,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let shop_id = options.shop_id;
    let sim = MiraklSim::start(options).await.unwrap();
    let mut config = Config::new(sim.url(), key);
    config.shop_id = Some(shop_id);
    config.call_timeout = Duration::from_secs(5);
    (sim, Client::new(config).unwrap())
}

async fn orders(client: &Client) -> Vec<RawOrder> {
    client
        .list_orders(&OrderQuery::default())
        .await
        .unwrap()
        .items
}

async fn order(client: &Client, order_id: &str) -> Order {
    let query = OrderQuery {
        order_ids: vec![order_id.into()],
        ..OrderQuery::default()
    };
    let mut page = client.list_orders(&query).await.unwrap();
    assert_eq!((page.items.len(), page.next_offset), (1, None));
    page.items.remove(0).order.unwrap()
}

fn accept(lines: &[&str]) -> Vec<LineDecision> {
    lines
        .iter()
        .map(|id| LineDecision {
            id: (*id).into(),
            accepted: true,
        })
        .collect()
}

#[tokio::test]
async fn an_order_goes_from_acceptance_to_shipped() {
    let (sim, client) = marketplace().await;
    sim.create_order(
        OrderSpec::of("BC-1", 2, "50.10")
            .line("BC-2", 1, "9.95")
            .id("W1-A"),
    )
    .unwrap();

    let seen = order(&client, "W1-A").await;
    assert_eq!(seen.order_state, Some(OrderState::WaitingAcceptance));
    assert_eq!(seen.price.unwrap().0.to_string(), "110.15");
    let customer = seen.customer.unwrap();
    assert!(customer.shipping_address.is_none() && customer.billing_address.is_none());

    client
        .accept_order("W1-A", &accept(&["W1-A-1", "W1-A-2"]))
        .await
        .unwrap();
    let seen = order(&client, "W1-A").await;
    assert_eq!(seen.order_state, Some(OrderState::Shipping));
    assert!(
        seen.customer
            .unwrap()
            .shipping_address
            .unwrap()
            .street_1
            .is_some()
    );

    let reference = Reference {
        order_id: "W1-A".into(),
        reference: "500001".into(),
    };
    let results = client.write_references(&[reference]).await.unwrap();
    assert_eq!(
        (results[0].order_id.as_str(), results[0].errors.len()),
        ("W1-A", 0)
    );
    let tracking = Tracking {
        carrier_code: Some("ups".into()),
        tracking_number: Some("1Z999".into()),
        ..Tracking::default()
    };
    client.set_tracking("W1-A", &tracking).await.unwrap();
    client.confirm_shipment("W1-A").await.unwrap();

    let seen = order(&client, "W1-A").await;
    assert_eq!(seen.order_state, Some(OrderState::Shipped));
    assert_eq!(seen.shipping_tracking.as_deref(), Some("1Z999"));
    assert_eq!(
        seen.references
            .unwrap()
            .order_reference_for_seller
            .as_deref(),
        Some("500001")
    );
    let states = seen
        .order_lines
        .unwrap()
        .into_iter()
        .map(|line| line.order_line_state.unwrap());
    assert_eq!(
        states.collect::<Vec<_>>(),
        [LineState::Shipped, LineState::Shipped]
    );
}

#[tokio::test]
async fn orders_come_page_by_page_with_the_server_s_time() {
    let (sim, client) = marketplace().await;
    for n in 1..=5 {
        sim.create_order(OrderSpec::of("BC-1", 1, "10").id(&format!("W{n}-A")))
            .unwrap();
    }
    let mut query = OrderQuery {
        max: 2,
        ..OrderQuery::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = client.list_orders(&query).await.unwrap();
        assert_eq!(page.total_count, 5);
        assert!(page.server_date.is_some());
        ids.extend(page.items.into_iter().filter_map(|raw| raw.order_id));
        let Some(next) = page.next_offset else { break };
        query.offset = next;
    }
    assert_eq!(ids, ["W1-A", "W2-A", "W3-A", "W4-A", "W5-A"]);

    let shipped = OrderQuery {
        states: vec![OrderState::Shipped],
        ..OrderQuery::default()
    };
    assert_eq!(client.list_orders(&shipped).await.unwrap().items, []);
}

#[tokio::test]
async fn an_order_is_cancelled_once() {
    let options = MiraklOptions {
        debit_delay_s: 3600,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    let client = Client::new(Config::new(sim.url(), key)).unwrap();
    sim.create_order(OrderSpec::of("BC-1", 1, "10").id("W1-A"))
        .unwrap();
    client
        .accept_order("W1-A", &accept(&["W1-A-1"]))
        .await
        .unwrap();

    client.cancel_order("W1-A").await.unwrap();

    assert_eq!(
        order(&client, "W1-A").await.order_state,
        Some(OrderState::Canceled)
    );
    assert!(matches!(
        client.cancel_order("W1-A").await,
        Err(Error::Refused { status: 400, .. })
    ));
}

#[tokio::test]
async fn settings_are_read() {
    let (_sim, client) = marketplace().await;
    client.health().await.unwrap();
    assert!(
        client
            .carriers()
            .await
            .unwrap()
            .iter()
            .any(|carrier| carrier.code == "ups")
    );
    let types = client.shipping_types().await.unwrap();
    assert!(types.iter().any(|one| one.mandatory_tracking == Some(true)));
    assert!(
        client
            .reasons()
            .await
            .unwrap()
            .iter()
            .any(|one| one.is_shop_right == Some(false))
    );
    let features = client.platform_settings().await.unwrap().features.unwrap();
    let workflows = features.order_workflows.unwrap();
    assert_eq!(
        workflows.shipping_and_billing_details_before_acceptance,
        Some(false)
    );
    let shop = client.shop().await.unwrap();
    assert_eq!(
        (shop.shop_id, shop.shop_state.as_deref()),
        (2001, Some("OPEN"))
    );
}

#[tokio::test]
async fn a_second_acceptance_is_refused_with_the_vendor_s_code() {
    let (sim, client) = marketplace().await;
    sim.create_order(OrderSpec::of("BC-1", 1, "10").id("W1-A"))
        .unwrap();
    client
        .accept_order("W1-A", &accept(&["W1-A-1"]))
        .await
        .unwrap();

    let error = client
        .accept_order("W1-A", &accept(&["W1-A-1"]))
        .await
        .unwrap_err();

    assert!(
        matches!(error, Error::Refused { status: 400, .. }),
        "{error:?}"
    );
    assert_eq!(error.code(), Some("ORDER_INVALID_STATE"));
    assert_eq!((error.retry(), error.fate()), (Retry::Never, Fate::NotDone));
}

#[tokio::test]
async fn a_lost_acceptance_is_unknown_and_the_order_tells() {
    let (sim, client) = marketplace().await;
    sim.create_order(OrderSpec::of("BC-1", 1, "10").id("W1-A"))
        .unwrap();
    sim.faults()
        .inject(FaultRule::once("OR21", "reset-after-commit"))
        .unwrap();

    let error = client
        .accept_order("W1-A", &accept(&["W1-A-1"]))
        .await
        .unwrap_err();

    assert!(
        matches!(error, Error::Unknown { call: "OR21", .. }),
        "{error:?}"
    );
    assert_eq!(error.fate(), Fate::Unknown);
    assert_eq!(
        order(&client, "W1-A").await.order_state,
        Some(OrderState::Shipping)
    );
}

#[tokio::test]
async fn faults_become_the_error_that_says_what_to_do() {
    let (sim, client) = marketplace().await;
    for (action, retry) in [
        ("reset", Retry::Backoff),
        ("status:503", Retry::Backoff),
        ("status:429:7", Retry::After(Duration::from_secs(7))),
        ("status:401", Retry::After(Duration::from_secs(60))),
    ] {
        sim.faults()
            .inject(FaultRule::once("OR11", action))
            .unwrap();
        let error = client
            .list_orders(&OrderQuery::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.retry(), error.fate(), error.call()),
            (retry, Fate::NotDone, "OR11")
        );
        assert_eq!(orders(&client).await.len(), 0, "the fault is over");
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_order_are_named() {
    let (sim, client) = marketplace().await;
    let stranger = Client::new(Config::new(sim.url(), SecretString::from("not-the-key"))).unwrap();

    let key = stranger.shop().await.unwrap_err();
    let missing = client.confirm_shipment("W9-A").await.unwrap_err();

    assert!(
        matches!(key, Error::Unauthorized { call: "A01" }),
        "{key:?}"
    );
    assert!(
        matches!(missing, Error::NotFound { call: "OR24", .. }),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_new_key_counts_for_all_clones_if_it_is_the_same_shops() {
    let (sim, client) = marketplace().await;
    let clone = client.clone();
    let shop_id = client.shop().await.unwrap().shop_id;
    let right = SecretString::from(sim.api_key());
    let wrong = SecretString::from("another-key");

    let refused = client.renew_key(&wrong, shop_id).await.unwrap_err();
    assert!(matches!(refused, Error::Unauthorized { call: "A01" }));
    assert!(clone.shop().await.is_ok(), "a refused key changes nothing");

    let other_shop = client.renew_key(&right, shop_id + 1).await.unwrap();
    assert_eq!(
        other_shop.shop_id, shop_id,
        "whose key it is stands in the answer"
    );

    let stranger = Client::new(Config::new(sim.url(), wrong)).unwrap();
    let its_clone = stranger.clone();
    assert!(its_clone.shop().await.is_err());
    stranger.renew_key(&right, shop_id + 1).await.unwrap();
    assert!(
        its_clone.shop().await.is_err(),
        "a key of another shop is not taken"
    );
    stranger.renew_key(&right, shop_id).await.unwrap();
    assert!(its_clone.shop().await.is_ok());
}
