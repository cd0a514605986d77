//! Deadlines told as they draw near, also while Temporal is away.

use domain::deadline::Level;
use domain::exception::Kind;
use jiff::{SignedDuration, Timestamp};
use ledger::Exception;
use simulators::fault::FaultRule;

use crate::harness::{Beside, Hook, PATIENCE, Server, Setup, Working, World, until};

/// `[[marketplaces]]` stands last in the file, so a limit is added at its end: short, so that a test
/// sees it pass.
fn shorten(world: &World, limit_s: f64) {
    let path = world.config();
    let mut text = std::fs::read_to_string(&path).expect("the configuration");
    text += &format!("acceptance_limit_h = {}\n", limit_s / 3_600.0);
    std::fs::write(path, text).expect("the configuration written");
}

/// Levels at which the webhook was told of an order, in the order of telling.
fn told(hook: &Hook, order_id: &str) -> Vec<(String, i64)> {
    let messages = hook.heard();
    let exceptions = messages.iter().flat_map(|message| {
        message["exceptions"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    });
    exceptions
        .filter(|e| e["order_id"] == order_id)
        .map(|e| {
            let kind = e["kind"].as_str().unwrap_or_default().to_owned();
            (kind, e["level"].as_i64().unwrap_or_default())
        })
        .collect()
}

async fn raised(world: &World, order_id: &str) -> Exception {
    let what = format!("an exception of {order_id} that is raised");
    until(&what, PATIENCE, async || {
        let mine = |e: &Exception| e.order_id.as_deref() == Some(order_id) && e.level > Level::Calm;
        world.exceptions(false).await.into_iter().find(mine)
    })
    .await
}

#[tokio::test]
async fn a_deadline_is_told_at_each_level_once_also_while_temporal_is_away() {
    let hook = Hook::listen().await;
    let mut setup = Setup::new("deadlines");
    setup.more = hook.section();
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::alone(folder.path().to_owned()).await;
    let world = setup.start_on(server.clone()).await;
    // The webhook looks every five seconds: the levels are further apart.
    shorten(&world, 60.0);
    // Nothing can be accepted while the ERP is away.
    let away = FaultRule::once("*", "status:503").times(0);
    let worker = Working::start(&world.config(), Beside::Everything)
        .await
        .expect("a worker that starts");
    world.erp.faults().inject(away).expect("a fault");
    let mut sold = world.plain("D-1-A");
    sold.created_date = Some(Timestamp::now() - SignedDuration::from_secs(22));
    world.sell(sold);
    until("the order is in the ledger", PATIENCE, async || {
        let key = crate::harness::key("nordwind", "D-1-A");
        world.ledger.order(&key).await.ok().flatten()
    })
    .await;

    let first = raised(&world, "D-1-A").await;
    assert_eq!(
        (first.kind, first.level),
        (Kind::AcceptanceDue, Level::Half)
    );
    server.stop().await;

    let all = until("the webhook is told of the last", PATIENCE, async || {
        let told = told(&hook, "D-1-A");
        told.iter().any(|(_, level)| *level == 4).then_some(told)
    })
    .await;
    // One that is overtaken before it was told is not told any more; none is told twice.
    let levels: Vec<i64> = all.iter().map(|(_, level)| *level).collect();
    assert!(
        levels.is_sorted_by(|a, b| a < b),
        "each level once: {levels:?}"
    );
    assert_eq!((levels.first(), levels.last()), (Some(&1), Some(&4)));
    assert!(levels.len() >= 3, "{levels:?}");
    assert!(all.iter().all(|(kind, _)| kind == "acceptance_due"));
    let open = world.exceptions(false).await;
    let mine: Vec<_> = open
        .iter()
        .filter(|e| e.order_id.as_deref() == Some("D-1-A"))
        .collect();
    assert_eq!(mine.len(), 1);
    assert_eq!((mine[0].id, mine[0].level), (first.id, Level::Overdue));
    drop(worker);
}

#[tokio::test]
async fn a_deadline_that_is_met_closes_what_it_opened() {
    let world = Setup::new("deadline-met").shipping_by_hand().start().await;
    shorten(&world, 110.0);
    let worker = world.worker().await;
    let away = FaultRule::once("create_sales_order", "status:503").times(0);
    world.erp.faults().inject(away).expect("a fault");
    let mut late = world.plain("D-2-A");
    late.created_date = Some(Timestamp::now() - SignedDuration::from_secs(60));
    world.sell(late);
    let opened = raised(&world, "D-2-A").await;
    assert_eq!(opened.kind, Kind::AcceptanceDue);
    world.erp.faults().clear();
    world.reaches("D-2-A", "SHIPPING").await;
    until("it is closed", PATIENCE, async || {
        let all = world.exceptions(true).await;
        let mine = all.into_iter().find(|e| e.id == opened.id)?;
        (mine.closed_by.as_deref() == Some("deadline_met")).then_some(())
    })
    .await;
    worker.stop().await;
}
