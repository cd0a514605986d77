//! Stock from BlueCherry's batch to Mirakl's offers.
//!
//! A run of a marketplace holds its lease in the ledger from the first part to the last, and every
//! write proves it. Rows go from page to SQL to file in chunks; nothing here holds them all.

mod compute;
mod faults;
mod guarded;
mod hurry;
mod items;
mod offers;
mod read;
mod registered;
mod review;
mod sales;
mod send;
mod skus;
mod sums;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use domain::stock::settings::ShopStock;
use jiff::Timestamp;
use ledger::{Holding, Lease, Ledger};
use workflows::stock::StockTicket;

pub use items::ItemFacts;
pub use registered::StockActivities;
pub use review::StockRuns;

use crate::Failure;
use crate::calls::{Admitted, To};
use crate::settings::{Connections, Shop, after};
use domain::retry::Retry;

/// A lease that nobody prolongs goes to the next run after this. Longer than any call may last, so
/// that no call of the one before is still under way then.
const LEASE: Duration = Duration::from_secs(90);
/// A lease is prolonged at least so often while a run waits.
const PROLONG: Duration = Duration::from_secs(5);
/// Longest that a part waits by itself for a call's budget.
const PATIENCE: Duration = Duration::from_secs(180);
/// Offers, positions or lines handled at once.
const CHUNK: u32 = 2_000;

/// Does the parts of a publication.
pub struct Stocks {
    connections: Arc<Connections>,
}

/// A run that holds its lease.
struct Run<'a> {
    stocks: &'a Stocks,
    lease: Lease,
}

impl Stocks {
    /// The parts, over these connections.
    pub fn new(connections: Arc<Connections>) -> Self {
        Self { connections }
    }

    fn ledger(&self) -> &Ledger {
        &self.connections.ledger
    }

    fn now(&self) -> Timestamp {
        self.connections.clock.now()
    }

    fn shop(&self, code: &MarketplaceCode) -> Result<&Shop, Failure> {
        self.connections.shop(code)
    }

    fn shop_stock(&self, code: &MarketplaceCode) -> Result<&ShopStock, Failure> {
        let stock = self.connections.stock.shops.get(code);
        stock.ok_or_else(|| {
            Failure::unexpected(format!(
                "{code} publishes no stock any more; the run ends late"
            ))
        })
    }

    /// Whose run this is, among all workers.
    async fn check_ledger(&self, of: &MarketplaceCode, ledger_id: &str) -> Result<(), Failure> {
        let what = format!("this run of the stock of {of}");
        self.connections.is_of_ours(&what, ledger_id).await
    }

    /// Takes a lease; nothing while another holds it.
    async fn lease(&self, scope: &str, holder: &str) -> Result<Option<Run<'_>>, Failure> {
        let now = self.now();
        let taken = self
            .ledger()
            .take_stock_lease(scope, holder, after(now, LEASE), now)
            .await?;
        Ok(taken.map(|lease| Run {
            stocks: self,
            lease,
        }))
    }

    /// Goes on under the lease of a run.
    ///
    /// # Errors
    /// [`Failure::LEASE_LOST`]: another run holds it, or held it in between.
    async fn resume(&self, ticket: &StockTicket, run: &str) -> Result<Run<'_>, Failure> {
        let run = self.lease(ticket.of.as_str(), run).await?;
        let own = run.filter(|run| run.lease.epoch == ticket.epoch);
        own.ok_or_else(|| Failure::from(ledger::Error::LeaseLost))
    }

    async fn give_back(&self, run: &Run<'_>) -> Result<(), Failure> {
        let Lease { scope, holder, .. } = &run.lease;
        Ok(self.ledger().give_stock_lease_back(scope, holder).await?)
    }
}

impl Run<'_> {
    /// What a write proves.
    fn holding(&self) -> Holding<'_> {
        let now = self.stocks.now();
        Holding {
            lease: &self.lease,
            until: after(now, LEASE),
            now,
        }
    }

    /// Waits, and keeps the lease meanwhile.
    async fn rest(&self, wait: Duration) -> Result<(), Failure> {
        let mut left = wait;
        while !left.is_zero() {
            let part = left.min(PROLONG);
            tokio::time::sleep(part).await;
            left -= part;
            self.stocks
                .ledger()
                .keep_stock_lease(self.holding())
                .await?;
        }
        Ok(())
    }

    /// Asks whether a call may go out, and waits for its budget within this attempt: an attempt more
    /// is an action more.
    async fn admitted<'a>(
        &'a self,
        to: To<'a>,
        call: &'static str,
    ) -> Result<Admitted<'a>, Failure> {
        let mut patience = PATIENCE;
        loop {
            let failure = match self.stocks.connections.admit(to, call).await {
                Ok(admitted) => return Ok(admitted),
                Err(failure) => failure,
            };
            match failure.retry {
                Retry::After(wait) if failure.kind == "Budget" && wait <= patience => {
                    patience -= wait;
                    self.rest(wait).await?;
                }
                _ => return Err(failure),
            }
        }
    }
}

/// A text's fingerprint, the same on every machine and in every release (FNV-1a).
fn print(parts: &[&[u8]]) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ 0xff).wrapping_mul(0x0100_0000_01b3);
    }
    hash.cast_signed()
}

/// A SKU as stock compares it: the site may print blanks and case around it.
fn stock_key(sku: &str) -> String {
    sku.trim().to_uppercase()
}

/// A count that people see.
fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}
