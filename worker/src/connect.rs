//! From a configuration to live connections: clients, ledger, Temporal, and whether they are the
//! ones that were meant.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use activities::{Clock, Connections, Shop, Site, Switches};
use anyhow::{Context, bail};
use bluecherry::{Binding, Profile, Rest};
use ledger::{Ledger, MasterKey};
use secrecy::ExposeSecret;
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};

use crate::config::{Config, Marketplace};

/// Asked again after this while a system cannot be reached and was never seen before.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long an answer to A01 counts.
const A_DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// Shortest natural key a site is taken to hold when its profile does not say.
const EXTERNAL_PO: u32 = 20;

/// What to look at when the ledger does not open; the cause follows.
const CANNOT_BE_OPENED: &str = "the ledger cannot be opened: see [ledger] url and master_key in \
    bcm.toml; a PostgreSQL database, or the folder of a SQLite file, must be there already";

/// Opens the ledger that a configuration names.
///
/// # Errors
/// A master key that cannot be, or is not this ledger's; a database that cannot be opened.
pub async fn ledger(config: &Config, clock: &Clock) -> anyhow::Result<Ledger> {
    let key = MasterKey::from_base64(config.ledger.master_key.expose_secret())
        .context("ledger.master_key: 32 bytes as base64 are wanted; `bcm key` makes one")?;
    let ledger = Ledger::open(config.ledger.url.expose_secret(), key, clock.now())
        .await
        .context(CANNOT_BE_OPENED)?;
    Ok(ledger.exporting_to(config.ledger.export.clone()))
}

/// Connects to Temporal by its standard client settings; `bcm.toml` overrides address and namespace.
///
/// # Errors
/// Settings that cannot be read, or a server that cannot be reached.
pub async fn temporal(config: &crate::config::Temporal) -> anyhow::Result<Client> {
    let (connection, client) = temporal_settings(config)?;
    let connection = Connection::connect(connection)
        .await
        .context("Temporal cannot be reached; is it running, and TEMPORAL_ADDRESS right?")?;
    Ok(Client::new(connection, client)?)
}

