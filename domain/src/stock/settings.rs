//! What a configuration says of stock: for the site, and for each marketplace.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{eligibility, guard, snapshot};
use crate::ats::{Buffer, BufferTerm, PoolRules, Setting};

/// Stock of the site, as all marketplaces share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteStock {
    /// Time between two runs of a marketplace.
    pub every: Duration,
    /// How long an order may take from BlueCherry into a batch, where the site cannot say how far a
    /// batch has seen orders.
    pub lag: Duration,
    /// Time between two reads of the item master.
    pub items_every: Duration,
    /// Hour of the day (UTC) from which on the first run sends every offer.
    pub full_push_h: u8,
    /// Days for which the sum behind a number can be told.
    pub keep_days: u16,
    /// Which stock counts.
    pub pools: PoolRules,
    /// What may be listed.
    pub listing: eligibility::ListingRules,
    /// What a batch is held against.
    pub snapshot: snapshot::Limits,
    /// What trips the guard.
    pub guard: guard::Limits,
    /// What is kept back.
    pub buffers: Buffers,
}

impl Default for SiteStock {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(300),
            lag: Duration::from_secs(900),
            items_every: Duration::from_secs(3_600),
            full_push_h: 2,
            keep_days: 30,
            pools: PoolRules::default(),
            listing: eligibility::ListingRules::default(),
            snapshot: snapshot::Limits::default(),
            guard: guard::Limits::default(),
            buffers: Buffers::default(),
        }
    }
}

/// Units kept back on every marketplace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Of every item.
    pub global: u32,
    /// Of items of a product group.
    pub groups: BTreeMap<String, u32>,
    /// Of one item, by BlueCherry's SKU.
    pub skus: BTreeMap<String, u32>,
    /// How many times the usual sales to be safe from while figures grow old; 0 is none.
    pub adaptive_risk: Decimal,
}

/// Stock of one marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopStock {
    /// Units kept back of every item on it.
    pub buffer: u32,
    /// Part of the stock that it may promise, 0 to 1; everything when empty.
    pub share: Option<Decimal>,
    /// Most units to show; no limit when empty.
    pub cap: Option<u32>,
    /// Time between two looks at what it shows.
    pub read_back: Duration,
    /// Price level and currency that an item must have a price in; any price will do when empty.
    pub price: Option<(String, String)>,
    /// Its own account, for what is made for it alone.
    pub account: Option<String>,
}

impl Default for ShopStock {
    fn default() -> Self {
        Self {
            buffer: 0,
            share: None,
            cap: None,
            read_back: Duration::from_secs(3_600),
            price: None,
            account: None,
        }
    }
}

impl ShopStock {
    /// Part and most units, with where they stand.
    #[must_use]
    pub fn share_and_cap(&self) -> (Option<Setting<Decimal>>, Option<Setting<u32>>) {
        let share = self.share.map(|value| Setting {
            value,
            source: "marketplaces.stock.share".to_owned(),
        });
        let cap = self.cap.map(|value| Setting {
            value,
            source: "marketplaces.stock.cap".to_owned(),
        });
        (share, cap)
    }
}

impl SiteStock {
    /// What the site and the marketplace list together.
    #[must_use]
    pub fn listing_for(&self, shop: &ShopStock) -> eligibility::ListingRules {
        eligibility::ListingRules {
            account: shop
                .account
                .clone()
                .or_else(|| self.listing.account.clone()),
            ..self.listing.clone()
        }
    }

    /// The fixed buffers of an item on a marketplace; those of nothing are left out.
    #[must_use]
    pub fn buffers_of(&self, shop: &ShopStock, sku: &str, groups: &[String]) -> Vec<BufferTerm> {
        let term = |buffer, units: u32, source: &str| {
            (units > 0).then(|| BufferTerm {
                buffer,
                units,
                source: source.to_owned(),
            })
        };
        let buffers = &self.buffers;
        let of_group = groups
            .iter()
            .filter_map(|group| buffers.groups.get_key_value(group))
            .max_by_key(|(_, units)| **units);
        [
            term(Buffer::Global, buffers.global, "stock.buffers.global"),
            term(
                Buffer::Marketplace,
                shop.buffer,
                "marketplaces.stock.buffer",
            ),
            of_group.and_then(|(group, units)| {
                let source = "stock.buffers.groups";
                term(Buffer::Group(group.clone()), *units, source)
            }),
            buffers
                .skus
                .get(sku)
                .and_then(|units| term(Buffer::Sku, *units, "stock.buffers.skus")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Is every offer to be sent now, when the last such push began at `last`? Once a day, from
    /// [`SiteStock::full_push_h`] on.
    #[must_use]
    pub fn is_full_push_due(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        let Some(hour) = self.full_push_at(now) else {
            return false;
        };
        last < hour && hour <= now
    }

    /// The latest moment at which a full push came due.
    fn full_push_at(&self, now: Timestamp) -> Option<Timestamp> {
        let day = SignedDuration::from_hours(24);
        let into_day = now.as_second().rem_euclid(day.as_secs());
        let midnight = Timestamp::from_second(now.as_second() - into_day).ok()?;
        let hour = SignedDuration::from_hours(i64::from(self.full_push_h.min(23)));
        let today = midnight.checked_add(hour).ok()?;
        if today <= now {
            return Some(today);
        }
        today.checked_sub(day).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_offer_is_sent_once_a_day_from_its_hour_on() {
        let site = SiteStock::default();
        let table = [
            (None, "2026-03-02T09:00:00Z", true),
            (Some("2026-03-02T01:00:00Z"), "2026-03-02T01:59:59Z", false),
            (Some("2026-03-02T01:00:00Z"), "2026-03-02T02:00:00Z", true),
            (Some("2026-03-02T02:00:00Z"), "2026-03-02T23:00:00Z", false),
            (Some("2026-03-02T02:00:00Z"), "2026-03-03T01:00:00Z", false),
            (Some("2026-03-02T02:00:00Z"), "2026-03-03T02:05:00Z", true),
            (Some("2026-02-20T02:00:00Z"), "2026-03-03T01:00:00Z", true),
        ];
        for (last, now, due) in table {
            let judged = site.is_full_push_due(last.map(at), at(now));
            assert_eq!(judged, due, "{last:?} {now}");
        }
    }

    #[test]
    fn an_item_has_the_buffers_that_name_it_and_the_largest_of_its_groups() {
        let mut site = SiteStock::default();
        site.buffers.global = 1;
        site.buffers.groups = BTreeMap::from([("TOPS".into(), 2), ("TEES".into(), 5)]);
        site.buffers.skus = BTreeMap::from([("A".into(), 7)]);
        let shop = ShopStock {
            buffer: 3,
            ..ShopStock::default()
        };
        let units = |sku: &str, groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|&group| group.to_owned()).collect();
            let terms = site.buffers_of(&shop, sku, &groups);
            terms.iter().map(|term| term.units).collect::<Vec<_>>()
        };
        assert_eq!(units("A", &["TOPS", "TEES"]), [1, 3, 5, 7]);
        assert_eq!(units("B", &["SOCKS"]), [1, 3]);
        site.buffers.global = 0;
        assert_eq!(
            site.buffers_of(&ShopStock::default(), "B", &[]),
            [] as [BufferTerm; 0]
        );
    }
}
