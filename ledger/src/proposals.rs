//! Mapping tables that change so much that a person must say yes first.

use domain::exception::Kind;
use domain::mapping::Mappings;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::{Columns, from_json, to_json};
use crate::error::{Doing, Error, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::mappings::{append, newest};
use crate::open::{Alone, Ledger};

const WHAT: &str = "proposed mapping tables";
/// Changed keys that are kept for people to read; the number is kept whole.
const KEYS_KEPT: usize = 1_000;

/// A key of the mapping tables that would mean something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedKey {
    /// Table, marketplace and code.
    pub key: String,
    /// What stands behind it in the tables in force.
    pub was: String,
    /// What would; empty when the key is gone.
    pub becomes: String,
}

/// Mapping tables that wait for a person's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its number, which the yes names.
    pub id: i64,
    /// Changed keys, all of them.
    pub changed: usize,
    /// Keys of the tables in force.
    pub total: usize,
    /// The changed keys, up to a thousand.
    pub keys: Vec<ChangedKey>,
    /// Since when.
    pub proposed_at: Timestamp,
}

/// What became of tables that were offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// They are in force, under this version.
    InForce(i64),
    /// They wait; the last good ones stay in force.
    Held(Proposal),
}

/// What became of a person's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// The tables are in force, under this version.
    InForce(i64),
    /// It was settled before.
    Decided {
        /// `approved`, `replaced` by later tables, or `withdrawn` with the change.
        outcome: String,
        /// Who approved it.
        by: Option<String>,
        /// When.
        at: Timestamp,
    },
}

impl Ledger {
    /// Puts tables in force, or holds them until a person says yes.
    ///
    /// `needs_yes` is given the tables in force and answers the changed keys, and how many there were,
    /// when the new tables are to be held. The very first tables are never held; those in force
    /// already keep their version. What was held before gives way to what comes later.
    pub async fn offer_mappings(
        &self,
        mappings: &Mappings,
        needs_yes: impl Fn(&Mappings) -> Option<(Vec<ChangedKey>, usize)> + Send + Sync,
        now: Timestamp,
    ) -> Result<Offered> {
        let doing = "offering the mapping tables";
        let json = to_json(mappings, WHAT)?;
        let mut writing = self.writing().await?;
        // Two workers that offer at the same moment must see each other's.
        writing.alone(Alone::Publishes).await?;
        let conn = writing.conn();
        let in_force = newest(conn).await?;
        let held = open_proposal(conn).await?;
        if let Some((version, same)) = &in_force
            && *same == json
        {
            give_way(conn, held.as_ref(), "withdrawn", now).await?;
            writing.commit(doing).await?;
            return Ok(Offered::InForce(*version));
        }
        if let Some(held) = held.as_ref().filter(|held| held.json == json) {
            return Ok(Offered::Held(held.proposal.clone()));
        }
        give_way(conn, held.as_ref(), "replaced", now).await?;
        let before = match &in_force {
            Some((_, text)) => Some(from_json::<Mappings>(text, WHAT)?),
            None => None,
        };
        let Some((changes, total)) = before.as_ref().and_then(needs_yes) else {
            let version = append(conn, &json, now).await?;
            writing.commit(doing).await?;
            self.keep(&json, now).await;
            return Ok(Offered::InForce(version));
        };
        hold(conn, &json, &changes, total, now).await?;
        let held = open_proposal(conn).await?.ok_or(Error::NotFound)?;
        writing.commit(doing).await?;
        Ok(Offered::Held(held.proposal))
    }

    /// The tables that wait for a person's yes.
    pub async fn held_mappings(&self) -> Result<Option<Proposal>> {
        let held = open_proposal(&mut *self.reading().await?).await?;
        Ok(held.map(|held| held.proposal))
    }

