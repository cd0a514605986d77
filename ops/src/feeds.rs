//! `bcm feeds`: how reading both systems is going.

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{FeedState, Ledger};
use serde::Serialize;
use workflows::ids;

use crate::gates::{self, ClosedCallItem, GateItem};
use crate::render::{
    Cell, Look, Tone, count, json, or_dash, paint, plain, relative, source, table,
};
use crate::{Output, Surroundings, Trouble, temporal};

/// Without a success for so long a feed is late.
const LATE_S: i64 = 600;

/// `bcm feeds`, which lists unless told otherwise.
#[derive(Debug, Args)]
pub struct Feeds {
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<FeedsVerb>,
}

/// Verbs of `bcm feeds`.
#[derive(Debug, Subcommand)]
pub enum FeedsVerb {
    /// Lists feeds
    List,
    /// Stops pulling until resume
    Pause(OneFeed),
    /// Goes on pulling
    Resume(OneFeed),
    /// Pulls once, now, also while paused
    PollNow(OneFeed),
}

/// Which feed.
#[derive(Clone, Debug, Args)]
pub struct OneFeed {
    /// Name in the list, for example nordwind/orders
    #[arg(value_name = "FEED")]
    pub name: String,
}

/// `bcm feeds --json`.
#[derive(Clone, Debug, Serialize)]
pub struct FeedsDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// By name.
    pub feeds: Vec<FeedItem>,
    /// Systems that nobody calls now.
    pub gates: Vec<GateItem>,
    /// Calls that wait.
    pub closed_calls: Vec<ClosedCallItem>,
}

/// One feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedItem {
    /// `{marketplace}/orders` or `{site}/shipments`.
    pub name: String,
    /// When a run last came to its end, RFC 3339.
    pub last_success: Option<Timestamp>,
    /// When the last run began, RFC 3339.
    pub last_started: Option<Timestamp>,
    /// Rows that the last complete run brought.
    pub rows: u32,
    /// Failures since the last success.
    pub failures: u32,
    /// Code of the last failure; null after a success.
    pub last_error: Option<String>,
    /// Did a person pause it?
    pub paused: bool,
    /// Orders with news that nobody has looked at yet.
    pub owed: u32,
}

/// `bcm feeds pause|resume|poll-now --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ToldDocument<'a> {
    /// Whose answer it is: `temporal`, which keeps the signal for the feed's run.
    pub source: &'static str,
    /// Name of the feed.
    pub feed: &'a str,
    /// `pause`, `resume` or `poll_now`.
    pub command: &'a str,
    /// Always true; a failure is an `error` document.
    pub done: bool,
}

impl From<FeedState> for FeedItem {
    fn from(feed: FeedState) -> Self {
        Self {
            name: feed.name,
            last_success: feed.last_success,
            last_started: feed.last_started,
            rows: feed.rows,
            failures: feed.failures,
            last_error: feed.last_error,
            paused: feed.paused,
            owed: feed.owed,
        }
    }
}

impl Feeds {
    /// Does it.
    ///
    /// # Errors
    /// `feed_unknown`, `no_temporal`, `no_run`, `temporal_unreachable`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        match self.verb.unwrap_or(FeedsVerb::List) {
            FeedsVerb::List => {
                let (gates, closed_calls) = gates::items(ledger, surroundings.now).await?;
                let document = FeedsDocument {
                    source: "ledger",
                    as_of: surroundings.now,
                    feeds: items(ledger).await?,
                    gates,
                    closed_calls,
                };
                Ok(Output::good(document.render(surroundings.look())))
            }
            FeedsVerb::Pause(feed) => feed.tell(surroundings, "pause", Some(true)).await,
            FeedsVerb::Resume(feed) => feed.tell(surroundings, "resume", Some(false)).await,
            FeedsVerb::PollNow(feed) => feed.tell(surroundings, "poll_now", None).await,
        }
    }
}

