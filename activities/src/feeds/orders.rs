//! Mirakl's orders into the ledger.

use std::time::Duration;

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use jiff::Timestamp;
use ledger::{FeedRun, Recorded, SeenOrder, Unreadable};
use mirakl::{OrderQuery, RawOrder, Reference};
use workflows::activities::{FeedInput, FeedReport};

use super::tell::News;
use super::{Feeds, Pulled, Read, add};
use crate::calls::{Admitted, To};
use crate::settings::{Shop, after};
use crate::switches::Plant;
use crate::{Failure, translate};

/// Orders a page, and the most that one `order_ids` may name.
const PAGE: u32 = 100;
/// `Date` is told in whole seconds, and stamps are finer.
pub(super) const DATE_STEP: Duration = Duration::from_secs(1);
/// Runs told after one pull.
pub(super) const TOLD_A_PULL: u32 = 1_000;

impl Feeds {
    pub(super) async fn pull_orders(
        &self,
        feed: &FeedInput,
        name: &str,
    ) -> Result<Pulled, Failure> {
        let code = feed.marketplace().ok_or_else(|| {
            Failure::unexpected(format!("feed {name} is of no marketplace that can be"))
        })?;
        let shop = self.orders.connections().shop(&code)?;
        let mut sum = Recorded::default();
        // All pages of a pull, and the page of read-backs, are one use of OR11.
        let pull = self.orders.admit(To::Mirakl(shop), "OR11").await?;
        // What came before one of these failed is told all the same, then the pull fails.
        let read = async {
            let changed = self.pull_changed(&pull, shop, name, &mut sum).await?;
            let read_back = self.read_back(&pull, shop, name, &mut sum).await?;
            self.write_references(shop).await?;
            Ok::<u32, Failure>(changed + read_back)
        };
        let (rows, failed) = match read.await {
            Ok(rows) => (rows, None),
            Err(failure) => (0, Some(failure)),
        };
        let mut returns = Read::default();
        let failed_beside = match &failed {
            // Nobody answers there; they are read with the next pull.
            Some(_) => None,
            None => Box::pin(self.pull_returns(shop, &mut returns)).await?,
        };
        add(&mut sum, returns.recorded);
        let ledger = self.orders.ledger();
        let owed = ledger
            .owed_orders(&code, self.orders.now(), TOLD_A_PULL)
            .await?;
        let report = FeedReport {
            rows: rows + returns.rows,
            changed: sum.new + sum.changed,
            told: 0,
            unreadable: sum.unreadable,
            next_in_ms: u64::try_from(shop.poll.as_millis()).unwrap_or(u64::MAX),
        };
        Ok(Pulled {
            report,
            owed,
            news: News::OrderChanged,
            failed,
            failed_beside,
        })
    }

    /// All pages changed since the cursor, less the overlap. The cursor is made of Mirakl's stamps,
    /// and moves with the last page only.
    pub(super) async fn pull_changed(
        &self,
        pull: &Admitted<'_>,
        shop: &Shop,
        name: &str,
        sum: &mut Recorded,
    ) -> Result<u32, Failure> {
        let ledger = self.orders.ledger();
        let cursor = ledger
            .cursor(name)
            .await?
            .and_then(|c| c.parse::<Timestamp>().ok());
        let overlap = jiff::SignedDuration::try_from(shop.overlap).unwrap_or_default();
        let since = cursor.map_or(shop.policy.take_over_from, |c| {
            c.checked_sub(overlap).unwrap_or(Timestamp::MIN)
        });
        let (mut newest, mut offset, mut rows) = (cursor, 0, 0);
        // What changes on an early page while later ones are read comes with the next pull: the cursor
        // stays behind the moment of the first page.
        let mut first_page_at = None;
        let began = self.orders.connections().clock.elapsed();
        loop {
            // The cursor stays, so the next pull reads these pages again; it is told as a failure.
            if !self.has_time(began, shop.call_timeout) {
                return Err(Failure::unexpected(format!(
                    "feed {name}: {rows} orders read, and more pages than one pull has time for"
                )));
            }
            let query = OrderQuery {
                since: Some(since),
                offset,
                max: PAGE,
                ..OrderQuery::default()
            };
            let read_at = self.orders.now();
            let page = match pull.send(shop.client.list_orders(&query)).await {
                Ok(page) => page,
                Err(error) => {
                    self.skip_what_failed(name).await?;
                    return Err(error.into());
                }
            };
            let (seen, unreadable) = sort_out(shop, &page.items, read_at, page.server_date);
            let stamps = seen.iter().map(|s| s.order.updated_at);
            newest = newest.into_iter().chain(stamps).max();
            let last_page = page.next_offset.is_none();
            let first_page_at = *first_page_at.get_or_insert(page.server_date.unwrap_or(read_at));
            let cursor = newest.map(|newest| reached(newest, Some(first_page_at)));
            let cursor = cursor.filter(|_| last_page).map(|c| c.to_string());
            let run = FeedRun {
                feed: name,
                cursor: cursor.as_deref(),
                last_page,
                now: self.orders.now(),
                prefixes: &[],
            };
            add(sum, ledger.record_orders(&run, &seen, &unreadable).await?);
            rows += u32::try_from(page.items.len()).unwrap_or(u32::MAX);
            match page.next_offset {
                Some(next) => offset = next,
                None => return Ok(rows),
            }
        }
    }

    /// A test's planted fault: the cursor moves as if the page had come.
    async fn skip_what_failed(&self, name: &str) -> Result<(), Failure> {
        if self.orders.is_planted(Plant::CursorPastFailure) {
            let now = self.orders.now();
            let cursor = now.to_string();
            let run = FeedRun {
                feed: name,
                cursor: Some(&cursor),
                last_page: true,
                now,
                prefixes: &[],
            };
            self.orders.ledger().record_orders(&run, &[], &[]).await?;
        }
        Ok(())
    }

