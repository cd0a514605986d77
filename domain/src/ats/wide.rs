//! The wide form of stock: one row a style and color with a figure for each of its 24 size buckets.

use thiserror::Error;

/// Buckets of a size range.
const BUCKETS: usize = 24;

/// One figure of a style and color by size bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WidePosition {
    /// Units by bucket, from bucket 1; `None` where the site left the field blank.
    pub buckets: [Option<i64>; BUCKETS],
}

/// A wide row that cannot be read. The row is unknown then, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WideError {
    /// The row has another number of fields; have the extract's layout looked at.
    #[error("a wide row has {fields} buckets and not 24")]
    Fields {
        /// Fields it has.
        fields: usize,
    },
    /// A field is no whole number; have the extract's layout looked at.
    #[error("bucket {bucket} of a wide row is no whole number")]
    Number {
        /// Place of the bucket, from 1.
        bucket: u8,
    },
}

impl WidePosition {
    /// Reads the 24 fields of one row.
    ///
    /// # Errors
    /// [`WideError`]: leave the row's items unknown and open an exception.
    pub fn parse<'a>(fields: impl IntoIterator<Item = &'a str>) -> Result<Self, WideError> {
        let mut buckets = [None; BUCKETS];
        let mut count = 0;
        for (bucket, field) in (1..).zip(fields) {
            count += 1;
            let Some(place) = buckets.get_mut(count - 1) else {
                continue;
            };
            let field = field.trim();
            if !field.is_empty() {
                let units = field.parse().map_err(|_| WideError::Number { bucket })?;
                *place = Some(units);
            }
        }
        match count {
            BUCKETS => Ok(Self { buckets }),
            fields => Err(WideError::Fields { fields }),
        }
    }

    /// The long form: bucket (1 to 24) and units, without the blank ones, which are unknown.
    pub fn expand(&self) -> impl Iterator<Item = (u8, i64)> {
        (1..)
            .zip(self.buckets)
            .filter_map(|(bucket, units)| Some((bucket, units?)))
    }
}
