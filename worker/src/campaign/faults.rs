//! What can go wrong on the wire, by the numbers of the fault matrix.

use serde_json::{Value, json};

use super::chance::Chance;

/// Which simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum System {
    Nordwind,
    Galeria,
    BlueCherry,
}

impl System {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nordwind => simulators::scenario::NORDWIND,
            Self::Galeria => simulators::scenario::GALERIA,
            Self::BlueCherry => "bluecherry",
        }
    }

    pub(super) fn of_shop(name: &str) -> Self {
        if name == simulators::scenario::GALERIA {
            Self::Galeria
        } else {
            Self::Nordwind
        }
    }
}

/// Names of the faults on the wire that `--faults` takes, all but [`BY_NAME_ONLY`] drawn by a seed.
pub(super) const ON_THE_WIRE: [&str; 12] = [
    "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10", "n11", "n12",
];

/// Drawn only where `--faults` names them: a rejected key makes everything wait for a minute, and after
/// a lost ledger the entries of what was done before are gone, so less can be checked.
pub(super) const BY_NAME_ONLY: [&str; 2] = ["n5", "ledger-lost"];

const MIRAKL_WRITES: [&str; 4] = ["OR21", "OR23", "OR24", "OR04"];
const MIRAKL_READS: [&str; 4] = ["OR11", "OR11", "SH21", "SH12"];
const ERP_WRITES: [&str; 5] = [
    "create_sales_order",
    "set_ship_to",
    "release_sales_order",
    "cancel_lines",
    "put_customer",
];
const ERP_READS: [&str; 5] = [
    "find_sales_orders",
    "find_sales_orders",
    "list_fulfilments",
    "find_customer",
    "list_credit_memos",
];

/// Rows that a feed holds back: told apart, since they are released again by key.
pub(super) const HOLDS: &str = "n12";

/// Seconds that a throttled call is told to wait.
pub(super) const TOLD_TO_WAIT_S: u32 = 2;

/// Which operation a fault strikes, when, and how often.
struct Target {
    system: System,
    op: &'static str,
    nth: u64,
    times: u64,
}

impl Target {
    fn rule(&self, action: &str) -> (System, Value) {
        let rule = json!({
            "op": self.op, "nth": self.nth, "times": self.times, "action": action,
        });
        (self.system, rule)
    }
}

fn target(chance: &mut Chance, mirakl: &[&'static str], erp: &[&'static str]) -> Target {
    let erp_is_struck = !erp.is_empty() && (mirakl.is_empty() || chance.percent(50));
    let shop = [System::Nordwind, System::Galeria];
    let (system, ops) = match erp_is_struck {
        true => (System::BlueCherry, erp),
        false => (*chance.pick(&shop).unwrap_or(&System::Nordwind), mirakl),
    };
    Target {
        system,
        op: chance.pick(ops).copied().unwrap_or("*"),
        nth: chance.between(1, 8),
        times: chance.between(1, 4),
    }
}

fn write(chance: &mut Chance) -> Target {
    target(chance, &MIRAKL_WRITES, &ERP_WRITES)
}

fn read(chance: &mut Chance) -> Target {
    target(chance, &MIRAKL_READS, &ERP_READS)
}

fn any(chance: &mut Chance) -> Target {
    if chance.percent(60) {
        write(chance)
    } else {
        read(chance)
    }
}

/// The rules of a fault, as `/_sim/faults` takes them.
pub(super) fn rules(name: &str, chance: &mut Chance) -> Vec<(System, Value)> {
    let one_of = |chance: &mut Chance, words: &[&str]| {
        let word = chance.pick(words).copied();
        word.unwrap_or("reset").to_owned()
    };
    match name {
        "n1" => vec![
            write(chance).rule("reset-after-commit"),
            write(chance).rule("reset-after-commit"),
        ],
        "n2" => {
            let create = target(chance, &[], &["create_sales_order"]);
            let lag = json!({ "op": "find_sales_orders", "times": 0, "action": "stale-reads:1" });
            vec![create.rule("reset-after-commit"), (System::BlueCherry, lag)]
        }
        "n3" => {
            let after = one_of(chance, &["500", "502", "503"]);
            let before = one_of(chance, &["500", "502", "503"]);
            vec![
                write(chance).rule(&format!("status-after-commit:{after}")),
                any(chance).rule(&format!("status:{before}")),
            ]
        }
        "n4" => {
            let throttled = format!("status:429:{TOLD_TO_WAIT_S}");
            let all = [&MIRAKL_WRITES[..3], &["OR11"]].concat();
            vec![
                target(chance, &all, &[]).rule(&throttled),
                target(chance, &all, &[]).rule(&throttled),
            ]
        }
        "n5" => vec![target(chance, &["OR11", "OR21"], &["find_sales_orders"]).rule("status:401")],
        "n6" => vec![any(chance).rule("reset"), any(chance).rule("reset")],
        "n7" => {
            let slow = one_of(chance, &["delay_ms:1200", "drip:20", "never"]);
            let late = one_of(
                chance,
                &["delay-after-commit_ms:2500", "never-after-commit"],
            );
            vec![any(chance).rule(&slow), write(chance).rule(&late)]
        }
        "n8" => {
            let words = ["truncate", "wrong-length", "html", "empty", "null", "gzip"];
            let of_read = one_of(chance, &[&words[..], &["huge:40"]].concat());
            let of_write = format!("{}-after-commit", one_of(chance, &words));
            vec![read(chance).rule(&of_read), write(chance).rule(&of_write)]
        }
        "n9" => vec![target(chance, &["OR04"], &[]).rule("partial")],
        "n10" => {
            let word = one_of(chance, &["new-words", "new-fields", "missing-fields"]);
            vec![target(chance, &["OR11"], &ERP_READS[1..3]).rule(&word)]
        }
        "n11" => {
            let word = one_of(chance, &["shuffle", "repeat"]);
            let mut struck = target(chance, &["OR11"], &["list_fulfilments"]);
            (struck.nth, struck.times) = (1, 0);
            vec![struck.rule(&word)]
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_on_the_wire_has_rules_that_name_operation_and_action() {
        for seed in 0..50 {
            for name in ON_THE_WIRE.iter().filter(|name| **name != HOLDS) {
                let rules = rules(name, &mut Chance::new(seed, name));
                assert!(!rules.is_empty(), "{name}");
                for (_, rule) in rules {
                    assert!(
                        rule["op"].is_string() && rule["action"].is_string(),
                        "{rule}"
                    );
                }
            }
        }
    }
}
