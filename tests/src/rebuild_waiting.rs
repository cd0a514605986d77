//! What waits for a person when the ledger is lost waits again after the rebuild: a write of which
//! nobody knows what became of it, and mapping tables that were held.

use domain::exception::Kind;
use serde_json::Value;
use simulators::fault::FaultRule;

use crate::harness::{Setup, World};
use crate::held_mappings::{held, shifted};
use crate::rebuild::{lose, rebuild};

#[tokio::test]
async fn a_parked_write_and_held_tables_wait_again_after_a_rebuild() {
    let mut world = Setup::new("rebuild-waiting").start().await;
    let worker = world.worker().await;
    let lost = FaultRule::once("create_sales_order", "reset").times(0);
    world.erp.faults().inject(lost.about("U-1-A")).unwrap();
    world.sell(world.plain("U-1-A"));
    world.exception("U-1-A", Kind::OutcomeUnknown).await;
    let table = world.folder.join("mappings/skus.csv");
    let good = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, shifted(&good)).unwrap();
    let before = held(&world).await;
    let in_force = tables(&world).await;
    worker.stop().await;
    lose(&mut world).await;
    world.erp.faults().clear();
    let sent = world.erp_calls("create_sales_order");

    let done = rebuild(&world, false).await.unwrap();

    assert_eq!((done.parked, done.tables_held), (1, true), "{done:?}");
    world.ledger = world.opened().await;
    assert_eq!(tables(&world).await, in_force, "no table came in by itself");
    let again = held(&world).await;
    assert_eq!(
        (again.changed, again.total),
        (before.changed, before.total),
        "the same question"
    );

    let worker = world.worker().await;
    world.exception("U-1-A", Kind::OutcomeUnknown).await;
    // Another order comes to its end meanwhile, so this one could have been sent as well.
    world.sell(world.plain("U-2-A"));
    world.reaches("U-2-A", "SHIPPED").await;
    assert!(world.sales_orders("nordwind", "U-1-A").is_empty());
    assert_eq!(world.erp_calls("create_sales_order"), sent + 1);
    let said = world.update("U-1-A", "retry", &Value::Null).await;
    assert!(said.done, "{said:?}");
    world.reaches("U-1-A", "SHIPPED").await;
    assert_eq!(world.sales_orders("nordwind", "U-1-A").len(), 1);
    world.assert_accepted_after_the_sales_order();
    worker.stop().await;
}

/// The tables in force.
async fn tables(world: &World) -> domain::mapping::Mappings {
    let version = world.ledger.mapping_version().await.unwrap();
    world.ledger.mappings(version).await.unwrap()
}
