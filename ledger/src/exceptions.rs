//! Exceptions: what needs a person, open once, closed with its cause.

use domain::deadline::Level;
use domain::exception::{Kind, Owner};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::{self, Columns, ms, to_json};
use crate::error::{Doing, Result};
use crate::open::Ledger;
use crate::rows::{Exception, ExceptionFilter};

const WHAT: &str = "an exception";

/// Who opens an exception, and so who closes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A decision on an order.
    Decision,
    /// A feed of orders that could not read one.
    OrderInbox,
    /// A feed of shipments that could not read one.
    ShipmentInbox,
    /// A feed of credit memos that could not read one.
    CreditInbox,
    /// A feed of the ERP's returns that could not read one.
    ErpReturnInbox,
    /// A feed of a marketplace's returns that could not read one.
    ReturnInbox,
    /// A shipment without its order.
    Stray,
    /// A credit memo without its order.
    StrayCredit,
    /// A credit or return of an order that waits for a person while the rest goes on.
    Paper,
    /// A system, or one call of it, that cannot be used.
    Gate,
    /// A deadline that draws near.
    Deadline,
    /// A feed or a schedule without success.
    Freshness,
    /// A sweep that found an order which no pull brought.
    Missed,
    /// A sweep that found both sides apart.
    Sweep,
    /// Mapping tables that wait for a person's yes.
    Mappings,
    /// Stock of a site or a marketplace.
    Stock,
    /// Stock of one offer.
    StockOffer,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::OrderInbox => "order_inbox",
            Self::ShipmentInbox => "shipment_inbox",
            Self::CreditInbox => "credit_inbox",
            Self::ErpReturnInbox => "erp_return_inbox",
            Self::ReturnInbox => "return_inbox",
            Self::Stray => "stray",
            Self::StrayCredit => "stray_credit",
            Self::Paper => "paper",
            Self::Gate => "gate",
            Self::Deadline => "deadline",
            Self::Freshness => "freshness",
            Self::Missed => "missed",
            Self::Sweep => "sweep",
            Self::Mappings => "mappings",
            Self::Stock => "stock",
            Self::StockOffer => "stock_offer",
        }
    }
}

/// What an exception is about. Open ones are unique by this and their kind.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub origin: Origin,
    /// Marketplace or feed, within which the subject is unique; may be empty.
    pub scope: &'a str,
    pub subject: &'a str,
}

pub(crate) struct Opening<'a> {
    pub about: About<'a>,
    pub kind: Kind,
    pub marketplace: Option<&'a MarketplaceCode>,
    pub order_id: Option<&'a str>,
    pub evidence: &'a [(String, String)],
    pub deadline: Option<Timestamp>,
}

/// Opens the exception; one that is open already gets the newer evidence and deadline.
pub(crate) async fn open(
    conn: &mut AnyConnection,
    new: &Opening<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO exceptions (origin, scope, subject, kind, owner, marketplace, order_id, \
         evidence, deadline, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (origin, scope, subject, kind) WHERE closed_at IS NULL \
         DO UPDATE SET evidence = excluded.evidence, deadline = excluded.deadline",
    )
    .bind(new.about.origin.as_str())
    .bind(new.about.scope)
    .bind(new.about.subject)
    .bind(new.kind.as_str())
    .bind(new.kind.owner().as_str())
    .bind(new.marketplace.map(|m| m.as_str().to_owned()))
    .bind(new.order_id.map(str::to_owned))
    .bind(to_json(new.evidence, WHAT)?)
    .bind(ms(new.deadline))
    .bind(now.as_millisecond())
    .execute(conn)
    .await
    .doing("opening an exception")?;
    Ok(())
}

/// Closes what is open about this, but for one kind.
pub(crate) async fn close(
    conn: &mut AnyConnection,
    about: About<'_>,
    except: Option<Kind>,
    closed_by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = $2 WHERE closed_at IS NULL \
         AND origin = $3 AND scope = $4 AND subject = $5 AND kind <> $6",
    )
    .bind(now.as_millisecond())
    .bind(closed_by)
    .bind(about.origin.as_str())
    .bind(about.scope)
    .bind(about.subject)
    .bind(except.map_or("", Kind::as_str))
    .execute(conn)
    .await
    .doing("closing an exception")?;
    Ok(())
}

/// Closes what is open within a scope.
pub(crate) async fn close_scope(
    conn: &mut AnyConnection,
    origin: Origin,
    scope: &str,
    closed_by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = $2 WHERE closed_at IS NULL \
         AND origin = $3 AND scope = $4",
    )
    .bind(now.as_millisecond())
    .bind(closed_by)
    .bind(origin.as_str())
    .bind(scope)
    .execute(conn)
    .await
    .doing("closing exceptions")?;
    Ok(())
}

