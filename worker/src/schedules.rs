//! Schedules: made at the start, and brought up to what this program wants of them.

use std::time::Duration;

use activities::Connections;
use anyhow::Context;
use temporalio_client::schedules::{
    CreateScheduleOptions, ScheduleAction, ScheduleError, ScheduleHandle, ScheduleOverlapPolicy,
    ScheduleSpec,
};
use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::workflowservice::v1::UpdateScheduleRequest;
use workflows::ids;
use workflows::sweep::{Sweep, SweepInput};

/// A sweep a day.
pub const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// How many days a sweep looks back: a long weekend, and the days until somebody looks.
const SWEEP_DAYS: u32 = 14;
/// A start that was missed is made up for within so long; the next day's sees the same orders.
const CATCH_UP: Duration = Duration::from_secs(12 * 3600);
/// A sweep that hangs ends after so long, so that the next day's can start.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Two workers that start together may change a schedule at once.
const TRIES: u32 = 5;

/// Makes each schedule that is not there, and sets what this program wants of those that are. Whether
/// one is paused, and its note, are a person's and stay.
///
/// # Errors
/// Temporal's.
pub async fn start(client: &Client, connections: &Connections) -> anyhow::Result<()> {
    for code in connections.shops.keys() {
        let id = ids::sweep(code);
        let input = SweepInput {
            of: code.clone(),
            ledger_id: connections.ledger.id().to_owned(),
            days: SWEEP_DAYS,
        };
        let action = ScheduleAction::start_workflow(Sweep::run, input, ids::FEEDS, id.clone());
        make(client, &id, action.clone())
            .await
            .with_context(|| format!("schedule {id}"))?;
        let schedule = client.get_schedule_handle(id.clone());
        set(client, &schedule, action)
            .await
            .with_context(|| format!("schedule {id}"))?;
    }
    Ok(())
}

async fn make(client: &Client, id: &str, action: ScheduleAction) -> Result<(), ScheduleError> {
    let options = CreateScheduleOptions::builder()
        .action(action)
        .spec(ScheduleSpec::from_interval(SWEEP_EVERY))
        .overlap_policy(ScheduleOverlapPolicy::Skip)
        .build();
    match client.create_schedule(id, options).await {
        Ok(_) => Ok(()),
        Err(ScheduleError::Rpc(status)) if status.code() == Code::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a creation cannot set, and what an older program may have set otherwise.
async fn set(
    client: &Client,
    schedule: &ScheduleHandle<Client>,
    action: ScheduleAction,
) -> Result<(), ScheduleError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let action = action.clone();
        let wanted = async {
            let updated = schedule.update(
                move |update| {
                    update
                        .set_action(action)
                        .set_spec(ScheduleSpec::from_interval(SWEEP_EVERY))
                        .set_overlap_policy(ScheduleOverlapPolicy::Skip)
                        .set_catchup_window(CATCH_UP)
                        .set_pause_on_failure(false);
                },
                Default::default(),
            );
            updated.await?;
            limit(client, schedule).await
        };
        match wanted.await {
            Err(ScheduleError::Rpc(status))
                if status.code() == Code::FailedPrecondition && tries < TRIES => {}
            done => return done,
        }
    }
}

/// The longest that a started run may last; only the plain call can say it.
async fn limit(client: &Client, schedule: &ScheduleHandle<Client>) -> Result<(), ScheduleError> {
    let described = schedule.describe(Default::default()).await?;
    let mut raw = described.into_raw();
    let action = raw.schedule.as_mut().and_then(|s| s.action.as_mut());
    if let Some(Action::StartWorkflow(info)) = action.and_then(|a| a.action.as_mut()) {
        info.workflow_execution_timeout = LONGEST.try_into().ok();
    }
    let request = UpdateScheduleRequest {
        namespace: client.namespace(),
        schedule_id: schedule.schedule_id().to_owned(),
        schedule: raw.schedule,
        conflict_token: raw.conflict_token,
        ..Default::default()
    };
    let mut service = client.connection().workflow_service();
    service.update_schedule(request.into_request()).await?;
    Ok(())
}
