//! Taking a sales order in: what the site refuses, and what becomes of each line.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Refusal, Written, read};
use super::options::{Item, WriteMode};
use super::order::{Address, Line, SalesOrder};
use super::order_in::{LineIn, OrderIn};
use super::site::{FIRST_NUMBER, Queued, Site};
use super::stock::{RecordType, StockKey};
use super::text::{code, real_now_us, same};

impl Site {
    /// Takes an order: at once, or into the queue.
    pub fn take_order(&mut self, body: &Value) -> Result<Written, Refusal> {
        let order: OrderIn = read(body)?;
        self.check_order(&order)?;
        let now = self.now();
        if self.options.write_mode == WriteMode::Sync {
            let number = self.enter_order(&order, body)?;
            let created = self.order(&number)?.to_value(now);
            return Ok(Written::with(StatusCode::CREATED, created));
        }
        let waiting = |queued: &&Queued| {
            queued.refused.is_none()
                && same(&queued.external_po, &order.external_po)
                && same(&queued.customer_code, &order.customer_code)
        };
        let answer = json!({ "status": "queued", "external_po": order.external_po });
        if let Some(queued) = self.queue.iter().find(waiting) {
            if queued.body != *body {
                let message = "another order with this number waits in the queue";
                return Err(Refusal::conflict("duplicate_external_po", message));
            }
            return Ok(Written {
                changed: false,
                ..Written::with(StatusCode::ACCEPTED, answer)
            });
        }
        self.queue.push(Queued {
            customer_code: order.customer_code,
            external_po: order.external_po,
            body: body.clone(),
            queued_at: now,
            real_at_us: real_now_us(),
            ord_num: None,
            refused: None,
        });
        Ok(Written::with(StatusCode::ACCEPTED, answer))
    }

    /// Enters every order that waits in the queue.
    pub fn run_queue(&mut self) -> usize {
        let waiting: Vec<usize> = (0..self.queue.len())
            .filter(|&n| self.queue[n].ord_num.is_none() && self.queue[n].refused.is_none())
            .collect();
        for &n in &waiting {
            let body = self.queue[n].body.clone();
            match read(&body).and_then(|order| self.enter_order(&order, &body)) {
                Ok(number) => self.queue[n].ord_num = Some(number),
                Err(refusal) => self.queue[n].refused = Some(refusal.to_value()),
            }
        }
        if !waiting.is_empty() {
            let refused = waiting.iter().any(|&n| self.queue[n].refused.is_some());
            self.note_batch(
                "orders_in",
                waiting.len(),
                if refused { "partial" } else { "ok" },
            );
        }
        waiting.len() + self.run_return_queue()
    }

    fn check_order(&self, order: &OrderIn) -> Result<(), Refusal> {
        for (name, field, value) in [
            ("customer", "customer_code", &order.customer_code),
            ("external_po", "external_po", &order.external_po),
            ("ship_via", "ship_via", &order.ship_via),
        ] {
            let longest = self
                .options
                .code_lengths
                .get(name)
                .copied()
                .unwrap_or(usize::MAX);
            let length = value.trim().chars().count();
            if length == 0 || length > longest {
                let message = format!("{length} characters; 1 to {longest} are allowed");
                return Err(Refusal::invalid(field, message));
            }
        }
        let known = |codes: &[String], given: &str| {
            codes.is_empty() || codes.iter().any(|code| same(code, given))
        };
        if !known(&self.options.divisions, &order.division) {
            return Err(Refusal::refused(
                "unknown_division",
                "division",
                "no such division",
            ));
        }
        if !self
            .options
            .warehouses
            .iter()
            .any(|place| same(&place.code, &order.warehouse))
        {
            return Err(Refusal::refused(
                "unknown_warehouse",
                "warehouse",
                "no such warehouse",
            ));
        }
        self.check_ship_via(&order.ship_via)?;
        if !self
            .customers
            .iter()
            .any(|held| same(&held.customer_code, &order.customer_code))
        {
            return Err(Refusal::invalid("customer_code", "no such customer"));
        }
        if let Some(field) = order.ship_to.as_ref().and_then(Address::fault) {
            return Err(Refusal::invalid(
                &format!("ship_to.{field}"),
                "missing or impossible",
            ));
        }
        order.check_lines()?;
        order.check_totals()?;
        let taken = |held: &&SalesOrder| same(&held.customer_code, &order.customer_code);
        if !self.options.repeats_are_new_orders
            && let Some(held) = self.orders_of(&order.external_po).find(taken)
        {
            let message = "this customer has an order with this number";
            return Err(Refusal::conflict("duplicate_external_po", message).existing(&held.ord_num));
        }
        Ok(())
    }

    /// Refuses a ship-via that the site does not know.
    pub fn check_ship_via(&self, ship_via: &str) -> Result<(), Refusal> {
        let known = &self.options.ship_vias;
        if known.is_empty() || known.iter().any(|code| same(code, ship_via)) {
            return Ok(());
        }
        Err(Refusal::refused(
            "unknown_ship_via",
            "ship_via",
            "no such ship-via",
        ))
    }

