//! Mirakl's returns into the ledger.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use jiff::{SignedDuration, Timestamp};
use ledger::{FeedRun, SeenReturn, Unreadable};
use mirakl::{RawReturn, ReturnQuery};

use super::orders::{DATE_STEP, reached};
use super::{Feeds, Read};
use crate::calls::{Admitted, To};
use crate::settings::{Shop, after};
use crate::{Failure, translate};

impl Feeds {
    /// May a shop's returns be read, where it has any? Not before BlueCherry's were once: a return
    /// that began there would look like one that it has to hear of.
    pub(super) async fn takes_returns(&self, shop: &Shop) -> Result<bool, Failure> {
        let connections = self.orders.connections();
        let site = &connections.site;
        if shop.returns_every.is_none() || !site.returns_in {
            return Ok(shop.returns_every.is_some());
        }
        let feed = format!("{}/returns", site.name);
        Ok(connections.ledger.cursor(&feed).await?.is_some())
    }

    /// Reads a shop's returns beside its orders, where it has any and it is time: RT11 may be called
    /// far less often than OR11. What fails is noted at its own feed, and answered.
    ///
    /// # Errors
    /// The ledger's.
    pub(super) async fn pull_returns(
        &self,
        shop: &Shop,
        sum: &mut Read,
    ) -> Result<Option<Failure>, Failure> {
        let Some(every) = shop.returns_every else {
            return Ok(None);
        };
        let name = format!("{}/returns", shop.code);
        let last = self.orders.ledger().last_success(&name).await?;
        let is_time = last.is_none_or(|last| self.orders.now() >= after(last, every));
        if !is_time || !self.takes_returns(shop).await? {
            return Ok(None);
        }
        let pull = match self.orders.admit(To::Mirakl(shop), "RT11").await {
            Ok(pull) => pull,
            Err(not_now) => {
                tracing::debug!(marketplace = %shop.code, "{not_now}");
                return Ok(None);
            }
        };
        let read = self.read_returns(&pull, shop, &name).await;
        self.beside(&name, read, sum).await
    }

    /// All pages changed since the cursor, less the overlap. The cursor is made of Mirakl's stamps,
    /// and moves with the last page only, since tokens end with the pull.
    pub(super) async fn read_returns(
        &self,
        pull: &Admitted<'_>,
        shop: &Shop,
        name: &str,
    ) -> Result<Read, Failure> {
        let connections = self.orders.connections();
        let ledger = &connections.ledger;
        let cursor = ledger.cursor(name).await?;
        let cursor = cursor.and_then(|c| c.parse::<Timestamp>().ok());
        let overlap = SignedDuration::try_from(shop.overlap).unwrap_or_default();
        let since = cursor.map_or(shop.policy.take_over_from, |c| {
            c.checked_sub(overlap).unwrap_or(Timestamp::MIN)
        });
        let mut query = ReturnQuery {
            since: Some(since),
            ..ReturnQuery::default()
        };
        let (mut newest, mut first_page_at, mut read) = (cursor, None, Read::default());
        let began = connections.clock.elapsed();
        loop {
            if !self.has_time(began, shop.call_timeout) {
                return Err(Failure::unexpected(format!(
                    "feed {name}: {} returns read, and more pages than one pull has time for",
                    read.rows
                )));
            }
            let read_at = connections.clock.now();
            let page = pull.send(shop.client.list_returns(&query)).await?;
            let (seen, unreadable) = sort_out(shop, &page.items, page.server_date);
            let stamps = seen.iter().map(|s| s.returned.updated_at);
            newest = newest.into_iter().chain(stamps).max();
            let first_page_at = *first_page_at.get_or_insert(page.server_date.unwrap_or(read_at));
            let last_page = page.next_page_token.is_none();
            // A shop without returns has read them, too.
            let cursor = reached(newest.unwrap_or(since), Some(first_page_at));
            let cursor = last_page.then(|| cursor.to_string());
            let run = FeedRun {
                feed: name,
                cursor: cursor.as_deref(),
                last_page,
                now: connections.clock.now(),
                prefixes: &[],
            };
            let recorded = ledger.record_marketplace_returns(&run, &seen, &unreadable);
            read.add(page.items.len(), recorded.await?);
            if last_page {
                return Ok(read);
            }
            query.page_token = page.next_page_token;
        }
    }
}

/// Returns that can be read, and those that cannot: kept raw, told by name, no neighbour stopped.
///
/// A stamp ahead of Mirakl's own clock, `server_date`, counts as that clock.
fn sort_out(
    shop: &Shop,
    items: &[RawReturn],
    server_date: Option<Timestamp>,
) -> (Vec<SeenReturn>, Vec<Unreadable>) {
    let (mut seen, mut unreadable) = (vec![], vec![]);
    let newest = server_date.map(|date| after(date, DATE_STEP));
    for raw in items {
        let read = match &raw.read {
            Ok(wire) => translate::marketplace_return(wire).map(|r| (wire.order_id.clone(), r)),
            Err((path, _)) => Err(path.clone()),
        };
        match read {
            Ok((order_id, mut returned)) => {
                returned.updated_at = reached(returned.updated_at, newest);
                let key = OrderKey {
                    marketplace: shop.code.clone(),
                    order_id,
                };
                seen.push(SeenReturn { key, returned });
            }
            Err(path) => unreadable.push(Unreadable {
                key: raw
                    .return_id
                    .clone()
                    .unwrap_or_else(|| "(no id)".to_owned()),
                marketplace: Some(shop.code.clone()),
                payload: raw.json.clone(),
                path,
                kind: Kind::ReturnUnclear,
            }),
        }
    }
    (seen, unreadable)
}
