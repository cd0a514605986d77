//! When everybody stops calling a system, who asks whether it is back, and in which order all go on.

mod streak;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exception::Kind;
use crate::marketplace::MarketplaceCode;
use crate::step::Stage;

pub use streak::{Lost, Streak};

/// A system as one credential reaches it: a shop's marketplace, or the ERP site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The marketplace of a shop.
    Mirakl(MarketplaceCode),
    /// The ERP site, by its name.
    BlueCherry(String),
}

impl Endpoint {
    /// The shop's code; nothing for the ERP, which serves all shops.
    pub fn marketplace(&self) -> Option<&MarketplaceCode> {
        match self {
            Self::Mirakl(code) => Some(code),
            Self::BlueCherry(_) => None,
        }
    }
}

/// As tables, metrics and the ledger name it: `mirakl/nordwind`, `bluecherry/northwind`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mirakl(code) => write!(f, "mirakl/{code}"),
            Self::BlueCherry(site) => write!(f, "bluecherry/{site}"),
        }
    }
}

/// Why nobody calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The system does not answer.
    Down,
    /// The system does not take the key.
    KeyRefused,
    /// The system told to wait.
    Throttled,
    /// The key lacks the right for this call.
    RightMissing,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [
        Self::Down,
        Self::KeyRefused,
        Self::Throttled,
        Self::RightMissing,
    ];

    /// The word in the ledger, in tables and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::KeyRefused => "key_refused",
            Self::Throttled => "throttled",
            Self::RightMissing => "right_missing",
        }
    }

    /// The exception it opens; a throttled call needs nobody.
    pub fn exception(self) -> Option<Kind> {
        match self {
            Self::Down => Some(Kind::EndpointDown),
            Self::KeyRefused => Some(Kind::KeyRefused),
            Self::RightMissing => Some(Kind::RightMissing),
            Self::Throttled => None,
        }
    }
}

/// How soon a gate closes, how often is asked whether it may open, and how fast all go on then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Answers missing in a row that close a gate.
    pub failures: usize,
    /// Within which they must be missing.
    pub within: Duration,
    /// From closing to the first probe; doubled with each that fails.
    pub first_probe: Duration,
    /// Longest time between two probes.
    pub longest_probe: Duration,
    /// Time between two orders that go on after it opened.
    pub drain_every: Duration,
}

/// Nobody asks less often than this.
pub const LONGEST_PROBE: Duration = Duration::from_secs(60);
/// A refused key or right is tried again after this, and no sooner.
pub const TRY_AGAIN: Duration = Duration::from_secs(60);
/// A call without a told wait stays closed at most so long, however often it is throttled.
const LONGEST_THROTTLE: Duration = Duration::from_secs(15 * 60);
/// A told wait longer than this is a mistake.
pub const LONGEST_TOLD: Duration = Duration::from_secs(24 * 60 * 60);

impl Pace {
    /// For an endpoint whose calls may last so long: short calls are asked after sooner.
    pub fn of_calls(call_timeout: Duration, longest_probe: Duration, drain_per_s: f64) -> Self {
        let longest_probe = longest_probe.min(LONGEST_PROBE).min(call_timeout * 2);
        Self {
            failures: 3,
            within: Duration::from_secs(60) + call_timeout * 3,
            first_probe: (call_timeout / 10).clamp(Duration::from_millis(100), longest_probe),
            longest_probe,
            drain_every: Duration::from_secs_f64(1.0 / drain_per_s.clamp(0.01, 1000.0)),
        }
    }

    /// From the last probe, or from closing, to the next one, after so many that failed.
    pub fn next_probe(&self, failed: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failed).unwrap_or(u32::MAX);
        self.first_probe
            .saturating_mul(doubled)
            .min(self.longest_probe)
    }
}

/// Is a moment that was noted for later reached? One further ahead than anybody waits was noted by a
/// clock that ran ahead, and counts as reached. Moments and the longest wait are milliseconds.
pub fn is_reached(noted: i64, now: i64, longest: i64) -> bool {
    noted <= now || noted > now.saturating_add(longest)
}

