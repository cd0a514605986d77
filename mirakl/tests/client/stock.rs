//! Stock sent as a file and offers read back, against the simulated marketplace.

use std::time::Duration;

use domain::retry::Retry;
use mirakl::{Client, Config, Error, ImportState, OfferExport, StockFile};
use secrecy::SecretString;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use super::scripted::{Reply, Scripted};

async fn marketplace() -> (MiraklSim, Client) {
    let options = MiraklOptions {
        start: "2026-03-02T09:15:00Z".parse().ok(),
        speed: 0.0,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    tell(&sim, "/_sim/offers", json!({"A": 5, "B;\"1": 7, "C": 0})).await;
    let client = Client::new(Config::new(sim.url(), key)).unwrap();
    (sim, client)
}

pub async fn tell(sim: &MiraklSim, path: &str, body: serde_json::Value) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = http
        .post(format!("{}{path}", sim.url()))
        .body(body.to_string())
        .send();
    assert!(sent.await.unwrap().status().is_success());
}

fn file(rows: &[(&str, u32)]) -> StockFile {
    let mut file = StockFile::new();
    for (sku, quantity) in rows {
        file.push(sku, *quantity).unwrap();
    }
    file
}

async fn quantity(client: &Client, sku: &str) -> i64 {
    let page = client.offers(Some(sku), 0).await.unwrap();
    assert_eq!(page.items.len(), 1);
    page.items[0].quantity
}

#[tokio::test]
async fn good_rows_land_and_bad_ones_come_back_in_mirakls_words() {
    let (sim, client) = marketplace().await;
    let ways = json!({"import_delay_s": 60.0, "refuse": {"C": "Offer is \"locked\"; ask"}});
    tell(&sim, "/_sim/offers/ways", ways).await;

    let rows = file(&[("A", 9), ("GONE", 1), ("C", 4)]);
    let id = client.import_stock(rows).await.unwrap();
    assert_eq!(
        client.stock_import(&id).await.unwrap().state,
        ImportState::Waiting
    );
    sim.clock().advance(Duration::from_secs(40));
    assert_eq!(
        client.stock_import(&id).await.unwrap().state,
        ImportState::Running
    );
    assert_eq!(quantity(&client, "A").await, 5);
    sim.clock().advance(Duration::from_secs(20));

    let done = client.stock_import(&id).await.unwrap();
    assert_eq!(done.state, ImportState::Complete);
    assert!(done.has_error_report);
    assert_eq!(
        (done.lines_in_success, done.lines_in_error),
        (Some(1), Some(2))
    );
    let refused = client.stock_import_errors(&id).await.unwrap();
    let told: Vec<_> = refused
        .iter()
        .map(|row| (row.line, row.offer_sku.as_str(), row.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "GONE", "The offer with SKU GONE does not exist"),
            (4, "C", "Offer is \"locked\"; ask"),
        ]
    );
    assert_eq!(quantity(&client, "A").await, 9);
    assert_eq!(quantity(&client, "C").await, 0);
}

#[tokio::test]
async fn an_import_that_failed_changes_nothing() {
    let (sim, client) = marketplace().await;
    tell(&sim, "/_sim/offers/ways", json!({"fail_imports": true})).await;
    let id = client.import_stock(file(&[("A", 9)])).await.unwrap();
    assert_eq!(
        client.stock_import(&id).await.unwrap().state,
        ImportState::Failed
    );
    assert_eq!(quantity(&client, "A").await, 5);
}

#[tokio::test]
async fn an_order_lowers_the_quantity_and_a_cancel_gives_it_back() {
    let (sim, client) = marketplace().await;
    sim.create_order(OrderSpec::of("A", 2, "9.95").id("W1-A"))
        .unwrap();
    assert_eq!(quantity(&client, "A").await, 3);
    sim.cancel("W1-A").unwrap();
    assert_eq!(quantity(&client, "A").await, 5);
}

