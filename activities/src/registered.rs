//! The activities as a worker registers them: names of `workflows::activities`, code of [`Orders`]
//! and [`Feeds`].

#![expect(
    missing_docs,
    reason = "the macro makes constants without documentation"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::command::Answer;
use domain::marketplace::OrderKey;
use domain::step::{Decision, Step};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::activities::{CommandRequest, FeedInput, FeedReport};

use crate::failure::failure;
use crate::{Failure, Feeds, Orders};

/// A killed worker is noticed within four of these.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Does the work, and tells the server meanwhile that this worker is alive.
///
/// Work that nobody waits for any more is let go: the worker was told to stop and its grace is over,
/// the server gave this attempt up while the process stood still, or the run did. A call under way
/// then has an unknown outcome, and its intent says so to the next attempt.
pub(crate) async fn alive<T>(
    ctx: &ActivityContext,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, ActivityError> {
    let beats = async {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            // A beat that cannot be sent is the server's to notice.
            let _ = ctx.record_heartbeat(()).await;
        }
    };
    tokio::select! {
        done = work => done.map_err(failure),
        () = ctx.cancelled() => Err(failure(Failure::handed_over())),
        () = beats => unreachable!("the beats have no end"),
    }
}

/// The name of a command for good, which its run's history tells too.
pub fn command_id(run_id: &str, activity_id: &str) -> String {
    format!("{run_id}/{activity_id}")
}

/// Is this the first attempt? Only that one goes on with the step that follows at once: an attempt
/// after a failure answers what comes next, so that a step that fails is shown, and waits, as itself.
fn is_first(ctx: &ActivityContext) -> bool {
    ctx.info().attempt == 1
}

/// Activities of an order's run.
pub struct OrderActivities(pub Arc<Orders>);

#[activities]
impl OrderActivities {
    #[activity(name = "decide")]
    pub async fn decide(
        self: Arc<Self>,
        _ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        self.0.decide(&order).await.map_err(failure)
    }

    #[activity(name = "take_command")]
    pub async fn take_command(
        self: Arc<Self>,
        ctx: ActivityContext,
        request: CommandRequest,
    ) -> Result<Answer, ActivityError> {
        let info = ctx.info();
        let run = info.workflow_run_id.as_deref().unwrap_or_default();
        let id = command_id(run, &info.activity_id);
        let work = self.0.take_command(&id, &request);
        alive(&ctx, self.0.for_order(&request.order, work)).await
    }

    #[activity(name = "create_sales_order")]
    pub async fn create_sales_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let orders = &self.0;
        let work = async {
            let made = orders.create_sales_order(&order).await?;
            match made.step {
                Step::AcceptLines if is_first(&ctx) => orders.accept_order_lines(&order).await,
                _ => Ok(made),
            }
        };
        alive(&ctx, orders.for_order(&order, work)).await
    }

    #[activity(name = "find_sales_order")]
    pub async fn find_sales_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.find_sales_order(&order)),
        )
        .await
    }

    #[activity(name = "accept_order_lines")]
    pub async fn accept_order_lines(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.accept_order_lines(&order)),
        )
        .await
    }

    #[activity(name = "refuse_order_lines")]
    pub async fn refuse_order_lines(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.refuse_order_lines(&order)),
        )
        .await
    }

    #[activity(name = "release_sales_order")]
    pub async fn release_sales_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.release_sales_order(&order)),
        )
        .await
    }

    #[activity(name = "cancel_sales_order")]
    pub async fn cancel_sales_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.cancel_sales_order(&order)),
        )
        .await
    }

    #[activity(name = "cancel_order")]
    pub async fn cancel_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(&ctx, self.0.for_order(&order, self.0.cancel_order(&order))).await
    }

    #[activity(name = "send_tracking")]
    pub async fn send_tracking(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let orders = &self.0;
        let work = async {
            let made = orders.send_tracking(&order).await?;
            match made.step {
                Step::ConfirmShipment if is_first(&ctx) => orders.confirm_shipment(&order).await,
                _ => Ok(made),
            }
        };
        alive(&ctx, orders.for_order(&order, work)).await
    }

    #[activity(name = "tell_parcels")]
    pub async fn tell_parcels(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(&ctx, self.0.for_order(&order, self.0.tell_parcels(&order))).await
    }

    #[activity(name = "correct_tracking")]
    pub async fn correct_tracking(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let correcting = self.0.correct_tracking(&order);
        alive(&ctx, self.0.for_order(&order, correcting)).await
    }

    #[activity(name = "cancel_units")]
    pub async fn cancel_units(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.cancel_units(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "read_units")]
    pub async fn read_units(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.read_units(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "cancel_lines")]
    pub async fn cancel_lines(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.cancel_lines(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "refund")]
    pub async fn refund(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.refund(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "forward_returns")]
    pub async fn forward_returns(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.forward_returns(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "resolve_incident")]
    pub async fn resolve_incident(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        let work = Box::pin(self.0.resolve_incident(&order));
        alive(&ctx, self.0.for_order(&order, work)).await
    }

    #[activity(name = "confirm_shipment")]
    pub async fn confirm_shipment(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        alive(
            &ctx,
            self.0.for_order(&order, self.0.confirm_shipment(&order)),
        )
        .await
    }
}

/// Activities of the feeds.
pub struct FeedActivities(pub Arc<Feeds>);

#[activities]
impl FeedActivities {
    #[activity(name = "collect_orders")]
    pub async fn collect_orders(
        self: Arc<Self>,
        ctx: ActivityContext,
        feed: FeedInput,
    ) -> Result<FeedReport, ActivityError> {
        let client = ctx.client();
        alive(&ctx, self.0.collect_orders(&feed, &client)).await
    }

    #[activity(name = "collect_shipments")]
    pub async fn collect_shipments(
        self: Arc<Self>,
        ctx: ActivityContext,
        feed: FeedInput,
    ) -> Result<FeedReport, ActivityError> {
        let client = ctx.client();
        alive(&ctx, self.0.collect_shipments(&feed, &client)).await
    }
}
