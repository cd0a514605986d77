//! What a site can do, and the batches it ran.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// When a write is there.
    ///
    /// Source: BlueCherry connector profile v1, "Profile".
    pub enum WriteMode {
        /// With its answer.
        Sync = "sync",
        /// After the next batch.
        Queued = "queued",
    }
}

words! {
    /// How a batch went.
    ///
    /// Source: BlueCherry connector profile v1, "Batch".
    pub enum BatchStatus {
        /// Still running.
        Running = "running",
        /// Done, with every row.
        Ok = "ok",
        /// Not done.
        Failed = "failed",
        /// Done, with rows missing.
        Partial = "partial",
    }
}

/// What a site can do, its limits and its clocks.
///
/// Source: BlueCherry connector profile v1, "Profile".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Name of the site.
    pub site: String,
    /// IANA name of its time zone; business dates are in it.
    pub time_zone: String,
    /// ISO 4217 code.
    pub base_currency: String,
    /// Feeds and how often they come.
    #[serde(default)]
    pub feeds: Vec<Feed>,
    /// Limits; what is absent is not known.
    #[serde(default)]
    pub limits: Limits,
    /// When writes are refused.
    #[serde(default)]
    pub quiet_windows: Vec<QuietWindow>,
    /// Longest code by field, for example `external_po`.
    #[serde(default)]
    pub code_lengths: BTreeMap<String, u32>,
    /// What it can do; what is absent it cannot.
    #[serde(default)]
    pub features: Features,
    /// When a write is there.
    pub write_mode: WriteMode,
}

/// A feed of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Name.
    pub name: String,
    /// Seconds between two batches; zero for a live one.
    pub cadence_s: u64,
    /// When the next batch should come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_expected_at: Option<Timestamp>,
    /// `full`, `delta` or `both`.
    #[serde(default)]
    pub full_or_delta: String,
}

/// Limits of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Rows a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_page: Option<u32>,
    /// Lines a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_batch_lines: Option<u32>,
    /// Calls at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
}

/// A time of the day when writes are refused, in the time zone of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietWindow {
    /// First moment, `HH:MM`.
    pub from: String,
    /// First moment after it, `HH:MM`.
    pub to: String,
    /// `mon` to `sun`; empty for every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
}

/// What a site can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// Orders can be created on hold.
    pub order_hold: bool,
    /// Part of an order can be canceled.
    pub partial_cancel: bool,
    /// Stock is kept by lot.
    pub lots: bool,
    /// Packs.
    pub packs: bool,
    /// Returns can be announced.
    pub returns_in: bool,
    /// Journal entries are taken.
    pub journals: bool,
}

/// A batch of a site.
///
/// Source: BlueCherry connector profile v1, "Batch".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// ID.
    pub batch_id: String,
    /// Name of the feed.
    pub feed: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The moment its rows are true for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_count: Option<u64>,
    /// How it went.
    pub status: BatchStatus,
    /// Checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}
