//! Watches deadlines, feeds and runs from the ledger: also while Temporal is away.

use std::sync::Arc;
use std::time::Duration;

use activities::{Connections, Failure, Shop, Sweeps};
use domain::deadline::{Deadline, Level, Limits, deadline, look_every_ms};
use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::{SignedDuration, Timestamp};
use ledger::{Due, FeedState, Stale, Watched};
use temporalio_client::Client;
use workflows::feeds::CollectOrders;
use workflows::ids;

use crate::schedules::SWEEP_EVERY;

/// Orders read at once.
const PAGE: u32 = 500;
/// Without a success for so many intervals, a feed is stale ...
const INTERVALS: u32 = 3;
/// ... and never sooner than after this, so that a restart is no alarm.
const STALE_AT_LEAST: Duration = Duration::from_secs(180);
/// A run that was not seen for so long is looked at.
const RUN_UNSEEN: SignedDuration = SignedDuration::from_hours(1);
/// Runs looked at in one pass, of each shop.
const RUNS_A_PASS: u32 = 100;
/// Time between two looks at runs.
const RUNS_EVERY: Duration = Duration::from_secs(60);
/// Temporal is not asked longer than this why a feed stands still.
const ASKED: Duration = Duration::from_secs(2);

/// Temporal, once it answers: to look at runs, and to say why a feed stands still.
pub struct Temporal {
    /// Its client.
    pub client: Client,
    /// What looks at runs.
    pub sweeps: Arc<Sweeps>,
}

/// Watches until it is dropped. A pass that fails is told in the log, and the next one tries again.
pub async fn watch(connections: Arc<Connections>, temporal: Option<Temporal>) {
    let limits = connections.shops.values().map(limits);
    let every = Duration::from_millis(look_every_ms(limits));
    let watch = Watch {
        since: connections.clock.now(),
        connections,
        temporal,
    };
    let passes = async {
        loop {
            if let Err(error) = watch.pass().await {
                tracing::warn!(
                    "deadlines: {error}; looked at again in {} s",
                    every.as_secs()
                );
            }
            tokio::time::sleep(every).await;
        }
    };
    // Beside the passes: Temporal may be slow, and the deadlines do not wait for it.
    let looks = async {
        loop {
            watch.look_at_runs().await;
            tokio::time::sleep(RUNS_EVERY).await;
        }
    };
    let ((), ()) = tokio::join!(passes, looks);
}

/// Waits for something while deadlines are watched all the same.
pub async fn meanwhile<T>(connections: &Arc<Connections>, waiting: impl Future<Output = T>) -> T {
    tokio::select! {
        done = waiting => done,
        () = watch(connections.clone(), None) => unreachable!("the watch has no end"),
    }
}

fn limits(shop: &Shop) -> Limits {
    Limits {
        acceptance_s: shop.policy.acceptance_limit_s,
        ship_within_days: shop.ship_within_days,
    }
}

/// How long ago a feed or a schedule last succeeded.
enum Age {
    /// Too long, in seconds.
    TooOld(u64),
    /// It never did, and this worker has not watched it for long enough.
    NotKnown,
    /// Lately.
    Fresh,
}

/// What a look at feeds and schedules found.
#[derive(Default)]
struct Freshness {
    /// Without success for too long.
    stale: Vec<Stale>,
    /// Names of those of which nobody knows yet.
    undecided: Vec<String>,
}

/// A feed, and the run that reads it.
struct Read {
    name: String,
    /// Workflow ID.
    run: String,
    every: Duration,
    marketplace: Option<MarketplaceCode>,
}

/// Every feed that must not stand still; several are read by one run.
fn reads(connections: &Connections) -> Vec<Read> {
    let mut reads = vec![];
    for shop in connections.shops.values() {
        let read = |what: &str, every: Duration| Read {
            name: format!("{}/{what}", shop.code),
            run: ids::orders_feed(&shop.code),
            every,
            marketplace: Some(shop.code.clone()),
        };
        reads.push(read("orders", shop.poll));
        // It is time for them somewhere between two pulls.
        reads.extend(shop.returns_every.map(|e| read("returns", e + shop.poll)));
    }
    let site = &connections.site;
    let returns = site.returns_in.then_some("returns");
    for what in ["shipments", "credit_memos"].into_iter().chain(returns) {
        reads.push(Read {
            name: format!("{}/{what}", site.name),
            run: ids::shipments_feed(&site.name),
            every: site.poll,
            marketplace: None,
        });
    }
    reads
}

