//! `bcm mappings`: tables that change so much that they wait for a person's yes.

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use ledger::{Approval, ChangedKey, Proposal};
use serde::Serialize;

use crate::render::{Look, Tone, count, json, moment, paint, plain, relative, source, table};
use crate::{Output, Surroundings, Trouble, words};

/// Changed keys that `show` lists without `--all`.
const SHOWN: usize = 20;

/// Verbs of `bcm mappings`.
#[derive(Debug, Subcommand)]
pub enum MappingsVerb {
    /// Shows the version in force, and what the held tables would change
    Show(ShowMappings),
    /// Puts the held tables in force
    Approve(ApproveMappings),
}

/// `bcm mappings show`.
#[derive(Debug, Args)]
pub struct ShowMappings {
    /// Every changed key
    #[arg(long)]
    pub all: bool,
}

/// `bcm mappings approve`.
#[derive(Debug, Args)]
pub struct ApproveMappings {
    /// Number of the held tables, as `show` names it: what was seen is what is approved
    pub id: i64,
    /// Who says so: initials or a staff number, never a name
    #[arg(long, value_name = "CODE", env = "BCM_PERSON", default_value = "cli", value_parser = words::reason_code)]
    pub by: String,
}

/// `bcm mappings show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct MappingsDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The version in force; 0 when there is none yet.
    pub version: i64,
    /// What waits for a yes.
    pub held: Option<Held>,
}

/// Tables that wait for a yes.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// Their number.
    pub id: i64,
    /// Since when, RFC 3339.
    pub since: Timestamp,
    /// Changed keys, all of them.
    pub changed: usize,
    /// Keys of the tables in force.
    pub total: usize,
    /// The changed keys, up to a thousand.
    pub keys: Vec<ChangedKey>,
}

/// `bcm mappings approve --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Did this very word put them in force?
    pub done: bool,
    /// The version they came into force under.
    pub version: Option<i64>,
    /// A sentence.
    pub says: String,
}

impl MappingsVerb {
    /// Does it.
    ///
    /// # Errors
    /// `proposal_not_found`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        match self {
            Self::Show(show) => show.run(surroundings).await,
            Self::Approve(approve) => approve.run(surroundings).await,
        }
    }
}

impl ShowMappings {
    async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let document = MappingsDocument {
            source: "ledger",
            as_of: surroundings.now,
            version: ledger.mapping_version().await?,
            held: ledger.held_mappings().await?.map(Held::from),
        };
        Ok(Output::good(document.render(self.all, surroundings.look())))
    }
}

impl From<Proposal> for Held {
    fn from(held: Proposal) -> Self {
        Self {
            id: held.id,
            since: held.proposed_at,
            changed: held.changed,
            total: held.total,
            keys: held.keys,
        }
    }
}

impl MappingsDocument {
    fn render(&self, all: bool, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let footer = paint(&source(self.as_of), Tone::Faint, look);
        let in_force = format!("Version {} is in force.", self.version);
        let Some(held) = &self.held else {
            return format!("{in_force} Nothing waits for a yes.\n{footer}\n");
        };
        let title = format!(
            "Held since {}: {} of {} would mean something else.",
            relative(held.since, self.as_of),
            count(held.changed as u64, "key", "keys"),
            held.total
        );
        let shown = if all { held.keys.len() } else { SHOWN };
        let row = |changed: &ChangedKey| {
            let becomes = if changed.becomes.is_empty() {
                "(gone)"
            } else {
                &changed.becomes
            };
            let cells = [&changed.key, &changed.was, becomes];
            cells.map(|text| text.into()).to_vec()
        };
        let rows = held.keys.iter().take(shown).map(row).collect();
        let rows = table(&["key", "in force", "would be"], rows, look);
        let more = match held.changed.saturating_sub(shown) {
            0 => String::new(),
            more => format!("and {more} more; --all lists up to a thousand\n"),
        };
        format!(
            "{in_force}\n{}\n{rows}{more}Right: bcm mappings approve {}\nWrong: put the files back.\n{footer}\n",
            paint(&title, Tone::Strong, look),
            held.id
        )
    }
}

impl ApproveMappings {
    async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let (ledger, now) = (&surroundings.ledger, surroundings.now);
        let (done, version, says) = match ledger.approve_mappings(self.id, &self.by, now).await {
            Ok(Approval::InForce(version)) => (
                true,
                Some(version),
                format!(
                    "Version {version} is in force; orders that waited for it go on with the next pull."
                ),
            ),
            Ok(Approval::Decided { outcome, by, at }) => {
                let by = by.map_or(String::new(), |by| format!(" by {}", plain(&by)));
                let at = moment(at);
                (
                    false,
                    None,
                    format!("These tables were {outcome}{by} at {at}; nothing changed."),
                )
            }
            Err(ledger::Error::NotFound) => {
                return Err(Trouble::new(
                    "proposal_not_found",
                    format!("No held mapping tables have the number {}.", self.id),
                    "See which wait: bcm mappings show",
                )
                .into());
            }
            Err(error) => return Err(error.into()),
        };
        let look = surroundings.look();
        let exit = if done { 0 } else { 2 };
        let document = ApprovalDocument {
            source: "ledger",
            done,
            version,
            says,
        };
        let text = if look.json {
            json(&document)
        } else {
            let word = if done {
                ("done", Tone::Good)
            } else {
                ("refused", Tone::Bad)
            };
            let word = paint(word.0, word.1, look);
            format!("{word}  {}\n", document.says)
        };
        Ok(Output { text, exit })
    }
}
