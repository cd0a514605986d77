//! How values stand in columns, and how they are read back.

use domain::exception::Kind;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::{Doing, Error, Result};

/// Typed reading of one row; every failure names what was being read.
pub(crate) struct Columns<'a> {
    pub row: &'a AnyRow,
    pub what: &'static str,
}

impl Columns<'_> {
    pub fn text(&self, column: &str) -> Result<String> {
        self.row.try_get(column).doing(self.what)
    }

    pub fn text_or_null(&self, column: &str) -> Result<Option<String>> {
        self.row.try_get(column).doing(self.what)
    }

    pub fn number(&self, column: &str) -> Result<i64> {
        self.row.try_get(column).doing(self.what)
    }

    pub fn number_or_null(&self, column: &str) -> Result<Option<i64>> {
        self.row.try_get(column).doing(self.what)
    }

    pub fn count(&self, column: &str) -> Result<u64> {
        u64::try_from(self.number(column)?).map_err(|_| Error::Corrupt { what: self.what })
    }

    /// A count that people see; too many of them show as very many.
    pub fn small_count(&self, column: &str) -> Result<u32> {
        Ok(u32::try_from(self.count(column)?).unwrap_or(u32::MAX))
    }

    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.number(column)? != 0)
    }

    pub fn moment(&self, column: &str) -> Result<Timestamp> {
        self.to_moment(self.number(column)?)
    }

    pub fn moment_or_null(&self, column: &str) -> Result<Option<Timestamp>> {
        let ms = self.number_or_null(column)?;
        ms.map(|ms| self.to_moment(ms)).transpose()
    }

    fn to_moment(&self, ms: i64) -> Result<Timestamp> {
        Timestamp::from_millisecond(ms).map_err(|_| Error::Corrupt { what: self.what })
    }

    pub fn marketplace(&self, column: &str) -> Result<MarketplaceCode> {
        MarketplaceCode::new(self.text(column)?).map_err(|_| Error::Corrupt { what: self.what })
    }

    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        from_json(&self.text(column)?, self.what)
    }
}

/// A kind by its word; `None` for one that only a newer program knows.
pub(crate) fn kind(word: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.as_str() == word)
}

pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T, what: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what })
}

pub(crate) fn from_json<T: DeserializeOwned>(json: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(json).map_err(|_| Error::Corrupt { what })
}

pub(crate) fn ms(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::as_millisecond)
}
