//! Shipments, stock and items as the site publishes them.

use std::time::Duration;

use super::*;
use crate::bluecherry::QuietWindow;
use crate::clock::SimClock;

#[tokio::test]
async fn the_fulfilment_cursor_can_be_repeated_and_goes_on_past_the_end() {
    let erp = Erp::start().await;
    for po in ["NW-1-A", "NW-2-A", "NW-3-A"] {
        let number = erp.ready(po, &[(&erp.sku, 1)]).await;
        assert_eq!(
            erp.post("/_sim/shipments", &json!({ "ord_num": number }))
                .await
                .0,
            201
        );
    }
    let first = erp.get("/v1/fulfilments?limit=2").await;
    assert_eq!(
        (&first["count"], &first["complete"]),
        (&json!(2), &json!(false))
    );
    let next = format!(
        "/v1/fulfilments?limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let last = erp.get(&next).await;
    assert_eq!(
        (&last["count"], &last["complete"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(erp.get(&next).await["items"], last["items"]);

    let end = format!(
        "/v1/fulfilments?cursor={}",
        last["next_cursor"].as_str().unwrap()
    );
    assert_eq!(erp.get(&end).await["count"], 0);
    let id = first["items"][0]["shipment_id"].as_str().unwrap();
    erp.post(&format!("/_sim/shipments/{id}/void"), &json!({}))
        .await;
    let news = erp.get(&end).await;
    assert_eq!(news["items"][0]["shipment_id"], id);
    assert_eq!(
        (&news["items"][0]["version"], &news["items"][0]["voided"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(erp.figures(&erp.sku).1, 1);
}

#[tokio::test]
async fn a_split_and_short_order_says_which_units_went() {
    let erp = Erp::start().await;
    let number = erp.ready("NW-1-A", &[(&erp.sku, 5)]).await;
    let line = |qty: i64| json!([{ "external_line_id": "NW-1-A-1", "qty": qty }]);
    let (status, part) = erp
        .post(
            "/_sim/shipments",
            &json!({
                "external_po": "NW-1-A",
                "parcels": [{ "tracking_number": "T1", "lines": line(1) }, { "lines": line(1) }],
            }),
        )
        .await;
    assert_eq!((status, &part["final"]), (201, &json!(false)));
    assert_eq!(part["parcels"].as_array().unwrap().len(), 2);
    assert_eq!(erp.order(&number).await["status"], "partially_shipped");

    let (_, rest) = erp
        .post(
            "/_sim/shipments",
            &json!({ "ord_num": number, "short": line(1) }),
        )
        .await;
    assert_eq!(
        (&rest["final"], &rest["short_lines"][0]["qty"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(rest["parcels"][0]["lines"][0]["qty"], 2);
    let order = erp.order(&number).await;
    assert_eq!(order["status"], "shipped");
    assert_eq!(order["lines"][0]["qty_shipped"], 4);
    assert_eq!(order["lines"][0]["qty_cancelled"], 1);
}

#[tokio::test]
async fn positions_stand_still_between_two_batches() {
    let erp = Erp::start().await;
    let all = erp.get("/v1/inventory/positions?limit=10").await;
    assert_eq!(
        (&all["count"], &all["complete"]),
        (&json!(10), &json!(true))
    );
    erp.create("NW-1-A", &[(&erp.sku, 3)]).await;

    let mut page = all;
    let mut open = 0;
    loop {
        let rows = page["items"].as_array().unwrap();
        open += rows
            .iter()
            .map(|row| row["open"].as_i64().unwrap())
            .sum::<i64>();
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        page = erp
            .get(&format!("/v1/inventory/positions?limit=10&cursor={cursor}"))
            .await;
    }
    assert_eq!(open, 0);

    erp.post("/_sim/batches/run", &json!({})).await;
    let delta = erp.get("/v1/inventory/positions?mode=delta").await;
    assert_eq!(
        (&delta["count"], &delta["items"][0]["open"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(delta["items"][0]["orders_seen_through"], "500001");

    erp.post("/_sim/batches/run", &json!({ "status": "partial" }))
        .await;
    assert_eq!(erp.get("/v1/inventory/positions").await["complete"], false);
    let batches = erp.get("/v1/batches?feed=inventory").await;
    assert_eq!(batches["items"][0]["status"], "partial");
}

#[tokio::test]
async fn without_the_key_nothing_is_told() {
    let erp = Erp::start().await;
    let response = erp
        .http
        .get(erp.sim.url() + "/v1/profile")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["code"], "unauthorized");
}

#[tokio::test]
async fn a_full_minute_is_refused_with_the_time_to_wait() {
    // Making the customer is the first of the three requests.
    let erp = Erp::with(|options| options.requests_per_minute = 3).await;
    erp.get("/v1/profile").await;
    erp.get("/v1/profile").await;
    let (status, throttled) = erp
        .call(Method::GET, "/v1/profile", None, &Value::Null)
        .await;
    assert_eq!((status, &throttled["retryable"]), (429, &json!(true)));
    assert!(throttled["retry_after_s"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn no_write_is_taken_in_a_quiet_window() {
    let time = |text: &str| text.parse::<jiff::civil::Time>().unwrap();
    let erp = Erp::with(|options| {
        options.quiet_windows = vec![QuietWindow {
            from: time("23:30"),
            to: time("00:30"),
        }];
        options.clock = Some(SimClock::new("2026-03-02T23:29:00Z".parse().unwrap(), 0.0));
    })
    .await;
    erp.sim.clock().advance(Duration::from_secs(31 * 60));
    let (status, quiet) = erp.create("NW-1-A", &[(&erp.sku, 1)]).await;
    assert_eq!((status, &quiet["code"]), (503, &json!("quiet_window")));
    assert_eq!(quiet["retry_after_s"], 30 * 60);
    assert_eq!(erp.get("/v1/fulfilments").await["count"], 0);
    erp.sim.clock().advance(Duration::from_secs(30 * 60));
    assert_eq!(erp.create("NW-1-A", &[(&erp.sku, 1)]).await.0, 201);
}

#[tokio::test]
async fn a_batch_can_be_empty_zeroed_halved_a_hundredfold_or_the_one_before() {
    let erp = Erp::with(|options| options.max_page = 1_000).await;
    let path = "/v1/inventory/positions?limit=1000";
    let sum = |page: &Value| -> i64 {
        let rows = page["items"].as_array().unwrap().iter();
        rows.map(|row| row["on_hand"].as_i64().unwrap()).sum()
    };
    let run = async |spoil: &str| {
        erp.post("/_sim/batches/run", &json!({ "spoil": spoil }))
            .await;
        erp.get(path).await
    };
    let good = run("none").await;
    let (rows, units) = (good["count"].as_u64().unwrap(), sum(&good));
    assert!(rows > 1 && units > 0);

    let zeroed = run("zeroed").await;
    assert_eq!((zeroed["count"].as_u64(), sum(&zeroed)), (Some(rows), 0));
    assert_eq!(sum(&run("hundredfold").await), units * 100);
    assert_eq!(run("halved").await["count"].as_u64(), Some(rows / 2));
    let empty = run("empty").await;
    assert_eq!(empty["count"], 0);
    assert_eq!(empty["complete"], true);
    assert_eq!(run("duplicate").await["batch_id"], empty["batch_id"]);
    assert_eq!(sum(&run("none").await), units);
}