    fn enter_order(&mut self, order: &OrderIn, body: &Value) -> Result<String, Refusal> {
        self.check_order(order)?;
        let now = self.now();
        let number = (FIRST_NUMBER + self.orders.len()).to_string();
        let mut lines: Vec<Line> = Vec::new();
        for (n, line) in order.lines.iter().enumerate() {
            let entered = self.enter_line(order, line, &lines, now, &number);
            if let Some(code) = entered
                .reject_code
                .filter(|_| self.options.reject_whole_order)
            {
                self.take_back(&lines, now, &number);
                let field = format!("lines[{n}].sku");
                return Err(Refusal::refused(
                    code,
                    &field,
                    "the order is refused for this line",
                ));
            }
            lines.push(entered);
        }
        if self.options.refuse_empty_orders
            && let Some(code) = lines[0].reject_code
            && lines.iter().all(|line| line.reject_code.is_some())
        {
            return Err(Refusal::refused(
                code,
                "lines[0].sku",
                "no line can be taken",
            ));
        }
        let mark = self.calls.mark();
        let mut created = SalesOrder {
            seq: mark.seq,
            real_at_us: mark.real_at_us,
            created_at: now,
            ord_num: number.clone(),
            external_po: order.external_po.clone(),
            customer_code: order.customer_code.clone(),
            channel: order.channel.clone(),
            channel_order_id: order.channel_order_id.clone(),
            holds: order.hold.iter().cloned().collect(),
            released: Vec::new(),
            ship_to: order.ship_to.clone(),
            ship_via: order.ship_via.clone(),
            warehouse: order.warehouse.clone(),
            division: order.division.clone(),
            currency: order.currency.clone(),
            totals: order.totals,
            lines,
            version: 0,
            ready_since: None,
            picked_at: None,
            cancellations: Vec::new(),
            cancelled_at: None,
            cancelled_real_at_us: None,
            input: body.clone(),
        };
        created.changed(now);
        let place = self.orders.len();
        let same_po = self.by_po.entry(code(&created.external_po)).or_default();
        same_po.push(place);
        self.orders.push(created);
        self.note_effect(&number, "created");
        Ok(number)
    }

    fn take_back(&mut self, lines: &[Line], now: Timestamp, number: &str) {
        for line in lines {
            self.book(now, &line.places, RecordType::Op, -line.open, number);
        }
    }

    /// Writes a transaction for a line's units at each of their places.
    pub(super) fn book(
        &mut self,
        now: Timestamp,
        places: &[(StockKey, i64)],
        kind: RecordType,
        qty: i64,
        number: &str,
    ) {
        for (place, each) in places {
            self.stock.write(now, place, kind, qty * each, Some(number));
        }
    }

    /// Decides on one line and puts its units on the open order.
    fn enter_line(
        &mut self,
        order: &OrderIn,
        line: &LineIn,
        before: &[Line],
        now: Timestamp,
        number: &str,
    ) -> Line {
        let item = self.items.get(&code(&line.sku));
        let item = item.as_deref();
        let verdict = match item {
            None => Err("unknown_sku"),
            Some(item) if item.status() != "active" || item.sample => Err("inactive_item"),
            Some(item)
                if item
                    .smu_account
                    .as_ref()
                    .is_some_and(|a| !same(a, &order.customer_code)) =>
            {
                Err("inactive_item")
            }
            Some(_) if self.short && before.is_empty() => Err("insufficient_stock"),
            Some(item) => self
                .places_for(item, &order.warehouse, line.qty)
                .ok_or("insufficient_stock"),
        };
        let uncovered = match (item, &verdict) {
            (Some(item), Err("insufficient_stock")) if !self.short => {
                line.qty - self.promisable(item).clamp(0, line.qty)
            }
            _ => 0,
        };
        let bucket = item.map_or(1, |item| item.size_bucket);
        let row = |sku: &str| {
            let item = self.items.get(&code(sku))?.into_owned();
            let (style, color) = (item.style, item.color);
            Some((item.division, style, color, item.label, item.dimension))
        };
        // Sizes of one style and color share a detail row, unless the size is on it already.
        let shared = before.iter().find(|other| {
            row(&other.sku).is_some_and(|theirs| Some(theirs) == row(&line.sku))
                && other.unit_price == line.unit_price
                && !before
                    .iter()
                    .any(|o| o.line_seq == other.line_seq && o.size_bucket == bucket)
        });
        let next = before.iter().map(|other| other.line_seq).max().unwrap_or(0) + 1;
        let line_seq = shared.map_or(next, |other| other.line_seq);
        let reject_code = verdict.as_ref().err().copied();
        let places = verdict.unwrap_or_default();
        self.book(now, &places, RecordType::Op, line.qty, number);
        self.note_oversold(order, line, uncovered);
        Line {
            external_line_id: line.external_line_id.clone(),
            line_seq,
            size_bucket: bucket,
            sku: line.sku.clone(),
            unit_price: line.unit_price,
            ordered: line.qty,
            open: if reject_code.is_none() { line.qty } else { 0 },
            picked: 0,
            shipped: 0,
            cancelled: 0,
            reject_code,
            places,
        }
    }

    /// Where a line's units come from: for each of its parts the first lot of the warehouse that
    /// covers it with first-quality units.
    fn places_for(&self, item: &Item, warehouse: &str, qty: i64) -> Option<Vec<(StockKey, i64)>> {
        let parts = item.parts().into_iter();
        let place = |(sku, each): (&str, i64)| {
            let mut lots = self.stock.lots(sku, warehouse);
            let covers = lots.find(|(key, figures)| {
                self.sells(key) && figures.promisable() >= qty.saturating_mul(each)
            });
            Some((covers?.0.clone(), each))
        };
        parts.map(place).collect()
    }
}
