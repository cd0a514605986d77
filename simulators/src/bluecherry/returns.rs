//! Returns: announced, received, inspected; and their feed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Page, Refusal, Written, read};
use super::feeds::plain_cursor;
use super::options::WriteMode;
use super::site::Site;
use super::stock::{RecordType, StockKey};
use crate::calls::Mark;
use crate::fault::Asks;

/// Lot of goods that inspection found to be second quality.
const SECOND_QUALITY: &str = "B";

/// What inspection made of returned units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Sold again as it is.
    #[default]
    Restock,
    /// Kept as second quality.
    Second,
    /// Repaired first.
    Repair,
    /// Thrown away.
    Scrap,
    /// Not looked at yet.
    Pending,
}

/// One return, at its newest version.
#[derive(Clone, Debug, Serialize)]
pub struct Return {
    pub ra_number: String,
    /// None when it began here.
    pub external_return_id: Option<String>,
    pub ord_num: String,
    pub external_po: String,
    pub received_at: Option<Timestamp>,
    /// `authorised`, `received` or `no_reception`.
    pub status: &'static str,
    pub version: u64,
    pub lines: Vec<ReturnLine>,
    #[serde(skip)]
    pub mark: Mark,
}

/// Units of one line of the order that share a disposition.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnLine {
    pub external_line_id: String,
    pub sku: String,
    pub qty_authorised: i64,
    pub qty_received: i64,
    pub disposition: Disposition,
    pub reason_code: Option<String>,
    pub location: Option<String>,
}

