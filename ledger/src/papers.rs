//! The inbox of papers, credit memos and returns: rows and cursor commit together, and a change is
//! news of the order.

mod of_order;
mod store;
mod strays;

use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::papers::{ErpReturn, MarketplaceReturn};
use domain::refund::{CreditMemo, MemoStatus};

pub(crate) use of_order::{link, papers_of};
pub(crate) use strays::close_of as close_strays_of;

use store::News;

use crate::columns::to_json;
use crate::cursors::page_stored;
use crate::error::Result;
use crate::exceptions::{About, Origin};
use crate::open::{Alone, Ledger};
use crate::rows::{FeedRun, Recorded, Unreadable};
use crate::unreadable;

const WHAT: &str = "a document";

/// A credit memo as a feed read it: nothing personal.
#[derive(Clone, Debug)]
pub struct SeenCredit {
    /// The order's key in the ERP.
    pub external_po: String,
    /// The memo.
    pub memo: CreditMemo,
}

/// A return of the ERP as a feed read it: nothing personal.
#[derive(Clone, Debug)]
pub struct SeenErpReturn {
    /// The order's key in the ERP.
    pub external_po: String,
    /// The return. Version 0 says that the site does not count: then what is read last counts.
    pub erp_return: ErpReturn,
}

/// A return of a marketplace as a feed read it: nothing personal.
#[derive(Clone, Debug)]
pub struct SeenReturn {
    /// Which order.
    pub key: OrderKey,
    /// The return; its version is the moment of its last change.
    pub returned: MarketplaceReturn,
}

/// What kind of paper it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    CreditMemo,
    ErpReturn,
    MarketplaceReturn,
}

impl Sort {
    fn as_str(self) -> &'static str {
        match self {
            Self::CreditMemo => "credit_memo",
            Self::ErpReturn => "erp_return",
            Self::MarketplaceReturn => "marketplace_return",
        }
    }

    /// Who opens what is told of papers that cannot be read.
    fn origin(self) -> Origin {
        match self {
            Self::CreditMemo => Origin::CreditInbox,
            Self::ErpReturn => Origin::ErpReturnInbox,
            Self::MarketplaceReturn => Origin::ReturnInbox,
        }
    }
}

/// A paper on its way into the ledger.
struct Paper<'a> {
    sort: Sort,
    /// The order's key in the ERP; for a return of the marketplace, the order.
    owner: String,
    item: &'a str,
    version: i64,
    facts: String,
    /// A credit that was taken back.
    is_void: bool,
}

impl Ledger {
    /// Stores one page of credit memos together with the feed's cursor: both stand, or neither.
    ///
    /// Only a higher version of a known memo changes anything; one that names another order than
    /// before is void for that one. A memo of no known order is kept and counts when the order
    /// comes; one under a key of ours is an exception until then.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was stored; read the page again.
    pub async fn record_credit_memos(
        &self,
        feed: &FeedRun<'_>,
        seen: &[SeenCredit],
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let papers = seen
            .iter()
            .map(SeenCredit::paper)
            .collect::<Result<Vec<_>>>()?;
        self.record_papers(Sort::CreditMemo, feed, papers, unreadable)
            .await
    }

    /// Stores one page of the ERP's returns together with the feed's cursor: both stand, or neither.
    ///
    /// Only a higher version of a known return changes anything. One of no known order is kept and
    /// counts when the order comes.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was stored; read the page again.
    pub async fn record_erp_returns(
        &self,
        feed: &FeedRun<'_>,
        seen: &[SeenErpReturn],
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let papers = seen
            .iter()
            .map(SeenErpReturn::paper)
            .collect::<Result<Vec<_>>>()?;
        self.record_papers(Sort::ErpReturn, feed, papers, unreadable)
            .await
    }

    /// Stores one page of a marketplace's returns together with the feed's cursor: both stand, or
    /// neither.
    ///
    /// Only a later change of a known return changes anything. One of no known order is kept and
    /// counts when the order comes.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing was stored; read the page again.
    pub async fn record_marketplace_returns(
        &self,
        feed: &FeedRun<'_>,
        seen: &[SeenReturn],
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let papers = seen
            .iter()
            .map(SeenReturn::paper)
            .collect::<Result<Vec<_>>>()?;
        self.record_papers(Sort::MarketplaceReturn, feed, papers, unreadable)
            .await
    }

    async fn record_papers(
        &self,
        sort: Sort,
        feed: &FeedRun<'_>,
        mut papers: Vec<Paper<'_>>,
        unreadable: &[Unreadable],
    ) -> Result<Recorded> {
        let origin = sort.origin();
        let count = papers.len() + unreadable.len();
        let mut recorded = Recorded::default();
        let mut writing = self.writing().await?;
        writing.alone(Alone::Stores).await?;
        let conn = writing.conn();
        let kept = unreadable::kept(conn, origin).await?;
        // The same order for every worker, so that none waits for another in a circle.
        papers.sort_by(|a, b| (&a.owner, a.item, a.version).cmp(&(&b.owner, b.item, b.version)));
        for paper in &papers {
            match store::record(conn, feed, paper).await? {
                News::New => recorded.new += 1,
                News::Changed => recorded.changed += 1,
                News::Unchanged => recorded.unchanged += 1,
                News::Stale => {
                    recorded.stale += 1;
                    continue;
                }
            }
            for (scope, item) in &kept {
                let here = scope == feed.feed || is_scope_of(paper, scope);
                if here && item == paper.item {
                    let about = About {
                        origin,
                        scope,
                        subject: item,
                    };
                    unreadable::resolve(conn, about, feed.now).await?;
                }
            }
        }
        for message in unreadable {
            unreadable::keep(self, conn, origin, feed, message).await?;
            recorded.unreadable += 1;
        }
        page_stored(conn, feed, count).await?;
        writing.commit("storing a page of documents").await?;
        Ok(recorded)
    }
}

impl SeenCredit {
    fn paper(&self) -> Result<Paper<'_>> {
        Ok(Paper {
            sort: Sort::CreditMemo,
            owner: self.external_po.clone(),
            item: &self.memo.number,
            version: i64::try_from(self.memo.version).unwrap_or(i64::MAX),
            facts: to_json(&self.memo, WHAT)?,
            is_void: self.memo.status == MemoStatus::Voided,
        })
    }
}

impl SeenErpReturn {
    fn paper(&self) -> Result<Paper<'_>> {
        Ok(Paper {
            sort: Sort::ErpReturn,
            owner: self.external_po.clone(),
            item: &self.erp_return.ra_number,
            version: self.erp_return.version,
            facts: to_json(&self.erp_return, WHAT)?,
            is_void: false,
        })
    }
}

impl SeenReturn {
    fn paper(&self) -> Result<Paper<'_>> {
        Ok(Paper {
            sort: Sort::MarketplaceReturn,
            owner: self.key.to_string(),
            item: &self.returned.return_id,
            version: self.returned.updated_at.as_millisecond(),
            facts: to_json(&self.returned, WHAT)?,
            is_void: false,
        })
    }
}

/// Is this the marketplace that a return is of?
fn is_scope_of(paper: &Paper<'_>, scope: &str) -> bool {
    paper.sort == Sort::MarketplaceReturn
        && MarketplaceCode::new(scope).is_ok()
        && paper.owner.split('/').next() == Some(scope)
}
