//! The activities of stock as a worker registers them.

#![expect(
    missing_docs,
    reason = "the macro makes constants without documentation"
)]

use std::future::Future;
use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::stock::{
    ImportEnd, OffersRead, PublishInput, ReviewTicket, SnapshotRead, StockComputed, StockSent,
    StockTicket, Word,
};

use super::Stocks;
use crate::Failure;
use crate::registered::alive;

/// Activities of stock.
pub struct StockActivities(pub Arc<Stocks>);

fn run_of(ctx: &ActivityContext) -> String {
    ctx.info().workflow_run_id.clone().unwrap_or_default()
}

/// A run that lost its lease is over; that is no failure.
async fn unless_overtaken<T>(
    work: impl Future<Output = Result<T, Failure>>,
    ends: impl FnOnce(Word) -> T,
) -> Result<T, Failure> {
    match work.await {
        Err(failure) if failure.kind == Failure::LEASE_LOST => {
            tracing::info!("another run publishes this marketplace; this one ends");
            Ok(ends(Word::Overtaken))
        }
        done => done,
    }
}

#[activities]
impl StockActivities {
    #[activity(name = "read_snapshot")]
    pub async fn read_snapshot(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: PublishInput,
    ) -> Result<SnapshotRead, ActivityError> {
        let run = run_of(&ctx);
        let work = self.0.read_snapshot(&input, &run);
        let ends = |word| SnapshotRead {
            word,
            ticket: None,
            offers_due: false,
            rows: 0,
            age_s: 0,
            faults: vec![],
        };
        alive(&ctx, unless_overtaken(work, ends)).await
    }

    #[activity(name = "read_offers")]
    pub async fn read_offers(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: StockTicket,
    ) -> Result<OffersRead, ActivityError> {
        let run = run_of(&ctx);
        let ends = |word| OffersRead {
            word,
            ..OffersRead::default()
        };
        let work = self.0.read_offers(&ticket, &run);
        alive(&ctx, unless_overtaken(work, ends)).await
    }

    #[activity(name = "compute_stock")]
    pub async fn compute_stock(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: StockTicket,
    ) -> Result<StockComputed, ActivityError> {
        let (run, client) = (run_of(&ctx), ctx.client());
        let ends = |word| StockComputed {
            word,
            ..StockComputed::default()
        };
        let work = self.0.compute_stock(&ticket, &run, &client);
        alive(&ctx, unless_overtaken(work, ends)).await
    }

    #[activity(name = "send_stock")]
    pub async fn send_stock(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: StockTicket,
    ) -> Result<StockSent, ActivityError> {
        let run = run_of(&ctx);
        let ends = |word| StockSent { word, lines: 0 };
        let work = self.0.send_stock(&ticket, &run);
        alive(&ctx, unless_overtaken(work, ends)).await
    }

    #[activity(name = "await_stock_import")]
    pub async fn await_stock_import(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: StockTicket,
    ) -> Result<ImportEnd, ActivityError> {
        let run = run_of(&ctx);
        let ends = |word| ImportEnd { word, refused: 0 };
        let work = self.0.await_stock_import(&ticket, &run);
        alive(&ctx, unless_overtaken(work, ends)).await
    }

    #[activity(name = "decide_stock")]
    pub async fn decide_stock(
        self: Arc<Self>,
        ctx: ActivityContext,
        ticket: ReviewTicket,
    ) -> Result<String, ActivityError> {
        let (run, client) = (run_of(&ctx), ctx.client());
        alive(&ctx, self.0.decide_stock(&ticket, &run, &client)).await
    }
}
