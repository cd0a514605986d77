//! Computing what each offer should show: two passes over the offers, a chunk at a time.

use domain::exception::{Kind, Problem};
use domain::stock::fence::SnapshotNo;
use domain::stock::guard::{Totals, Trips};
use jiff::SignedDuration;
use jiff::tz::Offset;
use ledger::{NewPublication, OfferStock, Publication, StockCounts, WantedStock};
use workflows::stock::{ReviewInput, StockComputed, StockTicket, Word};

use super::faults::age_s;
use super::guarded::Guarded;
use super::items::ITEMS;
use super::review::StockRuns;
use super::skus::Skus;
use super::sums::{Common, Sum};
use super::{CHUNK, Run, Stocks, print};
use crate::Failure;

/// Clocks of two workers may be so far apart.
const SKEW: SignedDuration = SignedDuration::from_secs(10);
/// Orders whose units changed longer ago than this were sent again by a full push since.
const DOUBT_AT_MOST: SignedDuration = SignedDuration::from_hours(48);
/// Offers named in an exception.
const EXAMPLES: usize = 10;

/// What the first pass finds.
#[derive(Default)]
struct First {
    counts: StockCounts,
    totals: Totals,
    unmapped: Vec<String>,
    unknown: Vec<String>,
}

impl Stocks {
    /// Computes what each offer should show, under a number of its own, and holds what trips the
    /// guard. Each attempt is a computation of its own.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn compute_stock(
        &self,
        ticket: &StockTicket,
        run: &str,
        runs: &impl StockRuns,
    ) -> Result<StockComputed, Failure> {
        let held = self.resume(ticket, run).await?;
        let (site, of) = (&self.connections.stock.site, &ticket.of);
        let ledger = self.ledger();
        let now = self.now();
        let last_full = ledger.last_publication(of, true).await?;
        let is_full = site.is_full_push_due(last_full.map(|full| full.began_at), now);
        let new = NewPublication {
            marketplace: of,
            run,
            site: &self.connections.site.name,
            is_full,
        };
        let mut publication = ledger.begin_publication(held.holding(), &new).await?;
        self.doubt_what_orders_moved(&publication).await?;
        let mapped = self.connections.mappings().await?;
        let common = self.common(&publication, &mapped.tables).await?;
        let first = self.first_pass(&held, &publication, &common).await?;
        ledger.begin_holding(held.holding(), of).await?;
        let guarded = match common.stale {
            // The chosen action is a person's own word, and so is a batch that was let through.
            Some(_) => Guarded::default(),
            None if common.approved => Guarded::default(),
            None => {
                let trips = first.totals.judge(&site.guard);
                self.second_pass(&held, &publication, &common, &trips)
                    .await?
            }
        };
        let review = self
            .settle_review(&held, &publication, guarded, first.totals, &ticket.refused)
            .await?;
        let (review, guarded) = review;
        self.tell_problems(&publication, &first, &common).await?;
        publication.counts = StockCounts {
            held: guarded.offers,
            age_s: i64::from(common.age_s),
            stale: common.stale.is_some(),
            ..first.counts
        };
        publication.state = "computed".to_owned();
        ledger
            .note_publication(held.holding(), &publication)
            .await?;
        self.tell_replaced(of, runs).await?;
        let StockCounts {
            offers,
            changed,
            unknown,
            unmapped,
            held,
            ..
        } = publication.counts;
        Ok(StockComputed {
            word: Word::Go,
            snapshot_no: publication.snapshot_no,
            offers,
            changed,
            unknown,
            unmapped,
            held,
            // Each run looks that what waits for a person has its own run.
            new_review: review.map(|review| ReviewInput {
                of: of.clone(),
                ledger_id: ledger.id().to_owned(),
                review,
                held: guarded,
            }),
        })
    }

    /// Has offers sent again whose orders took or gave back units since the last publication that
    /// came to its end.
    async fn doubt_what_orders_moved(&self, publication: &Publication) -> Result<(), Failure> {
        let of = &publication.marketplace;
        let last = self.ledger().last_publication(of, false).await?;
        let Some(last) = last else { return Ok(()) };
        let earliest = publication.began_at.checked_sub(DOUBT_AT_MOST);
        let since = last.began_at.checked_sub(SKEW).unwrap_or(last.began_at);
        let since = since.max(earliest.unwrap_or(since));
        let moved = self.ledger().changed_offers(of, since).await?;
        Ok(self
            .ledger()
            .doubt_offers(of, &moved, publication.began_at)
            .await?)
    }

    async fn common<'a>(
        &'a self,
        publication: &'a Publication,
        tables: &'a domain::mapping::Mappings,
    ) -> Result<Common<'a>, Failure> {
        let (site, of) = (&self.connections.stock.site, &publication.marketplace);
        let shop = self.shop_stock(of)?;
        let name = &self.connections.site.name;
        let snapshot = self.ledger().snapshot(publication.snapshot).await?;
        let now = publication.began_at;
        let today = Offset::UTC.to_datetime(now).date();
        let skus = Skus::on(tables, today);
        let sales = self.sales(&skus, snapshot.as_of).await?;
        let items = self.ledger().reference(name, ITEMS).await?;
        let age_s = age_s(snapshot.as_of, now);
        let approvals = self
            .ledger()
            .batch_approvals(name, &snapshot.batch_id)
            .await?;
        let (share, cap) = shop.share_and_cap();
        let limits = &site.snapshot;
        Ok(Common {
            site,
            shop,
            marketplace: of.as_str(),
            listing: site.listing_for(shop),
            share,
            cap,
            lag: SignedDuration::try_from(site.lag).unwrap_or_default(),
            skus,
            sales,
            no: SnapshotNo(u64::try_from(publication.snapshot_no).unwrap_or_default()),
            snapshot: snapshot.id,
            items_known: items.is_some(),
            today,
            now,
            age_s,
            approved: approvals.contains(of),
            stale: (age_s > limits.age_s_max).then_some(limits.on_stale),
        })
    }

    /// The sums of all offers; those that changed are written down.
    async fn first_pass(
        &self,
        run: &Run<'_>,
        publication: &Publication,
        common: &Common<'_>,
    ) -> Result<First, Failure> {
        let of = &publication.marketplace;
        let (mut first, mut after) = (First::default(), String::new());
        loop {
            let offers = self.ledger().offers_after(of, &after, CHUNK).await?;
            let Some(last) = offers.last() else { break };
            after.clone_from(&last.offer_sku);
            let offers: Vec<_> = offers.into_iter().filter(|offer| offer.listed).collect();
            let chunk = self.chunk(common, &offers).await?;
            let mut wanted = Vec::new();
            for (n, offer) in offers.iter().enumerate() {
                let mut sum = chunk.sum(common, n, offer);
                first.count(offer, &sum);
                wanted.extend(changed(offer, &mut sum)?);
            }
            first.counts.changed += super::count(wanted.len());
            self.ledger()
                .want_stock(run.holding(), of, publication.snapshot_no, &wanted)
                .await?;
        }
        Ok(first)
    }

    /// Judges what would change, one by one.
    async fn second_pass(
        &self,
        run: &Run<'_>,
        publication: &Publication,
        common: &Common<'_>,
        trips: &Trips,
    ) -> Result<Guarded, Failure> {
        let of = &publication.marketplace;
        let ledger = self.ledger();
        let (mut guarded, mut after) = (Guarded::default(), String::new());
        loop {
            let offers = ledger.changing_offers_after(of, &after, CHUNK).await?;
            let Some(last) = offers.last() else { break };
            after.clone_from(&last.offer_sku);
            let chunk = self.chunk(common, &offers).await?;
            let mut held = Vec::new();
            for (n, offer) in offers.iter().enumerate() {
                let sum = chunk.sum(common, n, offer);
                if let Some(change) = sum.change(offer).filter(|c| !is_approved(offer, c.next)) {
                    held.extend(guarded.judge(offer, &change, trips));
                }
            }
            ledger.hold_offers(run.holding(), of, &held).await?;
        }
        Ok(guarded)
    }

    /// Opens the exceptions of what cannot be published, or closes them.
    async fn tell_problems(
        &self,
        publication: &Publication,
        first: &First,
        common: &Common<'_>,
    ) -> Result<(), Failure> {
        let mut found = vec![];
        let listed = |kind, many: u64, examples: &[String]| {
            let problem = Problem::new(kind).with("offers", many);
            examples
                .iter()
                .fold(problem, |problem, sku| problem.with("offer_sku", sku))
        };
        let counts = &first.counts;
        if counts.unmapped > 0 {
            found.push(listed(
                Kind::UnmappedOffers,
                counts.unmapped,
                &first.unmapped,
            ));
        }
        if counts.unknown > 0 {
            found.push(listed(Kind::UnknownStock, counts.unknown, &first.unknown));
        }
        if let Some(action) = common.stale {
            let action = serde_json::to_string(&action).unwrap_or_default();
            let problem = Problem::new(Kind::StockStale)
                .with("age_s", common.age_s)
                .with("action", action.trim_matches('"'));
            found.push(problem);
        }
        let judged = [Kind::UnmappedOffers, Kind::UnknownStock, Kind::StockStale];
        let of = &publication.marketplace;
        Ok(self
            .ledger()
            .settle_stock_problems(of.as_str(), Some(of), &judged, &found, self.now())
            .await?)
    }
}

