//! What can go wrong on a call, and when.

mod action;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use action::{ACTIONS, Action, Ask, Reshape, Spoil};

/// One fault to inject.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Operation to strike, or `*` for any.
    #[serde(default = "any")]
    pub op: String,
    /// Part of the call's key or path; absent strikes every key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// First matching call to strike, counted from 1; absent means the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// How many calls to strike; absent means one, 0 means until the faults are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens, in the words of [`Action`].
    pub action: String,
}

fn any() -> String {
    "*".to_owned()
}

impl FaultRule {
    /// A rule that strikes once, on the first call of an operation.
    pub fn once(op: &str, action: &str) -> Self {
        Self {
            op: op.to_owned(),
            key: None,
            nth: None,
            times: None,
            action: action.to_owned(),
        }
    }

    /// The same rule for calls about `key` only.
    pub fn about(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The same rule from the n-th matching call on.
    pub fn from_nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// The same rule, striking so many times; 0 means until deleted.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// A rule that stands, with what it has met so far.
#[derive(Clone, Debug, Serialize)]
pub struct Injected {
    /// Number given when it was injected.
    pub id: u64,
    /// The rule itself.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// Matching calls so far.
    pub seen: u32,
    /// Calls struck so far.
    pub struck: u32,
    #[serde(skip)]
    action: Action,
}

impl Injected {
    fn fits(&self, op: &str) -> bool {
        self.rule.op == "*" || self.rule.op.eq_ignore_ascii_case(op)
    }

    /// Whether the call is about the rule's key; a rule without one is about every call.
    fn is_about(&self, key: Option<&str>, path: &str) -> bool {
        self.rule
            .key
            .as_deref()
            .is_none_or(|part| key.is_some_and(|key| key.contains(part)) || path.contains(part))
    }

    /// Counts a matching call, and tells whether it is struck.
    fn meet(&mut self) -> bool {
        self.seen += 1;
        let due = self.is_due();
        self.struck += u32::from(due);
        due
    }

    fn is_reshape(&self) -> bool {
        matches!(&self.action, Action::Reshape(how) if !matches!(how, Reshape::Skew(_)))
    }

    fn is_due(&self) -> bool {
        let times = self.rule.times.unwrap_or(1);
        self.seen >= self.rule.nth.unwrap_or(1) && (times == 0 || self.struck < times)
    }
}

/// What strikes one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes {
    /// What happens to the call: of several due rules the oldest.
    pub action: Option<Action>,
    /// How the system behaves for it: of each kind the oldest due rule.
    pub asks: Asks,
}

/// How the system is asked to behave for one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// Answer 429: whether to say how long, and how long if not the window's rest.
    pub throttle: Option<(bool, Option<u64>)>,
    /// Show the state of so long ago, in real time.
    pub stale: Option<Duration>,
    /// Refuse elements about this key inside a 2xx; empty means every element.
    pub partial: Option<String>,
    /// Put the rows into an order made from this number.
    pub shuffle: Option<u64>,
    /// Show every row twice.
    pub repeat: bool,
    /// The server's clock is off by so much.
    pub skew_s: i64,
}

impl Asks {
    fn take(&mut self, rule: &Injected) {
        match rule.action {
            Action::Ask(Ask::Throttle { tells, wait_s }) => {
                self.throttle.get_or_insert((tells, wait_s));
            }
            Action::Ask(Ask::StaleReads(ago)) => {
                self.stale.get_or_insert(ago);
            }
            Action::Ask(Ask::Partial) => {
                let key = || rule.rule.key.clone().unwrap_or_default();
                self.partial.get_or_insert_with(key);
            }
            Action::Ask(Ask::Shuffle) => {
                self.shuffle.get_or_insert(rule.id);
            }
            Action::Ask(Ask::Repeat) => self.repeat = true,
            Action::Reshape(Reshape::Skew(by_s)) if self.skew_s == 0 => self.skew_s = by_s,
            _ => {}
        }
    }
}

/// The faults of one simulator. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    rules: Vec<Injected>,
}

impl Faults {
    /// Adds a rule and returns its number.
    ///
    /// # Errors
    /// A sentence when the action is not one of [`Action`].
    pub fn inject(&self, rule: FaultRule) -> Result<u64, String> {
        let action = rule.action.parse()?;
        Ok(self.with(|inner| {
            inner.last_id += 1;
            let id = inner.last_id;
            inner.rules.push(Injected {
                id,
                rule,
                seen: 0,
                struck: 0,
                action,
            });
            id
        }))
    }

    /// Deletes every rule.
    pub fn clear(&self) {
        self.with(|inner| inner.rules.clear());
    }

    /// Every rule that was injected and not deleted, spent ones included.
    pub fn list(&self) -> Vec<Injected> {
        self.with(|inner| inner.rules.clone())
    }

