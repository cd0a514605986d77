//! Is the ledger that is open still the one at its address?

use sqlx::{AnyConnection, ConnectOptions, Connection, Row};

use crate::error::{Doing, Result};
use crate::open::{Ledger, Store, is_in_memory};

/// What SQLite answers where there is no such file.
const CANNOT_OPEN: &str = "14";

impl Ledger {
    /// Is this still the ledger at its address? A SQLite file that was deleted or moved stays open for
    /// those who had it open, and so does a database that was emptied: whoever writes on there writes
    /// what nobody will read.
    ///
    /// A ledger in memory is always in place.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: the database does not answer, which says nothing; ask again later.
    pub async fn is_in_place(&self) -> Result<bool> {
        let doing = "looking whether the ledger is in place";
        let options = self.connect_options();
        let address = options.database_url.as_str();
        if self.store() == Store::Sqlite && is_in_memory(address) {
            return Ok(true);
        }
        let mut conn: AnyConnection = match options.connect().await {
            Ok(conn) => conn,
            Err(sqlx::Error::Database(refused))
                if refused.code().as_deref() == Some(CANNOT_OPEN) =>
            {
                return Ok(false);
            }
            other => other.doing(doing)?,
        };
        let found = sqlx::query("SELECT value FROM meta WHERE name = 'ledger_id'")
            .fetch_optional(&mut conn)
            .await;
        let in_place = match found {
            Ok(row) => {
                let id = row.map(|row| row.try_get::<String, _>("value")).transpose();
                id.doing(doing)?.as_deref() == Some(self.id())
            }
            // Another database is there, without our tables.
            Err(sqlx::Error::Database(refused)) if names_no_table(&*refused) => false,
            Err(error) => Err(error).doing(doing)?,
        };
        // It was only read from.
        let _ = conn.close().await;
        Ok(in_place)
    }
}

fn names_no_table(refused: &dyn sqlx::error::DatabaseError) -> bool {
    refused.code().as_deref() == Some("42P01") || refused.message().contains("no such table")
}
