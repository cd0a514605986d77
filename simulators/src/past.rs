//! How things were a while ago, for reads that lag behind.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::fault::Faults;

/// Versions kept of one thing.
const VERSIONS_KEPT: usize = 64;

/// What things were before each change, kept only while a rule makes reads stale.
#[derive(Debug)]
pub struct Past<T> {
    faults: Faults,
    versions: BTreeMap<String, VecDeque<(i64, T)>>,
}

impl<T: Clone> Past<T> {
    /// Nothing is past yet.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            versions: BTreeMap::new(),
        }
    }

    /// Whether a rule stands for which versions are kept.
    pub fn is_kept(&self) -> bool {
        self.faults.stale_within().is_some()
    }

    /// Notes what the thing is before it changes now.
    pub fn note(&mut self, id: &str, before: &T) {
        if !self.is_kept() {
            self.versions.clear();
            return;
        }
        let versions = self.versions.entry(id.to_owned()).or_default();
        versions.push_back((Timestamp::now().as_microsecond(), before.clone()));
        if versions.len() > VERSIONS_KEPT {
            versions.pop_front();
        }
    }

    /// The thing as it was at a real moment in microseconds since 1970; none when it has not
    /// changed since, as far as is known.
    pub fn at(&self, id: &str, moment_us: i64) -> Option<&T> {
        let mut versions = self.versions.get(id)?.iter();
        versions
            .find(|(until_us, _)| *until_us > moment_us)
            .map(|(_, version)| version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultRule;

    #[test]
    fn a_version_stands_until_its_change_and_only_while_a_rule_asks_for_it() {
        let faults = Faults::default();
        let mut past = Past::new(faults.clone());
        past.note("W1", &1);
        assert_eq!(past.at("W1", 0), None);

        faults
            .inject(FaultRule::once("OR11", "stale-reads:5").times(0))
            .unwrap();
        past.note("W1", &2);
        past.note("W1", &3);
        assert_eq!(past.at("W1", 0), Some(&2));
        assert_eq!(past.at("W1", i64::MAX - 1), None);
        assert_eq!(past.at("W2", 0), None);

        faults.clear();
        past.note("W1", &4);
        assert_eq!(past.at("W1", 0), None);
    }
}
