//! What happens in a seed, and when: the seed decides all of it.

use std::collections::BTreeSet;

use serde_json::Value;
use simulators::scenario::{Kind, PlannedOrder};

use super::Plant;
use super::chance::Chance;
use super::faults::{self, System};

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// An order of the plan is sold.
    Sell(usize),
    /// A rule for `/_sim/faults`.
    Fault(System, Value),
    /// The ERP answers 503 to everything, until it is back.
    ErpAway,
    ErpBack,
    /// A feed does not show this row, until it is let go.
    HoldRow(System, String),
    LetRowGo(System, String),
    /// `kill -9` of a worker; it is started again, as a service manager does it.
    Kill(usize),
    /// SIGTERM of a worker; it is started again.
    Terminate(usize),
    Freeze(usize),
    Thaw(usize),
    /// A second worker joins.
    Join,
    /// `kill -9` of Temporal, and its restart on the same file.
    CrashTemporal,
    /// Every worker dies and the ledger is gone; its export stays. An operator has it rebuilt.
    LoseLedger,
    /// The marketplace calls an order off, as a consumer asked.
    ConsumerCancels(usize),
    /// A person's word, through `bcm orders`.
    Tell(&'static str, usize),
}

/// Everything that happens in a seed.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// Milliseconds from the first sale, in their order.
    pub(super) events: Vec<(u64, Event)>,
    /// What was drawn, by the names that `--faults` takes.
    pub(super) drawn: Vec<String>,
    /// Where the first worker dies by itself.
    pub(super) kill_points: Vec<String>,
    /// Orders that somebody calls off or steers.
    pub(super) disturbed: BTreeSet<usize>,
    /// The ERP takes a repeated order as another one.
    pub(super) erp_takes_repeats: bool,
    /// When safety mode ends.
    pub(super) length_ms: u64,
}

/// Faults of our own processes, of the ERP as a whole, and of people.
pub(super) const BESIDE_THE_WIRE: [&str; 10] = [
    "kill",
    "term",
    "freeze",
    "join",
    "temporal",
    "kill-point",
    "erp-away",
    "consumer",
    "people",
    "ledger-lost",
];

/// Calls at which a worker may die by itself.
const KILL_POINTS: [&str; 8] = [
    "before-send:create_sales_order",
    "after-answer:create_sales_order",
    "before-send:OR21",
    "after-answer:OR21",
    "after-answer:set_ship_to",
    "after-answer:release_sales_order",
    "after-answer:OR24",
    "after-answer:OR11",
];

/// Milliseconds between two sales at least, and all of them.
const SALE_MS: u64 = 110;
const SALES_MS_MIN: u64 = 6_000;
/// Safety mode goes on so long after the last sale.
const AFTER_SALES_MS: u64 = 4_000;

/// Writes the script of a seed. `only` names what may be drawn; empty for everything.
pub(super) fn script(
    seed: u64,
    plan: &[PlannedOrder],
    only: &[String],
    plant: Option<Plant>,
) -> Script {
    let count = u64::try_from(plan.len()).unwrap_or(u64::MAX);
    let sales_ms = (SALE_MS * count).max(SALES_MS_MIN);
    let mut script = Script {
        length_ms: sales_ms + AFTER_SALES_MS,
        ..Script::default()
    };
    for (at, _) in plan.iter().enumerate() {
        let ms = sales_ms * u64::try_from(at).unwrap_or_default() / count.max(1);
        script.events.push((ms, Event::Sell(at)));
    }
    match plant {
        Some(plant) => script.toward(plant),
        None => script.draw(seed, plan, only, sales_ms),
    }
    script.events.sort_by_key(|(ms, _)| *ms);
    script
}

impl Script {
    fn at(&mut self, ms: u64, event: Event) {
        self.events.push((ms, event));
    }

    /// What brings a planted fault to light.
    fn toward(&mut self, plant: Plant) {
        let rule = |op: &str, nth: u64, times: u64, action: &str| serde_json::json!({ "op": op, "nth": nth, "times": times, "action": action });
        match plant {
            Plant::ReadBackOff => {
                self.erp_takes_repeats = true;
                let lost = rule("create_sales_order", 2, 3, "reset-after-commit");
                self.at(0, Event::Fault(System::BlueCherry, lost));
            }
            Plant::AcceptBeforeOrder => {}
            Plant::CursorPastFailure => {
                let failing = rule("OR11", 3, 4, "status:503");
                self.at(0, Event::Fault(System::Nordwind, failing.clone()));
                self.at(0, Event::Fault(System::Galeria, failing));
                self.length_ms += 8_000;
            }
        }
        self.drawn.push(format!("plant {}", plant.word()));
    }

    fn draw(&mut self, seed: u64, plan: &[PlannedOrder], only: &[String], sales_ms: u64) {
        let may = |name: &str| match only {
            [] => !faults::BY_NAME_ONLY.contains(&name),
            only => only.iter().any(|o| o == name),
        };
        let mut chance = Chance::new(seed, "script");
        self.erp_takes_repeats = chance.percent(50);
        let mut wire: Vec<&str> = faults::ON_THE_WIRE.into_iter().filter(|n| may(n)).collect();
        let most = chance.between(3, 9);
        for _ in 0..most {
            let Some(name) = chance.take(&mut wire) else {
                break;
            };
            self.drawn.push(name.to_owned());
            if name == faults::HOLDS {
                self.hold_rows(&mut chance, plan, sales_ms);
            }
            let from = chance.between(0, sales_ms / 2);
            for (system, rule) in faults::rules(name, &mut chance) {
                self.at(from, Event::Fault(system, rule));
            }
        }
        for name in BESIDE_THE_WIRE.into_iter().filter(|name| may(name)) {
            let odds = match name {
                "kill" => 70,
                "temporal" => 25,
                "consumer" | "people" => 90,
                _ => 40,
            };
            // What is asked for by name happens.
            if chance.percent(odds) || !only.is_empty() {
                self.drawn.push(name.to_owned());
                self.beside(name, &mut chance, plan, sales_ms);
            }
        }
    }

