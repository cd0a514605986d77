//! `bcm ledger rebuild`: an empty ledger comes back from Mirakl, BlueCherry and Temporal, people's
//! decisions and erasures from their export first. Nothing is written to either side.

mod again;
mod exports;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use activities::{Clock, Connections, Failure, Feeds, Orders, Remembered, Restored, SEND_MARGIN};
use bluecherry::{Profile, WriteMode};
use domain::marketplace::{MarketplaceCode, OrderKey};
use ledger::{Exported, Ledger, MasterKey, OrderFilter, Rebuild};
use ops::Trouble;
use ops::ledger::{RebuildDocument, RebuildLedger};
use temporalio_client::Client;
use tokio::task::JoinSet;

use self::again::again;
use crate::config::Config;
use crate::{connect, feeds};

/// Orders looked up in BlueCherry at once.
const AT_ONCE: usize = 4;
/// Most orders that one call may name.
const NAMED: usize = 100;
/// How often an order is asked for that has a run and that Mirakl does not show.
const ASKED: u32 = 5;

/// Brings the ledger of a configuration back; `say` is told how far it is.
///
/// It waits first until nothing can be under way any more that a worker over the lost ledger sent,
/// so what it reads then is all there is.
///
/// # Errors
/// A [`Trouble`] when the ledger is not empty; both systems', the ledger's and Temporal's errors.
/// What stopped in the middle goes on with the next call, and no worker starts meanwhile.
pub async fn rebuild(
    config: &Config,
    asked: &RebuildLedger,
    clock: Clock,
    say: impl Fn(&str),
) -> anyhow::Result<RebuildDocument> {
    let began_at = clock.now();
    let lost = connect::ledger(config, &clock).await?;
    let said = exports::decisions(config, asked)?;
    if let Some(nothing) = nothing_to_do(&lost, &said, &clock).await? {
        return Ok(nothing);
    }
    let tables = exports::tables(config, asked)?;
    // What stopped in the middle had its time to wait already: no worker began since.
    let stopped = lost.rebuild().await?;
    let began_at = stopped.map_or(began_at, |stopped| stopped.began_at.min(began_at));
    let client = connect::temporal(&config.temporal).await?;
    let scratch;
    let ledger = if asked.dry_run {
        scratch = tempfile::tempdir()?;
        let url = format!("sqlite://{}/scratch.db", scratch.path().display());
        Ledger::open(&url, MasterKey::generate(), began_at).await?
    } else {
        lost
    };
    let mut state = Rebuild {
        began_at,
        finished_at: None,
        from: vec![],
    };
    ledger.note_rebuild(&state).await?;
    let connections = connect::connections(config, ledger.clone(), clock.clone()).await?;
    let connections = Arc::new(connections);
    wait(&connections, began_at, &say).await;

    let mut document = RebuildDocument::new(asked.dry_run, began_at);
    document.decisions = ledger.replay(&said).await?;
    document.tables_held =
        exports::put_in_force(&connections, config, tables.as_ref(), &say).await?;
    let open = runs::open(&client).await?;
    document.open_runs = u64::try_from(open.len()).unwrap_or(u64::MAX);
    let rebuilding = Rebuilding {
        orders: Arc::new(Orders::new(connections.clone())),
        queues: queues(config, &ledger).await?,
        ledger,
        connections,
        said,
    };
    rebuilding.pull(&open, &mut document, &say).await?;
    rebuilding.restore(&open, &mut document, &say).await?;
    rebuilding.papers(&mut document, &say).await;
    rebuilding
        .remember(&client, open, &mut document, &say)
        .await?;
    if !asked.dry_run {
        let ended = feeds::end_those_of_another_ledger(&client, &rebuilding.connections).await?;
        document.feeds_ended = ended;
        let ledger_id = rebuilding.ledger.id();
        document.runs_ended = runs::end_those_of_another_ledger(&client, ledger_id).await?;
    }
    document.finished_at = clock.now();
    state.finished_at = Some(document.finished_at);
    state.from = document.counted();
    rebuilding.ledger.note_rebuild(&state).await?;
    Ok(document)
}