impl First {
    fn count(&mut self, offer: &OfferStock, sum: &Sum) {
        self.counts.offers += 1;
        let example = |examples: &mut Vec<String>| {
            if examples.len() < EXAMPLES {
                examples.push(offer.offer_sku.clone());
            }
        };
        if sum.sku.is_none() {
            self.counts.unmapped += 1;
            example(&mut self.unmapped);
            return;
        }
        if !sum.explanation.ineligible.is_empty() {
            self.counts.ineligible += 1;
        }
        let Some(change) = sum.change(offer) else {
            self.counts.unknown += 1;
            example(&mut self.unknown);
            return;
        };
        self.counts.units += u64::from(change.next);
        if !is_approved(offer, change.next) {
            self.totals.add(&change);
        }
    }
}

/// Has a person let the offer go that far already?
fn is_approved(offer: &OfferStock, next: u32) -> bool {
    let (next, last) = (i64::from(next), offer.usual());
    offer
        .approved
        .zip(last)
        .is_some_and(|(approved, last)| (approved.min(last)..=approved.max(last)).contains(&next))
}

/// What is to be written down of an offer; nothing when its sum is as before.
fn changed(offer: &OfferStock, sum: &mut Sum) -> Result<Option<WantedStock>, Failure> {
    let explanation = &mut sum.explanation;
    // Its number and moments change each time, and stand in the ledger beside it.
    explanation.snapshot_no = SnapshotNo(0);
    for component in &mut explanation.components {
        component.as_of = None;
    }
    let text = serde_json::to_string(&explanation)
        .map_err(|_| Failure::unexpected("a sum cannot be written down".to_owned()))?;
    let print = print(&[text.as_bytes()]);
    let quantity = explanation.quantity.units();
    let same = offer.print == Some(print)
        && offer.wanted == quantity.map(i64::from)
        && offer.sku == sum.sku;
    Ok((!same).then(|| WantedStock {
        offer_sku: offer.offer_sku.clone(),
        sku: sum.sku.clone(),
        quantity,
        explanation: text,
        print,
    }))
}
