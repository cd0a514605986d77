//! Call budgets, and calls that were told to wait: shared by all workers on this ledger.

use domain::frequency::{self, Limit};
use domain::gate::{Endpoint, Reason};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::columns::{Columns, from_json, to_json};
use crate::error::{Doing, Result};
use crate::gates;
use crate::open::Ledger;

const WHAT: &str = "a call budget";

/// A call that waits, or that waited lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedCall {
    /// `mirakl/nordwind`, as [`Endpoint`] shows itself.
    pub endpoint: String,
    /// Operation.
    pub call: String,
    /// Why.
    pub reason: Reason,
    /// Until when; past once it may be made again.
    pub until: Timestamp,
    /// Refusals in a row; 0 while the call goes through.
    pub strikes: u32,
    /// Refusals ever.
    pub total: u64,
}

/// Why a call has to wait, and until when.
#[derive(Clone, Copy, Debug)]
pub struct CallClosing<'a> {
    /// Whose call.
    pub endpoint: &'a Endpoint,
    /// Operation.
    pub call: &'a str,
    /// Why.
    pub reason: Reason,
    /// Until when.
    pub until: Timestamp,
}

fn ms(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

/// Puts another moment in the place of one use, or nothing.
fn replace(uses: &mut Vec<i64>, was: Timestamp, now: Option<i64>) {
    if let Some(at) = uses.iter().position(|used| *used == ms(was)) {
        uses.remove(at);
        uses.extend(now);
    }
}

impl Ledger {
    /// Takes one use of a limited call, or says when the next one is free.
    ///
    /// Right with several workers: a use stands only if nobody else took one since it was counted.
    pub async fn take_use(
        &self,
        endpoint: &Endpoint,
        call: &str,
        limits: &[Limit],
        now: Timestamp,
    ) -> Result<std::result::Result<(), Timestamp>> {
        if limits.is_empty() {
            return Ok(Ok(()));
        }
        loop {
            let (mut uses, version) = self.uses(endpoint, call).await?;
            if let Err(free_at) = frequency::take(limits, &mut uses, now.as_millisecond()) {
                let free_at = Timestamp::from_millisecond(free_at).unwrap_or(Timestamp::MAX);
                return Ok(Err(free_at));
            }
            replace(
                &mut uses,
                now,
                Some(frequency::until_answered(limits, ms(now))),
            );
            if self.put_uses(endpoint, call, &uses, version).await? {
                return Ok(Ok(()));
            }
        }
    }

    /// Notes that a use was answered, so that it counts for its whole window; or that nothing was
    /// sent, so that it counts for nothing. One without a word counts for a minute at most.
    pub async fn end_use(
        &self,
        endpoint: &Endpoint,
        call: &str,
        limits: &[Limit],
        at: Timestamp,
        answered: bool,
    ) -> Result<()> {
        let provisional = frequency::until_answered(limits, ms(at));
        if answered && provisional == ms(at) {
            return Ok(());
        }
        let provisional = Timestamp::from_millisecond(provisional).unwrap_or(at);
        loop {
            let (mut uses, version) = self.uses(endpoint, call).await?;
            let before = uses.clone();
            replace(&mut uses, provisional, answered.then_some(ms(at)));
            if uses == before || self.put_uses(endpoint, call, &uses, version).await? {
                return Ok(());
            }
        }
    }

    /// When a limited call may be made next: `now` when it may at once. Nothing is taken.
    pub async fn next_use(
        &self,
        endpoint: &Endpoint,
        call: &str,
        limits: &[Limit],
        now: Timestamp,
    ) -> Result<Timestamp> {
        let (mut uses, _) = self.uses(endpoint, call).await?;
        Ok(
            match frequency::take(limits, &mut uses, now.as_millisecond()) {
                Ok(()) => now,
                Err(free_at) => Timestamp::from_millisecond(free_at).unwrap_or(Timestamp::MAX),
            },
        )
    }

    async fn uses(&self, endpoint: &Endpoint, call: &str) -> Result<(Vec<i64>, i64)> {
        let row =
            sqlx::query("SELECT uses, version FROM call_budgets WHERE endpoint = $1 AND call = $2")
                .bind(endpoint.to_string())
                .bind(call)
                .fetch_optional(&mut *self.reading().await?)
                .await
                .doing("reading a call budget")?;
        let Some(row) = row else {
            return Ok((vec![], 0));
        };
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        Ok((
            from_json(&columns.text("uses")?, WHAT)?,
            columns.number("version")?,
        ))
    }

    /// Writes the uses if nobody wrote since that version; version 0 is no row yet.
    async fn put_uses(
        &self,
        endpoint: &Endpoint,
        call: &str,
        uses: &[i64],
        version: i64,
    ) -> Result<bool> {
        let mut writing = self.writing().await?;
        let written = sqlx::query(
            "INSERT INTO call_budgets (endpoint, call, uses, version) VALUES ($1, $2, $3, $4 + 1) \
             ON CONFLICT (endpoint, call) DO UPDATE SET uses = excluded.uses, \
             version = excluded.version WHERE call_budgets.version = $4 RETURNING version",
        )
        .bind(endpoint.to_string())
        .bind(call)
        .bind(to_json(uses, WHAT)?)
        .bind(version)
        .fetch_optional(writing.conn())
        .await
        .doing("taking a use of a call")?;
        writing.commit("taking a use of a call").await?;
        Ok(written.is_some())
    }

    /// Closes one call of one endpoint; its other calls go on. A longer wait that stands is kept.
    pub async fn close_call(&self, closing: &CallClosing<'_>, now: Timestamp) -> Result<()> {
        let doing = "closing a call";
        let mut writing = self.writing().await?;
        sqlx::query(
            "INSERT INTO closed_calls (endpoint, call, reason, closed_until, strikes, total) \
             VALUES ($1, $2, $3, $4, 1, 1) ON CONFLICT (endpoint, call) DO UPDATE SET \
             reason = excluded.reason, strikes = closed_calls.strikes + 1, \
             total = closed_calls.total + 1, closed_until = \
             CASE WHEN closed_calls.closed_until > excluded.closed_until \
             THEN closed_calls.closed_until ELSE excluded.closed_until END",
        )
        .bind(closing.endpoint.to_string())
        .bind(closing.call)
        .bind(closing.reason.as_str())
        .bind(closing.until.as_millisecond())
        .execute(writing.conn())
        .await
        .doing(doing)?;
        let evidence = [
            ("endpoint".to_owned(), closing.endpoint.to_string()),
            ("call".to_owned(), closing.call.to_owned()),
        ];
        let (endpoint, call) = (closing.endpoint, closing.call);
        gates::open_exception(
            writing.conn(),
            endpoint,
            call,
            closing.reason,
            &evidence,
            now,
        )
        .await?;
        writing.commit(doing).await
    }

    /// Gives the one try of a call that was closed for a lacking right; it is closed for the others
    /// until then. False when another has it; one for longer than that was noted by a clock that ran
    /// ahead, and holds nobody.
    pub async fn try_call(
        &self,
        endpoint: &Endpoint,
        call: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let mut writing = self.writing().await?;
        let given = sqlx::query(
            "UPDATE closed_calls SET closed_until = $4 \
             WHERE endpoint = $1 AND call = $2 AND (closed_until <= $3 OR closed_until > $4) \
             RETURNING call",
        )
        .bind(endpoint.to_string())
        .bind(call)
        .bind(now.as_millisecond())
        .bind(until.as_millisecond())
        .fetch_optional(writing.conn())
        .await
        .doing("trying a closed call")?;
        writing.commit("trying a closed call").await?;
        Ok(given.is_some())
    }

    /// Notes that a call went through: it is open, and its exception closes.
    pub async fn open_call(&self, endpoint: &Endpoint, call: &str, now: Timestamp) -> Result<()> {
        let doing = "opening a call";
        let mut writing = self.writing().await?;
        sqlx::query(
            "UPDATE closed_calls SET closed_until = 0, strikes = 0 \
             WHERE endpoint = $1 AND call = $2",
        )
        .bind(endpoint.to_string())
        .bind(call)
        .execute(writing.conn())
        .await
        .doing(doing)?;
        gates::close_exceptions(writing.conn(), endpoint, call, None, now).await?;
        writing.commit(doing).await
    }

    /// Calls that were ever told to wait, by endpoint and name.
    pub async fn closed_calls(&self) -> Result<Vec<ClosedCall>> {
        let rows = sqlx::query(
            "SELECT endpoint, call, reason, closed_until, strikes, total FROM closed_calls \
             ORDER BY endpoint, call",
        )
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing closed calls")?;
        let read = |row: &AnyRow| {
            let columns = Columns {
                row,
                what: "a closed call",
            };
            Ok(ClosedCall {
                endpoint: columns.text("endpoint")?,
                call: columns.text("call")?,
                reason: gates::reason(&columns.text("reason")?),
                until: columns.moment("closed_until")?,
                strikes: columns.small_count("strikes")?,
                total: columns.count("total")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
