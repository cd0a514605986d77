//! Watches the mapping tables: a changed file becomes a new version for every worker.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use activities::{Connections, Feeds};
use domain::mapping::Mappings;
use domain::marketplace::MarketplaceCode;
use ledger::Offered;
use temporalio_client::Client;

use crate::config::{changed_keys, fingerprint, load_mappings, needs_yes};
use crate::health::State;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Which folder, for which marketplaces.
pub struct Watched {
    /// Folder of the tables.
    pub folder: PathBuf,
    /// Marketplaces that rows may name.
    pub marketplaces: Vec<MarketplaceCode>,
}

/// Puts tables in force, or holds them when they change too much to be believed unseen.
///
/// # Errors
/// The ledger's.
pub async fn offer(connections: &Connections, tables: &Mappings) -> ledger::Result<Offered> {
    let judge = |before: &Mappings| needs_yes(before, tables);
    let now = connections.clock.now();
    let offered = connections
        .ledger
        .offer_mappings(tables, judge, now)
        .await?;
    if let Offered::Held(held) = &offered {
        tracing::warn!(
            proposal = held.id,
            changed = held.changed,
            total = held.total,
            "mapping tables held, the last good ones stay in force; bcm mappings show"
        );
    }
    Ok(offered)
}

/// Watches until it is dropped. A wrong table is refused whole and told, by file and line; the last
/// good version stays in force.
pub async fn watch(
    watched: Watched,
    connections: Arc<Connections>,
    feeds: Arc<Feeds>,
    client: Client,
    state: State,
) {
    // Nothing is seen yet: what changed between the start's reading and now must not be missed. The
    // same content again is the same version.
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = fingerprint(&watched.folder);
        if seen.as_ref() == Some(&now) {
            continue;
        }
        // A table that is being written is read once it rests.
        tokio::time::sleep(LOOK / 4).await;
        if fingerprint(&watched.folder) != now {
            continue;
        }
        seen = Some(now);
        match load_mappings(&watched.folder, &watched.marketplaces) {
            Ok(tables) => {
                state.set_mappings_refused(false);
                let before = connections.mappings().await.ok();
                match offer(&connections, &tables).await {
                    Ok(Offered::Held(_)) => {}
                    Ok(Offered::InForce(version))
                        if before.as_ref().is_some_and(|b| b.version == version) => {}
                    Ok(Offered::InForce(version)) => {
                        let (changed, total) = before.map_or((0, 0), |before| {
                            let (changed, total) = changed_keys(&before.tables, &tables);
                            (changed.len(), total)
                        });
                        tracing::info!(version, changed, total, "mapping tables in force");
                        if let Err(failure) = feeds.tell_owed(&client).await {
                            tracing::warn!("{failure}; the next pull tells the orders");
                        }
                    }
                    // The files have not changed, and are offered again all the same.
                    Err(error) => {
                        seen = None;
                        tracing::error!("mapping tables: {error}; offered again");
                    }
                }
            }
            Err(problems) => {
                state.set_mappings_refused(true);
                tracing::error!(
                    "mapping tables refused, the last good ones stay in force:\n{problems}"
                );
            }
        }
    }
}
