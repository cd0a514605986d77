//! Mirakl's returns (RT11), read beside the orders.

use std::time::Duration;

use domain::exception::Kind;
use domain::frequency::Frequencies;
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::returns::ReturnState;
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;
use simulators::scenario::NORDWIND;

use super::{feed, is_owed, open};
use crate::harness::Env;
use crate::matrix::Spoil;
use crate::plan::{Plan, offer};
use crate::web;

const RETURNS: &str = "nordwind/returns";
const EVERY: Duration = Duration::from_secs(300);

/// A marketplace with returns, read every five minutes.
fn plan() -> Plan {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    plan.mirakl.returns = true;
    plan.returns_every = Some(EVERY);
    plan
}

/// An order of many pieces that left; pulls are a minute apart, as a real shop allows.
async fn shipped(env: &Env) -> OrderKey {
    let minute = Duration::from_secs(60);
    let spec = OrderSpec::of(&offer(0), 120, "20.00").id("C1-A");
    let shown = env.mirakl.create_order(spec).unwrap();
    env.pull().await;
    let key = env.key(shown["order_id"].as_str().unwrap());
    env.drive(&key).await;
    env.clock.advance(minute);
    env.pull().await;
    env.mirakl.debit(&key.order_id).unwrap();
    env.clock.advance(minute);
    env.pull().await;
    env.drive(&key).await;
    env.ship(&key, json!({})).await;
    env.drive(&key).await;
    assert_eq!(env.state(&key), "SHIPPED");
    key
}

/// The customer wants to send one piece back.
async fn wish(env: &Env) -> String {
    let wish = json!({
        "order_commercial_id": "C1",
        "return_lines": [{"order_line_id": "C1-A-1", "quantity": 1}],
    });
    let opened = web::post(&env.mirakl.url(), "/_sim/returns", &wish).await;
    let id = opened["return_success"][0]["id"].as_str();
    id.unwrap().to_owned()
}

async fn returns(env: &Env, key: &OrderKey) -> Vec<(String, ReturnState)> {
    let returns = env.row(key).await.papers.returns.into_iter();
    returns.map(|r| (r.return_id, r.shown.state)).collect()
}

#[tokio::test]
async fn a_shop_without_returns_is_never_asked_for_them() {
    let env = Env::usual().await;
    env.clock.advance(EVERY);
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 0);
    assert!(feed(&env, RETURNS).await.is_none());
}

#[tokio::test]
async fn a_return_is_news_of_its_order_and_read_no_more_often_than_the_shop_may_ask() {
    let env = plan().start().await;
    let key = shipped(&env).await;
    assert_eq!(env.mirakl_calls("RT11"), 1, "with the first pull");
    let id = wish(&env).await;
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 1);
    assert_eq!(returns(&env, &key).await, []);

    env.clock.advance(EVERY);
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 2);
    let waits = (id.clone(), ReturnState::WaitingAcceptance);
    assert_eq!(returns(&env, &key).await, [waits]);
    assert!(is_owed(&env, &key).await);
    let version = env.row(&key).await.shipments_version;

    // Nothing changed: the overlap brings it again, and that is no news.
    env.clock.advance(EVERY);
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 3);
    assert_eq!(env.row(&key).await.shipments_version, version);

    env.clock.advance(EVERY);
    let shop = &env.orders.connections().shops[&key.marketplace];
    let yes = [mirakl::ReturnDecision {
        id: id.clone(),
        accepted: true,
        rejection_reason_code: None,
    }];
    shop.client.decide_returns(&yes).await.unwrap();
    env.pull().await;
    let goes = (id, ReturnState::InProgress);
    assert_eq!(returns(&env, &key).await, [goes]);
    assert_eq!(env.row(&key).await.shipments_version, version + 1);
}

