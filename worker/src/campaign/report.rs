//! What a person reads: a line a seed, a table at the end, and each violation whole.

use std::collections::BTreeMap;

use super::invariants::{ALL, Violation};
use super::seed::Told;

/// Violations of one invariant that are written out for a seed.
const WRITTEN_OUT: usize = 5;

/// One line, as soon as the seed is over.
pub(super) fn line(told: &Told, again: &str) {
    let count = told.checked.violations.len();
    let settled = match told.settled_s {
        Some(seconds) => format!("settled {seconds:>4.1} s after the faults"),
        None => "NOT SETTLED in time".to_owned(),
    };
    println!(
        "seed {:>4} · {:>3} orders · {:>3} calls struck · {} worker starts · {settled} · {:>4.1} s · {}",
        told.seed,
        told.orders,
        told.struck,
        told.worker_starts,
        told.seconds,
        match count {
            0 => "0 violations".to_owned(),
            n => format!("{n} VIOLATIONS"),
        }
    );
    println!("          {}", told.faults.join(", "));
    if !told.unknown_faults.is_empty() {
        let unknown = told.unknown_faults.join(", ");
        println!("          not known to these simulators: {unknown}");
    }
    let mut shown = BTreeMap::<u8, usize>::new();
    for violation in &told.checked.violations {
        let shown = shown.entry(violation.invariant).or_default();
        *shown += 1;
        if *shown <= WRITTEN_OUT {
            write_out(told.seed, violation);
        }
    }
    for (number, count) in shown.iter().filter(|(_, count)| **count > WRITTEN_OUT) {
        println!("  {number}: {} more", count - WRITTEN_OUT);
    }
    if count > 0 {
        println!("  again: {again}");
    }
}

fn write_out(seed: u64, violation: &Violation) {
    println!(
        "  invariant {}: {}",
        violation.invariant, violation.sentence
    );
    println!(
        "    seed {seed} · {} · {}",
        violation.of, violation.evidence
    );
}

/// The invariants over all seeds: how much each looked at, and how often it did not hold.
pub(super) fn table(all: &[Told]) {
    println!("\n  no. checked  broken  invariant");
    for invariant in &ALL {
        let of = |told: &Told| {
            let looked = told.checked.looked_at.iter();
            looked
                .filter(|(number, _)| *number == invariant.number)
                .map(|(_, count)| count)
                .sum::<usize>()
        };
        let looked: usize = all.iter().map(of).sum();
        let violations = all.iter().flat_map(|told| &told.checked.violations);
        let broken = violations
            .filter(|v| v.invariant == invariant.number)
            .count();
        println!(
            "  {:>3} {looked:>7} {broken:>7}  {}",
            invariant.number, invariant.sentence
        );
    }
    let (orders, struck) = all.iter().fold((0, 0), |(orders, struck), told| {
        (orders + told.orders, struck + told.struck)
    });
    let violations: usize = all.iter().map(|told| told.checked.violations.len()).sum();
    let seconds: f64 = all.iter().map(|told| told.seconds).sum();
    println!(
        "\n{} seeds, {orders} orders, {struck} calls struck, {seconds:.0} s: {violations} violations",
        all.len()
    );
}
