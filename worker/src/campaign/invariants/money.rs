//! Amounts and quantities, in exact decimals; and what is given back.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::Findings;
use crate::campaign::world::{OrderView, World, number, rows, text};

/// One line as both sides must have it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    sku: String,
    quantity: i64,
    goods: Decimal,
    tax: Decimal,
    shipping: Decimal,
    shipping_tax: Decimal,
}

/// Invariant 4: for each order that is accepted and has its sales order.
pub(super) fn lines_are_faithful(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders().filter(|o| !o.row["accepted"].is_null()) {
        for sales_order in order.sales_orders() {
            let (theirs, ours) = (mirakl_lines(&order), erp_lines(&sales_order["input"]));
            let same = theirs == ours && grand(&order) == amount(&sales_order["totals"]["grand"]);
            let evidence = format!(
                "sales order {}: {ours:?} against Mirakl's {theirs:?}",
                text(sales_order, "ord_num")
            );
            found.saw(order.name(), (!same).then_some(evidence));
        }
    }
    found
}

fn mirakl_lines(order: &OrderView<'_>) -> Vec<Line> {
    let line = |line: &Value| Line {
        sku: sku(order, text(line, "offer_sku")),
        quantity: number(line, "quantity"),
        goods: amount(&line["price"]),
        tax: sum(rows(line, "taxes")),
        shipping: amount(&line["shipping_price"]),
        shipping_tax: sum(rows(line, "shipping_taxes")),
    };
    let mut lines: Vec<Line> = rows(order.row, "lines").iter().map(line).collect();
    lines.sort();
    lines
}

fn sku(order: &OrderView<'_>, offer: &str) -> String {
    let mapped = order.world.skus.get(&format!("{}/{offer}", order.shop));
    mapped
        .cloned()
        .unwrap_or_else(|| format!("unmapped {offer}"))
}

fn erp_lines(input: &Value) -> Vec<Line> {
    let line = |line: &Value| {
        let quantity = number(line, "qty");
        let off = sum(rows(line, "discount"));
        Line {
            sku: text(line, "sku").to_owned(),
            quantity,
            goods: amount(&line["unit_price"]) * Decimal::from(quantity) - off,
            tax: sum(rows(line, "tax")),
            shipping: amount(&line["shipping"]["amount"]),
            shipping_tax: sum(rows(&line["shipping"], "tax")),
        }
    };
    let mut lines: Vec<Line> = rows(input, "lines").iter().map(line).collect();
    lines.sort();
    lines
}

/// What the order comes to, taxes on top where prices are without.
fn grand(order: &OrderView<'_>) -> Decimal {
    let on_top = text(order.row, "tax_mode") == "TAX_EXCLUDED";
    let line = |line: &Value| {
        let taxes = sum(rows(line, "taxes")) + sum(rows(line, "shipping_taxes"));
        let taxes = if on_top { taxes } else { Decimal::ZERO };
        amount(&line["total_price"]) + taxes
    };
    rows(order.row, "lines").iter().map(line).sum()
}

fn sum(rows: &[Value]) -> Decimal {
    rows.iter().map(|row| amount(&row["amount"])).sum()
}

/// A decimal from a number or a text; 0 where there is none.
fn amount(value: &Value) -> Decimal {
    match value {
        Value::Null => Decimal::ZERO,
        Value::String(text) => text.parse().unwrap_or(Decimal::MAX),
        other => other.to_string().parse().unwrap_or(Decimal::MAX),
    }
}

/// Invariant 6: what is refunded or cancelled of a line is at most what was paid for it, and an order
/// is cancelled once.
pub(super) fn nothing_is_given_back_twice(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        let cancels = order.effects("cancels").count();
        let mut back = BTreeMap::<&str, Decimal>::new();
        for refund in order.effects("refunds") {
            *back.entry(text(refund, "order_line_id")).or_default() += amount(&refund["amount"]);
        }
        let paid = |line: &str| {
            let lines = rows(order.row, "lines").iter();
            let mine = lines.filter(|l| text(l, "order_line_id") == line);
            mine.map(|l| amount(&l["total_price"])).sum::<Decimal>()
        };
        let too_much = back.iter().find(|(line, amount)| **amount > paid(line));
        let evidence = match too_much {
            Some((line, amount)) => Some(format!("{amount} given back for line {line}")),
            None => (cancels > 1).then(|| format!("cancelled {cancels} times")),
        };
        found.saw(order.name(), evidence);
    }
    found
}

/// Invariant 7: a cancellation by us follows BlueCherry's, a refund a credit or a return there.
pub(super) fn nothing_is_given_back_without_cause(world: &World) -> Findings {
    let mut found = Findings::default();
    for order in world.orders() {
        for cancel in order.effects("cancels").filter(|c| text(c, "by") == "api") {
            let at = number(cancel, "real_at_us");
            let cancelled = |s: &Value| s["cancelled_real_at_us"].as_i64().is_some_and(|c| c < at);
            let caused = order.sales_orders().any(cancelled);
            let evidence = "cancelled by us before BlueCherry had cancelled".to_owned();
            found.saw(order.name(), (!caused).then_some(evidence));
        }
        for refund in order.effects("refunds") {
            let line = text(refund, "order_line_id");
            let of_line = |row: &Value| text(row, "external_line_id") == line;
            let credits = rows(&world.erp, "credits").iter();
            let mut causes = credits.chain(rows(&world.erp, "returns"));
            let evidence = format!("line {line} refunded without credit or return");
            found.saw(order.name(), (!causes.any(of_line)).then_some(evidence));
        }
    }
    found
}

/// Invariant 8: each journal balances, and no reference comes twice.
pub(super) fn journals_balance(world: &World) -> Findings {
    let mut found = Findings::default();
    let mut seen = BTreeSet::new();
    for journal in rows(&world.erp, "journals") {
        let name = text(journal, "external_ref");
        let side = |side: &str| -> Decimal {
            let lines = rows(journal, "lines").iter();
            lines.map(|line| amount(&line[side])).sum()
        };
        let (debit, credit) = (side("debit"), side("credit"));
        let twice = !seen.insert(name);
        let evidence = format!("debit {debit}, credit {credit}, twice: {twice}");
        found.saw(name, (debit != credit || twice).then_some(evidence));
    }
    found
}
