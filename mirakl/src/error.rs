//! What a failed call leaves the caller to do.

use std::time::Duration;

use domain::retry::{Fate, Retry};

use crate::answer::{Malformed, MalformedKind};
use crate::cause::{Cause, at};

/// How long a call waits whose key, or its right, is refused.
const KEY_WAIT: Duration = Duration::from_secs(60);

/// Why a call brought no result, by what the caller can do about it.
///
/// No text here holds a key, an address or any part of a body: codes, counts and JSON paths only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection was made, so Mirakl saw nothing: send it again later.
    #[error("{call} was not sent")]
    NotSent {
        /// Operation code, such as `OR21`.
        call: &'static str,
        /// What failed.
        source: Cause,
    },
    /// A write went out and no usable answer came back: it may have been done. Look before sending again.
    #[error("{call} may have been done, its answer was lost")]
    Unknown {
        /// Operation code.
        call: &'static str,
        /// How the answer was lost.
        source: Cause,
    },
    /// A read brought no answer: ask again later.
    #[error("{call} brought no answer")]
    Unreachable {
        /// Operation code.
        call: &'static str,
        /// How the answer was lost.
        source: Cause,
    },
    /// Called too often: wait as told, for this operation and shop.
    #[error("{call} is throttled for {} s", wait.as_secs())]
    Throttled {
        /// Operation code.
        call: &'static str,
        /// What `Retry-After` said; a minute if it said nothing.
        wait: Duration,
        /// Did it say anything?
        told: bool,
    },
    /// Mirakl said no, and nothing was written: what was asked, or the state it meets, must change first.
    #[error("{call} was refused with status {status}{}{}", in_brackets(code.as_deref()), of_balance(*lacks_balance))]
    Refused {
        /// Operation code.
        call: &'static str,
        /// HTTP status, of 3xx (no redirect is followed) or 4xx.
        status: u16,
        /// Mirakl's code for it, where it sent one.
        code: Option<String>,
        /// Mirakl's own words, of calls alone whose requests hold nothing personal that a message could
        /// quote: refunds, cancelations and incidents. Of all others the message is dropped.
        says: Option<String>,
        /// The message names the shop's balance: the same refund goes through once sales of the shop
        /// have filled it, or at the operator's hand.
        lacks_balance: bool,
    },
    /// The shop key is missing or wrong: a person must set a valid one.
    #[error("{call} was refused: the key is not valid")]
    Unauthorized {
        /// Operation code.
        call: &'static str,
    },
    /// The key is valid and lacks the right for this operation: a person must grant the role.
    #[error("{call} was refused: the key lacks the right")]
    Forbidden {
        /// Operation code.
        call: &'static str,
    },
    /// What the call names does not exist for this shop, or the base address is wrong.
    #[error("{call} found nothing{}", in_brackets(code.as_deref()))]
    NotFound {
        /// Operation code.
        call: &'static str,
        /// Mirakl's code for it, where it sent one.
        code: Option<String>,
    },
    /// A read was answered with something this client cannot read.
    #[error("{call} answered what cannot be read{}", at(path))]
    Unreadable {
        /// Operation code.
        call: &'static str,
        /// JSON path of the first thing that cannot be read; empty at the root.
        path: String,
        /// What is wrong there.
        source: Malformed,
    },
    /// A read was answered with more than `max_body` bytes: ask for less, or allow more.
    #[error("{call} answered more than this client accepts")]
    TooLarge {
        /// Operation code.
        call: &'static str,
    },
    /// Mirakl named a file outside of the marketplace's own address: it is not asked for.
    #[error("{call} would leave the marketplace's own address")]
    Elsewhere {
        /// Operation code.
        call: &'static str,
    },
    /// The configuration, or an argument out of its bounds: nothing was sent.
    #[error("{call} cannot be sent: {what}")]
    Config {
        /// Operation code, or `client` while the client is made.
        call: &'static str,
        /// What is wrong.
        what: &'static str,
    },
}

fn in_brackets(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

fn of_balance(lacks_balance: bool) -> &'static str {
    if lacks_balance {
        ": the shop's balance is too small"
    } else {
        ""
    }
}

