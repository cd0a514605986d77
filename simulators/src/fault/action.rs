//! The words of a fault, and what each does.

use std::str::FromStr;
use std::time::Duration;

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
    /// The answer is spoiled on its way.
    Spoil {
        /// How.
        how: Spoil,
        /// The work is done first. A write without it is not done; a read makes no difference.
        after_commit: bool,
    },
    /// The system itself behaves otherwise for this call.
    Ask(Ask),
    /// The answer's JSON says something else.
    Reshape(Reshape),
}

/// How an answer is spoiled on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// One byte at a time, with so long between two.
    Drip(Duration),
    /// The body ends early under its full length; a chunked one ends inside a chunk.
    Truncate {
        /// Sent in chunks, without a length.
        chunked: bool,
    },
    /// A length shorter than the body that follows.
    WrongLength,
    /// A page for people, with status 200.
    Html,
    /// Status 200 and no body.
    Empty,
    /// Status 200 and the JSON `null`.
    Null,
    /// Few compressed bytes that unpack to very many.
    Gzip,
    /// So many megabytes of white space before the answer.
    Huge(u64),
    /// No answer until the caller gives up.
    Never,
}

/// How the system behaves for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// 429 until the window of the operation is over.
    Throttle {
        /// Says how long in `Retry-After`.
        tells: bool,
        /// Seconds to say instead of the window's rest.
        wait_s: Option<u64>,
    },
    /// Reads show the state of so long ago, in real time.
    StaleReads(Duration),
    /// Elements about the rule's key are refused inside a 2xx.
    Partial,
    /// Rows stand in another order, and so on other pages.
    Shuffle,
    /// Rows come twice.
    Repeat,
}

/// How the JSON of an answer is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reshape {
    /// A word that nobody knows, in the system's own states or in the field named.
    NewWords(Option<String>),
    /// A field that nobody knows in every object.
    NewFields,
    /// Optional fields are left out, or the field at this path of each row.
    MissingFields(Option<String>),
    /// `Date` and every moment in the answer are off by so many seconds.
    Skew(i64),
}

/// The words an [`Action`] is written in and what they mean, for messages and help.
pub const ACTIONS: &str = "\
status:NNN, status:429:SECONDS (that answer, nothing done), \
status-after-commit:NNN (done, then that answer), \
delay_ms:N (waits, then goes on), delay-after-commit_ms:N (done, then the answer waits), \
reset, reset-after-commit (the connection breaks), \
throttle, throttle:SECONDS (429 with Retry-After), throttle-bare (429 without); \
with -after-commit after the word where the work is to be done first: \
drip:MS (a byte at a time), truncate, truncate:chunked (the body ends early), \
wrong-length (a length below the body's), html, empty, null (200 with that body), \
gzip (unpacks to very much), huge:MB (so much white space first), \
never (no answer until the caller gives up); \
stale-reads:SECONDS (the state of so long ago), partial (refused inside a 2xx), \
new-words, new-words:FIELD (a word nobody knows), new-fields (fields nobody knows), \
missing-fields (optional fields left out), missing-fields:PATH (that one), \
shuffle (rows on other pages), repeat (rows twice), skew:SECONDS (Date and stamps off)";

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
            (_, _, "") => later(word, first)?.ok_or_else(|| unknown(text))?,
            _ => return Err(unknown(text)),
        };
        Ok(action)
    }
}

/// The action of a word with at most one argument.
fn later(word: &str, of: &str) -> Result<Option<Action>, String> {
    if let Some(ask) = ask(word, of)? {
        return Ok(Some(Action::Ask(ask)));
    }
    if let Some(reshape) = reshape(word, of)? {
        return Ok(Some(Action::Reshape(reshape)));
    }
    let (word, after_commit) = word
        .strip_suffix("-after-commit")
        .map_or((word, false), |word| (word, true));
    let how = match (word, of) {
        ("drip", ms) => Spoil::Drip(Duration::from_millis(number(ms)?)),
        ("truncate", "") => Spoil::Truncate { chunked: false },
        ("truncate", "chunked") => Spoil::Truncate { chunked: true },
        ("wrong-length", "") => Spoil::WrongLength,
        ("html", "") => Spoil::Html,
        ("empty", "") => Spoil::Empty,
        ("null", "") => Spoil::Null,
        ("gzip", "") => Spoil::Gzip,
        ("huge", mb) => Spoil::Huge(number(mb)?),
        ("never", "") => Spoil::Never,
        _ => return Ok(None),
    };
    Ok(Some(Action::Spoil { how, after_commit }))
}

