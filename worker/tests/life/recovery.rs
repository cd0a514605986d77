//! How soon orders move again after a worker was killed, stopped or frozen.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulators::mirakl::Debit;

use crate::machine::{PATIENCE, STOP, kill, signal, terminate, until, within};
use crate::world::{World, world};

/// Every order moves again so soon after `kill -9`: a heartbeat of 8 s, a back-off, the call itself.
const AFTER_KILL: Duration = Duration::from_secs(15);
/// The next steps take so much longer right after SIGTERM; a run that is not given up takes 3 s.
const AFTER_TERM: Duration = Duration::from_secs(1);
/// Longer than the heartbeat time-out and the noted deadline, so that somebody else has sent.
const FROZEN: Duration = Duration::from_secs(90);

#[tokio::test]
async fn every_order_moves_again_within_15_s_of_a_kill_in_mid_call() {
    let world = world("kill-recovery").start().await;
    let worker = world.worker();
    let mut unpaid = world.plain("R-2-A");
    unpaid.debit = Some(Debit::Manual);
    world.sell(unpaid);
    world.reaches("R-2-A", "WAITING_DEBIT_PAYMENT").await;
    world.inject("create_sales_order", "delay-after-commit_ms:2500");
    world.sell(world.plain("R-1-A"));
    world.done_but_unanswered("create_sales_order").await;
    let killed = Instant::now();
    kill(worker).await;
    world.shop.debit("R-2-A").unwrap();
    world.sell(world.plain("R-3-A"));

    let worker = world.worker();
    for (order_id, moved) in [
        ("R-1-A", "accepted"),
        ("R-2-A", "released"),
        ("R-3-A", "accepted"),
    ] {
        let left = AFTER_KILL.saturating_sub(killed.elapsed());
        within(left, &format!("{order_id} is {moved}"), async || {
            let done = match moved {
                "accepted" => !world.effects("accepts", order_id).is_empty(),
                _ => world.sales_orders(order_id)[0]["ship_to"].is_object(),
            };
            done.then_some(())
        })
        .await;
    }
    for order_id in ["R-1-A", "R-2-A", "R-3-A"] {
        world.reaches(order_id, "SHIPPED").await;
        world.assert_shipped_once(order_id);
    }
    assert!(terminate(worker).await.success());
}

#[tokio::test]
async fn a_worker_told_to_stop_in_a_long_call_ends_in_10_s_and_the_outcome_is_read_back() {
    let mut setup = world("stop-in-call");
    setup.call_timeout_s = 12.0;
    let world = setup.start().await;
    let worker = world.worker();
    world.inject("create_sales_order", "delay-after-commit_ms:30000");
    world.sell(world.plain("T-1-A"));
    world.done_but_unanswered("create_sales_order").await;
    let told = Instant::now();
    assert!(terminate(worker).await.success());
    assert!(told.elapsed() <= STOP, "{:?}", told.elapsed());

    let worker = world.worker();
    world.reaches("T-1-A", "SHIPPED").await;
    world.assert_shipped_once("T-1-A");
    assert_eq!(
        world.calls("create_sales_order").len(),
        1,
        "it was read back"
    );
    assert!(terminate(worker).await.success());
}

