//! Schedules: made at the start, and brought up to what this program wants of them.

use std::time::Duration;

use activities::Connections;
use anyhow::Context;
use domain::marketplace::MarketplaceCode;
use temporalio_client::schedules::{
    CreateScheduleOptions, ScheduleAction, ScheduleError, ScheduleHandle, ScheduleOverlapPolicy,
    ScheduleSpec,
};
use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::workflowservice::v1::UpdateScheduleRequest;
use temporalio_common::search_attributes::SearchAttributes;
use workflows::ids;
use workflows::orders::MARKETPLACE;
use workflows::stock::{PublishInput, PublishStock};
use workflows::sweep::{Sweep, SweepInput};

/// A sweep a day.
pub const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// How many days a sweep looks back: a long weekend, and the days until somebody looks.
const SWEEP_DAYS: u32 = 14;
/// Two workers that start together may change a schedule at once.
const TRIES: u32 = 5;

/// What a schedule is to be like.
#[derive(Clone)]
struct Wanted {
    id: String,
    of: MarketplaceCode,
    action: ScheduleAction,
    every: Duration,
    /// A start that was missed is made up for within so long; later ones see the same.
    catch_up: Duration,
    /// A run that hangs ends after so long, so that the next one can start.
    longest: Duration,
}

/// Makes each schedule that is not there, and sets what this program wants of those that are. Whether
/// one is paused, and its note, are a person's and stay. A shop that publishes no stock any more
/// loses its schedule.
///
/// # Errors
/// Temporal's.
pub async fn start(client: &Client, connections: &Connections) -> anyhow::Result<()> {
    let ledger_id = connections.ledger.id();
    for code in connections.shops.keys() {
        has(client, sweep(code, ledger_id)).await?;
        if connections.stock.shops.contains_key(code) {
            let every = connections.stock.site.every;
            has(client, stock(code, ledger_id, every)).await?;
        } else {
            let id = ids::stock(code);
            gone(client, &id)
                .await
                .with_context(|| format!("schedule {id}"))?;
        }
    }
    Ok(())
}

fn sweep(code: &MarketplaceCode, ledger_id: &str) -> Wanted {
    let id = ids::sweep(code);
    let input = SweepInput {
        of: code.clone(),
        ledger_id: ledger_id.to_owned(),
        days: SWEEP_DAYS,
    };
    Wanted {
        action: ScheduleAction::start_workflow(Sweep::run, input, ids::FEEDS, id.clone()),
        id,
        of: code.clone(),
        every: SWEEP_EVERY,
        catch_up: Duration::from_secs(12 * 3600),
        longest: Duration::from_secs(6 * 3600),
    }
}

fn stock(code: &MarketplaceCode, ledger_id: &str, every: Duration) -> Wanted {
    let id = ids::stock(code);
    let input = PublishInput {
        of: code.clone(),
        ledger_id: ledger_id.to_owned(),
    };
    Wanted {
        action: ScheduleAction::start_workflow(PublishStock::run, input, ids::STOCK, id.clone()),
        id,
        of: code.clone(),
        every,
        catch_up: every.max(Duration::from_secs(60)),
        longest: Duration::from_secs(2 * 3600),
    }
}

async fn has(client: &Client, wanted: Wanted) -> anyhow::Result<()> {
    let done = async {
        make(client, &wanted).await?;
        set(
            client,
            &client.get_schedule_handle(wanted.id.clone()),
            &wanted,
        )
        .await
    };
    done.await
        .with_context(|| format!("schedule {}", wanted.id))
}

async fn gone(client: &Client, id: &str) -> Result<(), ScheduleError> {
    let schedule = client.get_schedule_handle(id.to_owned());
    match schedule.delete(Default::default()).await {
        Err(ScheduleError::Rpc(status)) if status.code() == Code::NotFound => Ok(()),
        done => done,
    }
}

async fn make(client: &Client, wanted: &Wanted) -> Result<(), ScheduleError> {
    let options = CreateScheduleOptions::builder()
        .action(wanted.action.clone())
        .spec(ScheduleSpec::from_interval(wanted.every))
        .overlap_policy(ScheduleOverlapPolicy::Skip)
        .build();
    match client.create_schedule(wanted.id.as_str(), options).await {
        Ok(_) => Ok(()),
        Err(ScheduleError::Rpc(status)) if status.code() == Code::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a creation cannot set, and what an older program may have set otherwise.
async fn set(
    client: &Client,
    schedule: &ScheduleHandle<Client>,
    wanted: &Wanted,
) -> Result<(), ScheduleError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let Wanted {
            action,
            every,
            catch_up,
            ..
        } = wanted.clone();
        let done = async {
            let updated = schedule.update(
                move |update| {
                    update
                        .set_action(action)
                        .set_spec(ScheduleSpec::from_interval(every))
                        .set_overlap_policy(ScheduleOverlapPolicy::Skip)
                        .set_catchup_window(catch_up)
                        .set_pause_on_failure(false);
                },
                Default::default(),
            );
            updated.await?;
            limit(client, schedule, wanted).await
        };
        match done.await {
            Err(ScheduleError::Rpc(status))
                if status.code() == Code::FailedPrecondition && tries < TRIES => {}
            done => return done,
        }
    }
}

/// The longest that a started run may last, and by which marketplace it is found in a list; only the
/// plain call can say them.
async fn limit(
    client: &Client,
    schedule: &ScheduleHandle<Client>,
    wanted: &Wanted,
) -> Result<(), ScheduleError> {
    let described = schedule.describe(Default::default()).await?;
    let mut raw = described.into_raw();
    let action = raw.schedule.as_mut().and_then(|s| s.action.as_mut());
    if let Some(Action::StartWorkflow(info)) = action.and_then(|a| a.action.as_mut()) {
        info.workflow_execution_timeout = wanted.longest.try_into().ok();
        let of = MARKETPLACE.value_set(wanted.of.to_string());
        info.search_attributes = Some(SearchAttributes::new([of]).into_proto());
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
