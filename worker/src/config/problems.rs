//! What is wrong with a file: collected, not stopped at.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One thing that is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The line, from 1; `None` when the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub wrong: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {} — {}", self.wrong, self.instead)
    }
}

/// Everything that is wrong, by file and line; never empty. Prints one problem a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn new(found: Vec<Problem>) -> Self {
        debug_assert!(!found.is_empty(), "nothing is wrong");
        Self(found)
    }

    pub(super) fn into_list(self) -> Vec<Problem> {
        self.0
    }

    /// The problems, by file and line.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The problems of one file, while it is read.
pub(super) struct Report {
    file: PathBuf,
    found: RefCell<Vec<Problem>>,
}

impl Report {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            found: RefCell::default(),
        }
    }

    /// Notes a problem on a line.
    pub(super) fn at(&self, line: usize, wrong: impl Into<String>, instead: impl Into<String>) {
        self.note(Some(line), wrong.into(), instead.into());
    }

    /// Notes a problem of the file as a whole.
    pub(super) fn whole(&self, wrong: impl Into<String>, instead: impl Into<String>) {
        self.note(None, wrong.into(), instead.into());
    }

    fn note(&self, line: Option<usize>, wrong: String, instead: String) {
        let file = self.file.clone();
        self.found.borrow_mut().push(Problem {
            file,
            line,
            wrong,
            instead,
        });
    }

    /// The problems, in the order of the lines.
    pub(super) fn into_found(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.line);
        found
    }
}

/// Why a file is not read.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        kind => format!("cannot be read ({kind})"),
    }
}
