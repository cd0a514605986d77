//! The gate of each endpoint, shared by all workers on this ledger: closed, probed by one at a time,
//! opened for all.

use domain::exception::Kind;
use domain::gate::{self, Endpoint, Reason};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::open::Ledger;

/// A gate that was closed at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// `mirakl/nordwind`, as [`Endpoint`] shows itself.
    pub endpoint: String,
    /// Why it is closed; empty while it is open.
    pub reason: Option<Reason>,
    /// Of its last change.
    pub since: Timestamp,
    /// Counts its changes.
    pub version: i64,
    /// Probes that failed since it closed.
    pub failed_probes: u32,
    /// When the next probe may go, while it is closed.
    pub probe_at: Timestamp,
    /// Until when all who waited have had their turn, after it opened.
    pub drain_until: Timestamp,
    /// Times it was closed, ever.
    pub total: u64,
}

/// Why a gate closes, and when is asked again.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// Which gate.
    pub endpoint: &'a Endpoint,
    /// Why.
    pub reason: Reason,
    /// The call that showed it.
    pub call: &'a str,
    /// Version of the open gate at which the calls went out; 0 for one that was never closed.
    pub seen_version: i64,
    /// Probes counted as failed already: those of a gate that opened in vain.
    pub failed_probes: u32,
    /// When the first probe may go.
    pub probe_at: Timestamp,
}