pub(crate) async fn items(ledger: &Ledger) -> Result<Vec<FeedItem>> {
    let feeds = ledger.feeds().await?;
    let mut items: Vec<FeedItem> = feeds.into_iter().map(FeedItem::from).collect();
    pause_together(&mut items);
    Ok(items)
}

/// What is read beside another feed stands still with it.
fn pause_together(items: &mut [FeedItem]) {
    let paused: Vec<String> = items
        .iter()
        .filter(|item| item.paused)
        .map(|item| item.name.clone())
        .collect();
    let known: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
    for item in items {
        let read_with = read_with(&item.name, &known);
        item.paused |= read_with.is_some_and(|name| paused.contains(&name));
    }
}

/// The feed beside which one is read that has no run of its own; `None` for one that has.
fn read_with(name: &str, known: &[String]) -> Option<String> {
    let (of, what) = name.split_once('/')?;
    let orders = format!("{of}/orders");
    match what {
        // A marketplace has returns, and so has the site.
        "returns" if known.contains(&orders) => Some(orders),
        "returns" | "credit_memos" => Some(format!("{of}/shipments")),
        _ => None,
    }
}

impl OneFeed {
    /// Signals the feed's run first: what the ledger says of a pause follows what is true.
    async fn tell(
        self,
        surroundings: &Surroundings,
        signal: &str,
        paused: Option<bool>,
    ) -> Result<Output> {
        let (ledger, look) = (&surroundings.ledger, surroundings.look());
        let known = ledger.feeds().await?.into_iter().map(|feed| feed.name);
        let (name, workflow_id) = named(&self.name, &known.collect::<Vec<_>>())?;
        let client = temporal::connected(surroundings.temporal.as_ref())?;
        temporal::signal(client, &workflow_id, signal).await?;
        if let Some(paused) = paused {
            ledger
                .set_feed_paused(&name, paused, surroundings.now)
                .await?;
        }
        let text = if look.json {
            json(&ToldDocument {
                source: "temporal",
                feed: &name,
                command: signal,
                done: true,
            })
        } else {
            let told = paint("told", Tone::Good, look);
            format!("{told}  {signal} {}\n", plain(&name))
        };
        Ok(Output::good(text))
    }
}

/// Name and workflow ID of the feed that a person means; the part before the slash is enough where
/// only one feed has it.
fn named(meant: &str, known: &[String]) -> Result<(String, String), Trouble> {
    let meant = meant.trim();
    if known.iter().any(|name| name == meant)
        && let Some(carrier) = read_with(meant, known)
    {
        return Err(Trouble::new(
            "feed_unknown",
            format!("{meant} has no run of its own: it is read with {carrier}."),
            format!("Name {carrier} instead."),
        ));
    }
    let of =
        |name: &&String| name.split('/').next() == Some(meant) && read_with(name, known).is_none();
    let mut fitting = known.iter().filter(of);
    let name = match (fitting.next(), fitting.next()) {
        (Some(only), None) => only.as_str(),
        _ => meant,
    };
    let workflow_id = match name.split_once('/') {
        Some((of, "orders")) => MarketplaceCode::new(of).ok().map(|m| ids::orders_feed(&m)),
        Some((of, "shipments")) if !of.is_empty() => Some(ids::shipments_feed(of)),
        _ => None,
    };
    let workflow_id = workflow_id.ok_or_else(|| {
        let known = if known.is_empty() {
            "none has run yet".to_owned()
        } else {
            known.join(", ")
        };
        Trouble::new(
            "feed_unknown",
            format!("There is no feed {meant}; there are: {known}."),
            "Name it as bcm feeds does, for example nordwind/orders.",
        )
    })?;
    Ok((name.to_owned(), workflow_id))
}

