//! Starts the feeds, each of them once, and only over this worker's ledger.

use activities::Connections;
use anyhow::{Context, bail};
use temporalio_client::{
    Client, WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::MemoValues;
use workflows::activities::FeedInput;
use workflows::feeds::{CollectOrders, CollectShipments};
use workflows::ids;

/// Name of the memo that says which ledger a feed fills.
const LEDGER: &str = "ledger";

/// Starts every feed that does not run.
///
/// # Errors
/// A feed that fills another ledger: two workers with two ledgers on one shop would each know half.
pub async fn start(client: &Client, connections: &Connections) -> anyhow::Result<()> {
    let ledger_id = connections.ledger.id().to_owned();
    for code in connections.shops.keys() {
        let id = ids::orders_feed(code);
        is_ours(client, &id, &ledger_id).await?;
        let input = input(code.as_str(), &ledger_id);
        let options = options(&id, &ledger_id, &format!("Orders of {code}"));
        client
            .start_workflow(CollectOrders::run, input, options)
            .await
            .with_context(|| format!("feed {id}"))?;
    }
    let site = &connections.site.name;
    let id = ids::shipments_feed(site);
    is_ours(client, &id, &ledger_id).await?;
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
    let handle = client.get_workflow_handle::<CollectOrders>(id);
    let Ok(running) = handle.describe(WorkflowDescribeOptions::default()).await else {
        return Ok(());
    };
    if running.status() != WorkflowExecutionStatus::Running {
        return Ok(());
    }
    let theirs = running.memo().get::<String>(LEDGER).ok().flatten();
    if theirs.as_deref().is_some_and(|theirs| theirs != ledger_id) {
        bail!(
            "feed {id} is running over ledger {}, and this worker's ledger is {ledger_id}: it does not \
             start. Give it the ledger that the shop's orders are in; or, after a rebuild, terminate the \
             feed in the Temporal UI and start again.",
            theirs.unwrap_or_default()
        );
    }
    Ok(())
}
