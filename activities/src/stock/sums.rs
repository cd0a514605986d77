//! The sum of each offer, from what is known of a chunk of them.

use std::collections::{HashMap, HashSet};

use domain::ats::{self, Adaptive, BufferTerm, Component, Explanation, Setting, Terms};
use domain::stock::eligibility::{Ineligible, ListingRules};
use domain::stock::fence::SnapshotNo;
use domain::stock::guard::Change;
use domain::stock::settings::{ShopStock, SiteStock};
use domain::stock::snapshot::AgeAction;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ledger::OfferStock;
use rust_decimal::Decimal;

use super::sales::Sales;
use super::skus::Skus;
use super::{ItemFacts, Stocks};
use crate::Failure;

/// Ages count in steps of so many seconds, rounded up: a sum is kept each time it changes.
const AGE_STEP_S: u32 = 300;

/// What every offer of a computation has in common.
pub(super) struct Common<'a> {
    pub(super) site: &'a SiteStock,
    pub(super) shop: &'a ShopStock,
    pub(super) marketplace: &'a str,
    pub(super) listing: ListingRules,
    pub(super) share: Option<Setting<Decimal>>,
    pub(super) cap: Option<Setting<u32>>,
    pub(super) lag: SignedDuration,
    pub(super) skus: Skus<'a>,
    pub(super) sales: Sales,
    pub(super) no: SnapshotNo,
    /// The batch.
    pub(super) snapshot: i64,
    /// Was the item master ever read?
    pub(super) items_known: bool,
    pub(super) today: Date,
    pub(super) now: Timestamp,
    pub(super) age_s: u32,
    /// Did a person let the batch through for this marketplace?
    pub(super) approved: bool,
    /// What to do because the figures are too old; empty while they are not.
    pub(super) stale: Option<AgeAction>,
}

/// What is known of a chunk of offers.
pub(super) struct Chunk {
    skus: Vec<Option<String>>,
    items: HashMap<String, ItemFacts>,
    positions: HashMap<String, Option<Vec<ats::Position>>>,
}

/// One offer's sum.
pub(super) struct Sum {
    /// BlueCherry's SKU; empty while no mapping names it.
    pub(super) sku: Option<String>,
    pub(super) explanation: Explanation,
    pub(super) price: Option<Decimal>,
    /// Units sold since Mirakl took the last number.
    pub(super) sold: u32,
}

impl Sum {
    /// The change as the guard sees it; nothing when nothing can be said.
    pub(super) fn change(&self, offer: &OfferStock) -> Option<Change> {
        let small = |units: i64| u32::try_from(units.max(0)).unwrap_or(u32::MAX);
        Some(Change {
            last: offer.usual().map(small),
            next: self.explanation.quantity.units()?,
            sold: self.sold,
            price: self.price,
        })
    }
}

impl Stocks {
    /// Reads what is known of a chunk: items, and positions of them or of their components.
    pub(super) async fn chunk(
        &self,
        common: &Common<'_>,
        offers: &[OfferStock],
    ) -> Result<Chunk, Failure> {
        let skus: Vec<Option<String>> = offers
            .iter()
            .map(|offer| common.skus.sku(common.marketplace, &offer.offer_sku))
            .collect();
        let distinct: HashSet<&str> = skus.iter().flatten().map(String::as_str).collect();
        let distinct: Vec<&str> = distinct.into_iter().collect();
        let items = self.item_facts(&distinct).await?;
        let mut stocked = HashSet::new();
        for sku in distinct {
            match items.get(sku).filter(|item| !item.parts.is_empty()) {
                Some(pack) => stocked.extend(pack.parts.iter().map(|(part, _)| part.as_str())),
                None => {
                    stocked.insert(sku);
                }
            }
        }
        let stocked: Vec<&str> = stocked.into_iter().collect();
        let stored = self
            .ledger()
            .positions_of_all(common.snapshot, &stocked)
            .await?;
        let mut positions: HashMap<String, Option<Vec<ats::Position>>> = HashMap::new();
        for row in stored {
            let place = positions.entry(row.sku).or_insert_with(|| Some(vec![]));
            // A row that cannot be read makes its item unknown, however many others there are.
            match serde_json::from_str(&row.figures) {
                Ok(read) => {
                    if let Some(places) = place {
                        places.push(read);
                    }
                }
                Err(_) => *place = None,
            }
        }
        for places in positions.values_mut().flatten() {
            let place = |p: &ats::Position| (p.warehouse.clone(), p.lot.clone(), p.pool.clone());
            places.sort_by_key(place);
        }
        Ok(Chunk {
            skus,
            items,
            positions,
        })
    }
}

