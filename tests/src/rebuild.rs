//! The ledger is lost in mid-flight, and comes back from both systems, Temporal and the export.

use activities::Clock;
use anyhow::Result;
use domain::exception::Kind;
use domain::step::Stage;
use ops::ledger::{RebuildDocument, RebuildLedger};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::{Debit, OrderSpec};
use temporalio_client::WorkflowExecutionStatus;

use crate::harness::{PATIENCE, Setup, World, key, load, until};

/// Calls that write, on either side.
const WRITES: [&str; 5] = ["OR04", "OR21", "OR23", "OR24", "OR29"];
const ERP_WRITES: [&str; 4] = [
    "create_sales_order",
    "set_ship_to",
    "release_sales_order",
    "cancel_lines",
];

#[tokio::test]
async fn a_lost_ledger_comes_back_with_orders_in_every_stage_and_nothing_is_doubled() {
    let mut world = Setup::new("rebuild").shipping_by_hand().start().await;
    let worker = world.worker().await;
    every_stage(&world).await;
    worker.stop().await;
    // One more that the lost ledger never saw.
    world.sell(world.plain("L-new"));
    lose(&mut world).await;
    world.nordwind.faults().clear();

    let written = writes(&world);
    let tried = rebuild(&world, true).await.unwrap();
    assert_eq!((tried.orders, tried.ours, tried.decisions), (10, 10, 5));
    assert!(world.opened().await.is_empty().await.unwrap());
    let done = rebuild(&world, false).await.unwrap();
    assert_eq!((done.orders, done.decisions), (10, 5));
    assert_eq!(done.feeds_ended.len(), 2, "{done:?}");
    assert_eq!(writes(&world), written);
    world.ledger = world.opened().await;
    stands_as_before(&world).await;
    let again = rebuild(&world, false).await.unwrap();
    assert!(again.nothing_to_do);
    assert_eq!(writes(&world), written);

    let worker = world.worker().await;
    to_their_ends(&world).await;
    nothing_is_doubled(&world);
    worker.stop().await;
}

/// Sells one order for each stage, and has each come there.
async fn every_stage(world: &World) {
    let unpaid = |id: &str| OrderSpec {
        debit: Some(Debit::Manual),
        ..world.plain(id)
    };
    let down = |op, about: &str| {
        let rule = FaultRule::once(op, "status:503").times(0).about(about);
        world.nordwind.faults().inject(rule).unwrap();
    };
    down("OR21", "L-booked");
    down("OR24", "L-unconfirmed");
    let lost = FaultRule::once("OR24", "reset-after-commit").about("L-doubtful");
    for id in [
        "L-booked",
        "L-released",
        "L-unconfirmed",
        "L-doubtful",
        "L-erased",
    ] {
        world.sell(world.plain(id));
    }
    for id in ["L-unpaid", "L-cancelled", "L-held"] {
        world.sell(unpaid(id));
    }
    world.sell(OrderSpec::of("NW-GHOST", 1, "49.95").id("L-blocked"));

    for id in ["L-released", "L-unconfirmed", "L-doubtful", "L-erased"] {
        is_at(world, id, Stage::AwaitingShipment).await;
    }
    for id in ["L-unpaid", "L-cancelled", "L-held"] {
        world.reaches(id, "WAITING_DEBIT_PAYMENT").await;
    }
    world.exception("L-blocked", Kind::UnmappedSku).await;
    let corrected = json!({ "warehouse": "NJ1" });
    let said = world.update("L-blocked", "correct", &corrected).await;
    assert!(said.done, "{said:?}");
    let said = world.update("L-held", "hold", &Value::Null).await;
    assert!(said.done, "{said:?}");
    // Taken back and said again: the last word counts.
    for word in ["release", "hold"] {
        assert!(world.update("L-held", word, &Value::Null).await.done);
    }
    world.nordwind.cancel("L-cancelled").unwrap();
    world
        .run_is("L-cancelled", WorkflowExecutionStatus::Completed)
        .await;
    ship(world, "L-erased").await;
    world.reaches("L-erased", "SHIPPED").await;
    is_at(world, "L-erased", Stage::Shipped).await;
    let erased = world.ledger.clone().exporting_to(export(world));
    let (order, now) = (key("nordwind", "L-erased"), jiff::Timestamp::now());
    erased.forget(&order, "GDPR", now).await.unwrap();
    ship(world, "L-unconfirmed").await;
    until("OR24 is tried", PATIENCE, async || {
        (world.calls("OR24") >= 2).then_some(())
    })
    .await;
    until(
        "a sales order waits for its acceptance",
        PATIENCE,
        async || (world.sales_orders("nordwind", "L-booked").len() == 1).then_some(()),
    )
    .await;
    world.nordwind.faults().inject(lost).unwrap();
    ship(world, "L-doubtful").await;
    world.reaches("L-doubtful", "SHIPPED").await;
}

/// What was decided stands in the rebuilt ledger.
async fn stands_as_before(world: &World) {
    let order = async |id: &str| {
        let row = world.ledger.order(&key("nordwind", id)).await.unwrap();
        row.unwrap().progress
    };
    assert!(order("L-held").await.held);
    let codes = order("L-blocked").await.corrections;
    assert_eq!(codes.warehouse.as_deref(), Some("NJ1"));
    assert!(order("L-released").await.released);
    assert!(!order("L-released").await.accepted_elsewhere);
    assert!(order("L-unconfirmed").await.tracking.is_some());
    assert!(order("L-cancelled").await.cancelled.is_some());
    let erased = world.ledger.payload(&key("nordwind", "L-erased")).await;
    assert!(matches!(erased, Err(ledger::Error::Forgotten)));
}