#[tokio::test]
async fn every_offer_is_read_back_file_by_file() {
    let (sim, client) = marketplace().await;
    let ways = json!({"export_delay_s": 10.0, "offers_a_file": 2});
    tell(&sim, "/_sim/offers/ways", ways).await;
    let id = client.request_offer_export(None).await.unwrap();
    assert_eq!(
        client.offer_export(&id).await.unwrap(),
        OfferExport::Pending
    );
    sim.clock().advance(Duration::from_secs(10));
    let OfferExport::Completed(files) = client.offer_export(&id).await.unwrap() else {
        panic!("not completed");
    };
    assert_eq!(files.len(), 2);
    let mut read = vec![];
    for file in &files {
        let file = client.offer_export_file(file).await.unwrap();
        assert!(file.unreadable.is_empty());
        read.extend(file.offers.into_iter().map(|o| (o.shop_sku, o.quantity)));
    }
    let expected = [("A", Some(5)), ("B;\"1", Some(7)), ("C", Some(0))];
    assert_eq!(read, expected.map(|(sku, units)| (sku.to_owned(), units)));
}

#[tokio::test]
async fn a_lost_answer_to_a_file_is_unknown() {
    let (sim, client) = marketplace().await;
    sim.faults()
        .inject(FaultRule::once("STO01", "reset-after-commit"))
        .unwrap();
    let lost = client.import_stock(file(&[("A", 9)])).await;
    assert!(matches!(lost, Err(Error::Unknown { call: "STO01", .. })));
    assert_eq!(quantity(&client, "A").await, 9);
}

#[tokio::test]
async fn a_file_without_rows_and_a_sku_that_breaks_lines_are_not_sent() {
    let (sim, client) = marketplace().await;
    let refused = client.import_stock(StockFile::new()).await;
    assert!(matches!(refused, Err(Error::Config { .. })));
    for sku in ["", "A\nB", "A\r"] {
        let refused = StockFile::new().push(sku, 1);
        assert!(matches!(refused, Err(Error::Config { .. })), "{sku:?}");
    }
    assert!(sim.calls().list().iter().all(|call| call.op != "STO01"));
}

#[tokio::test]
async fn an_answer_that_is_no_report_is_never_an_empty_one() {
    for body in ["", "<html>", "{}", "a;b\n1;2", "l;m;offer-sku\nx;why;A"] {
        let server = Scripted::start([Reply::of(200, body)]).await;
        let read = server.client().stock_import_errors("1").await;
        let unreadable = matches!(read, Err(Error::Unreadable { call: "STO03", .. }));
        assert!(unreadable, "{body}: {read:?}");
    }
}

#[tokio::test]
async fn another_imports_state_and_a_state_that_nobody_knows_are_not_taken_for_done() {
    let told = |id: &str, word: &str| {
        json!({"import_id": id, "status": word, "has_error_report": false}).to_string()
    };
    let server = Scripted::start([Reply::of(200, &told("2", "COMPLETE"))]).await;
    let read = server.client().stock_import("1").await;
    assert!(matches!(read, Err(Error::Unreadable { .. })));
    let server = Scripted::start([Reply::of(200, &told("1", "QUEUED"))]).await;
    let read = server.client().stock_import("1").await.unwrap();
    assert_eq!(read.state, ImportState::Unknown);
}

#[tokio::test]
async fn each_read_of_offers_says_what_to_do_about_its_failure() {
    let (sim, client) = marketplace().await;
    let id = client.request_offer_export(None).await.unwrap();
    let OfferExport::Completed(files) = client.offer_export(&id).await.unwrap() else {
        panic!("not completed");
    };
    for call in ["OF21", "OF53", "OF54"] {
        for (action, retry) in [
            ("reset", Retry::Backoff),
            ("status:503", Retry::Backoff),
            ("status:429:7", Retry::After(Duration::from_secs(7))),
            ("status:401", Retry::After(Duration::from_secs(60))),
            ("status:404", Retry::Never),
        ] {
            sim.faults().inject(FaultRule::once(call, action)).unwrap();
            let error = match call {
                "OF21" => client.offers(None, 0).await.map(drop),
                "OF53" => client.offer_export(&id).await.map(drop),
                _ => client.offer_export_file(&files[0]).await.map(drop),
            };
            let error = error.expect_err(action);
            assert_eq!((error.retry(), error.call()), (retry, call), "{action}");
        }
    }
    assert_eq!(client.offers(None, 0).await.unwrap().items.len(), 3);
    let missing = client.offer_export("GONE").await;
    assert!(matches!(missing, Err(Error::NotFound { call: "OF53", .. })));
}
