//! Orders that leave in several parcels: told one by one where the operator takes that, gathered
//! where it takes one shipment only.

use domain::exception::Kind;
use domain::parcel::ToldBy;
use serde_json::{Value, json};
use simulators::fault::FaultRule;

use crate::harness::{PATIENCE, Setup, World, key, until};

/// Two pieces of one line, and one of another.
async fn released(world: &World, order_id: &str) {
    let spec = world.plain(order_id);
    world.sell(spec.line(&world.sku(1), 2, "19.95"));
    until(&format!("{order_id} is released"), PATIENCE, async || {
        let made = world.sales_orders("nordwind", order_id);
        let made = made.first()?;
        (made["ship_to"].is_object() && made["hold"].is_null()).then_some(())
    })
    .await;
}

/// Has the warehouse ship pieces of a line of an order in one parcel; answers the shipment's ID.
async fn ship(world: &World, order_id: &str, line: u32, pieces: u32, number: &str) -> String {
    let parcel = json!({
        "tracking_number": number,
        "lines": [{ "external_line_id": format!("{order_id}-{line}"), "qty": pieces }],
    });
    let wish = json!({ "external_po": format!("NW-{order_id}"), "parcels": [parcel] });
    let shipped = world.warehouse("/_sim/shipments", wish).await;
    shipped["shipment_id"]
        .as_str()
        .expect("a shipment")
        .to_owned()
}

/// Waits until Mirakl was told of so many shipments of an order; answers number and pieces of each.
async fn told(world: &World, order_id: &str, many: usize) -> Vec<(String, u64)> {
    let what = format!("{many} shipments of {order_id} are told");
    let row = |effect: &Value| {
        let number = effect["tracking_number"].as_str().unwrap_or_default();
        let lines = effect["lines"].as_array().into_iter().flatten();
        let pieces = lines.filter_map(|line| line["quantity"].as_u64()).sum();
        (number.to_owned(), pieces)
    };
    until(&what, PATIENCE, async || {
        let seen = world.effects("shipments", order_id);
        (seen.len() >= many).then(|| seen.iter().map(row).collect())
    })
    .await
}

fn rows(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    let own = |(number, pieces): &(&str, u64)| ((*number).to_owned(), *pieces);
    rows.iter().map(own).collect()
}

#[tokio::test]
async fn each_parcel_of_a_split_order_is_told_once_though_answers_are_lost() {
    let mut setup = Setup::new("parcels-one-by-one").shipping_by_hand();
    setup.nordwind.multi_shipment = true;
    let world = setup.start().await;
    let worker = world.worker().await;
    released(&world, "P-1-A").await;

    ship(&world, "P-1-A", 2, 1, "1Z1").await;
    assert_eq!(told(&world, "P-1-A", 1).await, rows(&[("1Z1", 1)]));
    assert_eq!(world.state("P-1-A"), "SHIPPING");

    let lost = FaultRule::once("ST01", "reset-after-commit");
    world.nordwind.faults().inject(lost).unwrap();
    ship(&world, "P-1-A", 1, 1, "1Z2").await;
    told(&world, "P-1-A", 2).await;
    worker.stop().await;
    // Another worker finds what the first one never heard of.
    let worker = world.worker().await;
    ship(&world, "P-1-A", 2, 1, "1Z3").await;
    world.reaches("P-1-A", "SHIPPED").await;

    let all = rows(&[("1Z1", 1), ("1Z2", 1), ("1Z3", 1)]);
    assert_eq!(told(&world, "P-1-A", 3).await, all);
    let known = until("all parcels are known to be told", PATIENCE, async || {
        let row = world.ledger.order(&key("nordwind", "P-1-A")).await;
        let told = row.ok()??.progress.told;
        (told.len() == 3).then_some(told)
    })
    .await;
    assert!(known.iter().all(|one| one.call == ToldBy::Shipment));
    assert_eq!((world.calls("OR23"), world.calls("OR24")), (0, 0));
    assert!(world.exceptions(true).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn parcels_gather_where_the_operator_takes_one_shipment_only() {
    let setup = Setup::new("parcels-gather").shipping_by_hand();
    let world = setup.start().await;
    let worker = world.worker().await;
    released(&world, "P-2-A").await;

    ship(&world, "P-2-A", 2, 1, "1Z1").await;
    until("the first parcel is seen", PATIENCE, async || {
        let row = world.ledger.order(&key("nordwind", "P-2-A")).await;
        (row.ok()??.shipments.len() == 1).then_some(())
    })
    .await;
    ship(&world, "P-2-A", 1, 1, "1Z2").await;
    assert_eq!(world.state("P-2-A"), "SHIPPING", "a piece is still to come");
    ship(&world, "P-2-A", 2, 1, "1Z3").await;
    world.reaches("P-2-A", "SHIPPED").await;

    let whole = world.effects("shipments", "P-2-A");
    assert_eq!(whole.len(), 1, "{whole:?}");
    assert_eq!(
        whole[0]["tracking_number"], "1Z1",
        "the first that left names it"
    );
    assert_eq!((world.calls("ST01"), world.calls("OR24")), (0, 1));
    assert!(world.exceptions(true).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_parcel_voided_after_it_was_told_has_an_owner_until_it_goes_out_again() {
    let mut setup = Setup::new("parcels-voided").shipping_by_hand();
    setup.nordwind.multi_shipment = true;
    let world = setup.start().await;
    let worker = world.worker().await;
    released(&world, "P-3-A").await;
    let voided = ship(&world, "P-3-A", 2, 2, "1Z1").await;
    told(&world, "P-3-A", 1).await;

    let void = format!("/_sim/shipments/{voided}/void");
    world.warehouse(&void, json!({})).await;
    world.exception("P-3-A", Kind::ToldParcelChanged).await;

    ship(&world, "P-3-A", 2, 2, "1Z9").await;
    let corrected = until("its number is corrected", PATIENCE, async || {
        world.effects("tracking", "P-3-A").pop()
    })
    .await;
    assert_eq!(corrected["tracking_number"], "1Z9");
    until("nobody is asked any more", PATIENCE, async || {
        world.exceptions(false).await.is_empty().then_some(())
    })
    .await;
    assert_eq!((world.calls("ST01"), world.calls("ST23")), (1, 1));
    ship(&world, "P-3-A", 1, 1, "1Z2").await;
    world.reaches("P-3-A", "SHIPPED").await;
    worker.stop().await;
}
