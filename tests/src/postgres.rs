//! The ledger on PostgreSQL: several workers on one, and a connection that breaks.

#[path = "../../ledger/tests/server/postgres.rs"]
mod server;

use activities::Clock;
use ledger::MasterKey;
use secrecy::ExposeSecret;
use worker::connect;

use crate::harness::{Beside, PATIENCE, Setup, Working, World, load, until};

/// Ends every connection to the ledgers, as a restarted database does.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname LIKE 'bcm_%' AND pid <> pg_backend_pid()";

#[tokio::test]
async fn two_workers_on_one_postgresql_ledger_carry_twenty_orders_over_a_cut_connection() {
    let Some(server) = server::server() else {
        return;
    };
    let mut setup = Setup::new("postgres");
    setup.ledger = server.database();
    let world = setup.start().await;
    let workers = [world.worker().await, world.worker().await];
    let ids: Vec<String> = (1..=20).map(|n| format!("Q-{n}-A")).collect();
    for id in &ids[..10] {
        world.sell(world.plain(id));
    }
    until("orders are under way", PATIENCE, async || {
        (world.erp_calls("create_sales_order") >= 3).then_some(())
    })
    .await;
    server.run(CUT);
    for id in &ids[10..] {
        world.sell(world.plain(id));
    }
    for id in &ids {
        world.reaches(id, "SHIPPED").await;
        assert_eq!(world.sales_order(id)["status"], "shipped", "{id}");
        assert_eq!(world.effects("accepts", id).len(), 1, "{id}");
        assert_eq!(world.effects("shipments", id).len(), 1, "{id}");
    }
    world.assert_accepted_after_the_sales_order();
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_strange_postgresql_ledger_a_wrong_key_and_no_database_keep_a_worker_from_starting() {
    let Some(server) = server::server() else {
        return;
    };
    let mut setup = Setup::new("postgres-strange");
    setup.ledger = server.database();
    let world = setup.start().await;
    let worker = world.worker().await;

    let url = load_url(&world);
    let others = server.database();
    let strange = refusal(&world, "strange.toml", &url, &others).await;
    assert!(strange.contains("is running over ledger"), "{strange}");
    assert!(strange.contains(world.ledger.id()), "{strange}");
    let config = load(&world.folder.join("strange.toml")).unwrap();
    let untouched = connect::ledger(&config, &Clock::system()).await.unwrap();
    assert_eq!(untouched.mapping_version().await.unwrap(), 0, "no tables");

    let key = MasterKey::generate().to_base64();
    std::fs::write(world.folder.join("other.key"), key.expose_secret()).unwrap();
    let wrong = refusal(&world, "key.toml", "master.key", "other.key").await;
    assert!(wrong.contains("not the one this ledger"), "{wrong}");
    assert!(!wrong.contains(key.expose_secret()), "{wrong}");

    let nowhere = refusal(&world, "nowhere.toml", "/bcm_", "/no_such_").await;
    assert!(nowhere.contains("must be there already"), "{nowhere}");
    worker.stop().await;
}

fn load_url(world: &World) -> String {
    let text = std::fs::read_to_string(world.config()).unwrap();
    let line = text.lines().find(|l| l.starts_with("url = \"postgres"));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}

/// Why a worker does not start over the configuration with one thing changed.
async fn refusal(world: &World, name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(world.config()).unwrap();
    assert!(text.contains(from), "{text}");
    let path = world.folder.join(name);
    std::fs::write(&path, text.replace(from, to)).unwrap();
    match Working::start(&path, Beside::Mappings).await {
        Ok(_) => panic!("a worker started that must not"),
        Err(error) => format!("{error:#}"),
    }
}
