//! What a call of the ledger can fail with.

use domain::retry::Retry;

/// Answer of every call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. No text here quotes what is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database did not answer, or refused the statement: ask again later.
    #[error("the ledger is not available while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A master key is 32 bytes in base64; this one is not.
    #[error("the master key is not 32 bytes in base64")]
    BadMasterKey,
    /// The ledger was made with another master key.
    #[error("the master key is not the one this ledger was made with")]
    WrongMasterKey,
    /// The ledger is not the one that runs already know.
    #[error("this is ledger {found}, and ledger {expected} was expected")]
    OtherLedger {
        /// The one that was expected.
        expected: String,
        /// The one that is here.
        found: String,
    },
    /// There is no such row.
    #[error("the ledger has no such row")]
    NotFound,
    /// What is stored cannot be read: changed from outside, or written by a much newer program.
    #[error("the ledger cannot read {what}")]
    Corrupt {
        /// Which part.
        what: &'static str,
    },
    /// Another holds the lease of this stock: what the caller does is another's now.
    #[error("another run took the stock over")]
    LeaseLost,
    /// The order was erased: its personal data is gone for good.
    #[error("the order's personal data was erased")]
    Forgotten,
    /// A person's decision could not be appended to the export, and so was not recorded either.
    #[error("the decision cannot be written to the export")]
    NotExported {
        /// What the file system said.
        source: std::io::Error,
    },
    /// The address of the ledger is neither SQLite nor PostgreSQL, or cannot be read.
    #[error("the ledger's address must start with sqlite: or postgres:")]
    BadAddress,
}

impl Error {
    /// What may be done about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Backoff,
            _ => Retry::Never,
        }
    }
}

/// Names what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| match source {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
                Error::Corrupt { what: doing }
            }
            source => Error::Unavailable { doing, source },
        })
    }
}
