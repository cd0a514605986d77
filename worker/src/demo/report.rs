//! The counts, read from the simulators' own ledgers; only the exceptions are ours.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::exception::Kind;
use ledger::Exception;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use simulators::scenario::{GALERIA, NORDWIND, PlannedOrder};

use super::ink::{bold, fault_count, mark};
use super::rows::{is_shipped, money, rows, text};
use super::world::World;

/// What the demo came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Orders the marketplaces sold.
    pub seen: u64,
    /// Sales orders ever created in BlueCherry.
    pub sales_orders: u64,
    /// Orders accepted on Mirakl, by us or elsewhere.
    pub accepted: u64,
    /// Orders refused on Mirakl.
    pub refused: u64,
    /// Orders shipped on Mirakl.
    pub shipped: u64,
    /// Orders cancelled on Mirakl.
    pub cancelled: u64,
    /// Exceptions open now.
    pub exceptions_open: u64,
    /// Lasting problems that were planted.
    pub exceptions_expected: u64,
    /// Open exceptions by kind.
    pub open_by_kind: BTreeMap<String, u64>,
    /// Planted problems by kind.
    pub expected_by_kind: BTreeMap<String, u64>,
    /// Orders that are neither called off, nor in BlueCherry, nor anybody's exception.
    pub lost: u64,
    /// Sales orders beyond the first for one order.
    pub duplicate_sales_orders: u64,
    /// Orders accepted by a call while BlueCherry had no sales order for them.
    pub accepted_before_sales_order: u64,
    /// Shipped orders whose carrier on Mirakl is not the one mapped to BlueCherry's.
    pub wrong_carrier: u64,
    /// Sales orders whose total is not Mirakl's, to the cent.
    pub wrong_total: u64,
    /// Orders that came to their planned end.
    pub ended: u64,
    /// Orders that did not.
    pub not_at_their_end: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// Has every order come to its planned end, and every planted problem to a person?
    pub fn is_settled(&self) -> bool {
        self.not_at_their_end.is_empty() && self.open_by_kind == self.expected_by_kind
    }

    /// Settled, and nothing lost, doubled, early or wrong.
    pub fn is_as_planned(&self) -> bool {
        let faults = self.lost
            + self.duplicate_sales_orders
            + self.accepted_before_sales_order
            + self.wrong_carrier
            + self.wrong_total;
        self.is_settled() && faults == 0
    }

    pub(super) fn print(&self) {
        eprintln!(
            "\n{}",
            bold("What became of the orders (from the simulators' own ledgers)")
        );
        eprintln!(
            "  sold {} · sales orders {} · accepted {} · shipped {} · refused {} · cancelled {}",
            self.seen, self.sales_orders, self.accepted, self.shipped, self.refused, self.cancelled
        );
        eprintln!(
            "  lost {} · duplicate sales orders {} · accepted before the sales order {} · wrong carrier {} · wrong total {}",
            fault_count(self.lost),
            fault_count(self.duplicate_sales_orders),
            fault_count(self.accepted_before_sales_order),
            fault_count(self.wrong_carrier),
            fault_count(self.wrong_total)
        );
        eprintln!(
            "  waiting for a person {} (planted: {})",
            self.exceptions_open, self.exceptions_expected
        );
        for (kind, count) in &self.open_by_kind {
            let owner = Kind::ALL
                .iter()
                .find(|k| k.as_str() == kind)
                .map(|k| k.owner());
            let owner = owner.map(|o| o.as_str()).unwrap_or_default();
            eprintln!("    {count} × {kind} → {owner}");
        }
        for order in &self.not_at_their_end {
            eprintln!("    {} {order} has not come to its planned end", mark("!"));
        }
        eprintln!("  {:.1} s", self.seconds);
    }
}

/// Looks at the world.
pub(super) fn look(
    world: &World,
    plan: &[PlannedOrder],
    exceptions: &[Exception],
    elapsed: Duration,
) -> Report {
    let ledgers: BTreeMap<&str, Value> = [NORDWIND, GALERIA]
        .into_iter()
        .map(|name| (name, world.marketplace(name).ledger()))
        .collect();
    let erp = world.erp.ledger();
    let mut report = Report {
        seconds: elapsed.as_secs_f64(),
        ..Report::default()
    };
    for exception in exceptions {
        report.exceptions_open += 1;
        *report
            .open_by_kind
            .entry(exception.kind.as_str().to_owned())
            .or_default() += 1;
    }
    for kind in plan.iter().filter_map(|p| p.expect.exception) {
        report.exceptions_expected += 1;
        *report.expected_by_kind.entry(kind.to_owned()).or_default() += 1;
    }
    let sales_orders = rows(&erp, "sales_orders");
    report.sales_orders = sales_orders.len() as u64;
    for (name, ledger) in &ledgers {
        for order in rows(ledger, "orders") {
            let one = One {
                name,
                order,
                ledger,
                sales_orders,
                exceptions,
            };
            one.add(&mut report);
        }
    }
    for planned in plan {
        let id = planned.spec["order_id"].as_str().unwrap_or_default();
        let order = rows(&ledgers[planned.marketplace], "orders")
            .iter()
            .find(|o| o["order_id"] == planned.spec["order_id"]);
        let ended = order.is_some_and(|order| {
            let ledger = &ledgers[planned.marketplace];
            let name = planned.marketplace;
            One {
                name,
                order,
                ledger,
                sales_orders,
                exceptions,
            }
            .is_at(planned)
        });
        if ended {
            report.ended += 1;
        } else {
            report
                .not_at_their_end
                .push(format!("{}/{id} ({:?})", planned.marketplace, planned.kind));
        }
    }
    report
}

