//! The clock of a simulator: real time, sped up, stopped or pushed forward.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Simulated time: what has passed really, times the speed, plus every manual advance.
///
/// Copies share one clock. Speed 0 stops it, so that only [`SimClock::advance`] moves it.
#[derive(Clone, Debug)]
pub struct SimClock {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    base: Timestamp,
    since: Instant,
    speed: f64,
}

impl Inner {
    fn now(&self) -> Timestamp {
        let passed_s = self.since.elapsed().as_secs_f64() * self.speed;
        let passed = SignedDuration::try_from_secs_f64(passed_s).unwrap_or(SignedDuration::MAX);
        self.base.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    fn rebase(&mut self, base: Timestamp) {
        self.base = base;
        self.since = Instant::now();
    }
}

impl SimClock {
    /// A clock that shows `start` now and then runs `speed` times as fast as real time.
    ///
    /// A speed that is negative or not a number counts as 0.
    pub fn new(start: Timestamp, speed: f64) -> Self {
        let inner = Inner {
            base: start,
            since: Instant::now(),
            speed: sane(speed),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// A clock that shows real time.
    pub fn real() -> Self {
        Self::new(Timestamp::now(), 1.0)
    }

    /// The simulated moment.
    pub fn now(&self) -> Timestamp {
        self.with(|inner| inner.now())
    }

    /// Pushes the clock forward at once; it goes on from there at its speed.
    pub fn advance(&self, by: Duration) {
        self.with(|inner| {
            let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
            let then = inner.now().saturating_add(by).unwrap_or(Timestamp::MAX);
            inner.rebase(then);
        });
    }

    /// Changes the speed from this moment on.
    pub fn set_speed(&self, speed: f64) {
        self.with(|inner| {
            let now = inner.now();
            inner.rebase(now);
            inner.speed = sane(speed);
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn sane(speed: f64) -> f64 {
    if speed.is_finite() && speed > 0.0 {
        speed
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_by_hand() {
        let start: Timestamp = "2026-03-02T09:15:00Z".parse().unwrap();
        let clock = SimClock::new(start, 0.0);
        assert_eq!(clock.now(), start);

        clock.advance(Duration::from_secs(90));

        assert_eq!(clock.clone().now().to_string(), "2026-03-02T09:16:30Z");
    }

    #[test]
    fn a_change_of_speed_never_moves_the_clock_back() {
        let clock = SimClock::new(Timestamp::UNIX_EPOCH, 1_000_000.0);
        let before = clock.now();
        clock.set_speed(0.0);
        let stopped = clock.now();
        assert!(stopped >= before);
        assert_eq!(clock.now(), stopped);
    }
}