/// The answer when the ledger was rebuilt already; `None` when there is work.
async fn nothing_to_do(
    ledger: &Ledger,
    said: &[Exported],
    clock: &Clock,
) -> anyhow::Result<Option<RebuildDocument>> {
    let state = ledger.rebuild().await?;
    if state.as_ref().is_some_and(|s| s.finished_at.is_none()) {
        return Ok(None);
    }
    if ledger.is_empty().await? {
        return Ok(None);
    }
    if state.is_none() {
        return Err(Trouble {
            code: "ledger_not_empty",
            message: "This ledger is not empty, and was never lost: it is not rebuilt.".to_owned(),
            next_step: "To rebuild it all the same, stop every worker, put the database aside and \
                        name an empty one in bcm.toml."
                .to_owned(),
        }
        .into());
    }
    let missing = ledger.not_replayed(said).await?;
    if missing > 0 {
        return Err(Trouble {
            code: "decisions_missing",
            message: format!(
                "This ledger was rebuilt already, and knows nothing of {missing} decisions of the export."
            ),
            next_step: "Tell the orders again (bcm orders …), or rebuild into an empty database with every --export."
                .to_owned(),
        }
        .into());
    }
    let mut document = RebuildDocument::new(false, clock.now());
    document.nothing_to_do = true;
    Ok(Some(document))
}

/// Waits until no call of an earlier worker can be under way, or its effect unseen.
async fn wait(connections: &Connections, began: jiff::Timestamp, say: &impl Fn(&str)) {
    let site = &connections.site;
    let erp = site.call_timeout.max(SEND_MARGIN) + site.call_timeout + site.read_lag;
    let shops = connections.shops.values();
    let longest = shops.map(|s| SEND_MARGIN + s.call_timeout + s.read_lag);
    let longest = longest.max();
    let over = longest.unwrap_or_default().max(erp);
    let spent = connections.clock.now().duration_since(began);
    let left = over.saturating_sub(Duration::try_from(spent).unwrap_or_default());
    if !left.is_zero() {
        let seconds = left.as_secs_f64().ceil();
        say(&format!(
            "waiting {seconds:.0} s: what the last worker sent may still arrive"
        ));
        tokio::time::sleep(left).await;
    }
}

/// Does the site carry writes out later than it takes them?
async fn queues(config: &Config, ledger: &Ledger) -> anyhow::Result<bool> {
    let host = connect::host_of(&config.bluecherry.base_url);
    let kept = ledger.reference(&host, "profile").await?;
    let profile: Option<Profile> = kept.and_then(|k| serde_json::from_str(&k.json).ok());
    Ok(profile.is_none_or(|p| p.write_mode != WriteMode::Sync))
}

/// A rebuild under way.
struct Rebuilding {
    ledger: Ledger,
    connections: Arc<Connections>,
    orders: Arc<Orders>,
    said: Vec<Exported>,
    queues: bool,
}

impl Rebuilding {
    /// Orders since `take_over_from`, one pull a shop; fulfilments from the feed's beginning.
    ///
    /// Orders with an open run are asked for by name where that pull leaves them out.
    async fn pull(
        &self,
        open: &BTreeMap<OrderKey, String>,
        document: &mut RebuildDocument,
        say: &impl Fn(&str),
    ) -> anyhow::Result<()> {
        let pulls = Feeds::new(self.orders.clone());
        for code in self.connections.shops.keys() {
            say(&format!("reading the orders of {code}"));
            let rows = again(|| pulls.read_orders_only(code)).await?;
            document.rows += u64::from(rows);
            let left_out = self.left_out(code, open, &pulls, say).await?;
            document.not_shown += u64::try_from(left_out).unwrap_or(u64::MAX);
        }
        let site = &self.connections.site.name;
        say(&format!("reading the shipments of {site}"));
        let rows = again(|| pulls.read_shipments_only()).await?;
        document.shipments = u64::from(rows);
        Ok(())
    }

    /// Returns and credit memos, from the beginning of each list. Only now: by an order's refunds a
    /// credit is known to be repaid already, and by its sales order a memo finds it.
    ///
    /// A list that does not come stops nothing: the next worker reads it, and until then nothing is
    /// owed to anybody for it.
    async fn papers(&self, document: &mut RebuildDocument, say: &impl Fn(&str)) {
        let pulls = Feeds::new(self.orders.clone());
        let mut count = |read: Result<u32, Failure>, of: &str| match read {
            Ok(rows) => document.papers += u64::from(rows),
            Err(failure) => say(&format!(
                "those of {of} did not come ({failure}); the next worker reads them"
            )),
        };
        say("reading the returns and credit memos of BlueCherry");
        count(again(|| pulls.read_papers_only()).await, "BlueCherry");
        for code in self.connections.shops.keys() {
            say(&format!("reading the returns of {code}"));
            let read = again(|| pulls.read_returns_only(code)).await;
            count(read, code.as_str());
        }
    }

