//! What a worker refuses to start over, and what it answers once it runs.

use std::path::PathBuf;

use domain::exception::Kind;
use ledger::MasterKey;
use secrecy::ExposeSecret;
use serde_json::Value;
use simulators::mirakl::OrderSpec;
use worker::config::Config;

use crate::harness::{Beside, Hook, PATIENCE, Setup, Working, World, http, until};

#[tokio::test]
async fn a_worker_over_another_ledger_does_not_start_while_the_feed_runs() {
    let world = Setup::new("other-ledger").start().await;
    let worker = world.worker().await;
    let other = changed(&world, "other.toml", "sqlite://bcm.db", "sqlite://other.db");
    let refused = refusal(other).await;
    assert!(refused.contains("is running over ledger"), "{refused}");
    assert!(refused.contains(world.ledger.id()), "{refused}");

    world.sell(world.plain("K-1-A"));
    world.reaches("K-1-A", "SHIPPED").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_whose_ledger_is_taken_away_ends_by_itself_and_says_why() {
    let world = Setup::new("ledger-taken").start().await;
    let worker = world.worker().await;
    for file in ["bcm.db", "bcm.db-wal", "bcm.db-shm"] {
        // The last two are there only while somebody writes.
        let _ = std::fs::remove_file(world.folder.join(file));
    }
    let ended = worker.ends_by_itself().await;
    assert!(ended.contains("ledger was deleted or replaced"), "{ended}");
    assert!(!world.folder.join("bcm.db").exists());
}

#[tokio::test]
async fn the_wrong_shop_site_or_master_key_keeps_a_worker_from_starting() {
    let world = Setup::new("wrong-shop").start().await;
    let wrong_shop = changed(&world, "shop.toml", "shop_id = 2001", "shop_id = 2009");
    let refused = refusal(wrong_shop).await;
    assert!(refused.contains("may not act for shop 2009"), "{refused}");

    let wrong_site = changed(&world, "site.toml", "\"SIMSITE\"", "\"NORTH\"");
    let refused = refusal(wrong_site).await;
    assert!(
        refused.contains("is site SIMSITE") && refused.contains("NORTH"),
        "{refused}"
    );

    let key = MasterKey::generate().to_base64();
    std::fs::write(world.folder.join("other.key"), key.expose_secret()).unwrap();
    let wrong_key = changed(&world, "key.toml", "master.key", "other.key");
    let refused = refusal(wrong_key).await;
    assert!(refused.contains("the ledger cannot be opened"), "{refused}");
    assert!(!refused.contains(key.expose_secret()), "{refused}");
    assert_eq!(world.calls("OR11"), 0);
}

#[tokio::test]
async fn the_key_of_another_system_keeps_a_worker_from_starting_and_is_never_printed() {
    let world = Setup::new("production-key").start().await;
    // Keys of production in a test's configuration, one after the other.
    let table = [
        (
            "nordwind.key",
            "live-shop-key-0001",
            "Mirakl does not take the key",
        ),
        (
            "erp.key",
            "live-erp-key-0001",
            "BlueCherry does not take the key",
        ),
    ];
    for (file, key, says) in table {
        let path = world.folder.join(file);
        let right = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, key).unwrap();
        let refused = refusal(world.config()).await;
        assert!(refused.contains(says), "{file}: {refused}");
        assert!(!refused.contains(key), "{file}: {refused}");
        std::fs::write(&path, right).unwrap();
    }
    for op in ["OR11", "OR21"] {
        assert_eq!(world.calls(op), 0, "{op}");
    }
    assert_eq!(world.erp_calls("create_sales_order"), 0);
}

#[tokio::test]
async fn the_webhook_hears_ids_and_codes_and_the_port_answers() {
    let hook = Hook::listen().await;
    let mut setup = Setup::new("webhook");
    setup.more = hook.section();
    let world = setup.start().await;
    let started = Working::start(&world.config(), Beside::Everything).await;
    let worker = started.expect("a worker that starts");
    world.sell(OrderSpec::of("NW-GHOST", 1, "49.95").id("V-1-A"));
    let open = world.exception("V-1-A", Kind::UnmappedSku).await;

    let told = until("the webhook is told", PATIENCE, async || {
        hook.heard().first().cloned()
    })
    .await;
    let exception = &told["exceptions"][0];
    assert_eq!(exception["id"], open.id);
    assert_eq!(exception["kind"], "unmapped_sku");
    assert_eq!(exception["order_id"], "V-1-A");
    let fields: Vec<&String> = exception.as_object().unwrap().keys().collect();
    let known = [
        "deadline",
        "id",
        "kind",
        "level",
        "marketplace",
        "opened_at",
        "order_id",
        "overdue",
        "owner",
    ];
    assert_eq!(fields, known);

    let listen = Config::load(&world.config()).unwrap().http.listen;
    let health = http()
        .get(format!("http://{listen}/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
    let health: Value = serde_json::from_str(&health.text().await.unwrap()).unwrap();
    assert_eq!(
        (&health["status"], &health["polling"]),
        (&"ok".into(), &true.into())
    );
    let metrics = http()
        .get(format!("http://{listen}/metrics"))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = r#"bcm_exceptions_open{kind="unmapped_sku",owner="ecommerce"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
    let none_missed = r#"bcm_missed_orders_total{marketplace="nordwind"} 0"#;
    assert!(metrics.contains(none_missed), "{metrics}");
    let overdue = r#"bcm_orders_due{level="overdue"} 0"#;
    assert!(metrics.contains(overdue), "{metrics}");
    assert!(!metrics.contains("V-1-A"), "{metrics}");
    worker.stop().await;
}

/// The world's configuration with one thing changed.
fn changed(world: &World, name: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(world.config()).unwrap();
    assert!(text.contains(from), "{text}");
    let path = world.folder.join(name);
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path
}

/// Why a worker does not start over a configuration.
async fn refusal(config: PathBuf) -> String {
    match Working::start(&config, Beside::Mappings).await {
        Ok(_) => panic!("a worker started that must not"),
        Err(error) => format!("{error:#}"),
    }
}
