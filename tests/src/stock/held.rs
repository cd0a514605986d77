//! Feeds that look wrong are held until a person says otherwise, or they are right again.

use domain::exception::Kind;
use serde_json::json;
use temporalio_client::{UntypedSignal, WorkflowExecutionStatus};
use workflows::ids;

use super::place::*;
use crate::harness::{PATIENCE, Setup, World, history, json_value, record, until};

/// A world that publishes a good batch.
pub async fn published(setup: Setup) -> (World, crate::harness::Working) {
    let world = setup.start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let worker = world.worker().await;
    publish(&world).await;
    (world, worker)
}

/// The review that waits, once its run is there.
pub async fn waiting(world: &World) -> i64 {
    until("a review waits", PATIENCE, async || {
        let open = world.ledger.open_stock_review(&nordwind()).await.ok()??;
        let run = world.workflow(&ids::stock_review(&nordwind(), open.review));
        let described = run.describe(Default::default()).await.ok()?;
        let runs = described.status() == WorkflowExecutionStatus::Running;
        runs.then_some(open.review)
    })
    .await
}

/// Sends a signal to the run of a review, as the Temporal UI does.
async fn say(world: &World, review: i64, word: &str) {
    let run = world.workflow(&ids::stock_review(&nordwind(), review));
    let detail = json_value(&json!({ "by": "anna" }));
    let sent = run.signal(UntypedSignal::new(word), detail, Default::default());
    sent.await.expect("a signal that is taken");
}

async fn ends_as(world: &World, review: i64, state: &str) {
    until(
        &format!("review {review} is {state}"),
        PATIENCE,
        async || {
            let stands = world.ledger.stock_review(&nordwind(), review).await.ok()?;
            let run = world.workflow(&ids::stock_review(&nordwind(), review));
            let described = run.describe(Default::default()).await.ok()?;
            let over = described.status() == WorkflowExecutionStatus::Completed;
            (over && stands.state == state).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn empty_zeroed_halved_and_hundredfold_feeds_change_nothing_and_a_fixed_one_ends_the_wait() {
    let (world, worker) = published(setup("stock-spoiled")).await;
    let good = shown(&world).await;
    let mut before = None;
    for spoil in ["empty", "zeroed", "halved", "hundredfold"] {
        batch(&world, spoil).await;
        publish(&world).await;
        assert_eq!(shown(&world).await, good, "{spoil}");
        let review = waiting(&world).await;
        let stands = world.ledger.stock_review(&nordwind(), review).await;
        let batch_id = stands.expect("a review").batch_id;
        assert!(batch_id.is_some(), "{spoil}");
        if let Some(earlier) = before.replace(review) {
            ends_as(&world, earlier, "replaced").await;
        }
        world.incident(Kind::SnapshotRefused).await;
        world.incident(Kind::StockHeld).await;
    }
    batch(&world, "none").await;
    publish(&world).await;
    ends_as(&world, before.expect("a review"), "replaced").await;
    assert_eq!(shown(&world).await, good);
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_batch_that_a_person_approves_goes_out() {
    let (world, worker) = published(setup("stock-approved")).await;
    batch(&world, "zeroed").await;
    publish(&world).await;
    let review = waiting(&world).await;
    let before = newest(&world).await;

    say(&world, review, "approve").await;

    ends_as(&world, review, "approved").await;
    done_after(&world, before).await;
    until("nothing is shown any more", PATIENCE, async || {
        shown(&world).await.values().all(|n| *n == 0).then_some(())
    })
    .await;
    let decided = world.ledger.stock_review(&nordwind(), review).await;
    assert_eq!(
        decided.expect("a review").decided_by.as_deref(),
        Some("anna")
    );
    let run = world.workflow(&ids::stock_review(&nordwind(), review));
    record("stock-review", &history(&run).await);
    worker.stop().await;
}

#[tokio::test]
async fn the_guard_holds_what_falls_too_much_and_a_person_lets_it_go() {
    let mut setup = setup("stock-guard");
    // The batch is believed; the guard alone stands in the way.
    setup.more +=
        "[stock.snapshot]\nunits_factor_max = 1000\n[stock.guard]\nfall_max_percent = 5\n";
    let (world, worker) = published(setup).await;
    let good = shown(&world).await;
    // Most of one warehouse is gone.
    for item in world.plan.catalogue().iter().take(20) {
        let gone =
            json!({ "sku": item.item.sku, "warehouse": "NJ1", "record_type": "SA", "qty": -1500 });
        world.warehouse("/_sim/stock", gone).await;
    }
    batch(&world, "none").await;

    let held = publish(&world).await;

    assert_eq!(held.counts.held, 20);
    assert_eq!(
        shown(&world).await,
        good,
        "what is held shows what it showed"
    );
    let review = waiting(&world).await;
    let before = newest(&world).await;
    say(&world, review, "approve").await;
    ends_as(&world, review, "approved").await;
    let after = done_after(&world, before).await;
    assert_eq!(after.counts.held, 0);
    let lower = shown(&world).await;
    let fallen = good.iter().filter(|(sku, was)| lower[*sku] < **was).count();
    assert_eq!(fallen, 20);
    worker.stop().await;
}

#[tokio::test]
async fn what_a_person_rejects_stays_held_and_nobody_is_asked_again() {
    let (world, worker) = published(setup("stock-rejected")).await;
    let good = shown(&world).await;
    batch(&world, "hundredfold").await;
    publish(&world).await;
    let review = waiting(&world).await;

    say(&world, review, "reject").await;

    ends_as(&world, review, "rejected").await;
    publish(&world).await;
    assert_eq!(shown(&world).await, good);
    let reviews = world.ledger.stock_reviews(&nordwind(), 9).await;
    assert_eq!(reviews.expect("reviews").len(), 1);
    worker.stop().await;
}
