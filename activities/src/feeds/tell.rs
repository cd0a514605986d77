//! Tells runs to look again, and starts those that are not there.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::marketplace::OrderKey;
use domain::order::State;
use domain::step::Step;
use futures::{StreamExt, stream};
use temporalio_client::{
    Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions,
    errors::WorkflowInteractionError,
};
use temporalio_common::data_converters::RawValue;
use temporalio_common::search_attributes::SearchAttributes;
use workflows::ids;
use workflows::orders::{FulfillOrder, MARKETPLACE};

use crate::Failure;
use crate::orders::Orders;

/// A run that was told, and has not handled it yet, is told again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Signals under way at once.
const AT_ONCE: usize = 16;

/// What a signal says; it carries no truth, facts are in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The order changed, or waits long enough.
    OrderChanged,
    /// A shipment came.
    ShipmentConfirmed,
    /// A new mapping version is in force.
    MappingChanged,
}

/// Which versions each order's run was told of, and when; a loss only means telling again.
#[derive(Default)]
pub struct Told(Mutex<BTreeMap<OrderKey, (Versions, Instant)>>);

type Versions = (i64, i64, i64, i64);

impl Told {
    /// Who tells a run of these versions; `None` when somebody just does, or lately did: both feeds of
    /// one worker find an order owed at the same moment, and its run needs to hear of it once.
    fn take_turn(&self, key: &OrderKey, versions: Versions) -> Option<Turn<'_>> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, (_, at)| at.elapsed() < AGAIN_AFTER);
        if told.get(key).is_some_and(|(of, _)| *of == versions) {
            return None;
        }
        told.insert(key.clone(), (versions, Instant::now()));
        Some(Turn {
            told: self,
            key: key.clone(),
            versions,
            is_told: false,
        })
    }
}

/// One telling of one run. Unless it is done, others may tell it at once.
struct Turn<'a> {
    told: &'a Told,
    key: OrderKey,
    versions: Versions,
    is_told: bool,
}

impl Turn<'_> {
    fn done(mut self) {
        self.is_told = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        let mut told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Newer news may have been told meanwhile.
        if told
            .get(&self.key)
            .is_some_and(|(of, _)| *of == self.versions)
        {
            told.remove(&self.key);
        }
    }
}

/// Tells runs over one Temporal client.
pub struct Teller<'a> {
    pub(crate) orders: &'a Orders,
    pub(crate) told: &'a Told,
    pub(crate) client: &'a Client,
}