    /// Asks for orders that have a run and did not come: a list may leave an order out, and one that
    /// comes later would pass for one that nobody ever touched. Answers how many do not come at all.
    async fn left_out(
        &self,
        code: &MarketplaceCode,
        open: &BTreeMap<OrderKey, String>,
        pulls: &Feeds,
        say: &impl Fn(&str),
    ) -> anyhow::Result<usize> {
        let mut asked = 0;
        loop {
            let mut missing = vec![];
            for key in open.keys().filter(|key| key.marketplace == *code) {
                if self.ledger.order(key).await?.is_none() {
                    missing.push(key.order_id.clone());
                }
            }
            let count = missing.len();
            if count == 0 || asked == ASKED {
                return Ok(count);
            }
            say(&format!(
                "asking {code} for {count} orders that its list leaves out"
            ));
            if asked > 0
                && let Some(shop) = self.connections.shops.get(code)
            {
                tokio::time::sleep(shop.poll).await;
            }
            asked += 1;
            for some in missing.chunks(NAMED) {
                again(|| pulls.read_orders_named(code, some.to_vec())).await?;
            }
        }
    }

    /// Each order's progress, from its sales order and what Mirakl shows.
    async fn restore(
        &self,
        open: &BTreeMap<OrderKey, String>,
        document: &mut RebuildDocument,
        say: &impl Fn(&str),
    ) -> anyhow::Result<()> {
        let all = OrderFilter {
            include_finished: true,
            ..OrderFilter::default()
        };
        let listed = self.ledger.list_orders(&all, u32::MAX).await?;
        let count = listed.len();
        say(&format!("looking up the sales orders of {count} orders"));
        let mut looking: JoinSet<Result<Restored, Failure>> = JoinSet::new();
        for (n, order) in listed.into_iter().enumerate() {
            if looking.len() >= AT_ONCE
                && let Some(done) = looking.join_next().await
            {
                count_in(document, &done??);
            }
            if n > 0 && n % 100 == 0 {
                say(&format!("{n} of {count} orders"));
            }
            let key = order.key;
            let mine = |e: &&Exported| e.order == key;
            let said: Vec<Exported> = self.said.iter().filter(mine).cloned().collect();
            let (orders, queues) = (self.orders.clone(), self.queues);
            let has_run = open.contains_key(&key);
            looking.spawn(async move {
                again(|| restore(orders.clone(), &key, &said, queues, has_run)).await
            });
        }
        while let Some(done) = looking.join_next().await {
            count_in(document, &done??);
        }
        Ok(())
    }

    /// What stands in the histories of open runs alone: commands newer than an order's last export,
    /// and writes that wait for a person because nobody knows what became of them.
    async fn remember(
        &self,
        client: &Client,
        open: BTreeMap<OrderKey, String>,
        document: &mut RebuildDocument,
        say: &impl Fn(&str),
    ) -> anyhow::Result<()> {
        say(&format!(
            "reading the histories of {} open runs",
            open.len()
        ));
        for (key, run_id) in open {
            if self.ledger.order(&key).await?.is_none_or(|row| !row.ours) {
                continue;
            }
            let exported = self.said.iter().filter(|e| e.order == key);
            let last = exported.map(|e| e.at).max();
            let is_newer = |r: &Remembered| last.is_none_or(|last| r.at > last);
            let told = runs::told(client, &key, run_id).await?;
            for command in told.commands {
                if is_newer(&command) && self.orders.take_again(&command).await? {
                    document.remembered += 1;
                }
            }
            if let Some(problem) = &told.parked
                && self.orders.park_again(&key, problem).await?
            {
                document.parked += 1;
            }
        }
        Ok(())
    }
}

/// Puts one order back.
async fn restore(
    orders: Arc<Orders>,
    key: &OrderKey,
    said: &[Exported],
    queues: bool,
    has_run: bool,
) -> Result<Restored, Failure> {
    let restored = orders.restore(key, said, queues).await?;
    // Nobody needs to be told of an order that is over, but for a run that is not.
    if restored.over && !has_run {
        orders.decide(key).await?;
    }
    Ok(restored)
}

fn count_in(document: &mut RebuildDocument, restored: &Restored) {
    document.orders += 1;
    document.ours += u64::from(restored.ours);
    document.sales_orders += u64::from(restored.sales_order);
    document.released += u64::from(restored.released);
    document.shipped += u64::from(restored.shipped);
    document.accepted_elsewhere += u64::from(restored.accepted_elsewhere);
    document.over += u64::from(restored.over);
}
