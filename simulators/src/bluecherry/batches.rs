//! Inventory batches: what was where at one moment, as it can be paged through.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::feeds::{merge, seconds, sku_key};
use super::site::Site;
use super::stock::{Figures, IRREGULAR, Place, RecordType, StockKey};
use super::text::same;

/// One run of a feed.
#[derive(Clone, Debug, Serialize)]
pub struct Batch {
    pub batch_id: String,
    pub feed: String,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub as_of: Timestamp,
    pub row_count: usize,
    pub status: String,
}

/// Inventory as one batch saw it. Places that did not change are shared between batches.
#[derive(Clone)]
pub struct Snapshot {
    number: usize,
    batch: Batch,
    /// The last order whose units it contains.
    seen_through: Option<String>,
    /// What figures on hand are multiplied by; 1 in a batch that is right.
    times: i64,
    rows: Vec<Place>,
    /// Rows that differ from the batch before.
    changes: Vec<Place>,
}

/// What is wrong with an inventory batch, though it says of itself that it is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// Nothing.
    #[default]
    None,
    /// It has no row.
    Empty,
    /// Every figure on hand is zero.
    Zeroed,
    /// Every second row is missing.
    Halved,
    /// Every figure on hand is a hundred times too large.
    Hundredfold,
    /// It is the one before, under the same batch ID.
    Duplicate,
    /// It is the one before the last, under a batch ID of its own: out of order.
    Older,
}

/// How a batch is taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// `ok`, `partial` (every second row is missing) or `failed` (it cannot be read).
    pub status: &'static str,
    pub spoil: Spoil,
    /// Seconds that it comes later than usual.
    pub late_s: u64,
}

impl Default for Taken {
    fn default() -> Self {
        Self {
            status: "ok",
            spoil: Spoil::None,
            late_s: 0,
        }
    }
}

/// Batches that can still be paged through, as long as they have no more rows together than this.
const SNAPSHOTS_KEPT: usize = 50;
const ROWS_KEPT: usize = 5_000_000;

impl Site {
    /// Notes a batch that ran just now.
    pub fn note_batch(&mut self, feed: &str, row_count: usize, status: &str) {
        let now = self.now();
        self.batches.push(Batch {
            batch_id: format!("B{:06}", self.batches.len() + 1),
            feed: feed.to_owned(),
            started_at: now,
            finished_at: now,
            as_of: now,
            row_count,
            status: status.to_owned(),
        });
    }

    /// Takes the inventory batch whose turn it is.
    pub fn take_positions_in_turn(&mut self) {
        let (now, cadence_s) = (self.now(), self.options.position_cadence_s);
        let turn = self.batches.len();
        let taken = self
            .options
            .batch_mishaps
            .map_or_else(Taken::default, |mishaps| mishaps.turn(turn, cadence_s));
        self.take_positions(taken, now);
    }

    /// Takes an inventory batch that claims to describe that moment.
    pub fn take_positions(&mut self, taken: Taken, as_of: Timestamp) {
        let last = self.snapshots.len().checked_sub(1);
        let old = match taken.spoil {
            Spoil::Duplicate => last,
            Spoil::Older => last.map(|last| last.saturating_sub(1)),
            _ => None,
        };
        if let Some(old) = old.and_then(|n| self.snapshots.get(n)).cloned() {
            self.repeat_positions(old, taken);
            return;
        }
        let mut rows: Vec<Place> = match taken.spoil {
            Spoil::Empty => Vec::new(),
            _ => {
                let places = self.stock.places();
                places
                    .map(|(k, f)| (Arc::clone(k), Arc::clone(f)))
                    .collect()
            }
        };
        if taken.spoil == Spoil::Halved {
            halve(&mut rows);
        }
        if taken.status == "partial" {
            halve(&mut rows);
        }
        let times = match taken.spoil {
            Spoil::Zeroed => 0,
            Spoil::Hundredfold => 100,
            _ => 1,
        };
        self.note_batch("inventory", rows.len(), taken.status);
        let lag = seconds(self.options.position_lag_s.saturating_add(taken.late_s));
        let Some(batch) = self.batches.last_mut() else {
            return;
        };
        batch.as_of = as_of;
        batch.finished_at = as_of + lag;
        if taken.status == "failed" {
            return;
        }
        let batch = batch.clone();
        let before = self.snapshots.back();
        let changes = before.map_or_else(|| rows.clone(), |before| before.changed(&rows, times));
        let snapshot = Snapshot {
            number: before.map_or(1, |before| before.number + 1),
            batch,
            seen_through: self.last_order(),
            times,
            rows,
            changes,
        };
        self.keep(snapshot);
    }

    /// An earlier batch once more: under its old name, or out of order under a name of its own.
    fn repeat_positions(&mut self, old: Snapshot, taken: Taken) {
        let number = self.snapshots.back().map_or(1, |last| last.number + 1);
        let mut batch = old.batch.clone();
        if taken.spoil == Spoil::Older {
            self.note_batch("inventory", old.rows.len(), taken.status);
            if let Some(noted) = self.batches.last_mut() {
                noted.as_of = old.batch.as_of;
                batch = noted.clone();
            }
        } else {
            self.batches.push(batch.clone());
        }
        self.keep(Snapshot {
            number,
            batch,
            ..old
        });
    }

    fn keep(&mut self, snapshot: Snapshot) {
        self.snapshots.push_back(snapshot);
        let rows = |kept: &Snapshot| kept.rows.len() + kept.changes.len();
        let mut all: usize = self.snapshots.iter().map(rows).sum();
        // The one before stays for whoever is paging through it.
        while self.snapshots.len() > SNAPSHOTS_KEPT || (all > ROWS_KEPT && self.snapshots.len() > 2)
        {
            all -= self.snapshots.pop_front().as_ref().map_or(0, rows);
        }
    }

