//! `bcm orders`: which there are, where one stands, and what a person tells it.

mod aftercare;
mod commands;
mod document;
mod forget;
mod list;
mod show;
mod timeline;

use anyhow::Result;
use clap::Subcommand;
use domain::marketplace::{MarketplaceCode, OrderKey};
use ledger::{Ledger, OrderFilter};

pub(crate) use aftercare::about;
pub use aftercare::{
    AftercareDocument, CreditItem, IncidentItem, MoneyItem, PiecesItem, ReturnItem,
};
pub use commands::{
    CancelOrder, CommandDocument, CorrectOrder, Corrected, MarkDone, ResolveIncident, TellOrder,
};
pub use document::{LineItem, OpenItem, OrderDocument, ProblemItem, ShipmentItem};
pub use forget::{ForgetOrder, ForgottenDocument};
pub use list::{ListOrders, OrderItem, OrdersDocument};
pub use show::ShowOrder;
pub use timeline::Moment;

use crate::{Output, Surroundings, Trouble};

/// Orders with one ID that are looked through for the right one.
const LOOKED_THROUGH: u32 = 10_000;

/// Verbs of `bcm orders`.
#[derive(Debug, Subcommand)]
pub enum OrdersVerb {
    /// Lists orders, the last sold first
    List(ListOrders),
    /// Shows one order: where it stands, why, and what happened
    Show(ShowOrder),
    /// Tries the blocked step again
    Retry(TellOrder),
    /// Calls the order off
    Cancel(CancelOrder),
    /// Writes nothing more for the order until release
    Hold(TellOrder),
    /// Lets the order go on; also takes back a cancel nothing was done for yet
    Release(TellOrder),
    /// Sets mapping codes for this order alone
    Correct(CorrectOrder),
    /// Tell Mirakl that a disputed line is settled with the customer
    ResolveIncident(ResolveIncident),
    /// Says that a step was done by hand; counts once the other side confirms it
    MarkDone(MarkDone),
    /// Erases the order's personal data for good
    Forget(ForgetOrder),
}

impl OrdersVerb {
    /// Does it.
    ///
    /// # Errors
    /// A [`Trouble`], or the ledger's: [`crate::failed`] tells what to do.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        match self {
            Self::List(list) => list.run(surroundings).await,
            Self::Show(show) => show.run(surroundings).await,
            Self::Retry(tell) => tell.retry(surroundings).await,
            Self::Cancel(cancel) => cancel.run(surroundings).await,
            Self::Hold(tell) => tell.hold(surroundings).await,
            Self::Release(tell) => tell.release(surroundings).await,
            Self::Correct(correct) => correct.run(surroundings).await,
            Self::ResolveIncident(settled) => settled.run(surroundings).await,
            Self::MarkDone(done) => done.run(surroundings).await,
            Self::Forget(forget) => forget.run(surroundings).await,
        }
    }
}

/// The order that a person names, by its ID alone or as `marketplace/ORDER_ID`.
pub(crate) async fn find(ledger: &Ledger, named: &str, verb: &str) -> Result<OrderKey> {
    let named = named.trim();
    if let Some((marketplace, order_id)) = named.split_once('/')
        && let Ok(marketplace) = MarketplaceCode::new(marketplace)
    {
        let key = OrderKey {
            marketplace,
            order_id: order_id.to_owned(),
        };
        if ledger.order(&key).await?.is_some() {
            return Ok(key);
        }
    }
    let filter = OrderFilter {
        text: Some(named.to_owned()),
        include_finished: true,
        ..OrderFilter::default()
    };
    let listed = ledger.list_orders(&filter, LOOKED_THROUGH).await?;
    let same = listed.into_iter().map(|order| order.key);
    let mut keys: Vec<OrderKey> = same.filter(|key| key.order_id == named).collect();
    keys.sort();
    match keys.as_slice() {
        [key] => Ok(key.clone()),
        [] => Err(Trouble::new(
            "order_not_found",
            format!("The ledger has no order {named}."),
            "Look for a part of it: bcm orders list --all --text PART. A new order is here after the next pull.",
        )
        .into()),
        [first, ..] => {
            let all: Vec<String> = keys.iter().map(OrderKey::to_string).collect();
            Err(Trouble::new(
                "order_ambiguous",
                format!("Order {named} is on more than one marketplace: {}.", all.join(", ")),
                format!("Say which, for example: bcm orders {verb} {first}"),
            )
            .into())
        }
    }
}
