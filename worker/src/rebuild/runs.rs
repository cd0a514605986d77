//! What open runs remember that a lost ledger does not: the commands that people gave, and the writes
//! that wait for a person. And the runs that end with a lost ledger.

use std::collections::BTreeMap;

use activities::Remembered;
use anyhow::Context;
use domain::command::Answer;
use domain::exception::Problem;
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::progress::Blocked;
use domain::step::{Decision, Step, Wait};
use jiff::Timestamp;
use serde::Deserialize;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, NamespacedClient, UntypedWorkflow, WorkflowExecutionInfo, WorkflowHandle,
    WorkflowTerminateOptions,
};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::ListWorkflowExecutionsRequest;
use workflows::activities::CommandRequest;

/// Open runs of orders.
const OPEN: &str = "WorkflowType = 'FulfillOrder' AND ExecutionStatus = 'Running'";
/// Open runs that go by a ledger, beside the feeds and the orders.
const BY_LEDGER: &str =
    "WorkflowType IN ('Sweep', 'PublishStock', 'ReviewStock') AND ExecutionStatus = 'Running'";
/// Under this name a history has what a local activity answered.
const LOCAL: &str = "core_local_activity";
/// Runs a page.
const PAGE: i32 = 500;
/// Commands by which a person decides about a write that waits.
const DECIDES: [&str; 2] = ["retry", "mark_done"];
/// A run was continued as new no more often than this.
const EARLIER_RUNS: usize = 100;

/// The orders that have an open run, and its run ID.
///
/// # Errors
/// Temporal's.
pub async fn open(client: &Client) -> anyhow::Result<BTreeMap<OrderKey, String>> {
    let listed = listed(client, OPEN).await?.into_iter();
    let of_order = |(id, run_id): (String, String)| order_of(&id).map(|order| (order, run_id));
    Ok(listed.filter_map(of_order).collect())
}

