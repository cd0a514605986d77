//! The REST binding: HTTPS and JSON, as `profile-v1.yaml` has it.

mod answer;
mod calls;
mod send;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Once, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

/// How a site is reached.
#[derive(Clone)]
pub struct Config {
    /// Address of the adapter, without `/v1`. HTTPS, or HTTP on this machine.
    pub base_url: String,
    /// Key the site gave out.
    pub api_key: SecretString,
    /// The longest a call may take, from connecting to the last byte; 30 s by default.
    pub call_timeout: Duration,
    /// The longest connecting may take; 10 s by default, at most `call_timeout`.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes; 32 MiB by default.
    pub max_body: usize,
}

impl Config {
    /// An address and a key, with the defaults for the rest.
    #[must_use]
    pub fn new(base_url: impl Into<String>, api_key: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            api_key,
            call_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_body: 32 * 1024 * 1024,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("call_timeout", &self.call_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// A site reached by REST.
///
/// It repeats nothing by itself, follows no redirect and uses no proxy of the environment. Cloning
/// is cheap and shares the connections and the key.
#[derive(Clone)]
pub struct Rest {
    http: Client,
    /// Read with each send, so that a changed key counts at once.
    key: Arc<RwLock<HeaderValue>>,
    base: Url,
    call_timeout: Duration,
    max_body: usize,
}

impl Rest {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`]: the address is not HTTPS (HTTP is for this machine only) or holds a user,
    /// query or fragment; the key does not fit a header; a time or size is zero, or connecting may
    /// take longer than the call.
    pub fn new(config: Config) -> Result<Self, Error> {
        let wrong = |what| Error::Config { what };
        let base = base_url(&config.base_url).map_err(wrong)?;
        let times = [config.connect_timeout, config.call_timeout];
        if times.iter().any(Duration::is_zero) || config.max_body == 0 {
            return Err(wrong("a timeout or the largest answer is zero"));
        }
        if config.connect_timeout > config.call_timeout {
            return Err(wrong("connecting may not take longer than the whole call"));
        }
        let key = bearer(&config.api_key)?;
        let mut headers = HeaderMap::new();
        headers.insert(
            reqwest::header::ACCEPT,
            HeaderValue::from_static("application/json"),
        );
        install_tls();
        let http = Client::builder()
            .default_headers(headers)
            .user_agent(concat!("bluecherry-connector/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(config.connect_timeout)
            // Shorter than servers usually keep an idle connection: one they close in the moment
            // of a write makes its outcome unknown.
            .pool_idle_timeout(Duration::from_secs(15))
            .build()
            .map_err(|_| wrong("no HTTP client with these settings"))?;
        Ok(Self {
            http,
            key: Arc::new(RwLock::new(key)),
            base,
            call_timeout: config.call_timeout,
            max_body: config.max_body,
        })
    }

    fn key(&self) -> HeaderValue {
        self.key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The same connections with another key, which only this one uses.
    fn with_key(&self, key: &SecretString) -> Result<Self, Error> {
        Ok(Self {
            key: Arc::new(RwLock::new(bearer(key)?)),
            ..self.clone()
        })
    }

    /// Goes on with the key of another client; clones too.
    fn take_key_of(&self, other: &Self) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = other.key();
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("call_timeout", &self.call_timeout)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// The key as it is sent, marked so that nothing prints it.
fn bearer(key: &SecretString) -> Result<HeaderValue, Error> {
    let wrong = |what| Error::Config { what };
    let key = key.expose_secret();
    if key.is_empty() {
        return Err(wrong("the key is empty"));
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {key}"))
        .map_err(|_| wrong("the key does not fit a header"))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

fn base_url(text: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "the address is not a URL")?;
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        _ => return Err("the address must be https, or http on this machine"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address may not hold a user");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address may not hold a query or fragment");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if path.ends_with("/v1") {
        return Err("the address is wanted without /v1");
    }
    url.set_path(&path);
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The TLS library takes one provider a process; whoever comes second keeps the first.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_safe_address_is_taken() {
        for (text, fine) in [
            ("https://erp.example.com", true),
            ("https://erp.example.com/gateway/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080/", true),
            ("http://localhost:8080", true),
            ("http://erp.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("https://user:word@erp.example.com", false),
            ("https://erp.example.com/?a=b", false),
            ("https://erp.example.com/v1", false),
            ("ftp://erp.example.com", false),
            ("erp.example.com", false),
        ] {
            assert_eq!(base_url(text).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let good = || Config::new("https://erp.example.com", "k1".into());
        assert!(Rest::new(good()).is_ok());
        for bad in [
            Config {
                api_key: "".into(),
                ..good()
            },
            Config {
                api_key: "a\nb".into(),
                ..good()
            },
            Config {
                max_body: 0,
                ..good()
            },
            Config {
                call_timeout: Duration::ZERO,
                ..good()
            },
            Config {
                call_timeout: Duration::from_secs(1),
                ..good()
            },
        ] {
            assert!(matches!(Rest::new(bad), Err(Error::Config { .. })));
        }
    }

    #[test]
    fn neither_key_nor_address_is_printed() {
        let config = Config::new("https://erp.example.com", "k-secret".into());
        let printed = format!(
            "{config:?} {:?}",
            Rest::new(config.clone()).expect("a client")
        );
        assert!(
            !printed.contains("k-secret") && !printed.contains("example"),
            "{printed}"
        );
    }
}
