//! Reads the world: both simulators' ledgers, Temporal, our exceptions and entries.

use std::collections::BTreeMap;

use domain::marketplace::{MarketplaceCode, OrderKey};
use ledger::{ExceptionFilter, Ledger};
use serde_json::Value;
use simulators::scenario::{GALERIA, NORDWIND, PlannedOrder};
use temporalio_client::{
    Client, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionInfo, WorkflowHandle,
};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use workflows::orders::FulfillOrder;

use super::ACCEPTANCE_LIMIT_S;
use super::faults::{System, TOLD_TO_WAIT_S};
use super::scene::{PACE, Scene};
use super::script::{Script, order_id};
use super::world::{Open, Planned, Run, World};

/// What the simulators and the list of exceptions say now.
pub(super) async fn look(
    scene: &Scene,
    ledger: &Ledger,
    plan: &[PlannedOrder],
    script: &Script,
) -> anyhow::Result<World> {
    let mut world = World {
        acceptance_limit_s: f64::from(ACCEPTANCE_LIMIT_S),
        told_to_wait_s: f64::from(TOLD_TO_WAIT_S),
        pulls_a_second: 1.0 / PACE.poll_s,
        worker_starts: scene.worker_starts,
        ledger_lost_at: scene.ledger_lost_at,
        skus: skus(scene),
        ..World::default()
    };
    for (name, system) in [(NORDWIND, System::Nordwind), (GALERIA, System::Galeria)] {
        let held = scene.control(system, "GET", "ledger", None).await?;
        world.shops.insert(name.to_owned(), held);
    }
    world.erp = scene
        .control(System::BlueCherry, "GET", "ledger", None)
        .await?;
    let exceptions = ledger
        .exceptions(&ExceptionFilter::default(), 10_000)
        .await?;
    for open in exceptions {
        let order = match (&open.marketplace, &open.order_id) {
            (Some(shop), Some(id)) => format!("{shop}/{id}"),
            _ => open.subject.clone(),
        };
        let kind = open.kind.as_str().to_owned();
        world.exceptions.push(Open { order, kind });
    }
    for (at, order) in plan.iter().enumerate() {
        world
            .plan
            .push(planned(order, script.disturbed.contains(&at)));
    }
    Ok(world)
}

fn planned(order: &PlannedOrder, disturbed: bool) -> Planned {
    let expect = &order.expect;
    let end = match expect {
        e if e.exception.is_some() => "exception",
        e if e.refused => "refused",
        e if e.cancelled => "cancelled",
        _ => "shipped",
    };
    Planned {
        marketplace: order.marketplace.to_owned(),
        order_id: order_id(order).to_owned(),
        end: end.to_owned(),
        exception: expect.exception.map(str::to_owned),
        disturbed,
    }
}

/// BlueCherry's SKU by `marketplace/offer SKU`, from the mapping table as a person wrote it.
fn skus(scene: &Scene) -> BTreeMap<String, String> {
    let files = scene.plan.mapping_files();
    let table = files.iter().find(|(name, _)| *name == "skus.csv");
    let text = table.map(|(_, text)| text.as_str()).unwrap_or_default();
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap_or_default();
    let place = |name: &str| head.iter().position(|column| *column == name);
    let (Some(shop), Some(offer), Some(sku)) =
        (place("marketplace"), place("offer_sku"), place("sku"))
    else {
        return BTreeMap::new();
    };
    let cell = |row: &[&str], at: usize| row.get(at).copied().unwrap_or_default().to_owned();
    rows.map(|row| {
        let name = format!("{}/{}", cell(&row, shop), cell(&row, offer));
        (name, cell(&row, sku))
    })
    .collect()
}

/// Audit entries of every planned order.
pub(super) async fn entries(
    ledger: &Ledger,
    plan: &[PlannedOrder],
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut entries = BTreeMap::new();
    for order in plan {
        let key = OrderKey {
            marketplace: MarketplaceCode::new(order.marketplace)
                .map_err(|_| anyhow::anyhow!("a marketplace of the plan has no code"))?,
            order_id: order_id(order).to_owned(),
        };
        let events = ledger.events(&key).await?;
        let mut words: Vec<String> = events.into_iter().map(|event| event.what).collect();
        // A worker that was killed over a call left its intent, which says who sent what and when; an
        // order that was called off before it was read again asks for no more.
        let intent = ledger.open_intent(&key, "accept_lines").await?;
        if intent.is_some_and(|intent| intent.attempts > 0) {
            words.push("acceptance_sent".to_owned());
        }
        entries.insert(key.to_string(), words);
    }
    Ok(entries)
}

/// Every run that Temporal has, with what its history says.
pub(super) async fn runs(client: &Client) -> anyhow::Result<Vec<Run>> {
    let mut listed = vec![];
    let mut all = client.list_workflows("", Default::default());
    while let Some(run) = futures::StreamExt::next(&mut all).await {
        let run = run?;
        listed.push((run.id().to_owned(), run.run_id().to_owned()));
    }
    let mut runs = vec![];
    for (id, run_id) in listed {
        runs.push(run(client, id, run_id).await?);
    }
    Ok(runs)
}

async fn run(client: &Client, id: String, run_id: String) -> anyhow::Result<Run> {
    let info = WorkflowExecutionInfo::builder()
        .namespace(client.options().namespace.clone())
        .workflow_id(id.clone())
        .run_id(run_id.clone())
        .build();
    let handle: WorkflowHandle<Client, UntypedWorkflow> = WorkflowHandle::new(client.clone(), info);
    let described = handle.describe(WorkflowDescribeOptions::default()).await?;
    let raw = described.raw();
    let bytes = raw
        .workflow_execution_info
        .as_ref()
        .map_or(0, |info| info.history_size_bytes);
    let pending = raw
        .pending_activities
        .iter()
        .map(|activity| {
            let kind = activity.activity_type.as_ref();
            let name = kind.map(|k| k.name.clone()).unwrap_or_default();
            format!("{name}, attempt {}", activity.attempt)
        })
        .collect();
    let events = handle
        .fetch_history(Default::default())
        .into_events()
        .await?;
    let mut task_failures = vec![];
    for event in &events {
        if let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &event.attributes {
            let cause = failed.cause().as_str_name();
            task_failures.push(format!("event {}: {cause}", event.event_id));
        }
    }
    let status = format!("{:?}", described.status());
    let open = status == "Running" && id.starts_with("order/");
    let step = match open {
        true => step(client, &id).await,
        false => None,
    };
    Ok(Run {
        id,
        run_id,
        status,
        events: events.len(),
        bytes: usize::try_from(bytes).unwrap_or_default(),
        task_failures,
        step,
        pending,
    })
}

/// Where an open run says it is; `None` where it does not answer.
async fn step(client: &Client, id: &str) -> Option<Value> {
    let handle = client.get_workflow_handle::<FulfillOrder>(id.to_owned());
    let asked = handle.query(FulfillOrder::progress, (), Default::default());
    let within = std::time::Duration::from_secs(10);
    let progress = tokio::time::timeout(within, asked).await.ok()?.ok()?;
    serde_json::to_value(progress.step?).ok()
}
