//! Data keys: made at first use, wrapped by the master key, deleted to forget.

use domain::marketplace::OrderKey;
use jiff::Timestamp;
use sqlx::{AnyConnection, Row};

use crate::error::{Doing, Error, Result};
use crate::open::Ledger;
use crate::seal::{Place, SealKey};

/// Whose key it is.
#[derive(Clone, Copy)]
pub(crate) enum KeyOf<'a> {
    /// An order: its messages and what is meant to be sent for it.
    Order(&'a OrderKey),
    /// The shipments under an ERP key, which may be known before their order.
    ExternalPo(&'a str),
    /// A message that cannot be read.
    Unreadable {
        origin: &'a str,
        scope: &'a str,
        item: &'a str,
    },
}

impl KeyOf<'_> {
    fn owner(self) -> String {
        match self {
            Self::Order(key) => format!("order/{key}"),
            Self::ExternalPo(po) => format!("po/{po}"),
            Self::Unreadable {
                origin,
                scope,
                item,
            } => format!("unreadable/{origin}/{scope}/{item}"),
        }
    }
}

impl Ledger {
    /// The key of this owner; `None` when it was never made, or deleted.
    pub(crate) async fn data_key(
        &self,
        conn: &mut AnyConnection,
        of: KeyOf<'_>,
    ) -> Result<Option<SealKey>> {
        let owner = of.owner();
        let row = sqlx::query("SELECT wrapped FROM data_keys WHERE owner = $1")
            .bind(&owner)
            .fetch_optional(conn)
            .await
            .doing("reading a data key")?;
        let Some(row) = row else { return Ok(None) };
        let wrapped: String = row.try_get("wrapped").doing("a data key")?;
        let opened = self.master().open(place(&[&owner]), &wrapped);
        let key = opened.and_then(|bytes| SealKey::from_slice(&bytes));
        key.map(Some).ok_or(Error::Corrupt { what: "a data key" })
    }

    /// The key of this owner, made now if need be.
    pub(crate) async fn data_key_or_new(
        &self,
        conn: &mut AnyConnection,
        of: KeyOf<'_>,
        now: Timestamp,
    ) -> Result<SealKey> {
        if let Some(key) = self.data_key(conn, of).await? {
            return Ok(key);
        }
        let owner = of.owner();
        let wrapped = self
            .master()
            .seal(place(&[&owner]), SealKey::generate().bytes())?;
        sqlx::query(
            "INSERT INTO data_keys (owner, wrapped, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (owner) DO NOTHING",
        )
        .bind(&owner)
        .bind(wrapped)
        .bind(now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing("writing a data key")?;
        // Read again: another worker may have been first, and then its key counts.
        let key = self.data_key(conn, of).await?;
        key.ok_or(Error::Corrupt { what: "a data key" })
    }
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place {
        table: "data_keys",
        row,
    }
}

pub(crate) async fn delete_key(conn: &mut AnyConnection, of: KeyOf<'_>) -> Result<()> {
    sqlx::query("DELETE FROM data_keys WHERE owner = $1")
        .bind(of.owner())
        .execute(conn)
        .await
        .doing("deleting a data key")?;
    Ok(())
}

/// Must nothing personal of this order be kept?
pub(crate) async fn is_erased(conn: &mut AnyConnection, key: &OrderKey) -> Result<bool> {
    let row =
        sqlx::query("SELECT erased_at FROM erasures WHERE marketplace = $1 AND order_id = $2")
            .bind(key.marketplace.as_str())
            .bind(&key.order_id)
            .fetch_optional(conn)
            .await
            .doing("looking for an erasure")?;
    Ok(row.is_some())
}
