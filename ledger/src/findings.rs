//! What sweeps found: orders that no pull had brought, and both sides apart.

use domain::exception::{Kind, Problem};
use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::open::Ledger;

const WHAT: &str = "a finding";

/// Something that a person must settle, found by a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Marketplace in which the subject is unique.
    pub marketplace: &'a MarketplaceCode,
    /// The order, or what else it is about.
    pub subject: &'a str,
    /// Is the subject an order?
    pub is_order: bool,
}

impl Ledger {
    /// Notes that an order was compared, and what stands of it: the kinds that were found are open,
    /// all others of earlier sweeps closed. Answers how many are open.
    ///
    /// An order that has an exception of its own already has its owner: none is added to it.
    pub async fn compared(
        &self,
        sweep: i64,
        about: &Finding<'_>,
        found: &[Problem],
        now: Timestamp,
    ) -> Result<u32> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        let here = About {
            origin: Origin::Sweep,
            scope: about.marketplace.as_str(),
            subject: about.subject,
        };
        let order_id = about.is_order.then_some(about.subject);
        let owned = match order_id {
            Some(order_id) => has_owner(conn, about.marketplace, order_id).await?,
            None => false,
        };
        let standing = if owned { &[] } else { found };
        for kind in open_kinds(conn, here).await? {
            if !standing.iter().any(|problem| problem.kind == kind) {
                close_kind(conn, here, kind, now).await?;
            }
        }
        for problem in standing {
            let opening = Opening {
                about: here,
                kind: problem.kind,
                marketplace: Some(about.marketplace),
                order_id,
                evidence: &problem.evidence,
                deadline: None,
            };
            exceptions::open(conn, &opening, now).await?;
        }
        sqlx::query("DELETE FROM sweep_orders WHERE sweep = $1 AND order_id = $2")
            .bind(sweep)
            .bind(about.subject)
            .execute(conn)
            .await
            .doing("noting a compared order")?;
        writing.commit("noting a compared order").await?;
        Ok(u32::try_from(standing.len()).unwrap_or(u32::MAX))
    }

    /// Subjects of open findings of a marketplace: looked at again, so that they can close.
    pub async fn open_findings(&self, marketplace: &MarketplaceCode) -> Result<Vec<String>> {
        let mut conn = self.reading().await?;
        let open = exceptions::open_subjects(&mut conn, Origin::Sweep).await?;
        let mine = open
            .into_iter()
            .filter(|(scope, _)| scope == marketplace.as_str());
        Ok(mine.map(|(_, subject)| subject).collect())
    }

    /// Opens the exception of an order that no pull had brought.
    pub async fn missed_order(
        &self,
        key: &OrderKey,
        evidence: &[(String, String)],
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let opening = Opening {
            about: About {
                origin: Origin::Missed,
                scope: key.marketplace.as_str(),
                subject: &key.order_id,
            },
            kind: Kind::MissedOrder,
            marketplace: Some(&key.marketplace),
            order_id: Some(&key.order_id),
            evidence,
            deadline: None,
        };
        exceptions::open(writing.conn(), &opening, now).await?;
        writing.commit("noting a missed order").await
    }

    /// Closes the exceptions of missed orders that were taken up: a decision stands for each.
    pub async fn close_taken_up(&self, now: Timestamp) -> Result<()> {
        let open = {
            let mut conn = self.reading().await?;
            exceptions::open_subjects(&mut conn, Origin::Missed).await?
        };
        if open.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing().await?;
        sqlx::query(
            "UPDATE exceptions SET closed_at = $1, closed_by = 'taken_up' \
             WHERE closed_at IS NULL AND origin = $2 AND EXISTS (SELECT 1 FROM orders o \
             WHERE o.marketplace = exceptions.scope AND o.order_id = exceptions.subject \
             AND o.handled_version > 0)",
        )
        .bind(now.as_millisecond())
        .bind(Origin::Missed.as_str())
        .execute(writing.conn())
        .await
        .doing("closing what was taken up")?;
        writing.commit("closing what was taken up").await
    }

    /// Orders that no pull had brought although it should have, found by all sweeps so far.
    pub async fn missed_orders(&self) -> Result<Vec<(MarketplaceCode, u64)>> {
        let rows = sqlx::query(
            "SELECT marketplace, COUNT(*) AS n FROM exceptions WHERE origin = $1 \
             AND marketplace IS NOT NULL GROUP BY marketplace ORDER BY marketplace",
        )
        .bind(Origin::Missed.as_str())
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("counting missed orders")?;
        let count = |row: &AnyRow| {
            let columns = Columns { row, what: WHAT };
            Ok((columns.marketplace("marketplace")?, columns.count("n")?))
        };
        rows.iter().map(count).collect()
    }
}

/// Has the order an open exception that is neither the sweep's nor a deadline's?
async fn has_owner(
    conn: &mut AnyConnection,
    marketplace: &MarketplaceCode,
    order_id: &str,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM exceptions WHERE closed_at IS NULL \
         AND marketplace = $1 AND order_id = $2 AND origin NOT IN ($3, $4, $5)",
    )
    .bind(marketplace.as_str())
    .bind(order_id)
    .bind(Origin::Sweep.as_str())
    .bind(Origin::Deadline.as_str())
    .bind(Origin::Missed.as_str())
    .fetch_one(conn)
    .await
    .doing("looking for an order's exceptions")?;
    let columns = Columns {
        row: &row,
        what: WHAT,
    };
    Ok(columns.count("n")? > 0)
}

async fn open_kinds(conn: &mut AnyConnection, about: About<'_>) -> Result<Vec<Kind>> {
    let rows = sqlx::query(
        "SELECT kind FROM exceptions WHERE closed_at IS NULL \
         AND origin = $1 AND scope = $2 AND subject = $3",
    )
    .bind(about.origin.as_str())
    .bind(about.scope)
    .bind(about.subject)
    .fetch_all(conn)
    .await
    .doing("reading open findings")?;
    let kind = |row| Columns { row, what: WHAT }.text("kind");
    let words = rows.iter().map(kind).collect::<Result<Vec<_>>>()?;
    Ok(words
        .iter()
        .filter_map(|w| crate::columns::kind(w))
        .collect())
}

async fn close_kind(
    conn: &mut AnyConnection,
    about: About<'_>,
    kind: Kind,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = 'not_found_again' \
         WHERE closed_at IS NULL AND origin = $2 AND scope = $3 AND subject = $4 AND kind = $5",
    )
    .bind(now.as_millisecond())
    .bind(about.origin.as_str())
    .bind(about.scope)
    .bind(about.subject)
    .bind(kind.as_str())
    .execute(conn)
    .await
    .doing("closing a finding")?;
    Ok(())
}
