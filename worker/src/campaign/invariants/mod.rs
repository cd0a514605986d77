//! The invariants: predicates over what both sides say at the end of a seed.
//!
//! Numbers 1–6 and 11–18 are those of the reliability notes; 9 and 10 (stock, catalogue) have nothing
//! to look at before stock and offers are published. Each also tells how much it looked at: one that
//! saw nothing proves nothing.

mod calls;
mod money;
mod runs;
mod sales_orders;
mod shipments;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::world::World;

/// One predicate.
#[derive(Clone, Copy)]
pub struct Invariant {
    /// Its number.
    pub number: u8,
    /// What it says.
    pub sentence: &'static str,
    /// Must it have looked at something? Otherwise the harness is at fault.
    pub must_see: bool,
    check: fn(&World) -> Findings,
}

/// What a predicate found.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    looked_at: usize,
    broken: Vec<(String, String)>,
}

impl Findings {
    /// Looks at one thing more; it is broken when there is evidence.
    fn saw(&mut self, of: impl Into<String>, evidence: Option<String>) {
        self.looked_at += 1;
        if let Some(evidence) = evidence {
            self.broken.push((of.into(), evidence));
        }
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Number of the invariant.
    pub invariant: u8,
    /// What it says.
    pub sentence: &'static str,
    /// Whose it is: `marketplace/ORDER_ID`, a run, a file; `-` for the harness.
    pub of: String,
    /// What was seen.
    pub evidence: String,
}

/// How much each invariant looked at, and what does not hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checked {
    /// Number of the invariant and things looked at.
    pub looked_at: Vec<(u8, usize)>,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

const fn invariant(
    number: u8,
    must_see: bool,
    sentence: &'static str,
    check: fn(&World) -> Findings,
) -> Invariant {
    Invariant {
        number,
        sentence,
        must_see,
        check,
    }
}

/// All of them, by number.
pub const ALL: [Invariant; 16] = [
    invariant(
        1,
        true,
        "no order is lost: refused, cancelled, in BlueCherry once, or an exception",
        sales_orders::none_is_lost,
    ),
    invariant(
        2,
        true,
        "no order has two sales orders, and no consumer two accounts",
        sales_orders::none_is_doubled,
    ),
    invariant(
        3,
        true,
        "nothing is accepted before its sales order stands",
        sales_orders::none_is_accepted_early,
    ),
    invariant(
        4,
        true,
        "the sales order's lines are Mirakl's, to the minor unit",
        money::lines_are_faithful,
    ),
    invariant(
        5,
        true,
        "what is called off is called off on both sides",
        sales_orders::called_off_on_both_sides,
    ),
    invariant(
        6,
        true,
        "no line gives back more than was paid",
        money::nothing_is_given_back_twice,
    ),
    invariant(
        7,
        false,
        "nothing is given back or called off by us without its cause in BlueCherry",
        money::nothing_is_given_back_without_cause,
    ),
    invariant(
        8,
        false,
        "journals balance and tie out (none are posted so far)",
        money::journals_balance,
    ),
    invariant(
        11,
        true,
        "each shipment of BlueCherry stands on Mirakl once, and none without one",
        shipments::stand_once_on_both_sides,
    ),
    invariant(
        12,
        true,
        "call frequencies and Retry-After are kept",
        calls::manners,
    ),
    invariant(
        13,
        true,
        "no personal data and no key leaks into files of Temporal, logs or the ledger",
        runs::nothing_leaks,
    ),
    invariant(
        14,
        true,
        "everything settles, and the exceptions are exactly the planned ones",
        runs::everything_settles,
    ),
    invariant(
        15,
        true,
        "each write has its audit entry, and each entry its write",
        calls::writes_are_accounted_for,
    ),
    invariant(
        16,
        true,
        "runs are healthy: no failed task, none failed, 500 events and 1 MB at most",
        runs::runs_are_healthy,
    ),
    invariant(
        17,
        true,
        "another full look, from empty memory, writes nothing",
        runs::the_second_pass_writes_nothing,
    ),
    invariant(
        18,
        true,
        "orders are accepted with a quarter of the time left",
        sales_orders::accepted_in_time,
    ),
];

/// Is every order where it was planned to be, and no exception open that was not planned?
pub(super) fn is_settled(world: &World) -> bool {
    runs::orders_are_at_their_end(world)
}

/// Checks all of them.
pub fn check(world: &World) -> Checked {
    let mut checked = Checked::default();
    for invariant in &ALL {
        let found = (invariant.check)(world);
        checked.looked_at.push((invariant.number, found.looked_at));
        let mut broken = found.broken;
        if invariant.must_see && found.looked_at == 0 {
            let evidence = "there was nothing to look at: the harness saw nothing".to_owned();
            broken.push(("-".to_owned(), evidence));
        }
        let violation = |(of, evidence)| Violation {
            invariant: invariant.number,
            sentence: invariant.sentence,
            of,
            evidence,
        };
        checked.violations.extend(broken.into_iter().map(violation));
    }
    checked
}
