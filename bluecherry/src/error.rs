//! Why a call failed, by what the caller can do about it.

use std::time::Duration;

use domain::retry::{Fate, Retry};

use crate::unreadable::{Problem, Unreadable};

/// How long a call waits whose key, or its right, is refused.
const KEY_WAIT: Duration = Duration::from_secs(60);

/// A failed call. It names the call and holds codes, never a key, address, body or message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The call never left: no connection was made. Nothing was written.
    #[error("{call}: not sent")]
    NotSent {
        /// Operation.
        call: &'static str,
        /// What was in the way.
        #[source]
        obstacle: Obstacle,
    },
    /// The call cannot be sent as it is: a value does not fit an address or a header.
    #[error("{call}: `{field}` cannot be sent")]
    Unsendable {
        /// Operation.
        call: &'static str,
        /// Name of the value.
        field: &'static str,
    },
    /// A write whose answer was lost: it may have been done. Look it up before sending it again.
    #[error("{call}: outcome unknown")]
    Unknown {
        /// Operation.
        call: &'static str,
        /// How the answer was lost.
        #[source]
        loss: Loss,
    },
    /// A read that got no usable answer. Ask again.
    #[error("{call}: no usable answer")]
    Unreachable {
        /// Operation.
        call: &'static str,
        /// How the answer was lost.
        #[source]
        loss: Loss,
    },
    /// Not now, said by the site: nothing was done. Ask again.
    #[error("{call}: not available ({code})")]
    Unavailable {
        /// Operation.
        call: &'static str,
        /// `unavailable`, `quiet_window`, `batch_running`, …
        code: String,
        /// How long to wait, when the site says.
        wait: Option<Duration>,
    },
    /// Too many calls; nothing was done. Wait.
    #[error("{call}: throttled")]
    Throttled {
        /// Operation.
        call: &'static str,
        /// How long to wait, when the site says.
        wait: Option<Duration>,
    },
    /// The site said no; nothing was done. The same call would be answered the same.
    #[error("{call}: refused with {status} ({})", code.as_deref().unwrap_or("no code"))]
    Refused {
        /// Operation.
        call: &'static str,
        /// HTTP status.
        status: u16,
        /// Code of the profile.
        code: Option<String>,
        /// Field of the body it is about.
        field: Option<String>,
        /// Number of what is there already.
        existing_id: Option<String>,
    },
    /// The key is missing or wrong. Nothing was done.
    #[error("{call}: the key is not accepted")]
    Unauthorized {
        /// Operation.
        call: &'static str,
    },
    /// The key lacks the right for this operation. Nothing was done.
    #[error("{call}: the key lacks the right")]
    Forbidden {
        /// Operation.
        call: &'static str,
    },
    /// The site knows nothing by this number.
    #[error("{call}: not found")]
    NotFound {
        /// Operation.
        call: &'static str,
    },
    /// A read was answered with what this client cannot read.
    #[error("{call}: unreadable answer at `{path}`")]
    Unreadable {
        /// Operation.
        call: &'static str,
        /// JSON path.
        path: String,
        /// What is wrong there.
        source: Problem,
    },
    /// A read was answered with more than the client takes.
    #[error("{call}: answer larger than {limit} bytes")]
    TooLarge {
        /// Operation.
        call: &'static str,
        /// The most it takes.
        limit: usize,
    },
    /// The client cannot be made from this configuration.
    #[error("bluecherry client: {what}")]
    Config {
        /// What is wrong.
        what: &'static str,
    },
}

/// How an answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// None came in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke.
    #[error("connection lost")]
    ConnectionLost,
    /// A status that says nothing about what was done.
    #[error("status {status} without a readable error")]
    Status {
        /// HTTP status.
        status: u16,
        /// How long to wait, when the answer says.
        wait: Option<Duration>,
    },
    /// An answer of success that cannot be read.
    #[error(transparent)]
    Unreadable(Unreadable),
    /// An answer of success larger than the client takes.
    #[error("answer too large")]
    TooLarge,
    /// A look-up that says itself that rows are missing.
    #[error("incomplete answer")]
    Incomplete,
}

/// Why no connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// No connection in time.
    #[error("connection timed out")]
    TimedOut,
    /// The other side cannot prove who it is, or speaks no TLS that we do.
    #[error("no trusted TLS connection")]
    Tls,
    /// Anything else, such as an unknown host name.
    #[error("no connection")]
    Other,
}

impl Error {
    /// What may be done next.
    #[must_use]
    pub fn retry(&self) -> Retry {
        let after = |wait: Option<Duration>| wait.map_or(Retry::Backoff, Retry::After);
        match self {
            Self::NotSent { .. } => Retry::Backoff,
            Self::Unknown { loss, .. } | Self::Unreachable { loss, .. } => match loss {
                Loss::Status { wait, .. } => after(*wait),
                _ => Retry::Backoff,
            },
            Self::Unavailable { wait, .. } | Self::Throttled { wait, .. } => after(*wait),
            // The same call goes through once a person has set the key right.
            Self::Unauthorized { .. } | Self::Forbidden { .. } => Retry::After(KEY_WAIT),
            // A page of HTML, or half an answer: a gateway or a broken line; another shape stays so.
            Self::Unreadable {
                source: Problem::NotJson | Problem::CutShort,
                ..
            } => Retry::Backoff,
            // Not even the root is what it should be, or rows got lost on the way: the next may be whole.
            Self::Unreadable { path, .. } if matches!(path.as_str(), "$" | "count") => {
                Retry::Backoff
            }
            Self::Unsendable { .. }
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::Config { .. } => Retry::Never,
        }
    }

    /// What the call left behind. Only [`Error::Unknown`] leaves that open.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unknown { .. } => Fate::Unknown,
            _ => Fate::NotDone,
        }
    }

    /// Code of the profile, when the site gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unavailable { code, .. } => Some(code),
            Self::Refused { code, .. } => code.as_deref(),
            Self::Throttled { .. } => Some("throttled"),
            Self::Unauthorized { .. } => Some("unauthorized"),
            Self::Forbidden { .. } => Some("forbidden"),
            Self::NotFound { .. } => Some("not_found"),
            _ => None,
        }
    }

    /// Operation of the profile, such as `create_sales_order`.
    #[must_use]
    pub fn call(&self) -> &'static str {
        match self {
            Self::NotSent { call, .. }
            | Self::Unsendable { call, .. }
            | Self::Unknown { call, .. }
            | Self::Unreachable { call, .. }
            | Self::Unavailable { call, .. }
            | Self::Throttled { call, .. }
            | Self::Refused { call, .. }
            | Self::Unauthorized { call }
            | Self::Forbidden { call }
            | Self::NotFound { call }
            | Self::Unreadable { call, .. }
            | Self::TooLarge { call, .. } => call,
            Self::Config { .. } => "configuration",
        }
    }
}
