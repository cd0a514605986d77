//! A world whose first marketplace publishes stock when a test says so.

use std::collections::BTreeMap;

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{OfferStock, Publication};
use serde_json::{Value, json};
use simulators::bluecherry::RecordType;
use simulators::scenario::NORDWIND;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use workflows::ids;

use crate::harness::{PATIENCE, Setup, World, history, http, key, post, until};

/// A world of which BlueCherry makes a batch when a test says so, and whose schedules do not come
/// within the test.
pub fn setup(name: &'static str) -> Setup {
    let mut setup = Setup::new(name).shipping_by_hand();
    setup.erp.position_cadence_s = 7 * 86_400;
    setup.more = "[stock]\nevery_s = 86400\n[stock.pools]\npools = [\"MAIN\"]\n".to_owned();
    setup.stock =
        Some("{ price_level = \"RETAIL\", currency = \"USD\", read_back_s = 3600 }".to_owned());
    setup
}

/// The marketplace.
pub fn nordwind() -> MarketplaceCode {
    key(NORDWIND, "").marketplace
}

/// Has BlueCherry make a batch; `spoil` is what is wrong with it, or `none`.
pub async fn batch(world: &World, spoil: &str) {
    world
        .warehouse("/_sim/batches/run", json!({ "spoil": spoil }))
        .await;
}

/// Puts every item on `nordwind`, with this quantity.
pub async fn list_all(world: &World, quantity: i64) {
    let all = world.plan.catalogue().iter();
    let offers: BTreeMap<String, i64> = all
        .map(|item| (item.offer_sku(NORDWIND), quantity))
        .collect();
    post(
        &format!("{}/_sim/offers", world.nordwind.url()),
        json!(offers),
    )
    .await;
}

/// What `nordwind` shows of each offer.
pub async fn shown(world: &World) -> BTreeMap<String, i64> {
    let seen: Value = offers(world).await;
    let offers = seen["offers"].as_object().expect("offers");
    let quantity = |offer: &Value| offer["quantity"].as_i64().expect("a quantity");
    offers
        .iter()
        .map(|(sku, offer)| (sku.clone(), quantity(offer)))
        .collect()
}

/// How Mirakl's imports and exports go from now on.
pub async fn ways(world: &World, ways: Value) {
    post(&format!("{}/_sim/offers/ways", world.nordwind.url()), ways).await;
}

/// Offers and imports as the simulator has them.
pub async fn offers(world: &World) -> Value {
    let url = format!("{}/_sim/offers", world.nordwind.url());
    let answer = http().get(url).send().await.expect("an answer");
    let text = answer.text().await.expect("a body");
    serde_json::from_str(&text).expect("JSON")
}

/// Triggers the schedule as a person does.
pub async fn trigger(world: &World) {
    let schedule = world.client.get_schedule_handle(ids::stock(&nordwind()));
    let triggered = schedule.trigger(ScheduleOverlapPolicy::Skip, Default::default());
    triggered.await.expect("a run that begins");
}

/// Number of the newest computation; 0 before the first.
pub async fn newest(world: &World) -> i64 {
    let all = world.ledger.publications(&nordwind(), 1).await;
    let newest = all.expect("computations").pop();
    newest.map_or(0, |publication| publication.snapshot_no)
}

/// Waits for a computation after that number that came to its end.
pub async fn done_after(world: &World, before: i64) -> Publication {
    until("stock is published", PATIENCE, async || {
        let newest = world
            .ledger
            .publications(&nordwind(), 1)
            .await
            .ok()?
            .pop()?;
        (newest.snapshot_no > before && newest.state == "done").then_some(newest)
    })
    .await
}

/// Publishes once and waits for the end. A trigger that meets a run under way is said again.
pub async fn publish(world: &World) -> Publication {
    let (from, mut looks) = (Timestamp::now(), 0);
    until("stock is published", PATIENCE, async || {
        if looks % 100 == 0 {
            trigger(world).await;
        }
        looks += 1;
        let newest = world
            .ledger
            .publications(&nordwind(), 1)
            .await
            .ok()?
            .pop()?;
        (newest.began_at >= from && newest.state == "done").then_some(newest)
    })
    .await
}

/// An offer in the ledger.
pub async fn offer(world: &World, offer_sku: &str) -> OfferStock {
    let found = world.ledger.offer_stock(&nordwind(), offer_sku).await;
    found.expect("a ledger").expect("an offer")
}

/// What each offer may show at most, from the stock that BlueCherry opened with: first quality in
/// warehouses, less what is reserved and wanted there.
pub fn pickable(world: &World) -> BTreeMap<String, i64> {
    let opening = world.plan.bluecherry_options().stock;
    let mut units = BTreeMap::<String, i64>::new();
    for row in opening {
        if row.lot.is_some() || row.warehouse == "POE" {
            continue;
        }
        let sign = match row.record_type {
            RecordType::R1 => 1,
            RecordType::Rs | RecordType::Dm => -1,
            other => panic!("{other:?} is not opened with"),
        };
        *units.entry(row.sku).or_default() += sign * row.qty;
    }
    let all = world.plan.catalogue().iter();
    all.map(|item| {
        let quantity = units.get(&item.item.sku).copied().unwrap_or_default();
        (item.offer_sku(NORDWIND), quantity.max(0))
    })
    .collect()
}

/// Histories of the schedule's runs that have ended.
pub async fn ended_runs(world: &World) -> Vec<Vec<HistoryEvent>> {
    let schedule = world.client.get_schedule_handle(ids::stock(&nordwind()));
    let described = schedule.describe(Default::default()).await;
    let mut runs = vec![];
    for action in described.expect("a schedule").recent_actions() {
        let run = world.workflow_run(&action.workflow_id, &action.run_id);
        let events = history(&run).await;
        let last = events.last().map(HistoryEvent::event_type);
        if last == Some(EventType::WorkflowExecutionCompleted) {
            runs.push(events);
        }
    }
    runs
}
