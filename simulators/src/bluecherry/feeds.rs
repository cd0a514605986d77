//! What the site publishes: its profile, batches, inventory positions, items and fulfilments.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::options::{Item, WriteMode};
use super::site::Site;
use super::stock::{Figures, IRREGULAR, RecordType, StockKey};
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

/// Inventory as one batch saw it.
pub struct Snapshot {
    number: usize,
    batch: Batch,
    rows: Vec<Value>,
    /// Rows that differ from the batch before.
    changes: Vec<Value>,
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
}

impl Spoil {
    fn apply(self, rows: &mut Vec<Value>) {
        let times = match self {
            Self::Empty => return rows.clear(),
            Self::Halved => {
                let mut keep = false;
                rows.retain(|_| {
                    keep = !keep;
                    keep
                });
                return;
            }
            Self::Zeroed => 0,
            Self::Hundredfold => 100,
            Self::None | Self::Duplicate => return,
        };
        for row in rows {
            let on_hand = row["on_hand"].as_i64().unwrap_or(0);
            let ots = row["erp_available"].as_i64().unwrap_or(0);
            let wrong = on_hand.saturating_mul(times);
            row["on_hand"] = json!(wrong);
            row["erp_available"] = json!(ots - on_hand + wrong);
        }
    }
}

/// Batches that can still be paged through.
const SNAPSHOTS_KEPT: usize = 50;

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
                "packs": false, "returns_in": false, "journals": false,
            },
            "write_mode": if options.write_mode == WriteMode::Sync { "sync" } else { "queued" },
        })
    }

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

    /// Takes an inventory batch. A partial one lacks every second row, a failed one is not read.
    pub fn take_positions(&mut self, status: &str, as_of: Timestamp) {
        self.take_spoiled_positions(status, as_of, Spoil::None);
    }

    /// Takes an inventory batch that says something else than the ledger, or the one before again.
    pub fn take_spoiled_positions(&mut self, status: &str, as_of: Timestamp, spoil: Spoil) {
        if spoil == Spoil::Duplicate {
            self.repeat_positions();
            return;
        }
        let mut rows = self.position_rows(as_of);
        spoil.apply(&mut rows);
        if status == "partial" {
            let mut keep = false;
            rows.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.note_batch("inventory", rows.len(), status);
        let Some(batch) = self.batches.last_mut() else {
            return;
        };
        batch.as_of = as_of;
        batch.finished_at = as_of + seconds(self.options.position_lag_s);
        if status == "failed" {
            return;
        }
        let batch = batch.clone();
        let before = self.snapshots.back();
        let old: BTreeMap<_, _> = before
            .iter()
            .flat_map(|before| &before.rows)
            .map(|row| (place_of(row), row))
            .collect();
        let changes = rows
            .iter()
            .filter(|row| {
                old.get(&place_of(row))
                    .is_none_or(|old| !same_figures(old, row))
            })
            .cloned()
            .collect();
        let number = before.map_or(1, |before| before.number + 1);
        self.snapshots.push_back(Snapshot {
            number,
            batch,
            rows,
            changes,
        });
        if self.snapshots.len() > SNAPSHOTS_KEPT {
            self.snapshots.pop_front();
        }
    }

    /// The newest batch under its old name, read once more.
    fn repeat_positions(&mut self) {
        let Some(last) = self.snapshots.back() else {
            return;
        };
        let again = Snapshot {
            number: last.number + 1,
            batch: last.batch.clone(),
            rows: last.rows.clone(),
            changes: last.changes.clone(),
        };
        self.batches.push(again.batch.clone());
        self.snapshots.push_back(again);
        if self.snapshots.len() > SNAPSHOTS_KEPT {
            self.snapshots.pop_front();
        }
    }

    /// Every stock place as a row, from the live ledger.
    pub fn position_rows(&self, as_of: Timestamp) -> Vec<Value> {
        self.stock
            .places()
            .map(|(key, figures)| self.position(key, figures, as_of))
            .collect()
    }

    fn position(&self, key: &StockKey, figures: &Figures, as_of: Timestamp) -> Value {
        use RecordType::{Cm, Dm, Op, Pk, R2, Ri, Rs, Rv, St, Wp};
        let mut row = self
            .items
            .get(&key.sku)
            .map_or_else(|| json!({ "sku": key.sku }), sku_key);
        let place = self
            .options
            .warehouses
            .iter()
            .find(|place| same(&place.code, &key.warehouse));
        let irregular = key.lot == IRREGULAR;
        let more = json!({
            "warehouse": place.map_or(key.warehouse.as_str(), |place| place.code.as_str()),
            "lot": key.lot,
            "pool": if irregular { "SECONDS" } else { "MAIN" },
            "on_hand": figures.on_hand(),
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
            "erp_available": figures.ots(),
            "sellable": place.is_some_and(|place| place.sellable) && !irregular,
            "as_of": as_of,
            "orders_seen_through": self.orders.last()
                .filter(|_| self.options.orders_seen_through)
                .map(|order| &order.ord_num),
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
            self.take_positions("ok", now);
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
        let items: Vec<Value> = rows.iter().skip(from).take(limit).cloned().collect();
        let next = from + items.len();
        let more = next < rows.len();
        let letter = if delta { 'd' } else { 'f' };
        Ok(Page {
            items,
            next_cursor: more.then(|| format!("P{}{letter}{next}", snapshot.number)),
            as_of: snapshot.batch.as_of,
            batch_id: Some(snapshot.batch.batch_id.clone()),
            generated_at: snapshot.batch.finished_at,
            complete: snapshot.batch.status == "ok",
        })
    }

    /// A page of the item master.
    pub fn item_page(&self, cursor: Option<&str>, limit: usize) -> Result<Page, Refusal> {
        let from = plain_cursor(cursor, 'I')?;
        let row = |item: &Item| {
            let mut row = sku_key(item);
            let status = item.status();
            merge(
                &mut row,
                json!({
                    "ean": null,
                    "status": status,
                    "active": status == "active",
                    "line_type": "APPAREL",
                    "smu_account": item.smu_account,
                    "sample": item.sample,
                    "season": item.season,
                    "product_groups": item.product_groups,
                    "name": item.name,
                    "color_name": item.color_name,
                    "country_of_origin": item.country_of_origin,
                    "hs_code": item.hs_code,
                    "prices": item.prices.iter().map(|price| json!({
                        "level": price.level, "currency": price.currency, "amount": price.amount,
                        "valid_from": "2020-01-01", "valid_to": null,
                    })).collect::<Vec<_>>(),
                    "pack": { "kind": "none", "components": [], "stocked_as_pack": false },
                    "version": 1,
                    "changed_at": self.started_at,
                }),
            );
            row
        };
        let items: Vec<Value> = self
            .items
            .values()
            .skip(from)
            .take(limit)
            .map(row)
            .collect();
        let next = from + items.len();
        let more = next < self.items.len();
        Ok(Page {
            next_cursor: more.then(|| format!("I{next}")),
            ..Page::live(items, self.now())
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

/// Place that a cursor names; the beginning without one.
pub(super) fn plain_cursor(cursor: Option<&str>, prefix: char) -> Result<usize, Refusal> {
    let Some(text) = cursor.filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    text.strip_prefix(prefix)
        .and_then(|rest| rest.parse().ok())
        .ok_or_else(|| Refusal::invalid("cursor", "not a cursor of this list"))
}

fn sku_key(item: &Item) -> Value {
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

fn merge(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}

fn place_of(row: &Value) -> [Option<&str>; 3] {
    ["sku", "warehouse", "lot"].map(|name| row[name].as_str())
}

fn same_figures(old: &Value, new: &Value) -> bool {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return false;
    };
    old.iter().all(|(name, value)| {
        matches!(name.as_str(), "as_of" | "orders_seen_through") || new.get(name) == Some(value)
    })
}

fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}
