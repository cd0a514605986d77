//! Reading the export: what no pull has brought goes into the inbox.

use std::time::Duration;

use ledger::{FeedRun, SeenOrder, Sweep, Unreadable};
use mirakl::Export;
use workflows::sweep::{SweepReport, SweepTicket};

use super::{Sweeps, report};
use crate::Failure;
use crate::calls::To;
use crate::feeds::orders::sort_out;
use crate::settings::{Shop, after};

/// Orders stored at once.
const PAGE: usize = 100;

/// What the ledger knows of an exported order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing, although a pull should have brought it.
    Missed,
    /// Nothing yet.
    NotYet,
    /// Less than Mirakl shows, although a pull should have brought it.
    Outdated,
    /// Less than Mirakl shows, and the next pull brings it.
    SoonOutdated,
    /// As much, or more.
    Current,
}

impl Sweeps {
    /// Reads the export's files, each once (OR15), and stores what no pull has brought: such an order
    /// owes a look, and the feed has its run started. Orders of ours are listed to be compared.
    ///
    /// # Errors
    /// What is to be tried again; files that were read are not read again.
    pub async fn read_order_export(&self, ticket: &SweepTicket) -> Result<SweepReport, Failure> {
        let shop = self.shop(&ticket.of)?;
        let mut sweep = self.sweep_of(ticket).await?;
        if matches!(sweep.state.as_str(), "comparing" | "done") {
            return Ok(report(&sweep));
        }
        let Export::Completed(files) = self.export(shop, &sweep).await? else {
            return Err(Failure::unexpected(format!(
                "the export of {} is not there any more; the next sweep asks for another",
                ticket.of
            )));
        };
        let last = self.last_pull(shop).await?;
        let done = usize::try_from(sweep.files_read).unwrap_or(usize::MAX);
        sweep.state = "reading".to_owned();
        for file in files.iter().skip(done) {
            let admitted = self.feeds.orders.admit(To::Mirakl(shop), "OR15").await?;
            let items = admitted.send(shop.client.order_export_file(file)).await?;
            let stamps_until = Some(sweep.until);
            let (seen, unreadable) = sort_out(shop, &items, sweep.until, stamps_until);
            let ours = seen.iter().filter(|order| order.ours);
            let ours: Vec<String> = ours.map(|order| order.key.order_id.clone()).collect();
            sweep.counts.exported += u32::try_from(items.len()).unwrap_or(u32::MAX);
            sweep.counts.unreadable += u32::try_from(unreadable.len()).unwrap_or(u32::MAX);
            self.take_in(shop, &mut sweep, last, seen, unreadable)
                .await?;
            sweep.files_read += 1;
            self.ledger().note_sweep(&sweep, &ours, self.now()).await?;
        }
        sweep.state = "comparing".to_owned();
        let mut again = self.ledger().open_findings(&ticket.of).await?;
        again.retain(|subject| subject != super::compare::CARRIERS);
        self.ledger().note_sweep(&sweep, &again, self.now()).await?;
        Ok(report(&sweep))
    }

    /// When the feed of orders last succeeded: what was updated well before is in the ledger, or was
    /// missed.
    async fn last_pull(&self, shop: &Shop) -> Result<Option<jiff::Timestamp>, Failure> {
        let name = format!("{}/orders", shop.code);
        let feeds = self.ledger().feeds().await?;
        let feed = feeds.into_iter().find(|feed| feed.name == name);
        Ok(feed.and_then(|feed| feed.last_success))
    }

    /// Stores what the ledger does not know, under the feed's name: it is the feed that owes it.
    async fn take_in(
        &self,
        shop: &Shop,
        sweep: &mut Sweep,
        last: Option<jiff::Timestamp>,
        seen: Vec<SeenOrder>,
        mut unreadable: Vec<Unreadable>,
    ) -> Result<(), Failure> {
        let mut news = vec![];
        for order in seen {
            let known = self.known(shop, last, &order).await?;
            match known {
                Known::Current => continue,
                Known::Missed => {
                    sweep.counts.missed += 1;
                    let updated = order.order.updated_at.to_string();
                    let evidence = [
                        ("state".to_owned(), word(&order)),
                        ("updated_at".to_owned(), updated),
                    ];
                    // First told, then stored: a worker that is killed between tells it again.
                    self.ledger()
                        .missed_order(&order.key, &evidence, self.now())
                        .await?;
                    tracing::warn!(order.id = order.key.order_id, marketplace = %shop.code, "no pull had brought this order");
                }
                Known::NotYet => sweep.counts.not_pulled_yet += 1,
                Known::Outdated => sweep.counts.outdated += 1,
                Known::SoonOutdated => {}
            }
            news.push(order);
        }
        let feed = format!("{}/orders", shop.code);
        while !news.is_empty() || !unreadable.is_empty() {
            let page: Vec<_> = news.drain(..news.len().min(PAGE)).collect();
            let kept = std::mem::take(&mut unreadable);
            let run = FeedRun {
                feed: &feed,
                cursor: None,
                last_page: false,
                now: self.now(),
                prefixes: &[],
            };
            self.ledger().record_orders(&run, &page, &kept).await?;
        }
        Ok(())
    }

    async fn known(
        &self,
        shop: &Shop,
        last: Option<jiff::Timestamp>,
        seen: &SeenOrder,
    ) -> Result<Known, Failure> {
        let row = self.ledger().order(&seen.key).await?;
        // Two pulls, and the time a change may need to show, are the feed's to bring it.
        let patience = shop.poll * 2 + shop.read_lag + Duration::from_millis(200);
        let should_be_here =
            last.is_some_and(|last| after(seen.order.updated_at, patience) <= last);
        Ok(match row {
            None if should_be_here && seen.ours => Known::Missed,
            None => Known::NotYet,
            Some(row) if row.order.updated_at >= seen.order.updated_at => Known::Current,
            Some(_) if should_be_here => Known::Outdated,
            Some(_) => Known::SoonOutdated,
        })
    }
}

/// The state as Mirakl writes it; a word nobody knows is not repeated.
fn word(seen: &SeenOrder) -> String {
    match seen.order.unknown_word() {
        Some(_) => "unknown".to_owned(),
        None => serde_json::to_string(&seen.order.state)
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned(),
    }
}
