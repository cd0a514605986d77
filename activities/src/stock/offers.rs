//! Which offers there are and what they show, from Mirakl's exports (OF52, OF53, OF54).

use std::collections::BTreeSet;
use std::time::Duration;

use domain::exception::{Kind, Problem};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{ShownOffer, ShownOtherwise};
use mirakl::{OfferExport, OfferFileAddress};
use serde::{Deserialize, Serialize};
use workflows::stock::{OffersRead, StockTicket, Word};

use super::{Run, Stocks, count};
use crate::Failure;
use crate::calls::To;
use crate::settings::{Shop, after};

/// Under which name the ledger remembers the last look.
const LOOKED: &str = "OF52";
/// Mirakl lets an export's state be asked for every ten seconds.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// An export that has not ended after so long is given up until the next look.
const LONGEST: Duration = Duration::from_secs(1_200);
/// Clocks may be so far apart, and a change so late in an export.
const OVERLAP: Duration = Duration::from_secs(300);
/// A whole export a day is all there is.
const WHOLE_EVERY: Duration = Duration::from_secs(24 * 3_600);
/// Offers named in an exception.
const EXAMPLES: usize = 10;

/// When a marketplace was last looked at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Looked {
    /// When the last export was asked for.
    at: Timestamp,
    /// When the last one of all offers was.
    whole_at: Timestamp,
}

impl Looked {
    /// Is it time to look again?
    pub(super) fn is_due(last: Option<&Self>, every: Duration, now: Timestamp) -> bool {
        last.is_none_or(|last| after(last.at, every) <= now)
    }
}

/// What the files of an export told.
#[derive(Default)]
struct Told {
    offers: u64,
    unreadable: u64,
    otherwise: Vec<ShownOtherwise>,
}

