//! Every effect: the activities around the BlueCherry and Mirakl calls.
//!
//! [`Orders`] and [`Feeds`] do the work and know nothing of Temporal; [`OrderActivities`] and
//! [`FeedActivities`] put them behind the names that the workflows ask for.

mod calls;
mod failure;
mod feeds;
mod orders;
mod registered;
mod restore;
mod settings;
mod stock;
mod sweep;
mod switches;
pub mod translate;

pub use calls::Limits;
pub use failure::Failure;
pub use feeds::{Feeds, Teller, Told};
pub use orders::{Orders, SEND_MARGIN};
pub use registered::{FeedActivities, OrderActivities, command_id};
pub use restore::{Remembered, Restored};
pub use settings::{Clock, Connections, Mapped, Shop, Site, StockSettings};
pub use stock::{ItemFacts, StockActivities, StockRuns, Stocks};
pub use sweep::{Runs, SweepActivities, Sweeps};
pub use switches::{Plant, Point, Switches};
