//! What it came to. Units and money are from the simulators' own ledgers; only the exceptions are ours.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger::Exception;
use serde::Serialize;
use serde_json::Value;
use simulators::scenario::{GALERIA, NORDWIND};

use super::books;
use super::case::{Case, Seen};
use super::count::{self, Faults};
use super::lives::{Life, PARKED};
use crate::demo::Args;
use crate::demo::ink::{bold, fault_count, mark};
use crate::demo::progress::Figure;
use crate::demo::rows::{is_shipped, rows, text};
use crate::demo::world::World;

/// What the demo came to.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ReturnsReport {
    /// Seed.
    pub(super) seed: u64,
    /// Orders sold.
    pub(super) orders: u64,
    /// Orders that left.
    pub(super) shipped: u64,
    /// Parcels that the marketplaces were told of.
    pub(super) parcels: u64,
    /// Refunds by this program.
    pub(super) refunds: u64,
    /// Refunds that somebody made in a marketplace's portal.
    pub(super) refunds_by_hand: u64,
    /// Refunds that the operator has not confirmed.
    pub(super) refunds_unconfirmed: u64,
    /// Credit memos in BlueCherry, wrong ones and drafts among them.
    pub(super) credit_memos: u64,
    /// Cancelations of a part of an order.
    pub(super) cancelations: u64,
    /// Returns on the marketplaces.
    pub(super) returns: u64,
    /// Of these, returns that are over.
    pub(super) returns_over: u64,
    /// Credits that wait for a person instead of becoming a refund.
    pub(super) parked: u64,
    /// Bad credits that were planted.
    pub(super) parked_expected: u64,
    /// Open exceptions by kind.
    pub(super) open_by_kind: BTreeMap<String, u64>,
    /// Planted ones by kind.
    pub(super) expected_by_kind: BTreeMap<String, u64>,
    /// Answers that were lost after the write.
    pub(super) answers_lost: u64,
    /// Answers that were to be lost.
    pub(super) answers_lost_expected: u64,
    /// What must not be.
    #[serde(flatten)]
    pub(super) faults: Faults,
    /// Order lines with such a fault.
    pub(super) lines_with_faults: Vec<String>,
    /// Orders that have not come to their planned end.
    pub(super) stuck: u64,
    /// The same by order, with what is missing.
    pub(super) not_at_their_end: Vec<String>,
    /// Orders by what became of them.
    pub(super) lives: Vec<LifeCount>,
    /// How long it took.
    pub(super) seconds: f64,
}

/// Orders with one life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LifeCount {
    /// The life.
    life: Life,
    /// Orders.
    orders: u64,
    /// Of these, orders that came to their planned end.
    at_their_end: u64,
}

/// What the view shows.
pub(super) const FIGURES: [Figure<ReturnsReport>; 6] = [
    ("sold", |r| r.orders),
    ("shipped", |r| r.shipped),
    ("refunds", |r| r.refunds),
    ("returns over", |r| r.returns_over),
    ("parked", |r| r.parked),
    ("at their end", |r| r.orders.saturating_sub(r.stuck)),
];

impl ReturnsReport {
    /// Has every order come to its planned end, and every bad credit, and nothing else, to a person?
    pub(super) fn is_settled(&self) -> bool {
        self.stuck == 0 && self.open_by_kind == self.expected_by_kind
    }

    /// Settled, no money or unit is where it should not be, and every answer that was to be lost was.
    pub(super) fn is_as_planned(&self) -> bool {
        let all_lost = self.answers_lost == self.answers_lost_expected;
        self.is_settled() && all_lost && self.faults == Faults::default()
    }

    pub(super) fn print(&self) {
        eprintln!("\n{}", bold("What happened after the sale"));
        for LifeCount {
            life,
            orders,
            at_their_end,
        } in &self.lives
        {
            let all = if orders == at_their_end { " " } else { "!" };
            eprintln!(
                "  {} {:<24} {at_their_end:>3} of {orders:>3} as planned",
                mark(all),
                word(*life)
            );
        }
        let heading = "What became of units and money (from the simulators' own ledgers)";
        eprintln!("\n{}", bold(heading));
        eprintln!(
            "  orders {} · shipped {} in {} parcels · canceled in part {} · returns {}, over {}",
            self.orders,
            self.shipped,
            self.parcels,
            self.cancelations,
            self.returns,
            self.returns_over
        );
        eprintln!(
            "  credit memos {} · refunds {} · refunds by hand {} · not confirmed {}",
            self.credit_memos, self.refunds, self.refunds_by_hand, self.refunds_unconfirmed
        );
        eprintln!(
            "  answers lost after the write {} (planted: {}) · parked for a person {} (planted: {})",
            self.answers_lost, self.answers_lost_expected, self.parked, self.parked_expected
        );
        for (kind, count) in &self.open_by_kind {
            let planted = self.expected_by_kind.get(kind).copied().unwrap_or_default();
            eprintln!("    {count} × {kind} (planted: {planted})");
        }
        let Faults {
            refunded_twice,
            refunded_without_cause,
            over_refunded,
            shipped_quantity_mismatch,
        } = self.faults;
        for (what, count) in [
            ("refunded twice for one cause", refunded_twice),
            ("refunded without a cause", refunded_without_cause),
            ("lines refunded above what was paid", over_refunded),
            (
                "lines with other units on either side",
                shipped_quantity_mismatch,
            ),
            ("orders stuck", self.stuck),
        ] {
            eprintln!("  {what:<40} {:>4}", fault_count(count));
        }
        for line in &self.lines_with_faults {
            eprintln!("    {} line {line} is not as it should be", mark("!"));
        }
        for order in &self.not_at_their_end {
            eprintln!("    {} {order}", mark("!"));
        }
        eprintln!("  {:.1} s", self.seconds);
    }
}

