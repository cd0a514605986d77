//! How often a call may come, from the vendor's published call frequencies.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Whether calls that come too often are answered 429.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limits {
    /// Every call is taken.
    #[default]
    Off,
    /// The published maxima hold, for each operation of the shop.
    Published,
}

/// Window in seconds and how many uses it takes; none for operations without a maximum.
///
/// Source: the vendor's page of each operation, "Call frequency".
fn published(op: &str) -> Option<(i64, usize)> {
    const DAY_S: i64 = 86_400;
    match op {
        "OR04" | "OR11" | "STO01" | "STO03" | "OF52" => Some((60, 1)),
        "STO02" => Some((15, 1)),
        "ST12" => Some((300, 1)),
        "OF53" => Some((10, 1)),
        "OR13" | "RT11" => Some((300, 1)),
        "TL02" => Some((60, 20)),
        "OR14" => Some((2, 1)),
        "SH12" | "SH21" | "A01" => Some((DAY_S, 1)),
        _ => None,
    }
}

/// A window to speak of where an operation has none.
const USUAL_WINDOW_S: i64 = 60;

/// Uses of each operation by the marketplace's clock.
#[derive(Debug, Default)]
pub struct Uses {
    used: BTreeMap<String, VecDeque<Timestamp>>,
    /// Query of the pull under way, without its page, and whether its read by IDs is used up.
    pull: Option<(String, bool)>,
}

impl Uses {
    /// Counts a call, or tells in how many seconds the next one is taken.
    ///
    /// The pages of one OR11 pull are one use, and so is one read by order IDs behind them. Of RT11 a
    /// page behind the first is no use of its own.
    pub fn admit(&mut self, op: &str, query: &str, now: Timestamp) -> Result<(), u64> {
        let Some((window_s, most)) = published(op) else {
            return Ok(());
        };
        if op == "OR11" && self.belongs_to_pull(query, now) {
            return Ok(());
        }
        if op == "RT11" && parts(query).any(|part| part.starts_with("page_token=")) {
            return Ok(());
        }
        let window = SignedDuration::from_secs(window_s);
        let used = self.used.entry(op.to_owned()).or_default();
        while used
            .front()
            .is_some_and(|at| now.duration_since(*at) >= window)
        {
            used.pop_front();
        }
        if used.len() >= most {
            return Err(self.rest_s(op, now));
        }
        used.push_back(now);
        if op == "OR11" {
            self.pull = Some((without_page(query), is_by_ids(query)));
        }
        Ok(())
    }

    fn belongs_to_pull(&mut self, query: &str, now: Timestamp) -> bool {
        let is_open = self
            .used
            .get("OR11")
            .and_then(VecDeque::back)
            .is_some_and(|at| now.duration_since(*at) < SignedDuration::from_secs(USUAL_WINDOW_S));
        let Some((pull, ids_read)) = &mut self.pull else {
            return false;
        };
        let is_later_page = parts(query).any(|part| {
            let offset = part.strip_prefix("offset=");
            offset.is_some_and(|offset| offset.parse::<u64>().is_ok_and(|offset| offset > 0))
        });
        if is_later_page && *pull == without_page(query) {
            return true;
        }
        is_open && is_by_ids(query) && !std::mem::replace(ids_read, true)
    }

    /// Seconds until the window of an operation is over, at least 1.
    pub fn rest_s(&self, op: &str, now: Timestamp) -> u64 {
        let (window_s, _) = published(op).unwrap_or((USUAL_WINDOW_S, 1));
        let oldest = self.used.get(op).and_then(VecDeque::front);
        let passed_ms = oldest.map_or(0, |at| now.duration_since(*at).as_millis());
        let rest_ms = i128::from(window_s) * 1000 - passed_ms;
        u64::try_from((rest_ms + 999) / 1000).unwrap_or(1).max(1)
    }
}

fn parts(query: &str) -> impl Iterator<Item = &str> {
    query.split('&')
}

fn without_page(query: &str) -> String {
    let kept =
        parts(query).filter(|part| !part.starts_with("offset=") && !part.starts_with("max="));
    kept.collect::<Vec<_>>().join("&")
}

fn is_by_ids(query: &str) -> bool {
    parts(query).any(|part| part.starts_with("order_ids="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_is_one_use_with_its_pages_and_one_read_by_ids() {
        let mut uses = Uses::default();
        let at = |s: i64| Timestamp::from_second(1_000 + s).unwrap();
        let since = "start_update_date=x";
        assert_eq!(
            uses.admit("OR11", &format!("{since}&max=100"), at(0)),
            Ok(())
        );
        assert_eq!(
            uses.admit("OR11", &format!("max=100&offset=100&{since}"), at(1)),
            Ok(())
        );
        assert_eq!(uses.admit("OR11", "order_ids=W1", at(2)), Ok(()));
        assert_eq!(uses.admit("OR11", "order_ids=W2", at(3)), Err(57));
        assert_eq!(
            uses.admit("OR11", &format!("{since}&offset=0"), at(10)),
            Err(50)
        );
        assert_eq!(
            uses.admit("OR11", &format!("{since}&offset=0"), at(60)),
            Ok(())
        );
    }

    #[test]
    fn operations_have_buckets_of_their_own_and_some_have_none() {
        let mut uses = Uses::default();
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(uses.admit("OR04", "", now), Ok(()));
        assert_eq!(uses.admit("OR04", "", now), Err(60));
        assert_eq!(uses.admit("SH21", "", now), Ok(()));
        assert_eq!(uses.admit("RT11", "limit=100", now), Ok(()));
        assert_eq!(uses.admit("RT11", "page_token=5b", now), Ok(()));
        assert_eq!(uses.admit("RT11", "limit=100", now), Err(300));
        for _ in 0..100 {
            assert_eq!(uses.admit("OR21", "", now), Ok(()));
        }
    }
}
