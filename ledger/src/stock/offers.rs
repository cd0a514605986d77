//! What each offer should show, what was sent, and what Mirakl took and shows.

use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::lease::Holding;
use super::{CHUNK, values};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Ledger;

const WHAT: &str = "the stock of an offer";

/// What an offer should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedStock {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// BlueCherry's SKU; empty while no mapping names it.
    pub sku: Option<String>,
    /// Units; empty when nothing can be said.
    pub quantity: Option<u32>,
    /// The sum behind it, JSON. Its number and moments stay out of it, since each change of it is
    /// kept for good.
    pub explanation: String,
    /// Fingerprint of that text.
    pub print: i64,
}

/// The stock of an offer, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferStock {
    /// Mirakl's offer SKU.
    pub offer_sku: String,
    /// BlueCherry's SKU; empty while no mapping names it.
    pub sku: Option<String>,
    /// Do Mirakl's exports name it?
    pub listed: bool,
    /// The computation since which it should show this; 0 before the first.
    pub snapshot_no: i64,
    /// What it should show; empty when nothing can be said, and then nothing is sent.
    pub wanted: Option<i64>,
    /// Fingerprint of the sum behind it.
    pub print: Option<i64>,
    /// What was last sent, and when.
    pub sent: Option<(i64, Timestamp)>,
    /// What Mirakl last took, and when.
    pub acknowledged: Option<(i64, Timestamp)>,
    /// What Mirakl refused, when that was the last word.
    pub refused: Option<i64>,
    /// What it showed before figures grew too old, while the action chosen for that lasts.
    pub steady: Option<i64>,
    /// How far a person let it go although the guard held it.
    pub approved: Option<i64>,
    /// It may show something else than Mirakl took: it is sent again.
    pub in_doubt: bool,
    /// What Mirakl showed when it was last read back.
    pub shown: Option<(i64, Timestamp)>,
}

impl OfferStock {
    /// What Mirakl holds, as far as anybody knows: what it took, else what it showed. Nothing for an
    /// offer that never sold: its first number is no change.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        let shown = self.shown.filter(|(quantity, _)| *quantity > 0);
        self.acknowledged.or(shown).map(|(quantity, _)| quantity)
    }

    /// What a change is judged against: what Mirakl holds, or held before figures grew too old.
    #[must_use]
    pub fn usual(&self) -> Option<i64> {
        self.steady.or_else(|| self.last())
    }
}

/// How many offers differ, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Offers that Mirakl names.
    pub listed: u64,
    /// Of these, those that should show something else than Mirakl took, or are in doubt.
    pub differing: u64,
    /// Of these, those of which nothing can be said.
    pub unknown: u64,
    /// Of these, those whose last word from Mirakl was a refusal.
    pub refused: u64,
}

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "offer_sku, sku, listed, snapshot_no, wanted, sum_print, sent, sent_at, sent_import, \
         acknowledged, acknowledged_at, acknowledged_import, refused, steady, approved, doubted_at, \
         shown, shown_at"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM stock_offers ", $rest)
    };
}

pub(super) const COLUMNS: &str = columns!();