#[tokio::test]
async fn all_pages_of_returns_are_one_use_of_the_call() {
    let mut plan = plan();
    let code = MarketplaceCode::new(NORDWIND).unwrap();
    plan.limits.shops.insert(code, Frequencies::default());
    plan.poll = EVERY;
    let env = plan.start().await;
    let key = shipped(&env).await;
    for _ in 0..101 {
        wish(&env).await;
    }
    let before = env.mirakl_calls("RT11");

    env.clock.advance(EVERY);
    env.pull().await;

    assert_eq!(env.mirakl_calls("RT11"), before + 2, "two pages");
    assert_eq!(env.row(&key).await.papers.returns.len(), 101);
    let state = feed(&env, RETURNS).await.unwrap();
    assert_eq!((state.rows, state.failures), (101, 0));
    env.clock.advance(Duration::from_secs(60));
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), before + 2, "it is not time yet");
}

#[tokio::test]
async fn a_return_that_cannot_be_read_stops_no_neighbour() {
    let env = plan().start().await;
    let key = env.released(crate::plan::plain("C1-A")).await;
    env.clock.advance(EVERY);
    let row = |id: &str, extra: Value| {
        let mut row = json!({
            "id": id, "order_id": "C1-A", "order_commercial_id": "C1", "state": "TELEPORTED",
            "last_updated": "2026-03-02T09:00:00Z",
            "return_lines": [{"order_line_id": "C1-A-1", "quantity": 1}],
        });
        for (name, value) in extra.as_object().unwrap() {
            row[name] = value.clone();
        }
        row
    };
    let page = json!({"data": [
        row("r1", json!({"return_lines": 7})),
        row("r2", json!({"last_updated": null})),
        row("r3", json!({})),
    ]});
    let said = Spoil::Says(200, page.to_string().leak());
    env.spoiler(true).spoil("RT11", said, false);

    env.pull().await;

    let odd = ReturnState::Unknown("TELEPORTED".into());
    assert_eq!(returns(&env, &key).await, [("r3".to_owned(), odd)]);
    let unclear = |id: &str| (Kind::ReturnUnclear, id.to_owned());
    assert_eq!(open(&env).await, [unclear("r1"), unclear("r2")]);
}

#[tokio::test]
async fn returns_that_fail_stop_no_order_and_are_read_with_the_next_pull() {
    let env = plan().start().await;
    env.mirakl.create_order(crate::plan::plain("C1-A")).unwrap();
    env.fail_mirakl(FaultRule::once("RT11", "status:500"));

    env.try_pull().await.unwrap_err();

    let key = env.key("C1-A");
    assert!(is_owed(&env, &key).await, "the order came all the same");
    let failed = feed(&env, RETURNS).await.unwrap();
    assert_eq!((failed.failures, failed.cursor), (1, None));
    let orders = feed(&env, "nordwind/orders").await.unwrap();
    assert_eq!((orders.failures, orders.last_error), (0, None));
    env.pull().await;
    assert_eq!(feed(&env, RETURNS).await.unwrap().failures, 0);
    assert_eq!(env.mirakl_calls("RT11"), 2);
}

#[tokio::test]
async fn returns_that_have_to_wait_let_the_orders_go_on() {
    let env = plan().start().await;
    env.fail_mirakl(FaultRule::once("RT11", "status:429:600"));
    env.try_pull().await.unwrap_err();

    for _ in 0..3 {
        env.clock.advance(Duration::from_secs(60));
        env.pull().await;
    }

    assert_eq!(env.mirakl_calls("RT11"), 1, "it waits as it was told");
    env.clock.advance(Duration::from_secs(600));
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 2);
}

#[tokio::test]
async fn returns_of_the_shop_wait_until_those_of_the_site_were_read_once() {
    let mut plan = plan();
    plan.erp.returns_in = true;
    let env = plan.start().await;
    env.pull().await;
    assert_eq!(env.mirakl_calls("RT11"), 0);

    env.pull_shipments().await;
    env.pull().await;

    assert_eq!(env.mirakl_calls("RT11"), 1, "also where there is none");
}
