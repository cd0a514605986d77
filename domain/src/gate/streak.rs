//! When missing answers are more than single ones.

use std::time::Duration;

use jiff::Timestamp;

use super::Pace;

/// A call that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// When that was noticed.
    pub at: Timestamp,
    /// Does the call only read?
    pub read: bool,
    /// Whose call it was, where it was an order's.
    pub whose: Option<String>,
}

/// Answers missing in a row from one endpoint, as one worker sees it.
///
/// Reads that work do not excuse writes that fail: writes have a row of their own, which only a
/// write ends. One order alone cannot close a gate by its writes, for the order may be the cause.
#[derive(Clone, Debug, Default)]
pub struct Streak {
    all: Vec<Lost>,
    writes: Vec<Lost>,
    /// Has nothing been answered, or no write, since the gate opened?
    on_trial: (bool, bool),
}

impl Streak {
    /// Of a gate that was just opened: the first loss closes it again, unless it is one order's write,
    /// which may be that order's own fault.
    pub fn just_opened() -> Self {
        Self {
            on_trial: (true, true),
            ..Self::default()
        }
    }

    /// Has nothing been answered since the gate opened, or no write?
    pub fn is_on_trial(&self) -> bool {
        self.on_trial.0 || self.on_trial.1
    }

    /// An answer came, whatever it said.
    pub fn answered(&mut self, read: bool) {
        self.all.clear();
        self.on_trial.0 = false;
        if !read {
            self.writes.clear();
            self.on_trial.1 = false;
        }
    }

    /// No answer came. Does that close the gate?
    pub fn lost(&mut self, lost: Lost, pace: &Pace) -> bool {
        let (all_on_trial, writes_on_trial) = self.on_trial;
        let recent = |row: &mut Vec<Lost>| {
            row.retain(|l| {
                Duration::try_from(lost.at.duration_since(l.at)).unwrap_or_default() <= pace.within
            });
            row.push(lost.clone());
            row.drain(..row.len().saturating_sub(pace.failures));
        };
        recent(&mut self.all);
        if !lost.read {
            recent(&mut self.writes);
        }
        let first = self.writes.first().map(|l| &l.whose);
        let several = self
            .writes
            .iter()
            .any(|l| l.whose.is_none() || first.is_some_and(|first| l.whose != *first));
        let not_one_order_alone = lost.read || lost.whose.is_none() || several;
        self.all.len() >= pace.failures
            || (self.writes.len() >= pace.failures && several)
            || ((all_on_trial || writes_on_trial && !lost.read) && not_one_order_alone)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::LONGEST_PROBE;
    use super::*;

    fn pace() -> Pace {
        Pace::of_calls(Duration::from_secs(30), LONGEST_PROBE, 5.0)
    }

    fn lost(second: i64, read: bool, whose: &str) -> Lost {
        Lost {
            at: Timestamp::from_second(1_800_000_000 + second).unwrap(),
            read,
            whose: Some(whose.to_owned()),
        }
    }

    #[test]
    fn three_answers_missing_in_a_row_close_a_gate_and_one_that_comes_begins_anew() {
        let mut streak = Streak::default();
        assert!(!streak.lost(lost(0, true, "a"), &pace()));
        assert!(!streak.lost(lost(1, true, "a"), &pace()));
        streak.answered(true);
        assert!(!streak.lost(lost(2, true, "a"), &pace()));
        assert!(!streak.lost(lost(3, true, "a"), &pace()));
        assert!(streak.lost(lost(4, true, "a"), &pace()));
    }

    #[test]
    fn losses_far_apart_are_single_ones() {
        let mut streak = Streak::default();
        for n in 0..10 {
            assert!(!streak.lost(lost(n * 200, true, "a"), &pace()), "{n}");
        }
    }

    #[test]
    fn writes_that_fail_between_reads_that_work_close_a_gate_if_several_orders_suffer() {
        let fails = |orders: [&str; 4]| {
            let mut streak = Streak::default();
            orders.iter().enumerate().any(|(n, order)| {
                streak.answered(true);
                streak.lost(lost(i64::try_from(n).unwrap(), false, order), &pace())
            })
        };
        assert!(fails(["a", "b", "c", "d"]));
        assert!(fails(["a", "a", "b", "b"]));
        assert!(!fails(["a", "a", "a", "a"]));
    }

    #[test]
    fn a_gate_on_trial_closes_at_the_first_loss_that_is_not_one_orders_alone() {
        let mut streak = Streak::just_opened();
        assert!(streak.lost(lost(0, true, "a"), &pace()));
        let mut streak = Streak::just_opened();
        streak.answered(true);
        assert!(!streak.lost(lost(0, true, "a"), &pace()));
        assert!(!streak.lost(lost(1, false, "a"), &pace()));
        assert!(streak.lost(lost(2, false, "b"), &pace()));
        let mut streak = Streak::just_opened();
        let feeds = Lost {
            whose: None,
            ..lost(0, false, "a")
        };
        assert!(streak.lost(feeds, &pace()));
        let mut streak = Streak::just_opened();
        streak.answered(false);
        assert!(!streak.is_on_trial());
        assert!(!streak.lost(lost(0, false, "a"), &pace()));
    }

    proptest! {
        #[test]
        fn no_gate_closes_while_every_third_call_is_answered(reads in prop::collection::vec(any::<bool>(), 1..60)) {
            let mut streak = Streak::default();
            for (n, read) in reads.iter().enumerate() {
                if n % 3 == 2 {
                    streak.answered(false);
                } else {
                    prop_assert!(!streak.lost(lost(i64::try_from(n).unwrap(), *read, "a"), &pace()));
                }
            }
        }
    }
}
