//! How often each call may be made, and how gates behave.

use std::collections::BTreeMap;
use std::time::Duration;

use activities::Limits;
use domain::frequency::{Frequencies, shortest_interval};

use super::section::{At, Key, Section, as_number, key};
use super::{Config, Gates};

/// What a pull is: its interval may not be shorter than it is allowed.
pub(super) struct Pull {
    /// The call.
    call: &'static str,
    /// What is pulled.
    what: &'static str,
    /// The key of its interval.
    key: Key,
    /// Its interval, where that is allowed.
    usual_s: f64,
}

/// Orders.
pub(super) const ORDERS: Pull = Pull {
    call: "OR11",
    what: "orders",
    key: key("poll_s", "60"),
    usual_s: 60.0,
};
/// Returns.
pub(super) const RETURNS: Pull = Pull {
    call: "RT11",
    what: "returns",
    key: key("returns_poll_s", "300"),
    usual_s: 300.0,
};
/// Longest interval of a call: a week.
const LONGEST_S: f64 = 7.0 * 86_400.0;

/// `[gates]`.
pub(super) fn gates(section: Section<'_>) -> Gates {
    let longest_probe = section.seconds(key("probe_s_max", "60"), 60.0, 0.1..=60.0);
    let drain_per_s = section.number(key("drain_per_s", "5"), 5.0, 0.1..=500.0);
    section.close();
    Gates {
        longest_probe,
        drain_per_s,
    }
}

/// `every_s`: intervals of calls, by their codes. Shorter ones than published are for simulators.
pub(super) fn every(section: &Section<'_>, simulated: bool) -> BTreeMap<String, Duration> {
    let example = key("every_s", "{ OR11 = 900 }");
    let Some(At { line, value }) = section.find(example.name) else {
        return BTreeMap::new();
    };
    let Some(table) = value.as_table() else {
        section.wrong(line, example, "is not a table of calls and seconds");
        return BTreeMap::new();
    };
    let mut every = BTreeMap::new();
    for (call, seconds) in table {
        let name = call.get_ref().as_ref();
        let line = section.source.line(call.span().start);
        let number = as_number(seconds.get_ref()).filter(|s| (0.05..=LONGEST_S).contains(s));
        let Some(seconds) = number.filter(|_| is_call(name)) else {
            section.wrong(
                line,
                example,
                "holds what is no call of Mirakl with its seconds",
            );
            continue;
        };
        let (interval, least) = (Duration::from_secs_f64(seconds), shortest_interval(name));
        if interval < least && !simulated {
            let least = least.as_secs_f64();
            section.refuse(
                line,
                format!(
                    "`every_s`: {name} every {seconds} s, and Mirakl allows it every {least} s"
                ),
                format!("write {least} or more; less is for a simulator on this machine"),
            );
            continue;
        }
        every.insert(name.to_owned(), interval);
    }
    every
}

fn is_call(name: &str) -> bool {
    let letters = name.bytes().take_while(u8::is_ascii_uppercase).count();
    (1..=3).contains(&letters)
        && name.len() == letters + 2
        && name.bytes().skip(letters).all(|b| b.is_ascii_digit())
}

/// As often as something may be pulled, or less.
pub(super) fn poll(
    pull: &Pull,
    section: &Section<'_>,
    every: &BTreeMap<String, Duration>,
    simulated: bool,
) -> Duration {
    let usual = if simulated {
        Duration::ZERO
    } else {
        shortest_interval(pull.call)
    };
    let least = every.get(pull.call).copied().unwrap_or(usual);
    let default = least.as_secs_f64().max(pull.usual_s);
    let poll = section.seconds(pull.key, default, 0.2..=86_400.0);
    let name = pull.key.name;
    if let Some(At { line, .. }) = section.find(name)
        && poll < least
    {
        let (poll, least) = (poll.as_secs_f64(), least.as_secs_f64());
        let Pull { call, what, .. } = pull;
        section.refuse(
            line,
            format!("`{name}` is {poll}, and {what} may be pulled ({call}) every {least} s"),
            format!("write `{name} = {least}`, or more"),
        );
    }
    poll
}

impl Config {
    /// Limits of calls and pace of gates.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let of = |shop: &super::Marketplace| Frequencies {
            every: shop.every.clone(),
            simulated: super::web::is_here(&shop.base_url).then_some(shop.poll),
        };
        let shops = self.marketplaces.iter();
        Limits {
            shops: shops.map(|shop| (shop.code.clone(), of(shop))).collect(),
            longest_probe: self.gates.longest_probe,
            drain_per_s: self.gates.drain_per_s,
        }
    }
}
