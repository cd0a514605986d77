//! The marketplace behaving otherwise: throttled, lagging, shuffled, holding back, off the clock.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::{Limits, MiraklOptions, MiraklSim, OrderSpec};

use crate::seller::{Seller, still};

async fn selling(options: MiraklOptions, orders: usize) -> (MiraklSim, Seller) {
    let (sim, seller) = still(options).await;
    for n in 1..=orders {
        let id = format!("W{n}-A");
        sim.create_order(OrderSpec::of("S-1", 1, "5").id(&id))
            .unwrap();
    }
    (sim, seller)
}

fn plant(sim: &MiraklSim, rule: FaultRule) {
    sim.faults().inject(rule).unwrap();
}

fn ids(page: &Value) -> Vec<&str> {
    let orders = page["orders"].as_array().unwrap().iter();
    orders.map(|o| o["order_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn published_limits_answer_429_with_the_rest_of_the_window() {
    let options = MiraklOptions {
        limits: Limits::Published,
        ..MiraklOptions::default()
    };
    let (sim, seller) = selling(options, 1).await;
    assert_eq!(seller.get("/api/orders?max=1").await.status, 200);
    assert_eq!(seller.get("/api/orders?order_ids=W1-A").await.status, 200);
    sim.clock().advance(Duration::from_secs(20));

    let refused = seller.get("/api/orders?max=1").await;
    assert_eq!(
        (refused.status, refused.retry_after.as_deref()),
        (429, Some("40"))
    );
    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
    let call = &sim.calls().list()[2];
    assert_eq!((call.throttled, call.retry_after_s), (true, Some(40)));

    sim.clock().advance(Duration::from_secs(40));
    assert_eq!(seller.get("/api/orders?max=1").await.status, 200);
    let read = serde_json::from_value::<MiraklOptions>(json!({ "limits": "published" }));
    assert_eq!(read.unwrap().limits, Limits::Published);
}

#[tokio::test]
async fn a_throttled_call_is_told_how_long_or_not() {
    let (sim, seller) = selling(MiraklOptions::default(), 1).await;
    for (action, told) in [
        ("throttle", Some("60")),
        ("throttle:7", Some("7")),
        ("throttle-bare", None),
    ] {
        plant(&sim, FaultRule::once("OR21", action));
        let refused = seller.accept("W1-A", 1).await;
        assert_eq!(
            (refused.status, refused.retry_after.as_deref()),
            (429, told)
        );
    }
    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
}

#[tokio::test]
async fn a_stale_read_shows_neither_new_orders_nor_new_states() {
    let (sim, seller) = selling(MiraklOptions::default(), 0).await;
    plant(&sim, FaultRule::once("OR11", "stale-reads:3600").times(0));
    sim.create_order(OrderSpec::of("S-1", 1, "5").id("W1-A"))
        .unwrap();
    assert_eq!(seller.get("/api/orders").await.body["total_count"], 0);

    sim.faults().clear();
    plant(&sim, FaultRule::once("OR11", "stale-reads:0").times(0));
    assert_eq!(seller.get("/api/orders").await.body["total_count"], 1);

    // A lag of one second, looked at once before and once after it has passed.
    sim.faults().clear();
    plant(&sim, FaultRule::once("OR11", "stale-reads:1").times(0));
    let shown = async || {
        let page = seller.get("/api/orders?order_ids=W1-A").await.body;
        page["orders"][0]["order_state"].as_str().map(str::to_owned)
    };
    let until = async |state: &str| {
        let seen = async {
            while shown().await.as_deref() != Some(state) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), seen).await
    };
    until("WAITING_ACCEPTANCE").await.unwrap();
    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
    assert_eq!(shown().await.as_deref(), Some("WAITING_ACCEPTANCE"));
    until("WAITING_DEBIT").await.unwrap();
}

#[tokio::test]
async fn shuffled_pages_agree_with_each_other_and_repeated_rows_come_twice() {
    let (sim, seller) = selling(MiraklOptions::default(), 7).await;
    let pages = async || {
        let mut all = Vec::new();
        for offset in [0, 3, 6, 9, 12] {
            let page = seller
                .get(&format!("/api/orders?max=3&offset={offset}"))
                .await;
            all.extend(ids(&page.body).iter().map(|id| (*id).to_owned()));
        }
        all
    };
    let plain = pages().await;
    plant(&sim, FaultRule::once("OR11", "shuffle").times(0));
    let shuffled = pages().await;
    assert_ne!(plain, shuffled);
    let set = |all: &[String]| all.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&plain), set(&shuffled));

    sim.faults().clear();
    plant(&sim, FaultRule::once("OR11", "repeat").times(0));
    let twice = pages().await;
    assert_eq!((twice.len(), set(&twice)), (14, set(&plain)));
}

