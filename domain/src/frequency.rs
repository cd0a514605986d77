//! How often a marketplace lets each call be made, and whether one more may go now.

use std::collections::BTreeMap;
use std::time::Duration;

/// At most so many uses within a window that slides with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Uses.
    pub uses: u32,
    /// Length of the window.
    pub within: Duration,
}

const fn at_most(uses: u32, within_s: u64) -> Limit {
    Limit {
        uses,
        within: Duration::from_secs(within_s),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Mirakl's published maximum of an operation; nothing for those made at each event, and for those
/// of which nothing is published. The pages of one pull are one use.
///
/// Source: the page of each operation of Mirakl's seller API, "maximum call frequency".
pub fn published(call: &str) -> &'static [Limit] {
    match call {
        "OR31" => const { &[at_most(5, 1)] },
        "OR14" => const { &[at_most(1, 2)] },
        "OF53" | "TL04" => const { &[at_most(1, 10)] },
        "STO02" => const { &[at_most(1, 15)] },
        "TL02" => const { &[at_most(20, MINUTE), at_most(60, HOUR)] },
        "OR04" | "OR11" | "OR32" | "STO01" | "STO03" | "OF01" | "OF02" | "OF03" | "OF04"
        | "OF24" | "OF51" | "OF52" | "PRI01" | "PRI02" | "PRI03" | "PR03" | "PR04" | "P42"
        | "P51" => const { &[at_most(1, MINUTE)] },
        "OR07" => const { &[at_most(60, HOUR)] },
        "RT11" | "ST12" | "PL11" | "OR13" => const { &[at_most(1, 5 * MINUTE)] },
        "P41" => const { &[at_most(1, 15 * MINUTE)] },
        "SH42" | "SH52" | "H11" | "PM11" | "VL11" => const { &[at_most(1, HOUR)] },
        "SH11" | "SH12" | "SH21" | "SH31" | "PC01" | "OR75" | "OF61" | "TL03" | "IV01"
        | "SBC11" | "A01" | "A02" | "A21" | "AF01" | "CH11" | "CUR01" | "DO01" | "L01" => {
            const { &[at_most(1, DAY)] }
        }
        _ => &[],
    }
}

/// How often one shop may make each call: what is published, unless its configuration says another
/// interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frequencies {
    /// Interval of a call by its code, where the configuration names one.
    pub every: BTreeMap<String, Duration>,
    /// For a simulator on this machine: the shop's poll interval. Pulls are then as frequent as the
    /// poll, and numbers are written back, and stock sent, as often.
    pub simulated: Option<Duration>,
}

impl Frequencies {
    /// What holds for a call.
    pub fn of(&self, call: &str) -> Vec<Limit> {
        if let Some(&within) = self.every.get(call) {
            return vec![Limit { uses: 1, within }];
        }
        match (self.simulated, call) {
            (Some(_), "OR11" | "OR13" | "OR14" | "OR15" | "RT11") => vec![],
            (Some(poll), "OR04" | "STO01" | "STO02" | "STO03" | "OF52" | "OF53") => vec![Limit {
                uses: 1,
                within: poll.min(shortest_interval(call)),
            }],
            _ => published(call).to_vec(),
        }
    }
}

/// Shortest interval at which a call may be made again and again; nothing for one without a limit.
pub fn shortest_interval(call: &str) -> Duration {
    let interval = |limit: &Limit| limit.within / limit.uses;
    published(call)
        .iter()
        .map(interval)
        .max()
        .unwrap_or_default()
}

/// How far the clocks of two workers may be apart.
const SKEW_MS: i64 = 5_000;

/// Notes one more use now, or says when it may be made. Moments are milliseconds.
///
/// `uses` are those so far in any order; the ones that no window reaches any more are dropped.
///
/// # Errors
/// The earliest moment at which every window has room.
pub fn take(limits: &[Limit], uses: &mut Vec<i64>, now: i64) -> Result<(), i64> {
    let longest = limits.iter().map(length_ms).max().unwrap_or(0);
    // One that lies ahead was taken under a clock that was wrong.
    uses.retain(|at| at.saturating_add(longest) > now && *at <= now.saturating_add(SKEW_MS));
    uses.sort_unstable();
    let free_at = |limit: &Limit| {
        let allowed = usize::try_from(limit.uses).unwrap_or(usize::MAX);
        // Full while the one that is `allowed` back is still within the window.
        let nth_last = uses.len().checked_sub(allowed).and_then(|n| uses.get(n));
        nth_last.map_or(i64::MIN, |at| at.saturating_add(length_ms(limit)))
    };
    match limits.iter().map(free_at).max() {
        Some(free_at) if free_at > now => Err(free_at),
        _ => {
            uses.push(now);
            Ok(())
        }
    }
}

