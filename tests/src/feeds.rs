//! The feeds under a person's hand, and what they only list.

use jiff::{SignedDuration, Timestamp};
use ledger::OrderFilter;
use temporalio_client::{UntypedSignal, WorkflowExecutionStatus};
use workflows::feeds::{CollectOrders, Feed};
use workflows::ids;

use crate::harness::{PATIENCE, Setup, World, history, key, no_payload, record, until};

#[tokio::test]
async fn a_feed_is_paused_polled_once_and_resumed() {
    let world = Setup::new("feed").start().await;
    let worker = world.worker().await;
    until("the feed has pulled", PATIENCE, async || {
        feed(&world).await.last
    })
    .await;
    tell(&world, "pause").await;
    until("the feed is paused", PATIENCE, async || {
        feed(&world).await.input.paused.then_some(())
    })
    .await;
    // A pull that was under way may still end; from then on there is none.
    beats(&world, 2).await;
    let before = world.calls("OR11");
    world.sell(world.plain("O-1-A"));
    beats(&world, 4).await;
    assert_eq!(world.calls("OR11"), before);
    assert_eq!(world.status("O-1-A").await, None);

    tell(&world, "poll_now").await;
    world
        .run_is("O-1-A", WorkflowExecutionStatus::Running)
        .await;
    beats(&world, 2).await;
    assert_eq!(world.calls("OR11"), before + 1);
    assert!(feed(&world).await.input.paused);

    tell(&world, "resume").await;
    world.reaches("O-1-A", "SHIPPED").await;
    worker.stop().await;
    let id = ids::orders_feed(&key("nordwind", "").marketplace);
    record("feed", &history(&world.workflow(&id)).await);
}

#[tokio::test]
async fn older_orders_and_the_operators_own_are_listed_and_never_run() {
    let mut setup = Setup::new("take-over");
    let now = Timestamp::now();
    setup.take_over_from = now - SignedDuration::from_mins(5);
    let world = setup.start().await;
    let worker = world.worker().await;
    let mut older = world.plain("T-1-A");
    older.created_date = Some(now - SignedDuration::from_hours(1));
    world.sell(older);
    let mut theirs = world.plain("T-2-A");
    theirs.fulfillment_center = Some("OPERATOR".to_owned());
    world.sell(theirs);
    world.sell(world.plain("T-3-A"));

    world.reaches("T-3-A", "SHIPPED").await;
    let everything = OrderFilter {
        include_finished: true,
        ..OrderFilter::default()
    };
    let listed = until("all are listed", PATIENCE, async || {
        let listed = world.ledger.list_orders(&everything, 10).await.ok()?;
        (listed.len() == 3).then_some(listed)
    })
    .await;
    for order_id in ["T-1-A", "T-2-A"] {
        assert!(listed.iter().any(|o| o.key.order_id == order_id));
        assert_eq!(world.status(order_id).await, None, "{order_id}");
        assert!(world.sales_orders("nordwind", order_id).is_empty());
        assert_eq!(world.state(order_id), "WAITING_ACCEPTANCE");
    }
    worker.stop().await;
}

/// What the feed of orders says of itself.
async fn feed(world: &World) -> Feed {
    let id = ids::orders_feed(&key("nordwind", "").marketplace);
    let run = world.client.get_workflow_handle::<CollectOrders>(id);
    let answer = run.query(CollectOrders::state, (), Default::default());
    answer.await.expect("a feed that answers")
}

async fn tell(world: &World, signal: &str) {
    let id = ids::orders_feed(&key("nordwind", "").marketplace);
    let run = world.workflow(&id);
    let sent = run.signal(UntypedSignal::new(signal), no_payload(), Default::default());
    sent.await.expect("a signal that is taken");
}

/// Waits for so many reads of the other feed, which goes on: time as the worker knows it.
async fn beats(world: &World, n: usize) {
    let from = world.erp_calls("list_fulfilments");
    until("the other feed goes on", PATIENCE, async || {
        (world.erp_calls("list_fulfilments") >= from + n).then_some(())
    })
    .await;
}
