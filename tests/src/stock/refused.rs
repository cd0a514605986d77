//! What Mirakl does not take, and what becomes of a file whose answer is lost.

use domain::exception::Kind;
use serde_json::json;
use simulators::fault::FaultRule;

use super::place::*;
use crate::harness::{PATIENCE, until};

#[tokio::test]
async fn good_rows_land_and_a_bad_one_is_an_exception_in_mirakls_own_words() {
    let world = setup("stock-bad-rows").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let bad = world.sku(0);
    let words = "The offer is under moderation";
    ways(&world, json!({ "refuse": { bad.as_str(): words } })).await;
    let worker = world.worker().await;

    publish(&world).await;

    let mut good = pickable(&world);
    good.insert(bad.clone(), 0);
    assert_eq!(shown(&world).await, good);
    let exception = world.incident(Kind::OfferRefused).await;
    assert_eq!(exception.subject, bad);
    let reason = exception.evidence.iter().find(|(name, _)| name == "reason");
    assert_eq!(reason.map(|(_, words)| words.as_str()), Some(words));
    let files = world.calls("STO01");
    publish(&world).await;
    assert_eq!(world.calls("STO01"), files, "the same is not sent again");

    // Once Mirakl takes it, nobody has to close anything.
    ways(&world, json!({})).await;
    let gone = json!({ "sku": world.plan.catalogue()[0].item.sku, "warehouse": "NJ1",
        "record_type": "SA", "qty": -1 });
    world.warehouse("/_sim/stock", gone).await;
    batch(&world, "none").await;
    publish(&world).await;
    assert_eq!(shown(&world).await[&bad], pickable(&world)[&bad] - 1);
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_file_whose_answer_is_lost_after_the_write_is_followed_by_a_new_one() {
    let world = setup("stock-lost").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let lost = FaultRule::once("STO01", "reset-after-commit");
    world.nordwind.faults().inject(lost).unwrap();
    let worker = world.worker().await;

    trigger(&world).await;
    let done = done_after(&world, 0).await;

    assert_eq!(shown(&world).await, pickable(&world));
    let files = world.ledger.imports(&nordwind(), 9).await.expect("files");
    let states: Vec<_> = files.iter().map(|file| file.state.as_str()).collect();
    assert_eq!(states, ["done", "dropped"]);
    assert_eq!(files[0].snapshot_no, done.snapshot_no);
    assert!(files[0].snapshot_no > files[1].snapshot_no);
    worker.stop().await;
}

#[tokio::test]
async fn a_file_that_mirakl_gives_up_is_told_and_the_next_run_sends_it_again() {
    let world = setup("stock-failed").start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    ways(&world, json!({ "fail_imports": true })).await;
    let worker = world.worker().await;
    trigger(&world).await;
    world.incident(Kind::ImportFailed).await;
    assert!(shown(&world).await.values().all(|n| *n == 0));

    ways(&world, json!({})).await;
    let before = newest(&world).await;
    until("the first run is over", PATIENCE, async || {
        (ended_runs(&world).await.len() == 1).then_some(())
    })
    .await;
    trigger(&world).await;
    done_after(&world, before).await;

    assert_eq!(shown(&world).await, pickable(&world));
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_quantity_that_somebody_else_changed_is_set_right_and_told() {
    let mut setup = setup("stock-drift");
    setup.stock = Some("{ read_back_s = 1 }".to_owned());
    let world = setup.start().await;
    batch(&world, "none").await;
    list_all(&world, 0).await;
    let worker = world.worker().await;
    publish(&world).await;
    let sku = world.sku(0);
    let meddled = json!({ sku.as_str(): 7 });
    crate::harness::post(&format!("{}/_sim/offers", world.nordwind.url()), meddled).await;

    let drifted = until("the drift is seen", PATIENCE, async || {
        publish(&world).await;
        let open = world.exceptions(false).await;
        open.into_iter().find(|e| e.kind == Kind::OfferDrift)
    })
    .await;

    assert!(drifted.evidence.iter().any(|(name, _)| *name == sku));
    assert_eq!(shown(&world).await, pickable(&world));
    until("a look without drift closes it", PATIENCE, async || {
        publish(&world).await;
        world.exceptions(false).await.is_empty().then_some(())
    })
    .await;
    worker.stop().await;
}
