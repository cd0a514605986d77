//! Attempts to send an intent: noted before the first byte, and how each ended.

use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;
use crate::rows::Intent;

const WHAT: &str = "an attempt";
const TRIED: &str = "SELECT number, call, began_at, send_deadline, ended FROM attempts \
    WHERE intent_id = $1 ORDER BY number";

/// How an attempt to send ended, as far as it was told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The other side did it.
    Done,
    /// Nothing was sent, or the other side said no.
    NotDone,
    /// It went out, and its answer was lost.
    Lost,
    /// The other side has one under this key already, and did not say which.
    Duplicate,
}

impl Ended {
    /// The word of it in [`Attempt::ended`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not_done",
            Self::Lost => "lost",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One attempt to send an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counted from 1 for each intent.
    pub number: u32,
    /// The call, such as `OR21` or `release_sales_order`.
    pub call: String,
    /// When it was noted, right before it was sent.
    pub began_at: Timestamp,
    /// Until when it might still reach the other side.
    pub send_deadline: Timestamp,
    /// The word of [`Ended`], `not_shown` or `parked`; empty while nobody told.
    pub ended: Option<String>,
}

impl Ledger {
    /// Notes that an attempt is about to send, and until when it may still reach the other side.
    /// Answers the intent as it stands then; its `attempts` is the attempt's number.
    ///
    /// `intent` must be as it was read before the other side was asked: an attempt that began since
    /// may be under way unseen, so this one is refused.
    ///
    /// # Errors
    /// [`Error::NotFound`]: the intent is not there, settled, or another attempt began: do not send.
    pub async fn begin_attempt(
        &self,
        intent: &Intent,
        call: &str,
        send_deadline: Timestamp,
        now: Timestamp,
    ) -> Result<Intent> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let noted = sqlx::query(
            "UPDATE intents SET attempts = attempts + 1, last_attempt_at = $2, send_deadline = \
             CASE WHEN send_deadline IS NULL OR send_deadline < $3 THEN $3 \
             ELSE send_deadline END WHERE id = $1 AND outcome IS NULL AND attempts = $4",
        )
        .bind(intent.id)
        .bind(now.as_millisecond())
        .bind(ceil_ms(send_deadline))
        .bind(i64::from(intent.attempts))
        .execute(&mut *conn)
        .await
        .doing("noting an attempt")?;
        if noted.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
        let attempts = intent.attempts + 1;
        sqlx::query(
            "INSERT INTO attempts (intent_id, number, call, began_at, send_deadline) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(intent.id)
        .bind(i64::from(attempts))
        .bind(call)
        .bind(now.as_millisecond())
        .bind(ceil_ms(send_deadline))
        .execute(&mut *conn)
        .await
        .doing("noting an attempt")?;
        writing.commit("noting an attempt").await?;
        let send_deadline = intent.send_deadline.max(Some(send_deadline));
        Ok(Intent {
            attempts,
            send_deadline,
            ..intent.clone()
        })
    }

    /// Notes how the attempt of that number ended. The intent then waits for those alone of which
    /// nobody knows the end; after one that surely left nothing behind, the next need not ask.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the next attempt will wait and ask, which is only slower.
    pub async fn end_attempt(
        &self,
        intent: &Intent,
        number: u32,
        how: Ended,
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        sqlx::query(
            "UPDATE attempts SET ended = $3, ended_at = $4 WHERE intent_id = $1 AND number = $2",
        )
        .bind(intent.id)
        .bind(i64::from(number))
        .bind(how.as_str())
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("noting the end of an attempt")?;
        if how != Ended::Lost {
            sqlx::query(
                "UPDATE intents SET send_deadline = (SELECT MAX(send_deadline) FROM attempts \
                 WHERE intent_id = $1 AND (ended IS NULL OR ended = 'lost')) \
                 WHERE id = $1 AND outcome IS NULL",
            )
            .bind(intent.id)
            .execute(&mut *conn)
            .await
            .doing("noting the end of an attempt")?;
        }
        writing.commit("noting the end of an attempt").await
    }

    /// The other side was asked, and does not show what was sent until `sent_until`. Answers the
    /// attempts whose answer was lost and that no look showed, those before this look too, unless
    /// [`Ledger::park_attempts`] came since; the oldest first.
    ///
    /// An attempt of which nobody told, since its worker was killed over it, is as one whose answer
    /// was lost: it may have sent.
    pub async fn not_shown(&self, intent: &Intent, sent_until: Timestamp) -> Result<Vec<Attempt>> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        sqlx::query(
            "UPDATE attempts SET ended = 'not_shown' \
             WHERE intent_id = $1 AND (ended IS NULL OR ended = 'lost') AND send_deadline <= $2",
        )
        .bind(intent.id)
        .bind(sent_until.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("noting what a look did not show")?;
        let mut tried = tried(conn, intent).await?;
        writing.commit("noting what a look did not show").await?;
        tried.retain(|attempt| attempt.ended.as_deref() == Some("not_shown"));
        Ok(tried)
    }

    /// A person is asked about the attempts that no look showed: they count no more.
    pub async fn park_attempts(&self, intent: &Intent) -> Result<()> {
        let mut writing = self.writing().await?;
        sqlx::query(
            "UPDATE attempts SET ended = 'parked' WHERE intent_id = $1 AND ended = 'not_shown'",
        )
        .bind(intent.id)
        .execute(writing.conn())
        .await
        .doing("parking attempts")?;
        writing.commit("parking attempts").await
    }

    /// Every attempt to send an intent, the oldest first.
    pub async fn attempts(&self, intent: &Intent) -> Result<Vec<Attempt>> {
        let mut conn = self.reading().await?;
        tried(&mut conn, intent).await
    }
}

async fn tried(conn: &mut AnyConnection, intent: &Intent) -> Result<Vec<Attempt>> {
    let rows = sqlx::query(TRIED)
        .bind(intent.id)
        .fetch_all(conn)
        .await
        .doing("reading attempts")?;
    let read = |row| {
        let columns = Columns { row, what: WHAT };
        Ok(Attempt {
            number: columns.small_count("number")?,
            call: columns.text("call")?,
            began_at: columns.moment("began_at")?,
            send_deadline: columns.moment("send_deadline")?,
            ended: columns.text_or_null("ended")?,
        })
    };
    rows.iter().map(read).collect()
}

/// A deadline never reads earlier than it was.
fn ceil_ms(moment: Timestamp) -> i64 {
    let ms = moment.as_millisecond();
    let rest = moment.as_nanosecond() - i128::from(ms) * 1_000_000;
    if rest > 0 { ms + 1 } else { ms }
}
