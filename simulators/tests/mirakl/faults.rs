//! Faults as a caller meets them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use crate::seller::{Seller, state, still};

async fn two_orders() -> (MiraklSim, Seller) {
    let (sim, seller) = still(MiraklOptions::default()).await;
    for order_id in ["W1-A", "W2-A"] {
        sim.create_order(OrderSpec::of("S-1", 1, "5").id(order_id))
            .unwrap();
    }
    (sim, seller)
}

async fn try_accept(seller: &Seller, order_id: &str) -> Result<u16, reqwest::Error> {
    let body = json!({ "order_lines": [{ "id": format!("{order_id}-1"), "accepted": true }] });
    let path = format!("/api/orders/{order_id}/accept");
    seller
        .send(Method::PUT, &path, Some(body))
        .await
        .map(|answer| answer.status)
}

#[tokio::test]
async fn a_reset_after_the_commit_loses_the_answer_and_keeps_the_acceptance() {
    let (sim, seller) = two_orders().await;
    sim.faults()
        .inject(FaultRule::once("OR21", "reset-after-commit").about("W1-A"))
        .unwrap();

    assert_eq!(try_accept(&seller, "W2-A").await.unwrap(), 204);
    let lost = try_accept(&seller, "W1-A").await.unwrap_err();
    assert!(lost.is_request() && lost.status().is_none(), "{lost:?}");
    assert_eq!(state(&sim, "W1-A"), "WAITING_DEBIT");
    assert_eq!(try_accept(&seller, "W1-A").await.unwrap(), 400);

    let calls = sim.calls().list();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.status, call.committed, call.answered))
        .collect();
    let expected = [
        (Some(204), true, true),
        (Some(204), true, false),
        (Some(400), false, true),
    ];
    assert_eq!(seen, expected);
    assert!(calls.is_sorted_by_key(|call| call.seq));
    let ledger = sim.ledger();
    assert_eq!(ledger["calls"][1]["key"], "W1-A");
    assert_eq!(ledger["counts"]["accepts"], 2);
    let accepted_seq = ledger["accepts"][1]["seq"].as_u64().unwrap();
    assert!((calls[1].seq..calls[2].seq).contains(&accepted_seq));
    assert!(ledger["accepts"][1]["real_at_us"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn a_reset_before_the_commit_changes_nothing() {
    let (sim, seller) = two_orders().await;
    sim.faults()
        .inject(FaultRule::once("OR21", "reset").from_nth(2))
        .unwrap();

    assert_eq!(try_accept(&seller, "W2-A").await.unwrap(), 204);
    assert!(try_accept(&seller, "W1-A").await.is_err());

    assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE");
    let call = sim.calls().list().remove(1);
    assert_eq!(
        (call.status, call.committed, call.answered),
        (None, false, false)
    );
    assert_eq!(try_accept(&seller, "W1-A").await.unwrap(), 204);
}

#[tokio::test]
async fn the_peer_of_a_reset_sees_no_byte_and_a_broken_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (sim, seller) = two_orders().await;
    sim.faults()
        .inject(FaultRule::once("V01", "reset"))
        .unwrap();
    let address = seller.base.strip_prefix("http://").unwrap();
    let mut peer = tokio::net::TcpStream::connect(address).await.unwrap();
    peer.write_all(b"GET /api/version HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();

    let mut read = Vec::new();
    let ended = peer.read_to_end(&mut read).await;

    assert!(read.is_empty());
    assert_eq!(
        ended.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn statuses_come_before_or_after_the_commit_as_asked() {
    let (sim, seller) = two_orders().await;
    let rule = json!({ "op": "OR21", "action": "status:429:7" });
    assert_eq!(seller.post("/_sim/faults", rule).await.status, 201);
    sim.faults()
        .inject(FaultRule::once("OR21", "status-after-commit:500").about("W2-A"))
        .unwrap();

    let throttled = seller.accept("W1-A", 1).await;
    let failed = seller.accept("W2-A", 1).await;

    assert_eq!(
        (throttled.status, throttled.retry_after.as_deref()),
        (429, Some("7"))
    );
    assert_eq!(throttled.body["status"], 429);
    assert_eq!(failed.status, 500);
    assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE");
    assert_eq!(state(&sim, "W2-A"), "WAITING_DEBIT");
    let rules = seller.get("/_sim/faults").await;
    assert_eq!(rules.body["faults"][0]["struck"], 1);
    let deleted = seller
        .send(Method::DELETE, "/_sim/faults", None)
        .await
        .unwrap();
    assert_eq!(deleted.status, 204);
    assert!(sim.faults().list().is_empty());
}

#[tokio::test]
async fn a_caller_that_gives_up_on_a_delay_does_not_undo_the_call() {
    let (sim, seller) = two_orders().await;
    sim.faults()
        .inject(FaultRule::once("OR21", "delay_ms:1000"))
        .unwrap();

    let arrived = async {
        while sim.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        answer = try_accept(&seller, "W1-A") => panic!("answered at once: {answer:?}"),
        () = arrived => {}
    }
    assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE");

    let arrives = async {
        while state(&sim, "W1-A") != "WAITING_DEBIT" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrives)
        .await
        .unwrap();
    assert!(!sim.calls().list()[0].answered);
}

#[tokio::test]
async fn unknown_actions_and_clock_changes_are_answered_in_words() {
    let (sim, seller) = two_orders().await;
    let refused = seller
        .post("/_sim/faults", json!({ "op": "OR21", "action": "explode" }))
        .await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains("explode")
    );

    let moved = seller.post("/_sim/clock", json!({ "advance_s": 90 })).await;
    assert_eq!(moved.body["now"], "2026-03-02T09:16:30Z");
    assert_eq!(
        seller
            .post("/_sim/clock", json!({ "advance_s": -1 }))
            .await
            .status,
        400
    );
    assert_eq!(sim.clock().now().to_string(), "2026-03-02T09:16:30Z");
    drop(sim);
    let refused = seller
        .send(Method::GET, "/api/version", None)
        .await
        .unwrap_err();
    assert!(refused.is_connect() || refused.is_request());
}