impl Stocks {
    /// When the marketplace was last looked at.
    pub(super) async fn looked(&self, shop: &Shop) -> Result<Option<Looked>, Failure> {
        let kept = self.ledger().reference(&shop.host, LOOKED).await?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept.json).ok()))
    }

    /// Reads which offers there are and what they show: all of them the first time and once a day,
    /// else those that changed. What differs from what Mirakl took is set right by the run that
    /// follows; what no order explains is told.
    ///
    /// # Errors
    /// What is to be tried again: no export was ever read. Later ones that fail are left to the next
    /// look.
    pub async fn read_offers(
        &self,
        ticket: &StockTicket,
        run: &str,
    ) -> Result<OffersRead, Failure> {
        let run = self.resume(ticket, run).await?;
        let shop = self.shop(&ticket.of)?;
        let looked = self.looked(shop).await?;
        match self.look(&run, shop, looked).await {
            Err(failure) if looked.is_some() && failure.kind != Failure::LEASE_LOST => {
                tracing::warn!(marketplace = %shop.code, "offers were not read back: {failure}");
                Ok(OffersRead::default())
            }
            done => done,
        }
    }

    async fn look(
        &self,
        run: &Run<'_>,
        shop: &Shop,
        looked: Option<Looked>,
    ) -> Result<OffersRead, Failure> {
        let asked_at = self.now();
        let whole = looked.is_none_or(|last| after(last.whole_at, WHOLE_EVERY) <= asked_at);
        let since = looked.filter(|_| !whole).map(|last| {
            let overlap = jiff::SignedDuration::try_from(OVERLAP).unwrap_or_default();
            last.at.checked_sub(overlap).unwrap_or(last.at)
        });
        let admitted = run.admitted(To::Mirakl(shop), "OF52").await?;
        let tracking_id = admitted
            .send(shop.client.request_offer_export(since))
            .await?;
        let files = self.exported(run, shop, &tracking_id).await?;
        let mut told = Told::default();
        for file in &files {
            self.take_file(run, shop, file, asked_at, &mut told).await?;
        }
        let ledger = self.ledger();
        if whole && told.unreadable == 0 {
            ledger
                .end_whole_export(run.holding(), &shop.code, asked_at)
                .await?;
        }
        let drifting = self.tell_drift(shop, &told, looked, asked_at).await?;
        let now_looked = Looked {
            at: asked_at,
            whole_at: match looked {
                Some(last) if !whole => last.whole_at,
                _ => asked_at,
            },
        };
        let json = serde_json::to_string(&now_looked).unwrap_or_default();
        ledger
            .put_reference(&shop.host, LOOKED, &json, asked_at)
            .await?;
        Ok(OffersRead {
            word: Word::Go,
            offers: told.offers,
            drifting,
        })
    }

    /// Waits for an export's files.
    async fn exported(
        &self,
        run: &Run<'_>,
        shop: &Shop,
        tracking_id: &str,
    ) -> Result<Vec<OfferFileAddress>, Failure> {
        let mut waited = Duration::ZERO;
        loop {
            let admitted = run.admitted(To::Mirakl(shop), "OF53").await?;
            match admitted.send(shop.client.offer_export(tracking_id)).await? {
                OfferExport::Completed(files) => return Ok(files),
                OfferExport::Over(word) => {
                    return Err(Failure::unexpected(format!(
                        "the export of offers of {} is over without files ({word})",
                        shop.code
                    )));
                }
                OfferExport::Pending if waited >= LONGEST => {
                    return Err(Failure::unexpected(format!(
                        "the export of offers of {} does not end",
                        shop.code
                    )));
                }
                OfferExport::Pending => run.rest(ASK_AGAIN).await?,
            }
            waited += ASK_AGAIN;
        }
    }

    async fn take_file(
        &self,
        run: &Run<'_>,
        shop: &Shop,
        file: &OfferFileAddress,
        asked_at: Timestamp,
        told: &mut Told,
    ) -> Result<(), Failure> {
        let admitted = run.admitted(To::Mirakl(shop), "OF54").await?;
        let file = admitted.send(shop.client.offer_export_file(file)).await?;
        told.offers += count(file.offers.len());
        told.unreadable += count(file.unreadable.len());
        let mut offers = file.offers.into_iter().peekable();
        while offers.peek().is_some() {
            let shown: Vec<ShownOffer> = offers
                .by_ref()
                .take(super::CHUNK as usize)
                .map(|offer| ShownOffer {
                    offer_sku: offer.shop_sku,
                    quantity: offer.quantity,
                    is_gone: offer.deleted,
                })
                .collect();
            let otherwise = self
                .ledger()
                .note_shown(run.holding(), &shop.code, &shown, asked_at)
                .await?;
            told.otherwise.extend(otherwise);
        }
        Ok(())
    }

    /// Opens the exception of offers that show something else than Mirakl took though no order of
    /// them changed, or closes it.
    async fn tell_drift(
        &self,
        shop: &Shop,
        told: &Told,
        looked: Option<Looked>,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let explained = self.moved(&shop.code, told, looked).await?;
        let drifts: Vec<_> = told
            .otherwise
            .iter()
            .filter(|offer| !explained.contains(&offer.offer_sku))
            .collect();
        let mut problem = Problem::new(Kind::OfferDrift).with("offers", drifts.len());
        for drift in drifts.iter().take(EXAMPLES) {
            let numbers = format!("{} taken, {} shown", drift.acknowledged, drift.shown);
            problem = problem.with(&drift.offer_sku, numbers);
        }
        let kind = problem.kind;
        let found = if drifts.is_empty() {
            vec![]
        } else {
            vec![problem]
        };
        let code = &shop.code;
        self.ledger()
            .settle_stock_problems(code.as_str(), Some(code), &[kind], &found, now)
            .await?;
        Ok(count(drifts.len()))
    }

    /// Offers whose orders took or gave back units since they were last looked at: Mirakl changes
    /// those by itself.
    async fn moved(
        &self,
        code: &MarketplaceCode,
        told: &Told,
        looked: Option<Looked>,
    ) -> Result<BTreeSet<String>, Failure> {
        let oldest = told
            .otherwise
            .iter()
            .map(|offer| offer.acknowledged_at)
            .min();
        let Some(oldest) = oldest else {
            return Ok(BTreeSet::new());
        };
        let since = looked.map_or(oldest, |last| last.at.min(oldest));
        let overlap = jiff::SignedDuration::try_from(OVERLAP).unwrap_or_default();
        let since = since.checked_sub(overlap).unwrap_or(since);
        let moved = self.ledger().changed_offers(code, since).await?;
        Ok(moved.into_iter().collect())
    }
}
