//! The feeds: what both systems say goes into the ledger, then the runs that owe a look are told.

mod erp;
pub(crate) mod orders;
mod papers;
mod returns;
mod shipments;
mod tell;

use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use domain::marketplace::{MarketplaceCode, OrderKey};
use ledger::Recorded;
use temporalio_client::Client;
use workflows::activities::{FeedInput, FeedReport};
use workflows::options::{PULL_S, SPARE_S};

pub(crate) use tell::News;
pub use tell::{Teller, Told};

use crate::Failure;
use crate::calls::To;
use crate::orders::Orders;

/// What a pull brought, and whom it has to be told.
struct Pulled {
    report: FeedReport,
    /// Whose runs owe a look.
    owed: Vec<OrderKey>,
    /// What to tell them.
    news: tell::News,
    /// What of the pull failed: it is to be tried again, and the others are told all the same.
    failed: Option<Failure>,
    /// What failed of a list that is read beside; it is noted at its own feed already.
    failed_beside: Option<Failure>,
}

impl Pulled {
    fn report(self) -> Result<FeedReport, Failure> {
        let failed = self.failed.or(self.failed_beside);
        failed.map_or(Ok(self.report), Err)
    }
}

/// What reading a list brought.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    /// Rows that came.
    rows: u32,
    /// What became of them.
    recorded: Recorded,
}

impl Read {
    fn add(&mut self, rows: usize, recorded: Recorded) {
        self.rows += u32::try_from(rows).unwrap_or(u32::MAX);
        add(&mut self.recorded, recorded);
    }
}

impl AddAssign for Read {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        add(&mut self.recorded, more.recorded);
    }
}

fn add(sum: &mut Recorded, more: Recorded) {
    sum.new += more.new;
    sum.changed += more.changed;
    sum.unchanged += more.unchanged;
    sum.stale += more.stale;
    sum.unreadable += more.unreadable;
}

/// Pulls both systems.
pub struct Feeds {
    pub(crate) orders: Arc<Orders>,
    pub(crate) told: Told,
}

impl Feeds {
    /// Feeds that fill the ledger of these orders.
    pub fn new(orders: Arc<Orders>) -> Self {
        Self {
            orders,
            told: Told::default(),
        }
    }

    /// One pull of OR11 into the ledger: what changed, what is to be read back, and the sales order
    /// numbers written back (OR04); and the shop's returns (RT11), when it is time. Then the runs
    /// that owe a look are told.
    ///
    /// # Errors
    /// What is to be tried again; nothing is lost by it, since rows and cursor are written together.
    pub async fn collect_orders(
        &self,
        feed: &FeedInput,
        client: &Client,
    ) -> Result<FeedReport, Failure> {
        let pulled = self.orders_into_ledger(feed).await?;
        self.tell_all(pulled, client).await
    }

    /// One pull of OR11 into the ledger, as [`Feeds::collect_orders`] does it, and nobody is told.
    ///
    /// # Errors
    /// As [`Feeds::collect_orders`].
    pub async fn pull_orders_once(&self, feed: &FeedInput) -> Result<FeedReport, Failure> {
        self.orders_into_ledger(feed).await?.report()
    }

    /// One pull of OR11 into the ledger, all its pages, and nothing else: nothing is written to
    /// Mirakl. Answers how many rows came.
    ///
    /// # Errors
    /// As [`Feeds::collect_orders`].
    pub async fn read_orders_only(&self, code: &MarketplaceCode) -> Result<u32, Failure> {
        let shop = self.orders.connections().shop(code)?;
        let name = format!("{code}/orders");
        let pull = self.orders.admit(To::Mirakl(shop), "OR11").await?;
        self.pull_changed(&pull, shop, &name, &mut Recorded::default())
            .await
    }

    /// One pull of OR11 into the ledger, of these orders alone, a hundred at most: those that a list
    /// leaves out. Answers how many rows came.
    ///
    /// # Errors
    /// As [`Feeds::collect_orders`].
    pub async fn read_orders_named(
        &self,
        code: &MarketplaceCode,
        order_ids: Vec<String>,
    ) -> Result<u32, Failure> {
        let shop = self.orders.connections().shop(code)?;
        let name = format!("{code}/orders");
        let pull = self.orders.admit(To::Mirakl(shop), "OR11").await?;
        self.read_by_id(&pull, shop, &name, order_ids, &mut Recorded::default())
            .await
    }

    async fn orders_into_ledger(&self, feed: &FeedInput) -> Result<Pulled, Failure> {
        let name = format!("{}/orders", feed.of);
        self.checked(feed, &name, self.pull_orders(feed, &name))
            .await
    }