/// One order of a marketplace, beside what BlueCherry has of it.
struct One<'a> {
    name: &'a str,
    order: &'a Value,
    ledger: &'a Value,
    sales_orders: &'a [Value],
    exceptions: &'a [Exception],
}

impl<'a> One<'a> {
    fn id(&self) -> &'a str {
        text(self.order, "order_id")
    }

    fn mine(&self) -> impl Iterator<Item = &'a Value> {
        let (id, name) = (self.id(), self.name);
        self.sales_orders.iter().filter(move |s| {
            text(s, "channel_order_id") == id && text(s, "channel").eq_ignore_ascii_case(name)
        })
    }

    fn problem(&self) -> Option<Kind> {
        let mine = |e: &&Exception| {
            e.order_id.as_deref() == Some(self.id())
                && e.marketplace
                    .as_ref()
                    .is_some_and(|m| m.as_str() == self.name)
        };
        self.exceptions.iter().find(mine).map(|e| e.kind)
    }

    fn is_at(&self, planned: &PlannedOrder) -> bool {
        let state = text(self.order, "state");
        let open = self.mine().any(|s| text(s, "status") != "cancelled");
        let expect = &planned.expect;
        match expect.exception {
            Some(kind) => self.problem().is_some_and(|k| k.as_str() == kind),
            None if expect.shipped => is_shipped(state),
            None if expect.refused => state == "REFUSED" && !open,
            None if expect.cancelled => state == "CANCELED" && !open,
            None => true,
        }
    }

    fn add(&self, report: &mut Report) {
        let state = text(self.order, "state");
        report.seen += 1;
        report.refused += u64::from(state == "REFUSED");
        report.cancelled += u64::from(state == "CANCELED");
        report.shipped += u64::from(is_shipped(state));
        report.accepted += u64::from(!self.order["accepted"].is_null());
        let made = self.mine().count() as u64;
        report.duplicate_sales_orders += made.saturating_sub(1);
        let called_off = matches!(state, "REFUSED" | "CANCELED");
        report.lost += u64::from(!called_off && made == 0 && self.problem().is_none());
        report.accepted_before_sales_order += u64::from(self.was_early());
        report.wrong_total += self.mine().filter(|s| !self.totals_meet(s)).count() as u64;
        report.wrong_carrier += u64::from(is_shipped(state) && !self.carrier_is_right());
    }

    /// Accepted by a call before the sales order was there?
    fn was_early(&self) -> bool {
        rows(self.ledger, "accepts")
            .iter()
            .filter(|a| text(a, "order_id") == self.id() && text(a, "by") == "api")
            .filter(|a| {
                a["accepted"]
                    .as_array()
                    .is_none_or(|lines| !lines.is_empty())
            })
            .any(|a| {
                let at = a["real_at_us"].as_i64().unwrap_or_default();
                !self
                    .mine()
                    .any(|s| s["real_at_us"].as_i64().is_some_and(|made| made < at))
            })
    }

    /// Mirakl's total, taxes on top where the prices are without, against the sales order's.
    fn totals_meet(&self, sales_order: &Value) -> bool {
        let mut theirs = Decimal::ZERO;
        for line in rows(self.order, "lines") {
            theirs += money(&line["total_price"]);
            if text(self.order, "tax_mode") == "TAX_EXCLUDED" {
                let taxes = rows(line, "taxes")
                    .iter()
                    .chain(rows(line, "shipping_taxes"));
                theirs += taxes.map(|t| money(&t["amount"])).sum::<Decimal>();
            }
        }
        money(&sales_order["totals"]["grand"]) == theirs
    }

    /// Is the carrier on Mirakl the one that this world maps BlueCherry's ship-via to?
    fn carrier_is_right(&self) -> bool {
        let via = self
            .mine()
            .map(|s| text(s, "ship_via"))
            .next()
            .unwrap_or_default();
        let tracking = &self.order["tracking"];
        match via {
            "UPSG" | "UPS2" => text(tracking, "carrier_code") == "ups",
            "DHLP" => text(tracking, "carrier_name") == "DHL",
            _ => false,
        }
    }
}
