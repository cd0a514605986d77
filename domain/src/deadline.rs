//! How near an order is to its deadline: windows, and the levels at which people are told again.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::exception::Kind;
use crate::order::{Order, State};
use crate::progress::{Acceptance, Progress, Sent};

const DAY_S: i64 = 86_400;

/// How much of a window is gone, in the steps that people are told of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Less than half.
    #[default]
    Calm,
    /// Half or more.
    Half,
    /// Three quarters or more.
    ThreeQuarters,
    /// Nine tenths or more.
    NineTenths,
    /// All of it: the deadline has passed.
    Overdue,
}

impl Level {
    /// Every level, the calmest first.
    pub const ALL: [Self; 5] = [
        Self::Calm,
        Self::Half,
        Self::ThreeQuarters,
        Self::NineTenths,
        Self::Overdue,
    ];

    /// The number in the ledger and in `--json`: 0 to 4.
    pub fn number(self) -> i64 {
        match self {
            Self::Calm => 0,
            Self::Half => 1,
            Self::ThreeQuarters => 2,
            Self::NineTenths => 3,
            Self::Overdue => 4,
        }
    }

    /// The level of a number; what a newer program may write beyond is [`Level::Overdue`].
    pub fn of(number: i64) -> Self {
        match number {
            ..=0 => Self::Calm,
            1 => Self::Half,
            2 => Self::ThreeQuarters,
            3 => Self::NineTenths,
            _ => Self::Overdue,
        }
    }

    /// Percent of the window that are gone when it begins.
    pub fn percent(self) -> i64 {
        match self {
            Self::Calm => 0,
            Self::Half => 50,
            Self::ThreeQuarters => 75,
            Self::NineTenths => 90,
            Self::Overdue => 100,
        }
    }

    /// The word in tables and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Half => "50",
            Self::ThreeQuarters => "75",
            Self::NineTenths => "90",
            Self::Overdue => "overdue",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From when until when something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Since when it can be done.
    pub from: Timestamp,
    /// By when it must be done.
    pub due: Timestamp,
}

impl Window {
    /// The level at a moment. A window without length is calm until its end.
    pub fn level(self, now: Timestamp) -> Level {
        let reached = |level: &&Level| now >= self.reaches(**level);
        let mut falling = Level::ALL.iter().rev();
        falling.find(reached).copied().unwrap_or_default()
    }

    /// From when on a level holds.
    pub fn reaches(self, level: Level) -> Timestamp {
        let whole_ms = self.due.duration_since(self.from).as_millis();
        if level == Level::Overdue || (whole_ms <= 0 && level != Level::Calm) {
            return self.due;
        }
        let part_ms = whole_ms.max(0) * i128::from(level.percent()) / 100;
        let part = SignedDuration::from_millis(i64::try_from(part_ms).unwrap_or(i64::MAX));
        self.from.checked_add(part).unwrap_or(Timestamp::MAX)
    }
}

/// Which deadline an order has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The operator waits for acceptance.
    Acceptance,
    /// The customer waits for the parcel.
    Shipping,
}

impl What {
    /// The exception that says so where the order has no other.
    pub fn kind(self) -> Kind {
        match self {
            Self::Acceptance => Kind::AcceptanceDue,
            Self::Shipping => Kind::ShippingDue,
        }
    }
}

/// An order's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Of what.
    pub what: What,
    /// From when until when.
    pub window: Window,
}

/// The limits of one marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the sale to acceptance. Mirakl publishes no such field.
    pub acceptance_s: u32,
    /// From payment to shipment where Mirakl names no shipping deadline; 0 counts as one day.
    pub ship_within_days: u32,
}

/// The deadline an order has as it stands; `None` while nobody waits for us.
///
/// What we told Mirakl already counts as done, although the next pull has not shown it yet. An
/// answer that was lost counts as not done.
pub fn deadline(order: &Order, progress: &Progress, limits: Limits) -> Option<Deadline> {
    match &order.state {
        State::WaitingAcceptance if !matches!(progress.acceptance, Acceptance::Told { .. }) => {
            let limit = SignedDuration::from_secs(i64::from(limits.acceptance_s));
            let due = order.created_at.checked_add(limit).ok()?;
            let window = Window {
                from: order.created_at,
                due,
            };
            Some(Deadline {
                what: What::Acceptance,
                window,
            })
        }
        State::Shipping if progress.shipment != Sent::Yes && !progress.settled_by_hand => {
            let from = order.debited_at.or(order.decided_at);
            let from = from.unwrap_or(order.created_at);
            let days = i64::from(limits.ship_within_days.max(1));
            let usual = from.checked_add(SignedDuration::from_secs(days * DAY_S));
            let due = order.ship_by.or(usual.ok())?;
            Some(Deadline {
                what: What::Shipping,
                window: Window { from, due },
            })
        }
        _ => None,
    }
}

