//! The sweep: an export of Mirakl's orders against the ledger, the sales orders and the runs.
//!
//! Everything it has done stands in the ledger, so an attempt goes on where the last one stopped.
//! It writes to neither side: it has orders looked at again, whose own steps repair them, and opens
//! an exception for what only a person can settle.

mod compare;
mod read;
mod registered;
mod runs;

use std::sync::Arc;
use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use jiff::{SignedDuration, Timestamp};
use ledger::{Ledger, NewSweep, Sweep};
use mirakl::Export;
use workflows::sweep::{ExportEnd, SweepInput, SweepReport, SweepTicket};

pub use registered::SweepActivities;
pub use runs::Runs;

use crate::Failure;
use crate::calls::To;
use crate::feeds::Feeds;
use crate::settings::Shop;

/// Mirakl lets an export's status be asked for every two seconds, and recommends ten.
const ASK_AFTER: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// Does the parts of a sweep, over the feeds' ledger and shops.
pub struct Sweeps {
    feeds: Arc<Feeds>,
}

impl Sweeps {
    /// Sweeps of the shops that these feeds pull.
    pub fn new(feeds: Arc<Feeds>) -> Self {
        Self { feeds }
    }

    fn ledger(&self) -> &Ledger {
        self.feeds.orders.ledger()
    }

    fn now(&self) -> Timestamp {
        self.feeds.orders.now()
    }

    fn shop(&self, code: &MarketplaceCode) -> Result<&Shop, Failure> {
        self.feeds.orders.connections().shop(code)
    }

    /// Asks for an export of the orders updated in the last days (OR13), once a sweep.
    ///
    /// An answer that was lost leaves an export running at Mirakl, which then refuses another until
    /// it has ended: the attempt after that one gets its own.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn request_order_export(
        &self,
        input: &SweepInput,
        run: &str,
    ) -> Result<SweepTicket, Failure> {
        let sweep = format!("this sweep of {}", input.of);
        let connections = self.feeds.orders.connections();
        connections.is_of_ours(&sweep, &input.ledger_id).await?;
        let ledger = self.ledger();
        let shop = self.shop(&input.of)?;
        let now = self.now();
        let back = SignedDuration::from_hours(24 * i64::from(input.days.clamp(1, 365)));
        let since = now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH);
        let new = NewSweep {
            marketplace: &input.of,
            run,
            since: since.max(shop.policy.take_over_from).min(now),
            until: now,
            now,
        };
        let mut sweep = ledger.begin_sweep(&new).await?;
        if sweep.tracking_id.is_none() {
            let admitted = self.feeds.orders.admit(To::Mirakl(shop), "OR13").await?;
            let asking = shop.client.request_order_export(sweep.since, sweep.until);
            sweep.tracking_id = Some(admitted.send(asking).await?);
            sweep.state = "exporting".to_owned();
            ledger.note_sweep(&sweep, &[], self.now()).await?;
        }
        Ok(SweepTicket {
            of: input.of.clone(),
            sweep: sweep.id,
            ledger_id: Some(ledger.id().to_owned()),
        })
    }

    /// The sweep of a ticket, as this ledger knows it.
    async fn sweep_of(&self, ticket: &SweepTicket) -> Result<Sweep, Failure> {
        if let Some(theirs) = &ticket.ledger_id {
            let sweep = format!("this sweep of {}", ticket.of);
            let connections = self.feeds.orders.connections();
            connections.is_of_ours(&sweep, theirs).await?;
        }
        Ok(self.ledger().sweep(ticket.sweep).await?)
    }

    /// Waits until the export has ended (OR14).
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn await_order_export(&self, ticket: &SweepTicket) -> Result<ExportEnd, Failure> {
        let shop = self.shop(&ticket.of)?;
        let ledger = self.ledger();
        let mut sweep = self.sweep_of(ticket).await?;
        let mut asked = 0;
        loop {
            match self.export(shop, &sweep).await? {
                Export::Pending => {}
                Export::Completed(_) => return Ok(ExportEnd { ready: true }),
                Export::Over(state) => {
                    tracing::warn!(marketplace = %ticket.of, state, "the export of orders is over without files");
                    sweep.tracking_id = None;
                    sweep.state = "export_failed".to_owned();
                    ledger.note_sweep(&sweep, &[], self.now()).await?;
                    return Ok(ExportEnd { ready: false });
                }
            }
            let wait = ASK_AFTER.get(asked).or(ASK_AFTER.last());
            asked += 1;
            tokio::time::sleep(wait.copied().unwrap_or(Duration::from_secs(10))).await;
        }
    }

    /// Where the export stands; one whose number was lost has failed.
    async fn export(&self, shop: &Shop, sweep: &Sweep) -> Result<Export, Failure> {
        let Some(tracking_id) = &sweep.tracking_id else {
            return Ok(Export::Over("NOT ASKED FOR".to_owned()));
        };
        let admitted = self.feeds.orders.admit(To::Mirakl(shop), "OR14").await?;
        match admitted.send(shop.client.order_export(tracking_id)).await {
            Err(mirakl::Error::NotFound { .. }) => Ok(Export::Over("GONE".to_owned())),
            Err(error @ mirakl::Error::Elsewhere { .. }) => {
                tracing::error!(marketplace = %shop.code, "{error}; nothing was read");
                Ok(Export::Over("ELSEWHERE".to_owned()))
            }
            answer => Ok(answer?),
        }
    }
}

/// What the run shows of a sweep.
fn report(sweep: &Sweep) -> SweepReport {
    let counts = &sweep.counts;
    SweepReport {
        exported: counts.exported,
        missed: counts.missed,
        taken_up: counts.taken_up,
        looked_again: counts.looked_again,
        findings: counts.findings,
        skipped: counts.skipped,
    }
}
