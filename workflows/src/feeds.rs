//! The feeds: one long-lived loop each, so that a list of workflows stays a list of orders.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, TimerOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowContextView, WorkflowResult, select,
};

use crate::activities::{FeedActivities, FeedInput, FeedReport};
use crate::options;

/// Pulls after which a run continues as new, to keep its history short.
pub const PULLS_A_RUN: u32 = 200;

/// What a feed tells who asks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Which feed, and of which ledger.
    pub input: FeedInput,
    /// What the last pull of this run brought.
    pub last: Option<FeedReport>,
    /// A person wants a pull now.
    #[serde(default)]
    pub poll_now: bool,
}

/// What both loops share.
trait Loop: Sized {
    fn feed(&self) -> &Feed;
    fn feed_mut(&mut self) -> &mut Feed;
}

/// One run of a feed: pull, wait, pull; ends by continuing as new.
async fn pulls<W, A>(ctx: &WorkflowContext<W>, activity: fn() -> A, word: &str) -> FeedInput
where
    W: Loop,
    A: ActivityDefinition<Input = FeedInput, Output = FeedReport>,
{
    let mut next_in = Duration::from_secs(60);
    for _ in 0..PULLS_A_RUN {
        let (input, due) = ctx.state_mut(|wf| {
            let feed = wf.feed_mut();
            let due = std::mem::take(&mut feed.poll_now) || !feed.input.paused;
            (feed.input.clone(), due)
        });
        if due {
            let summary = format!("{word} {}", input.of);
            let options = options::pull(summary, &ctx.cancellation_token());
            if let Ok(report) = ctx.execute_activity(activity(), input, options).await {
                next_in = Duration::from_millis(report.next_in_ms);
                ctx.set_current_details(details(&report));
                ctx.state_mut(|wf| wf.feed_mut().last = Some(report));
            }
        }
        if ctx.cancellation_token().is_cancelled() || ctx.continue_as_new_suggested() {
            break;
        }
        wait(ctx, next_in).await;
    }
    ctx.state(|wf| wf.feed().input.clone())
}

/// Waits for the next pull, or for a person.
async fn wait<W: Loop>(ctx: &WorkflowContext<W>, next_in: Duration) {
    if ctx.state(|wf| wf.feed().input.paused) {
        ctx.set_current_details(
            "**Paused** by a person. Send `resume` to go on, `poll_now` for one pull.",
        );
        let woken = |wf: &W| !wf.feed().input.paused || wf.feed().poll_now;
        // A cancelled feed continues as new at once; the caller looks at the token.
        let _ = ctx.wait_condition(woken).await;
        return;
    }
    let token = ctx.cancellation_token().child_token();
    let timer = TimerOptions::builder(next_in)
        .summary("next pull".to_owned())
        .cancellation_token(token.clone())
        .build();
    select! {
        _ = ctx.wait_condition(|wf: &W| wf.feed().input.paused || wf.feed().poll_now) => {}
        _ = ctx.timer(timer) => {}
    }
    token.cancel();
}

fn details(report: &FeedReport) -> String {
    let FeedReport {
        rows,
        changed,
        told,
        unreadable,
        next_in_ms,
    } = report;
    format!(
        "Last pull: **{rows}** rows, {changed} new or changed, {told} runs told, {unreadable} unreadable. \
         Next in {} s.",
        *next_in_ms as f64 / 1000.0
    )
}

macro_rules! feed_workflow {
    ($(#[$doc:meta])* $name:ident, $word:literal, $activity:path) => {
        $(#[$doc])*
        #[workflow]
        pub struct $name {
            feed: Feed,
        }

        impl Loop for $name {
            fn feed(&self) -> &Feed {
                &self.feed
            }
            fn feed_mut(&mut self) -> &mut Feed {
                &mut self.feed
            }
        }

        #[workflow_methods]
        impl $name {
            #[init]
            fn new(_ctx: &WorkflowContextView, input: FeedInput) -> Self {
                Self { feed: Feed { input, ..Feed::default() } }
            }

            /// Pulls until it continues as new. Cancelling it only starts it over: use `pause`.
            #[run(name = $word)]
            pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
                let input = pulls(ctx, || $activity, $word).await;
                let handlers = ctx.clone();
                let detached = temporalio_workflow::WaitConditionOptions::builder()
                    .cancellation_token(WorkflowCancellationToken::new())
                    .build();
                // The token is never cancelled, so the wait cannot fail.
                let _ = ctx
                    .wait_condition_with_options(move |_| handlers.all_handlers_finished(), detached)
                    .await;
                match ctx.continue_as_new(input, ContinueAsNewOptions::default()) {
                    Err(again) => Err(again),
                    Ok(never) => match never {},
                }
            }

            /// Stops pulling until `resume`.
            #[signal(name = "pause")]
            pub fn pause(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
                self.feed.input.paused = true;
            }

            /// Goes on pulling.
            #[signal(name = "resume")]
            pub fn resume(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
                self.feed.input.paused = false;
            }

            /// Pulls once, now, also while paused.
            #[signal(name = "poll_now")]
            pub fn poll_now(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
                self.feed.poll_now = true;
            }

            /// What the feed does.
            #[query(name = "feed")]
            pub fn state(&self, _ctx: &WorkflowContextView) -> Feed {
                self.feed.clone()
            }
        }
    };
}

feed_workflow!(
    /// Pulls a marketplace's orders. Workflow ID: `feed/{marketplace}/orders`.
    CollectOrders,
    "CollectOrders",
    FeedActivities::collect_orders
);
feed_workflow!(
    /// Reads BlueCherry's fulfilments. Workflow ID: `feed/{site}/shipments`.
    CollectShipments,
    "CollectShipments",
    FeedActivities::collect_shipments
);
