//! What the guard holds, until a person decides or a later batch says otherwise.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]

use domain::exception::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::data_converters::RawValue;
use temporalio_common::search_attributes::SearchAttributes;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    SyncWorkflowContext, WorkflowCancellationToken, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};

use super::activities::StockActivities;
use super::words::{Held, ReviewInput, ReviewTicket};
use crate::options;
use crate::orders::{BLOCKED_ON, MARKETPLACE, OWNER};

/// Longest name of a person that is kept.
const NAME_MAX: usize = 64;

/// What a review tells who asks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewShown {
    /// Which marketplace.
    pub marketplace: String,
    /// Its number.
    pub review: i64,
    /// `held`, `approved`, `rejected` or `replaced`.
    pub state: String,
    /// What is held.
    pub held: Held,
}

/// A person's word, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    approve: bool,
    by: String,
}

/// Holds what tripped the guard until `approve`, `reject`, or until a later batch replaces it.
///
/// - Workflow ID: `stock-review/{marketplace}/{review}`, a child of the run that found it, and on its
///   own from then on.
/// - Ends: a person decided, or it was replaced. Waits: for either.
#[workflow]
pub struct ReviewStock {
    input: ReviewInput,
    state: String,
    said: Option<Said>,
    replaced: bool,
}

#[workflow_methods]
impl ReviewStock {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: ReviewInput) -> Self {
        Self {
            input,
            state: "held".to_owned(),
            said: None,
            replaced: false,
        }
    }

    /// Shows the numbers and waits. Temporal's *Cancel* only takes it off the list: what is held
    /// stays held.
    #[run(name = "ReviewStock")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let input = ctx.state(|wf| wf.input.clone());
        ctx.set_current_details(details(&input));
        loop {
            let waited = ctx
                .wait_condition(|wf: &Self| wf.said.is_some() || wf.replaced)
                .await;
            if waited.is_err() {
                break;
            }
            let Some(said) = ctx.state_mut(|wf| wf.said.take()) else {
                Self::end(ctx, "replaced".to_owned());
                break;
            };
            let ticket = ReviewTicket {
                of: input.of.clone(),
                ledger_id: input.ledger_id.clone(),
                review: input.review,
                approve: said.approve,
                by: said.by,
            };
            let word = if said.approve { "approve" } else { "reject" };
            let summary = format!("{word} the stock held on {}", input.of);
            let token = WorkflowCancellationToken::new();
            let decide = StockActivities::decide_stock;
            let options = options::stock(summary, &token);
            if let Ok(state) = ctx.execute_activity(decide, ticket, options).await {
                Self::end(ctx, state);
                break;
            }
        }
        Ok(ctx.state(|wf| wf.state.clone()))
    }

    /// Lets it go. `{"by": "name"}` says who; without it, the Temporal UI did.
    #[signal(name = "approve")]
    pub fn approve(&mut self, _ctx: &mut SyncWorkflowContext<Self>, detail: RawValue) {
        self.said = Some(Said {
            approve: true,
            by: by(&detail),
        });
    }

    /// Keeps it held until the feed says something else.
    #[signal(name = "reject")]
    pub fn reject(&mut self, _ctx: &mut SyncWorkflowContext<Self>, detail: RawValue) {
        self.said = Some(Said {
            approve: false,
            by: by(&detail),
        });
    }

    /// A later batch says something else: there is nothing to decide any more.
    #[signal(name = "replaced")]
    pub fn replaced(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {
        self.replaced = true;
    }

    /// What is held, and what became of it.
    #[query(name = "review")]
    pub fn review(&self, _ctx: &WorkflowContextView) -> ReviewShown {
        ReviewShown {
            marketplace: self.input.of.to_string(),
            review: self.input.review,
            state: self.state.clone(),
            held: self.input.held.clone(),
        }
    }
}

/// By what a review that waits is found in a list.
pub(super) fn attributes(input: &ReviewInput) -> SearchAttributes {
    let kind = Kind::StockHeld;
    SearchAttributes::new([
        MARKETPLACE.value_set(input.of.to_string()),
        BLOCKED_ON.value_set(kind.as_str().to_owned()),
        OWNER.value_set(kind.owner().as_str().to_owned()),
    ])
}

impl ReviewStock {
    fn end(ctx: &WorkflowContext<Self>, state: String) {
        ctx.set_current_details(format!("**{state}**"));
        ctx.upsert_search_attributes(vec![
            BLOCKED_ON.value_set(String::new()),
            OWNER.value_set(String::new()),
        ]);
        ctx.state_mut(|wf| wf.state = state);
    }
}

/// Who said it; a word that is no plain name is not kept.
fn by(detail: &RawValue) -> String {
    let first = detail.payloads.first();
    let value: Value = first
        .and_then(|payload| serde_json::from_slice(&payload.data).ok())
        .unwrap_or_default();
    let plain = |name: &&str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(fits)
    };
    let name = value.get("by").and_then(Value::as_str);
    name.filter(plain).unwrap_or("temporal_ui").to_owned()
}

/// What is held and what to do, in Markdown.
fn details(input: &ReviewInput) -> String {
    let Held {
        offers,
        by_reason,
        units_shown,
        units_wanted,
        totals,
        refused,
    } = &input.held;
    let kind = Kind::StockHeld;
    let mut text = format!(
        "### Needs {}: {kind}\n\n{}\n\n- offers held: **{offers}**\n- units: **{units_shown}** \
         shown, **{units_wanted}** wanted\n",
        kind.owner(),
        kind.cause()
    );
    if let Some(batch) = refused {
        text.push_str(&format!(
            "- batch `{}` is not in use: **{}**\n",
            batch.batch_id,
            batch.faults.join(", ")
        ));
    }
    for (reason, offers) in by_reason {
        text.push_str(&format!("- `{reason}`: {offers}\n"));
    }
    text.push_str(&format!(
        "- of {} offers that show units, {} would go to zero; of {} units, {} would go and {} come\n",
        totals.shown, totals.zeroed, totals.units, totals.fall, totals.rise
    ));
    text.push_str("\n**Next:** signal `approve` to let it go, `reject` to keep it held.\n");
    text
}
