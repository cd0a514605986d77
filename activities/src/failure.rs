//! The one place where an error becomes a Temporal failure.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use domain::marketplace::MarketplaceCode;
use domain::retry::Retry;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

/// The one failure that is not tried again, because what it belongs to is gone.
const OTHER_LEDGER: &str = "OtherLedger";

/// Why an activity could not go on now. Its text holds calls, codes and paths, never content.
#[derive(Debug)]
pub struct Failure {
    /// Type of the failure in Temporal: whose it is.
    pub kind: &'static str,
    /// The chain of causes, outermost first.
    pub text: String,
    /// What may be done.
    pub retry: Retry,
}

impl Failure {
    /// Another run took this one's work over.
    pub(crate) const LEASE_LOST: &'static str = "LeaseLost";

    fn of(kind: &'static str, error: &(dyn Error + 'static), retry: Retry) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self { kind, text, retry }
    }

    /// The order's shop is not in this worker's configuration.
    pub(crate) fn not_configured(code: &MarketplaceCode) -> Self {
        let text =
            format!("marketplace {code} is not in this worker's bcm.toml: add it and restart");
        Self {
            kind: "NotConfigured",
            text,
            retry: Retry::Backoff,
        }
    }

    /// An answer was lost: ask again once a slow server must have shown what it did.
    pub(crate) fn ask_later(call: &str, wait: Duration) -> Self {
        let text = format!("{call}: the answer was lost; asks again when the write must show");
        Self {
            kind: "AnswerLost",
            text,
            retry: Retry::After(wait.max(Duration::from_millis(50))),
        }
    }

    /// Another attempt of the same step was quicker: what it left is looked at right away.
    pub(crate) fn overtaken(step: &str) -> Self {
        let text = format!("{step}: another attempt ended it meanwhile");
        Self {
            kind: "Overtaken",
            text,
            retry: Retry::After(Duration::from_millis(50)),
        }
    }

    /// Nothing was sent: a gate, a closed call or a budget says when to come back.
    pub(crate) fn not_now(kind: &'static str, text: String, wait: Duration) -> Self {
        let text = format!("{text}; comes back in {:.1} s", wait.as_secs_f64());
        Self {
            kind,
            text,
            retry: Retry::After(wait.max(Duration::from_millis(50))),
        }
    }

    /// Did only a budget stand in the way?
    pub(crate) fn is_budget(&self) -> bool {
        self.kind == "Budget"
    }

    /// The same, to be tried sooner where only a budget stood in the way.
    pub(crate) fn within_if_budget(self, longest: Duration) -> Self {
        match self.retry {
            Retry::After(wait) if self.is_budget() => Self {
                retry: Retry::After(wait.min(longest)),
                ..self
            },
            _ => self,
        }
    }

    /// The attempt was let go before it ended; the next one, at this worker or another, asks first.
    pub(crate) fn handed_over() -> Self {
        Self {
            kind: "HandedOver",
            text: "the attempt was let go; the next one looks what became of it".to_owned(),
            retry: Retry::After(Duration::from_millis(50)),
        }
    }

    /// The attempt stood still between its note and its send, as a stopped process does: nothing was
    /// sent, and what another attempt did meanwhile is looked at first.
    pub(crate) fn too_late(call: &str) -> Self {
        let text = format!("{call}: not sent, the time noted for it is used up; asks anew");
        Self {
            kind: "TooLate",
            text,
            retry: Retry::After(Duration::from_millis(50)),
        }
    }

    /// The work belongs to a ledger that is not there any more: it ends.
    pub(crate) fn other_ledger(what: &str) -> Self {
        Self {
            kind: OTHER_LEDGER,
            text: format!("{what} is of another ledger than this worker has: it ends"),
            retry: Retry::Never,
        }
    }

    /// Temporal itself could not be reached, or refused.
    pub(crate) fn temporal(doing: &str, error: &(dyn Error + 'static)) -> Self {
        let failure = Self::of("Temporal", error, Retry::Backoff);
        Self {
            text: format!("{doing}: {}", failure.text),
            ..failure
        }
    }

    /// Something is not as it must be; engineering looks, and the step is tried again.
    pub(crate) fn unexpected(text: String) -> Self {
        Self {
            kind: "Unexpected",
            text,
            retry: Retry::Backoff,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)
    }
}

impl Error for Failure {}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        let kind = match error {
            ledger::Error::LeaseLost => Self::LEASE_LOST,
            _ => "Ledger",
        };
        Self::of(kind, &error, error.retry())
    }
}

impl From<mirakl::Error> for Failure {
    fn from(error: mirakl::Error) -> Self {
        Self::of("Mirakl", &error, error.retry())
    }
}

impl From<bluecherry::Error> for Failure {
    fn from(error: bluecherry::Error) -> Self {
        Self::of("BlueCherry", &error, error.retry())
    }
}

/// Turns a failure into Temporal's. All are tried again but one: what a person must settle is a
/// blocked step and never comes here, and a fault of the program waits for its fix without losing the
/// order. What belongs to a lost ledger is over, and no retry brings it back.
pub(crate) fn failure(failure: Failure) -> ActivityError {
    match failure.kind {
        // One incident tells of all who wait.
        "EndpointDown" | "KeyRefused" | "RightMissing" | "Throttled" | "Budget" | "Draining" => {
            tracing::debug!(kind = failure.kind, "{}", failure.text);
        }
        kind => tracing::warn!(kind, "{}", failure.text),
    }
    let after = match failure.retry {
        Retry::After(wait) => Some(wait),
        Retry::Never => Some(Duration::from_secs(300)),
        Retry::Backoff => None,
    };
    let is_over = failure.kind == OTHER_LEDGER;
    let failure = ApplicationFailure::builder(Text(failure.text))
        .type_name(failure.kind.to_owned())
        .maybe_next_retry_delay(after)
        .non_retryable(is_over)
        .build();
    ActivityError::application(failure)
}

/// A failure's text as an error.
#[derive(Debug)]
struct Text(String);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Text {}
