//! Watches the files of keys: a changed one is taken without a restart, if it is of the same shop or
//! site; and asks after systems that do not answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use activities::Connections;
use domain::gate::Endpoint;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::connect::{fingerprint, kept_by};

/// How often files are looked at, and closed gates.
const LOOK: Duration = Duration::from_secs(1);
/// A new key that was not answered to, or refused, is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Keys that stand in files.
pub struct Watched(Vec<WatchedKey>);

struct WatchedKey {
    endpoint: Endpoint,
    file: PathBuf,
    /// The key in use.
    held: SecretString,
    /// The shop it must be of, and under which name its answer is kept.
    shop: Option<(i64, String)>,
    seen: Option<(u64, Option<SystemTime>)>,
    tried: Option<Instant>,
}

impl Watched {
    /// The keys of a configuration that are named as files.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let key = |endpoint, file: &Option<PathBuf>, held: &SecretString, shop| {
            let file = file.clone()?;
            Some(WatchedKey {
                endpoint,
                file,
                held: held.clone(),
                shop,
                seen: None,
                tried: None,
            })
        };
        let site = &config.bluecherry;
        let endpoint = Endpoint::BlueCherry(site.site.clone());
        let site = key(endpoint, &site.api_key_file, &site.api_key, None);
        let shops = config.marketplaces.iter().filter_map(|shop| {
            let endpoint = Endpoint::Mirakl(shop.code.clone());
            let must_be = Some((shop.shop_id, kept_by(shop)));
            key(endpoint, &shop.api_key_file, &shop.api_key, must_be)
        });
        Self(site.into_iter().chain(shops).collect())
    }
}

/// Takes changed keys until it is dropped.
pub async fn watch(mut watched: Watched, connections: Arc<Connections>) {
    loop {
        tokio::time::sleep(LOOK).await;
        for key in &mut watched.0 {
            if let Some(new) = key.changed()
                && let Err(error) = key.take(new, &connections).await
            {
                tracing::error!(endpoint = %key.endpoint, "the new key is not taken: {error:#}");
            }
        }
    }
}

/// Probes closed gates until it is dropped, so that they open even when nobody waits.
pub async fn probe(connections: Arc<Connections>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(failure) = connections.probe_closed_gates().await {
            tracing::warn!("{failure}; closed gates are asked after again");
        }
    }
}

impl WatchedKey {
    /// The key in the file, if it is another one, and was not tried a moment ago.
    fn changed(&mut self) -> Option<SecretString> {
        let about = std::fs::metadata(&self.file).ok()?;
        let now = Some((about.len(), about.modified().ok()));
        let again = self.tried.is_some_and(|at| at.elapsed() >= TRY_AGAIN);
        if self.seen == now && !again {
            return None;
        }
        // Seen once it was read: one that is just being written is looked at again.
        let text = std::fs::read_to_string(&self.file).ok()?;
        self.seen = now;
        self.tried = None;
        let text = text.trim();
        let another = !text.is_empty() && text != self.held.expose_secret();
        another.then(|| SecretString::from(text.to_owned()))
    }

    async fn take(&mut self, new: SecretString, connections: &Connections) -> anyhow::Result<()> {
        self.tried = Some(Instant::now());
        match &self.endpoint {
            Endpoint::Mirakl(code) => {
                let Some((shop_id, kept_by)) = &self.shop else {
                    return Ok(());
                };
                let client = &connections.shop(code)?.client;
                let found = client.renew_key(&new, *shop_id).await?;
                anyhow::ensure!(
                    found.shop_id == *shop_id,
                    "it is for shop {}, and bcm.toml says {shop_id}",
                    found.shop_id
                );
                let call = format!("A01/key {}", fingerprint(new.expose_secret()));
                let (json, now) = (serde_json::to_string(&found)?, connections.clock.now());
                let ledger = &connections.ledger;
                ledger.put_reference(kept_by, &call, &json, now).await?;
            }
            Endpoint::BlueCherry(site) => {
                let found = connections.site.binding.renew_key(&new, site).await?;
                anyhow::ensure!(
                    domain::mapping::same_code(&found.site, site),
                    "it is for site {}, and bcm.toml says {site}",
                    found.site
                );
            }
        }
        (self.held, self.tried) = (new, None);
        connections.key_renewed(&self.endpoint).await?;
        tracing::info!(endpoint = %self.endpoint, "a new key is in use");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_noticed_once_and_the_key_in_use_never() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "old\n").unwrap();
        let mut key = WatchedKey {
            endpoint: Endpoint::BlueCherry("main".into()),
            file: file.clone(),
            held: "old".into(),
            shop: None,
            seen: None,
            tried: None,
        };
        assert!(key.changed().is_none(), "the key in use");
        std::fs::write(&file, "newer\n").unwrap();
        let new = key.changed().unwrap();
        assert_eq!(new.expose_secret(), "newer");
        assert!(key.changed().is_none(), "told once");
        std::fs::write(&file, " ").unwrap();
        assert!(key.changed().is_none(), "an empty file is no key");
    }

    #[test]
    fn a_file_that_could_not_be_read_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        // Half written, then whole, within what the file's stamp can tell apart.
        let write = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(at).unwrap();
        };
        let mut key = WatchedKey {
            endpoint: Endpoint::BlueCherry("main".into()),
            file: path.clone(),
            held: "old".into(),
            shop: None,
            seen: None,
            tried: None,
        };
        write(b"\xff\xff\xff\xff\xff");
        assert!(key.changed().is_none(), "it cannot be read");
        write(b"newer");
        assert_eq!(key.changed().unwrap().expose_secret(), "newer");
    }
}
