//! The fast lane of stock: what just sold does not wait for the schedule's next moment.

use std::sync::Arc;
use std::time::Duration;

use activities::{Connections, Failure, StockRuns, Stocks};
use domain::marketplace::MarketplaceCode;
use temporalio_client::Client;
use workflows::ids;

/// Between two looks for sales.
const LOOK: Duration = Duration::from_secs(1);
/// Between two triggers of one marketplace, by whichever worker: a run that just began is not
/// told again before it has computed.
const TURN: Duration = Duration::from_secs(3);

/// Has a marketplace's schedule start a run as soon as an order took or gave back units and Mirakl
/// lets the next file be sent. Never a second run at once: the schedule skips what overlaps. A
/// schedule that a person paused stays so.
pub async fn hurry(connections: Arc<Connections>, client: Client) {
    let stocks = Stocks::new(connections.clone());
    let shops: Vec<MarketplaceCode> = connections.stock.shops.keys().cloned().collect();
    if shops.is_empty() {
        return;
    }
    loop {
        tokio::time::sleep(LOOK).await;
        for of in &shops {
            if let Err(failure) = look(&connections, &stocks, &client, of).await {
                tracing::warn!(marketplace = %of, "sales do not hurry its stock now: {failure}");
            }
        }
    }
}

async fn look(
    connections: &Connections,
    stocks: &Stocks,
    client: &Client,
    of: &MarketplaceCode,
) -> Result<(), Failure> {
    if !stocks.is_in_a_hurry(of).await? {
        return Ok(());
    }
    let schedule = client.get_schedule_handle(ids::stock(of));
    let described = schedule.describe(Default::default()).await;
    if !described.is_ok_and(|described| !described.paused()) {
        return Ok(());
    }
    let now = connections.clock.now();
    let turn = format!("{} in a hurry", ids::stock(of));
    if connections.ledger.take_turn(&turn, TURN, now).await? {
        client.publish_now(of).await?;
    }
    Ok(())
}
