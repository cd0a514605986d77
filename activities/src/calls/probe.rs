//! Asks whether an endpoint is back, and lets all go on when it is.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use domain::gate::{Endpoint, Reason};

use super::answer::Told;
use super::{Admitted, Answered, To, ms};
use crate::Failure;
use crate::settings::{Connections, after};

impl Connections {
    /// Every system that is called: the shops by code, then the site.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let shops = self.shops.keys().cloned().map(Endpoint::Mirakl);
        let site = Endpoint::BlueCherry(self.site.name.clone());
        shops.chain([site]).collect()
    }

    /// Asks each endpoint whose gate is closed and whose probe is due, unless another worker does.
    ///
    /// So a gate opens, and its exception closes, even when nobody waits at it.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn probe_closed_gates(&self) -> Result<(), Failure> {
        let mut all: Vec<_> = self.shops.values().map(To::Mirakl).collect();
        all.push(To::BlueCherry);
        for to in all {
            let endpoint = self.endpoint(to);
            let seen = self.seen(&endpoint, "").await?;
            let now = self.clock.now();
            if seen.reason.is_none() || !seen.is_probe_due(now) {
                continue;
            }
            let lease = after(now, self.longest_call(to) + Duration::from_secs(1));
            if self.ledger.take_probe(&endpoint, now, lease).await? {
                self.probe(to, &endpoint, seen.reason).await;
            }
        }
        Ok(())
    }

    /// Lets all go on at an endpoint that answered to a new key.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn key_renewed(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        let shop = endpoint.marketplace().map(|code| self.shop(code));
        let to = shop.transpose()?.map_or(To::BlueCherry, To::Mirakl);
        self.open_gate(to).await
    }

    /// Sends the cheapest read there is, with the lease that the caller holds. Did it open the gate?
    ///
    /// Where the key was refused it is one that the key opens: V01 asks for none, so it says nothing of
    /// it. RE01 does, and may be called whenever somebody looks.
    pub(super) async fn probe(&self, to: To<'_>, endpoint: &Endpoint, why: Option<Reason>) -> bool {
        let (call, told) = match to {
            To::Mirakl(shop) if why == Some(Reason::KeyRefused) => {
                ("RE01", told(shop.client.reasons().await))
            }
            To::Mirakl(shop) => ("V01", told(shop.client.health().await)),
            To::BlueCherry => ("get_profile", told(self.site.binding.profile().await)),
        };
        let probe = Admitted {
            connections: self,
            to,
            endpoint: endpoint.clone(),
            call,
            version: 0,
            used: None,
            is_probe: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        };
        probe.note(told, true).await;
        matches!(told, Told::Fine | Told::Throttled(_) | Told::RightMissing)
    }

    pub(super) async fn open_gate(&self, to: To<'_>) -> Result<(), Failure> {
        let endpoint = self.endpoint(to);
        let (every, now) = (ms(self.pace(to).drain_every), self.clock.now());
        if self.ledger.open_gate(&endpoint, every, now).await? {
            tracing::info!(%endpoint, "gate opened; those who wait go on, the nearest deadline first");
        }
        self.view.forget();
        Ok(())
    }
}

fn told<T, E: Answered>(answer: Result<T, E>) -> Told {
    match answer {
        Ok(_) => Told::Fine,
        Err(error) => error.told(),
    }
}
