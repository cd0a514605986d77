//! Who buys: customers of both marketplaces, who see what Mirakl shows, and wholesale, which sees the
//! ERP.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use simulators::bluecherry::Wholesale;
use simulators::mirakl::{MiraklSim, OrderSpec};
use simulators::scenario::{GALERIA, Visit};

use super::super::Args;
use super::super::world::World;
use super::plan::Hot;

/// Time between two customers of one item, over both marketplaces.
const CUSTOMER: Duration = Duration::from_millis(1_200);
/// Time between two wholesale orders of one item; each item has its turn.
const WHOLESALE: Duration = Duration::from_secs(9);
/// How often something is looked for.
const LOOK: Duration = Duration::from_millis(250);
/// Customers for each order that is meant to be sold: there is never enough for all.
const CUSTOMERS_AN_ORDER: usize = 4;

/// What was bought so far.
#[derive(Debug, Default)]
pub(super) struct Shopping {
    pub(super) orders: AtomicU64,
    pub(super) units: AtomicU64,
    /// Customers who found less than they wanted.
    pub(super) turned_away: AtomicU64,
}

/// Waits until both marketplaces show something; whether that was in time.
pub(super) async fn wait_for_offers(
    args: &Args,
    world: &World,
    hot: &[Hot],
    started: Instant,
) -> anyhow::Result<()> {
    let shows = |shop: &MiraklSim| {
        shop.quantities()
            .values()
            .filter(|units| **units > 0)
            .count()
    };
    while shows(&world.nordwind) < hot.len() || shows(&world.galeria) < hot.len() {
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(args.patience),
            "nothing was published within {} s; see the worker's log with RUST_LOG=info",
            args.patience
        );
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Customers come one after the other, and wholesale takes its share.
pub(super) async fn shop(
    args: &Args,
    world: &World,
    hot: &[Hot],
    shopping: &Shopping,
) -> anyhow::Result<()> {
    let items = u32::try_from(hot.len()).unwrap_or(1).max(1);
    let (pause, wholesale) = (CUSTOMER / items, WHOLESALE / items);
    let mut next_wholesale = Instant::now() + wholesale;
    let mut wholesale_turn = 0;
    let mut customers = tokio::time::interval(pause);
    let visits = usize::from(args.orders) * CUSTOMERS_AN_ORDER;
    for (n, visit) in world.plan.visits(hot.len(), visits).into_iter().enumerate() {
        customers.tick().await;
        let Visit {
            marketplace,
            item,
            units,
        } = visit;
        let item = &hot[item];
        let (offer, letter) = match marketplace {
            GALERIA => (&item.galeria, 'G'),
            _ => (&item.nordwind, 'N'),
        };
        let order = OrderSpec::of(offer, units, "29.95").id(&format!("S{letter}{n:05}-A"));
        let bought = world
            .marketplace(marketplace)
            .buy(order)
            .map_err(|error| anyhow::anyhow!("a customer cannot buy: {error}"))?;
        if bought.is_some() {
            shopping.orders.fetch_add(1, Relaxed);
            shopping.units.fetch_add(units.into(), Relaxed);
        } else {
            shopping.turned_away.fetch_add(1, Relaxed);
        }
        if Instant::now() >= next_wholesale {
            next_wholesale += wholesale;
            wholesale_turn += 1;
            world.erp.wholesale(Wholesale {
                units: 1,
                seed: args.seed,
                skus: vec![hot[wholesale_turn % hot.len()].sku.clone()],
                ..Wholesale::default()
            });
        }
    }
    Ok(())
}

/// Waits until every order that was bought has reached the ERP; whether that was in time.
pub(super) async fn wait_for_orders(
    args: &Args,
    world: &World,
    shopping: &Shopping,
    started: Instant,
) -> anyhow::Result<bool> {
    loop {
        let ledger = world.erp.ledger();
        let orders = ledger["sales_orders"].as_array();
        let known: BTreeSet<&str> = orders
            .into_iter()
            .flatten()
            .filter_map(|order| order["channel_order_id"].as_str())
            .collect();
        if known.len() as u64 >= shopping.orders.load(Relaxed) {
            return Ok(true);
        }
        if started.elapsed() >= Duration::from_secs(args.patience) {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}
