//! Runs of orders: whether one is open, and starting it again.

use domain::marketplace::{MarketplaceCode, OrderKey};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{Client, WorkflowDescribeOptions, WorkflowExecutionStatus};
use workflows::ids;
use workflows::orders::FulfillOrder;

use super::Sweeps;
use crate::Failure;
use crate::feeds::{News, Teller};

/// Runs described at once.
const AT_ONCE: usize = 16;

/// What a sweep needs of Temporal. Never a list of runs: that is a copy, and may be late.
pub trait Runs: Sync {
    /// Is a run of this order open?
    ///
    /// # Errors
    /// Temporal did not answer.
    fn is_open(&self, key: &OrderKey) -> impl Future<Output = Result<bool, Failure>> + Send;

    /// Starts the run of an order, or has it look again where there is one.
    ///
    /// # Errors
    /// Temporal did not answer.
    fn take_up(
        &self,
        sweeps: &Sweeps,
        key: &OrderKey,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

impl Runs for Client {
    async fn is_open(&self, key: &OrderKey) -> Result<bool, Failure> {
        let run = self.get_workflow_handle::<FulfillOrder>(ids::order(key));
        match run.describe(WorkflowDescribeOptions::default()).await {
            Ok(described) => Ok(described.status() == WorkflowExecutionStatus::Running),
            Err(WorkflowInteractionError::NotFound(_)) => Ok(false),
            Err(error) => Err(Failure::temporal("describe an order's run", &error)),
        }
    }

    async fn take_up(&self, sweeps: &Sweeps, key: &OrderKey) -> Result<(), Failure> {
        let teller = Teller {
            orders: &sweeps.feeds.orders,
            told: &sweeps.feeds.told,
            client: self,
        };
        teller.signal(key, News::OrderChanged).await
    }
}

impl Sweeps {
    /// Looks at runs that were not seen since a moment, the longest unseen first, and starts those
    /// again that are not open although their order is not over: terminated by hand, expired, lost.
    /// Answers how many were to be looked at, and how many of them were started. One that cannot be
    /// looked at stops no other.
    ///
    /// # Errors
    /// The last one's, when none could be looked at. What was not is looked at with the next call.
    pub async fn look_at_runs(
        &self,
        of: &MarketplaceCode,
        before: Timestamp,
        limit: u32,
        runs: &impl Runs,
    ) -> Result<(u32, u32), Failure> {
        let keys = self.ledger().runs_unseen_since(of, before, limit).await?;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let listed = number(keys.len());
        let looks: Vec<_> = stream::iter(keys)
            .map(|key| async move { (self.look_at_run(&key, runs).await, key) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let (mut seen, mut taken_up, mut last) = (vec![], 0, None);
        for (looked, key) in looks {
            match looked {
                Ok(started) => {
                    taken_up += u32::from(started);
                    seen.push(key);
                }
                Err(failure) => {
                    tracing::warn!(order.id = key.order_id, marketplace = %of, "its run was not looked at: {failure}");
                    last = Some(failure);
                }
            }
        }
        self.ledger().runs_seen(&seen, self.now()).await?;
        match last {
            Some(failure) if seen.is_empty() => Err(failure),
            _ => Ok((listed, taken_up)),
        }
    }

    async fn look_at_run(&self, key: &OrderKey, runs: &impl Runs) -> Result<bool, Failure> {
        if runs.is_open(key).await? {
            return Ok(false);
        }
        // It may have come to its end between the list and the look.
        let row = self.ledger().order(key).await?;
        if row.is_none_or(|row| row.finished) {
            return Ok(false);
        }
        self.ledger().owe_a_look(key, self.now()).await?;
        runs.take_up(self, key).await?;
        tracing::warn!(order.id = key.order_id, marketplace = %key.marketplace, "the order had no open run and was taken up again");
        Ok(true)
    }
}
