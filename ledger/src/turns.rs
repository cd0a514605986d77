//! What one worker of all does once in a while.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::error::{Doing, Result};
use crate::open::Ledger;

impl Ledger {
    /// Takes the turn to do something that is done once in `every`, by whichever worker; `false`
    /// while another's turn lasts.
    ///
    /// A turn that lies further ahead than `every` was taken under a clock that was wrong, and
    /// counts for nothing.
    pub async fn take_turn(&self, what: &str, every: Duration, now: Timestamp) -> Result<bool> {
        let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
        let next = now.checked_add(every).unwrap_or(Timestamp::MAX);
        let mut writing = self.writing().await?;
        let taken = sqlx::query(
            "INSERT INTO turns (name, next_at) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at \
             WHERE turns.next_at <= $3 OR turns.next_at > excluded.next_at",
        )
        .bind(what)
        .bind(next.as_millisecond())
        .bind(now.as_millisecond())
        .execute(writing.conn())
        .await
        .doing("taking a turn")?;
        writing.commit("taking a turn").await?;
        Ok(taken.rows_affected() > 0)
    }
}
