//! Faults that a test plants in a worker on purpose, to see that its checks can see.
//!
//! Off unless a test says otherwise, and a worker whose endpoints are not all on its own machine
//! refuses to start with any of them on.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// A promise that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plant {
    /// `read-back-off`: an attempt that finds an intent without outcome sends again unasked.
    ReadBackOff,
    /// `accept-before-order`: Mirakl is told yes before the sales order is there.
    AcceptBeforeOrder,
    /// `cursor-past-failure`: a pull whose page failed moves its cursor all the same.
    CursorPastFailure,
    /// `in-flight-off`: stock is published as if every batch had seen every order.
    InFlightOff,
}

/// Where in a call a worker dies, or freezes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// `before-look`: the attempt is noted, and takes its last look at the time.
    BeforeLook,
    /// `before-send`: the intent stands, nothing went out.
    BeforeSend,
    /// `after-answer`: the answer came, nothing was noted.
    AfterAnswer,
}

/// What is switched on. Copies share their counts.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    plants: BTreeSet<Plant>,
    kills: Arc<Mutex<BTreeMap<(Point, String), u32>>>,
    freezes: bool,
}

impl Switches {
    /// Is nothing switched on?
    pub fn is_off(&self) -> bool {
        self.plants.is_empty() && self.kills().is_empty()
    }

    /// Is this promise broken on purpose?
    pub fn is_planted(&self, plant: Plant) -> bool {
        self.plants.contains(&plant)
    }

    /// Dies here, as by `kill -9`, or freezes until it is thawed, if a test wants it.
    pub(crate) fn reach(&self, point: Point, call: &str) {
        if self.counts_down(point, call) {
            signal(if self.freezes { "-STOP" } else { "-KILL" });
        }
    }

    fn counts_down(&self, point: Point, call: &str) -> bool {
        let mut kills = self.kills();
        let Some(left) = kills.get_mut(&(point, call.to_owned())) else {
            return false;
        };
        *left = left.saturating_sub(1);
        *left == 0
    }

    fn kills(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Point, String), u32>> {
        self.kills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No destructor runs and no buffer is flushed: the same as a signal from outside.
fn signal(which: &str) {
    let own = std::process::id().to_string();
    let sent = std::process::Command::new("kill")
        .args([which, &own])
        .status();
    // Where there is no `kill`, this is nearly as rude.
    if which == "-KILL" || sent.is_err() {
        std::process::exit(137);
    }
}

impl FromStr for Switches {
    type Err = String;

    /// Reads `plant:NAME`, `kill:POINT:CALL:NTH` and `freeze:POINT:CALL:NTH`, separated by commas.
    /// One worker either dies or freezes.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut switches = Self::default();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let parts: Vec<&str> = word.split(':').collect();
            match parts.as_slice() {
                ["plant", "read-back-off"] => {
                    switches.plants.insert(Plant::ReadBackOff);
                }
                ["plant", "accept-before-order"] => {
                    switches.plants.insert(Plant::AcceptBeforeOrder);
                }
                ["plant", "cursor-past-failure"] => {
                    switches.plants.insert(Plant::CursorPastFailure);
                }
                ["plant", "in-flight-off"] => {
                    switches.plants.insert(Plant::InFlightOff);
                }
                [what @ ("kill" | "freeze"), point, call, nth] => {
                    switches.freezes = *what == "freeze";
                    let point = match *point {
                        "before-look" => Point::BeforeLook,
                        "before-send" => Point::BeforeSend,
                        "after-answer" => Point::AfterAnswer,
                        other => return Err(format!("`{other}` is no point of a call")),
                    };
                    let nth = nth.parse().ok().filter(|nth| *nth > 0);
                    let nth = nth.ok_or_else(|| format!("`{word}` names no call to die at"))?;
                    switches.kills().insert((point, (*call).to_owned()), nth);
                }
                _ => return Err(format!("`{word}` is no switch")),
            }
        }
        Ok(switches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_point_is_reached_at_its_nth_call_only() {
        let switches: Switches = "kill:after-answer:OR21:2".parse().unwrap();
        assert!(!switches.counts_down(Point::AfterAnswer, "OR24"));
        assert!(!switches.counts_down(Point::BeforeSend, "OR21"));
        assert!(!switches.counts_down(Point::AfterAnswer, "OR21"));
        assert!(switches.counts_down(Point::AfterAnswer, "OR21"));
    }

    #[test]
    fn nothing_is_on_by_itself_and_rubbish_is_refused() {
        assert!(Switches::default().is_off());
        assert!("".parse::<Switches>().unwrap().is_off());
        let planted: Switches = "plant:read-back-off".parse().unwrap();
        assert!(planted.is_planted(Plant::ReadBackOff) && !planted.is_off());
        for bad in [
            "plant:x",
            "kill:before-send:OR21",
            "kill:now:OR21:1",
            "kill:before-send:OR21:0",
        ] {
            assert!(bad.parse::<Switches>().is_err(), "{bad}");
        }
    }
}