    /// What strikes this call. Every matching rule counts the call, except those that change the
    /// JSON of the answer: they are met by [`Faults::reshape`].
    pub fn strike(&self, op: &str, key: Option<&str>, path: &str) -> Strikes {
        self.with(|inner| {
            let mut strikes = Strikes::default();
            let met = inner.rules.iter_mut().filter(|rule| {
                let is_early = match rule.action {
                    Action::Reshape(Reshape::Skew(_)) => true,
                    Action::Reshape(_) => false,
                    _ => true,
                };
                is_early && rule.fits(op) && rule.is_about(key, path)
            });
            for rule in met {
                let taken = match rule.action {
                    Action::Ask(_) | Action::Reshape(_) => false,
                    _ => strikes.action.is_some(),
                };
                if taken {
                    rule.seen += 1;
                } else if rule.meet() {
                    match rule.action {
                        Action::Ask(_) | Action::Reshape(_) => strikes.asks.take(rule),
                        _ => strikes.action = Some(rule.action.clone()),
                    }
                }
            }
            strikes
        })
    }

    /// Whether an answer of this operation may have to be changed.
    pub fn may_reshape(&self, op: &str) -> bool {
        self.with(|inner| {
            inner
                .rules
                .iter()
                .any(|rule| rule.is_reshape() && rule.fits(op))
        })
    }

    /// How the JSON of this answer is to be changed, and in rows about which key. A rule is about
    /// an answer whose call or whose text names its key.
    pub fn reshape(
        &self,
        op: &str,
        key: Option<&str>,
        path: &str,
        answer: &str,
    ) -> Vec<(Reshape, Option<String>)> {
        self.with(|inner| {
            let met = inner.rules.iter_mut().filter(|rule| {
                let is_named = |part: &str| answer.contains(part);
                rule.is_reshape()
                    && rule.fits(op)
                    && (rule.is_about(key, path) || rule.rule.key.as_deref().is_some_and(is_named))
            });
            met.filter_map(|rule| match (rule.meet(), &rule.action) {
                (true, Action::Reshape(how)) => Some((how.clone(), rule.rule.key.clone())),
                _ => None,
            })
            .collect()
        })
    }

    /// How long ago the stalest read may look, while such a rule is not spent.
    pub fn stale_within(&self) -> Option<Duration> {
        self.with(|inner| {
            let standing = inner.rules.iter().filter(|rule| {
                let times = rule.rule.times.unwrap_or(1);
                times == 0 || rule.struck < times
            });
            standing
                .filter_map(|rule| match rule.action {
                    Action::Ask(Ask::StaleReads(ago)) => Some(ago),
                    _ => None,
                })
                .max()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_its_key_from_the_nth_call_so_many_times() {
        let faults = Faults::default();
        let rule = FaultRule::once("OR24", "reset")
            .about("W1")
            .from_nth(2)
            .times(2);
        faults.inject(rule).unwrap();

        let struck: Vec<bool> = ["W1-A", "W2-A", "W1-A", "W1-B", "W1-A"]
            .iter()
            .map(|key| faults.strike("OR24", Some(key), "/").action.is_some())
            .collect();

        assert_eq!(struck, [false, false, true, true, false]);
        assert_eq!(faults.strike("OR23", Some("W1-A"), "/"), Strikes::default());
    }

    #[test]
    fn a_rule_without_end_strikes_until_deleted() {
        let faults = Faults::default();
        faults
            .inject(FaultRule::once("*", "status:429:7").times(0))
            .unwrap();
        let throttled = Action::Status {
            status: 429,
            retry_after_s: Some(7),
        };
        for _ in 0..5 {
            assert_eq!(
                faults.strike("OR11", None, "/api/orders").action,
                Some(throttled.clone())
            );
        }
        faults.clear();
        assert_eq!(faults.strike("OR11", None, "/api/orders").action, None);
    }

    #[test]
    fn a_standing_behavior_and_a_lost_answer_strike_the_same_call() {
        let faults = Faults::default();
        for rule in [
            FaultRule::once("OR11", "stale-reads:5").times(0),
            FaultRule::once("OR11", "reset"),
            FaultRule::once("OR11", "skew:600"),
        ] {
            faults.inject(rule).unwrap();
        }

        let strikes = faults.strike("OR11", None, "/api/orders");

        assert_eq!(strikes.action, Some(Action::Reset));
        assert_eq!(strikes.asks.stale, Some(Duration::from_secs(5)));
        assert_eq!(strikes.asks.skew_s, 600);
        assert_eq!(faults.stale_within(), Some(Duration::from_secs(5)));
    }

    #[test]
    fn a_changed_answer_is_found_by_the_key_in_its_text() {
        let faults = Faults::default();
        let rule = FaultRule::once("OR11", "new-words").about("W2-A");
        faults.inject(rule).unwrap();

        let other = faults.reshape("OR11", None, "/api/orders", "W1-A");
        let about = faults.reshape("OR11", None, "/api/orders", "W1-A W2-A");
        let spent = faults.reshape("OR11", None, "/api/orders", "W2-A");

        assert_eq!(other, []);
        let key = Some("W2-A".to_owned());
        assert_eq!(about, [(Reshape::NewWords(None), key)]);
        assert_eq!(spent, []);
    }
}