/// Carries every order on from where it stood.
async fn to_their_ends(world: &World) {
    for id in ["L-unpaid", "L-held"] {
        world.nordwind.debit(id).unwrap();
    }
    for id in ["L-new", "L-booked", "L-unpaid", "L-released"] {
        is_at(world, id, Stage::AwaitingShipment).await;
        ship(world, id).await;
    }
    for id in [
        "L-new",
        "L-booked",
        "L-unpaid",
        "L-released",
        "L-unconfirmed",
    ] {
        world.reaches(id, "SHIPPED").await;
    }
    world.exception("L-blocked", Kind::UnmappedSku).await;
    world.reaches("L-held", "SHIPPING").await;
    until("the hold still holds", PATIENCE, async || {
        let row = world
            .ledger
            .order(&key("nordwind", "L-held"))
            .await
            .ok()??;
        (row.waits_for.as_deref() == Some("held")).then_some(())
    })
    .await;
    assert!(world.update("L-held", "release", &Value::Null).await.done);
    is_at(world, "L-held", Stage::AwaitingShipment).await;
    ship(world, "L-held").await;
    world.reaches("L-held", "SHIPPED").await;
    let erased = world.ledger.payload(&key("nordwind", "L-erased")).await;
    assert!(matches!(erased, Err(ledger::Error::Forgotten)));
}

fn nothing_is_doubled(world: &World) {
    for id in [
        "L-new",
        "L-booked",
        "L-unpaid",
        "L-released",
        "L-unconfirmed",
        "L-doubtful",
        "L-erased",
        "L-held",
    ] {
        assert_eq!(world.sales_order(id)["status"], "shipped", "{id}");
        assert_eq!(world.effects("accepts", id).len(), 1, "{id}");
        assert_eq!(world.effects("shipments", id).len(), 1, "{id}");
    }
    assert_eq!(world.sales_order("L-cancelled")["status"], "cancelled");
    assert!(world.sales_orders("nordwind", "L-blocked").is_empty());
    world.assert_accepted_after_the_sales_order();
}

#[tokio::test]
async fn without_an_export_the_runs_remember_what_people_said() {
    let mut world = Setup::new("rebuild-runs").start().await;
    let worker = world.worker().await;
    let unpaid = OrderSpec {
        debit: Some(Debit::Manual),
        ..world.plain("M-1-A")
    };
    world.sell(unpaid);
    world.reaches("M-1-A", "WAITING_DEBIT_PAYMENT").await;
    is_at(&world, "M-1-A", Stage::AwaitingPayment).await;
    assert!(world.update("M-1-A", "hold", &Value::Null).await.done);
    worker.stop().await;
    lose(&mut world).await;
    std::fs::remove_file(export(&world)).unwrap();

    let done = rebuild(&world, false).await.unwrap();
    assert_eq!((done.decisions, done.remembered), (0, 1));
    world.ledger = world.opened().await;
    let row = world.ledger.order(&key("nordwind", "M-1-A")).await.unwrap();
    assert!(row.unwrap().progress.held);
    // What only the run remembered is in the export from now on.
    assert_eq!(ledger::read_export(&export(&world)).unwrap().len(), 1);
}

#[tokio::test]
async fn a_ledger_that_was_never_lost_is_not_rebuilt() {
    let world = Setup::new("rebuild-refused").start().await;
    let worker = world.worker().await;
    world.sell(world.plain("N-1-A"));
    world.reaches("N-1-A", "SHIPPED").await;
    worker.stop().await;
    let refused = rebuild(&world, false).await.unwrap_err();
    let trouble = refused.downcast_ref::<ops::Trouble>().unwrap();
    assert_eq!(trouble.code, "ledger_not_empty");
}

pub async fn rebuild(world: &World, dry_run: bool) -> Result<RebuildDocument> {
    let config = load(&world.config())?;
    let asked = RebuildLedger {
        export: vec![],
        dry_run,
    };
    worker::rebuild::rebuild(&config, &asked, Clock::system(), |_| {}).await
}

/// Deletes the ledger's files, as a lost disk does.
pub async fn lose(world: &mut World) {
    for name in ["bcm.db", "bcm.db-wal", "bcm.db-shm"] {
        // SQLite may have removed the last two itself.
        let _ = std::fs::remove_file(world.folder.join(name));
    }
    world.ledger = world.opened().await;
}

fn export(world: &World) -> std::path::PathBuf {
    world.folder.join("decisions.jsonl")
}

async fn is_at(world: &World, id: &str, stage: Stage) {
    until(
        &format!("{id} is at {}", stage.as_str()),
        PATIENCE,
        async || {
            let row = world.ledger.order(&key("nordwind", id)).await.ok()??;
            (row.shown?.stage == stage).then_some(())
        },
    )
    .await;
}

async fn ship(world: &World, id: &str) {
    let what = json!({ "external_po": format!("NW-{id}") });
    world.warehouse("/_sim/shipments", what).await;
}

fn writes(world: &World) -> Vec<(&'static str, usize)> {
    let mirakl = WRITES.map(|op| (op, world.calls(op)));
    let erp = ERP_WRITES.map(|op| (op, world.erp_calls(op)));
    mirakl.into_iter().chain(erp).collect()
}
