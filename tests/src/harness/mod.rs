//! What every journey stands on: a server, a world, workers, and ways to look at runs.

mod configured;
mod hook;
mod runs;
mod server;
mod work;
mod world;

use std::time::Duration;

pub use hook::Hook;
pub use runs::{history, json_value, no_payload, raw, record};
pub use server::{Server, shared};
pub use work::{Beside, Working, load};
pub use world::{Setup, World, http, key, post};

/// Longest that a journey waits for one state; far more than any takes on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(40);

/// Waits until `look` finds something.
///
/// # Panics
/// With what was waited for, when it has not come within the bound.
pub async fn until<T>(what: &str, bound: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(bound, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    match waited.await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {} s", bound.as_secs()),
    }
}
