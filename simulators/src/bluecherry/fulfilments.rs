//! The feed of fulfilments: what is published, what is withheld, and its pages.

use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::feeds::plain_cursor;
use super::shipping::Shipment;
use super::site::Site;
use super::text::real_now_us;
use crate::fault::Asks;
use crate::http::before_us;

impl Site {
    /// Puts a shipment into the feed, or withholds it.
    pub(super) fn publish(&mut self, shipment: &Shipment) {
        let row = json!(shipment);
        if self.is_withheld(&row) {
            self.withheld.push(row);
            return;
        }
        self.fulfilments.push(row);
        self.publish_at_once();
    }

    fn publish_at_once(&mut self) {
        if self.options.fulfilment_cadence_s == 0 {
            self.fulfilments_published = self.fulfilments.len();
            self.fulfilments_seen_us
                .resize(self.fulfilments_published, real_now_us());
        }
    }

    fn is_withheld(&self, row: &Value) -> bool {
        let names = ["external_po", "ord_num", "shipment_id"];
        let mut codes = names.iter().filter_map(|name| row[name].as_str());
        codes.any(|code| self.held.iter().any(|key| code.contains(key.as_str())))
    }

    /// Lets withheld fulfilments out: those about a key, or all. The newest comes first.
    pub fn release_rows(&mut self, key: Option<&str>) -> usize {
        match key {
            Some(key) => drop(self.held.remove(key)),
            None => self.held.clear(),
        }
        let (still, mut free) = std::mem::take(&mut self.withheld)
            .into_iter()
            .partition::<Vec<_>, _>(|row| self.is_withheld(row));
        self.withheld = still;
        free.reverse();
        let count = free.len();
        self.fulfilments.append(&mut free);
        self.publish_at_once();
        count
    }

    /// A page of fulfilments, as the faults have it shown. The cursor stays good, on the last
    /// page too.
    pub fn fulfilments(
        &self,
        cursor: Option<&str>,
        limit: usize,
        asks: &Asks,
    ) -> Result<Page, Refusal> {
        let from = plain_cursor(cursor, 'F')?;
        let readable = match asks.stale {
            Some(ago) => {
                let moment_us = before_us(real_now_us(), ago);
                let seen = &self.fulfilments_seen_us;
                seen.partition_point(|seen_us| *seen_us <= moment_us)
            }
            None => self.fulfilments_published,
        };
        let published = &self.fulfilments[..readable];
        let most = if asks.repeat {
            (limit / 2).max(1)
        } else {
            limit
        };
        let mut items: Vec<Value> = published.iter().skip(from).take(most).cloned().collect();
        let next = from + items.len();
        if asks.shuffle.is_some() {
            items.reverse();
        }
        if asks.repeat {
            items = items
                .into_iter()
                .flat_map(|row| [row.clone(), row])
                .collect();
        }
        Ok(Page {
            next_cursor: Some(format!("F{next}")),
            batch_id: Some(format!("F{}", published.len())),
            complete: next >= published.len(),
            ..Page::live(items, self.now())
        })
    }
}
