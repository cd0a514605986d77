//! What the simulators' ledgers say of each order line, side by side: units, money and causes.
//!
//! Nothing here knows this program's ledger or types: the counts that follow are a second opinion.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::demo::rows::{is_shipped, money, rows, text};

/// One order line, as both systems have it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Mirakl's line ID.
    pub(super) id: String,
    /// Units sold.
    pub(super) units: i64,
    /// What the customer paid.
    pub(super) paid: Parts,
    /// The marketplace has nothing more to wait for from the shop.
    pub(super) settled: bool,
    /// Units that the marketplace shows as left.
    pub(super) told_shipped: i64,
    /// Units that the marketplace shows as canceled, or excluded from shipment by a refund.
    pub(super) told_off: i64,
    /// The ERP has a sales order for it.
    pub(super) booked: bool,
    /// Units that the ERP shipped.
    pub(super) shipped: i64,
    /// Units that the ERP canceled.
    pub(super) off: i64,
    /// Refunds, the oldest first.
    pub(super) refunds: Vec<Refund>,
    /// Cancelations of a part.
    pub(super) cancelations: Vec<Parts>,
    /// Lines of credit memos about it that a refund may stand on.
    pub(super) credits: Vec<Credit>,
    /// Units that the ERP canceled, each with its moment.
    pub(super) shorts: Vec<Short>,
}

/// Amounts of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parts {
    /// Price.
    pub(super) amount: Decimal,
    /// Shipping.
    pub(super) shipping: Decimal,
    /// Taxes by what they stand on and their code.
    pub(super) taxes: BTreeMap<(&'static str, String), Decimal>,
}

/// A refund on the marketplace.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    /// Made by a call, not in the portal.
    pub(super) by_call: bool,
    /// When, in microseconds.
    pub(super) at_us: i64,
    /// Units that it names.
    pub(super) units: i64,
    /// What went back.
    pub(super) parts: Parts,
}

/// A line of a credit memo.
#[derive(Clone, Debug)]
pub(super) struct Credit {
    /// Goods less the fee.
    pub(super) amount: Decimal,
    /// Shipping.
    pub(super) shipping: Decimal,
    /// When it was posted, in microseconds.
    pub(super) posted_us: i64,
    /// When it was voided.
    pub(super) voided_us: Option<i64>,
}

/// Units that the ERP canceled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    /// Units.
    pub(super) units: i64,
    /// When, in microseconds.
    pub(super) at_us: i64,
}

impl Parts {
    /// Of a row whose price stands under this name.
    fn of(row: &Value, price: &str, shipping: &str) -> Self {
        let mut taxes = BTreeMap::new();
        for (on, name) in [("goods", "taxes"), ("shipping", "shipping_taxes")] {
            for tax in rows(row, name) {
                let key = (on, text(tax, "code").to_owned());
                *taxes.entry(key).or_default() += money(&tax["amount"]);
            }
        }
        Self {
            amount: money(&row[price]),
            shipping: money(&row[shipping]),
            taxes,
        }
    }

    /// Is there more in it than in another, in any part?
    pub(super) fn exceeds(&self, paid: &Self) -> bool {
        let above = |(key, amount): (&(&str, String), &Decimal)| {
            *amount > paid.taxes.get(key).copied().unwrap_or_default()
        };
        self.amount > paid.amount || self.shipping > paid.shipping || self.taxes.iter().any(above)
    }

    /// Both together.
    pub(super) fn add(&mut self, other: &Self) {
        self.amount += other.amount;
        self.shipping += other.shipping;
        for (key, amount) in &other.taxes {
            *self.taxes.entry(key.clone()).or_default() += *amount;
        }
    }
}

/// Every order line of a marketplace, beside what the ERP has of it.
pub(super) fn lines(name: &str, marketplace: &Value, erp: &Value) -> Vec<Line> {
    let of_order = |order| {
        let book = Book::open(name, order, marketplace, erp);
        rows(order, "lines").iter().map(move |row| book.line(row))
    };
    rows(marketplace, "orders")
        .iter()
        .flat_map(of_order)
        .collect()
}

/// The sales orders of one order, by its ID and marketplace.
pub(super) fn sales_orders<'a>(
    name: &str,
    order_id: &str,
    erp: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    rows(erp, "sales_orders").iter().filter(move |row| {
        text(row, "channel_order_id") == order_id && text(row, "channel").eq_ignore_ascii_case(name)
    })
}

/// One order, with what concerns it.
struct Book<'a> {
    order: &'a Value,
    refunds: Vec<&'a Value>,
    sales_orders: Vec<&'a Value>,
    shipments: Vec<&'a Value>,
    credits: Vec<&'a Value>,
}

impl<'a> Book<'a> {
    fn open(name: &str, order: &'a Value, marketplace: &'a Value, erp: &'a Value) -> Self {
        let order_id = text(order, "order_id");
        let sales_orders: Vec<&Value> = sales_orders(name, order_id, erp).collect();
        let is_mine = |row: &&Value| {
            let number = text(row, "ord_num");
            sales_orders.iter().any(|so| text(so, "ord_num") == number)
        };
        let refunds = rows(marketplace, "refunds").iter();
        Self {
            order,
            refunds: refunds
                .filter(|row| text(row, "order_id") == order_id)
                .collect(),
            shipments: rows(erp, "shipments").iter().filter(is_mine).collect(),
            credits: causes(order, rows(erp, "credit_memos").iter().filter(is_mine)),
            sales_orders,
        }
    }