impl Ledger {
    /// Notes what offers should show by a computation; only those that changed need to be told. The
    /// sum is kept each time. Each offer SKU at most once a call; one that no export named is not
    /// listed by this.
    ///
    /// # Errors
    /// [`crate::Error::LeaseLost`]: another publishes now.
    pub async fn want_stock(
        &self,
        holding: Holding<'_>,
        marketplace: &MarketplaceCode,
        snapshot_no: i64,
        wanted: &[WantedStock],
    ) -> Result<()> {
        let doing = "noting what offers should show";
        let mut writing = self.writing().await?;
        holding.prove(writing.conn()).await?;
        for chunk in wanted.chunks(CHUNK) {
            let sums = format!(
                "WITH new (offer_sku, quantity, explanation) AS ({}) \
                 INSERT INTO stock_explanations (marketplace, offer_sku, quantity, explanation, \
                 at, snapshot_no) SELECT CAST($1 AS TEXT), n.offer_sku, n.quantity, n.explanation, \
                 CAST($3 AS BIGINT), CAST($2 AS BIGINT) FROM new n WHERE true \
                 ON CONFLICT (marketplace, offer_sku, at) DO UPDATE SET \
                 snapshot_no = excluded.snapshot_no, quantity = excluded.quantity, \
                 explanation = excluded.explanation",
                values(chunk.len(), &["TEXT", "BIGINT", "TEXT"], 4)
            );
            let mut query = sqlx::query(AssertSqlSafe(sums))
                .bind(marketplace.as_str())
                .bind(snapshot_no)
                .bind(holding.now.as_millisecond());
            for offer in chunk {
                query = query
                    .bind(offer.offer_sku.as_str())
                    .bind(offer.quantity.map(i64::from))
                    .bind(offer.explanation.as_str());
            }
            query.execute(writing.conn()).await.doing(doing)?;
            let stands = format!(
                "WITH new (offer_sku, sku, quantity, print) AS ({}) \
                 INSERT INTO stock_offers (marketplace, offer_sku, listed, listed_at, \
                 snapshot_no, sku, wanted, wanted_at, sum_print) SELECT CAST($1 AS TEXT), \
                 n.offer_sku, 0, 0, CAST($2 AS BIGINT), n.sku, n.quantity, CAST($3 AS BIGINT), \
                 n.print FROM new n WHERE true ON CONFLICT (marketplace, offer_sku) \
                 DO UPDATE SET snapshot_no = excluded.snapshot_no, sku = excluded.sku, \
                 wanted = excluded.wanted, wanted_at = excluded.wanted_at, \
                 sum_print = excluded.sum_print \
                 WHERE stock_offers.snapshot_no <= excluded.snapshot_no",
                values(chunk.len(), &["TEXT", "TEXT", "BIGINT", "BIGINT"], 4)
            );
            let mut query = sqlx::query(AssertSqlSafe(stands))
                .bind(marketplace.as_str())
                .bind(snapshot_no)
                .bind(holding.now.as_millisecond());
            for offer in chunk {
                query = query
                    .bind(offer.offer_sku.as_str())
                    .bind(offer.sku.as_deref())
                    .bind(offer.quantity.map(i64::from))
                    .bind(offer.print);
            }
            query.execute(writing.conn()).await.doing(doing)?;
        }
        writing.commit(doing).await
    }

    /// Has offers sent again whatever Mirakl took of them: an order took or gave back units, and
    /// Mirakl may have changed the number by itself. Offers that no export named are left out.
    pub async fn doubt_offers(
        &self,
        marketplace: &MarketplaceCode,
        offer_skus: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        doubt(writing.conn(), marketplace, offer_skus, now).await?;
        writing.commit("doubting offers").await
    }

    /// The stock of one offer; empty when no export ever named it.
    pub async fn offer_stock(
        &self,
        marketplace: &MarketplaceCode,
        offer_sku: &str,
    ) -> Result<Option<OfferStock>> {
        let row = sqlx::query(select!("WHERE marketplace = $1 AND offer_sku = $2"))
            .bind(marketplace.as_str())
            .bind(offer_sku)
            .fetch_optional(&mut *self.reading().await?)
            .await
            .doing("reading the stock of an offer")?;
        row.as_ref().map(read).transpose()
    }