fn ask(word: &str, of: &str) -> Result<Option<Ask>, String> {
    let ask = match (word, of) {
        ("throttle", "") => Ask::Throttle {
            tells: true,
            wait_s: None,
        },
        ("throttle", wait) => Ask::Throttle {
            tells: true,
            wait_s: Some(number(wait)?),
        },
        ("throttle-bare", "") => Ask::Throttle {
            tells: false,
            wait_s: None,
        },
        ("stale-reads", seconds) => Ask::StaleReads(Duration::from_secs(number(seconds)?)),
        ("partial", "") => Ask::Partial,
        ("shuffle", "") => Ask::Shuffle,
        ("repeat", "") => Ask::Repeat,
        _ => return Ok(None),
    };
    Ok(Some(ask))
}

fn reshape(word: &str, of: &str) -> Result<Option<Reshape>, String> {
    let named = || Some(of.to_owned()).filter(|name| !name.is_empty());
    let reshape = match (word, of) {
        ("new-words", _) => Reshape::NewWords(named()),
        ("new-fields", "") => Reshape::NewFields,
        ("missing-fields", _) => Reshape::MissingFields(named()),
        ("skew", seconds) => Reshape::Skew(number(seconds)?),
        _ => return Ok(None),
    };
    Ok(Some(reshape))
}

fn unknown(text: &str) -> String {
    format!("unknown fault action `{text}`; known are: {ACTIONS}")
}

fn code(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| {
            format!("`{text}` is no status for a fault: a number from 200 to 599 is expected")
        })
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| format!("`{text}` in a fault action is not a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_help_is_an_action_and_its_form_after_the_commit_too() {
        for text in [
            "drip:5",
            "truncate",
            "truncate:chunked",
            "wrong-length",
            "html",
            "empty",
            "null",
            "gzip",
            "huge:3",
            "never",
        ] {
            let (word, of) = text.split_once(':').unwrap_or((text, ""));
            let after = format!("{word}-after-commit:{of}");
            let forms = [text, after.trim_end_matches(':')].map(|text| text.parse::<Action>());
            let told = forms.map(|form| match form {
                Ok(Action::Spoil { how, after_commit }) => (how, after_commit),
                other => panic!("{text}: {other:?}"),
            });
            assert_eq!(told[0].0, told[1].0);
            assert_eq!((told[0].1, told[1].1), (false, true), "{text}");
        }
        for text in [
            "throttle",
            "throttle:7",
            "throttle-bare",
            "stale-reads:5",
            "partial",
            "new-words",
            "new-words:status",
            "new-fields",
            "missing-fields",
            "missing-fields:order_lines.price",
            "shuffle",
            "repeat",
            "skew:-600",
        ] {
            assert!(text.parse::<Action>().is_ok(), "{text}");
            let word = text.split(':').next().unwrap_or_default();
            assert!(ACTIONS.contains(word), "{word} is not explained");
        }
    }

    #[test]
    fn what_is_no_action_is_refused_with_the_known_ones() {
        for text in [
            "",
            "rest",
            "status",
            "status:99",
            "reset:5",
            "delay_ms:soon",
            "drip",
            "huge:x",
            "stale-reads",
            "never:5",
            "partial-after-commit",
            "skew",
        ] {
            assert!(text.parse::<Action>().is_err(), "{text}");
        }
        let words = "explode".parse::<Action>().unwrap_err();
        assert!(words.contains("reset-after-commit"), "{words}");
    }
}
