//! What people decided, appended to a file as it is recorded: a ledger that is lost comes back from
//! both systems and Temporal, but for this.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::marketplace::OrderKey;
use domain::progress::{Corrections, Progress};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::columns::to_json;
use crate::error::{Error, Result};
use crate::open::Ledger;

/// One line of the export. Codes and numbers only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Unique: a line that comes twice counts once.
    pub id: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// ID of the ledger it was recorded in.
    pub ledger: String,
    /// Which order.
    pub order: OrderKey,
    /// What was decided.
    #[serde(flatten)]
    pub said: Said,
}

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Said {
    /// A command was taken.
    Command {
        /// Its name.
        command: String,
        /// By which way it came.
        by: String,
        /// The command, JSON.
        detail: String,
        /// Code of the answer.
        outcome: String,
        /// What people's words come to since.
        stands: Box<Stands>,
    },
    /// The order's personal data was erased.
    Forget {
        /// Why; a code.
        reason_code: String,
    },
}

/// What people's words to an order come to: all of its progress that no system can tell again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stands {
    /// A person holds the order.
    pub held: bool,
    /// A person wants it called off.
    pub cancel: Option<String>,
    /// Codes for this order alone.
    pub corrections: Corrections,
    /// A person took care of what is left.
    pub settled_by_hand: bool,
}

impl Stands {
    /// As it stands in an order's progress.
    pub fn of(progress: &Progress) -> Self {
        Self {
            held: progress.held,
            cancel: progress.cancel.clone(),
            corrections: progress.corrections.clone(),
            settled_by_hand: progress.settled_by_hand,
        }
    }

    /// Puts it into an order's progress.
    pub fn put(&self, progress: &mut Progress) {
        let Self {
            held,
            cancel,
            corrections,
            settled_by_hand,
        } = self.clone();
        progress.held = held;
        progress.cancel = cancel;
        progress.corrections = corrections;
        progress.settled_by_hand = settled_by_hand;
    }
}

/// Reads an export. What a crash cut off was never answered for, and is passed over.
///
/// # Errors
/// The file's, and [`io::ErrorKind::InvalidData`] with the number of a line that is whole and yet no
/// decision: another file, or one of a much newer program.
pub fn read_export(file: &Path) -> io::Result<Vec<Exported>> {
    let mut decisions = vec![];
    for (n, line) in std::fs::read_to_string(file)?.lines().enumerate() {
        match serde_json::from_str(line) {
            Ok(decision) => decisions.push(decision),
            Err(error) if line.trim().is_empty() || error.is_eof() => {}
            Err(_) => {
                let says = format!("line {} is no decision", n + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, says));
            }
        }
    }
    Ok(decisions)
}

impl Ledger {
    /// The same ledger, which from now on appends people's decisions to this file as it records
    /// them. The file is made with the first of them.
    #[must_use]
    pub fn exporting_to(mut self, file: PathBuf) -> Self {
        self.export = Some(Arc::new(file));
        self
    }

    /// The last thing before a commit: what cannot be exported is not recorded either. A line whose
    /// commit fails then is a decision that is taken again, and harmless twice.
    pub(crate) async fn export(&self, line: Exported) -> Result<()> {
        let Some(file) = self.export.clone() else {
            return Ok(());
        };
        let line = to_json(&line, "a decision")?;
        let written = tokio::task::spawn_blocking(move || append(&file, &line)).await;
        let written = written.unwrap_or_else(|_| Err(io::Error::other("the writer ended")));
        written.map_err(|source| Error::NotExported { source })
    }
}

/// Appends a line that is on the disk when this returns, or leaves the file as it was.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    file.lock()?;
    let end = file.seek(SeekFrom::End(0))?;
    let line = format!("{}{line}\n", cut_off(&mut file, end)?);
    let written = file
        .write_all(line.as_bytes())
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // The person is told that it was not taken, so it must not be replayed.
        let _ = file.set_len(end);
    } else if is_new && let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        File::open(folder)?.sync_all()?;
    }
    written
}

/// What ends a line that a crash cut off.
fn cut_off(file: &mut File, end: u64) -> io::Result<&'static str> {
    let Some(last) = end.checked_sub(1) else {
        return Ok("");
    };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(if byte == *b"\n" { "" } else { "\n" })
}
