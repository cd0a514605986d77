//! One run for each order.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]

use std::time::Duration;

use domain::command::Answer;
use domain::marketplace::OrderKey;
use domain::step::{Decision, Outcome, Shown, Step, Wait};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::RawValue;
use temporalio_common::search_attributes::SearchAttributeKey;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, TimerOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination, select,
};

use crate::activities::{CommandRequest, OrderActivities};
use crate::options;

mod shown;

pub use shown::markdown;

/// Search attribute: which marketplace.
pub const MARKETPLACE: SearchAttributeKey<String> = SearchAttributeKey::keyword("Marketplace");
/// Search attribute: where the order stands.
pub const ORDER_STAGE: SearchAttributeKey<String> = SearchAttributeKey::keyword("OrderStage");
/// Search attribute: BlueCherry's number.
pub const SALES_ORDER: SearchAttributeKey<String> = SearchAttributeKey::keyword("SalesOrder");
/// Search attribute: kind of the open problem.
pub const BLOCKED_ON: SearchAttributeKey<String> = SearchAttributeKey::keyword("BlockedOn");
/// Search attribute: who has to act.
pub const OWNER: SearchAttributeKey<String> = SearchAttributeKey::keyword("Owner");
/// Search attribute: by when; RFC 3339, so it sorts as text.
pub const DEADLINE: SearchAttributeKey<String> = SearchAttributeKey::keyword("Deadline");

/// How long after a failure that no retry cures the run looks again by itself.
const AFTER_BUG: Duration = Duration::from_secs(600);

/// What a run tells who asks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where the order stands, once decided.
    pub shown: Option<Shown>,
    /// The step it is at.
    pub step: Option<Step>,
    /// Words from people that could not be taken, newest last.
    pub refused: Vec<Answer>,
}

/// Carries one Mirakl order from first sight to its end.
///
/// - Workflow ID: `order/{marketplace}/{order_id}`, so no order runs twice at once.
/// - Ends: Mirakl closed it, it was called off without leaving an open sales order, or its aftercare
///   time is over. Waits: for news of the order, or for a person.
#[workflow]
pub struct FulfillOrder {
    order: OrderKey,
    /// News came since the last decision.
    look_again: bool,
    /// A person wants the current activity's back-off cut short.
    cut_short: bool,
    progress: Progress,
}

#[workflow_methods]
impl FulfillOrder {
    #[init]
    fn new(_ctx: &WorkflowContextView, order: OrderKey) -> Self {
        Self {
            order,
            look_again: false,
            cut_short: false,
            progress: Progress::default(),
        }
    }

