//! Systems that do not answer, and keys that are not taken: who asks, who waits, and who goes first.

use std::time::Duration;

use domain::exception::Kind;
use domain::gate::Endpoint;
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use futures::future::join_all;
use secrecy::SecretString;
use simulators::fault::FaultRule;

use crate::harness::{Env, wait_s};
use crate::plan::plain;

/// Between two orders that go on after a gate opened.
const TURN: Duration = Duration::from_millis(200);

fn always(op: &str, action: &str) -> FaultRule {
    FaultRule::once(op, action).times(0)
}

/// Orders sold a minute apart, the one with the last name first.
async fn orders(env: &Env, n: usize) -> Vec<OrderKey> {
    let mut keys = vec![];
    for id in (0..n).rev() {
        env.clock.advance(Duration::from_secs(60));
        let key = env.place(plain(&format!("C{id:02}-A"))).await;
        assert_eq!(env.decide(&key).await, Step::CreateSalesOrder);
        keys.push(key);
    }
    keys
}

/// Every order tries at once; kinds of what refused them.
async fn all_try(env: &Env, keys: &[OrderKey]) -> Vec<&'static str> {
    let tries = keys.iter().map(|key| env.act(key, &Step::CreateSalesOrder));
    let done = join_all(tries).await;
    done.into_iter()
        .filter_map(|tried| tried.err().map(|failure| failure.kind))
        .collect()
}

/// All calls that the site saw.
fn calls(env: &Env) -> usize {
    crate::harness::list(&env.erp.ledger(), "calls").len()
}

/// Closes the site's gate.
async fn down(env: &Env, keys: &[OrderKey]) {
    env.fail_erp(always("*", "status:503"));
    for key in keys.iter().take(3) {
        let failed = env.act(key, &Step::CreateSalesOrder).await.unwrap_err();
        assert_eq!(failed.kind, "BlueCherry");
    }
}

#[tokio::test]
async fn while_the_erp_is_down_one_probe_at_a_time_asks_and_one_incident_tells() {
    let env = Env::usual().await;
    let keys = orders(&env, 20).await;
    let before = calls(&env);
    down(&env, &keys).await;
    assert_eq!(calls(&env), before + 3);

    // Probes 3 s after closing, then 6 s, then 12 s: each time one call for twenty orders.
    let mut seen = 3;
    for (wait_s, asks) in [(0, 0), (2, 0), (1, 1), (3, 0), (3, 1), (11, 0), (1, 1)] {
        env.clock.advance(Duration::from_secs(wait_s));
        let refused = all_try(&env, &keys).await;
        assert_eq!(refused.len(), 20, "somebody got through");
        seen += asks;
        assert_eq!(calls(&env), before + seen, "after {wait_s} s more");
    }

    assert_eq!(env.exceptions().await, [Kind::EndpointDown]);
    assert_eq!(env.ledger.counts().await.unwrap().open_intents, 20);
    let attempts = env.ledger.gates().await.unwrap();
    assert_eq!((attempts.len(), attempts[0].total), (1, 1));
}

#[tokio::test]
async fn when_a_gate_opens_the_nearest_deadline_goes_first_and_not_all_at_once() {
    let env = Env::usual().await;
    let keys = orders(&env, 20).await;
    down(&env, &keys).await;
    all_try(&env, &keys).await;
    env.erp.faults().clear();
    env.clock.advance(Duration::from_secs(3));
    env.orders.connections().probe_closed_gates().await.unwrap();
    assert_eq!(env.exceptions().await, []);

    let mut went = vec![];
    for turn in 0..20 {
        for key in keys.iter().rev() {
            if went.contains(key) {
                continue;
            }
            match env.act(key, &Step::CreateSalesOrder).await {
                Ok(_) => went.push(key.clone()),
                Err(failure) => assert_eq!(failure.kind, "Draining"),
            }
        }
        assert_eq!(went.len(), turn + 1, "one each turn");
        env.clock.advance(TURN);
    }

    assert_eq!(went, keys, "the first sold has the nearest deadline");
    assert_eq!(
        env.erp_calls("create_sales_order"),
        20,
        "nothing was sent twice"
    );
    for key in &keys {
        assert_eq!(env.sales_orders(key).len(), 1);
    }
}

