//! `bcm bench orders`: what one happy order costs in Temporal, from first sight to the end of its run.

use std::time::Duration;

use anyhow::Context;
use domain::marketplace::{MarketplaceCode, OrderKey};
use serde_json::json;
use temporalio_client::{UntypedSignal, UntypedWorkflow};
use temporalio_common::data_converters::RawValue;
use workflows::ids;

use super::Bench;
use super::billed::Run;
use super::figure::{Figure, Goal};
use super::witness::{Witness, until};
use crate::place::{Place, Setup};

/// Longest that one step may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a pull that brings nothing is given to do nothing.
const SETTLE: Duration = Duration::from_millis(700);

/// Takes some orders through their life, pull by pull.
///
/// At one pull a minute an order is seen once in each state it stays in. That is done here without
/// the waiting: the feeds are told to pull exactly when a minute's pull would find the next state,
/// and once more in between, so that every state that can be seen is seen.
///
/// # Errors
/// What kept the place from running, or an order that does not go on.
pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let orders: Vec<String> = (0..if bench.short { 1 } else { 5 })
        .map(|number| format!("C-{number:05}-A"))
        .collect();
    let setup = Setup {
        poll_s: 60.0,
        mirakl: json!({ "auto_debit": false, "start_update_overlap_s": 60 }),
        bluecherry: json!({}),
        ..Setup::default()
    };
    let place = Place::start(setup, &|line| bench.tell(line)).await?;
    place.stock(1_000).await?;
    let _worker = place.worker("worker").await?;
    bench.tell(&format!(
        "orders: {} happy orders, pull by pull",
        orders.len()
    ));
    let count = orders.len();
    for id in &orders {
        place.sell(id).await?;
    }
    pull(&place).await?;
    let accepted = |seen: &Witness| seen.accepted().len() >= count;
    until(bench, &place, "accepted", PATIENCE, accepted).await?;
    // WAITING_DEBIT is seen, and our sales order's number written back.
    pull(&place).await?;
    for id in &orders {
        let path = format!("/_sim/orders/{id}/debit");
        place.mirakl.post(&path, &json!({})).await?;
    }
    pull(&place).await?;
    let released = |seen: &Witness| seen.released() >= count;
    until(bench, &place, "released", PATIENCE, released).await?;
    pull(&place).await?;
    for id in &orders {
        let shipment = json!({ "external_po": format!("NW-{id}") });
        place.bluecherry.post("/_sim/shipments", &shipment).await?;
    }
    pull(&place).await?;
    let shipped = |seen: &Witness| seen.shipped().len() >= count;
    until(bench, &place, "shipped", PATIENCE, shipped).await?;
    for word in ["receive", "close"] {
        pull(&place).await?;
        for id in &orders {
            let path = format!("/_sim/orders/{id}/{word}");
            place.mirakl.post(&path, &json!({})).await?;
        }
    }
    pull(&place).await?;
    let mut runs = vec![];
    for id in &orders {
        runs.push(ended(&place, id).await?);
    }
    if let Some(run) = runs.first() {
        bench.tell(&format!("orders: a happy order is {:?}", run.actions));
    }
    let all = |of: fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let note = runs
        .first()
        .map(|run| format!("{:?}; every state seen by a pull of its own, from first sight to the end of the run", run.actions))
        .unwrap_or_default();
    Ok(vec![
        Figure::new(
            "orders",
            "billable actions of a happy order",
            &all(|run| run.total() as f64),
            "",
            Goal::AtMost(14.0),
        )
        .noted(note),
        Figure::new(
            "orders",
            "events of a happy order",
            &all(|run| run.events as f64),
            "",
            Goal::AtMost(90.0),
        ),
        Figure::new(
            "orders",
            "history of a happy order",
            &all(|run| run.kb),
            "KB",
            Goal::AtMost(100.0),
        ),
    ])
}

/// Has both feeds pull now, and waits until they have and what follows at once is done.
async fn pull(place: &Place) -> anyhow::Result<()> {
    let marketplace = MarketplaceCode::new("nordwind").context("a marketplace code")?;
    let before = pulls(&Witness::read(place).await?);
    let site = place.site();
    for id in [ids::orders_feed(&marketplace), ids::shipments_feed(&site)] {
        let feed = place.client.get_workflow_handle::<UntypedWorkflow>(id);
        let nothing = RawValue { payloads: vec![] };
        let poll_now = UntypedSignal::new("poll_now");
        feed.signal(poll_now, nothing, Default::default()).await?;
    }
    let pulled = tokio::time::timeout(PATIENCE, async {
        loop {
            let now = pulls(&Witness::read(place).await?);
            if now.0 > before.0 && now.1 > before.1 {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    pulled.await.context("the feeds do not pull")??;
    tokio::time::sleep(SETTLE).await;
    Ok(())
}

/// Pulls of orders, and reads of shipments, so far.
fn pulls(seen: &Witness) -> (usize, usize) {
    let orders = seen.mirakl_calls();
    let shipments = seen.bluecherry_calls();
    (
        orders.iter().filter(|c| c.op == "OR11").count(),
        shipments
            .iter()
            .filter(|c| c.op == "list_fulfilments")
            .count(),
    )
}

/// The history of an order's run, once it has ended.
async fn ended(place: &Place, order_id: &str) -> anyhow::Result<Run> {
    let key = OrderKey {
        marketplace: MarketplaceCode::new("nordwind").context("a marketplace code")?,
        order_id: order_id.to_owned(),
    };
    let id = ids::order(&key);
    let run = place
        .client
        .get_workflow_handle::<UntypedWorkflow>(id.clone());
    let ended = tokio::time::timeout(PATIENCE, run.get_result(Default::default()));
    ended.await.context("the run does not end")??;
    Run::read(&place.client, &id).await
}