impl Ledger {
    /// Closes a gate and opens its one exception. False when somebody changed the gate meanwhile:
    /// the calls that failed belong to an earlier time.
    pub async fn close_gate(&self, closing: &Closing<'_>, now: Timestamp) -> Result<bool> {
        let doing = "closing a gate";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let closed = sqlx::query(
            "INSERT INTO gates (endpoint, reason, since, version, failed_probes, probe_at, \
             probing_until, drain_until, total) VALUES ($1, $2, $3, 1, $4, $5, 0, 0, 1) \
             ON CONFLICT (endpoint) DO UPDATE SET reason = excluded.reason, \
             since = excluded.since, version = gates.version + 1, \
             failed_probes = excluded.failed_probes, probe_at = excluded.probe_at, \
             probing_until = 0, drain_until = 0, total = gates.total + 1 \
             WHERE gates.reason IS NULL AND gates.version = $6 RETURNING version",
        )
        .bind(closing.endpoint.to_string())
        .bind(closing.reason.as_str())
        .bind(now.as_millisecond())
        .bind(i64::from(closing.failed_probes))
        .bind(closing.probe_at.as_millisecond())
        .bind(closing.seen_version)
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if closed.is_none() {
            return Ok(false);
        }
        // Those who had their turn wait no more; the others keep their place.
        sqlx::query("DELETE FROM gate_waiting WHERE endpoint = $1 AND slot <= $2")
            .bind(closing.endpoint.to_string())
            .bind(now.as_millisecond())
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        tell(conn, closing.endpoint, closing.reason, closing.call, now).await?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Gives the one probe of a closed gate, until then. False when it is not due, another has it,
    /// or the gate is open.
    ///
    /// What was noted by a clock that ran ahead holds nobody: a probe due, or under way, for longer
    /// than [`gate::LONGEST_PROBE`] from now, or than the lease that is asked for.
    pub async fn take_probe(
        &self,
        endpoint: &Endpoint,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let believed = now
            .checked_add(gate::LONGEST_PROBE)
            .unwrap_or(Timestamp::MAX);
        let mut writing = self.writing().await?;
        let given = sqlx::query(
            "UPDATE gates SET probing_until = $3 WHERE endpoint = $1 AND reason IS NOT NULL \
             AND (probe_at <= $2 OR probe_at > $4) \
             AND (probing_until <= $2 OR probing_until > $5) RETURNING version",
        )
        .bind(endpoint.to_string())
        .bind(now.as_millisecond())
        .bind(until.as_millisecond())
        .bind(believed.as_millisecond())
        .bind(believed.max(until).as_millisecond())
        .fetch_optional(writing.conn())
        .await
        .doing("taking a probe")?;
        writing.commit("taking a probe").await?;
        Ok(given.is_some())
    }

    /// Notes that a probe failed, and when the next may go. What it met may be another reason now.
    pub async fn probe_failed(
        &self,
        endpoint: &Endpoint,
        reason: Reason,
        call: &str,
        probe_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let doing = "noting a failed probe";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let noted = sqlx::query(
            "UPDATE gates SET reason = $2, failed_probes = failed_probes + 1, probe_at = $3, \
             probing_until = 0 WHERE endpoint = $1 AND reason IS NOT NULL RETURNING version",
        )
        .bind(endpoint.to_string())
        .bind(reason.as_str())
        .bind(probe_at.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if noted.is_some() {
            tell(conn, endpoint, reason, call, now).await?;
        }
        writing.commit(doing).await
    }

    /// Gives a probe back that did not go out.
    pub async fn drop_probe(&self, endpoint: &Endpoint) -> Result<()> {
        let mut writing = self.writing().await?;
        sqlx::query("UPDATE gates SET probing_until = 0 WHERE endpoint = $1")
            .bind(endpoint.to_string())
            .execute(writing.conn())
            .await
            .doing("giving a probe back")?;
        writing.commit("giving a probe back").await
    }

    /// Opens a gate, closes its exception, and gives each order that waits its turn: the most urgent
    /// first, the nearest deadline first, one each `every_ms`.
    pub async fn open_gate(
        &self,
        endpoint: &Endpoint,
        every_ms: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let doing = "opening a gate";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let opened = sqlx::query(
            "UPDATE gates SET reason = NULL, since = $2, version = version + 1, \
             probing_until = 0 WHERE endpoint = $1 AND reason IS NOT NULL RETURNING version",
        )
        .bind(endpoint.to_string())
        .bind(now.as_millisecond())
        .fetch_optional(&mut *conn)
        .await
        .doing(doing)?;
        if opened.is_none() {
            return Ok(false);
        }
        let drain_until = crate::waiting::give_turns(conn, endpoint, every_ms, now).await?;
        sqlx::query("UPDATE gates SET drain_until = $2 WHERE endpoint = $1")
            .bind(endpoint.to_string())
            .bind(drain_until)
            .execute(&mut *conn)
            .await
            .doing(doing)?;
        close_exceptions(conn, endpoint, "", None, now).await?;
        writing.commit(doing).await?;
        Ok(true)
    }

    /// Gates that were closed at least once, by endpoint.
    pub async fn gates(&self) -> Result<Vec<Gate>> {
        let rows = sqlx::query(
            "SELECT endpoint, reason, since, version, failed_probes, probe_at, drain_until, \
             total FROM gates ORDER BY endpoint",
        )
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing gates")?;
        rows.iter().map(read).collect()
    }
}

/// One incident a gate: the exception of the reason it has now.
async fn tell(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    why: Reason,
    call: &str,
    now: Timestamp,
) -> Result<()> {
    let evidence = [
        ("endpoint".to_owned(), endpoint.to_string()),
        ("call".to_owned(), call.to_owned()),
    ];
    close_exceptions(conn, endpoint, "", why.exception(), now).await?;
    open_exception(conn, endpoint, "", why, &evidence, now).await
}

/// Opens the exception of a reason that has one; an open one gets the newer evidence.
pub(crate) async fn open_exception(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    call: &str,
    why: Reason,
    evidence: &[(String, String)],
    now: Timestamp,
) -> Result<()> {
    let Some(kind) = why.exception() else {
        return Ok(());
    };
    let (scope, subject) = place(endpoint, call);
    let opening = Opening {
        about: About {
            origin: Origin::Gate,
            scope: &scope,
            subject: &subject,
        },
        kind,
        marketplace: endpoint.marketplace(),
        order_id: None,
        evidence,
        deadline: None,
    };
    exceptions::open(conn, &opening, now).await
}

/// Closes what is open about an endpoint, or one call of it, but for one kind.
pub(crate) async fn close_exceptions(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    call: &str,
    except: Option<Kind>,
    now: Timestamp,
) -> Result<()> {
    let (scope, subject) = place(endpoint, call);
    let about = About {
        origin: Origin::Gate,
        scope: &scope,
        subject: &subject,
    };
    exceptions::close(conn, about, except, "cause_gone", now).await
}

/// People read the subject: the endpoint, with the call where one call is meant.
fn place(endpoint: &Endpoint, call: &str) -> (String, String) {
    let scope = endpoint.to_string();
    let subject = match call {
        "" => scope.clone(),
        call => format!("{scope} {call}"),
    };
    (scope, subject)
}

/// A reason by its word; one that only a newer program knows closes as an endpoint that is down.
pub(crate) fn reason(word: &str) -> Reason {
    let known = Reason::ALL.into_iter().find(|why| why.as_str() == word);
    known.unwrap_or(Reason::Down)
}

fn read(row: &AnyRow) -> Result<Gate> {
    let columns = Columns {
        row,
        what: "a gate",
    };
    let why = columns.text_or_null("reason")?;
    Ok(Gate {
        endpoint: columns.text("endpoint")?,
        reason: why.map(|word| reason(&word)),
        since: columns.moment("since")?,
        version: columns.number("version")?,
        failed_probes: columns.small_count("failed_probes")?,
        probe_at: columns.moment("probe_at")?,
        drain_until: columns.moment("drain_until")?,
        total: columns.count("total")?,
    })
}