impl Error {
    /// What may be done after this failure.
    ///
    /// After [`Fate::Unknown`], `Backoff` means: look first whether it was done, then send again.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotSent { .. } | Self::Unknown { .. } | Self::Unreachable { .. } => {
                Retry::Backoff
            }
            Self::Throttled { wait, .. } => Retry::After(*wait),
            // A page of HTML is a gateway or a maintenance window; JSON of another shape stays so.
            Self::Unreadable { source, .. } if source.kind == MalformedKind::NotJson => {
                Retry::Backoff
            }
            // The same call goes through once a person has set the key right.
            Self::Unauthorized { .. } | Self::Forbidden { .. } => Retry::After(KEY_WAIT),
            // Not even the root is what it should be, or the answer contradicts itself (it has no
            // column then), as a page that lost its rows: the next may be whole.
            Self::Unreadable { path, source, .. } if path.is_empty() || source.column == 0 => {
                Retry::Backoff
            }
            Self::Unreadable { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::Elsewhere { .. }
            | Self::Config { .. } => Retry::Never,
        }
    }

    /// What this failure left behind at Mirakl.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unknown { .. } => Fate::Unknown,
            _ => Fate::NotDone,
        }
    }

    /// Mirakl's code for its refusal, such as `ORDER_INVALID_STATE`, where it sent one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } | Self::NotFound { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Mirakl's own words for its refusal of a refund, a cancelation or an incident; plain letters, cut
    /// at 200.
    #[must_use]
    pub fn says(&self) -> Option<&str> {
        match self {
            Self::Refused { says, .. } => says.as_deref(),
            _ => None,
        }
    }

    /// Whether the shop's balance was too small for a refund: nothing is wrong with what was asked.
    #[must_use]
    pub fn lacks_balance(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                lacks_balance: true,
                ..
            }
        )
    }

    /// Operation code of the call that failed; `client` while the client is made.
    #[must_use]
    pub fn call(&self) -> &'static str {
        match self {
            Self::NotSent { call, .. }
            | Self::Unknown { call, .. }
            | Self::Unreachable { call, .. }
            | Self::Throttled { call, .. }
            | Self::Refused { call, .. }
            | Self::Unauthorized { call }
            | Self::Forbidden { call }
            | Self::NotFound { call, .. }
            | Self::Unreadable { call, .. }
            | Self::TooLarge { call }
            | Self::Elsewhere { call }
            | Self::Config { call, .. } => call,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_may_be_done_and_what_was_left_behind() {
        let call = "OR21";
        let wait = Duration::from_secs(7);
        let malformed = |kind| Malformed {
            kind,
            line: 1,
            column: 2,
        };
        let unreadable = |kind| Error::Unreadable {
            call,
            path: "orders".into(),
            source: malformed(kind),
        };
        for (error, retry, fate, text) in [
            (
                Error::NotSent {
                    call,
                    source: Cause::Dns,
                },
                Retry::Backoff,
                Fate::NotDone,
                "OR21 was not sent",
            ),
            (
                Error::Unknown {
                    call,
                    source: Cause::Timeout,
                },
                Retry::Backoff,
                Fate::Unknown,
                "OR21 may have been done, its answer was lost",
            ),
            (
                Error::Unreachable {
                    call,
                    source: Cause::Status(502),
                },
                Retry::Backoff,
                Fate::NotDone,
                "OR21 brought no answer",
            ),
            (
                Error::Throttled {
                    call,
                    wait,
                    told: true,
                },
                Retry::After(wait),
                Fate::NotDone,
                "OR21 is throttled for 7 s",
            ),
            (
                Error::Refused {
                    call,
                    status: 400,
                    code: Some("ORDER_INVALID_STATE".into()),
                    says: None,
                    lacks_balance: false,
                },
                Retry::Never,
                Fate::NotDone,
                "OR21 was refused with status 400 (ORDER_INVALID_STATE)",
            ),
            (
                Error::Unauthorized { call },
                Retry::After(KEY_WAIT),
                Fate::NotDone,
                "OR21 was refused: the key is not valid",
            ),
            (
                Error::Forbidden { call },
                Retry::After(KEY_WAIT),
                Fate::NotDone,
                "OR21 was refused: the key lacks the right",
            ),
            (
                Error::NotFound { call, code: None },
                Retry::Never,
                Fate::NotDone,
                "OR21 found nothing",
            ),
            (
                unreadable(MalformedKind::NotJson),
                Retry::Backoff,
                Fate::NotDone,
                "OR21 answered what cannot be read at orders",
            ),
            (
                unreadable(MalformedKind::Shape),
                Retry::Never,
                Fate::NotDone,
                "OR21 answered what cannot be read at orders",
            ),
            (
                Error::TooLarge { call },
                Retry::Never,
                Fate::NotDone,
                "OR21 answered more than this client accepts",
            ),
            (
                Error::Elsewhere { call },
                Retry::Never,
                Fate::NotDone,
                "OR21 would leave the marketplace's own address",
            ),
            (
                Error::Config {
                    call,
                    what: "no order",
                },
                Retry::Never,
                Fate::NotDone,
                "OR21 cannot be sent: no order",
            ),
        ] {
            assert_eq!(
                (
                    error.retry(),
                    error.fate(),
                    error.to_string().as_str(),
                    error.call()
                ),
                (retry, fate, text, call)
            );
        }
    }
}