#[tokio::test]
async fn what_is_held_is_not_listed_until_it_is_released_as_changed() {
    let (sim, seller) = selling(MiraklOptions::default(), 2).await;
    let held = seller.post("/_sim/hold", json!({ "key": "W1-A" })).await;
    assert_eq!(held.body["held"][0], "W1-A");
    assert_eq!(ids(&seller.get("/api/orders").await.body), ["W2-A"]);
    sim.cancel("W1-A").unwrap();
    sim.clock().advance(Duration::from_secs(600));

    let released = seller.post("/_sim/release", json!({ "key": "W1-A" })).await;
    assert_eq!(released.body["released"], 1);
    let since = "/api/orders?start_update_date=2026-03-02T09:24:00Z";
    let page = seller.get(since).await.body;
    assert_eq!(ids(&page), ["W1-A"]);
    assert_eq!(page["orders"][0]["order_state"], "CANCELED");
}

#[tokio::test]
async fn a_skewed_server_dates_its_answers_and_reads_its_callers_by_that_clock() {
    let (sim, seller) = selling(MiraklOptions::default(), 1).await;
    plant(&sim, FaultRule::once("OR11", "skew:600").times(0));
    let page = seller.get("/api/orders").await.body;
    assert_eq!(page["orders"][0]["created_date"], "2026-03-02T09:25:00Z");

    let since = "/api/orders?start_date=2026-03-02T09:24:59Z";
    assert_eq!(seller.get(since).await.body["total_count"], 1);
    let request = seller.http.get(format!("{}/api/orders", seller.base));
    let answer = request.header("Authorization", sim.api_key()).send().await;
    let date = answer.unwrap().headers()["date"]
        .to_str()
        .unwrap()
        .to_owned();
    let format = "%a, %d %b %Y %H:%M:%S GMT";
    let ahead = jiff::civil::DateTime::strptime(format, &date).unwrap();
    let ahead = jiff::tz::Offset::UTC.to_timestamp(ahead).unwrap();
    let by_s = ahead.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((590..=600).contains(&by_s), "{by_s}");
}

#[tokio::test]
async fn references_are_refused_one_by_one_inside_a_200() {
    let (sim, seller) = selling(MiraklOptions::default(), 2).await;
    plant(&sim, FaultRule::once("OR04", "partial").about("W1-A"));
    let reference =
        |id: &str| json!({ "order_id": id, "references": { "order_reference_for_seller": "5" } });
    let body = json!({ "orders": [reference("W1-A"), reference("W2-A")] });
    let answer = seller.put("/api/orders", body).await;
    assert_eq!(answer.status, 200);
    let results = &answer.body["updated_orders"];
    assert!(results[0]["errors"][0]["code"].is_string() && results[1]["errors"].is_null());
    let reference =
        |id: &str| sim.order(id).unwrap()["references"]["order_reference_for_seller"].clone();
    assert_eq!(
        (reference("W1-A"), reference("W2-A")),
        (Value::Null, json!("5"))
    );
}

#[tokio::test]
async fn a_changed_key_turns_the_old_one_away_at_once() {
    let (sim, mut seller) = selling(MiraklOptions::default(), 0).await;
    let changed = seller
        .post("/_sim/key", json!({ "api_key": "new-key" }))
        .await;
    assert_eq!(changed.status, 204);
    assert_eq!(seller.get("/api/orders").await.status, 401);
    seller.key = Some("new-key".to_owned());
    assert_eq!(seller.get("/api/orders").await.status, 200);
    assert_eq!(sim.api_key(), "new-key");
    plant(&sim, FaultRule::once("OR11", "status:403"));
    assert_eq!(seller.get("/api/orders").await.status, 403);
}

#[tokio::test]
async fn the_log_tells_bodies_apart_and_when_they_were_answered() {
    let (sim, seller) = selling(MiraklOptions::default(), 1).await;
    seller.accept("W1-A", 1).await;
    seller.accept("W1-A", 1).await;
    seller.accept("W1-A", 2).await;
    let calls = sim.calls().list();
    assert_eq!(calls[0].body_hash, calls[1].body_hash);
    assert_ne!(calls[0].body_hash, calls[2].body_hash);
    assert!(
        calls
            .iter()
            .all(|call| call.answered_at_us >= Some(call.real_at_us))
    );

    let lean = seller.get("/_sim/ledger?without=calls").await.body;
    assert!(lean.get("calls").is_none());
    let order = &lean["orders"][0];
    assert!(order["seq"].is_u64() && order["real_at_us"].is_i64());
    let summary = seller.get("/_sim/summary").await.body;
    assert_eq!(summary["states"], json!({ "WAITING_DEBIT": 1 }));
    assert_eq!(
        (&summary["accepts"], &summary["calls"]),
        (&json!(1), &json!(3))
    );
}