/// How long a throttled call stays closed: as told, else a minute, longer each time in a row.
pub fn throttled_for(told: Option<Duration>, times_before: u32) -> Duration {
    match told {
        Some(told) => told.min(LONGEST_TOLD),
        None => {
            let doubled = 1_u32.checked_shl(times_before).unwrap_or(u32::MAX);
            Duration::from_secs(60)
                .saturating_mul(doubled)
                .min(LONGEST_THROTTLE)
        }
    }
}

/// Who goes first when a gate opens, smallest first; within one number the nearest deadline.
pub fn urgency(stage: Stage) -> u8 {
    match stage {
        Stage::New | Stage::Accepting => 0,
        Stage::Releasing | Stage::AwaitingShipment | Stage::Confirming => 1,
        _ => 2,
    }
}

/// Does a call only read? One that does may go out as the probe.
pub fn is_read(call: &str) -> bool {
    let of_erp = ["get_", "find_", "list_"];
    let of_mirakl = [
        "OR11", "OR12", "OR13", "OR14", "OR72", "ST11", "ST12", "RT11", "SH11", "SH12", "SH21",
        "SH31", "RE01", "RE02", "PC01", "A01", "A21", "V01", "TL02", "IV01", "SBC11", "OF21",
        "OF22", "OF52", "OF53", "STO02", "STO03",
    ];
    of_erp.iter().any(|start| call.starts_with(start)) || of_mirakl.contains(&call)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace() -> Pace {
        Pace::of_calls(Duration::from_secs(30), LONGEST_PROBE, 5.0)
    }

    #[test]
    fn probes_come_less_and_less_often_up_to_a_bound() {
        let waits: Vec<_> = (0..7).map(|n| pace().next_probe(n).as_secs()).collect();
        assert_eq!(waits, [3, 6, 12, 24, 48, 60, 60]);
        let quick = Pace::of_calls(Duration::from_secs(1), LONGEST_PROBE, 5.0);
        assert_eq!(quick.next_probe(0), Duration::from_millis(100));
        assert_eq!(quick.next_probe(40), Duration::from_secs(2));
        assert_eq!(pace().drain_every, Duration::from_millis(200));
    }

    #[test]
    fn a_moment_further_ahead_than_anybody_waits_is_reached() {
        for (noted, reached) in [
            (90, true),
            (100, true),
            (101, false),
            (160, false),
            (161, true),
        ] {
            assert_eq!(is_reached(noted, 100, 60), reached, "{noted}");
        }
    }

    #[test]
    fn a_throttled_call_waits_as_told_else_longer_each_time() {
        assert_eq!(throttled_for(Some(Duration::from_secs(7)), 9).as_secs(), 7);
        let untold: Vec<_> = (0..6).map(|n| throttled_for(None, n).as_secs()).collect();
        assert_eq!(untold, [60, 120, 240, 480, 900, 900]);
        assert_eq!(throttled_for(None, 99).as_secs(), 900);
    }

    #[test]
    fn acceptances_go_first_then_shipping_then_the_rest() {
        for (stage, first) in [
            (Stage::New, 0),
            (Stage::Accepting, 0),
            (Stage::Releasing, 1),
            (Stage::Confirming, 1),
            (Stage::Cancelling, 2),
            (Stage::Shipped, 2),
        ] {
            assert_eq!(urgency(stage), first, "{stage:?}");
        }
    }

    #[test]
    fn what_reads_may_be_the_probe_and_what_writes_never() {
        for call in [
            "OR11",
            "SH21",
            "V01",
            "find_sales_orders",
            "get_profile",
            "list_fulfilments",
        ] {
            assert!(is_read(call), "{call}");
        }
        for call in [
            "OR04",
            "OR21",
            "OR24",
            "OR29",
            "create_sales_order",
            "put_customer",
            "new",
        ] {
            assert!(!is_read(call), "{call}");
        }
    }

    proptest! {
        #[test]
        fn a_probe_is_never_later_than_the_bound(failed in any::<u32>(), timeout_ms in 1_000_u64..40_000) {
            let pace = Pace::of_calls(Duration::from_millis(timeout_ms), LONGEST_PROBE, 5.0);
            let wait = pace.next_probe(failed);
            prop_assert!(wait <= LONGEST_PROBE && wait >= Duration::from_millis(100));
        }
    }
}
