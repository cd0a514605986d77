//! Temporal itself is killed, is away, and comes back with an older memory.

use std::path::Path;
use std::time::Duration;

use simulators::mirakl::Debit;
use temporalio_client::{WorkflowDescribeOptions, WorkflowExecutionStatus};

use crate::machine::{Server, kill, terminate, until, within};
use crate::world::{World, world};

/// Temporal is away for longer than a heartbeat lasts.
const AWAY: Duration = Duration::from_secs(10);

#[tokio::test]
async fn temporal_killed_and_away_for_a_while_loses_nothing_that_it_acknowledged() {
    let server = Server::alone().await;
    let world = world("temporal-killed").start_on(server.clone()).await;
    let mut worker = world.worker();
    world.inject("create_sales_order", "delay-after-commit_ms:1500");
    for n in 1..=5 {
        world.sell(world.plain(&format!("K-{n}-A")));
    }
    world.done_but_unanswered("create_sales_order").await;
    server.kill().await;
    for n in 6..=8 {
        world.sell(world.plain(&format!("K-{n}-A")));
    }
    // The worker waits for it, and does not end.
    let waited = tokio::time::timeout(AWAY, worker.wait()).await;
    assert!(waited.is_err(), "the worker ended: {waited:?}");
    server.start_again().await;

    for n in 1..=8 {
        let order_id = format!("K-{n}-A");
        world.reaches(&order_id, "SHIPPED").await;
        world.assert_shipped_once(&order_id);
    }
    assert_eq!(world.exceptions().await, vec![]);

    // Told to stop while Temporal is away, the worker ends all the same.
    server.kill().await;
    terminate(worker).await;
}

#[tokio::test]
async fn temporal_restored_from_an_older_copy_adds_no_effect() {
    let server = Server::alone().await;
    let world = world("temporal-restored").start_on(server.clone()).await;
    let worker = world.worker();
    for order_id in ["O-1-A", "O-2-A"] {
        let mut unpaid = world.plain(order_id);
        unpaid.debit = Some(Debit::Manual);
        world.sell(unpaid);
        world.reaches(order_id, "WAITING_DEBIT_PAYMENT").await;
    }
    world.sell(world.plain("O-3-A"));
    world.reaches("O-3-A", "SHIPPED").await;
    kill(worker).await;
    server.stop().await;
    copy(&server.database(), "copy");
    server.start_again().await;

    // An hour that Temporal will forget: a payment, a person's cancel, two new orders.
    let worker = world.worker();
    world.shop.debit("O-1-A").unwrap();
    let reason = serde_json::json!({ "reason_code": "CUSTOMER" });
    world.signal("O-2-A", "cancel", &reason).await;
    for order_id in ["O-4-A", "O-5-A"] {
        world.sell(world.plain(order_id));
    }
    for order_id in ["O-1-A", "O-4-A", "O-5-A"] {
        world.reaches(order_id, "SHIPPED").await;
    }
    world.reaches("O-2-A", "CANCELED").await;
    run_is(&world, "O-2-A", WorkflowExecutionStatus::Completed).await;
    let before = world.totals();
    // Workers stop first: what they remember of a run is what Temporal is about to forget.
    assert!(terminate(worker).await.success());
    server.stop().await;
    restore(&server.database(), "copy");
    server.start_again().await;

    let worker = world.worker();
    settled(&world).await;
    assert_eq!(world.totals(), before);

    // Runs that Temporal remembers end with their orders. It never heard of the others, which need
    // none any more: their last news is handled by the feed alone.
    for order_id in ["O-1-A", "O-3-A"] {
        world.shop.receive(order_id).unwrap();
        world.shop.close(order_id).unwrap();
        run_is(&world, order_id, WorkflowExecutionStatus::Completed).await;
        world.assert_shipped_once(order_id);
    }
    for order_id in ["O-4-A", "O-5-A"] {
        world.shop.receive(order_id).unwrap();
        world.shop.close(order_id).unwrap();
        world.finished(order_id).await;
        world.assert_shipped_once(order_id);
    }
    world.assert_cancelled_once("O-2-A");
    assert_eq!(world.totals(), before);
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(worker).await.success());
}

/// The feed has pulled anew, and the runs that Temporal remembers have looked at their orders.
async fn settled(world: &World) {
    let pulled = world.calls("OR11").len();
    until("three pulls", async || {
        (world.calls("OR11").len() >= pulled + 3).then_some(())
    })
    .await;
    for order_id in ["O-1-A", "O-2-A", "O-3-A"] {
        world.signal_if_open(order_id).await;
    }
    run_is(world, "O-2-A", WorkflowExecutionStatus::Completed).await;
}

async fn run_is(world: &World, order_id: &str, wanted: WorkflowExecutionStatus) {
    let what = format!("the run of {order_id} is {wanted:?}");
    within(Duration::from_secs(60), &what, async || {
        let run = world.run(order_id);
        let described = run.describe(WorkflowDescribeOptions::default()).await;
        (described.ok()?.status() == wanted).then_some(())
    })
    .await;
}

/// Copies a database that nobody has open, with its write-ahead log.
fn copy(database: &Path, name: &str) {
    for (file, copied) in files(database, name) {
        if file.exists() {
            std::fs::copy(file, copied).unwrap();
        }
    }
}

/// Puts a copy back.
fn restore(database: &Path, name: &str) {
    for (file, copied) in files(database, name) {
        // What the copy does not have must not stay either.
        let _ = std::fs::remove_file(&file);
        if copied.exists() {
            std::fs::copy(copied, file).unwrap();
        }
    }
}

fn files(database: &Path, name: &str) -> [(std::path::PathBuf, std::path::PathBuf); 3] {
    ["", "-wal", "-shm"].map(|end| {
        let file = std::path::PathBuf::from(format!("{}{end}", database.display()));
        let copied = std::path::PathBuf::from(format!("{}.{name}{end}", database.display()));
        (file, copied)
    })
}