    /// Orders of which a call's outcome is not known: read by their IDs, one page a pull.
    async fn read_back(
        &self,
        pull: &Admitted<'_>,
        shop: &Shop,
        name: &str,
        sum: &mut Recorded,
    ) -> Result<u32, Failure> {
        let ledger = self.orders.ledger();
        let order_ids = ledger.pending_read_backs(&shop.code, PAGE).await?;
        self.read_by_id(pull, shop, name, order_ids, sum).await
    }

    /// Reads one page of orders by their IDs. One with a comma cannot be asked for; it comes with the
    /// changed orders.
    pub(super) async fn read_by_id(
        &self,
        pull: &Admitted<'_>,
        shop: &Shop,
        name: &str,
        mut order_ids: Vec<String>,
        sum: &mut Recorded,
    ) -> Result<u32, Failure> {
        let ledger = self.orders.ledger();
        order_ids.retain(|id| !id.contains(','));
        if order_ids.is_empty() {
            return Ok(0);
        }
        let query = OrderQuery {
            order_ids,
            max: PAGE,
            ..OrderQuery::default()
        };
        let read_at = self.orders.now();
        let page = pull.send(shop.client.list_orders(&query)).await?;
        let (seen, unreadable) = sort_out(shop, &page.items, read_at, page.server_date);
        let run = FeedRun {
            feed: name,
            cursor: None,
            last_page: true,
            now: self.orders.now(),
            prefixes: &[],
        };
        add(sum, ledger.record_orders(&run, &seen, &unreadable).await?);
        Ok(u32::try_from(page.items.len()).unwrap_or(u32::MAX))
    }

    /// Writes sales order numbers back (OR04). It overwrites, so a lost answer is simply sent again;
    /// an order that Mirakl refuses is tried with the next batch and stops no other.
    async fn write_references(&self, shop: &Shop) -> Result<(), Failure> {
        if shop.policy.dry_run {
            return Ok(());
        }
        let ledger = self.orders.ledger();
        let due = ledger.references_due(&shop.code, PAGE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let reference = |(order_id, number): &(String, String)| Reference {
            order_id: order_id.clone(),
            reference: number.clone(),
        };
        let references: Vec<Reference> = due.iter().map(reference).collect();
        let admitted = match self.orders.admit(To::Mirakl(shop), "OR04").await {
            Ok(admitted) => admitted,
            Err(not_now) => {
                tracing::debug!(marketplace = %shop.code, "{not_now}");
                return Ok(());
            }
        };
        match admitted
            .send(shop.client.write_references(&references))
            .await
        {
            Ok(results) => {
                let failed = |id: &str| {
                    results
                        .iter()
                        .any(|r| r.order_id == id && !r.errors.is_empty())
                };
                let written: Vec<_> = due.into_iter().filter(|(id, _)| !failed(id)).collect();
                ledger
                    .references_written(&shop.code, &written, self.orders.now())
                    .await?;
            }
            // Nothing waits for a reference; the pull itself must not fail by it.
            Err(error) => tracing::warn!(marketplace = %shop.code, "{error}"),
        }
        Ok(())
    }
}

/// A stamp, but never ahead of Mirakl's own clock. One from its future, such as before its clock was
/// set back, would hide every change until then.
pub(super) fn reached(stamp: Timestamp, server_date: Option<Timestamp>) -> Timestamp {
    server_date.map_or(stamp, |now| stamp.min(now))
}

/// Orders that can be read, and those that cannot: kept raw, told by name, no neighbour stopped.
///
/// A stamp ahead of Mirakl's own clock, `server_date`, counts as that clock: an order that kept it
/// would look newer than every change until then, and be deaf to them.
pub(crate) fn sort_out(
    shop: &Shop,
    items: &[RawOrder],
    read_at: Timestamp,
    server_date: Option<Timestamp>,
) -> (Vec<SeenOrder>, Vec<Unreadable>) {
    let (mut seen, mut unreadable) = (vec![], vec![]);
    let newest = server_date.map(|date| after(date, DATE_STEP));
    for raw in items {
        let read = match &raw.order {
            Ok(wire) => translate::order(wire, read_at).map(|order| (wire.order_id.clone(), order)),
            Err(error) => Err(error.path.clone()),
        };
        match read {
            Ok((order_id, mut order)) => {
                order.updated_at = reached(order.updated_at, newest);
                let external_po = shop.policy.external_po(&order_id);
                let ours = shop.policy.ships_from(order.center.as_deref())
                    && order.created_at >= shop.policy.take_over_from;
                let key = OrderKey {
                    marketplace: shop.code.clone(),
                    order_id,
                };
                let payload = raw.json.clone();
                seen.push(SeenOrder {
                    key,
                    external_po,
                    ours,
                    order,
                    payload,
                });
            }
            Err(path) => unreadable.push(Unreadable {
                key: raw
                    .order_id
                    .clone()
                    .unwrap_or_else(|| "(no order_id)".to_owned()),
                marketplace: Some(shop.code.clone()),
                payload: raw.json.clone(),
                path,
                kind: Kind::UnreadableOrder,
            }),
        }
    }
    (seen, unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_from_the_future_hides_no_later_change() {
        let at = |s| Timestamp::from_second(s).unwrap();
        for (stamp, server_date, counts_as) in [
            (at(100), Some(at(200)), at(100)),
            (at(900), Some(at(200)), at(200)),
            (at(100), None, at(100)),
        ] {
            assert_eq!(reached(stamp, server_date), counts_as);
        }
    }
}
