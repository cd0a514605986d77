//! OR11's pages and filters, and who may read them.

use std::time::Duration;

use reqwest::Method;
use simulators::mirakl::{MiraklOptions, OrderSpec};

use crate::seller::{Seller, still};

fn ids(answer: &crate::seller::Answer) -> Vec<String> {
    let orders = answer.body["orders"].as_array().unwrap();
    orders
        .iter()
        .map(|order| order["order_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_hold_ten_unless_told_and_link_to_their_neighbors() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    for index in 0..25 {
        sim.create_order(OrderSpec::of("S-1", 1, "5").id(&format!("W{index:02}-A")))
            .unwrap();
    }
    let first = seller.get("/api/orders").await;
    assert_eq!(
        (ids(&first).len(), &first.body["total_count"]),
        (10, &25.into())
    );
    assert!(!first.link.as_deref().unwrap().contains("previous"));

    let mut seen = ids(&first);
    let mut link = first.link;
    while let Some(next) = link.as_deref().and_then(next_path) {
        let page = seller.get(next.strip_prefix(&seller.base).unwrap()).await;
        seen.extend(ids(&page));
        link = page.link;
    }

    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted());
    assert!(link.unwrap().contains("rel=\"previous\""));
    assert_eq!(
        ids(&seller.get("/api/orders?max=500&order=desc").await)[0],
        "W24-A"
    );
    assert_eq!(
        ids(&seller.get("/api/orders?max=2&offset=24").await),
        ["W24-A"]
    );
}

fn next_path(link: &str) -> Option<String> {
    let next = link
        .split(", ")
        .find(|part| part.contains("rel=\"next\""))?;
    Some(next.split(['<', '>']).nth(1)?.to_owned())
}

#[tokio::test]
async fn filters_keep_what_was_asked_for() {
    let options = MiraklOptions {
        debit_delay_s: 0,
        start_update_overlap_s: 10,
        ..MiraklOptions::default()
    };
    let (sim, seller) = still(options).await;
    for order_id in ["W1-A", "W2-A", "W3-A"] {
        sim.create_order(OrderSpec::of("S-1", 1, "5").id(order_id))
            .unwrap();
        sim.clock().advance(Duration::from_secs(60));
    }
    sim.accept_by_hand("W1-A").unwrap();

    for (query, expected) in [
        ("order_ids=W2-A,W3-A,W9-A", &["W2-A", "W3-A"][..]),
        ("order_state_codes=SHIPPING", &["W1-A"]),
        (
            "order_state_codes=WAITING_ACCEPTANCE,SHIPPING",
            &["W1-A", "W2-A", "W3-A"],
        ),
        ("start_update_date=2026-03-02T09:17:10Z", &["W1-A", "W3-A"]),
        ("start_update_date=2026-03-02T09:17:11Z", &["W1-A"]),
        ("end_update_date=2026-03-02T09:16:00Z", &["W2-A"]),
        (
            "start_date=2026-03-02T09:16:00Z&end_date=2026-03-02T10:16:30%2B01:00",
            &["W2-A"],
        ),
        ("customer_debited=true", &["W1-A"]),
        (
            "has_incident=false&customer_debited=false",
            &["W2-A", "W3-A"],
        ),
        ("has_incident=true", &[]),
        ("payment_workflow=PAY_ON_DUE_DATE", &[]),
        (
            "fulfillment_center_code=OP&fulfillment_center_code=DEFAULT",
            &["W1-A", "W2-A", "W3-A"],
        ),
        ("channel_codes=WEB", &[]),
    ] {
        assert_eq!(
            ids(&seller.get(&format!("/api/orders?{query}")).await),
            expected,
            "{query}"
        );
    }
    let many = vec!["W"; 101].join(",");
    for query in [
        "max=x",
        "start_date=yesterday",
        "sort=price",
        &format!("order_ids={many}"),
    ] {
        assert_eq!(
            seller.get(&format!("/api/orders?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn callers_without_the_key_or_a_known_path_are_turned_away() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    let stranger = |key: Option<&str>| Seller {
        key: key.map(str::to_owned),
        ..Seller::of(&sim)
    };

    for key in [None, Some("wrong"), Some("Bearer sim-key-2001")] {
        let answer = stranger(key).get("/api/orders").await;
        assert_eq!((answer.status, &answer.body["status"]), (401, &401.into()));
    }
    assert_eq!(seller.get("/api/orders?shop_id=2001").await.status, 200);
    assert_eq!(seller.get("/api/orders?shop_id=7").await.status, 403);
    let lost = seller.get("/api/nothing").await;
    assert_eq!((lost.status, &lost.body["status"]), (404, &404.into()));
    let wrong = seller
        .send(Method::DELETE, "/api/orders", None)
        .await
        .unwrap();
    assert_eq!((wrong.status, &wrong.body["status"]), (405, &405.into()));
    assert_eq!(seller.put_empty("/api/orders").await.status, 415);
}
