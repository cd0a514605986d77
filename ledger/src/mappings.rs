//! The mapping tables, as versions.

use domain::mapping::Mappings;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, to_json};
use crate::error::{Doing, Error, Result};
use crate::open::{Alone, Ledger};

const WHAT: &str = "the mapping tables";

impl Ledger {
    /// The version in force; 0 when none was published yet.
    pub async fn mapping_version(&self) -> Result<i64> {
        let newest = newest(&mut *self.reading().await?).await?;
        Ok(newest.map_or(0, |(version, _)| version))
    }

    /// One version of the tables. Version 0 is empty.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such version.
    pub async fn mappings(&self, version: i64) -> Result<Mappings> {
        if version == 0 {
            return Ok(Mappings::default());
        }
        let row = sqlx::query("SELECT json FROM mappings WHERE version = $1")
            .bind(version)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading the mapping tables")?;
        let row = row.ok_or(Error::NotFound)?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        columns.json("json")
    }

    /// Puts tables in force, whatever they change, and answers their version; those in force already
    /// keep theirs.
    pub async fn publish_mappings(&self, mappings: &Mappings, now: Timestamp) -> Result<i64> {
        let json = to_json(mappings, WHAT)?;
        let mut writing = self.writing().await?;
        writing.alone(Alone::Publishes).await?;
        let newest = newest(writing.conn()).await?;
        if let Some((version, _)) = newest.filter(|(_, in_force)| *in_force == json) {
            return Ok(version);
        }
        let version = append(writing.conn(), &json, now).await?;
        writing.commit("publishing the mapping tables").await?;
        self.keep(&json, now).await;
        Ok(version)
    }
}

/// Puts tables in force as the next version.
pub(crate) async fn append(conn: &mut AnyConnection, json: &str, now: Timestamp) -> Result<i64> {
    let version = newest(conn).await?.map_or(1, |(version, _)| version + 1);
    sqlx::query("INSERT INTO mappings (version, json, published_at) VALUES ($1, $2, $3)")
        .bind(version)
        .bind(json)
        .bind(now.as_millisecond())
        .execute(conn)
        .await
        .doing("publishing the mapping tables")?;
    Ok(version)
}

/// The version in force and its tables.
pub(crate) async fn newest(conn: &mut AnyConnection) -> Result<Option<(i64, String)>> {
    let row = sqlx::query("SELECT version, json FROM mappings ORDER BY version DESC LIMIT 1")
        .fetch_optional(conn)
        .await
        .doing("reading the mapping tables")?;
    let read = |row| {
        let columns = Columns { row, what: WHAT };
        Ok((columns.number("version")?, columns.text("json")?))
    };
    row.as_ref().map(read).transpose()
}

/// The tables in force, and since when.
pub(crate) async fn newest_at(conn: &mut AnyConnection) -> Result<Option<(String, Timestamp)>> {
    let row = sqlx::query("SELECT json, published_at FROM mappings ORDER BY version DESC LIMIT 1")
        .fetch_optional(conn)
        .await
        .doing("reading the mapping tables")?;
    let read = |row| {
        let columns = Columns { row, what: WHAT };
        Ok((columns.text("json")?, columns.moment("published_at")?))
    };
    row.as_ref().map(read).transpose()
}