#[tokio::test]
async fn a_gate_that_opened_in_vain_closes_at_the_second_orders_loss() {
    let env = Env::usual().await;
    let keys = orders(&env, 5).await;
    down(&env, &keys).await;
    all_try(&env, &keys).await;
    env.erp.faults().clear();
    env.fail_erp(always("create_sales_order", "status:503"));
    env.clock.advance(Duration::from_secs(3));
    env.orders.connections().probe_closed_gates().await.unwrap();
    env.clock.advance(Duration::from_secs(10));

    all_try(&env, &keys[..1]).await;
    let gates = env.ledger.gates().await.unwrap();
    assert!(
        gates[0].reason.is_none(),
        "one order alone may be the cause"
    );
    all_try(&env, &keys[1..2]).await;
    all_try(&env, &keys[2..]).await;

    assert_eq!(env.erp_calls("create_sales_order"), 2, "two are enough");
    let gate = env.ledger.gates().await.unwrap().remove(0);
    assert_eq!(gate.failed_probes, 1, "the next probe comes later");
    assert_eq!(env.exceptions().await, [Kind::EndpointDown]);
}

#[tokio::test]
async fn a_gate_that_opened_long_ago_is_probed_as_soon_as_one_that_never_closed() {
    let env = Env::usual().await;
    let keys = orders(&env, 5).await;
    down(&env, &keys).await;
    all_try(&env, &keys).await;
    env.erp.faults().clear();
    env.clock.advance(Duration::from_secs(3));
    env.orders.connections().probe_closed_gates().await.unwrap();
    env.fail_erp(always("create_sales_order", "status:503"));
    env.clock.advance(Duration::from_secs(7200));

    all_try(&env, &keys).await;

    let gate = env.ledger.gates().await.unwrap().remove(0);
    assert!(gate.reason.is_some(), "it closed again");
    assert_eq!(gate.failed_probes, 0);
}

#[tokio::test]
async fn a_restarted_worker_finds_the_gate_closed() {
    let env = Env::usual().await;
    let keys = orders(&env, 4).await;
    down(&env, &keys).await;

    // Another worker on the same ledger, which has seen no failure itself.
    let refused = env.act_cut_off(&keys[3], &Step::CreateSalesOrder).await;

    assert_eq!(refused.unwrap_err().kind, "EndpointDown");
}