/// As [`temporal`], and asks a server that is away again until it answers.
///
/// # Errors
/// Settings that cannot be read.
pub async fn temporal_when_it_answers(config: &crate::config::Temporal) -> anyhow::Result<Client> {
    loop {
        let (connection, client) = temporal_settings(config)?;
        match Connection::connect(connection).await {
            Ok(connection) => return Ok(Client::new(connection, client)?),
            Err(error) => tracing::warn!(
                "Temporal cannot be reached ({error}); asked again in {} s, deadlines are watched",
                ASK_AGAIN.as_secs()
            ),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

fn temporal_settings(
    config: &crate::config::Temporal,
) -> anyhow::Result<(ConnectionOptions, ClientOptions)> {
    let (mut connection, mut client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| anyhow::anyhow!("Temporal's client settings: {error}"))?;
    if let Some(address) = &config.address {
        // TLS and API key of the standard settings stay; only the target is another.
        let secure = connection.tls_options.is_some() || connection.api_key.is_some();
        let address = match (address.contains("://"), secure) {
            (true, _) => address.clone(),
            (false, true) => format!("https://{address}"),
            (false, false) => format!("http://{address}"),
        };
        connection.target = Url::from_str(&address)
            .with_context(|| format!("temporal.address {address} is no address"))?;
    }
    if let Some(namespace) = &config.namespace {
        client.namespace.clone_from(namespace);
    }
    connection.identity = format!("bcm-{}@{}", std::process::id(), host());
    Ok((connection, client))
}

fn host() -> String {
    std::env::var("HOSTNAME").unwrap_or_else(|_| "host".to_owned())
}

/// The shop's client.
///
/// # Errors
/// An address that the client refuses.
pub fn mirakl_client(shop: &Marketplace) -> anyhow::Result<mirakl::Client> {
    let mut config = mirakl::Config::new(shop.base_url.clone(), shop.api_key.clone());
    config.shop_id = Some(shop.shop_id);
    config.call_timeout = shop.call_timeout;
    config.connect_timeout = config.connect_timeout.min(shop.call_timeout / 2);
    mirakl::Client::new(config).with_context(|| format!("marketplace {}", shop.code))
}

/// The site's client.
///
/// # Errors
/// An address that the client refuses.
pub fn bluecherry_client(config: &crate::config::BlueCherry) -> anyhow::Result<Rest> {
    let mut rest = bluecherry::Config::new(config.base_url.clone(), config.api_key.clone());
    rest.call_timeout = config.call_timeout;
    rest.connect_timeout = rest.connect_timeout.min(config.call_timeout / 2);
    Rest::new(rest).context("bluecherry")
}

/// Builds every connection, and refuses what is not what the configuration says: the key of another
/// shop (A01), another ERP site.
///
/// A system that is away is asked again until it answers, unless the ledger remembers its answer.
///
/// # Errors
/// A wrong shop or site, and the ledger's errors.
pub async fn connections(
    config: &Config,
    ledger: Ledger,
    clock: Clock,
) -> anyhow::Result<Connections> {
    let rest = bluecherry_client(&config.bluecherry)?;
    let profile = profile(config, &rest, &ledger, &clock).await?;
    let code_length = profile
        .code_lengths
        .get("external_po")
        .copied()
        .unwrap_or(EXTERNAL_PO);
    let mut shops = vec![];
    for shop in &config.marketplaces {
        let client = mirakl_client(shop)?;
        is_the_shop(shop, &client, &ledger, &clock).await?;
        let partial = shop.short_stock == domain::marketplace::ShortStock::AcceptPart;
        shops.push(Shop {
            code: shop.code.clone(),
            client,
            host: kept_by(shop),
            policy: shop.policy(usize::try_from(code_length)?, partial),
            customer: shop.customer.clone(),
            poll: shop.poll,
            overlap: shop.overlap,
            call_timeout: shop.call_timeout,
            read_lag: shop.read_lag,
            ship_within_days: u32::from(shop.ship_within_days),
            cancel_after_days: u32::from(shop.cancel_after_days),
            terms: shop.terms.clone(),
            price_level: shop.price_level.clone(),
            returns_every: shop.returns_every(),
        });
    }
    let cycle = profile
        .feeds
        .iter()
        .find(|f| f.name.contains("order"))
        .map(|f| f.cadence_s);
    let site = Site {
        name: config.bluecherry.site.clone(),
        binding: Arc::new(rest),
        hold_code: config.bluecherry.hold_code.clone(),
        call_timeout: config.bluecherry.call_timeout,
        read_lag: config.bluecherry.read_lag,
        queue_cycle: Duration::from_secs(cycle.filter(|s| *s > 0).unwrap_or(60)),
        poll: config.bluecherry.poll,
        returns_in: config.bluecherry.returns && profile.features.returns_in,
    };
    let connections = Connections::new(ledger, shops, site, clock)
        .with_limits(config.limits())
        .with_stock(config.stock_settings());
    Ok(connections.with_switches(switches(config)?))
}

/// Faults that a test plants, from `BCM_TEST_SWITCHES`. Only against simulators on this machine.
fn switches(config: &Config) -> anyhow::Result<Switches> {
    let Ok(text) = std::env::var("BCM_TEST_SWITCHES") else {
        return Ok(Switches::default());
    };
    let switches =
        Switches::from_str(&text).map_err(|error| anyhow::anyhow!("BCM_TEST_SWITCHES: {error}"))?;
    let shops = config.marketplaces.iter().map(|shop| &shop.base_url);
    let mut addresses = shops.chain([&config.bluecherry.base_url]);
    if !switches.is_off() && !addresses.all(|url| is_on_this_machine(url)) {
        bail!(
            "BCM_TEST_SWITCHES plants faults for tests, and this configuration names real systems: \
             this worker does not start. Unset it."
        );
    }
    if !switches.is_off() {
        tracing::warn!("faults are planted in this worker: {text}");
    }
    Ok(switches)
}

fn is_on_this_machine(base_url: &str) -> bool {
    let host = Url::from_str(base_url).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Under which name a shop's reference data is kept: by host and shop, since each shop has its own
/// call budget, and two operators' instances never share a list.
pub fn kept_by(shop: &Marketplace) -> String {
    format!("{}#{}", host_of(&shop.base_url), shop.code)
}

/// Host and port of an address.
pub fn host_of(base_url: &str) -> String {
    let rest = base_url
        .split_once("://")
        .map_or(base_url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

async fn profile(
    config: &Config,
    rest: &Rest,
    ledger: &Ledger,
    clock: &Clock,
) -> anyhow::Result<Profile> {
    let host = host_of(&config.bluecherry.base_url);
    let profile = loop {
        match rest.profile().await {
            Ok(profile) => {
                let json = serde_json::to_string(&profile)?;
                ledger
                    .put_reference(&host, "profile", &json, clock.now())
                    .await?;
                break profile;
            }
            Err(bluecherry::Error::Unauthorized { .. } | bluecherry::Error::Forbidden { .. }) => {
                bail!("BlueCherry does not take the key: see bluecherry.api_key in bcm.toml")
            }
            Err(error) => {
                let kept = ledger.reference(&host, "profile").await?;
                if let Some(kept) = kept.and_then(|k| serde_json::from_str(&k.json).ok()) {
                    tracing::warn!("{error}; going on with the profile seen last");
                    break kept;
                }
                tracing::warn!("{error}; asked again in {} s", ASK_AGAIN.as_secs());
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    };
    let meant = &config.bluecherry.site;
    if !domain::mapping::same_code(&profile.site, meant) {
        bail!(
            "the ERP at bluecherry.base_url is site {}, and bcm.toml says {meant}: \
             this worker does not start. Correct bluecherry.site or bluecherry.base_url.",
            profile.site
        );
    }
    if !profile.features.order_hold {
        bail!(
            "site {meant} cannot hold orders (features.order_hold), so nothing could be accepted \
             after its sales order; this worker does not start."
        );
    }
    Ok(profile)
}

/// Asks whose key it is (A01). Mirakl allows that once a day, so an answer to this very key counts for
/// a day, and for longer while the shop cannot be reached; another key is asked for at once.
async fn is_the_shop(
    shop: &Marketplace,
    client: &mirakl::Client,
    ledger: &Ledger,
    clock: &Clock,
) -> anyhow::Result<()> {
    let host = kept_by(shop);
    let call = format!("A01/key {}", fingerprint(shop.api_key.expose_secret()));
    let kept = ledger.reference(&host, &call).await?;
    let kept_shop = kept
        .as_ref()
        .and_then(|k| serde_json::from_str::<mirakl::Shop>(&k.json).ok());
    let fresh = kept
        .as_ref()
        .is_some_and(|k| clock.now().duration_since(k.fetched_at) < A_DAY);
    if fresh && let Some(found) = &kept_shop {
        return is_meant(shop, found);
    }
    loop {
        match client.shop().await {
            Ok(found) => {
                let json = serde_json::to_string(&found)?;
                ledger
                    .put_reference(&host, &call, &json, clock.now())
                    .await?;
                return is_meant(shop, &found);
            }
            Err(mirakl::Error::Unauthorized { .. }) => bail!(
                "marketplace {}: Mirakl does not take the key; see api_key in bcm.toml",
                shop.code
            ),
            Err(mirakl::Error::Forbidden { .. }) => bail!(
                "marketplace {}: the key may not act for shop {}: this worker does not start. \
                 Correct shop_id or api_key.",
                shop.code,
                shop.shop_id
            ),
            Err(error) => {
                if let Some(found) = &kept_shop {
                    tracing::warn!(marketplace = %shop.code, "{error}; the shop was checked earlier");
                    return is_meant(shop, found);
                }
                tracing::warn!(marketplace = %shop.code, "{error}; asked again in {} s", ASK_AGAIN.as_secs());
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
}

fn is_meant(shop: &Marketplace, found: &mirakl::Shop) -> anyhow::Result<()> {
    if found.shop_id == shop.shop_id {
        return Ok(());
    }
    bail!(
        "marketplace {}: the key is for shop {}, and bcm.toml says {}: this worker does not start. \
         Correct shop_id or api_key.",
        shop.code,
        found.shop_id,
        shop.shop_id
    )
}

/// Tells keys apart without telling them.
pub(crate) fn fingerprint(key: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(key.as_bytes());
    hash.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_planted_against_this_machine_only() {
        for here in [
            "http://127.0.0.1:4010",
            "http://[::1]:1",
            "http://localhost/x",
        ] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for there in [
            "https://nordwind.example",
            "http://127.0.0.1.example",
            "rubbish",
        ] {
            assert!(!is_on_this_machine(there), "{there}");
        }
    }

    #[test]
    fn a_host_is_what_stands_before_the_path() {
        assert_eq!(host_of("https://nordwind.example/x"), "nordwind.example");
        assert_eq!(host_of("http://127.0.0.1:4010"), "127.0.0.1:4010");
    }
}
