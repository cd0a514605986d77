//! The sweep: what Mirakl holds against the ledger, the sales orders and the runs.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]
#![expect(
    clippy::unimplemented,
    reason = "the macro wants these bodies, and drops them"
)]

use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use serde::{Deserialize, Serialize};
use temporalio_common::{ActivityDefinition, ActivityError};
use temporalio_macros::{activity_definitions, workflow, workflow_methods};
use temporalio_workflow::{TimerOptions, WorkflowContext, WorkflowContextView, WorkflowResult};

use crate::options;

/// Exports that are asked for before a sweep gives up until the next day.
const ROUNDS: u32 = 2;
/// Between two exports: Mirakl takes one in five minutes.
const BETWEEN_EXPORTS: Duration = Duration::from_secs(300);

/// Which marketplace to sweep, and by which ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepInput {
    /// Marketplace code.
    pub of: MarketplaceCode,
    /// A worker with another ledger must not go on with it.
    pub ledger_id: String,
    /// How many days to look back.
    pub days: u32,
}

/// A sweep under way: everything else of it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepTicket {
    /// Which marketplace.
    pub of: MarketplaceCode,
    /// The ledger's number of the sweep.
    pub sweep: i64,
    /// Which ledger: another one may have a sweep of the same number. Empty where an older program
    /// asked for the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_id: Option<String>,
}

/// How an export ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportEnd {
    /// Are its files there? Else another one is to be asked for.
    pub ready: bool,
}

/// What a sweep counted: numbers only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SweepReport {
    /// Orders that Mirakl exported.
    pub exported: u32,
    /// Orders that no pull had brought although it should have.
    pub missed: u32,
    /// Orders without an open run, started again.
    pub taken_up: u32,
    /// Orders told to look again.
    pub looked_again: u32,
    /// Findings that stand for a person.
    pub findings: u32,
    /// Orders that could not be compared now.
    pub skipped: u32,
}

/// Activities of a sweep.
pub struct SweepActivities;

#[activity_definitions]
impl SweepActivities {
    /// Asks Mirakl for an export of the last days' orders (OR13), once.
    #[activity(name = "request_order_export")]
    pub fn request_order_export(input: SweepInput) -> Result<SweepTicket, ActivityError> {
        unimplemented!()
    }

    /// Waits until the export has ended (OR14).
    #[activity(name = "await_order_export")]
    pub fn await_order_export(ticket: SweepTicket) -> Result<ExportEnd, ActivityError> {
        unimplemented!()
    }

    /// Reads the export's files (OR15), and stores what no pull had brought.
    #[activity(name = "read_order_export")]
    pub fn read_order_export(ticket: SweepTicket) -> Result<SweepReport, ActivityError> {
        unimplemented!()
    }

    /// Holds the orders against the sales orders and the runs.
    #[activity(name = "compare_orders")]
    pub fn compare_orders(ticket: SweepTicket) -> Result<SweepReport, ActivityError> {
        unimplemented!()
    }
}

/// Holds the orders of the last days against each other on all sides, and has repaired what differs.
///
/// - Workflow ID: `sweep/{marketplace}` and the moment, since the schedule of that name starts it.
/// - Ends: when everything was compared once, or no export could be had. However many orders there
///   are, it runs a handful of activities: rows stay in the ledger.
#[workflow]
pub struct Sweep {
    input: SweepInput,
    report: SweepReport,
}

#[workflow_methods]
impl Sweep {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: SweepInput) -> Self {
        Self {
            input,
            report: SweepReport::default(),
        }
    }

    /// One sweep. Stopping it by Temporal's *Cancel* harms nothing: the next one looks again.
    #[run(name = "Sweep")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<SweepReport> {
        let input = ctx.state(|wf| wf.input.clone());
        for round in 1..=ROUNDS {
            let Some(ticket) = Self::asked(ctx, input.clone()).await else {
                break;
            };
            match Self::swept(ctx, ticket).await {
                Some(true) => break,
                Some(false) if round < ROUNDS => Self::pause(ctx).await,
                _ => {
                    ctx.set_current_details(
                        "No export could be had. The next sweep asks again; `bcm sweep` does it now.",
                    );
                    break;
                }
            }
        }
        Ok(ctx.state(|wf| wf.report.clone()))
    }

    /// What is counted so far.
    #[query(name = "report")]
    pub fn report(&self, _ctx: &WorkflowContextView) -> SweepReport {
        self.report.clone()
    }
}

impl Sweep {
    async fn asked(ctx: &WorkflowContext<Self>, input: SweepInput) -> Option<SweepTicket> {
        let summary = format!("ask for an export of {}", input.of);
        Self::act(ctx, SweepActivities::request_order_export, input, summary).await
    }

    /// Waits for the export and compares; `false` when there is none, `None` when it was stopped.
    async fn swept(ctx: &WorkflowContext<Self>, ticket: SweepTicket) -> Option<bool> {
        let of = ticket.of.clone();
        let summary = format!("wait for the export of {of}");
        let export = SweepActivities::await_order_export;
        let end: ExportEnd = Self::act(ctx, export, ticket.clone(), summary).await?;
        if !end.ready {
            return Some(false);
        }
        let summary = format!("read the export of {of}");
        let read = SweepActivities::read_order_export;
        let report = Self::act(ctx, read, ticket.clone(), summary).await?;
        Self::show(ctx, report, "Files read; comparing.");
        let summary = format!("compare the orders of {of}");
        let compare = SweepActivities::compare_orders;
        let report = Self::act(ctx, compare, ticket, summary).await?;
        Self::show(ctx, report, "Done.");
        Some(true)
    }

    /// Runs an activity until it is answered; `None` when the sweep was stopped.
    async fn act<A>(
        ctx: &WorkflowContext<Self>,
        activity: A,
        input: A::Input,
        summary: String,
    ) -> Option<A::Output>
    where
        A: ActivityDefinition,
    {
        let options = options::sweep(summary, &ctx.cancellation_token());
        ctx.execute_activity(activity, input, options).await.ok()
    }

    async fn pause(ctx: &WorkflowContext<Self>) {
        let timer = TimerOptions::builder(BETWEEN_EXPORTS)
            .summary("the next export".to_owned())
            .cancellation_token(ctx.cancellation_token())
            .build();
        // A sweep that was stopped meanwhile is told so by its next activity.
        let _ = ctx.timer(timer).await;
    }

    fn show(ctx: &WorkflowContext<Self>, report: SweepReport, stands: &str) {
        let SweepReport {
            exported,
            missed,
            taken_up,
            looked_again,
            findings,
            skipped,
        } = &report;
        ctx.set_current_details(format!(
            "{stands} **{exported}** orders exported, **{missed}** missed, {taken_up} runs started \
             again, {looked_again} told to look again, {findings} findings, {skipped} skipped."
        ));
        ctx.state_mut(|wf| wf.report = report);
    }
}