/// How often deadlines must be looked at so that no level is told late by more than a fiftieth of
/// the shortest limit: each minute, or sooner where limits are short.
pub fn look_every_ms(limits: impl IntoIterator<Item = Limits>) -> u64 {
    let shortest = limits.into_iter().map(|limits| limits.acceptance_s).min();
    (u64::from(shortest.unwrap_or(u32::MAX)) * 1_000 / 50).clamp(200, 60_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fulfillment::tests::{at, order};

    const LIMITS: Limits = Limits {
        acceptance_s: 1_000,
        ship_within_days: 2,
    };

    fn window(from: i64, due: i64) -> Window {
        Window {
            from: at(from),
            due: at(due),
        }
    }

    #[test]
    fn a_level_begins_at_its_part_of_the_window() {
        let thousand = window(0, 1_000);
        for (second, level) in [
            (-5, Level::Calm),
            (0, Level::Calm),
            (499, Level::Calm),
            (500, Level::Half),
            (749, Level::Half),
            (750, Level::ThreeQuarters),
            (899, Level::ThreeQuarters),
            (900, Level::NineTenths),
            (999, Level::NineTenths),
            (1_000, Level::Overdue),
            (99_999, Level::Overdue),
        ] {
            assert_eq!(thousand.level(at(second)), level, "{second}");
        }
    }

    #[test]
    fn a_window_without_length_is_calm_and_then_overdue() {
        for (from, due) in [(10, 10), (20, 10)] {
            assert_eq!(window(from, due).level(at(9)), Level::Calm);
            assert_eq!(window(from, due).level(at(10)), Level::Overdue);
        }
    }

    #[test]
    fn a_deadline_is_the_one_somebody_waits_for() {
        let mut told = Progress::default();
        let fresh = Progress::default();
        let what = |state: State, p: &Progress| {
            let mut order = order(state);
            order.ship_by = Some(at(9_000));
            deadline(&order, p, LIMITS).map(|d| (d.what, d.window.due))
        };
        let waiting = order(State::WaitingAcceptance);
        let accept_by = waiting.created_at + SignedDuration::from_secs(1_000);
        assert_eq!(
            what(State::WaitingAcceptance, &fresh),
            Some((What::Acceptance, accept_by))
        );
        assert_eq!(
            what(State::Shipping, &fresh),
            Some((What::Shipping, at(9_000)))
        );
        for state in [
            State::Staging,
            State::WaitingDebit,
            State::Shipped,
            State::Closed,
            State::Refused,
            State::Canceled,
        ] {
            assert_eq!(what(state.clone(), &fresh), None, "{state:?}");
        }
        told.acceptance = Acceptance::Told { accepted: true };
        told.shipment = Sent::Yes;
        assert_eq!(what(State::WaitingAcceptance, &told), None);
        assert_eq!(what(State::Shipping, &told), None);
        let lost = Progress {
            acceptance: Acceptance::Doubtful { read_after: at(1) },
            ..Progress::default()
        };
        assert_eq!(
            what(State::WaitingAcceptance, &lost),
            Some((What::Acceptance, accept_by))
        );
    }

    #[test]
    fn without_a_shipping_deadline_the_shops_own_days_count() {
        let mut paid = order(State::Shipping);
        (paid.ship_by, paid.debited_at) = (None, Some(at(500)));
        let of = |days| {
            let limits = Limits {
                ship_within_days: days,
                ..LIMITS
            };
            let found = deadline(&paid, &Progress::default(), limits).unwrap();
            found.window
        };
        assert_eq!(of(2), window(500, 500 + 2 * DAY_S));
        assert_eq!(of(0), window(500, 500 + DAY_S));
    }

    #[test]
    fn short_limits_are_looked_at_more_often() {
        let every = |limits: &[u32]| {
            let limits = limits.iter().map(|s| Limits {
                acceptance_s: *s,
                ..LIMITS
            });
            look_every_ms(limits)
        };
        assert_eq!(every(&[]), 60_000);
        assert_eq!(every(&[86_400]), 60_000);
        assert_eq!(every(&[86_400, 20]), 400);
        assert_eq!(every(&[1]), 200);
    }

    proptest! {
        #[test]
        fn levels_only_rise_with_time_and_hold_from_where_they_say(
            from in -10_000_i64..10_000, length in -100_i64..100_000, a in -20_000_i64..200_000, b in -20_000_i64..200_000,
        ) {
            let window = window(from, from + length);
            let (early, late) = (a.min(b), a.max(b));
            let (first, then) = (window.level(at(early)), window.level(at(late)));
            prop_assert!(first <= then);
            prop_assert!(first == Level::Calm || at(early) >= window.reaches(first));
            prop_assert_eq!(then == Level::Overdue, at(late) >= window.due);
        }

        #[test]
        fn a_level_is_read_back_from_its_number(number in -3_i64..9) {
            let level = Level::of(number);
            prop_assert_eq!(Level::of(level.number()), level);
        }
    }
}