/// Workflow and run IDs that a query finds.
async fn listed(client: &Client, query: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut service = client.connection().workflow_service();
    let mut found = vec![];
    let mut token = vec![];
    loop {
        let ask = ListWorkflowExecutionsRequest {
            namespace: client.namespace(),
            page_size: PAGE,
            next_page_token: token,
            query: query.to_owned(),
        };
        let page = service.list_workflow_executions(ask.into_request()).await;
        let page = page.context("listing the open runs")?.into_inner();
        for run in page.executions.into_iter().filter_map(|e| e.execution) {
            found.push((run.workflow_id, run.run_id));
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

/// What the histories of an order's runs tell.
#[derive(Debug, Default)]
pub struct Told {
    /// Commands that were taken, the oldest first.
    pub commands: Vec<Remembered>,
    /// Why a write waits for a person, if one does: nobody knows what became of it.
    pub parked: Option<Problem>,
}

/// What an order's run tells, and those that it went on from.
///
/// # Errors
/// Temporal's.
pub async fn told(client: &Client, order: &OrderKey, run_id: String) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let mut parking = None;
    let mut next = Some(run_id);
    for n in 0..EARLIER_RUNS {
        let Some(run_id) = next else { break };
        let events = match history(client, workflows::ids::order(order), run_id.clone()).await {
            Ok(events) => events,
            // An earlier run may be past its retention.
            Err(error) if n > 0 => {
                tracing::warn!("an earlier run of {order} cannot be read: {error:#}");
                break;
            }
            Err(error) => return Err(error),
        };
        let mut here = taken_in(&run_id, &events);
        here.append(&mut told.commands);
        told.commands = here;
        // The latest run that says something of it counts.
        parking = parking.or_else(|| parking_in(&events));
        next = events.first().and_then(continued_from);
    }
    told.parked = parking.flatten();
    Ok(told)
}

/// The part of their input that says which.
#[derive(Deserialize)]
struct OfLedger {
    ledger_id: String,
}

/// Ends the sweeps and the runs of stock that go by another ledger, because that one is lost. Answers
/// which.
///
/// One that the list does not show yet ends by itself with its next activity.
///
/// # Errors
/// Temporal's.
pub async fn end_those_of_another_ledger(
    client: &Client,
    ledger_id: &str,
) -> anyhow::Result<Vec<String>> {
    let mut ended = vec![];
    for (id, run_id) in listed(client, BY_LEDGER).await? {
        let events = history(client, id.clone(), run_id.clone()).await?;
        let input: Option<OfLedger> = events.first().and_then(|first| match &first.attributes {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                read(started.input.as_ref())
            }
            _ => None,
        });
        if input.is_none_or(|input| input.ledger_id == ledger_id) {
            continue;
        }
        let why = WorkflowTerminateOptions::builder()
            .reason("its ledger was lost and rebuilt")
            .build();
        match handle(client, id.clone(), run_id).terminate(why).await {
            Ok(_) => ended.push(id),
            // It came to its end meanwhile.
            Err(WorkflowInteractionError::NotFound(_)) => {}
            Err(error) => return Err(error).with_context(|| format!("ending {id}")),
        }
    }
    Ok(ended)
}

fn handle(client: &Client, id: String, run_id: String) -> WorkflowHandle<Client, UntypedWorkflow> {
    let info = WorkflowExecutionInfo::builder()
        .namespace(client.namespace())
        .workflow_id(id)
        .run_id(run_id)
        .build();
    WorkflowHandle::new(client.clone(), info)
}

async fn history(client: &Client, id: String, run_id: String) -> anyhow::Result<Vec<HistoryEvent>> {
    let run = handle(client, id.clone(), run_id);
    let history = run.fetch_history(Default::default());
    let events = history.into_events().await;
    events.with_context(|| format!("history of {id}"))
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

/// Does one history end with a write that waits for a person? `None` when it tells nothing of that.
fn parking_in(events: &[HistoryEvent]) -> Option<Option<Problem>> {
    let mut asked = BTreeMap::new();
    let mut parking = None;
    for event in events {
        match &event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let name = scheduled.activity_type.as_ref();
                let name = name.map(|t| t.name.as_str()).unwrap_or_default();
                asked.insert(event.event_id, (name, scheduled));
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                let Some((name, scheduled)) = asked.remove(&completed.scheduled_event_id) else {
                    continue;
                };
                let result = completed.result.as_ref();
                if name == "take_command" {
                    let answer: Option<Answer> = read(result);
                    let request: Option<CommandRequest> = read(scheduled.input.as_ref());
                    let decided = request.is_some_and(|r| DECIDES.contains(&r.name.as_str()));
                    if decided && answer.is_some_and(|answer| answer.done) {
                        parking = Some(None);
                    }
                } else if let Some(decision) = read::<Decision>(result) {
                    match parked(&decision) {
                        Some(problem) => parking = Some(Some(problem)),
                        // The step that was parked, or the look for it, came to something else.
                        None if parking.as_ref().is_some_and(|p| is_of(p.as_ref(), name)) => {
                            parking = Some(None);
                        }
                        None => {}
                    }
                }
            }
            Some(Attributes::MarkerRecordedEventAttributes(marker))
                if marker.marker_name == LOCAL =>
            {
                let decision: Option<Decision> = read(marker.details.get("result"));
                if let Some(problem) = decision.as_ref().and_then(parked) {
                    parking = Some(Some(problem));
                }
            }
            _ => {}
        }
    }
    parking
}

/// The problem of a write that waits for a person.
fn parked(decision: &Decision) -> Option<Problem> {
    let shown = decision.shown.blocked_on.as_ref();
    let waits_for = match &decision.step {
        Step::Wait(Wait::Person(problem)) => Some(problem),
        // While it is only looked for, or held besides, it is shown.
        _ => shown,
    };
    waits_for
        .filter(|p| Blocked::parked_step(p).is_some())
        .cloned()
}

/// Does this activity do the step that is parked?
fn is_of(parked: Option<&Problem>, activity: &str) -> bool {
    let step = parked.and_then(Blocked::parked_step);
    step.is_some_and(|step| step.as_str() == activity)
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