/// Subjects with an open exception of this origin; few, so a feed asks once a page.
pub(crate) async fn open_subjects(
    conn: &mut AnyConnection,
    origin: Origin,
) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query(
        "SELECT scope, subject FROM exceptions WHERE closed_at IS NULL AND origin = $1",
    )
    .bind(origin.as_str())
    .fetch_all(conn)
    .await
    .doing("reading open exceptions")?;
    let subject = |row: &AnyRow| {
        let columns = Columns { row, what: WHAT };
        Ok((columns.text("scope")?, columns.text("subject")?))
    };
    rows.iter().map(subject).collect()
}

/// One list of columns for every query that answers exceptions.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, marketplace, order_id, subject, evidence, level, opened_at, deadline, \
             closed_at, closed_by FROM exceptions ",
            $rest
        )
    };
}

impl Ledger {
    /// Lists exceptions: the open ones first, of these the nearest to its deadline first.
    pub async fn exceptions(&self, filter: &ExceptionFilter, limit: u32) -> Result<Vec<Exception>> {
        let rows = sqlx::query(select!(
            "WHERE ($1 = '' OR owner = $1) AND ($2 = '' OR kind = $2) \
             AND ($3 = '' OR marketplace = $3) AND ($4 = 1 OR closed_at IS NULL) \
             ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, level DESC, \
             CASE WHEN deadline IS NULL THEN 1 ELSE 0 END, deadline, id LIMIT $5"
        ))
        .bind(filter.owner.map_or("", Owner::as_str))
        .bind(filter.kind.map_or("", Kind::as_str))
        .bind(filter.marketplace.as_ref().map_or("", |m| m.as_str()))
        .bind(i64::from(filter.include_closed))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing exceptions")?;
        read_all(&rows)
    }

    /// One exception, closed or not.
    pub async fn exception(&self, id: i64) -> Result<Option<Exception>> {
        let rows = sqlx::query(select!("WHERE id = $1"))
            .bind(id)
            .fetch_all(&mut *self.reading().await?)
            .await
            .doing("reading an exception")?;
        Ok(read_all(&rows)?.pop())
    }

    /// Open exceptions that nobody was told of yet, or not since they were raised, the oldest first.
    pub async fn exceptions_to_tell(&self, limit: u32) -> Result<Vec<Exception>> {
        let rows = sqlx::query(select!(
            "WHERE closed_at IS NULL AND told_at IS NULL ORDER BY id LIMIT $1"
        ))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing exceptions to tell")?;
        read_all(&rows)
    }

    /// Notes that somebody was told of these as they were; one that was raised meanwhile is told again.
    pub async fn exceptions_told(&self, told: &[Exception], now: Timestamp) -> Result<()> {
        let mut writing = self.writing().await?;
        for exception in told {
            sqlx::query(
                "UPDATE exceptions SET told_at = $1 \
                 WHERE id = $2 AND level = $3 AND told_at IS NULL",
            )
            .bind(now.as_millisecond())
            .bind(exception.id)
            .bind(exception.level.number())
            .execute(writing.conn())
            .await
            .doing("noting a told exception")?;
        }
        writing.commit("noting told exceptions").await
    }
}

/// Reads rows; one of a kind that only a newer program knows is left to that program.
fn read_all(rows: &[AnyRow]) -> Result<Vec<Exception>> {
    rows.iter()
        .filter_map(|row| read(row).transpose())
        .collect()
}

fn read(row: &AnyRow) -> Result<Option<Exception>> {
    let columns = Columns { row, what: WHAT };
    let id = columns.number("id")?;
    let Some(kind) = columns::kind(&columns.text("kind")?) else {
        tracing::warn!(
            exception.id = id,
            "left out an exception of an unknown kind"
        );
        return Ok(None);
    };
    let marketplace = match columns.text_or_null("marketplace")? {
        Some(_) => Some(columns.marketplace("marketplace")?),
        None => None,
    };
    Ok(Some(Exception {
        id,
        kind,
        owner: kind.owner(),
        marketplace,
        order_id: columns.text_or_null("order_id")?,
        subject: columns.text("subject")?,
        evidence: columns.json("evidence")?,
        level: Level::of(columns.number("level")?),
        opened_at: columns.moment("opened_at")?,
        deadline: columns.moment_or_null("deadline")?,
        closed_at: columns.moment_or_null("closed_at")?,
        closed_by: columns.text_or_null("closed_by")?,
    }))
}