    fn line(&self, row: &Value) -> Line {
        let id = text(row, "order_line_id");
        let state = text(self.order, "state");
        let is_mine = |part: &&Value| text(part, "order_line_id") == id;
        let told = rows(self.order, "shipments").iter();
        let told = told.filter(|shipment| shipment["is_shipped"] == true);
        let told_shipped = told
            .flat_map(|shipment| rows(shipment, "lines"))
            .filter(is_mine)
            .map(|part| units(part, "quantity"))
            .sum();
        let excluded = rows(row, "refunds").iter();
        let excluded = excluded.filter(|refund| refund["excluded_from_shipment"] == true);
        let canceled = rows(row, "cancelations").iter();
        let told_off = match text(row, "state") {
            "CANCELED" | "REFUSED" => units(row, "quantity"),
            _ => canceled
                .chain(excluded)
                .map(|part| units(part, "quantity"))
                .sum(),
        };
        let erp_lines = || {
            let lines = self.sales_orders.iter().flat_map(|so| rows(so, "lines"));
            lines.filter(|line| text(line, "external_line_id") == id)
        };
        let refunds = self.refunds.iter().copied().filter(is_mine);
        Line {
            id: id.to_owned(),
            units: units(row, "quantity"),
            paid: Parts::of(row, "price", "shipping_price"),
            settled: is_shipped(state) || matches!(state, "CANCELED" | "REFUSED"),
            told_shipped,
            told_off,
            booked: !self.sales_orders.is_empty(),
            shipped: erp_lines().map(|line| units(line, "qty_shipped")).sum(),
            off: erp_lines().map(|line| units(line, "qty_cancelled")).sum(),
            refunds: refunds
                .map(|refund| Refund {
                    by_call: text(refund, "by") == "api",
                    at_us: units(refund, "real_at_us"),
                    units: units(refund, "quantity"),
                    parts: Parts::of(refund, "amount", "shipping_amount"),
                })
                .collect(),
            cancelations: rows(row, "cancelations")
                .iter()
                .map(|part| Parts::of(part, "amount", "shipping_amount"))
                .collect(),
            credits: self.credits_of(id),
            shorts: self.shorts_of(id),
        }
    }

    fn credits_of(&self, id: &str) -> Vec<Credit> {
        let lines = self.credits.iter().flat_map(|memo| {
            let lines = rows(memo, "lines").iter();
            lines.map(move |line| (*memo, line))
        });
        let lines = lines.filter(|(_, line)| text(line, "external_line_id") == id);
        let credit = |(memo, line): (&Value, &Value)| {
            let fee = &line["restocking_fee"];
            let fee = if fee.is_null() {
                Decimal::ZERO
            } else {
                money(fee)
            };
            Some(Credit {
                amount: money(&line["goods"]) - fee,
                shipping: money(&line["shipping"]),
                posted_us: moment(memo, "posted_at")?,
                voided_us: moment(memo, "voided_at"),
            })
        };
        lines.filter_map(credit).collect()
    }

    /// Units that a cancellation took off, or the last shipment left out.
    fn shorts_of(&self, id: &str) -> Vec<Short> {
        let mut shorts = Vec::new();
        for so in &self.sales_orders {
            let mut lines = rows(so, "lines").iter();
            let Some(line) = lines.find(|line| text(line, "external_line_id") == id) else {
                continue;
            };
            for cancellation in rows(so, "cancellations") {
                let taken = rows(&cancellation["answer"], "cancelled").iter();
                let taken = taken.filter(|row| {
                    row["line_seq"] == line["line_seq"] && row["size_bucket"] == line["size_bucket"]
                });
                shorts.push(Short {
                    units: taken.map(|row| units(row, "qty")).sum(),
                    at_us: units(cancellation, "real_at_us"),
                });
            }
        }
        let last = self.shipments.iter().filter(|one| one["final"] == true);
        for shipment in last.filter(|one| one["voided"] != true) {
            let missing = rows(shipment, "short_lines").iter();
            let missing = missing.filter(|row| text(row, "external_line_id") == id);
            shorts.push(Short {
                units: missing.map(|row| units(row, "qty")).sum(),
                at_us: units(shipment, "real_at_us"),
            });
        }
        shorts.retain(|short| short.units > 0);
        shorts
    }
}

/// The memos that a refund may stand on: posted, in the order's currency, and not the same as one
/// before that still stands.
fn causes<'a>(order: &Value, memos: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
    let mut causes: Vec<&Value> = Vec::new();
    for memo in memos.filter(|memo| memo["currency"] == order["currency"]) {
        let stands = |one: &&&Value| one["voided_at"].is_null();
        let is_twin = causes
            .iter()
            .filter(stands)
            .any(|one| content(one) == content(memo));
        if !memo["posted_at"].is_null() && !is_twin {
            causes.push(memo);
        }
    }
    causes
}

/// Lines and amounts of a memo, whatever its number.
fn content(memo: &Value) -> Vec<String> {
    let line = |line: &Value| {
        let names = [
            "external_line_id",
            "qty",
            "goods",
            "shipping",
            "tax",
            "restocking_fee",
        ];
        names.map(|name| line[name].to_string()).join(" ")
    };
    let mut lines: Vec<String> = rows(memo, "lines").iter().map(line).collect();
    lines.sort();
    lines
}

fn units(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_default()
}

/// A moment in microseconds. The clocks of these simulators are the machine's.
fn moment(row: &Value, name: &str) -> Option<i64> {
    let at: jiff::Timestamp = row[name].as_str()?.parse().ok()?;
    Some(at.as_microsecond())
}
