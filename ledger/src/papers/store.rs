//! One paper: what is held of it, and what the page brings.

use domain::refund::{CreditMemo, MemoStatus};
use sqlx::AnyConnection;

use super::of_order::tell;
use super::{Paper, Sort, WHAT, strays};
use crate::columns::{Columns, from_json, to_json};
use crate::error::{Doing, Result};
use crate::rows::FeedRun;

/// A paper as it is held.
struct Held {
    owner: String,
    version: i64,
    facts: String,
}

/// What the page brings of one paper.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    New,
    Changed,
    Unchanged,
    Stale,
}

/// Stores one paper, unless something as new is held.
pub(super) async fn record(
    conn: &mut AnyConnection,
    feed: &FeedRun<'_>,
    paper: &Paper<'_>,
) -> Result<News> {
    let all = held(conn, paper).await?;
    // A number is one of the whole ERP; an ID of a return is one of its order.
    let known = |h: &&Held| paper.sort != Sort::MarketplaceReturn || h.owner == paper.owner;
    let newest = all.iter().filter(known).max_by_key(|held| held.version);
    let Some(newest) = newest else {
        put(conn, feed, paper, paper.version).await?;
        return Ok(News::New);
    };
    let counts = paper.sort != Sort::ErpReturn || paper.version > 0;
    let version = if counts {
        paper.version
    } else {
        let same = newest.owner == paper.owner && newest.facts == paper.facts;
        newest.version.saturating_add(i64::from(!same))
    };
    if version < newest.version {
        return Ok(News::Stale);
    }
    if version == newest.version {
        return Ok(News::Unchanged);
    }
    put(conn, feed, paper, version).await?;
    if paper.sort != Sort::MarketplaceReturn {
        for old in all.iter().filter(|held| held.owner != paper.owner) {
            take_back(conn, feed, paper, old, version).await?;
        }
    }
    Ok(News::Changed)
}

/// Every row of the paper's number, whatever order it named.
async fn held(conn: &mut AnyConnection, paper: &Paper<'_>) -> Result<Vec<Held>> {
    let rows =
        sqlx::query("SELECT owner, version, facts FROM documents WHERE kind = $1 AND item = $2")
            .bind(paper.sort.as_str())
            .bind(paper.item)
            .fetch_all(conn)
            .await
            .doing("reading a document")?;
    let held = |row| {
        let columns = Columns { row, what: WHAT };
        Ok(Held {
            owner: columns.text("owner")?,
            version: columns.number("version")?,
            facts: columns.text("facts")?,
        })
    };
    rows.iter().map(held).collect()
}

/// Writes a new or newer paper and tells its order.
async fn put(
    conn: &mut AnyConnection,
    feed: &FeedRun<'_>,
    paper: &Paper<'_>,
    version: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO documents (kind, owner, item, version, feed, facts, first_seen_at, \
         changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
         ON CONFLICT (kind, owner, item) DO UPDATE SET version = excluded.version, \
         feed = excluded.feed, facts = excluded.facts, changed_at = excluded.changed_at",
    )
    .bind(paper.sort.as_str())
    .bind(&paper.owner)
    .bind(paper.item)
    .bind(version)
    .bind(feed.feed)
    .bind(&paper.facts)
    .bind(feed.now.as_millisecond())
    .execute(&mut *conn)
    .await
    .doing("writing a document")?;
    let known = tell(conn, paper.sort, &paper.owner).await?;
    if paper.sort == Sort::CreditMemo {
        let open = known.is_empty() && !paper.is_void;
        strays::settle(conn, feed, &paper.owner, paper.item, open).await?;
    }
    Ok(())
}

/// A newer version names another order: for the one it named before, a credit is void, and a return
/// is none of its own.
async fn take_back(
    conn: &mut AnyConnection,
    feed: &FeedRun<'_>,
    paper: &Paper<'_>,
    old: &Held,
    version: i64,
) -> Result<()> {
    let doing = "taking back a document";
    if paper.sort == Sort::CreditMemo {
        let mut memo: CreditMemo = from_json(&old.facts, WHAT)?;
        memo.status = MemoStatus::Voided;
        memo.version = u64::try_from(version).unwrap_or(memo.version);
        sqlx::query(
            "UPDATE documents SET version = $4, facts = $5, changed_at = $6 \
             WHERE kind = $1 AND owner = $2 AND item = $3",
        )
        .bind(paper.sort.as_str())
        .bind(&old.owner)
        .bind(paper.item)
        .bind(version)
        .bind(to_json(&memo, WHAT)?)
        .bind(feed.now.as_millisecond())
        .execute(&mut *conn)
        .await
        .doing(doing)?;
        strays::settle(conn, feed, &old.owner, paper.item, false).await?;
    } else {
        sqlx::query("DELETE FROM documents WHERE kind = $1 AND owner = $2 AND item = $3")
            .bind(paper.sort.as_str())
            .bind(&old.owner)
            .bind(paper.item)
            .execute(&mut *conn)
            .await
            .doing(doing)?;
    }
    tell(conn, paper.sort, &old.owner).await?;
    Ok(())
}
