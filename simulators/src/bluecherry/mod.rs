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

    /// Customers, sales orders, stock, shipments and calls, as `GET /_sim/ledger` gives them.
    pub fn ledger(&self) -> Value {
        control::ledger_with_calls(&self.site, &self.controls.calls)
    }
}

/// Units of one item at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// What a new order may take, over every sellable warehouse.
    pub promisable: i64,
    /// What is picked and has not left.
    pub picked: i64,
    /// What marketplaces sold of it though it was nowhere.
    pub oversold: i64,
}

impl BlueCherrySim {
    /// Units of an item now; nothing of one that is not there.
    pub fn units(&self, sku: &str) -> Units {
        let site = self.site.lock();
        let Some(item) = site.items.get(&text::code(sku)) else {
            return Units::default();
        };
        let picked = site.stock.of_sku(sku);
        Units {
            promisable: site.promisable(&item),
            picked: picked.map(|(_, figures)| figures.of(RecordType::Pk)).sum(),
            oversold: site.oversold_of(sku),
        }
    }

    /// Takes wholesale orders, as `POST /_sim/wholesale` does.
    pub fn wholesale(&self, wish: Wholesale) -> i64 {
        self.site.lock().wholesale(wish)
    }

    /// Counts, as `GET /_sim/summary` gives them.
    pub fn summary(&self) -> Value {
        self.site.lock().summary()
    }

    /// Every batch so far, oldest first.
    pub fn batches(&self) -> Value {
        serde_json::json!(self.site.lock().batches)
    }
}

impl Drop for BlueCherrySim {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}
