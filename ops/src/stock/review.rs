//! `bcm stock approve` and `bcm stock reject`: a person's word on what the guard holds.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use domain::marketplace::MarketplaceCode;
use ledger::StockReview;
use serde::Serialize;
use serde_json::json as value;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowSignalOptions};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use workflows::ids;

use super::meant;
use crate::render::{Tone, json, paint};
use crate::{Output, Surroundings, Trouble, temporal, words};

/// How long a worker has to take the word.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// `bcm stock approve` and `bcm stock reject`.
#[derive(Debug, Args)]
pub struct DecideStock {
    /// Which marketplace
    #[arg(value_parser = words::marketplace)]
    pub marketplace: MarketplaceCode,
    /// Only if it is still this review, as `bcm stock show` names it
    #[arg(long)]
    pub review: Option<i64>,
    /// Who says so: initials or a staff number, never a name
    #[arg(long, value_name = "CODE", env = "BCM_PERSON", default_value = "cli", value_parser = words::reason_code)]
    pub by: String,
}

/// `bcm stock approve --json`.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// The review.
    pub review: i64,
    /// `approved`, `rejected` or `replaced`.
    pub state: String,
    /// Does the word count?
    pub done: bool,
    /// A sentence.
    pub says: String,
}

impl DecideStock {
    pub(super) async fn run(self, approve: bool, surroundings: &Surroundings) -> Result<Output> {
        let (ledger, code) = (&surroundings.ledger, &self.marketplace);
        meant(ledger, Some(code)).await?;
        let open = ledger.open_stock_review(code).await?;
        let open = open.filter(|open| self.review.is_none_or(|review| review == open.review));
        let Some(open) = open else {
            return Err(self
                .nothing_held(ledger.stock_reviews(code, 1).await?)
                .into());
        };
        let client = temporal::connected(surroundings.temporal.as_ref())?;
        let word = if approve { "approve" } else { "reject" };
        let run =
            client.get_workflow_handle::<UntypedWorkflow>(ids::stock_review(code, open.review));
        let who = RawValue::from_value(&value!({ "by": self.by }), &PayloadConverter::default());
        let options = WorkflowSignalOptions::default();
        match run.signal(UntypedSignal::new(word), who, options).await {
            Ok(()) => {}
            Err(WorkflowInteractionError::NotFound(_)) => {
                return Err(Trouble::new(
                    "no_run",
                    format!("The run of review {} of {code} is not open.", open.review),
                    format!("The next run of the marketplace starts it again: bcm stock push {code}, then repeat the command."),
                )
                .into());
            }
            Err(_) => {
                return Err(Trouble::new(
                    "temporal_unreachable",
                    "Temporal did not take the word.",
                    "See that the Temporal server runs and that its address and namespace in bcm.toml are right, then repeat the command.",
                )
                .into());
            }
        }
        let began = tokio::time::Instant::now();
        let decided = loop {
            let now = ledger.stock_review(code, open.review).await?;
            if now.state != "held" {
                break now;
            }
            if began.elapsed() > TAKEN_WITHIN {
                return Err(Trouble::new(
                    "no_worker",
                    format!("No worker took the word within {} s; one that comes back takes it.", TAKEN_WITHIN.as_secs()),
                    format!("Start a worker (bcm worker), then look: bcm stock show --marketplace {code}"),
                )
                .into());
            }
            tokio::time::sleep(LOOK).await;
        };
        let document = document(code, decided, approve);
        let look = surroundings.look();
        let exit = if document.done { 0 } else { 2 };
        let text = if look.json {
            json(&document)
        } else {
            let (word, tone) = match document.done {
                true => ("done", Tone::Good),
                false => ("refused", Tone::Bad),
            };
            format!("{}  {}\n", paint(word, tone, look), document.says)
        };
        Ok(Output { text, exit })
    }

    fn nothing_held(&self, last: Vec<StockReview>) -> Trouble {
        let code = &self.marketplace;
        let last = match last.first() {
            Some(last) => format!("; the last review, {}, was {}", last.review, last.state),
            None => String::new(),
        };
        let says = match self.review {
            Some(review) => format!("Review {review} of {code} waits for nobody{last}."),
            None => format!("Nothing of {code} is held{last}."),
        };
        let next = format!("See what stands: bcm stock show --marketplace {code}");
        Trouble::new("nothing_held", says, next)
    }
}

fn document(code: &MarketplaceCode, decided: StockReview, approve: bool) -> DecisionDocument {
    let asked = if approve { "approved" } else { "rejected" };
    let done = decided.state == asked;
    let says = match (done, approve) {
        (true, true) => format!(
            "Review {} is approved; a run sends it at once.",
            decided.review
        ),
        (true, false) => format!(
            "Review {} is rejected; its offers stay as they are until the stock says something else.",
            decided.review
        ),
        _ => format!(
            "Review {} was {} meanwhile; nothing changed by this word.",
            decided.review, decided.state
        ),
    };
    DecisionDocument {
        source: "ledger",
        marketplace: code.clone(),
        review: decided.review,
        state: decided.state,
        done,
        says,
    }
}
