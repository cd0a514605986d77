//! Activities that answer from a script.

#![expect(
    dead_code,
    reason = "the macro makes constants that only workflows would use"
)]

use std::sync::Arc;

use domain::marketplace::OrderKey;
use domain::step::{Decision, Outcome, Shown, Stage, Step};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

/// Answers of the activities, without any system behind them.
pub struct Script;

fn answer(step: Step, stage: Stage) -> Decision {
    let shown = Shown {
        stage,
        sales_order: None,
        blocked_on: None,
        deadline: None,
    };
    Decision { step, shown }
}

#[activities]
impl Script {
    #[activity(name = "decide")]
    async fn decide(
        self: Arc<Self>,
        _ctx: ActivityContext,
        _order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        Ok(answer(Step::CreateSalesOrder, Stage::New))
    }

    #[activity(name = "create_sales_order")]
    async fn create_sales_order(
        self: Arc<Self>,
        _ctx: ActivityContext,
        _order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        Ok(answer(Step::AcceptLines, Stage::Accepting))
    }

    #[activity(name = "accept_order_lines")]
    async fn accept_order_lines(
        self: Arc<Self>,
        _ctx: ActivityContext,
        _order: OrderKey,
    ) -> Result<Decision, ActivityError> {
        Ok(answer(Step::Done(Outcome::Fulfilled), Stage::Shipped))
    }
}