/// When a use counts as made while it has no answer: so long ago that it counts for a minute more at
/// most. A list that is read once a day must not be missing for a day because its reader was killed.
pub fn until_answered(limits: &[Limit], at: i64) -> i64 {
    let longest = limits.iter().map(length_ms).max().unwrap_or(0);
    at.saturating_sub(longest - longest.min(60_000))
}

fn length_ms(limit: &Limit) -> i64 {
    i64::try_from(limit.within.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_maxima_are_kept_in_one_table() {
        for (call, limits) in [
            ("OR11", vec![at_most(1, 60)]),
            ("OR04", vec![at_most(1, 60)]),
            ("OR31", vec![at_most(5, 1)]),
            ("TL02", vec![at_most(20, 60), at_most(60, 3600)]),
            ("STO01", vec![at_most(1, 60)]),
            ("STO02", vec![at_most(1, 15)]),
            ("RT11", vec![at_most(1, 300)]),
            ("ST12", vec![at_most(1, 300)]),
            ("SH21", vec![at_most(1, 86_400)]),
            ("OF52", vec![at_most(1, 60)]),
            ("OR21", vec![]),
            ("OR24", vec![]),
            ("OR28", vec![]),
            ("ST01", vec![]),
            ("V01", vec![]),
            ("create_sales_order", vec![]),
        ] {
            assert_eq!(published(call), limits, "{call}");
        }
        assert_eq!(shortest_interval("TL02"), Duration::from_secs(60));
        assert_eq!(shortest_interval("OR21"), Duration::ZERO);
    }

    #[test]
    fn a_shop_may_be_allowed_less_and_a_simulator_more() {
        let mut shop = Frequencies::default();
        assert_eq!(shop.of("OR11"), [at_most(1, 60)]);
        shop.every.insert("OR11".into(), Duration::from_secs(900));
        assert_eq!(shop.of("OR11"), [at_most(1, 900)]);
        let simulated = Frequencies {
            simulated: Some(Duration::from_secs(2)),
            ..Frequencies::default()
        };
        assert_eq!(simulated.of("OR11"), []);
        assert_eq!(simulated.of("OR13"), []);
        assert_eq!(simulated.of("RT11"), []);
        assert_eq!(simulated.of("OR04"), [at_most(1, 2)]);
        assert_eq!(simulated.of("SH21"), [at_most(1, 86_400)]);
    }

    #[test]
    fn a_call_that_is_too_early_is_told_when() {
        let limits = published("TL02");
        let mut uses = vec![];
        for n in 0..20 {
            assert_eq!(take(limits, &mut uses, n), Ok(()));
        }
        assert_eq!(take(limits, &mut uses, 30), Err(60_000));
        assert_eq!(uses.len(), 20, "a refused call is no use");
        assert_eq!(take(limits, &mut uses, 60_000), Ok(()));
    }

    #[test]
    fn a_daily_list_that_brought_no_answer_may_be_asked_for_after_a_minute() {
        let limits = published("SH21");
        let mut uses = vec![];
        uses.push(until_answered(limits, 5_000));
        assert_eq!(take(limits, &mut uses, 6_000), Err(65_000));
        assert_eq!(take(limits, &mut uses, 65_000), Ok(()));
        assert_eq!(until_answered(published("OR11"), 65_000), 65_000);
        assert_eq!(until_answered(published("RT11"), 500_000), 260_000);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_is_allowed(steps in prop::collection::vec(0_i64..9_000, 1..200)) {
            let limits = published("TL02");
            let (mut uses, mut made, mut now) = (vec![], vec![], 0);
            for step in steps {
                now += step;
                match take(limits, &mut uses, now) {
                    Ok(()) => made.push(now),
                    Err(free_at) => prop_assert!(free_at > now),
                }
            }
            for limit in limits {
                for from in &made {
                    let until = from + length_ms(limit);
                    let held = made.iter().filter(|at| (*from..until).contains(at)).count();
                    prop_assert!(held <= limit.uses as usize);
                }
            }
        }
    }
}
