//! Feeds, reference documents and mapping tables.

use ledger::{FeedRun, FeedState};

use crate::harness::*;
use crate::inbox::one_allowance;

#[tokio::test]
async fn a_feed_tells_how_it_is_doing() {
    let (_home, ledger) = fresh().await;
    for (now, last_page) in [(10, false), (11, true)] {
        let run = FeedRun {
            last_page,
            ..page(ORDERS, "c", now, &[])
        };
        let seen = [seen(&format!("A{now}"), 1)];
        ledger.record_orders(&run, &seen, &[]).await.unwrap();
    }
    let state = async || ledger.feeds().await.unwrap().pop().unwrap();
    let good = FeedState {
        name: ORDERS.into(),
        cursor: Some("c".into()),
        last_started: Some(at(10)),
        last_success: Some(at(11)),
        last_error: None,
        failures: 0,
        paused: false,
        rows: 2,
        owed: 2,
    };
    assert_eq!(state().await, good);

    for now in [20, 21] {
        ledger
            .feed_failed(ORDERS, "unauthorized", at(now))
            .await
            .unwrap();
    }
    let bad = FeedState {
        last_started: Some(at(21)),
        last_error: Some("unauthorized".into()),
        failures: 2,
        ..good.clone()
    };
    assert_eq!(state().await, bad);

    ledger.set_feed_paused(ORDERS, true, at(22)).await.unwrap();
    assert!(state().await.paused);
    put(&ledger, &[], 30).await;
    let well = state().await;
    assert_eq!((well.failures, well.rows, well.last_error), (0, 0, None));
    assert!(well.paused, "a run does not resume a feed");
}

#[tokio::test]
async fn news_count_for_the_feed_that_brought_them() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let run = page(SHIPMENTS, "s", 2, &[]);
    let seen = [shipment("A", "S1", 1), shipment("A", "S2", 1)];
    ledger.record_shipments(&run, &seen, &[]).await.unwrap();
    let feeds = ledger.feeds().await.unwrap();
    let owed: Vec<_> = feeds.iter().map(|f| (f.name.as_str(), f.owed)).collect();
    assert_eq!(owed, [(SHIPMENTS, 1), (ORDERS, 1)]);
}

#[tokio::test]
async fn a_reference_document_is_the_last_one_read() {
    let (_home, ledger) = fresh().await;
    assert_eq!(ledger.reference("h", "SH21").await.unwrap(), None);
    for (json, now) in [("[]", 1), ("[1]", 2)] {
        ledger
            .put_reference("h", "SH21", json, at(now))
            .await
            .unwrap();
    }
    let read = ledger.reference("h", "SH21").await.unwrap().unwrap();
    assert_eq!((read.json.as_str(), read.fetched_at), ("[1]", at(2)));
    assert_eq!(ledger.reference("h", "SH12").await.unwrap(), None);
}

#[tokio::test]
async fn the_same_tables_are_the_same_version() {
    let (_home, ledger) = fresh().await;
    assert_eq!(ledger.mapping_version().await.unwrap(), 0);
    assert_eq!(ledger.mappings(0).await.unwrap(), Default::default());
    for (code, version) in [("A", 1), ("A", 1), ("B", 2), ("A", 3)] {
        let published = ledger.publish_mappings(&one_allowance(code), at(1)).await;
        assert_eq!(published.unwrap(), version);
    }
    assert_eq!(ledger.mapping_version().await.unwrap(), 3);
    assert_eq!(ledger.mappings(2).await.unwrap(), one_allowance("B"));
    assert!(matches!(
        ledger.mappings(9).await,
        Err(ledger::Error::NotFound)
    ));
}
