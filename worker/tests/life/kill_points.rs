//! `kill -9` at every call of an order's life: before it is sent, between the other side's deed and
//! its answer, and between the answer and our note of it.
//!
//! A chain is one world in which one worker after the other dies at the next call of a list, each
//! with orders of its own; the orders that the dead left are carried on by whoever comes next.

mod aftercare;

use std::time::Duration;

use serde_json::json;
use simulators::mirakl::Debit;
use tokio::process::Child;

use crate::machine::{kill, terminate, within};
use crate::world::{Invoiced, World, world};

/// Where in a call the worker dies.
#[derive(Clone, Copy, Debug)]
enum Point {
    BeforeSend,
    AfterCommit,
    AfterAnswer,
}

/// What the orders of one life are to come to.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Sold, paid, shipped.
    Shipped,
    /// Called off by a person before it is paid.
    Cancelled,
    /// More than there is.
    Refused,
}

/// What is read once a day comes first: a worker that lived through it would keep the day's copy.
const HAPPY: [&str; 15] = [
    "SH12",
    "SH21",
    "find_customer",
    "put_customer",
    "find_sales_orders",
    "create_sales_order",
    "OR21",
    "get_sales_order",
    "set_ship_to",
    "release_sales_order",
    "OR23",
    "OR24",
    "list_fulfilments",
    "list_credit_memos",
    "OR04",
];
/// OR11 is the last, since no order is seen until its killed pull is noticed.
const PULLED: &str = "OR11";
/// Calls of an order that comes to nothing.
const CALLED_OFF: [(&str, Fate); 3] = [
    ("OR21", Fate::Refused),
    ("cancel_lines", Fate::Cancelled),
    ("OR29", Fate::Cancelled),
];
/// Orders that each life begins with.
const ORDERS_A_LIFE: usize = 3;
/// A doomed worker meets its end within this: a pull that the dead one left costs a heartbeat.
const DOOM: Duration = Duration::from_secs(120);
/// After so many deaths each order's next attempt may be a minute away, step by step.
const END: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_at_any_call_leaves_every_order_to_come_to_its_end_once() {
    tokio::join!(
        happy_chain("kill-before", Point::BeforeSend),
        happy_chain("kill-commit", Point::AfterCommit),
        happy_chain("kill-answer", Point::AfterAnswer),
        called_off_chain("kill-off-before", Point::BeforeSend),
        called_off_chain("kill-off-commit", Point::AfterCommit),
        called_off_chain("kill-off-answer", Point::AfterAnswer),
    );
}

async fn happy_chain(name: &'static str, point: Point) {
    let mut setup = world(name);
    setup.invoiced = Invoiced::Consumer;
    let world = setup.start().await;
    let mut orders = vec![];
    for op in HAPPY.into_iter().chain([PULLED]) {
        let mine = sell(&world, op, Fate::Shipped);
        orders.extend(mine);
        one_life(&world, op, point).await;
    }
    let last = world.worker();
    for order_id in &orders {
        comes_to(&world, order_id, Fate::Shipped).await;
    }
    world.assert_one_account_a_consumer();
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(last).await.success());
}

async fn called_off_chain(name: &'static str, point: Point) {
    let world = world(name).start().await;
    let mut orders = vec![];
    for (op, fate) in CALLED_OFF {
        let mine = sell(&world, op, fate);
        if matches!(fate, Fate::Cancelled) {
            // Accepted and unpaid first, by a worker that is stopped in good order.
            let worker = world.worker();
            for order_id in &mine {
                world.reaches(order_id, "WAITING_DEBIT_PAYMENT").await;
            }
            assert!(terminate(worker).await.success());
            for order_id in &mine {
                let detail = json!({ "reason_code": "CUSTOMER" });
                world.signal(order_id, "cancel", &detail).await;
            }
        }
        orders.extend(mine.into_iter().map(|order_id| (order_id, fate)));
        one_life(&world, op, point).await;
    }
    let last = world.worker();
    for (order_id, fate) in &orders {
        comes_to(&world, order_id, *fate).await;
    }
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(last).await.success());
}

fn sell(world: &World, op: &str, fate: Fate) -> Vec<String> {
    // BlueCherry's field holds twenty letters of prefix and order ID.
    let short: Vec<&str> = op
        .split('_')
        .map(|word| &word[..word.len().min(4)])
        .collect();
    let short = short.join("");
    let number = |n| format!("{short}-{n}-A");
    let orders: Vec<String> = (1..=ORDERS_A_LIFE).map(number).collect();
    for order_id in &orders {
        let mut spec = world.plain(order_id);
        match fate {
            Fate::Shipped => {}
            Fate::Cancelled => spec.debit = Some(Debit::Manual),
            Fate::Refused => spec = world.short(order_id),
        }
        world.sell(spec);
    }
    orders
}

/// A worker's life up to its call of `op`, and its death there.
async fn one_life(world: &World, op: &str, point: Point) {
    match point {
        Point::BeforeSend => died(world.doomed(&format!("kill:before-send:{op}:1")), op).await,
        Point::AfterAnswer => died(world.doomed(&format!("kill:after-answer:{op}:1")), op).await,
        Point::AfterCommit => {
            world.inject(op, "delay-after-commit_ms:2000");
            let worker = world.worker();
            world.done_but_unanswered(op).await;
            kill(worker).await;
        }
    }
}

/// The worker has killed itself.
async fn died(mut worker: Child, op: &str) {
    use std::os::unix::process::ExitStatusExt;
    let ended = tokio::time::timeout(DOOM, worker.wait()).await;
    let ended = ended.unwrap_or_else(|_| panic!("no worker came to its {op}"));
    assert_eq!(ended.unwrap().signal(), Some(9), "{op}");
}

/// The order comes to its end, and nothing was done twice on the way.
async fn comes_to(world: &World, order_id: &str, fate: Fate) {
    let state = match fate {
        Fate::Shipped => "SHIPPED",
        Fate::Cancelled => "CANCELED",
        Fate::Refused => "REFUSED",
    };
    within(END, &format!("{order_id} is {state}"), async || {
        (world.state(order_id) == state).then_some(())
    })
    .await;
    match fate {
        Fate::Shipped => world.assert_shipped_once(order_id),
        Fate::Cancelled => world.assert_cancelled_once(order_id),
        Fate::Refused => world.assert_refused_once(order_id),
    }
}