#[tokio::test]
async fn the_other_worker_takes_the_next_step_within_a_second_of_sigterm() {
    let world = world("stop-one-of-two").start().await;
    let orders: Vec<String> = (1..=6).map(|n| format!("S-{n}-A")).collect();
    let leaving = world.worker();
    for order_id in &orders {
        let mut unpaid = world.plain(order_id);
        unpaid.debit = Some(Debit::Manual);
        world.sell(unpaid);
    }
    for order_id in &orders {
        waits_for_payment(&world, order_id).await;
    }
    // Every run is cached at the first worker when the second one comes.
    let staying = world.worker();
    world.ready().await;
    let usual = next_steps(&world, &orders, "hold").await;
    signal("-TERM", leaving.id().unwrap()).await;
    let told = Instant::now();
    let after_term = next_steps(&world, &orders, "release").await;
    println!("the next step of six orders: {usual:?}, after SIGTERM {after_term:?}");
    // A busy machine takes its time with either. A task that was on its way to the leaving worker
    // when it stopped asking is given to the other one when its heartbeat is missed.
    let (middle, most) = (orders.len() / 2, usual[orders.len() - 1] * 2);
    assert!(
        after_term[middle] <= most + AFTER_TERM,
        "{after_term:?}, usually {usual:?}"
    );
    assert!(
        after_term[orders.len() - 1] <= most + AFTER_KILL,
        "{after_term:?}"
    );
    assert!(terminate_told(leaving, told).await);
    assert!(terminate(staying).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_frozen_before_it_sends_does_not_send_when_it_is_thawed() {
    // The list names calls of which neither side can say that it was made before.
    tokio::join!(frozen("freeze-or21", "OR21"), frozen("freeze-or23", "OR23"));
}

async fn frozen(name: &'static str, op: &str) {
    let world = world(name).start().await;
    let frozen = world.doomed(&format!("freeze:before-look:{op}:1"));
    world.sell(world.plain("F-1-A"));
    let pid = frozen.id().unwrap();
    within(
        PATIENCE,
        &format!("the worker freezes over {op}"),
        async || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let state = stat.rsplit_once(") ")?.1.chars().next()?;
            (state == 'T').then_some(())
        },
    )
    .await;
    let second = world.worker();
    within(
        FROZEN,
        &format!("the second worker sends {op}"),
        async || (!world.calls(op).is_empty()).then_some(()),
    )
    .await;
    signal("-CONT", pid).await;
    world.reaches("F-1-A", "SHIPPED").await;
    // Told to stop, the thawed worker ends what it is at: had it meant to send, it would have.
    assert!(terminate(frozen).await.success());
    world.assert_shipped_once("F-1-A");
    // A slow machine may lose an answer; one that came is never followed by another send.
    let calls = world.calls(op);
    let answered = calls.iter().filter(|call| call["answered"] == true);
    assert_eq!(answered.count(), 1, "{op} went out again: {calls:?}");
    assert!(terminate(second).await.success());
}

/// How long it takes until each order has taken a person's word, its next step.
async fn next_steps(world: &World, orders: &[String], word: &str) -> Vec<Duration> {
    let begun = Instant::now();
    for order_id in orders {
        world.signal(order_id, word, &Value::Null).await;
    }
    let (ledger, held) = (world.ledger().await, word == "hold");
    let marketplace = domain::marketplace::MarketplaceCode::new("nordwind").unwrap();
    let mut took = vec![];
    let mut left: Vec<_> = orders.iter().collect();
    until(&format!("every order takes {word}"), async || {
        for order_id in std::mem::take(&mut left) {
            let key = domain::marketplace::OrderKey {
                marketplace: marketplace.clone(),
                order_id: order_id.clone(),
            };
            let row = ledger.order(&key).await.ok()??;
            if row.progress.held == held {
                took.push(begun.elapsed());
            } else {
                left.push(order_id);
            }
        }
        left.is_empty().then_some(())
    })
    .await;
    took
}

/// The run has seen that the order waits for its payment.
async fn waits_for_payment(world: &World, order_id: &str) {
    world.reaches(order_id, "WAITING_DEBIT_PAYMENT").await;
    until(&format!("{order_id} waits"), async || {
        let run = world.run(order_id);
        let answer = run.query(
            temporalio_client::UntypedQuery::new("progress"),
            temporalio_common::data_converters::RawValue { payloads: vec![] },
            Default::default(),
        );
        let answer = answer.await.ok()?;
        let text = String::from_utf8(answer.payloads.first()?.data.clone()).ok()?;
        let progress: Value = serde_json::from_str(&text).ok()?;
        (progress["shown"]["stage"] == json!("awaiting_payment")).then_some(())
    })
    .await;
}

/// A worker that was told to stop has ended in time and well.
async fn terminate_told(mut worker: tokio::process::Child, told: Instant) -> bool {
    let left = STOP.saturating_sub(told.elapsed());
    let ended = tokio::time::timeout(left, worker.wait()).await;
    ended
        .expect("a worker that ends in time")
        .unwrap()
        .success()
}
