//! A ledger that is lost takes the stock's memory along; what Mirakl shows does not change by that.

use super::held::{published, waiting};
use super::place::*;
use crate::rebuild::{lose, rebuild};
use workflows::ids;

#[tokio::test]
async fn after_a_rebuild_the_stock_is_published_anew_and_nothing_goes_to_zero() {
    let (mut world, worker) = published(setup("stock-rebuilt")).await;
    let good = shown(&world).await;
    batch(&world, "zeroed").await;
    publish(&world).await;
    let review = waiting(&world).await;
    worker.stop().await;
    lose(&mut world).await;

    let done = rebuild(&world, false).await.unwrap();

    let of_the_review = ids::stock_review(&nordwind(), review);
    assert!(done.runs_ended.contains(&of_the_review), "{done:?}");
    assert_eq!(shown(&world).await, good);
    // The zeroed batch would be the first one of the new ledger: a right one comes before it is read.
    batch(&world, "none").await;
    world.ledger = world.opened().await;
    let worker = world.worker().await;
    let again = publish(&world).await;
    assert_eq!((again.counts.unknown, again.counts.held), (0, 0));
    assert_eq!(shown(&world).await, good);
    worker.stop().await;
}
