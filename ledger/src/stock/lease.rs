//! Who reads a site, or publishes a marketplace, now: runs of a schedule may overlap when they are
//! back-filled, and a run that was given up may still be at work.

use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::open::Ledger;

/// The right to write for a scope, until another takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// A marketplace's code, or `site/` and the site.
    pub scope: String,
    /// Who holds it: a workflow run, or what a person started.
    pub holder: String,
    /// Grows with each holder.
    pub epoch: i64,
}

/// A write under a lease: it proves that the lease is held, and prolongs it.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// The lease.
    pub lease: &'a Lease,
    /// Until when it is to last from now on.
    pub until: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

impl Holding<'_> {
    /// The first thing of a write: locks the lease's row, so that nobody takes it before the write
    /// stands.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another holds it.
    pub(super) async fn prove(&self, conn: &mut AnyConnection) -> Result<()> {
        let held = sqlx::query(
            "UPDATE stock_leases SET until_at = $4 \
             WHERE scope = $1 AND holder = $2 AND epoch = $3",
        )
        .bind(&self.lease.scope)
        .bind(&self.lease.holder)
        .bind(self.lease.epoch)
        .bind(self.until.as_millisecond())
        .execute(conn)
        .await
        .doing("proving the stock lease")?;
        match held.rows_affected() {
            0 => Err(Error::LeaseLost),
            _ => Ok(()),
        }
    }
}

impl Ledger {
    /// Takes the lease of a scope until then, or prolongs one's own; nothing while another holds it.
    pub async fn take_stock_lease(
        &self,
        scope: &str,
        holder: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Lease>> {
        let doing = "taking the stock lease";
        let mut writing = self.writing().await?;
        let row = sqlx::query(
            "INSERT INTO stock_leases (scope, holder, epoch, until_at) \
             VALUES ($1, $2, 1, $3) ON CONFLICT (scope) DO UPDATE SET \
             holder = excluded.holder, until_at = excluded.until_at, epoch = stock_leases.epoch \
             + CASE WHEN stock_leases.holder = excluded.holder THEN 0 ELSE 1 END \
             WHERE stock_leases.holder = excluded.holder OR stock_leases.until_at <= $4 \
             RETURNING epoch",
        )
        .bind(scope)
        .bind(holder)
        .bind(until.as_millisecond())
        .bind(now.as_millisecond())
        .fetch_optional(writing.conn())
        .await
        .doing(doing)?;
        writing.commit(doing).await?;
        let lease = |row| {
            let what = "the stock lease";
            Ok(Lease {
                scope: scope.to_owned(),
                holder: holder.to_owned(),
                epoch: Columns { row, what }.number("epoch")?,
            })
        };
        row.as_ref().map(lease).transpose()
    }

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: another holds it.
    pub async fn keep_stock_lease(&self, holding: Holding<'_>) -> Result<()> {
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        writing.commit("prolonging the stock lease").await
    }

    /// Gives a lease back; one that another holds stays.
    pub async fn give_stock_lease_back(&self, scope: &str, holder: &str) -> Result<()> {
        let doing = "giving the stock lease back";
        let mut writing = self.writing().await?;
        sqlx::query("UPDATE stock_leases SET until_at = 0 WHERE scope = $1 AND holder = $2")
            .bind(scope)
            .bind(holder)
            .execute(writing.conn())
            .await
            .doing(doing)?;
        writing.commit(doing).await
    }
}
