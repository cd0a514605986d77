//! What the site publishes of itself: its profile, its batches; and what every feed shares.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::batches::Batch;
use super::options::{Item, WriteMode};
use super::site::Site;

impl Site {
    /// What the site can do and how it is set up.
    pub fn profile(&self) -> Value {
        let feed = |name: &str, cadence_s: u64, last: Timestamp, kind: &str| {
            let next = last + seconds(cadence_s);
            json!({
                "name": name, "cadence_s": cadence_s,
                "next_expected_at": next, "full_or_delta": kind,
            })
        };
        let (now, options) = (self.now(), &self.options);
        json!({
            "site": options.site,
            "time_zone": options.time_zone,
            "base_currency": options.base_currency,
            "feeds": [
                feed("inventory", options.position_cadence_s, self.last_positions, "both"),
                feed("items", 0, now, "full"),
                feed("fulfilments", options.fulfilment_cadence_s, now, "delta"),
            ],
            "limits": {
                "requests_per_minute": Some(options.requests_per_minute).filter(|most| *most > 0),
                "max_page": options.max_page,
                "max_batch_lines": 10_000,
                "concurrent": 8,
            },
            "quiet_windows": options.quiet_windows.iter().map(|window| json!({
                "from": window.from.strftime("%H:%M").to_string(),
                "to": window.to.strftime("%H:%M").to_string(),
            })).collect::<Vec<_>>(),
            "code_lengths": options.code_lengths,
            "features": {
                "order_hold": true, "partial_cancel": true, "lots": true,
                "packs": true, "returns_in": options.returns_in, "journals": false,
            },
            "write_mode": if options.write_mode == WriteMode::Sync { "sync" } else { "queued" },
        })
    }

    /// Batches of one feed, or of all, newest first.
    pub fn batch_page(&self, feed: Option<&str>) -> Page {
        let of_feed = |batch: &&Batch| feed.is_none_or(|feed| batch.feed == feed);
        let items = self
            .batches
            .iter()
            .rev()
            .filter(of_feed)
            .take(100)
            .map(|b| json!(b))
            .collect();
        Page::live(items, self.now())
    }
}

/// Place that a cursor names; the beginning without one.
pub(super) fn plain_cursor(cursor: Option<&str>, prefix: char) -> Result<usize, Refusal> {
    let Some(text) = cursor.filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    text.strip_prefix(prefix)
        .and_then(|rest| rest.parse().ok())
        .ok_or_else(|| Refusal::invalid("cursor", "not a cursor of this list"))
}

/// The parts of an item's key, as every row of it carries them.
pub(super) fn sku_key(item: &Item) -> Value {
    json!({
        "division": item.division,
        "style": item.style,
        "color": item.color,
        "label": item.label,
        "dimension": item.dimension,
        "size_bucket": item.size_bucket,
        "size_name": item.size_name,
        "upc": item.upc,
        "sku": item.sku,
    })
}

/// Adds fields to a row.
pub(super) fn merge(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}

/// So many seconds, or as many as there can be.
pub(super) fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}