    /// The stock of the next offers after one, by offer SKU, also of those that Mirakl does not name
    /// any more. Begin with an empty text.
    pub async fn offers_after(
        &self,
        marketplace: &MarketplaceCode,
        after: &str,
        limit: u32,
    ) -> Result<Vec<OfferStock>> {
        let rows = sqlx::query(select!(
            "WHERE marketplace = $1 AND offer_sku > $2 ORDER BY offer_sku LIMIT $3"
        ))
        .bind(marketplace.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing the stock of offers")?;
        rows.iter().map(read).collect()
    }

    /// As [`Ledger::offers_after`], of listed offers that should show another number than Mirakl
    /// holds: what the guard judges one by one. Those that never sold are left out, since their first
    /// number is no change.
    pub async fn changing_offers_after(
        &self,
        marketplace: &MarketplaceCode,
        after: &str,
        limit: u32,
    ) -> Result<Vec<OfferStock>> {
        let rows = sqlx::query(select!(
            "WHERE marketplace = $1 AND offer_sku > $2 AND listed = 1 \
             AND wanted <> COALESCE(acknowledged, shown) AND (steady IS NOT NULL \
             OR acknowledged IS NOT NULL OR shown > 0) ORDER BY offer_sku LIMIT $3"
        ))
        .bind(marketplace.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reading().await?)
        .await
        .doing("listing changing offers")?;
        rows.iter().map(read).collect()
    }

    /// How many offers of a marketplace differ from what Mirakl took.
    pub async fn stock_difference(&self, marketplace: &MarketplaceCode) -> Result<Difference> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS listed, COALESCE(SUM(CASE WHEN wanted IS NOT NULL \
             AND (acknowledged IS NULL OR acknowledged <> wanted OR doubted_at IS NOT NULL) \
             THEN 1 ELSE 0 END), 0) AS differing, \
             COALESCE(SUM(CASE WHEN wanted IS NULL THEN 1 ELSE 0 END), 0) AS unknown, \
             COALESCE(SUM(CASE WHEN refused IS NOT NULL THEN 1 ELSE 0 END), 0) AS refused \
             FROM stock_offers WHERE marketplace = $1 AND listed = 1",
        )
        .bind(marketplace.as_str())
        .fetch_one(&mut *self.reading().await?)
        .await
        .doing("counting differing offers")?;
        let columns = Columns {
            row: &row,
            what: WHAT,
        };
        Ok(Difference {
            listed: columns.count("listed")?,
            differing: columns.count("differing")?,
            unknown: columns.count("unknown")?,
            refused: columns.count("refused")?,
        })
    }
}

/// Has offers sent again whatever Mirakl took of them.
pub(super) async fn doubt(
    conn: &mut AnyConnection,
    marketplace: &MarketplaceCode,
    offer_skus: &[String],
    now: Timestamp,
) -> Result<()> {
    for chunk in offer_skus.chunks(CHUNK) {
        let sql = format!(
            "UPDATE stock_offers SET doubted_at = $2, refused = NULL \
             WHERE marketplace = $1 AND offer_sku IN ({})",
            values(chunk.len(), &["TEXT"], 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(marketplace.as_str())
            .bind(now.as_millisecond());
        for offer_sku in chunk {
            query = query.bind(offer_sku.as_str());
        }
        query.execute(&mut *conn).await.doing("doubting offers")?;
    }
    Ok(())
}

pub(super) fn read(row: &AnyRow) -> Result<OfferStock> {
    let columns = Columns { row, what: WHAT };
    let pair = |number: &str, moment: &str| -> Result<Option<(i64, Timestamp)>> {
        let number = columns.number_or_null(number)?;
        Ok(number.zip(columns.moment_or_null(moment)?))
    };
    let under_way =
        columns.number_or_null("sent_import")? != columns.number_or_null("acknowledged_import")?;
    Ok(OfferStock {
        offer_sku: columns.text("offer_sku")?,
        sku: columns.text_or_null("sku")?,
        listed: columns.flag("listed")?,
        snapshot_no: columns.number("snapshot_no")?,
        wanted: columns.number_or_null("wanted")?,
        print: columns.number_or_null("sum_print")?,
        sent: pair("sent", "sent_at")?,
        acknowledged: pair("acknowledged", "acknowledged_at")?,
        refused: columns.number_or_null("refused")?,
        steady: columns.number_or_null("steady")?,
        approved: columns.number_or_null("approved")?,
        in_doubt: under_way || columns.number_or_null("doubted_at")?.is_some(),
        shown: pair("shown", "shown_at")?,
    })
}