impl Chunk {
    /// The sum of the n-th offer.
    pub(super) fn sum(&self, common: &Common<'_>, n: usize, offer: &OfferStock) -> Sum {
        let sku = self.skus.get(n).cloned().flatten();
        let item = sku.as_ref().and_then(|sku| self.items.get(sku));
        let own = sku.as_ref().map(|sku| [(sku.clone(), 1)]);
        let parts: &[(String, u32)] = match item.filter(|item| !item.parts.is_empty()) {
            Some(pack) => &pack.parts,
            None => own.as_ref().map_or(&[], |own| own.as_slice()),
        };
        let components: Vec<Component<'_>> = parts
            .iter()
            .map(|(part, per_pack)| Component {
                sku: part,
                per_pack: *per_pack,
                positions: self.places(part),
                in_flight: common.sales.in_flight(part),
            })
            .collect();
        let price = item.and_then(|item| item.price(common.shop, common.today));
        let ineligible = match (item, &sku) {
            (Some(item), _) => item.judge(&common.listing, price, common.today),
            (None, Some(_)) if common.items_known => vec![Ineligible::NoItem],
            (None, _) => vec![],
        };
        let buffers = common.buffers(sku.as_deref(), item, parts);
        let terms = Terms {
            pools: &common.site.pools,
            lag: common.lag,
            share: common.share.as_ref(),
            cap: common.cap.as_ref(),
            buffers: &buffers,
            ineligible: &ineligible,
        };
        let mut explanation = ats::explain(common.no, &components, &terms);
        if let Some(action) = common.stale {
            let last = offer.last().and_then(|last| u32::try_from(last).ok());
            explanation.grow_stale(action, last);
        }
        let sold = match offer.acknowledged {
            Some((_, at)) => common.sold(parts, at),
            None => 0,
        };
        Sum {
            sku,
            explanation,
            price,
            sold,
        }
    }

    fn places(&self, sku: &str) -> &[ats::Position] {
        let places = self.positions.get(sku).and_then(Option::as_ref);
        places.map_or(&[], Vec::as_slice)
    }
}

impl Common<'_> {
    fn buffers(
        &self,
        sku: Option<&str>,
        item: Option<&ItemFacts>,
        parts: &[(String, u32)],
    ) -> Vec<BufferTerm> {
        let groups = item.map_or(&[][..], |item| &item.groups);
        let mut buffers = self
            .site
            .buffers_of(self.shop, sku.unwrap_or_default(), groups);
        let risk = self.site.buffers.adaptive_risk;
        if risk > Decimal::ZERO {
            let fastest = parts.iter().map(|(part, per_pack)| {
                let a_day = self.sales.a_day(part, self.now);
                a_day / Decimal::from((*per_pack).max(1))
            });
            let adaptive = Adaptive {
                units_per_day: fastest.max().unwrap_or_default().round_dp(3),
                age_s: self.age_s.div_ceil(AGE_STEP_S).saturating_mul(AGE_STEP_S),
                risk,
            };
            let term = BufferTerm::adaptive(adaptive, "stock.buffers.adaptive_risk");
            buffers.extend(term.filter(|term| term.units > 0));
        }
        buffers
    }

    /// Units of an offer sold since a number was taken, on every shop.
    fn sold(&self, parts: &[(String, u32)], taken_at: Timestamp) -> u32 {
        let packs = parts.iter().map(|(part, per_pack)| {
            let units = self.sales.since(part, taken_at);
            units.div_ceil((*per_pack).max(1))
        });
        packs.max().unwrap_or(0)
    }
}