    /// An order's life, step by step. Which step comes is `domain::fulfillment::next_step`.
    #[run(name = "FulfillOrder")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
        let order = ctx.state(|wf| wf.order.clone());
        let mut step = Self::decide(ctx, &order).await;
        loop {
            if ctx.cancellation_token().is_cancelled() {
                return Self::noted_cancel(ctx, &order).await;
            }
            if Self::should_continue_as_new(ctx) {
                return Self::start_over(ctx, &order).await;
            }
            step = match step {
                Step::CreateSalesOrder => {
                    Self::act(
                        ctx,
                        OrderActivities::create_sales_order,
                        &order,
                        "create sales order",
                    )
                    .await
                }
                Step::FindSalesOrder => {
                    Self::act(
                        ctx,
                        OrderActivities::find_sales_order,
                        &order,
                        "find sales order",
                    )
                    .await
                }
                Step::AcceptLines => {
                    Self::act(
                        ctx,
                        OrderActivities::accept_order_lines,
                        &order,
                        "accept on Mirakl",
                    )
                    .await
                }
                Step::RefuseLines => {
                    Self::act(
                        ctx,
                        OrderActivities::refuse_order_lines,
                        &order,
                        "refuse on Mirakl",
                    )
                    .await
                }
                Step::Release => {
                    Self::act(
                        ctx,
                        OrderActivities::release_sales_order,
                        &order,
                        "ship-to and release",
                    )
                    .await
                }
                Step::CancelSalesOrder => {
                    Self::act(
                        ctx,
                        OrderActivities::cancel_sales_order,
                        &order,
                        "cancel sales order",
                    )
                    .await
                }
                Step::CancelOrder => {
                    Self::act(
                        ctx,
                        OrderActivities::cancel_order,
                        &order,
                        "cancel on Mirakl",
                    )
                    .await
                }
                Step::SendTracking => {
                    Self::act(ctx, OrderActivities::send_tracking, &order, "send tracking").await
                }
                Step::ConfirmShipment => {
                    Self::act(
                        ctx,
                        OrderActivities::confirm_shipment,
                        &order,
                        "confirm shipment",
                    )
                    .await
                }
                Step::Wait(_) => Self::wait(ctx, &order).await,
                Step::Done(outcome) => {
                    Self::handlers_finished(ctx).await;
                    return Ok(outcome);
                }
            };
        }
    }

    /// Asks the ledger what comes next.
    async fn decide(ctx: &WorkflowContext<Self>, order: &OrderKey) -> Step {
        loop {
            ctx.state_mut(|wf| wf.look_again = false);
            let token = WorkflowCancellationToken::new();
            let decided = ctx
                .execute_local_activity(
                    OrderActivities::decide,
                    order.clone(),
                    options::look(&token),
                )
                .await;
            match decided {
                Ok(decision) => return Self::show(ctx, decision),
                Err(_) => Self::pause_after_bug(ctx).await,
            }
        }
    }

    /// Runs the activity of a step. It answers what comes next; a refusal is a step that waits.
    async fn act<A>(
        ctx: &WorkflowContext<Self>,
        activity: A,
        order: &OrderKey,
        summary: &str,
    ) -> Step
    where
        A: ActivityDefinition<Input = OrderKey, Output = Decision>,
    {
        ctx.state_mut(|wf| wf.cut_short = false);
        let token = WorkflowCancellationToken::new();
        let summary = format!("{summary} {order}");
        let options = options::effect(summary, &token);
        let done = select! {
            done = ctx.execute_activity(activity, order.clone(), options) => Some(done),
            _ = ctx.wait_condition(|wf: &Self| wf.cut_short) => None,
        };
        match done {
            Some(Ok(decision)) => Self::show(ctx, decision),
            Some(Err(_)) => {
                Self::pause_after_bug(ctx).await;
                Self::decide(ctx, order).await
            }
            // A person's word, or Temporal's Cancel: the attempt is let go, the ledger knows its intent.
            None => {
                token.cancel();
                Self::decide(ctx, order).await
            }
        }
    }

    /// Waits for news, then decides again.
    async fn wait(ctx: &WorkflowContext<Self>, order: &OrderKey) -> Step {
        let cancelled = ctx.wait_condition(|wf: &Self| wf.look_again).await.is_err();
        if cancelled {
            return Step::Wait(Wait::Held);
        }
        Self::decide(ctx, order).await
    }

    /// Only a fault of the program comes here: the run stays, and looks again when told, or later.
    async fn pause_after_bug(ctx: &WorkflowContext<Self>) {
        ctx.set_current_details("**The program failed** at this step. Engineering: see the failure in the history; `retry` looks again.");
        let token = WorkflowCancellationToken::new();
        let timer = TimerOptions::builder(AFTER_BUG)
            .summary("look again after a failure".to_owned())
            .cancellation_token(token.clone())
            .build();
        select! {
            _ = ctx.wait_condition(|wf: &Self| wf.look_again || wf.cut_short) => {}
            _ = ctx.timer(timer) => {}
        }
        token.cancel();
    }

    /// Shows a decision in the Temporal UI and hands its step on.
    fn show(ctx: &WorkflowContext<Self>, decision: Decision) -> Step {
        let Decision { step, shown } = decision;
        let before = ctx.state(|wf| wf.progress.shown.clone());
        let updates = shown::changed_attributes(before.as_ref(), &shown, &step);
        if !updates.is_empty() {
            ctx.upsert_search_attributes(updates);
        }
        ctx.set_current_details(markdown(&shown, &step));
        ctx.state_mut(|wf| {
            if shown::is_worth_an_upsert(before.as_ref(), &shown, &step) {
                wf.progress.shown = Some(shown);
            }
            wf.progress.step = Some(step.clone());
        });
        step
    }

    async fn handlers_finished(ctx: &WorkflowContext<Self>) {
        let handlers = ctx.clone();
        let detached = temporalio_workflow::WaitConditionOptions::builder()
            .cancellation_token(WorkflowCancellationToken::new())
            .build();
        // The token is never cancelled, so the wait cannot fail.
        let _ = ctx
            .wait_condition_with_options(move |_| handlers.all_handlers_finished(), detached)
            .await;
    }

    /// Temporal's *Cancel* button is a person's `cancel`: it is noted, and the run goes on as new.
    async fn noted_cancel(
        ctx: &WorkflowContext<Self>,
        order: &OrderKey,
    ) -> WorkflowResult<Outcome> {
        let detail = serde_json::json!({ "reason_code": "CANCEL_BUTTON" });
        Self::take_command(ctx, "cancel", detail, "cancel_button").await;
        Self::start_over(ctx, order).await
    }

    async fn start_over(ctx: &WorkflowContext<Self>, order: &OrderKey) -> WorkflowResult<Outcome> {
        Self::handlers_finished(ctx).await;
        match ctx.continue_as_new(order.clone(), ContinueAsNewOptions::default()) {
            Err(again) => Err(again),
            Ok(never) => match never {},
        }
    }

    fn should_continue_as_new(ctx: &WorkflowContext<Self>) -> bool {
        ctx.continue_as_new_suggested() || ctx.history_length() > 2_000
    }

    /// Takes a person's word into the ledger, and has the run look at it.
    async fn take_command(
        ctx: &WorkflowContext<Self>,
        name: &str,
        detail: Value,
        by: &str,
    ) -> Answer {
        let order = ctx.state(|wf| wf.order.clone());
        let options = options::command(format!("{name} {order}"));
        let request = CommandRequest {
            order,
            name: name.to_owned(),
            detail,
            by: by.to_owned(),
        };
        let answer = ctx
            .execute_activity(OrderActivities::take_command, request, options)
            .await
            .unwrap_or_else(|_| {
                Answer::refused(
                    "failed",
                    "The program failed to take this; see the run's history.",
                )
            });
        ctx.state_mut(|wf| {
            wf.look_again = true;
            wf.cut_short = true;
            if !answer.done {
                wf.progress.refused.push(answer.clone());
                let kept = wf.progress.refused.len().saturating_sub(5);
                wf.progress.refused.drain(..kept);
            }
        });
        answer
    }

    /// The ledger has news of the order.
    #[signal(name = "order_changed")]
    pub fn order_changed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
        self.look_again = true;
    }

    /// The ledger has news of a shipment.
    #[signal(name = "shipment_confirmed")]
    pub fn shipment_confirmed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
        self.look_again = true;
    }

    /// A new mapping version is in force.
    #[signal(name = "mapping_changed")]
    pub fn mapping_changed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
        self.look_again = true;
    }

    /// A person's `retry`.
    #[signal(name = "retry")]
    pub async fn signal_retry(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "retry", json(&detail), "temporal_ui").await;
    }

    /// A person's `cancel {reason_code}`.
    #[signal(name = "cancel")]
    pub async fn signal_cancel(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "cancel", json(&detail), "temporal_ui").await;
    }

    /// A person's `hold`.
    #[signal(name = "hold")]
    pub async fn signal_hold(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "hold", json(&detail), "temporal_ui").await;
    }

    /// A person's `release`.
    #[signal(name = "release")]
    pub async fn signal_release(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "release", json(&detail), "temporal_ui").await;
    }

    /// A person's `correct {…}`.
    #[signal(name = "correct")]
    pub async fn signal_correct(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "correct", json(&detail), "temporal_ui").await;
    }

    /// A person's `mark_done {step, reference, reason_code}`.
    #[signal(name = "mark_done")]
    pub async fn signal_mark_done(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "mark_done", json(&detail), "temporal_ui").await;
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "retry")]
    pub async fn update_retry(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "retry", json(&detail), "cli").await
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "cancel")]
    pub async fn update_cancel(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "cancel", json(&detail), "cli").await
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "hold")]
    pub async fn update_hold(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "hold", json(&detail), "cli").await
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "release")]
    pub async fn update_release(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "release", json(&detail), "cli").await
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "correct")]
    pub async fn update_correct(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "correct", json(&detail), "cli").await
    }

    /// As the signal, and answers at once whether it can be done.
    #[update(name = "mark_done")]
    pub async fn update_mark_done(ctx: &mut WorkflowContext<Self>, detail: RawValue) -> Answer {
        Self::take_command(ctx, "mark_done", json(&detail), "cli").await
    }

    /// Where the run stands.
    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> Progress {
        self.progress.clone()
    }
}

/// What a person sent, as JSON; nothing, or rubbish, is `Null` and never a run blocked for good.
fn json(detail: &RawValue) -> Value {
    let first = detail.payloads.first();
    first
        .and_then(|p| serde_json::from_slice(&p.data).ok())
        .unwrap_or(Value::Null)
}

/// A run that ends by itself never fails for a business reason; this names the type once.
pub type Ended = Result<Outcome, WorkflowTermination>;
