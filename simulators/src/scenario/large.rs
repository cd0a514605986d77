//! A catalogue of any size that is computed when it is asked for, not stored.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bluecherry::{Component, Item, Pack, Price};

/// Sizes that one generated style comes in.
const SIZES: usize = 24;

/// A generated catalogue: single items, and packs of them. The same seed gives the same figures.
///
/// Items have the SKUs `G0000000` and on, packs `GP000000` and on. Every fourth pack is stocked as
/// one; the others explode into two to four components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Large {
    /// Single items.
    pub skus: usize,
    /// Packs of them; none while there are fewer than four items.
    #[serde(default)]
    pub packs: usize,
    /// Seed of units and components.
    #[serde(default)]
    pub seed: u64,
}

impl Large {
    /// Items and packs together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.skus + self.packs()
    }

    fn packs(&self) -> usize {
        if self.skus < 4 { 0 } else { self.packs }
    }

    /// SKU of the n-th, the packs after the items; those are also in the order of their codes.
    #[must_use]
    pub fn sku(&self, n: usize) -> String {
        if n < self.skus {
            format!("G{n:07}")
        } else {
            format!("GP{:06}", n - self.skus)
        }
    }

    /// SKU of the n-th pack.
    #[must_use]
    pub fn pack_sku(&self, n: usize) -> String {
        self.sku(self.skus + n)
    }

    /// The shop's SKU of the n-th on a marketplace.
    #[must_use]
    pub fn offer_sku(&self, prefix: &str, n: usize) -> String {
        format!("{prefix}-{}", self.sku(n))
    }

    /// Place of an SKU in the catalogue.
    pub(crate) fn place(&self, sku: &str) -> Option<usize> {
        let digits = |text: &str| text.parse::<usize>().ok();
        let n = match sku.strip_prefix("GP") {
            Some(text) => digits(text)?.checked_add(self.skus)?,
            None => digits(sku.strip_prefix('G')?)?,
        };
        (n < self.count() && self.sku(n) == sku).then_some(n)
    }

    /// Units on hand of the n-th: 1 to 200, and none of a pack that explodes.
    #[must_use]
    pub fn units(&self, n: usize) -> i64 {
        match n.checked_sub(self.skus) {
            Some(pack) if !is_stocked(pack) => 0,
            _ => i64::try_from(self.draw(n) % 200).unwrap_or(0) + 1,
        }
    }

    /// The n-th as the item master has it.
    #[must_use]
    pub fn item(&self, n: usize) -> Item {
        let pack = n.checked_sub(self.skus);
        let (style, color, dimension, bucket) = match pack {
            None => (format!("G{:06}", n / SIZES), "BLK", None, n % SIZES + 1),
            Some(pack) => (format!("GP{pack:06}"), "SET", Some("PK".to_owned()), 1),
        };
        Item {
            division: "01".into(),
            style,
            color: color.into(),
            dimension,
            size_bucket: u8::try_from(bucket).unwrap_or(1),
            size_name: bucket.to_string(),
            sku: self.sku(n),
            upc: Some(format!("0860{n:08}")),
            name: "Generated article".into(),
            color_name: "Black".into(),
            prices: ["USD", "EUR"]
                .into_iter()
                .map(|currency| Price {
                    level: "RETAIL".into(),
                    currency: currency.into(),
                    amount: Decimal::new(2_995, 2),
                })
                .collect(),
            pack: pack.map(|pack| self.pack(pack)),
            ..Item::default()
        }
    }

    fn pack(&self, pack: usize) -> Pack {
        let drawn = usize::try_from(self.draw(self.skus + pack) >> 16).unwrap_or(0);
        let first = drawn % self.skus;
        let parts = 2 + drawn / 7 % 3;
        let component = |part: usize| Component {
            sku: self.sku((first + part) % self.skus),
            qty: u32::try_from(1 + (drawn >> part) % 3).unwrap_or(1),
        };
        Pack {
            kind: "bundle".into(),
            components: (0..parts).map(component).collect(),
            stocked_as_pack: is_stocked(pack),
        }
    }

    /// A well mixed number for the n-th (the finalizer of SplitMix64).
    fn draw(&self, n: usize) -> u64 {
        let mut mixed = self.seed ^ (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Writes the rows of the connector's table of SKUs, without its heading.
    ///
    /// # Errors
    /// The writer's.
    pub fn mapping_rows(
        &self,
        marketplace: &str,
        prefix: &str,
        to: &mut impl fmt::Write,
    ) -> fmt::Result {
        for n in 0..self.count() {
            let item = self.item(n);
            writeln!(
                to,
                "{marketplace},{prefix}-{sku},{},{},{},,{},{},{sku},,",
                item.division,
                item.style,
                item.color,
                item.dimension.as_deref().unwrap_or_default(),
                item.size_bucket,
                sku = item.sku,
            )?;
        }
        Ok(())
    }
}

fn is_stocked(pack: usize) -> bool {
    pack.is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sku_is_found_again_and_packs_consist_of_items_that_are_there() {
        let large = Large {
            skus: 50,
            packs: 9,
            seed: 3,
        };
        let skus: Vec<String> = (0..large.count()).map(|n| large.sku(n)).collect();
        assert!(skus.is_sorted());
        for (n, sku) in skus.iter().enumerate() {
            assert_eq!(large.place(sku), Some(n));
            let item = large.item(n);
            let stocked = item.pack.as_ref().is_none_or(|pack| pack.stocked_as_pack);
            assert_eq!(large.units(n) > 0, stocked);
            for part in item.pack.iter().flat_map(|pack| &pack.components) {
                assert!(large.place(&part.sku).is_some_and(|n| n < large.skus));
                assert!(part.qty > 0);
            }
        }
        for absent in ["G0000050", "GP000009", "G50", "00417-BLK-M", ""] {
            assert_eq!(large.place(absent), None);
        }
    }
}