    fn last_order(&self) -> Option<String> {
        let told = self.options.orders_seen_through;
        let last = self.orders.last().filter(|_| told);
        last.map(|order| order.ord_num.clone())
    }

    /// Every stock place as a row, from the live ledger.
    pub fn position_rows(&self, as_of: Timestamp) -> Vec<Value> {
        let last = self.last_order();
        self.stock
            .places()
            .map(|(key, figures)| self.position(key, figures, as_of, last.as_deref(), 1))
            .collect()
    }

    fn position(
        &self,
        key: &StockKey,
        figures: &Figures,
        as_of: Timestamp,
        seen_through: Option<&str>,
        times: i64,
    ) -> Value {
        use RecordType::{Cm, Dm, Op, Pk, R2, Ri, Rs, Rv, St, Wp};
        let mut row = self
            .items
            .get(&key.sku)
            .map_or_else(|| json!({ "sku": key.sku }), |item| sku_key(&item));
        let place = self
            .options
            .warehouses
            .iter()
            .find(|place| same(&place.code, &key.warehouse));
        let irregular = key.lot == IRREGULAR;
        let on_hand = figures.on_hand().saturating_mul(times);
        let more = json!({
            "warehouse": place.map_or(key.warehouse.as_str(), |place| place.code.as_str()),
            "lot": key.lot,
            "pool": if irregular { "SECONDS" } else { "MAIN" },
            "on_hand": on_hand,
            "open": figures.of(Op),
            "picked": figures.of(Pk),
            "reserved": figures.of(Rs),
            "demand": figures.of(Dm),
            "linked_received": figures.of(Rv),
            "linked_invoiced": figures.of(Ri),
            "consumed": figures.of(Cm),
            "irregular": figures.of(R2),
            "wip": figures.of(Wp),
            "wip_ship_to": figures.of(St),
            "in_transit": null,
            "next_receipt": null,
            "erp_available": figures.ots() - figures.on_hand() + on_hand,
            "sellable": place.is_some_and(|place| place.sellable) && !irregular,
            "as_of": as_of,
            "orders_seen_through": seen_through,
        });
        merge(&mut row, more);
        row
    }

    /// A page of the newest inventory batch, or of the batch that the cursor began with.
    pub fn positions(
        &mut self,
        cursor: Option<&str>,
        mode: Option<&str>,
        limit: usize,
    ) -> Result<Page, Refusal> {
        let (now, begun) = (self.now(), cursor.map(PositionCursor::read).transpose()?);
        if begun.is_none() && self.options.position_cadence_s == 0 {
            self.take_positions(Taken::default(), now);
        }
        let delta = match (&begun, mode) {
            (Some(begun), _) => begun.delta,
            (None, None | Some("full")) => false,
            (None, Some("delta")) => true,
            (None, Some(_)) => return Err(Refusal::invalid("mode", "full or delta")),
        };
        let found = self.snapshots.iter().rev().find(|snapshot| match &begun {
            Some(begun) => snapshot.number == begun.number,
            None => snapshot.batch.finished_at <= now,
        });
        let Some(snapshot) = found else {
            if begun.is_some() {
                return Err(Refusal::invalid(
                    "cursor",
                    "that batch is gone; begin again",
                ));
            }
            return Ok(Page {
                complete: false,
                ..Page::live(Vec::new(), now)
            });
        };
        let rows = if delta {
            &snapshot.changes
        } else {
            &snapshot.rows
        };
        let from = begun.map_or(0, |begun| begun.from);
        let (as_of, through) = (snapshot.batch.as_of, snapshot.seen_through.as_deref());
        let items: Vec<Value> = rows
            .iter()
            .skip(from)
            .take(limit)
            .map(|(key, figures)| self.position(key, figures, as_of, through, snapshot.times))
            .collect();
        let next = from + items.len();
        let more = next < rows.len();
        let letter = if delta { 'd' } else { 'f' };
        Ok(Page {
            items,
            next_cursor: more.then(|| format!("P{}{letter}{next}", snapshot.number)),
            as_of,
            batch_id: Some(snapshot.batch.batch_id.clone()),
            generated_at: snapshot.batch.finished_at,
            complete: snapshot.batch.status == "ok",
        })
    }
}

impl Snapshot {
    /// The rows that are not in this batch with the same figures. Both are in the order of their
    /// places.
    fn changed(&self, rows: &[Place], times: i64) -> Vec<Place> {
        let mut old = self.rows.iter().peekable();
        let same = |old: &Figures, new: &Figures| {
            old == new && (old.on_hand() == 0 || self.times == times)
        };
        let differs = |(key, figures): &&Place| {
            while old.next_if(|old| old.0 < *key).is_some() {}
            let before = old.peek().filter(|old| old.0 == *key);
            before.is_none_or(|before| !same(&before.1, figures))
        };
        rows.iter().filter(differs).cloned().collect()
    }
}

/// Takes every second row away.
fn halve(rows: &mut Vec<Place>) {
    let mut keep = false;
    rows.retain(|_| {
        keep = !keep;
        keep
    });
}

struct PositionCursor {
    number: usize,
    delta: bool,
    from: usize,
}

impl PositionCursor {
    fn read(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let rest = text.strip_prefix('P')?;
            let at = rest.find(['d', 'f'])?;
            Some(Self {
                number: rest[..at].parse().ok()?,
                delta: rest[at..].starts_with('d'),
                from: rest[at + 1..].parse().ok()?,
            })
        };
        read().ok_or_else(|| Refusal::invalid("cursor", "not a cursor of this list"))
    }
}