    /// A person's yes: the held tables come into force. Said twice, the second is told who was first.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no proposal of that number.
    pub async fn approve_mappings(&self, id: i64, by: &str, now: Timestamp) -> Result<Approval> {
        let doing = "approving the mapping tables";
        let mut writing = self.writing().await?;
        writing.alone(Alone::Publishes).await?;
        let conn = writing.conn();
        // Whoever writes first holds the row; the other finds it decided.
        let decided = sqlx::query(
            "UPDATE mapping_proposals SET outcome = 'approved', decided_by = $2, decided_at = $3 \
             WHERE id = $1 AND outcome IS NULL",
        )
        .bind(id)
        .bind(by)
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        let row = sqlx::query(
            "SELECT json, outcome, decided_by, decided_at FROM mapping_proposals WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        let row = row.ok_or(Error::NotFound)?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        if decided.rows_affected() == 0 {
            return Ok(Approval::Decided {
                outcome: columns.text("outcome")?,
                by: columns.text_or_null("decided_by")?,
                at: columns.moment("decided_at")?,
            });
        }
        let json = columns.text("json")?;
        let version = append(conn, &json, now).await?;
        exceptions::close(conn, ABOUT, None, "approved", now).await?;
        writing.commit(doing).await?;
        self.keep(&json, now).await;
        Ok(Approval::InForce(version))
    }
}

/// There is one set of tables, so at most one of these exceptions is open.
const ABOUT: About<'_> = About {
    origin: Origin::Mappings,
    scope: "",
    subject: "mapping tables",
};

struct Held {
    proposal: Proposal,
    json: String,
}

async fn open_proposal(conn: &mut AnyConnection) -> Result<Option<Held>> {
    let row = sqlx::query(
        "SELECT id, json, total, changes, proposed_at FROM mapping_proposals \
         WHERE outcome IS NULL ORDER BY id DESC LIMIT 1",
    )
    .fetch_optional(conn)
    .await
    .doing("reading the held mapping tables")?;
    let read = |row: &AnyRow| {
        let columns = Columns { row, what: WHAT };
        let (changed, keys) = columns.json("changes")?;
        let proposal = Proposal {
            id: columns.number("id")?,
            changed,
            total: usize::try_from(columns.number("total")?).unwrap_or(0),
            keys,
            proposed_at: columns.moment("proposed_at")?,
        };
        let json = columns.text("json")?;
        Ok(Held { proposal, json })
    };
    row.as_ref().map(read).transpose()
}

async fn hold(
    conn: &mut AnyConnection,
    json: &str,
    changes: &[ChangedKey],
    total: usize,
    now: Timestamp,
) -> Result<()> {
    let kept = &changes[..changes.len().min(KEYS_KEPT)];
    sqlx::query(
        "INSERT INTO mapping_proposals (json, total, changes, proposed_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(json)
    .bind(i64::try_from(total).unwrap_or(i64::MAX))
    .bind(to_json(&(changes.len(), kept), WHAT)?)
    .bind(now.as_millisecond())
    .execute(&mut *conn)
    .await
    .doing("holding the mapping tables")?;
    let evidence = [
        ("changed_keys".to_owned(), changes.len().to_string()),
        ("keys_in_force".to_owned(), total.to_string()),
    ];
    let opening = Opening {
        about: ABOUT,
        kind: Kind::MappingHeld,
        marketplace: None,
        order_id: None,
        evidence: &evidence,
        deadline: None,
    };
    exceptions::open(conn, &opening, now).await
}

/// What was held is no longer offered.
async fn give_way(
    conn: &mut AnyConnection,
    held: Option<&Held>,
    outcome: &str,
    now: Timestamp,
) -> Result<()> {
    let Some(held) = held else { return Ok(()) };
    sqlx::query("UPDATE mapping_proposals SET outcome = $2, decided_at = $3 WHERE id = $1")
        .bind(held.proposal.id)
        .bind(outcome)
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("taking held mapping tables back")?;
    exceptions::close(conn, ABOUT, None, outcome, now).await
}