/// Returns, their feed, and what waits in the queue.
#[derive(Debug, Default)]
pub struct Returns {
    pub all: Vec<Return>,
    pub feed: Vec<Value>,
    pub queue: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReturn {
    external_return_id: String,
    ord_num: String,
    external_po: String,
    lines: Vec<NewReturnLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReturnLine {
    external_line_id: String,
    sku: String,
    qty_authorised: i64,
    reason_code: String,
}

/// What came back, as a control route says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiveIn {
    /// The authorisation; without one the goods came unannounced.
    ra_number: Option<String>,
    /// Order of unannounced goods.
    ord_num: Option<String>,
    /// Absent means everything that was authorised, restocked.
    lines: Option<Vec<ReceivedLine>>,
    /// Nothing came.
    #[serde(default)]
    no_reception: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceivedLine {
    external_line_id: String,
    qty: i64,
    #[serde(default)]
    disposition: Disposition,
}

impl Site {
    /// Authorises a return, at once or with the next run of the queue.
    pub fn announce_return(&mut self, body: &Value) -> Result<Written, Refusal> {
        let wish: NewReturn = read(body)?;
        if !self.options.returns_in {
            let words = "this site takes no returns in";
            return Err(Refusal::refused(
                "feature_off",
                "features.returns_in",
                words,
            ));
        }
        self.check_return(&wish)?;
        if self.options.write_mode == WriteMode::Sync {
            let shown = self.enter_return(wish);
            return Ok(Written::with(axum::http::StatusCode::CREATED, shown));
        }
        let answer = json!({ "status": "queued", "external_return_id": wish.external_return_id });
        let id = &body["external_return_id"];
        let mut waiting = self.returns.queue.iter();
        if waiting.any(|one| one["external_return_id"] == *id && one != body) {
            let words = "another return with this ID waits in the queue";
            return Err(Refusal::conflict("duplicate_return", words));
        }
        let changed = !self.returns.queue.contains(body);
        if changed {
            self.returns.queue.push(body.clone());
        }
        let queued = Written::with(axum::http::StatusCode::ACCEPTED, answer);
        Ok(Written { changed, ..queued })
    }

    fn check_return(&self, wish: &NewReturn) -> Result<(), Refusal> {
        let mut known = self.returns.all.iter();
        let earlier =
            known.find(|one| one.external_return_id.as_ref() == Some(&wish.external_return_id));
        if let Some(earlier) = earlier {
            let words = "a return with this ID is there";
            let refusal = Refusal::conflict("duplicate_return", words);
            return Err(refusal.existing(&earlier.ra_number));
        }
        let unknown = |field: &str| Refusal::refused("unknown_order", field, "no such order");
        let order = self.order(&wish.ord_num).map_err(|_| unknown("ord_num"))?;
        if !super::text::same(&order.external_po, &wish.external_po) {
            return Err(unknown("external_po"));
        }
        if wish.lines.is_empty() {
            return Err(Refusal::invalid("lines", "a return needs a line"));
        }
        for (n, line) in wish.lines.iter().enumerate() {
            let field = |name: &str| format!("lines[{n}].{name}");
            let mut lines = order.lines.iter();
            let known = lines.find(|one| one.external_line_id == line.external_line_id);
            let known = known.filter(|one| super::text::same(&one.sku, &line.sku));
            let known = known.ok_or_else(|| {
                let words = "the order has no such line";
                Refusal::refused("unknown_line", &field("external_line_id"), words)
            })?;
            let asked: i64 = wish
                .lines
                .iter()
                .filter(|one| one.external_line_id == line.external_line_id)
                .map(|one| one.qty_authorised)
                .sum();
            let left = known.shipped - self.authorised(&order.ord_num, &line.external_line_id);
            if line.qty_authorised < 1 || asked > left {
                let words = format!("{asked} asked for, {left} shipped and not announced");
                return Err(Refusal::refused(
                    "over_authorised",
                    &field("qty_authorised"),
                    words,
                ));
            }
        }
        Ok(())
    }

    /// Units of a line that are announced or came back already.
    fn authorised(&self, number: &str, line_id: &str) -> i64 {
        let alive = self
            .returns
            .all
            .iter()
            .filter(|one| one.ord_num == number && one.status != "no_reception");
        let lines = alive.flat_map(|one| &one.lines);
        let lines = lines.filter(|line| line.external_line_id == line_id);
        lines
            .map(|line| line.qty_authorised.max(line.qty_received))
            .sum()
    }

    fn enter_return(&mut self, wish: NewReturn) -> Value {
        let one = Return {
            ra_number: format!("RA{:06}", self.returns.all.len() + 1),
            external_return_id: Some(wish.external_return_id),
            ord_num: wish.ord_num,
            external_po: wish.external_po,
            received_at: None,
            status: "authorised",
            version: 1,
            lines: wish
                .lines
                .into_iter()
                .map(|line| ReturnLine {
                    external_line_id: line.external_line_id,
                    sku: line.sku,
                    qty_authorised: line.qty_authorised,
                    qty_received: 0,
                    disposition: Disposition::Pending,
                    reason_code: Some(line.reason_code),
                    location: None,
                })
                .collect(),
            mark: self.calls.mark(),
        };
        let shown = json!(one);
        self.returns.feed.push(shown.clone());
        self.returns.all.push(one);
        shown
    }

    /// Enters every announcement that waits in the queue; how many were entered.
    pub fn run_return_queue(&mut self) -> usize {
        let mut entered = 0;
        for body in std::mem::take(&mut self.returns.queue) {
            let Ok(wish) = read::<NewReturn>(&body) else {
                continue;
            };
            if self.check_return(&wish).is_ok() {
                self.enter_return(wish);
                entered += 1;
            }
        }
        entered
    }

    /// Goods come back, or nothing does.
    pub fn receive_return(&mut self, wish: ReceiveIn) -> Result<Value, Refusal> {
        let now = self.now();
        let at = match (&wish.ra_number, &wish.ord_num) {
            (Some(ra), _) => {
                let mut all = self.returns.all.iter();
                all.position(|one| one.ra_number == *ra)
                    .ok_or_else(|| Refusal::not_found("no such return"))?
            }
            (None, Some(number)) => self.unannounced(number)?,
            (None, None) => return Err(Refusal::invalid("ra_number", "which return is meant?")),
        };
        let mut one = self.returns.all[at].clone();
        if one.status == "no_reception" {
            return Err(Refusal::conflict(
                "return_ended",
                "nothing is to come any more",
            ));
        }
        if wish.no_reception {
            one.status = "no_reception";
        } else {
            let all = one.lines.iter().map(|line| ReceivedLine {
                external_line_id: line.external_line_id.clone(),
                qty: line.qty_authorised - line.qty_received,
                disposition: Disposition::Restock,
            });
            let came = wish.lines.unwrap_or_else(|| all.collect());
            for line in came.iter().filter(|line| line.qty > 0) {
                self.take_back_units(&mut one, line, now)?;
            }
            one.received_at = Some(now);
            one.status = "received";
        }
        one.version += 1;
        let shown = json!(one);
        self.returns.feed.push(shown.clone());
        self.returns.all[at] = one;
        Ok(shown)
    }

    /// A return of goods that nobody announced, without lines yet; its place.
    fn unannounced(&mut self, number: &str) -> Result<usize, Refusal> {
        let order = self.order(number)?;
        let one = Return {
            ra_number: format!("RA{:06}", self.returns.all.len() + 1),
            external_return_id: None,
            ord_num: order.ord_num.clone(),
            external_po: order.external_po.clone(),
            received_at: None,
            status: "authorised",
            version: 0,
            lines: Vec::new(),
            mark: self.calls.mark(),
        };
        self.returns.all.push(one);
        Ok(self.returns.all.len() - 1)
    }

    /// Notes units on the return; a second disposition of a line makes a row of its own. What can be
    /// sold goes back into stock.
    fn take_back_units(
        &mut self,
        one: &mut Return,
        came: &ReceivedLine,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let order = self.order(&one.ord_num)?;
        let mut lines = order.lines.iter();
        let line = lines.find(|line| line.external_line_id == came.external_line_id);
        let line = line.ok_or_else(|| Refusal::invalid("lines", "the order has no such line"))?;
        let (sku, warehouse) = (line.sku.clone(), order.warehouse.clone());
        let (places, number) = (line.places.clone(), one.ord_num.clone());
        let is_row = |row: &&mut ReturnLine| {
            row.external_line_id == came.external_line_id
                && (row.qty_received == 0 || row.disposition == came.disposition)
        };
        match one.lines.iter_mut().find(is_row) {
            Some(row) => {
                row.qty_received += came.qty;
                row.disposition = came.disposition;
                row.location = Some(warehouse);
            }
            None => one.lines.push(ReturnLine {
                external_line_id: came.external_line_id.clone(),
                sku,
                qty_authorised: 0,
                qty_received: came.qty,
                disposition: came.disposition,
                reason_code: None,
                location: Some(warehouse),
            }),
        }
        let places: Vec<(StockKey, i64)> = match came.disposition {
            Disposition::Restock => places,
            Disposition::Second => {
                let second = |(place, each): &(StockKey, i64)| {
                    let lot = SECOND_QUALITY;
                    (StockKey::new(&place.sku, &place.warehouse, lot), *each)
                };
                places.iter().map(second).collect()
            }
            Disposition::Repair | Disposition::Scrap | Disposition::Pending => Vec::new(),
        };
        self.book(now, &places, RecordType::Rt, came.qty, &number);
        Ok(())
    }

    /// A page of returns: a changed one comes again, newer.
    pub fn return_page(
        &self,
        cursor: Option<&str>,
        limit: usize,
        asks: &Asks,
    ) -> Result<Page, Refusal> {
        self.feed_page(&self.returns.feed, 'R', cursor, limit, asks)
    }

    /// A page of a feed, as the faults have it shown. The cursor stays good, on the last page too.
    pub(super) fn feed_page(
        &self,
        feed: &[Value],
        prefix: char,
        cursor: Option<&str>,
        limit: usize,
        asks: &Asks,
    ) -> Result<Page, Refusal> {
        let from = plain_cursor(cursor, prefix)?;
        let mut items: Vec<Value> = feed.iter().skip(from).take(limit).cloned().collect();
        let next = from + items.len();
        if asks.shuffle.is_some() {
            items.reverse();
        }
        Ok(Page {
            next_cursor: Some(format!("{prefix}{next}")),
            batch_id: Some(format!("{prefix}{}", feed.len())),
            complete: next >= feed.len(),
            ..Page::live(items, self.now())
        })
    }
}
