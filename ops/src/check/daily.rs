//! The day's copy of what a marketplace lets a shop read once a day.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use ledger::Ledger;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ShopToCheck, told};

/// Mirakl's published maximum for these calls.
const ONCE_A: SignedDuration = SignedDuration::from_hours(24);

/// Reads of one shop.
pub(super) struct Daily<'a> {
    pub(super) shop: &'a ShopToCheck,
    pub(super) ledger: &'a Ledger,
    pub(super) now: Timestamp,
    /// Did the API answer a moment ago? Otherwise only copies are looked at.
    pub(super) reachable: bool,
}

/// A document and when it was read.
pub(super) struct Copy<T> {
    pub(super) value: T,
    pub(super) read_at: Timestamp,
}

impl Daily<'_> {
    /// The day's copy, or a new one that is kept; else an older copy.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) async fn read<T, F>(
        &self,
        call: &str,
        fetch: impl FnOnce() -> F,
    ) -> Result<Copy<T>, String>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, mirakl::Error>>,
    {
        let kept = self.kept(call).await?;
        match kept {
            Some(copy) if self.is_of_today(&copy) => Ok(copy),
            // An operator's lists change rarely: an older one still tells most.
            kept => self.fresh(call, fetch).await.or_else(|e| kept.ok_or(e)),
        }
    }

    /// Reads anew, whatever copy there is, and keeps it.
    pub(super) async fn fresh<T, F>(
        &self,
        call: &str,
        fetch: impl FnOnce() -> F,
    ) -> Result<Copy<T>, String>
    where
        T: Serialize,
        F: Future<Output = Result<T, mirakl::Error>>,
    {
        if !self.reachable {
            let call = call.split('/').next().unwrap_or(call);
            return Err(format!("{call} was not read, since V01 failed"));
        }
        let value = fetch().await.map_err(|error| told(&error))?;
        let json = serde_json::to_string(&value).map_err(|error| told(&error))?;
        let (host, now) = (&self.shop.host, self.now);
        let put = self.ledger.put_reference(host, call, &json, now).await;
        put.map_err(|error| told(&error))?;
        Ok(Copy {
            value,
            read_at: now,
        })
    }

    pub(super) fn is_of_today<T>(&self, copy: &Copy<T>) -> bool {
        self.now.duration_since(copy.read_at) < ONCE_A
    }

    async fn kept<T: DeserializeOwned>(&self, call: &str) -> Result<Option<Copy<T>>, String> {
        let kept = self.ledger.reference(&self.shop.host, call).await;
        let kept = kept.map_err(|error| told(&error))?;
        // A copy of another shape is of an older program: read anew.
        Ok(kept.and_then(|kept| {
            Some(Copy {
                value: serde_json::from_str(&kept.json).ok()?,
                read_at: kept.fetched_at,
            })
        }))
    }
}
