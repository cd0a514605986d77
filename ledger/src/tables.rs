//! The mapping tables in force, kept beside the export: a ledger that comes back holds new tables
//! against them, as the lost one did, so that what waited for a person's yes still waits.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use domain::mapping::Mappings;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::columns::{from_json, to_json};
use crate::error::Result;
use crate::mappings::newest_at;
use crate::open::Ledger;

const WHAT: &str = "the mapping tables in force";

/// Mapping tables as they were in force in a ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablesInForce {
    /// ID of the ledger.
    pub ledger: String,
    /// Since when. Of several hosts' files the latest counts.
    pub published_at: Timestamp,
    /// The tables.
    pub tables: Mappings,
}

/// The tables in force as they stand beside an export; `None` when no ledger kept any there.
///
/// # Errors
/// The file's, and [`io::ErrorKind::InvalidData`] when it holds no tables: another file, or one of a
/// much newer program.
pub fn read_tables(export: &Path) -> io::Result<Option<TablesInForce>> {
    let text = match std::fs::read_to_string(beside(export)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let read = serde_json::from_str(&text);
    read.map(Some).map_err(|_| {
        let says = format!("{} holds no mapping tables", beside(export).display());
        io::Error::new(io::ErrorKind::InvalidData, says)
    })
}

/// Where the tables of an export stand: `decisions.mappings.json` beside `decisions.jsonl`.
#[must_use]
pub fn beside(export: &Path) -> PathBuf {
    export.with_extension("mappings.json")
}

impl Ledger {
    /// Keeps the tables in force beside the export, if they do not stand there already: an older
    /// program kept none, and another host may have put them in force.
    pub async fn keep_tables(&self) -> Result<()> {
        let Some(export) = &self.export else {
            return Ok(());
        };
        let newest = newest_at(&mut *self.reading().await?).await?;
        let Some((json, published_at)) = newest else {
            return Ok(());
        };
        // What cannot be read there is written anew.
        let kept = read_tables(export).ok().flatten();
        let is_kept = |kept: &TablesInForce| {
            kept.ledger == self.id() && to_json(&kept.tables, WHAT).is_ok_and(|t| t == json)
        };
        if !kept.as_ref().is_some_and(is_kept) {
            self.keep(&json, published_at).await;
        }
        Ok(())
    }

    /// Keeps tables that just came into force. Where that fails, the older ones stay, and a rebuild
    /// holds the newer ones against them: a yes more than needed, and never one less.
    pub(crate) async fn keep(&self, json: &str, published_at: Timestamp) {
        if let Some(export) = self.export.clone()
            && let Err(error) = self.write(&export, json, published_at).await
        {
            let file = beside(&export);
            tracing::error!(
                "{}: the tables in force are not kept: {error}",
                file.display()
            );
        }
    }

    async fn write(&self, export: &Path, json: &str, published_at: Timestamp) -> io::Result<()> {
        let kept = TablesInForce {
            ledger: self.id().to_owned(),
            published_at,
            tables: from_json(json, WHAT).map_err(io::Error::other)?,
        };
        let text = to_json(&kept, WHAT).map_err(io::Error::other)?;
        let file = beside(export);
        let written = tokio::task::spawn_blocking(move || replace(&file, &text)).await;
        written.unwrap_or_else(|_| Err(io::Error::other("the writer ended")))
    }
}

/// Writes a file that is there whole, the old one or the new one, whenever the machine stops.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