struct Watch {
    connections: Arc<Connections>,
    temporal: Option<Temporal>,
    /// When this watch began.
    since: Timestamp,
}

impl Watch {
    async fn pass(&self) -> Result<(), Failure> {
        self.connections
            .ledger
            .close_taken_up(self.connections.clock.now())
            .await?;
        self.deadlines().await?;
        self.freshness().await
    }

    async fn deadlines(&self) -> Result<(), Failure> {
        let ledger = &self.connections.ledger;
        let open = ledger.raised_levels().await?;
        let mut after: Option<OrderKey> = None;
        loop {
            let (orders, next) = ledger.watched_orders(after.as_ref(), PAGE).await?;
            for order in &orders {
                let levels = open.get(&order.key).map_or(&[][..], Vec::as_slice);
                self.settle(order, levels).await?;
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    /// Writes only what changed: the window, or the level of what is open about the order.
    async fn settle(&self, order: &Watched, open: &[Level]) -> Result<(), Failure> {
        let now = self.connections.clock.now();
        let due = self.deadline(order);
        let window = due.map(|due| due.window);
        let level = window.map_or(Level::Calm, |window| window.level(now));
        let told = if level == Level::Calm {
            open.iter().all(|open| *open == Level::Calm)
        } else {
            !open.is_empty() && open.iter().all(|open| *open == level)
        };
        if told && window == order.window {
            return Ok(());
        }
        let evidence = due.map(|due| evidence(order, &due)).unwrap_or_default();
        let found = Due {
            key: &order.key,
            deadline: due,
            evidence: &evidence,
        };
        let raised = self.connections.ledger.settle_deadline(&found, now).await?;
        if let Some(level) = raised {
            let what = due.map(|due| due.what.kind().as_str());
            tracing::warn!(
                order.id = order.key.order_id,
                marketplace = %order.key.marketplace,
                level = level.as_str(),
                what,
                "a deadline draws near"
            );
        }
        Ok(())
    }

    /// The order's deadline. A shop that runs dry, or that is not configured here, has none to meet.
    fn deadline(&self, order: &Watched) -> Option<Deadline> {
        let shop = self.connections.shops.get(&order.key.marketplace)?;
        if shop.policy.dry_run || !order.active {
            return None;
        }
        deadline(&order.order, &order.progress, limits(shop))
    }

    /// Opens an exception for each feed and schedule without success for too long.
    async fn freshness(&self) -> Result<(), Failure> {
        let connections = &self.connections;
        let ledger = &connections.ledger;
        let feeds = ledger.feeds().await?;
        let mut found = Freshness::default();
        let mut told: Vec<String> = vec![];
        for read in reads(connections) {
            let Read { name, run, .. } = read;
            // Where a run stands still, one of its feeds tells it.
            if told.contains(&run) {
                found.undecided.push(name);
                continue;
            }
            let feed = feeds.iter().find(|feed| feed.name == name);
            match self.age(feed.and_then(|feed| feed.last_success), read.every) {
                Age::TooOld(age) => {
                    found.stale.push(Stale {
                        evidence: self.why(&name, &run, age, feed).await,
                        marketplace: read.marketplace,
                        name,
                    });
                    told.push(run);
                }
                Age::NotKnown => found.undecided.push(name),
                Age::Fresh => {}
            }
        }
        for shop in connections.shops.values() {
            let last = ledger.last_sweep(&shop.code).await?;
            let sweep = (ids::sweep(&shop.code), &shop.code);
            self.schedule(sweep, last, SWEEP_EVERY, &mut found).await;
        }
        let every = connections.stock.site.every;
        for code in connections.stock.shops.keys() {
            let last = ledger.last_publication(code, false).await?;
            let last = last.and_then(|last| last.ended_at);
            let stock = (ids::stock(code), code);
            self.schedule(stock, last, every, &mut found).await;
        }
        ledger
            .settle_freshness(&found.stale, &found.undecided, connections.clock.now())
            .await?;
        Ok(())
    }

    /// Judges a schedule by its ID and marketplace.
    async fn schedule(
        &self,
        (name, of): (String, &MarketplaceCode),
        last: Option<Timestamp>,
        every: Duration,
        found: &mut Freshness,
    ) {
        match self.age(last, every) {
            Age::TooOld(age) => found.stale.push(Stale {
                evidence: self.why_schedule(&name, age).await,
                marketplace: Some(of.clone()),
                name,
            }),
            Age::NotKnown => found.undecided.push(name),
            Age::Fresh => {}
        }
    }

    /// Is the last success too long ago? What never succeeded counts from the start of this worker,
    /// which another may have begun to count long before.
    fn age(&self, last: Option<Timestamp>, interval: Duration) -> Age {
        let now = self.connections.clock.now();
        let age = now.duration_since(last.unwrap_or(self.since));
        let age = Duration::try_from(age).unwrap_or_default();
        if age > (interval * INTERVALS).max(STALE_AT_LEAST) {
            Age::TooOld(age.as_secs())
        } else if last.is_none() {
            Age::NotKnown
        } else {
            Age::Fresh
        }
    }

    /// Why a feed stands still, as far as it can be told.
    async fn why(
        &self,
        name: &str,
        id: &str,
        age_s: u64,
        feed: Option<&FeedState>,
    ) -> Vec<(String, String)> {
        let mut told = vec![
            pair("feed", name),
            pair("age_min", &(age_s / 60).to_string()),
        ];
        if let Some(error) = feed.and_then(|feed| feed.last_error.as_deref()) {
            told.push(pair("last_error", error));
        }
        let by_hand = feed.is_some_and(|feed| feed.paused);
        let paused = match &self.temporal {
            Some(_) if by_hand => Some(true),
            Some(temporal) => {
                // Both feeds answer the same query.
                let run = temporal.client.get_workflow_handle::<CollectOrders>(id);
                let asked = run.query(CollectOrders::state, (), Default::default());
                let answer = tokio::time::timeout(ASKED, asked).await;
                answer
                    .ok()
                    .and_then(Result::ok)
                    .map(|feed| feed.input.paused)
            }
            None => None,
        };
        told.push(pair("paused", words(paused)));
        told
    }

    async fn why_schedule(&self, id: &str, age_s: u64) -> Vec<(String, String)> {
        let paused = match &self.temporal {
            Some(temporal) => {
                let schedule = temporal.client.get_schedule_handle(id);
                let asked = schedule.describe(Default::default());
                let answer = tokio::time::timeout(ASKED, asked).await;
                answer.ok().and_then(Result::ok).map(|found| found.paused())
            }
            None => None,
        };
        vec![
            pair("schedule", id),
            pair("age_min", &(age_s / 60).to_string()),
            pair("paused", words(paused)),
        ]
    }

    /// Runs that were not seen for an hour: one that was terminated by hand is started again.
    async fn look_at_runs(&self) {
        let Some(temporal) = &self.temporal else {
            return;
        };
        let now = self.connections.clock.now();
        let before = now.checked_sub(RUN_UNSEEN).unwrap_or(Timestamp::MIN);
        for code in self.connections.shops.keys() {
            let looked = temporal
                .sweeps
                .look_at_runs(code, before, RUNS_A_PASS, &temporal.client)
                .await;
            if let Err(failure) = looked {
                tracing::warn!(marketplace = %code, "runs: {failure}; looked at again later");
            }
        }
    }
}

/// What to name where the order has no exception of its own: what it waits for.
fn evidence(order: &Watched, due: &Deadline) -> Vec<(String, String)> {
    let waits_for = order.waits_for.as_deref().unwrap_or("its next step");
    vec![
        pair("waits_for", waits_for),
        pair("due", &due.window.due.to_string()),
    ]
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn words(paused: Option<bool>) -> &'static str {
    match paused {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    }
}

#[cfg(test)]
mod tests;
