//! What needs a person waits for one, and for nothing else.

use std::io::Write;

use domain::exception::Kind;
use serde_json::{Value, json};
use simulators::mirakl::OrderSpec;
use temporalio_client::WorkflowExecutionStatus;
use workflows::orders::{BLOCKED_ON, ORDER_STAGE, OWNER};

use crate::harness::{PATIENCE, Setup, World, json_value, no_payload, raw, until};

#[tokio::test]
async fn an_unmapped_sku_waits_until_the_table_has_it() {
    let world = Setup::new("unmapped-sku").start().await;
    let worker = world.worker().await;
    world.sell(OrderSpec::of("NW-NEW-1", 1, "49.95").id("U-1-A"));
    world.sell(world.plain("U-2-A"));

    let open = world.exception("U-1-A", Kind::UnmappedSku).await;
    assert_eq!(open.evidence[0].1, "NW-NEW-1");
    world
        .attribute_is("U-1-A", &BLOCKED_ON, "unmapped_sku")
        .await;
    assert_eq!(world.attribute("U-1-A", &OWNER).await, "ecommerce");
    assert_eq!(world.attribute("U-1-A", &ORDER_STAGE).await, "new");
    assert_eq!(world.state("U-1-A"), "WAITING_ACCEPTANCE");
    world.reaches("U-2-A", "SHIPPED").await;

    let item = world.plan.catalogue()[0].item.clone();
    let row = format!(
        "nordwind,NW-NEW-1,{},{},{},,,{},{},,",
        item.division, item.style, item.color, item.size_bucket, item.sku
    );
    append(&world, "skus.csv", &row);
    world.reaches("U-1-A", "SHIPPED").await;
    world.attribute_is("U-1-A", &BLOCKED_ON, "").await;
    assert_eq!(world.attribute("U-1-A", &OWNER).await, "");
    let closed = world.ledger.exception(open.id).await.unwrap().unwrap();
    assert!(closed.closed_at.is_some(), "{closed:?}");
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn a_wrong_table_is_refused_and_the_last_good_one_stays() {
    let world = Setup::new("wrong-table").start().await;
    let worker = world.worker().await;
    let before = world.ledger.mapping_version().await.unwrap();
    append(&world, "carriers.csv", "*,PRONTO EXPRESS");
    // The same rubbish again, with the row that cures it below: the whole table is refused.
    append(&world, "carriers.csv", "*,PRONTO EXPRESS,ups,,,,");
    let log = world.server.log.clone();
    until("the table is refused", PATIENCE, async || {
        let text = std::fs::read_to_string(&log).ok()?;
        text.contains("mapping tables refused").then_some(())
    })
    .await;
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before);
    world.sell(world.plain("W-1-A"));
    world.reaches("W-1-A", "SHIPPED").await;
    worker.stop().await;
}

#[tokio::test]
async fn an_unmapped_carrier_is_corrected_from_the_ui() {
    let world = Setup::new("unmapped-carrier").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("C-1-A");
    spec.shipping_type_code = Some("XPR".to_owned());
    world.sell(spec);

    let open = world.exception("C-1-A", Kind::UnmappedCarrier).await;
    assert_eq!(world.state("C-1-A"), "SHIPPING");
    world.attribute_is("C-1-A", &OWNER, "operations").await;
    // A `retry` without the cure comes back to the same exception.
    world.signal("C-1-A", "retry", no_payload()).await;
    until("the run has taken the retry", PATIENCE, async || {
        let events = world
            .ledger
            .events(&crate::harness::key("nordwind", "C-1-A"))
            .await
            .ok()?;
        events
            .iter()
            .any(|e| format!("{e:?}").contains("retry"))
            .then_some(())
    })
    .await;
    let still = world.exception("C-1-A", Kind::UnmappedCarrier).await;
    assert!(still.id >= open.id);
    assert_eq!(world.effects("tracking", "C-1-A").len(), 0);

    let carrier = json!({ "carrier_code": "fedex" });
    world.signal("C-1-A", "correct", json_value(&carrier)).await;
    world.reaches("C-1-A", "SHIPPED").await;
    assert_eq!(
        world.nordwind.order("C-1-A").unwrap()["shipping_carrier_code"],
        "fedex"
    );
    until("the exception is closed", PATIENCE, async || {
        world.exceptions(false).await.is_empty().then_some(())
    })
    .await;
    world.nordwind.receive("C-1-A").unwrap();
    world.nordwind.close("C-1-A").unwrap();
    world
        .run_is("C-1-A", WorkflowExecutionStatus::Completed)
        .await;
    worker.stop().await;
    world.record("blocked-and-corrected", "C-1-A").await;
}

#[tokio::test]
async fn rubbish_to_every_signal_blocks_no_run() {
    let world = Setup::new("rubbish").start().await;
    let worker = world.worker().await;
    let mut spec = world.plain("R-1-A");
    spec.shipping_type_code = Some("XPR".to_owned());
    world.sell(spec);
    world.exception("R-1-A", Kind::UnmappedCarrier).await;

    let names = [
        "retry",
        "cancel",
        "release",
        "correct",
        "mark_done",
        "order_changed",
        "shipment_confirmed",
        "mapping_changed",
        "never_heard_of",
    ];
    for name in names {
        for rubbish in [
            no_payload(),
            raw("json/plain", b"{\"reason_code\": 3, \"carrier_code\": [1"),
            raw("json/plain", b"[[[\"Ann Example, 5th Avenue\"]]]"),
            raw("binary/plain", &[0xff, 0, 0x80]),
            raw("binary/null", b""),
            raw("no/such-encoding", b"?"),
        ] {
            world.signal("R-1-A", name, rubbish).await;
        }
    }
    world.signal("R-1-A", "hold", raw("json/plain", b"{")).await;

    let progress = until(
        "the run answers with what it refused",
        PATIENCE,
        async || {
            let progress = world.progress("R-1-A").await;
            (progress.refused.len() >= 5).then_some(progress)
        },
    )
    .await;
    assert!(progress.refused.iter().all(|answer| !answer.done));
    assert!(!format!("{progress:?}").contains("Avenue"));
    let released = world.update("R-1-A", "release", &Value::Null).await;
    assert!(released.done, "{released:?}");
    let corrected = json!({ "carrier_code": "ups" });
    assert_eq!(
        world.update("R-1-A", "correct", &corrected).await.code,
        "corrected"
    );
    world.reaches("R-1-A", "SHIPPED").await;
    worker.stop().await;
}

fn append(world: &World, table: &str, row: &str) {
    let path = world.folder.join("mappings").join(table);
    let file = std::fs::OpenOptions::new().append(true).open(path);
    writeln!(file.expect("a mapping table"), "{row}").expect("a row written");
}
