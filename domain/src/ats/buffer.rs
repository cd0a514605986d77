//! Units kept back.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// What a buffer is for. All buffers that apply add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Buffer {
    /// Every item everywhere.
    Global,
    /// Every item on one marketplace.
    Marketplace,
    /// Items of this product group.
    Group(String),
    /// One item.
    Sku,
    /// What sells while the snapshot is old.
    Adaptive(Adaptive),
}

/// How much sells while nobody looks: rate × age × risk, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adaptive {
    /// Units sold a day on all channels.
    #[serde(rename = "r")]
    pub units_per_day: Decimal,
    /// Age of the figures, in seconds.
    #[serde(rename = "a")]
    pub age_s: u32,
    /// How many times the usual sales to be safe from: 0 is none, 1 the mean, 2 twice it.
    #[serde(rename = "k")]
    pub risk: Decimal,
}

impl Adaptive {
    /// Units to keep back. `None` when the figures are below zero or too large: unknown.
    #[must_use]
    pub fn units(&self) -> Option<u32> {
        self.units_per_day
            .checked_mul(Decimal::from(self.age_s))?
            .checked_mul(self.risk)?
            .checked_div(Decimal::from(DAY_S))?
            .ceil()
            .to_u32()
    }
}

/// One buffer as it was taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferTerm {
    /// What it is for.
    #[serde(rename = "b")]
    pub buffer: Buffer,
    /// Units.
    #[serde(rename = "u")]
    pub units: u32,
    /// Where the figure stands, such as a key of the configuration.
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl BufferTerm {
    /// An adaptive buffer. `None` when it cannot be computed: the item is unknown.
    #[must_use]
    pub fn adaptive(adaptive: Adaptive, source: &str) -> Option<Self> {
        Some(Self {
            units: adaptive.units()?,
            buffer: Buffer::Adaptive(adaptive),
            source: source.to_owned(),
        })
    }
}
