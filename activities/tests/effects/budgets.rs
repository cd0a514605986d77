//! Published frequencies, and calls that were told to wait.

use std::time::Duration;

use domain::frequency::Frequencies;
use domain::marketplace::MarketplaceCode;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::scenario::NORDWIND;

use crate::harness::{Env, wait_s};
use crate::plan::{Plan, plain};

/// A real shop, which may be pulled once a minute.
async fn real_shop() -> Env {
    let mut plan = Plan::usual();
    let code = MarketplaceCode::new(NORDWIND).unwrap();
    plan.limits.shops.insert(code, Frequencies::default());
    plan.start().await
}

#[tokio::test]
async fn a_pull_with_all_its_pages_is_one_use_and_the_next_comes_a_minute_later() {
    let env = real_shop().await;
    for n in 0..150 {
        env.mirakl.create_order(plain(&format!("C{n}-A"))).unwrap();
    }
    let feed = env.feed(NORDWIND);
    env.feeds.pull_orders_once(&feed).await.unwrap();
    assert_eq!(env.mirakl_calls("OR11"), 2, "two pages");

    env.clock.advance(Duration::from_secs(20));
    let early = env.feeds.pull_orders_once(&feed).await.unwrap_err();

    assert_eq!((early.kind, wait_s(&early)), ("Budget", 40));
    assert_eq!(env.mirakl_calls("OR11"), 2, "nothing was sent");
    env.clock.advance(Duration::from_secs(40));
    env.feeds.pull_orders_once(&feed).await.unwrap();
    assert!(env.mirakl_calls("OR11") > 2);
}

#[tokio::test]
async fn a_throttled_call_waits_for_all_and_the_others_go_on() {
    let env = Env::usual().await;
    let keys = [
        env.place(plain("C1-A")).await,
        env.place(plain("C2-A")).await,
    ];
    for key in &keys {
        let step = env.decide(key).await;
        env.act(key, &step).await.unwrap();
    }
    env.fail_mirakl(FaultRule::once("OR21", "status:429:30"));
    let accept = domain::step::Step::AcceptLines;

    let told = env.act(&keys[0], &accept).await.unwrap_err();
    let waits = env.act(&keys[1], &accept).await.unwrap_err();

    assert_eq!((wait_s(&told), wait_s(&waits)), (30, 30));
    assert_eq!((waits.kind, env.mirakl_calls("OR21")), ("Throttled", 1));
    let pulls = env.mirakl_calls("OR11");
    env.pull().await;
    assert!(env.mirakl_calls("OR11") > pulls, "another call goes on");
    env.clock.advance(Duration::from_secs(30));
    for key in &keys {
        env.drive(key).await;
    }
    assert_eq!(env.mirakl_calls("OR21"), 3);
    let calls = env.ledger.closed_calls().await.unwrap();
    assert_eq!((calls[0].strikes, calls[0].total), (0, 1));
}

#[tokio::test]
async fn a_throttled_call_without_a_told_wait_waits_longer_each_time() {
    let env = Env::usual().await;
    let feed = env.feed(NORDWIND);
    let mut until = vec![];
    for _ in 0..3 {
        env.fail_mirakl(FaultRule::once("OR11", "status:429"));
        env.feeds.pull_orders_once(&feed).await.unwrap_err();
        let early = env.feeds.pull_orders_once(&feed).await.unwrap_err();
        assert_eq!(early.kind, "Throttled");
        until.push(wait_s(&early));
        env.clock.advance(Duration::from_secs(wait_s(&early)));
    }
    assert_eq!(until, [60, 120, 240]);
    assert_eq!(env.mirakl_calls("OR11"), 3);
}

#[tokio::test]
async fn a_daily_list_that_cannot_be_read_is_asked_for_again_a_minute_later() {
    let env = Env::usual().await;
    let key = env.released(plain("C1-A")).await;
    env.ship(&key, serde_json::json!({})).await;
    env.fail_mirakl(FaultRule::once("SH21", "status:503"));
    let step = env.decide(&key).await;
    env.act(&key, &step).await.unwrap_err();

    let early = env.act(&key, &step).await.unwrap_err();
    assert_eq!((early.kind, wait_s(&early)), ("Budget", 1));
    env.clock.advance(Duration::from_secs(60));
    env.drive(&key).await;

    assert_eq!(env.mirakl_calls("SH21"), 2);
}

#[tokio::test]
async fn while_one_order_reads_the_days_list_the_others_wait_for_its_copy() {
    let env = Env::usual().await;
    let mut keys = vec![];
    for id in ["C1-A", "C2-A"] {
        let key = env.released(plain(id)).await;
        env.ship(&key, json!({})).await;
        keys.push(key);
    }
    env.fail_mirakl(FaultRule::once("SH12", "delay-after-commit_ms:300"));
    let tell = domain::step::Step::SendTracking;

    let (one, other) = tokio::join!(env.act(&keys[0], &tell), env.act(&keys[1], &tell));

    one.unwrap();
    other.unwrap();
    for key in &keys {
        env.drive(key).await;
        assert_eq!(env.seen(key, "shipments").len(), 1, "{key}");
    }
    assert_eq!(env.mirakl_calls("SH12"), 1);
}
