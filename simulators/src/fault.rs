//! What can go wrong on a call, and when.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// What a fault does to the call it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `status:NNN` or `status:429:SECONDS`: that answer, nothing done.
    Status {
        /// HTTP status.
        status: u16,
        /// `Retry-After` to send.
        retry_after_s: Option<u64>,
    },
    /// `delay_ms:N`: waits, then goes on; goes on even when the caller has given up.
    Delay(Duration),
    /// `reset`: the connection breaks, nothing done.
    Reset,
    /// `reset-after-commit`: done, then the connection breaks.
    ResetAfterCommit,
    /// `status-after-commit:NNN`: done, then that answer.
    StatusAfterCommit(u16),
    /// `delay-after-commit_ms:N`: done, then the answer waits.
    DelayAfterCommit(Duration),
}

/// The words an [`Action`] is written in, for messages and help.
pub const ACTIONS: &str = "status:NNN, status:429:SECONDS, delay_ms:N, reset, reset-after-commit, \
     status-after-commit:NNN, delay-after-commit_ms:N";

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let (first, second) = rest.split_once(':').unwrap_or((rest, ""));
        let action = match (word, first, second) {
            ("status", status, "") => Self::Status {
                status: code(status)?,
                retry_after_s: None,
            },
            ("status", status, wait) => Self::Status {
                status: code(status)?,
                retry_after_s: Some(number(wait)?),
            },
            ("delay_ms", ms, "") => Self::Delay(Duration::from_millis(number(ms)?)),
            ("reset", "", "") => Self::Reset,
            ("reset-after-commit", "", "") => Self::ResetAfterCommit,
            ("status-after-commit", status, "") => Self::StatusAfterCommit(code(status)?),
            ("delay-after-commit_ms", ms, "") => {
                Self::DelayAfterCommit(Duration::from_millis(number(ms)?))
            }
            _ => {
                return Err(format!(
                    "unknown fault action `{text}`; known are: {ACTIONS}"
                ));
            }
        };
        Ok(action)
    }
}

fn code(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| {
            format!("`{text}` is no status for a fault: a number from 200 to 599 is expected")
        })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("`{text}` in a fault action is not a whole number"))
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
    fn matches(&self, op: &str, key: Option<&str>, path: &str) -> bool {
        let op_fits = self.rule.op == "*" || self.rule.op.eq_ignore_ascii_case(op);
        op_fits
            && self
                .rule
                .key
                .as_deref()
                .is_none_or(|part| key.is_some_and(|key| key.contains(part)) || path.contains(part))
    }

    fn is_due(&self) -> bool {
        let times = self.rule.times.unwrap_or(1);
        self.seen >= self.rule.nth.unwrap_or(1) && (times == 0 || self.struck < times)
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

    /// What strikes this call: the oldest rule that is due. Every matching rule counts the call.
    pub fn strike(&self, op: &str, key: Option<&str>, path: &str) -> Option<Action> {
        self.with(|inner| {
            let mut strikes = None;
            for rule in inner
                .rules
                .iter_mut()
                .filter(|rule| rule.matches(op, key, path))
            {
                rule.seen += 1;
                if strikes.is_none() && rule.is_due() {
                    rule.struck += 1;
                    strikes = Some(rule.action.clone());
                }
            }
            strikes
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
            .map(|key| faults.strike("OR24", Some(key), "/").is_some())
            .collect();

        assert_eq!(struck, [false, false, true, true, false]);
        assert_eq!(faults.strike("OR23", Some("W1-A"), "/"), None);
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
                faults.strike("OR11", None, "/api/orders"),
                Some(throttled.clone())
            );
        }
        faults.clear();
        assert_eq!(faults.strike("OR11", None, "/api/orders"), None);
    }

    #[test]
    fn an_unknown_action_is_refused_with_the_known_ones() {
        for text in [
            "",
            "rest",
            "status",
            "status:99",
            "reset:5",
            "delay_ms:soon",
        ] {
            let refused = Faults::default().inject(FaultRule::once("*", text));
            assert!(refused.is_err(), "{text}");
        }
        let words = "drip".parse::<Action>().unwrap_err();
        assert!(words.contains("reset-after-commit"), "{words}");
    }
}
