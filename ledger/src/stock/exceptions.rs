//! What of stock needs a person: a batch, a guard that holds, offers that cannot be published.

use domain::exception::{Kind, Problem};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::imports::Import;
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};
use crate::open::Ledger;

impl Ledger {
    /// Opens what was found of a site or marketplace, and closes what of these kinds was not.
    ///
    /// `scope` is the marketplace's code, or `site/` and the site.
    pub async fn settle_stock_problems(
        &self,
        scope: &str,
        marketplace: Option<&MarketplaceCode>,
        judged: &[Kind],
        found: &[Problem],
        now: Timestamp,
    ) -> Result<()> {
        let doing = "noting problems of stock";
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        for kind in judged {
            match found.iter().find(|problem| problem.kind == *kind) {
                Some(problem) => open(conn, scope, marketplace, problem, now).await?,
                None => close(conn, scope, *kind, "cause_gone", now).await?,
            }
        }
        writing.commit(doing).await
    }

    /// Opens an exception for each offer that Mirakl refused, with its own words.
    pub async fn refused_offers(
        &self,
        marketplace: &MarketplaceCode,
        refused: &[(String, Vec<(String, String)>)],
        now: Timestamp,
    ) -> Result<()> {
        let doing = "noting refused offers";
        let mut writing = self.writing().await?;
        for (offer_sku, evidence) in refused {
            let opening = Opening {
                about: About {
                    origin: Origin::StockOffer,
                    scope: marketplace.as_str(),
                    subject: offer_sku,
                },
                kind: Kind::OfferRefused,
                marketplace: Some(marketplace),
                order_id: None,
                evidence,
                deadline: None,
            };
            exceptions::open(writing.conn(), &opening, now).await?;
        }
        writing.commit(doing).await
    }
}

/// Opens an exception of a site or marketplace.
pub(super) async fn open(
    conn: &mut AnyConnection,
    scope: &str,
    marketplace: Option<&MarketplaceCode>,
    problem: &Problem,
    now: Timestamp,
) -> Result<()> {
    let opening = Opening {
        about: About {
            origin: Origin::Stock,
            scope,
            subject: scope,
        },
        kind: problem.kind,
        marketplace,
        order_id: None,
        evidence: &problem.evidence,
        deadline: None,
    };
    exceptions::open(conn, &opening, now).await
}

/// Closes an exception of a site or marketplace, if it is open.
pub(super) async fn close(
    conn: &mut AnyConnection,
    scope: &str,
    kind: Kind,
    closed_by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = $2 WHERE closed_at IS NULL \
         AND origin = $3 AND scope = $4 AND kind = $5",
    )
    .bind(now.as_millisecond())
    .bind(closed_by)
    .bind(Origin::Stock.as_str())
    .bind(scope)
    .bind(kind.as_str())
    .execute(conn)
    .await
    .doing("closing a problem of stock")?;
    Ok(())
}

/// Closes the exceptions of offers whose line Mirakl took.
pub(super) async fn close_taken(
    conn: &mut AnyConnection,
    import: &Import,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = 'taken' WHERE closed_at IS NULL \
         AND origin = $2 AND scope = $3 AND EXISTS (SELECT 1 FROM stock_import_lines l \
         WHERE l.import = $4 AND l.offer_sku = exceptions.subject AND l.refused = 0)",
    )
    .bind(now.as_millisecond())
    .bind(Origin::StockOffer.as_str())
    .bind(import.marketplace.as_str())
    .bind(import.id)
    .execute(conn)
    .await
    .doing("closing exceptions of taken offers")?;
    Ok(())
}
