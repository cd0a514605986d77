//! What sells goes off what is shown, long before a batch knows of it.

use simulators::mirakl::OrderSpec;
use simulators::scenario::{GALERIA, NORDWIND};
use temporalio_client::schedules::ScheduleOverlapPolicy;
use workflows::ids;

use super::place::*;
use crate::harness::{PATIENCE, key, post, until};

#[tokio::test]
async fn a_sale_is_off_the_offer_within_moments_and_before_any_batch_knows_of_it() {
    let world = setup("stock-sale").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    // Mirakl leaves the number to us.
    ways(&world, serde_json::json!({ "lower_at_order": false })).await;
    let worker = world.worker().await;
    publish(&world).await;
    let (sku, other) = (world.sku(0), world.sku(1));
    let before = shown(&world).await;

    // Nobody triggers anything.
    world.sell(OrderSpec::of(&sku, 3, "49.95").id("S-1-A"));
    until("three pieces fewer are shown", PATIENCE, async || {
        (shown(&world).await[&sku] == before[&sku] - 3).then_some(())
    })
    .await;

    assert_eq!(shown(&world).await[&other], before[&other]);
    let why = world
        .ledger
        .published_at(&nordwind(), &sku, jiff::Timestamp::now())
        .await;
    let why = why.expect("a ledger").expect("a sum").explanation;
    let terms = &why.components[0].in_flight;
    assert_eq!(terms.len(), 1);
    assert_eq!(
        (terms[0].marketplace.as_str(), terms[0].units),
        ("nordwind", 3)
    );

    // The batch that has seen the sales order takes it off by itself; nothing is taken off twice.
    world.reaches("S-1-A", "SHIPPING").await;
    batch(&world, "none").await;
    let later = publish(&world).await;
    let why = world
        .ledger
        .published_at(&nordwind(), &sku, jiff::Timestamp::now())
        .await;
    let why = why.expect("a ledger").expect("a sum");
    assert!(why.explanation.components[0].in_flight.is_empty());
    assert_eq!(why.quantity, Some(before[&sku] - 3));
    assert_eq!(later.counts.held, 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_number_that_stays_the_same_is_sent_again_for_what_sold() {
    let mut setup = setup("stock-capped");
    setup.stock = Some("{ cap = 5 }".to_owned());
    let world = setup.start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let worker = world.worker().await;
    publish(&world).await;
    let sku = world.sku(0);
    assert_eq!(shown(&world).await[&sku], 5);

    // Mirakl lowers the offer by itself; of thousands there are still five to show.
    world.sell(OrderSpec::of(&sku, 2, "49.95").id("S-1-A"));
    let files = world.calls("STO01");
    until("a file raises it again", PATIENCE, async || {
        let again = world.calls("STO01") > files && shown(&world).await[&sku] == 5;
        again.then_some(())
    })
    .await;
    worker.stop().await;
}

#[tokio::test]
async fn a_sale_on_one_marketplace_is_off_the_other_and_both_share_one_read_of_the_batch() {
    let world = setup("stock-two").with_galeria().start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let galeria = world.galeria.as_ref().expect("a second marketplace");
    let item = &world.plan.catalogue()[0];
    let (here, there) = (item.offer_sku(NORDWIND), item.offer_sku(GALERIA));
    let offers = format!("{}/_sim/offers", galeria.url());
    post(&offers, serde_json::json!({ there.as_str(): 0 })).await;
    let worker = world.worker().await;
    let both = [NORDWIND, GALERIA].map(|code| key(code, "").marketplace);
    for of in &both {
        let schedule = world.client.get_schedule_handle(ids::stock(of));
        let triggered = schedule.trigger(ScheduleOverlapPolicy::Skip, Default::default());
        triggered.await.expect("a run that begins");
    }
    for of in &both {
        until("both have published", PATIENCE, async || {
            let last = world.ledger.last_publication(of, false).await.ok()?;
            last.map(|_| ())
        })
        .await;
    }
    let first = world.ledger.snapshots("SIMSITE", 9).await.expect("batches");
    assert_eq!(first.len(), 1, "one read for both");
    let before = shown(&world).await[&here];

    galeria
        .create_order(OrderSpec::of(&there, 4, "49.95").id("G-1-A"))
        .expect("an order that can be sold");

    until("four pieces fewer are shown", PATIENCE, async || {
        (shown(&world).await[&here] == before - 4).then_some(())
    })
    .await;
    worker.stop().await;
}
