//! Starts the feeds, each of them once, and only over this worker's ledger.

use activities::Connections;
use anyhow::{Context, bail};
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{
    Client, WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::MemoValues;
use workflows::activities::FeedInput;
use workflows::feeds::{CollectOrders, CollectShipments};
use workflows::ids;

/// Name of the memo that says which ledger a feed fills.
const LEDGER: &str = "ledger";

/// Makes sure that this worker's ledger is the one that running feeds fill. To be asked before anything
/// of this worker is put in force.
///
/// # Errors
/// A feed that fills another ledger: two workers with two ledgers on one shop would each know half.
/// A ledger that is half rebuilt.
pub async fn check(client: &Client, connections: &Connections) -> anyhow::Result<()> {
    if connections
        .ledger
        .rebuild()
        .await?
        .is_some_and(|r| r.finished_at.is_none())
    {
        bail!(
            "this ledger is half rebuilt: no worker starts over it. Run `bcm ledger rebuild` again; \
             it goes on where it stopped."
        );
    }
    let shops = connections.shops.keys().map(ids::orders_feed);
    let site = ids::shipments_feed(&connections.site.name);
    for id in shops.chain([site]) {
        is_ours(client, &id, connections.ledger.id()).await?;
    }
    Ok(())
}

/// Starts every feed that does not run.
///
/// # Errors
/// As [`check`], before any feed is started.
pub async fn start(client: &Client, connections: &Connections) -> anyhow::Result<()> {
    check(client, connections).await?;
    let ledger_id = connections.ledger.id().to_owned();
    for code in connections.shops.keys() {
        let id = ids::orders_feed(code);
        let input = input(code.as_str(), &ledger_id);
        let options = options(&id, &ledger_id, &format!("Orders of {code}"));
        client
            .start_workflow(CollectOrders::run, input, options)
            .await
            .with_context(|| format!("feed {id}"))?;
    }
    let site = &connections.site.name;
    let id = ids::shipments_feed(site);
    let options = options(&id, &ledger_id, &format!("Shipments of {site}"));
    client
        .start_workflow(CollectShipments::run, input(site, &ledger_id), options)
        .await
        .with_context(|| format!("feed {id}"))?;
    Ok(())
}

fn input(of: &str, ledger_id: &str) -> FeedInput {
    FeedInput {
        of: of.to_owned(),
        ledger_id: ledger_id.to_owned(),
        paused: false,
    }
}

fn options(id: &str, ledger_id: &str, summary: &str) -> WorkflowStartOptions {
    let mut memo = MemoValues::new();
    memo.insert(LEDGER, ledger_id.to_owned());
    WorkflowStartOptions::new(ids::FEEDS, id)
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
        .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
        .memo(memo)
        .static_summary(summary)
        .build()
}

async fn is_ours(client: &Client, id: &str, ledger_id: &str) -> anyhow::Result<()> {
    if let Some(theirs) = other_ledger(client, id, ledger_id).await? {
        bail!(
            "feed {id} is running over ledger {theirs}, and this worker's ledger is {ledger_id}: it does not \
             start. Give it the ledger that the shop's orders are in; or, if that one is lost, run \
             `bcm ledger rebuild`, which ends the feed."
        );
    }
    Ok(())
}

/// The ledger that a running feed fills, when it is another one.
async fn other_ledger(
    client: &Client,
    id: &str,
    ledger_id: &str,
) -> anyhow::Result<Option<String>> {
    let handle = client.get_workflow_handle::<CollectOrders>(id);
    let running = match handle.describe(WorkflowDescribeOptions::default()).await {
        Ok(running) => running,
        Err(WorkflowInteractionError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("feed {id}")),
    };
    if running.status() != WorkflowExecutionStatus::Running {
        return Ok(None);
    }
    let theirs = running.memo().get::<String>(LEDGER).ok().flatten();
    Ok(theirs.filter(|theirs| theirs != ledger_id))
}

/// Ends the feeds that fill another ledger, because that one is lost; the next worker starts them
/// over this one. Answers which.
///
/// # Errors
/// Temporal's.
pub async fn end_those_of_another_ledger(
    client: &Client,
    connections: &Connections,
) -> anyhow::Result<Vec<String>> {
    let ledger_id = connections.ledger.id();
    let mut feeds: Vec<String> = connections.shops.keys().map(ids::orders_feed).collect();
    feeds.push(ids::shipments_feed(&connections.site.name));
    let mut ended = vec![];
    for id in feeds {
        if other_ledger(client, &id, ledger_id).await?.is_none() {
            continue;
        }
        let why = WorkflowTerminateOptions::builder()
            .reason("its ledger was lost and rebuilt")
            .build();
        let handle = client.get_workflow_handle::<CollectOrders>(id.as_str());
        handle
            .terminate(why)
            .await
            .with_context(|| format!("feed {id}"))?;
        ended.push(id);
    }
    Ok(ended)
}
