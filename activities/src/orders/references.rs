//! The operator's own lists, read once a day and kept in the ledger by host and call.

use std::future::Future;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mirakl::{Carrier, PlatformSettings, ShippingType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;
use crate::settings::Shop;

/// Mirakl's published maximum for these calls.
const ONCE_A: SignedDuration = SignedDuration::from_hours(24);
/// A list that somebody else is reading is waited for so long, and then looked for after as much again.
const COPY_IN: Duration = Duration::from_secs(1);
/// Between two looks for it.
const LOOK: Duration = Duration::from_millis(100);

impl Orders {
    /// The day's copy, or a new one. A host that is away for a while is served by yesterday's.
    pub(super) async fn daily<T, F>(
        &self,
        shop: &Shop,
        now: Timestamp,
        call: &'static str,
        fetch: impl FnOnce() -> F,
    ) -> Result<T, Failure>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, mirakl::Error>>,
    {
        let host = &shop.host;
        let kept = self.ledger().reference(host, call).await?;
        let read = |json: &str| serde_json::from_str::<T>(json).ok();
        if let Some(kept) = &kept
            && now.duration_since(kept.fetched_at) < ONCE_A
            && let Some(value) = read(&kept.json)
        {
            return Ok(value);
        }
        // A closed gate is answered from yesterday's copy, as an absent host is.
        let admitted = match self.admit(To::Mirakl(shop), call).await {
            Ok(admitted) => admitted,
            Err(closed) => {
                // The day's one read may be under way for another order: its copy is here soon.
                let mut looks = COPY_IN.as_millis() / LOOK.as_millis();
                loop {
                    let kept = self.ledger().reference(host, call).await?;
                    if let Some(value) = kept.and_then(|kept| read(&kept.json)) {
                        return Ok(value);
                    }
                    if looks == 0 || !closed.is_budget() {
                        return Err(closed.within_if_budget(COPY_IN));
                    }
                    looks -= 1;
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        match admitted.send(fetch()).await {
            Ok(value) => {
                let json = serde_json::to_string(&value)
                    .map_err(|_| Failure::unexpected(format!("{call} cannot be kept")))?;
                self.ledger().put_reference(host, call, &json, now).await?;
                Ok(value)
            }
            Err(error) => {
                let yesterdays = kept.and_then(|kept| read(&kept.json));
                yesterdays.ok_or_else(|| error.into())
            }
        }
    }

    /// Carriers the operator knows (SH21).
    pub(super) async fn carriers(&self, at: &Situation<'_>) -> Result<Vec<Carrier>, Failure> {
        self.known_carriers(at.shop, at.now).await
    }

    /// Carriers the operator of a shop knows (SH21).
    pub(crate) async fn known_carriers(
        &self,
        shop: &Shop,
        now: Timestamp,
    ) -> Result<Vec<Carrier>, Failure> {
        self.daily(shop, now, "SH21", || shop.client.carriers())
            .await
    }

    /// Must this order's shipping method have a tracking number (SH12)? Unknown methods: no.
    pub(super) async fn mandatory_tracking(&self, at: &Situation<'_>) -> Result<bool, Failure> {
        let types: Vec<ShippingType> = self
            .daily(at.shop, at.now, "SH12", || at.shop.client.shipping_types())
            .await?;
        let mine = types.iter().find(|t| t.code == at.row.order.shipping_type);
        Ok(mine.and_then(|t| t.mandatory_tracking).unwrap_or(false))
    }

    /// May a carrier outside the list be named (PC01)? Allowed unless the operator says otherwise.
    pub(super) async fn takes_other_carriers(&self, at: &Situation<'_>) -> Result<bool, Failure> {
        self.allows_other_carriers(at.shop, at.now).await
    }

    /// The same of a shop's operator.
    pub(crate) async fn allows_other_carriers(
        &self,
        shop: &Shop,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let forbidden = self
            .platform(shop, now)
            .await?
            .features
            .and_then(|f| f.disable_seller_alternative_carrier);
        Ok(!forbidden.unwrap_or(false))
    }

    async fn platform(&self, shop: &Shop, now: Timestamp) -> Result<PlatformSettings, Failure> {
        // On the heap, since steps that ask for it are deep already.
        let read = self.daily(shop, now, "PC01", || shop.client.platform_settings());
        Box::pin(read).await
    }

    /// May an order leave in several shipments (PC01)? Not unless the operator says so.
    pub(crate) async fn reads_multi_shipment(&self, at: &Situation<'_>) -> Result<bool, Failure> {
        Ok(is_multi_shipment(&self.platform(at.shop, at.now).await?))
    }

    /// The same as it was read last, however long ago; nothing while nobody asked.
    pub(super) async fn kept_multi_shipment(&self, shop: &Shop) -> Result<Option<bool>, Failure> {
        let kept = self.ledger().reference(&shop.host, "PC01").await?;
        let settings = kept.and_then(|kept| serde_json::from_str(&kept.json).ok());
        Ok(settings.as_ref().map(is_multi_shipment))
    }
}

fn is_multi_shipment(settings: &PlatformSettings) -> bool {
    let features = settings.features.as_ref();
    let shipment = features.and_then(|features| features.shipment.as_ref());
    shipment.and_then(|s| s.multi_shipment).unwrap_or(false)
}
