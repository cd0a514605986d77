//! One publication of a marketplace's stock.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]

use temporalio_common::ActivityDefinition;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ChildWorkflowOptions, ParentClosePolicy, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use super::activities::StockActivities;
use super::review::{self, ReviewStock};
use super::words::{
    ImportEnd, OffersRead, PublishInput, ReviewInput, SnapshotRead, StockComputed, StockReport,
    StockSent, StockTicket, Word,
};
use crate::{ids, options};

/// Computations of one run: a second one when nobody knows what became of the first one's file.
const ROUNDS: u32 = 2;

/// Publishes what can be picked, less what the batch has not seen, less the buffers.
///
/// - Workflow ID: `stock/{marketplace}` and the moment, since the schedule of that name starts it.
/// - Ends: when Mirakl took the file, or there is nothing to send. However many offers there are, it
///   runs a handful of activities: rows stay in the ledger. Two at once do no harm: the second finds
///   the lease taken and ends.
#[workflow]
pub struct PublishStock {
    input: PublishInput,
    report: StockReport,
}

#[workflow_methods]
impl PublishStock {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: PublishInput) -> Self {
        Self {
            input,
            report: StockReport::default(),
        }
    }

    /// One publication. Stopping it by Temporal's *Cancel* harms nothing: the next one sends what is
    /// missing.
    #[run(name = "PublishStock")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<StockReport> {
        // Whatever stops it has been noted where it happened.
        let _ = Self::published(ctx).await;
        Ok(ctx.state(|wf| wf.report.clone()))
    }

    /// What is counted so far.
    #[query(name = "report")]
    pub fn report(&self, _ctx: &WorkflowContextView) -> StockReport {
        self.report.clone()
    }
}

impl PublishStock {
    /// The parts in their order; nothing when the run was stopped.
    async fn published(ctx: &WorkflowContext<Self>) -> Option<()> {
        let input = ctx.state(|wf| wf.input.clone());
        let of = input.of.clone();
        let read = StockActivities::read_snapshot;
        let read: SnapshotRead =
            Self::act(ctx, read, input, format!("read stock for {of}")).await?;
        Self::note(ctx, |report| {
            report.word = read.word.clone();
            report.rows = read.rows;
            report.age_s = read.age_s;
            report.faults.clone_from(&read.faults);
        });
        let mut ticket = read.ticket?;
        if read.offers_due {
            let look = StockActivities::read_offers;
            let summary = format!("read the offers of {of}");
            let seen: OffersRead = Self::act(ctx, look, ticket.clone(), summary).await?;
            Self::note(ctx, |report| {
                report.word = seen.word.clone();
                report.drifting = seen.drifting;
            });
            Self::go_on(&seen.word)?;
        }
        for _ in 0..ROUNDS {
            if Self::sent(ctx, &mut ticket).await? != Word::Again {
                break;
            }
        }
        Some(())
    }

    /// Computes and sends; answers how that ended.
    async fn sent(ctx: &WorkflowContext<Self>, ticket: &mut StockTicket) -> Option<Word> {
        let of = ticket.of.clone();
        let compute = StockActivities::compute_stock;
        let summary = format!("compute the stock of {of}");
        let made: StockComputed = Self::act(ctx, compute, ticket.clone(), summary).await?;
        ticket.snapshot_no = made.snapshot_no;
        Self::note(ctx, |report| {
            report.word = made.word.clone();
            report.snapshot_no = made.snapshot_no;
            report.offers = made.offers;
            report.changed = made.changed;
            report.unknown = made.unknown;
            report.unmapped = made.unmapped;
            report.held = made.held;
        });
        Self::go_on(&made.word)?;
        if let Some(waiting) = made.new_review {
            Self::ask_a_person(ctx, waiting).await;
        }
        let send = StockActivities::send_stock;
        let summary = format!("send the stock of {of}");
        let sent: StockSent = Self::act(ctx, send, ticket.clone(), summary).await?;
        Self::note(ctx, |report| {
            report.word = sent.word.clone();
            report.lines = sent.lines;
        });
        if sent.word != Word::Go {
            return Some(sent.word);
        }
        let wait = StockActivities::await_stock_import;
        let summary = format!("wait for the import of {of}");
        let end: ImportEnd = Self::act(ctx, wait, ticket.clone(), summary).await?;
        Self::note(ctx, |report| {
            report.word = end.word.clone();
            report.refused = end.refused;
        });
        Some(end.word)
    }

    /// Starts the run that waits for a person, and leaves it to itself.
    async fn ask_a_person(ctx: &WorkflowContext<Self>, waiting: ReviewInput) {
        let options = ChildWorkflowOptions::builder()
            .workflow_id(ids::stock_review(&waiting.of, waiting.review))
            .parent_close_policy(ParentClosePolicy::Abandon)
            .static_summary(format!("Stock held on {}", waiting.of))
            .search_attributes(review::attributes(&waiting))
            .build();
        // One of this number that runs already is the same.
        let _ = ctx
            .start_child_workflow(ReviewStock::run, waiting, options)
            .await;
    }

    fn go_on(word: &Word) -> Option<()> {
        (*word == Word::Go).then_some(())
    }

    /// Runs an activity until it is answered; `None` when the run was stopped.
    async fn act<A>(
        ctx: &WorkflowContext<Self>,
        activity: A,
        input: A::Input,
        summary: String,
    ) -> Option<A::Output>
    where
        A: ActivityDefinition,
    {
        let options = options::stock(summary, &ctx.cancellation_token());
        ctx.execute_activity(activity, input, options).await.ok()
    }

    fn note(ctx: &WorkflowContext<Self>, change: impl FnOnce(&mut StockReport)) {
        ctx.state_mut(|wf| change(&mut wf.report));
        ctx.set_current_details(ctx.state(|wf| details(&wf.report)));
    }
}

/// The run's current details, in Markdown.
fn details(report: &StockReport) -> String {
    let StockReport {
        word,
        snapshot_no,
        rows,
        age_s,
        faults,
        offers,
        changed,
        unknown,
        unmapped,
        held,
        drifting,
        lines,
        refused,
    } = report;
    let stands = match word {
        Word::Go => "Under way.",
        Word::Done => "Done.",
        Word::Off => "This shop publishes no stock: bcm.toml has no stock section for it.",
        Word::Busy => "Another run publishes this marketplace now.",
        Word::Overtaken => "Another run took it over.",
        Word::Again => "Nobody knows what became of the file; the next one says it all again.",
        Word::Failed => "Mirakl gave the file up; the next run sends it again.",
        Word::Unknown(_) => "Ended by a newer program.",
    };
    let mut text = format!(
        "{stands} Snapshot **{snapshot_no}**: {rows} rows, {age_s} s old; **{offers}** offers, \
         {changed} changed, {unknown} unknown, {unmapped} without a SKU, {drifting} drifting; \
         **{lines}** lines sent, {refused} refused, **{held}** held."
    );
    if !faults.is_empty() {
        text.push_str("\n\nThe newest batch was not taken:");
        for fault in faults {
            text.push_str(&format!(" `{fault}`"));
        }
    }
    text
}
