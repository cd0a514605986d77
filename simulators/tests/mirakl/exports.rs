//! Exports: one at a time, in files, as the orders are when it ends.

use std::time::Duration;

use serde_json::json;
use simulators::mirakl::{MiraklOptions, OrderSpec};

use crate::seller::still;

const ASK: &str = "/api/orders/async-export";

#[tokio::test]
async fn one_export_runs_at_a_time_and_shows_the_orders_as_they_are_at_its_end() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    for id in ["W1-A", "W2-A", "W3-A"] {
        sim.create_order(OrderSpec::of("BC-1", 1, "9.95").id(id))
            .unwrap();
    }
    let ways = json!({"delay_s": 30.0, "orders_a_file": 2});
    assert_eq!(seller.post("/_sim/exports", ways).await.status, 200);
    let span = json!({
        "start_update_date": "2026-03-01T00:00:00Z",
        "end_update_date": "2026-03-03T00:00:00Z",
    });

    let asked = seller.post(ASK, span.clone()).await;
    assert_eq!(asked.status, 200);
    assert_eq!(seller.post(ASK, span.clone()).await.status, 400);
    let id = asked.body["tracking_id"].as_str().unwrap();
    let status = format!("{ASK}/status/{id}");
    assert_eq!(seller.get(&status).await.body["status"], "PENDING");

    sim.cancel("W2-A").unwrap();
    sim.clock().advance(Duration::from_secs(30));
    let done = seller.get(&status).await.body;
    assert_eq!(done["status"], "COMPLETED");
    let files = done["urls"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let first = files[0].as_str().unwrap().strip_prefix(&sim.url()).unwrap();
    let orders = seller.get(first).await.body;
    assert_eq!(orders[0]["order_id"], "W1-A");
    assert_eq!(orders[1]["order_state"], "CANCELED");
    assert_eq!(seller.post(ASK, span).await.status, 200);
    let ops: Vec<String> = sim.calls().list().into_iter().map(|c| c.op).collect();
    assert_eq!(ops, ["OR13", "OR13", "OR14", "OR14", "OR15", "OR13"]);
}

#[tokio::test]
async fn an_export_without_a_span_or_over_too_long_a_one_is_refused() {
    let (_sim, seller) = still(MiraklOptions::default()).await;
    for body in [
        json!({}),
        json!({"start_date": "2026-01-01T00:00:00Z"}),
        json!({"start_date": "2024-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}),
        json!({"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}),
        json!({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-02T00:00:00Z",
               "megabytes_per_chunk": 1}),
    ] {
        assert_eq!(seller.post(ASK, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(seller.get(&format!("{ASK}/status/none")).await.status, 404);
}
