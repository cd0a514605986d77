//! The order's loop as a later release might have it: it looks once more before it creates a sales
//! order. With the change behind a patch, and without.

use domain::marketplace::OrderKey;
use domain::step::{Decision, Outcome, Shown, Step};
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    SyncWorkflowContext, WorkflowCancellationToken, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};
use workflows::activities::OrderActivities;
use workflows::options;
use workflows::orders::ORDER_STAGE;

/// Name of the patch.
const PATCH: &str = "look-before-create";

/// What both loops share.
pub trait Later: Sized + 'static {
    /// Is this run to look once more?
    fn looks(ctx: &WorkflowContext<Self>) -> bool;
    fn state(&mut self) -> &mut State;
    fn has_news(&self) -> bool;
}

/// What a run remembers.
#[derive(Clone, Default)]
pub struct State {
    look_again: bool,
    listed: Option<Shown>,
}

async fn decide<W: Later>(ctx: &WorkflowContext<W>, order: &OrderKey) -> WorkflowResult<Step> {
    ctx.state_mut(|wf| wf.state().look_again = false);
    let token = WorkflowCancellationToken::new();
    let looking = ctx.execute_local_activity(
        OrderActivities::decide,
        order.clone(),
        options::look(&token),
    );
    Ok(show(ctx, looking.await?))
}

async fn act<W: Later, A>(
    ctx: &WorkflowContext<W>,
    activity: A,
    order: &OrderKey,
) -> WorkflowResult<Step>
where
    A: ActivityDefinition<Input = OrderKey, Output = Decision>,
{
    let token = WorkflowCancellationToken::new();
    let options = options::effect(format!("later {order}"), &token);
    let acting = ctx.execute_activity(activity, order.clone(), options);
    Ok(show(ctx, acting.await?))
}

/// Lists an order anew when the run comes to rest and something changed.
fn show<W: Later>(ctx: &WorkflowContext<W>, decision: Decision) -> Step {
    let Decision { step, shown } = decision;
    let rests = matches!(step, Step::Wait(_) | Step::Done(_));
    let listed = ctx.state_mut(|wf| wf.state().listed.clone());
    let told = |s: &Shown| (s.stage, s.sales_order.clone(), s.kind(), s.deadline);
    if rests && listed.as_ref().map(told) != Some(told(&shown)) {
        let stage = shown.stage.as_str().to_owned();
        ctx.upsert_search_attributes(vec![ORDER_STAGE.value_set(stage)]);
        ctx.state_mut(|wf| wf.state().listed = Some(shown));
    }
    step
}

async fn life<W: Later>(ctx: &WorkflowContext<W>, order: OrderKey) -> WorkflowResult<Outcome> {
    type A = OrderActivities;
    let order = &order;
    let mut step = decide(ctx, order).await?;
    loop {
        step = match step {
            Step::CreateSalesOrder => {
                if W::looks(ctx) {
                    decide(ctx, order).await?;
                }
                act(ctx, A::create_sales_order, order).await?
            }
            Step::FindSalesOrder => act(ctx, A::find_sales_order, order).await?,
            Step::AcceptLines => act(ctx, A::accept_order_lines, order).await?,
            Step::RefuseLines => act(ctx, A::refuse_order_lines, order).await?,
            Step::Release => act(ctx, A::release_sales_order, order).await?,
            Step::CancelSalesOrder => act(ctx, A::cancel_sales_order, order).await?,
            Step::CancelOrder => act(ctx, A::cancel_order, order).await?,
            Step::SendTracking => act(ctx, A::send_tracking, order).await?,
            Step::TellParcels => act(ctx, A::tell_parcels, order).await?,
            Step::CorrectTracking => act(ctx, A::correct_tracking, order).await?,
            Step::ConfirmShipment => act(ctx, A::confirm_shipment, order).await?,
            Step::CancelUnits => act(ctx, A::cancel_units, order).await?,
            Step::ReadUnits => act(ctx, A::read_units, order).await?,
            Step::CancelLines => act(ctx, A::cancel_lines, order).await?,
            Step::Refund => act(ctx, A::refund, order).await?,
            Step::ForwardReturns => act(ctx, A::forward_returns, order).await?,
            Step::ResolveIncident => act(ctx, A::resolve_incident, order).await?,
            Step::Wait(_) => {
                ctx.wait_condition(W::has_news).await?;
                decide(ctx, order).await?
            }
            Step::Done(outcome) => return Ok(outcome),
        };
    }
}

macro_rules! later_loop {
    ($(#[$doc:meta])* $name:ident, |$ctx:ident| $looks:expr) => {
        $(#[$doc])*
        #[workflow]
        pub struct $name {
            order: OrderKey,
            state: State,
        }

        impl Later for $name {
            fn looks($ctx: &WorkflowContext<Self>) -> bool {
                $looks
            }
            fn state(&mut self) -> &mut State {
                &mut self.state
            }
            fn has_news(&self) -> bool {
                self.state.look_again
            }
        }

        #[workflow_methods]
        impl $name {
            #[init]
            fn new(_ctx: &WorkflowContextView, order: OrderKey) -> Self {
                Self { order, state: State::default() }
            }

            #[run(name = "FulfillOrder")]
            pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
                let order = ctx.state(|wf| wf.order.clone());
                life(ctx, order).await
            }

            #[signal(name = "order_changed")]
            fn order_changed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
                self.state.look_again = true;
            }

            #[signal(name = "shipment_confirmed")]
            fn shipment_confirmed(
                &mut self,
                _ctx: &mut SyncWorkflowContext<Self>,
                _detail: RawValue,
            ) {
                self.state.look_again = true;
            }
        }
    };
}

later_loop!(
    /// The change behind a patch: runs that are under way go on as they began.
    Patched,
    |ctx| ctx.patched(PATCH)
);
later_loop!(
    /// The same change by somebody who forgot the patch.
    Unpatched,
    |_ctx| true
);
