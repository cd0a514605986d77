//! What open runs remember that a lost ledger does not: the commands that people gave.

use std::collections::BTreeMap;

use activities::Remembered;
use anyhow::Context;
use domain::command::Answer;
use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::Timestamp;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, NamespacedClient, UntypedWorkflow, WorkflowExecutionInfo, WorkflowHandle,
};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::ListWorkflowExecutionsRequest;

/// Open runs of orders.
const OPEN: &str = "WorkflowType = 'FulfillOrder' AND ExecutionStatus = 'Running'";
/// Runs a page.
const PAGE: i32 = 500;
/// A run was continued as new no more often than this.
const EARLIER_RUNS: usize = 100;

/// The orders that have an open run, and its run ID.
///
/// # Errors
/// Temporal's.
pub async fn open(client: &Client) -> anyhow::Result<BTreeMap<OrderKey, String>> {
    let mut service = client.connection().workflow_service();
    let mut found = BTreeMap::new();
    let mut token = vec![];
    loop {
        let ask = ListWorkflowExecutionsRequest {
            namespace: client.namespace(),
            page_size: PAGE,
            next_page_token: token,
            query: OPEN.to_owned(),
        };
        let page = service.list_workflow_executions(ask.into_request()).await;
        let page = page.context("listing the open runs")?.into_inner();
        for run in page.executions.into_iter().filter_map(|e| e.execution) {
            found.extend(order_of(&run.workflow_id).map(|order| (order, run.run_id)));
        }
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(found);
        }
    }
}

/// The order of `order/{marketplace}/{order_id}`.
fn order_of(workflow_id: &str) -> Option<OrderKey> {
    let (marketplace, order_id) = workflow_id.strip_prefix("order/")?.split_once('/')?;
    Some(OrderKey {
        marketplace: MarketplaceCode::new(marketplace).ok()?,
        order_id: order_id.to_owned(),
    })
}

/// The commands that an order's run took, and those that it went on from, the oldest first.
///
/// # Errors
/// Temporal's.
pub async fn commands(
    client: &Client,
    order: &OrderKey,
    run_id: String,
) -> anyhow::Result<Vec<Remembered>> {
    let mut taken = vec![];
    let mut next = Some(run_id);
    for _ in 0..EARLIER_RUNS {
        let Some(run_id) = next else { break };
        let info = WorkflowExecutionInfo::builder()
            .namespace(client.namespace())
            .workflow_id(workflows::ids::order(order))
            .run_id(run_id.clone())
            .build();
        let handle = WorkflowHandle::<_, UntypedWorkflow>::new(client.clone(), info);
        let events = handle.fetch_history(Default::default()).into_events().await;
        let events = match events {
            Ok(events) => events,
            // An earlier run may be past its retention.
            Err(error) if !taken.is_empty() => {
                tracing::warn!("an earlier run of {order} cannot be read: {error}");
                break;
            }
            Err(error) => return Err(error).with_context(|| format!("history of {order}")),
        };
        let mut here = taken_in(&run_id, &events);
        here.append(&mut taken);
        taken = here;
        next = events.first().and_then(continued_from);
    }
    Ok(taken)
}

fn continued_from(event: &HistoryEvent) -> Option<String> {
    match &event.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            Some(started.continued_execution_run_id.clone()).filter(|id| !id.is_empty())
        }
        _ => None,
    }
}

/// The commands in one history whose activity answered that they were taken.
fn taken_in(run_id: &str, events: &[HistoryEvent]) -> Vec<Remembered> {
    let mut asked = BTreeMap::new();
    let mut taken = vec![];
    for event in events {
        match &event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let name = scheduled.activity_type.as_ref();
                if name.is_some_and(|t| t.name == "take_command") {
                    asked.insert(event.event_id, scheduled);
                }
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                let Some(scheduled) = asked.remove(&completed.scheduled_event_id) else {
                    continue;
                };
                let answer: Option<Answer> = read(completed.result.as_ref());
                let request = read(scheduled.input.as_ref());
                if let (Some(true), Some(request)) = (answer.map(|a| a.done), request) {
                    taken.push(Remembered {
                        run_id: run_id.to_owned(),
                        activity_id: scheduled.activity_id.clone(),
                        at: moment(event),
                        request,
                    });
                }
            }
            _ => {}
        }
    }
    taken
}

fn read<T: serde::de::DeserializeOwned>(payloads: Option<&Payloads>) -> Option<T> {
    let first = payloads?.payloads.first()?;
    serde_json::from_slice(&first.data).ok()
}

fn moment(event: &HistoryEvent) -> Timestamp {
    let at = event.event_time.as_ref();
    at.and_then(|t| Timestamp::new(t.seconds, t.nanos).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
