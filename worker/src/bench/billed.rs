//! What Temporal's cloud would bill for a run, counted from its history.

use std::collections::BTreeMap;

use temporalio_client::{Client, UntypedWorkflow, WorkflowDescribeOptions};
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

/// Markers of local activities have this name.
const LOCAL_ACTIVITY: &str = "core_local_activity";

/// Billable actions by kind; kinds that did not happen are not listed.
pub type Actions = BTreeMap<&'static str, u64>;

/// One run, as its history tells of it.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What would be billed.
    pub actions: Actions,
    /// Events.
    pub events: usize,
    /// Size of the history in KB (1,000 bytes), as the server counts it.
    pub kb: f64,
}

impl Run {
    /// Reads the history of the newest run with this ID.
    ///
    /// # Errors
    /// The server's; a run that is not there.
    pub async fn read(client: &Client, workflow_id: &str) -> anyhow::Result<Self> {
        let run = client.get_workflow_handle::<UntypedWorkflow>(workflow_id.to_owned());
        let history = run.fetch_history(Default::default()).into_events().await?;
        let described = run.describe(WorkflowDescribeOptions::default()).await?;
        let info = described.raw().workflow_execution_info.as_ref();
        let bytes = info.map_or(0, |info| info.history_size_bytes);
        Ok(Self {
            actions: actions(&history),
            events: history.len(),
            kb: bytes as f64 / 1_000.0,
        })
    }

    /// All actions together.
    pub fn total(&self) -> u64 {
        self.actions.values().sum()
    }
}

/// Counts the billable actions of a history.
///
/// - A start counts one, and a signal one; both in one call, as `signal-with-start`, one together.
/// - An activity counts once for each attempt, a timer once, an update once, continue-as-new once.
/// - An upsert of search attributes counts once for each command.
/// - All local activities of one workflow task count once together.
///
/// Source: Temporal's pricing page, "actions".
pub fn actions(history: &[HistoryEvent]) -> Actions {
    let mut actions = Actions::new();
    let mut add = |kind, n: u64| *actions.entry(kind).or_default() += n;
    let mut local_of_task = None;
    for (place, event) in history.iter().enumerate() {
        match (event.event_type(), &event.attributes) {
            (EventType::WorkflowExecutionStarted, _) => add("start", 1),
            // Only signal-with-start writes both before the first workflow task is scheduled.
            (EventType::WorkflowExecutionSignaled, _) if place == 1 => {}
            (EventType::WorkflowExecutionSignaled, _) => add("signal", 1),
            (EventType::ActivityTaskScheduled, _) => add("activity", 1),
            (_, Some(Attributes::ActivityTaskStartedEventAttributes(started))) => {
                let again = started.attempt.saturating_sub(1);
                add("activity attempt", u64::try_from(again).unwrap_or_default());
            }
            (_, Some(Attributes::MarkerRecordedEventAttributes(marker))) => {
                let task = Some(marker.workflow_task_completed_event_id);
                if marker.marker_name == LOCAL_ACTIVITY && local_of_task != task {
                    local_of_task = task;
                    add("local activities", 1);
                }
            }
            (EventType::TimerStarted, _) => add("timer", 1),
            (EventType::UpsertWorkflowSearchAttributes, _) => add("search attributes", 1),
            (EventType::WorkflowExecutionUpdateAccepted, _) => add("update", 1),
            (EventType::WorkflowExecutionContinuedAsNew, _) => add("continue as new", 1),
            _ => {}
        }
    }
    actions.retain(|_, n| *n > 0);
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::history::v1::{
        ActivityTaskStartedEventAttributes, MarkerRecordedEventAttributes,
    };

    fn event(kind: EventType) -> HistoryEvent {
        HistoryEvent {
            event_type: kind as i32,
            ..HistoryEvent::default()
        }
    }

    fn with(kind: EventType, attributes: Attributes) -> HistoryEvent {
        HistoryEvent {
            attributes: Some(attributes),
            ..event(kind)
        }
    }

    fn marker(name: &str, task: i64) -> HistoryEvent {
        let attributes = MarkerRecordedEventAttributes {
            marker_name: name.to_owned(),
            workflow_task_completed_event_id: task,
            ..MarkerRecordedEventAttributes::default()
        };
        let attributes = Attributes::MarkerRecordedEventAttributes(attributes);
        with(EventType::MarkerRecorded, attributes)
    }

    fn started(attempt: i32) -> HistoryEvent {
        let attributes = ActivityTaskStartedEventAttributes {
            attempt,
            ..ActivityTaskStartedEventAttributes::default()
        };
        let attributes = Attributes::ActivityTaskStartedEventAttributes(attributes);
        with(EventType::ActivityTaskStarted, attributes)
    }

    #[test]
    fn signal_with_start_is_one_action_and_a_later_signal_another() {
        let history = [
            event(EventType::WorkflowExecutionStarted),
            event(EventType::WorkflowExecutionSignaled),
            event(EventType::WorkflowTaskScheduled),
            event(EventType::WorkflowExecutionSignaled),
        ];
        let counted = actions(&history);
        assert_eq!(counted, Actions::from([("signal", 1), ("start", 1)]));
    }

    #[test]
    fn attempts_are_billed_and_workflow_tasks_are_not() {
        let history = [
            event(EventType::WorkflowExecutionStarted),
            event(EventType::WorkflowTaskScheduled),
            event(EventType::WorkflowTaskStarted),
            event(EventType::WorkflowTaskCompleted),
            event(EventType::ActivityTaskScheduled),
            started(3),
            event(EventType::ActivityTaskCompleted),
            event(EventType::TimerStarted),
            event(EventType::TimerCanceled),
            event(EventType::UpsertWorkflowSearchAttributes),
            event(EventType::WorkflowExecutionCompleted),
        ];
        let wanted = Actions::from([
            ("activity", 1),
            ("activity attempt", 2),
            ("search attributes", 1),
            ("start", 1),
            ("timer", 1),
        ]);
        assert_eq!(actions(&history), wanted);
    }

    #[test]
    fn local_activities_of_one_task_count_once_and_other_markers_do_not() {
        let history = [
            marker(LOCAL_ACTIVITY, 4),
            marker(LOCAL_ACTIVITY, 4),
            marker("core_patch", 4),
            marker(LOCAL_ACTIVITY, 9),
        ];
        assert_eq!(actions(&history), Actions::from([("local activities", 2)]));
    }
}
