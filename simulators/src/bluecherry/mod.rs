//! A BlueCherry site as an HTTP server that speaks the connector profile v1.
//!
//! The profile is the connector's own contract, not an API of the vendor. Behind it stand the
//! site's books: customers, sales orders, a ledger of typed stock transactions, and shipments.
//! Nothing in them is ever deleted, so a test can count what was ever created.

mod answer;
mod api;
mod batches;
mod changes;
mod control;
mod create;
mod credits;
mod customers;
mod effects;
mod feeds;
mod fulfilments;
mod items;
mod mishaps;
mod options;
mod order;
mod order_in;
mod oversold;
mod parcels;
mod returns;
mod shipping;
mod site;
mod stock;
mod text;
mod wholesale;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

pub use batches::Spoil;
pub use mishaps::BatchMishaps;
pub use options::{
    AutoShip, BlueCherryOptions, Carrier, Component, Item, OpeningStock, Pack, Price, QuietWindow,
    Warehouse, WriteMode,
};
pub use stock::{FIRST_QUALITY, IRREGULAR, RecordType};
pub use wholesale::Wholesale;

use crate::clock::SimClock;
use crate::fault::Faults;
use crate::http::{Controls, Server, System};
use site::{Shared, Site};

/// How often, in real time, the site looks for what is due.
const TICK: Duration = Duration::from_millis(20);

/// A running site; dropping it stops it.
pub struct BlueCherrySim {
    server: Server,
    controls: Controls,
    site: Shared,
    ticking: JoinHandle<()>,
}

impl BlueCherrySim {
    /// Starts a site and the server in front of it.
    ///
    /// # Errors
    /// The address is no address, or cannot be listened on.
    pub async fn start(mut options: BlueCherryOptions) -> anyhow::Result<Self> {
        let controls = Controls::new(options.clock.take().unwrap_or_else(SimClock::real));
        let listen = options.listen.parse()?;
        let site = Site::new(options, controls.clone());
        let site = Shared::new(site);
        let routes =
            api::routes(site.clone()).merge(control::routes(site.clone(), controls.calls.clone()));
        let system = System {
            classify: api::classify,
            error: api::error_body,
            vocabulary: api::VOCABULARY,
        };
        let server = Server::start(Some(listen), routes, system, controls.clone()).await?;
        let ticked = site.clone();
        let ticking = tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            loop {
                tick.tick().await;
                ticked.lock().tick();
            }
        });
        Ok(Self {
            server,
            controls,
            site,
            ticking,
        })
    }

    /// Base address, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The site's clock.
    pub fn clock(&self) -> SimClock {
        self.controls.clock.clone()
    }

    /// What goes wrong at this site.
    pub fn faults(&self) -> Faults {
        self.controls.faults.clone()
    }

    /// Wholesale orders, once or from now on, as `POST /_sim/wholesale` takes them; how many units went
    /// at once.
    pub fn wholesale(&self, wish: Wholesale) -> i64 {
        self.site.lock().wholesale(wish)
    }

    /// Takes an inventory batch now, with this wrong about it.
    pub fn take_batch(&self, spoil: Spoil) {
        let mut site = self.site.lock();
        let (now, usual) = (site.now(), batches::Taken::default());
        site.take_positions(batches::Taken { spoil, ..usual }, now);
    }

    /// Customers, sales orders, stock, shipments and calls, as `GET /_sim/ledger` gives them.
    pub fn ledger(&self) -> Value {
        control::ledger_with_calls(&self.site, &self.controls.calls)
    }
}

impl Drop for BlueCherrySim {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}
