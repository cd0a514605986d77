//! What a person uses: the verbs of the command line.
//!
//! A verb reads the ledger, or speaks to a run through Temporal, and answers with an [`Output`];
//! printing it is left to the program. Every list says whose answer it is and of when. Nothing
//! here opens what is sealed, so no name, address or telephone number can come out.

use jiff::Timestamp;

mod advice;
pub mod check;
pub mod error;
pub mod exceptions;
pub mod feeds;
pub mod gates;
pub mod ledger;
pub mod mappings;
pub mod orders;
pub mod render;
pub mod status;
pub mod stock;
pub mod sweep;
mod temporal;
#[cfg(test)]
mod tests;
mod words;

pub use error::{Trouble, failed};
pub use temporal::run_address;

/// What the verbs work with.
pub struct Surroundings {
    /// What was seen, meant, sent and went wrong.
    pub ledger: ::ledger::Ledger,
    /// Where the runs are; lists and reports work without.
    pub temporal: Option<temporalio_client::Client>,
    /// Base address of Temporal's web UI.
    pub temporal_ui: Option<String>,
    /// Temporal namespace of the runs.
    pub namespace: String,
    /// JSON instead of tables?
    pub json: bool,
    /// The moment that ages and deadlines are measured from.
    pub now: Timestamp,
    /// May colours be used?
    pub color: bool,
    /// Columns of the terminal; `None` never wraps.
    pub width: Option<u16>,
}

impl Surroundings {
    /// How answers are to look.
    pub fn look(&self) -> render::Look {
        render::Look {
            json: self.json,
            color: self.color,
            width: self.width,
        }
    }
}

/// What to print, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Ends with a line feed.
    pub text: String,
    /// 0 all went well · 1 failed · 2 the order refused the command, and nothing changed.
    pub exit: u8,
}

impl Output {
    /// Text of a command that went well.
    pub fn good(text: String) -> Self {
        Self { text, exit: 0 }
    }
}
