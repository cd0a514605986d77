//! The activities of a sweep as a worker registers them.

#![expect(
    missing_docs,
    reason = "the macro makes constants without documentation"
)]

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::sweep::{ExportEnd, SweepInput, SweepReport, SweepTicket};

use super::Sweeps;
use crate::registered::alive;

/// Activities of a sweep.
pub struct SweepActivities(pub Arc<Sweeps>);

#[activities]
impl SweepActivities {
    #[activity(name = "request_order_export")]
    pub async fn request_order_export(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: SweepInput,
    ) -> Result<SweepTicket, ActivityError> {
        let run = ctx.info().workflow_run_id.clone().unwrap_or_default();
        alive(&ctx, self.0.request_order_export(&input, &run)).await
    }

    #[activity(name = "await_order_export")]
    pub async fn await_order_export(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: SweepTicket,
    ) -> Result<ExportEnd, ActivityError> {
        alive(&ctx, self.0.await_order_export(&ticket)).await
    }

    #[activity(name = "read_order_export")]
    pub async fn read_order_export(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: SweepTicket,
    ) -> Result<SweepReport, ActivityError> {
        alive(&ctx, self.0.read_order_export(&ticket)).await
    }

    #[activity(name = "compare_orders")]
    pub async fn compare_orders(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: SweepTicket,
    ) -> Result<SweepReport, ActivityError> {
        let client = ctx.client();
        let attempt = ctx.info().attempt;
        alive(&ctx, self.0.compare_orders(&ticket, attempt, &client)).await
    }
}