/// The three ledgers at one moment.
pub(super) struct Ledgers {
    nordwind: Value,
    galeria: Value,
    pub(super) erp: Value,
}

impl Ledgers {
    pub(super) fn of(world: &World) -> Self {
        // The marketplaces first: what they were told of is then in the ERP's books.
        Self {
            nordwind: world.nordwind.ledger(),
            galeria: world.galeria.ledger(),
            erp: world.erp.ledger(),
        }
    }

    pub(super) fn marketplace(&self, name: &str) -> &Value {
        if name == GALERIA {
            &self.galeria
        } else {
            &self.nordwind
        }
    }

    pub(super) fn seen(&self, case: &Case) -> Option<Seen<'_>> {
        Seen::of(case, self.marketplace(case.marketplace), &self.erp)
    }
}

/// Looks at the world.
pub(super) fn look(
    args: &Args,
    world: &World,
    ledgers: &Ledgers,
    cases: &[Case],
    open: &[Exception],
    elapsed: Duration,
) -> ReturnsReport {
    let mut report = ReturnsReport {
        seed: args.seed,
        credit_memos: count(rows(&ledgers.erp, "credit_memos").len()),
        seconds: elapsed.as_secs_f64(),
        ..ReturnsReport::default()
    };
    let faults = [
        world.nordwind.faults(),
        world.galeria.faults(),
        &world.erp.faults(),
    ];
    for rule in faults.iter().flat_map(|faults| faults.list()) {
        report.answers_lost_expected += 1;
        report.answers_lost += u64::from(rule.struck > 0);
    }
    let mut lines = Vec::new();
    for name in [NORDWIND, GALERIA] {
        let ledger = ledgers.marketplace(name);
        report.marketplace(ledger);
        lines.extend(books::lines(name, ledger, &ledgers.erp));
    }
    (report.faults, report.lines_with_faults) = count::faults(&lines);
    for exception in open {
        let kind = exception.kind.as_str();
        *report.open_by_kind.entry(kind.to_owned()).or_default() += 1;
        report.parked += u64::from(PARKED.contains(&kind));
    }
    for case in cases {
        if let Some(kind) = case.life.expect().exception {
            *report.expected_by_kind.entry(kind.to_owned()).or_default() += 1;
            report.parked_expected += u64::from(PARKED.contains(&kind));
        }
        let seen = ledgers.seen(case);
        let missing = case.missing(seen.as_ref(), open);
        report.count_life(case.life, missing.is_none());
        if let Some(missing) = missing {
            let Case {
                marketplace,
                id,
                life,
                ..
            } = case;
            report.stuck += 1;
            let told = format!("{marketplace}/{id} ({}): {missing}", word(*life));
            report.not_at_their_end.push(told);
        }
    }
    report
}

impl ReturnsReport {
    fn count_life(&mut self, life: Life, has_ended: bool) {
        let ended = u64::from(has_ended);
        match self.lives.iter_mut().find(|count| count.life == life) {
            Some(count) => {
                count.orders += 1;
                count.at_their_end += ended;
            }
            None => self.lives.push(LifeCount {
                life,
                orders: 1,
                at_their_end: ended,
            }),
        }
    }

    fn marketplace(&mut self, ledger: &Value) {
        for order in rows(ledger, "orders") {
            self.orders += 1;
            self.shipped += u64::from(is_shipped(text(order, "state")));
            let left = rows(order, "shipments").iter();
            self.parcels += count(left.filter(|one| one["is_shipped"] == true).count());
            for line in rows(order, "lines") {
                let waiting = rows(line, "refunds")
                    .iter()
                    .filter(|one| one["paid"].is_null());
                self.refunds_unconfirmed += count(waiting.count());
            }
        }
        let by = |call: bool| {
            let refunds = rows(ledger, "refunds").iter();
            count(
                refunds
                    .filter(|row| (text(row, "by") == "api") == call)
                    .count(),
            )
        };
        self.refunds += by(true);
        self.refunds_by_hand += by(false);
        self.cancelations += count(rows(ledger, "cancelations").len());
        self.returns += count(rows(ledger, "returns").len());
        let over = rows(ledger, "returns").iter().filter(|row| {
            matches!(
                text(row, "state"),
                "CLOSED" | "REFUSED" | "CANCELED" | "NO_RECEPTION"
            )
        });
        self.returns_over += count(over.count());
    }
}

/// A life as the report names it.
fn word(life: Life) -> String {
    let word = serde_json::to_value(life).unwrap_or_default();
    word.as_str().unwrap_or_default().replace('_', " ")
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}
