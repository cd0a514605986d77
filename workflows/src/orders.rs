//! One run for each order.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]

use domain::command::Answer;
use domain::marketplace::OrderKey;
use domain::step::{Outcome, Shown, Step};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::data_converters::RawValue;
use temporalio_common::search_attributes::SearchAttributeKey;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::activities::OrderActivities;

mod acting;
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

/// A step whose activity asks for the same step so often in a row is a fault of the program: the run
/// then pauses instead of spinning.
const MOST_REPEATS: u32 = 5;

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
    /// What the search attributes say.
    listed: Option<Shown>,
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
            listed: None,
            progress: Progress::default(),
        }
    }

    /// An order's life, step by step. Which step comes is `domain::fulfillment::next_step`.
    #[run(name = "FulfillOrder")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
        let order = ctx.state(|wf| wf.order.clone());
        let mut step = Self::decide(ctx, &order).await;
        let mut repeated = 0;
        loop {
            let at = step.as_str();
            if repeated >= MOST_REPEATS {
                Self::pause_after_bug(ctx).await;
                repeated = 0;
            }
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
                Step::TellParcels => {
                    Self::act(ctx, OrderActivities::tell_parcels, &order, "tell parcels").await
                }
                Step::CorrectTracking => {
                    Self::act(
                        ctx,
                        OrderActivities::correct_tracking,
                        &order,
                        "correct tracking",
                    )
                    .await
                }
                Step::CancelUnits => {
                    Self::act(
                        ctx,
                        OrderActivities::cancel_units,
                        &order,
                        "cancel units in BlueCherry",
                    )
                    .await
                }
                Step::ReadUnits => {
                    Self::act(
                        ctx,
                        OrderActivities::read_units,
                        &order,
                        "read units in BlueCherry",
                    )
                    .await
                }
                Step::CancelLines => {
                    Self::act(
                        ctx,
                        OrderActivities::cancel_lines,
                        &order,
                        "cancel units on Mirakl",
                    )
                    .await
                }
                Step::Refund => {
                    Self::act(ctx, OrderActivities::refund, &order, "refund on Mirakl").await
                }
                Step::ForwardReturns => {
                    Self::act(
                        ctx,
                        OrderActivities::forward_returns,
                        &order,
                        "bring returns on",
                    )
                    .await
                }
                Step::ResolveIncident => {
                    Self::act(
                        ctx,
                        OrderActivities::resolve_incident,
                        &order,
                        "resolve incident",
                    )
                    .await
                }
                Step::Wait(_) => Self::wait(ctx, &order).await,
                Step::Done(outcome) => {
                    Self::handlers_finished(ctx).await;
                    return Ok(outcome);
                }
            };
            let again = step.as_str() == at && !matches!(step, Step::Wait(_));
            repeated = if again { repeated + 1 } else { 0 };
        }
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

    /// A person's `resolve_incident {line, reason_code}`.
    #[signal(name = "resolve_incident")]
    pub async fn signal_resolve_incident(ctx: &mut WorkflowContext<Self>, detail: RawValue) {
        Self::take_command(ctx, "resolve_incident", json(&detail), "temporal_ui").await;
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
    #[update(name = "resolve_incident")]
    pub async fn update_resolve_incident(
        ctx: &mut WorkflowContext<Self>,
        detail: RawValue,
    ) -> Answer {
        Self::take_command(ctx, "resolve_incident", json(&detail), "cli").await
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