impl Teller<'_> {
    /// Tells each order's run, and starts it where there is none and something to do. One that cannot
    /// be told stays owed, and stops no other.
    ///
    /// # Errors
    /// The last one's, when none could be told.
    pub async fn tell(&self, owed: Vec<OrderKey>, news: News) -> Result<u32, Failure> {
        let outcomes = stream::iter(owed)
            .map(|key| async move { (self.tell_one(key.clone(), news).await, key) })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let (mut told, mut went_well, mut last) = (0, false, None);
        for (outcome, order) in outcomes {
            match outcome {
                Ok(is_told) => {
                    went_well = true;
                    told += u32::from(is_told);
                }
                Err(failure) => {
                    tracing::warn!(%order, "not told: {failure}");
                    last = Some(failure);
                }
            }
        }
        match last {
            Some(failure) if !went_well => Err(failure),
            _ => Ok(told),
        }
    }

    async fn tell_one(&self, key: OrderKey, news: News) -> Result<bool, Failure> {
        let Some(row) = self.orders.ledger().order(&key).await? else {
            return Ok(false);
        };
        let mapping = self.orders.ledger().mapping_version().await?;
        let versions = (
            row.seen_version,
            row.shipments_version,
            row.commands_version,
            mapping,
        );
        let Some(turn) = self.told.take_turn(&key, versions) else {
            return Ok(false);
        };
        // Where an order looks over, a run that is there has to see it and end; where there is none,
        // the answer may be that there is nothing to do: then none is started for it.
        let looks_over =
            row.finished || row.order.state.is_called_off() || row.order.state == State::Closed;
        if looks_over {
            if self.signal_running(&key).await? {
                turn.done();
                return Ok(true);
            }
            // Only an end is noted here: what is still to be done is noted once the run was told.
            let over = self.orders.is_over(&key).await?;
            if over && matches!(self.orders.decide(&key).await?.step, Step::Done(_)) {
                turn.done();
                return Ok(false);
            }
        }
        if !looks_over && self.orders.handle_quiet_news(&key).await? {
            return Ok(false);
        }
        self.signal(&key, news).await?;
        turn.done();
        Ok(true)
    }

    /// Tells the run of an order to look again, if one is there.
    async fn signal_running(&self, key: &OrderKey) -> Result<bool, Failure> {
        let run = self
            .client
            .get_workflow_handle::<FulfillOrder>(ids::order(key));
        let nothing = RawValue { payloads: vec![] };
        let sent = run.signal(FulfillOrder::order_changed, nothing, Default::default());
        match sent.await {
            Ok(()) => Ok(true),
            Err(WorkflowInteractionError::NotFound(_)) => Ok(false),
            Err(error) => Err(Failure::temporal("signal an order's run", &error)),
        }
    }

    pub(crate) async fn signal(&self, key: &OrderKey, news: News) -> Result<(), Failure> {
        let marketplace = MARKETPLACE.value_set(key.marketplace.to_string());
        let options = WorkflowStartOptions::new(ids::ORDERS, ids::order(key))
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .search_attributes(SearchAttributes::new([marketplace]))
            .static_summary(format!("{} · {}", key.marketplace, key.order_id))
            .build();
        let nothing = RawValue { payloads: vec![] };
        let (run, order) = (FulfillOrder::run, key.clone());
        let sent = match news {
            News::OrderChanged => {
                let signal = FulfillOrder::order_changed;
                self.client
                    .signal_with_start_workflow(run, order, signal, nothing, options)
                    .await
            }
            News::ShipmentConfirmed => {
                let signal = FulfillOrder::shipment_confirmed;
                self.client
                    .signal_with_start_workflow(run, order, signal, nothing, options)
                    .await
            }
            News::MappingChanged => {
                let signal = FulfillOrder::mapping_changed;
                self.client
                    .signal_with_start_workflow(run, order, signal, nothing, options)
                    .await
            }
        };
        let sent = sent.map(|_| ());
        sent.map_err(|error| Failure::temporal("signal an order's run", &error))
    }
}

#[cfg(test)]
mod tests {
    use domain::marketplace::MarketplaceCode;

    use super::*;

    #[test]
    fn two_feeds_tell_a_run_once_and_what_failed_is_told_by_the_next() {
        let told = Told::default();
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "A-1-A".into(),
        };
        let (first, newer) = ((1, 0, 0, 1), (1, 1, 0, 1));
        let turn = told.take_turn(&key, first).expect("nobody told it");
        assert!(told.take_turn(&key, first).is_none(), "being told");
        drop(turn);
        let turn = told.take_turn(&key, first).expect("that one failed");
        turn.done();
        assert!(told.take_turn(&key, first).is_none(), "was told");
        let turn = told.take_turn(&key, newer).expect("there is news");
        assert!(told.take_turn(&key, newer).is_none());
        turn.done();
    }

    #[test]
    fn a_telling_that_fails_late_takes_nothing_from_newer_news() {
        let told = Told::default();
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "A-1-A".into(),
        };
        let late = told.take_turn(&key, (1, 0, 0, 1)).unwrap();
        told.take_turn(&key, (2, 0, 0, 1)).unwrap().done();
        drop(late);
        assert!(told.take_turn(&key, (2, 0, 0, 1)).is_none());
    }
}
