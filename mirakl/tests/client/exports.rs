//! Exports against the simulated marketplace, and answers that a client must not follow.

use domain::retry::Retry;
use mirakl::{Client, Config, Error, Export};
use secrecy::SecretString;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use super::scripted::{Reply, Scripted};

const SINCE: &str = "2026-03-01T00:00:00Z";
const UNTIL: &str = "2026-03-03T00:00:00Z";

async fn marketplace() -> (MiraklSim, Client) {
    let options = MiraklOptions {
        start: "2026-03-02T09:15:00Z".parse().ok(),
        speed: 0.0,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    for id in ["W1-A", "W2-A", "W3-A"] {
        let spec = OrderSpec::of("BC-1", 1, "9.95").id(id);
        sim.create_order(spec).unwrap();
    }
    let client = Client::new(Config::new(sim.url(), key)).unwrap();
    (sim, client)
}

async fn ask(client: &Client) -> Result<String, Error> {
    let (since, until) = (SINCE.parse().unwrap(), UNTIL.parse().unwrap());
    client.request_order_export(since, until).await
}

async fn change(sim: &MiraklSim, ways: serde_json::Value) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = http
        .post(format!("{}/_sim/exports", sim.url()))
        .body(ways.to_string())
        .send()
        .await
        .unwrap();
    assert!(sent.status().is_success());
}

#[tokio::test]
async fn an_export_is_asked_for_waited_for_and_read_file_by_file() {
    let (sim, client) = marketplace().await;
    change(&sim, json!({"delay_s": 30.0, "orders_a_file": 2})).await;

    let tracking_id = ask(&client).await.unwrap();
    assert_eq!(
        client.order_export(&tracking_id).await.unwrap(),
        Export::Pending
    );
    let second = ask(&client).await.unwrap_err();
    assert!(matches!(second, Error::Refused { status: 400, .. }));
    sim.clock().advance(std::time::Duration::from_secs(30));
    let Export::Completed(files) = client.order_export(&tracking_id).await.unwrap() else {
        panic!("not completed");
    };
    let mut ids = vec![];
    for file in &files {
        let orders = client.order_export_file(file).await.unwrap();
        ids.extend(orders.into_iter().map(|raw| raw.order.unwrap().order_id));
    }
    assert_eq!(files.len(), 2);
    assert_eq!(ids, ["W1-A", "W2-A", "W3-A"]);
}

#[tokio::test]
async fn an_export_that_failed_is_over() {
    let (sim, client) = marketplace().await;
    change(&sim, json!({"fail": true})).await;
    let tracking_id = ask(&client).await.unwrap();
    let status = client.order_export(&tracking_id).await.unwrap();
    assert_eq!(status, Export::Over("FAILED".into()));
}

#[tokio::test]
async fn a_file_on_another_host_is_never_asked_for() {
    let (sim, client) = marketplace().await;
    let elsewhere = Scripted::start([Reply::of(200, "[]")]).await;
    let port = elsewhere
        .config()
        .base_url
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    for host in [
        format!("127.0.0.1:{port}"),
        "169.254.169.254".to_owned(),
        format!("user@{}", sim.url().trim_start_matches("http://")),
        "example.mirakl.net".to_owned(),
    ] {
        change(&sim, json!({"files_at": host})).await;
        let tracking_id = ask(&client).await.unwrap();
        let refused = client.order_export(&tracking_id).await.unwrap_err();
        assert!(
            matches!(refused, Error::Elsewhere { call: "OR15" }),
            "{host}"
        );
        assert_eq!(refused.retry(), Retry::Never);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_list_of_orders_is_never_an_empty_one() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"orders":null}"#,
        "7",
        "[1",
        r#"{"orders":[1}"#,
    ] {
        let (sim, client) = marketplace().await;
        let tracking_id = ask(&client).await.unwrap();
        let completed = client.order_export(&tracking_id).await.unwrap();
        let Export::Completed(files) = completed else {
            panic!("not completed");
        };
        // The marketplace goes, and something else answers at its address.
        let address = sim.url();
        let address = address.trim_start_matches("http://");
        drop(sim);
        let _other = Scripted::start_at(address, [Reply::of(200, body)]).await;
        let read = client.order_export_file(&files[0]).await;
        let unreadable = matches!(read, Err(Error::Unreadable { call: "OR15", .. }));
        assert!(unreadable, "{body}: {read:?}");
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_export_began_is_unknown() {
    let (sim, client) = marketplace().await;
    change(&sim, json!({"delay_s": 30.0})).await;
    sim.faults()
        .inject(FaultRule::once("OR13", "reset-after-commit"))
        .unwrap();
    assert!(matches!(ask(&client).await, Err(Error::Unknown { .. })));
    // The lost one is still running, and ends by itself.
    assert!(matches!(ask(&client).await, Err(Error::Refused { .. })));
    sim.clock().advance(std::time::Duration::from_secs(30));
    assert!(ask(&client).await.is_ok());
}