#[tokio::test]
async fn a_pull_at_a_closed_gate_says_so_and_is_the_probe_when_it_is_due() {
    let env = Env::usual().await;
    let keys = orders(&env, 3).await;
    down(&env, &keys).await;
    let feed = env.feed("SIMSITE");

    let early = env.feeds.pull_shipments_once(&feed).await.unwrap_err();

    assert_eq!((early.kind, wait_s(&early)), ("EndpointDown", 3));
    assert_eq!(env.erp_calls("list_fulfilments"), 0);
    let feeds = env.ledger.feeds().await.unwrap();
    let shipments = feeds.iter().find(|f| f.name == "SIMSITE/shipments");
    assert_eq!(
        shipments.unwrap().last_error.as_deref(),
        Some("EndpointDown")
    );
    env.erp.faults().clear();
    env.clock.advance(Duration::from_secs(3));
    env.feeds.pull_shipments_once(&feed).await.unwrap();
    assert_eq!(env.erp_calls("list_fulfilments"), 1);
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn a_closed_erp_stops_no_call_to_the_marketplace() {
    let env = Env::usual().await;
    let keys = orders(&env, 3).await;
    down(&env, &keys).await;
    let late = env.place(plain("D1-A")).await;
    assert_eq!(env.decide(&late).await, Step::CreateSalesOrder);
}

#[tokio::test]
async fn a_key_that_is_refused_makes_all_wait_until_it_is_changed() {
    let env = Env::usual().await;
    let (first, second) = (accepting(&env, "C1-A").await, accepting(&env, "C2-A").await);
    env.fail_mirakl(always("*", "status:401"));

    let refused = env.act(&first, &Step::AcceptLines).await.unwrap_err();
    let waits = env.act(&second, &Step::AcceptLines).await.unwrap_err();

    assert_eq!(wait_s(&refused), 60);
    assert_eq!(waits.kind, "KeyRefused");
    assert_eq!(env.mirakl_calls("OR21"), 1, "one call met the refusal");
    assert_eq!(env.exceptions().await, [Kind::KeyRefused]);
    env.clock.advance(Duration::from_secs(59));
    env.orders.connections().probe_closed_gates().await.unwrap();
    assert_eq!(env.mirakl_calls("RE01"), 0, "nobody hammers");

    env.mirakl.faults().clear();
    let endpoint = Endpoint::Mirakl(first.marketplace.clone());
    let connections = env.orders.connections();
    let shop = connections.shop(&first.marketplace).unwrap();
    let new = SecretString::from(env.mirakl.api_key());
    let shop_id = shop.client.shop().await.unwrap().shop_id;
    shop.client.renew_key(&new, shop_id).await.unwrap();
    connections.key_renewed(&endpoint).await.unwrap();

    assert_eq!(env.exceptions().await, []);
    env.clock.advance(TURN);
    for key in [&first, &second] {
        assert_eq!(env.drive(key).await, Step::Wait(Wait::Payment));
    }
}

#[tokio::test]
async fn a_key_that_is_taken_again_is_found_out_by_the_probe() {
    let env = Env::usual().await;
    let key = accepting(&env, "C1-A").await;
    // V01 needs no key, so it answers whatever becomes of the key.
    for op in ["OR21", "RE01"] {
        env.fail_mirakl(always(op, "status:401"));
    }
    env.act(&key, &Step::AcceptLines).await.unwrap_err();
    let connections = env.orders.connections();
    for _ in 0..2 {
        env.clock.advance(Duration::from_secs(60));
        connections.probe_closed_gates().await.unwrap();
        assert_eq!(env.exceptions().await, [Kind::KeyRefused]);
    }
    env.mirakl.faults().clear();
    env.clock.advance(Duration::from_secs(60));

    connections.probe_closed_gates().await.unwrap();

    assert_eq!((env.mirakl_calls("RE01"), env.mirakl_calls("V01")), (3, 0));
    assert_eq!(env.exceptions().await, []);
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
}

#[tokio::test]
async fn a_lacking_right_stops_one_call_for_all_orders_and_blocks_none() {
    let env = Env::usual().await;
    let (first, second) = (accepting(&env, "C1-A").await, accepting(&env, "C2-A").await);
    env.fail_mirakl(always("OR21", "status:403"));

    let refused = env.act(&first, &Step::AcceptLines).await.unwrap_err();
    let waits = env.act(&second, &Step::AcceptLines).await.unwrap_err();

    assert_eq!((wait_s(&refused), wait_s(&waits)), (60, 60));
    assert_eq!(waits.kind, "RightMissing");
    assert_eq!(env.mirakl_calls("OR21"), 1);
    assert_eq!(env.exceptions().await, [Kind::RightMissing]);
    env.pull().await;
    env.clock.advance(Duration::from_secs(60));
    for key in [&first, &second] {
        env.act(key, &Step::AcceptLines).await.unwrap_err();
    }
    assert_eq!(env.mirakl_calls("OR21"), 2, "one tries for all");

    env.mirakl.faults().clear();
    env.clock.advance(Duration::from_secs(60));
    for key in [&first, &second] {
        assert_eq!(env.drive(key).await, Step::Wait(Wait::Payment));
    }
    assert_eq!(env.exceptions().await, []);
}

#[tokio::test]
async fn a_single_lost_answer_closes_nothing() {
    let env = Env::usual().await;
    let keys = orders(&env, 3).await;
    for key in &keys {
        env.fail_erp(FaultRule::once("find_sales_orders", "reset"));
        env.act(key, &Step::CreateSalesOrder).await.unwrap_err();
        env.act(key, &Step::CreateSalesOrder).await.unwrap();
    }
    assert_eq!(env.ledger.gates().await.unwrap(), []);
}

/// An order whose next step tells Mirakl.
async fn accepting(env: &Env, order_id: &str) -> OrderKey {
    let key = env.place(plain(order_id)).await;
    let next = env.act(&key, &Step::CreateSalesOrder).await.unwrap();
    assert_eq!(next, Step::AcceptLines);
    key
}