    /// One read of BlueCherry's fulfilments, returns and credit memos into the ledger. Then the runs
    /// are told.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn collect_shipments(
        &self,
        feed: &FeedInput,
        client: &Client,
    ) -> Result<FeedReport, Failure> {
        let pulled = self.shipments_into_ledger(feed).await?;
        self.tell_all(pulled, client).await
    }

    /// One read of BlueCherry's fulfilments, returns and credit memos into the ledger, and nobody is
    /// told.
    ///
    /// # Errors
    /// As [`Feeds::collect_shipments`].
    pub async fn pull_shipments_once(&self, feed: &FeedInput) -> Result<FeedReport, Failure> {
        self.shipments_into_ledger(feed).await?.report()
    }

    /// One read of BlueCherry's fulfilments alone into the ledger. Answers how many rows came.
    ///
    /// # Errors
    /// As [`Feeds::collect_shipments`].
    pub async fn read_shipments_only(&self) -> Result<u32, Failure> {
        let connections = self.orders.connections();
        let name = format!("{}/shipments", connections.site.name);
        let read = self.read_shipments(&name, connections.clock.elapsed());
        Ok(read.await?.rows)
    }

    /// One read of BlueCherry's returns and credit memos alone into the ledger. Answers how many rows
    /// came.
    ///
    /// # Errors
    /// As [`Feeds::collect_shipments`].
    pub async fn read_papers_only(&self) -> Result<u32, Failure> {
        let mut sum = Read::default();
        let began = self.orders.connections().clock.elapsed();
        let failed = self.pull_papers(began, &mut sum).await?;
        failed.map_or(Ok(sum.rows), Err)
    }

    /// One read of a shop's returns alone into the ledger, whenever the last one was; none where the
    /// shop has no returns, or BlueCherry's were never read. Answers how many rows came.
    ///
    /// # Errors
    /// As [`Feeds::collect_orders`].
    pub async fn read_returns_only(&self, code: &MarketplaceCode) -> Result<u32, Failure> {
        let shop = self.orders.connections().shop(code)?;
        if !self.takes_returns(shop).await? {
            return Ok(0);
        }
        let pull = self.orders.admit(To::Mirakl(shop), "RT11").await?;
        let name = format!("{code}/returns");
        Ok(self.read_returns(&pull, shop, &name).await?.rows)
    }

    async fn shipments_into_ledger(&self, feed: &FeedInput) -> Result<Pulled, Failure> {
        let name = format!("{}/shipments", feed.of);
        self.checked(feed, &name, self.pull_shipments(&name)).await
    }

    /// Does another call of that length end before Temporal gives this pull up?
    fn has_time(&self, began: Duration, call_timeout: Duration) -> bool {
        let passed = self
            .orders
            .connections()
            .clock
            .elapsed()
            .saturating_sub(began);
        passed + call_timeout + Duration::from_secs(SPARE_S) <= Duration::from_secs(PULL_S)
    }

    /// Tells every run that owes a look, without a pull: a new mapping version is in force.
    ///
    /// # Errors
    /// Temporal's or the ledger's; what was not told is told by the next pull.
    pub async fn tell_owed(&self, client: &Client) -> Result<u32, Failure> {
        let connections = self.orders.connections();
        let mut owed = vec![];
        for code in connections.shops.keys() {
            let now = connections.clock.now();
            owed.extend(
                connections
                    .ledger
                    .owed_orders(code, now, orders::TOLD_A_PULL)
                    .await?,
            );
        }
        let teller = Teller {
            orders: &self.orders,
            told: &self.told,
            client,
        };
        teller.tell(owed, tell::News::MappingChanged).await
    }

    /// Counts in what a list beside the pull's own brought, or notes its failure at its own feed.
    ///
    /// # Errors
    /// The ledger's.
    async fn beside(
        &self,
        name: &str,
        read: Result<Read, Failure>,
        sum: &mut Read,
    ) -> Result<Option<Failure>, Failure> {
        match read {
            Ok(read) => {
                *sum += read;
                Ok(None)
            }
            Err(failure) => {
                let now = self.orders.now();
                let ledger = self.orders.ledger();
                ledger.feed_failed(name, failure.kind, now).await?;
                Ok(Some(failure))
            }
        }
    }

    /// Runs a pull and notes a failure of it, so that `bcm feeds` shows it.
    async fn checked(
        &self,
        feed: &FeedInput,
        name: &str,
        pull: impl Future<Output = Result<Pulled, Failure>>,
    ) -> Result<Pulled, Failure> {
        let ledger = self.orders.ledger();
        if feed.ledger_id != ledger.id() {
            return Err(Failure::unexpected(format!(
                "feed {name} fills another ledger than this worker has; start the worker with its own"
            )));
        }
        let pulled = pull.await;
        let failed = match &pulled {
            Ok(pulled) => pulled.failed.as_ref(),
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failed {
            let now = self.orders.now();
            ledger.feed_failed(name, failure.kind, now).await?;
        }
        pulled
    }

    async fn tell_all(&self, mut pulled: Pulled, client: &Client) -> Result<FeedReport, Failure> {
        let teller = Teller {
            orders: &self.orders,
            told: &self.told,
            client,
        };
        let owed = std::mem::take(&mut pulled.owed);
        pulled.report.told = teller.tell(owed, pulled.news).await?;
        pulled.report()
    }
}
