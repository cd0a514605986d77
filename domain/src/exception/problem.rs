//! A problem, before it becomes an exception.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Kind;

/// A problem as the order's own state shows it; it becomes an exception, and closes with its cause.
///
/// Evidence is codes, paths, quantities and amounts; never text that a person typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What happened.
    pub kind: Kind,
    /// Name and value pairs, for example `offer_sku`, `BC-1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, String)>,
}

impl Problem {
    /// A problem without evidence yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            evidence: vec![],
        }
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.evidence.push((name.to_owned(), value.to_string()));
        self
    }
}