    fn hold_rows(&mut self, chance: &mut Chance, plan: &[PlannedOrder], sales_ms: u64) {
        for _ in 0..3 {
            let Some(order) = chance.pick(plan) else {
                return;
            };
            let id = order_id(order).to_owned();
            let system = match chance.percent(50) {
                true => System::BlueCherry,
                false => System::of_shop(order.marketplace),
            };
            let from = chance.between(0, sales_ms);
            let until = from + chance.between(1_000, 3_000);
            self.at(from, Event::HoldRow(system, id.clone()));
            self.at(until, Event::LetRowGo(system, id));
        }
    }

    fn beside(&mut self, name: &str, chance: &mut Chance, plan: &[PlannedOrder], sales_ms: u64) {
        let at = chance.between(1_000, sales_ms + 2_000);
        match name {
            "kill" => {
                self.at(at, Event::Kill(0));
                let again = chance.between(1_000, sales_ms + 2_000);
                self.at(again, Event::Kill(0));
            }
            "term" => self.at(at, Event::Terminate(0)),
            "freeze" => {
                let long = chance.between(2_000, 5_000);
                self.at(at, Event::Freeze(0));
                self.at(at + long, Event::Thaw(0));
            }
            "join" => {
                self.at(at / 2, Event::Join);
                self.at(at, Event::Kill(1));
            }
            "temporal" => self.at(at, Event::CrashTemporal),
            "ledger-lost" => self.at(at, Event::LoseLedger),
            "kill-point" => {
                let point = chance.pick(&KILL_POINTS).copied().unwrap_or_default();
                let nth = chance.between(1, 6);
                self.kill_points.push(format!("kill:{point}:{nth}"));
            }
            "erp-away" => {
                self.at(at / 2, Event::ErpAway);
                self.at(at / 2 + chance.between(2_000, 6_000), Event::ErpBack);
            }
            _ => self.people(name, chance, plan, sales_ms),
        }
    }

    /// One plain order in ten is called off by its consumer, or steered by a person.
    fn people(&mut self, name: &str, chance: &mut Chance, plan: &[PlannedOrder], sales_ms: u64) {
        let free = |at: &usize| !self.disturbed.contains(at);
        let plain = |at: &usize| plan.get(*at).is_some_and(|o| o.kind == Kind::Plain);
        let mut plain: Vec<usize> = (0..plan.len()).filter(free).filter(plain).collect();
        let count = u64::try_from(plan.len()).unwrap_or(u64::MAX);
        for _ in 0..(count / 10).max(1) {
            let Some(order) = chance.take(&mut plain) else {
                return;
            };
            self.disturbed.insert(order);
            let sold = sales_ms * u64::try_from(order).unwrap_or_default() / count.max(1);
            let at = sold + chance.between(300, 4_000);
            if name == "consumer" {
                self.at(at, Event::ConsumerCancels(order));
                continue;
            }
            match chance.between(0, 3) {
                0 => self.at(at, Event::Tell("cancel", order)),
                1 => self.at(at, Event::Tell("retry", order)),
                _ => {
                    self.at(at, Event::Tell("hold", order));
                    self.at(at + 2_000, Event::Tell("release", order));
                }
            }
        }
    }
}

/// The order's ID on its marketplace.
pub(super) fn order_id(order: &PlannedOrder) -> &str {
    order.spec["order_id"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seed: u64, only: &[&str]) -> Script {
        let plan = simulators::scenario::World::new(seed).orders(40);
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        script(seed, &plan, &only, None)
    }

    #[test]
    fn a_seed_decides_the_whole_script() {
        let told = |seed| format!("{:?}", written(seed, &[]));
        assert_eq!(told(3), told(3));
        assert_ne!(told(3), told(4));
    }

    #[test]
    fn every_order_is_sold_once_and_three_faults_at_least_are_drawn() {
        for seed in 0..40 {
            let script = written(seed, &[]);
            let sold = |e: &&(u64, Event)| matches!(e.1, Event::Sell(_));
            assert_eq!(script.events.iter().filter(sold).count(), 40);
            let on_the_wire = |name: &&String| faults::ON_THE_WIRE.contains(&name.as_str());
            let drawn = script.drawn.iter().filter(on_the_wire).count();
            assert!((3..=8).contains(&drawn), "{drawn}");
            assert!(script.events.is_sorted_by_key(|(ms, _)| *ms));
        }
    }

    #[test]
    fn a_ledger_is_lost_only_where_that_is_asked_for() {
        let lost = |e: &(u64, Event)| matches!(e.1, Event::LoseLedger);
        assert!((0..40).all(|seed| !written(seed, &[]).events.iter().any(lost)));
        assert!(written(5, &["ledger-lost"]).events.iter().any(lost));
    }

    #[test]
    fn what_is_named_is_drawn_and_nothing_else() {
        let script = written(5, &["n1", "temporal"]);
        assert_eq!(script.drawn, ["n1", "temporal"]);
        let crash = |e: &(u64, Event)| matches!(e.1, Event::CrashTemporal);
        assert!(script.events.iter().any(crash));
        assert!(script.disturbed.is_empty());
    }
}
