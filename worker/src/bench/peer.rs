//! `bcm bench noop`: what our worker costs beside a bare one, doing nothing.
//!
//! The work is the same for every SDK that is compared: five no-op activities with a payload of 256
//! bytes, then one signal. No timer.

use std::time::Duration;

use temporalio_common::ActivityError;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::ActivityContext;
use temporalio_sdk::runtime::PollerBehavior;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use temporalio_workflow::{
    ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::place;
use crate::run;

/// Activities of one run.
const ACTIVITIES: i64 = 5;
/// Size of an activity's payload.
const PAYLOAD: usize = 256;
/// Polls of each kind under way at once, for both workers.
const POLLERS: usize = 5;

/// Five activities, a signal, and the sum of what the activities answered.
#[workflow]
#[derive(Default)]
pub struct PeerBench {
    gone: bool,
}

#[workflow_methods]
impl PeerBench {
    #[init]
    fn new(_ctx: &WorkflowContextView, _input: RawValue) -> Self {
        Self::default()
    }

    #[run(name = "PeerBench")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<i64> {
        let payload = "x".repeat(PAYLOAD);
        let mut sum = 0;
        for i in 0..ACTIVITIES {
            let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(30));
            let input = (i, payload.clone());
            sum += ctx
                .execute_activity(Noop::noop, input, options.build())
                .await?;
        }
        ctx.wait_condition(|wf: &Self| wf.gone).await?;
        Ok(sum)
    }

    #[signal(name = "go")]
    pub fn go(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
        self.gone = true;
    }
}

/// The activity that does nothing.
pub struct Noop;

#[activities]
impl Noop {
    /// Answers its first input.
    #[activity(name = "noop")]
    pub async fn noop(
        _ctx: ActivityContext,
        i: i64,
        _payload: String,
    ) -> Result<i64, ActivityError> {
        Ok(i)
    }
}

/// Runs one worker for [`PeerBench`] until the process is told to stop; prints `READY PID` first.
///
/// `bare` leaves every option of the SDK as it comes; else the worker is set up as `bcm worker` is.
///
/// # Errors
/// Temporal's.
pub async fn worker(address: &str, queue: &str, bare: bool) -> anyhow::Result<()> {
    let client = place::client(address).await?;
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut options = WorkerOptions::new(queue)
        .register_workflow::<PeerBench>()
        .map_err(|error| anyhow::anyhow!("PeerBench: {error}"))?
        .register_activities(Noop)
        .build();
    if !bare {
        run::tune(&mut options);
    }
    options.workflow_task_poller_behavior = Some(PollerBehavior::SimpleMaximum(POLLERS));
    options.activity_task_poller_behavior = Some(PollerBehavior::SimpleMaximum(POLLERS));
    let mut worker = Worker::new(&runtime, client, options)
        .map_err(|error| anyhow::anyhow!("worker: {error}"))?;
    let stop = worker.shutdown_handle();
    println!("READY {}", std::process::id());
    let stopper = async move {
        run::told_to_stop().await;
        stop();
    };
    let (ran, ()) = tokio::join!(worker.run(), stopper);
    ran.map_err(|error| anyhow::anyhow!("worker: {error}"))
}