impl FeedsDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let footer = format!(
            "{} · {}",
            match self.feeds.len() as u64 {
                0 => "No feed has run yet".to_owned(),
                n => count(n, "feed", "feeds"),
            },
            source(self.as_of)
        );
        let feeds = rows(&self.feeds, self.as_of, look);
        let gates = gates::rows(&self.gates, &self.closed_calls, self.as_of, look);
        format!("{feeds}{gates}{}\n", paint(&footer, Tone::Faint, look))
    }
}

/// The table of feeds; nothing when there are none.
pub(crate) fn rows(feeds: &[FeedItem], now: Timestamp, look: Look) -> String {
    if feeds.is_empty() {
        return String::new();
    }
    let row = |feed: &FeedItem| {
        let late = |at: Timestamp| now.duration_since(at).as_secs() > LATE_S;
        let success = match feed.last_success {
            Some(at) if late(at) && !feed.paused => Cell::new(relative(at, now), Tone::Bad),
            Some(at) => relative(at, now).into(),
            None => Cell::new("never", Tone::Warning),
        };
        let failures = match feed.failures {
            0 => Cell::new("0", Tone::Plain),
            n => Cell::new(n.to_string(), Tone::Bad),
        };
        let paused = if feed.paused {
            Cell::new("paused", Tone::Warning)
        } else {
            or_dash(None::<&str>)
        };
        vec![
            Cell::from(&feed.name),
            success,
            feed.rows.to_string().into(),
            failures,
            or_dash(feed.last_error.as_deref()),
            paused,
            feed.owed.to_string().into(),
        ]
    };
    let headers = [
        "feed",
        "last success",
        "rows",
        "failures",
        "last error",
        "paused",
        "owed",
    ];
    table(&headers, feeds.iter().map(row).collect(), look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_known_by_its_name_or_by_whose_it_is() {
        let known = [
            "galeria/orders",
            "main/orders",
            "main/shipments",
            "nordwind/orders",
            "nordwind/returns",
            "SIMSITE/credit_memos",
            "SIMSITE/returns",
            "SIMSITE/shipments",
        ];
        let known = known.map(str::to_owned);
        let id = |meant: &str| named(meant, &known).map(|(name, id)| format!("{name} {id}"));
        assert_eq!(
            id("nordwind").unwrap(),
            "nordwind/orders feed/nordwind/orders"
        );
        assert_eq!(
            id("main/shipments").unwrap(),
            "main/shipments feed/main/shipments"
        );
        assert_eq!(id("new/orders").unwrap(), "new/orders feed/new/orders");
        assert_eq!(
            id("SIMSITE").unwrap(),
            "SIMSITE/shipments feed/SIMSITE/shipments"
        );
        for (beside, carrier) in [
            ("nordwind/returns", "nordwind/orders"),
            ("SIMSITE/returns", "SIMSITE/shipments"),
            ("SIMSITE/credit_memos", "SIMSITE/shipments"),
        ] {
            let told = id(beside).unwrap_err();
            assert_eq!(told.next_step, format!("Name {carrier} instead."));
        }
        for bad in [
            "main",
            "elsewhere",
            "",
            "/shipments",
            "Nord Wind/orders",
            "nordwind/stock",
        ] {
            assert_eq!(id(bad).unwrap_err().code, "feed_unknown", "{bad}");
        }
    }

    #[test]
    fn what_is_read_beside_a_paused_feed_is_paused_with_it() {
        let feed = |name: &str, paused: bool| FeedItem {
            name: name.to_owned(),
            last_success: None,
            last_started: None,
            rows: 0,
            failures: 0,
            last_error: None,
            paused,
            owed: 0,
        };
        let mut items = [
            feed("nordwind/orders", true),
            feed("nordwind/returns", false),
            feed("SIMSITE/credit_memos", false),
            feed("SIMSITE/returns", false),
            feed("SIMSITE/shipments", false),
        ];
        pause_together(&mut items);
        let paused = items.iter().filter(|item| item.paused);
        let paused: Vec<_> = paused.map(|item| item.name.as_str()).collect();
        assert_eq!(paused, ["nordwind/orders", "nordwind/returns"]);
    }
}
