//! What waits for a person, and what becomes of the person's word.

use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use domain::stock::guard::Totals;
use ledger::{Publication, ReviewDecision, ReviewNow};
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use temporalio_client::{Client, UntypedSignal, UntypedWorkflow};
use temporalio_common::data_converters::RawValue;
use workflows::ids;
use workflows::stock::{Held, RefusedBatch, ReviewTicket};

use super::guarded::Guarded;
use super::{Run, Stocks, print};
use crate::Failure;

/// Between two looks whether a marketplace's run is over.
const LOOK: Duration = Duration::from_millis(500);

/// What stock needs of Temporal.
pub trait StockRuns: Sync {
    /// Tells the run of a review that it was replaced; one that is over needs no word.
    ///
    /// # Errors
    /// Temporal did not answer.
    fn tell_replaced(
        &self,
        of: &MarketplaceCode,
        review: i64,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Has the marketplace's schedule start a run now, unless one is under way.
    ///
    /// # Errors
    /// Temporal did not answer.
    fn publish_now(&self, of: &MarketplaceCode)
    -> impl Future<Output = Result<(), Failure>> + Send;
}

impl StockRuns for Client {
    async fn tell_replaced(&self, of: &MarketplaceCode, review: i64) -> Result<(), Failure> {
        let run = self.get_workflow_handle::<UntypedWorkflow>(ids::stock_review(of, review));
        let nothing = RawValue { payloads: vec![] };
        let signal = UntypedSignal::new("replaced");
        match run.signal(signal, nothing, Default::default()).await {
            Ok(()) | Err(WorkflowInteractionError::NotFound(_)) => Ok(()),
            Err(error) => Err(Failure::temporal(
                "tell a review that it was replaced",
                &error,
            )),
        }
    }

    async fn publish_now(&self, of: &MarketplaceCode) -> Result<(), Failure> {
        let schedule = self.get_schedule_handle(ids::stock(of));
        let triggered = schedule.trigger(ScheduleOverlapPolicy::Skip, Default::default());
        let triggered = triggered.await;
        triggered.map_err(|error| Failure::temporal("trigger the schedule of stock", &error))
    }
}

impl Stocks {
    /// Puts what is held before a person. Answers the review that waits, if one does, and what it
    /// is about.
    pub(super) async fn settle_review(
        &self,
        run: &Run<'_>,
        publication: &Publication,
        guarded: Guarded,
        totals: Totals,
        refused: &Option<RefusedBatch>,
    ) -> Result<(Option<i64>, Held), Failure> {
        let held = Held {
            totals,
            refused: refused.clone(),
            ..guarded.held
        };
        let batch_id = refused.as_ref().map(|refused| refused.batch_id.as_str());
        let numbers = serde_json::to_string(&held).unwrap_or_default();
        let mut evidence = vec![
            ("offers".to_owned(), held.offers.to_string()),
            ("units_shown".to_owned(), held.units_shown.to_string()),
            ("units_wanted".to_owned(), held.units_wanted.to_string()),
        ];
        for fault in refused.iter().flat_map(|refused| &refused.faults) {
            evidence.push(("batch".to_owned(), fault.clone()));
        }
        let reasons = held.by_reason.iter();
        evidence.extend(reasons.map(|(reason, offers)| (reason.clone(), offers.to_string())));
        let new = ReviewNow {
            marketplace: &publication.marketplace,
            snapshot_no: publication.snapshot_no,
            snapshot: publication.snapshot,
            held: held.offers,
            print: guarded
                .print
                .wrapping_add(batch_id.map_or(0, |batch| print(&[batch.as_bytes()]))),
            refused: batch_id.map(|batch| (self.connections.site.name.as_str(), batch)),
            numbers: &numbers,
            evidence: &evidence,
        };
        let stands = self.ledger().settle_review(run.holding(), &new).await?;
        let waits = stands.filter(|review| review.state == "held");
        Ok((waits.map(|review| review.review), held))
    }

    /// Tells the runs of replaced reviews, each until it knows.
    pub(super) async fn tell_replaced(
        &self,
        of: &MarketplaceCode,
        runs: &impl StockRuns,
    ) -> Result<(), Failure> {
        for review in self.ledger().reviews_to_tell(of).await? {
            runs.tell_replaced(of, review).await?;
            self.ledger().review_told(of, review).await?;
        }
        Ok(())
    }

    /// Takes a person's word on what is held, once no run of the marketplace is under way, and has
    /// what was approved sent. Answers how the review ended.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn decide_stock(
        &self,
        ticket: &ReviewTicket,
        run: &str,
        runs: &impl StockRuns,
    ) -> Result<String, Failure> {
        self.check_ledger(&ticket.of, &ticket.ledger_id).await?;
        let lease = loop {
            if let Some(lease) = self.lease(ticket.of.as_str(), run).await? {
                break lease;
            }
            tokio::time::sleep(LOOK).await;
        };
        let decided = self
            .ledger()
            .decide_stock_review(
                lease.holding(),
                &ticket.of,
                ticket.review,
                ticket.approve,
                &ticket.by,
            )
            .await;
        self.give_back(&lease).await?;
        let state = match decided? {
            ReviewDecision::Over(review) => review.state,
            ReviewDecision::Decided if ticket.approve => "approved".to_owned(),
            ReviewDecision::Decided => "rejected".to_owned(),
        };
        if state == "approved" {
            runs.publish_now(&ticket.of).await?;
        }
        Ok(state)
    }
}
