//! The second pass: after everything has settled, one more full look from empty memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulators::scenario::{GALERIA, NORDWIND};
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionStatus,
};
use temporalio_common::data_converters::RawValue;

use super::gather;
use super::seed::{LOOK, Play};
use super::world::{SecondPass, World, number, rows, text};

/// The second pass is over within this.
const SECOND_PASS: Duration = Duration::from_secs(40);

impl Play {
    /// Everything is looked at again, by a worker that knows nothing: what is written then?
    pub(super) async fn second_pass(
        &mut self,
        client: &Client,
        settled: bool,
    ) -> anyhow::Result<SecondPass> {
        let open = open_orders(client).await?;
        if !settled {
            // What had not settled goes on: that would be no second pass.
            return Ok(SecondPass {
                told: open.len(),
                ..SecondPass::default()
            });
        }
        self.scene.kill_workers().await?;
        let before = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
        let mut lengths = BTreeMap::new();
        for id in &open {
            lengths.insert(id.clone(), length(client, id).await?);
            tell(client, id, "order_changed").await?;
        }
        if self.scene.ledger_lost_at.is_some() {
            self.scene.rebuild_again().await?;
        }
        self.scene.ready(0).await?;
        let mut silent = open.clone();
        let begun = Instant::now();
        let mut pulls;
        loop {
            self.scene.tend()?;
            let mut still = vec![];
            for id in silent {
                // The signal itself is one event, and its workflow task has three at least.
                let grown = length(client, &id).await? >= lengths[&id] + 4;
                if !grown {
                    still.push(id);
                }
            }
            silent = still;
            let now = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
            pulls = pulls_since(&before, &now);
            let done = silent.is_empty() && pulls.values().all(|n| *n >= 2);
            if done || begun.elapsed() >= SECOND_PASS {
                let known = commits(&before);
                let mut new = commits(&now);
                for (name, count) in known {
                    if let Some(left) = new.get_mut(&name) {
                        *left -= count;
                    }
                }
                new.retain(|_, count| *count > 0);
                return Ok(SecondPass {
                    settled: true,
                    told: open.len(),
                    silent,
                    pulls,
                    commits: new.into_keys().collect(),
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Committed calls by system, operation and key, and how often each.
pub(super) fn commits(world: &World) -> BTreeMap<String, usize> {
    let mut commits = BTreeMap::new();
    let shops = world.shops.iter().map(|(name, held)| (name.as_str(), held));
    for (system, held) in shops.chain([("bluecherry", &world.erp)]) {
        for call in rows(held, "calls")
            .iter()
            .filter(|c| c["committed"] == true)
        {
            let name = format!("{system} {} {}", text(call, "op"), text(call, "key"));
            *commits.entry(name).or_default() += 1;
        }
    }
    commits
}

/// Pulls of each feed between two looks.
fn pulls_since(before: &World, now: &World) -> BTreeMap<String, usize> {
    let count = |held: &Value, op: &str| {
        let calls = rows(held, "calls").iter();
        calls
            .filter(|c| text(c, "op") == op && number(c, "status") == 200)
            .count()
    };
    let mut pulls = BTreeMap::new();
    for shop in [NORDWIND, GALERIA] {
        let grown = match (before.shops.get(shop), now.shops.get(shop)) {
            (Some(before), Some(now)) => count(now, "OR11") - count(before, "OR11"),
            _ => 0,
        };
        pulls.insert(format!("{shop}/orders"), grown);
    }
    let of_erp = |world: &World| count(&world.erp, "list_fulfilments");
    pulls.insert("shipments".to_owned(), of_erp(now) - of_erp(before));
    pulls
}

async fn open_orders(client: &Client) -> anyhow::Result<Vec<String>> {
    let mut open = vec![];
    let mut all = client.list_workflows("", Default::default());
    while let Some(run) = futures::StreamExt::next(&mut all).await {
        let run = run?;
        if run.status() == WorkflowExecutionStatus::Running && run.id().starts_with("order/") {
            open.push(run.id().to_owned());
        }
    }
    Ok(open)
}

async fn length(client: &Client, id: &str) -> anyhow::Result<usize> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(id.to_owned());
    let described = run.describe(WorkflowDescribeOptions::default()).await?;
    Ok(match described.status() {
        WorkflowExecutionStatus::Running => described.history_length(),
        // It looked, and ended.
        _ => usize::MAX,
    })
}

async fn tell(client: &Client, id: &str, signal: &str) -> anyhow::Result<()> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(id.to_owned());
    let nothing = RawValue { payloads: vec![] };
    run.signal(UntypedSignal::new(signal), nothing, Default::default())
        .await?;
    Ok(())
}
