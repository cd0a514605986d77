//! One way to read a list of BlueCherry that goes by a cursor, page by page, into the ledger.

use std::time::Duration;

use bluecherry::Page;
use ledger::{FeedRun, Recorded};
use sha2::{Digest, Sha256};

use super::{Feeds, Read};
use crate::Failure;
use crate::calls::{Admitted, To};

/// Rows a page.
pub(super) const PAGE: u32 = 100;

/// A list of BlueCherry that is being read.
pub(super) struct Reading<'a> {
    feeds: &'a Feeds,
    /// Name of its feed in the ledger.
    feed: String,
    /// Name of the call.
    call: &'static str,
    /// Keys that start with one of these are ours.
    prefixes: Vec<String>,
    /// When the pull began, which has to end in time.
    began: Duration,
    cursor: Option<String>,
    is_over: bool,
    read: Read,
}

impl Feeds {
    /// Begins to read what follows the cursor of a feed.
    pub(super) async fn reading(
        &self,
        feed: &str,
        call: &'static str,
        began: Duration,
    ) -> Result<Reading<'_>, Failure> {
        let connections = self.orders.connections();
        let shops = connections.shops.values();
        Ok(Reading {
            feeds: self,
            feed: feed.to_owned(),
            call,
            prefixes: shops.map(|s| format!("{}-", s.policy.prefix)).collect(),
            began,
            cursor: connections.ledger.cursor(feed).await?,
            is_over: false,
            read: Read::default(),
        })
    }
}

impl Reading<'_> {
    /// Where the next page begins.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Leave to read the next page; `None` after the last one.
    pub async fn next(&self) -> Result<Option<Admitted<'_>>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let orders = &self.feeds.orders;
        orders.admit(To::BlueCherry, self.call).await.map(Some)
    }

    /// Moves on past a page that came.
    pub fn came<T>(&mut self, page: &Page<T>) {
        let connections = self.feeds.orders.connections();
        let next = page.next_cursor.clone().or(self.cursor.clone());
        // Each page moves the cursor, so what is left over is the next read's; a cursor that stands
        // still brings the same page for ever.
        let stands = next == self.cursor;
        self.is_over = page.complete
            || page.rows.is_empty()
            || stands
            || !self
                .feeds
                .has_time(self.began, connections.site.call_timeout);
        self.cursor = next;
    }

    /// The page that came, with the cursor after it.
    pub fn run(&self) -> FeedRun<'_> {
        FeedRun {
            feed: &self.feed,
            cursor: self.cursor.as_deref(),
            last_page: self.is_over,
            now: self.feeds.orders.now(),
            prefixes: &self.prefixes,
        }
    }

    /// Counts in what became of it.
    pub fn stored(&mut self, rows: usize, recorded: Recorded) {
        self.read.add(rows, recorded);
    }

    /// What came in all.
    pub fn brought(&self) -> Read {
        self.read
    }
}

/// The ID, by the name of its field, of a record that cannot be read as a whole; else a hash tells
/// records apart.
pub(super) fn named(json: &str, field: &str) -> String {
    let id = serde_json::from_str::<serde_json::Value>(json)
        .ok()
        .and_then(|v| v.get(field).and_then(|id| id.as_str().map(str::to_owned)));
    id.filter(|id| domain::command::is_code(id))
        .unwrap_or_else(|| {
            let hash = Sha256::digest(json.as_bytes());
            let hex: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("(no {field}) {hex}")
        })
}
