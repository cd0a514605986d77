//! What the arms of the loop do: ask, act, wait, show.

use std::time::Duration;

use domain::command::Answer;
use domain::marketplace::OrderKey;
use domain::step::{Decision, Outcome, Step, Wait};
use serde_json::Value;
use temporalio_common::ActivityDefinition;
use temporalio_workflow::{
    ContinueAsNewOptions, TimerOptions, WaitConditionOptions, WorkflowCancellationToken,
    WorkflowContext, WorkflowResult, select,
};

use super::FulfillOrder;
use super::shown::{changed_attributes, markdown};
use crate::activities::{CommandRequest, OrderActivities};
use crate::options;

/// How long after a failure that no retry cures the run looks again by itself.
const AFTER_BUG: Duration = Duration::from_secs(600);

impl FulfillOrder {
    /// Asks the ledger what comes next.
    pub(super) async fn decide(ctx: &WorkflowContext<Self>, order: &OrderKey) -> Step {
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
    pub(super) async fn act<A>(
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
    pub(super) async fn wait(ctx: &WorkflowContext<Self>, order: &OrderKey) -> Step {
        let cancelled = ctx.wait_condition(|wf: &Self| wf.look_again).await.is_err();
        if cancelled {
            return Step::Wait(Wait::Held);
        }
        Self::decide(ctx, order).await
    }

    /// Only a fault of the program comes here: the run stays, and looks again when told, or later.
    pub(super) async fn pause_after_bug(ctx: &WorkflowContext<Self>) {
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
    pub(super) fn show(ctx: &WorkflowContext<Self>, decision: Decision) -> Step {
        let Decision { step, shown } = decision;
        ctx.set_current_details(markdown(&shown, &step));
        // While a step follows the next at once, an upsert would cost an action that nobody sees.
        if matches!(step, Step::Wait(_) | Step::Done(_)) {
            let before = ctx.state(|wf| wf.listed.clone());
            let updates = changed_attributes(before.as_ref(), &shown);
            if !updates.is_empty() {
                ctx.upsert_search_attributes(updates);
                ctx.state_mut(|wf| wf.listed = Some(shown.clone()));
            }
        }
        ctx.state_mut(|wf| {
            wf.progress.shown = Some(shown);
            wf.progress.step = Some(step.clone());
        });
        step
    }

    pub(super) async fn handlers_finished(ctx: &WorkflowContext<Self>) {
        let handlers = ctx.clone();
        let detached = WaitConditionOptions::builder()
            .cancellation_token(WorkflowCancellationToken::new())
            .build();
        // The token is never cancelled, so the wait cannot fail.
        let _ = ctx
            .wait_condition_with_options(move |_| handlers.all_handlers_finished(), detached)
            .await;
    }

    /// Temporal's *Cancel* button is a person's `cancel`: it is noted, and the run goes on as new.
    pub(super) async fn noted_cancel(
        ctx: &WorkflowContext<Self>,
        order: &OrderKey,
    ) -> WorkflowResult<Outcome> {
        let detail = serde_json::json!({ "reason_code": "CANCEL_BUTTON" });
        Self::take_command(ctx, "cancel", detail, "cancel_button").await;
        Self::start_over(ctx, order).await
    }

    pub(super) async fn start_over(
        ctx: &WorkflowContext<Self>,
        order: &OrderKey,
    ) -> WorkflowResult<Outcome> {
        Self::handlers_finished(ctx).await;
        match ctx.continue_as_new(order.clone(), ContinueAsNewOptions::default()) {
            Err(again) => Err(again),
            Ok(never) => match never {},
        }
    }

    pub(super) fn should_continue_as_new(ctx: &WorkflowContext<Self>) -> bool {
        ctx.continue_as_new_suggested() || ctx.history_length() > 2_000
    }

    /// Takes a person's word into the ledger, and has the run look at it.
    pub(super) async fn take_command(
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
}
