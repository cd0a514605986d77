//! Key, time limits and the one way to send.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::answer::{Answer, Kind};
use crate::call::Call;
use crate::cause::Cause;
use crate::error::Error;
use crate::response::{header, http_date, read_body, refusal};
use crate::settings::Shop;

/// What a client needs to know of one shop on one marketplace.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the marketplace, such as `https://example.mirakl.net`; https, except on this machine.
    pub base_url: String,
    /// The shop's key, sent as it is in `Authorization`.
    pub api_key: SecretString,
    /// The shop, for a key whose user has several; without it Mirakl takes the user's default shop.
    pub shop_id: Option<i64>,
    /// Time for a whole call, from connecting to the last byte.
    pub call_timeout: Duration,
    /// Time for a connection: name, TCP and TLS. Half a call at most, so that a connection that
    /// cannot be made is told from an answer that was lost.
    pub connect_timeout: Duration,
    /// Most bytes accepted in an answer.
    pub max_body: usize,
}

impl Config {
    /// The usual limits: 30 s a call, 5 s to connect, 32 MB an answer, the key's default shop.
    #[must_use]
    pub fn new(base_url: impl Into<String>, api_key: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            api_key,
            shop_id: None,
            call_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            max_body: 32 * 1024 * 1024,
        }
    }
}

/// The seller API of one shop on one marketplace.
///
/// Cheap to clone; clones share their connections and their key. Call frequencies are the caller's
/// to keep.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Read with each send, so that a changed key counts at once.
    key: Arc<RwLock<HeaderValue>>,
    base: Url,
    shop_id: Option<i64>,
    call_timeout: Duration,
    max_body: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("shop_id", &self.shop_id)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Makes the client; connects to nothing yet.
    ///
    /// Follows no redirect and takes no proxy from the environment, so that the key goes to
    /// `base_url` and nowhere else.
    ///
    /// # Errors
    /// [`Error::Config`]: the address, the key or a limit cannot be used; a person must correct it.
    pub fn new(config: Config) -> Result<Self, Error> {
        let wrong = |what| Error::Config {
            call: "client",
            what,
        };
        let base = Url::parse(&config.base_url).map_err(|_| wrong("the base address is no url"))?;
        let local = is_loopback(&base);
        match base.scheme() {
            "https" => {}
            "http" if local => {}
            _ => return Err(wrong("the base address must be https")),
        }
        if !base.username().is_empty()
            || base.password().is_some()
            || base.query().is_some()
            || base.fragment().is_some()
        {
            return Err(wrong("the base address must be host and path only"));
        }
        if config.call_timeout.is_zero() || config.connect_timeout.is_zero() || config.max_body == 0
        {
            return Err(wrong("a limit is zero"));
        }
        let key = header_of(&config.api_key)?;

        // Whoever installed a provider before this is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("bcm-mirakl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(base.scheme() == "https")
            .connect_timeout(config.connect_timeout.min(config.call_timeout / 2))
            // A connection the server is about to close costs a lost answer: do not keep it long.
            .pool_idle_timeout(Duration::from_secs(15));
        if base.scheme() == "http" {
            // Plain http needs no certificates, so a machine without any can still run the demo.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|_| wrong("tls cannot be set up"))?;
        let Config {
            shop_id,
            call_timeout,
            max_body,
            ..
        } = config;
        Ok(Self {
            http,
            key: Arc::new(RwLock::new(key)),
            base,
            shop_id,
            call_timeout,
            max_body,
        })
    }

    /// Asks with another key whose it is (A01), and goes on with it, clones too, if it is that
    /// shop's; the answer tells. A key of another shop, or one that is refused, changes nothing.
    ///
    /// # Errors
    /// [`Error::Config`]: the key does not fit a header. Else as [`Client::shop`].
    pub async fn renew_key(&self, key: &SecretString, shop_id: i64) -> Result<Shop, Error> {
        let key = header_of(key)?;
        let candidate = Self {
            key: Arc::new(RwLock::new(key.clone())),
            ..self.clone()
        };
        let shop = candidate.shop().await?;
        if shop.shop_id == shop_id {
            *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        }
        Ok(shop)
    }

    /// Sends one request, once, and reads its answer within the time of a call.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, Error> {
        let (code, kind) = (call.code, call.kind);
        let started = Instant::now();
        let outcome = match tokio::time::timeout(self.call_timeout, self.exchange(call)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(kind.lost(code, Cause::Timeout)),
        };
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(answer) => {
                tracing::debug!(
                    call = code,
                    duration_ms,
                    bytes = answer.body.len(),
                    "mirakl answered"
                );
            }
            Err(error) => tracing::debug!(call = code, duration_ms, %error, "mirakl call failed"),
        }
        outcome
    }

    /// The marketplace's own address.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    fn address(
        &self,
        code: &'static str,
        path: Vec<String>,
        query: Vec<(&'static str, String)>,
    ) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Config {
                call: code,
                what: "the base address takes no path",
            })?
            .pop_if_empty()
            .push("api")
            .extend(path);
        let shop_id = self.shop_id.map(|shop_id| ("shop_id", shop_id.to_string()));
        if shop_id.is_some() || !query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(query.into_iter().chain(shop_id));
        }
        Ok(url)
    }

    async fn exchange(&self, call: Call) -> Result<Answer, Error> {
        let Call {
            code,
            kind,
            method,
            file,
            path,
            query,
            body,
            content_type,
            accept,
        } = call;
        let url = match file {
            Some(file) => file,
            None => self.address(code, path, query)?,
        };
        let request = match (kind, body) {
            (Kind::Read, _) => self.http.get(url),
            (Kind::Write, Some(body)) => {
                let content_type = HeaderValue::from_static(content_type);
                self.http
                    .request(method, url)
                    .header(CONTENT_TYPE, content_type)
                    .body(body)
            }
            // Mirakl wants the length said even where there is nothing.
            (Kind::Write, None) => self.http.request(method, url).header(CONTENT_LENGTH, 0),
        };

        let key = self
            .key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let response = request
            .header(AUTHORIZATION, key)
            .header(ACCEPT, HeaderValue::from_static(accept))
            .send()
            .await
            .map_err(|error| {
                if error.is_connect() {
                    Error::NotSent {
                        call: code,
                        source: Cause::of(&error),
                    }
                } else if error.is_builder() {
                    Error::Config {
                        call: code,
                        what: "the request cannot be made",
                    }
                } else {
                    kind.lost(code, Cause::of(&error))
                }
            })?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(code, kind, response).await);
        }
        let server_date = header(&response, &DATE).and_then(http_date);
        match read_body(response, self.max_body).await {
            Ok(body) => Ok(Answer {
                call: code,
                kind,
                status: status.as_u16(),
                body,
                server_date,
            }),
            Err(Cause::TooLarge) if kind == Kind::Read => Err(Error::TooLarge { call: code }),
            Err(cause) => Err(kind.lost(code, cause)),
        }
    }
}

/// The key as it is sent, marked so that nothing prints it.
fn header_of(key: &SecretString) -> Result<HeaderValue, Error> {
    let wrong = |what| Error::Config {
        call: "client",
        what,
    };
    if key.expose_secret().is_empty() {
        return Err(wrong("the key is empty"));
    }
    let mut key = HeaderValue::from_str(key.expose_secret())
        .map_err(|_| wrong("the key holds what a header cannot"))?;
    key.set_sensitive(true);
    Ok(key)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base_url: &str, key: &str) -> Result<Client, Error> {
        Client::new(Config::new(base_url, SecretString::from(key.to_owned())))
    }

    #[test]
    fn only_https_is_spoken_except_on_this_machine() {
        for good in [
            "https://example.mirakl.net",
            "https://example.mirakl.net/base/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:1",
        ] {
            assert!(client(good, "k").is_ok(), "{good}");
        }
        for bad in [
            "http://example.mirakl.net",
            "http://localhost.example.net",
            "ftp://localhost",
            "example.mirakl.net",
            "https://user:word@example.mirakl.net",
            "https://example.mirakl.net?x=1",
            "",
        ] {
            assert!(
                matches!(client(bad, "k"), Err(Error::Config { .. })),
                "{bad}"
            );
        }
        for bad in ["", "two\nlines"] {
            assert!(matches!(
                client("https://example.mirakl.net", bad),
                Err(Error::Config { .. })
            ));
        }
    }

    #[test]
    fn neither_the_client_nor_its_configuration_shows_the_key() {
        let config = Config::new(
            "https://example.mirakl.net",
            SecretString::from("s3cret-key"),
        );
        assert!(!format!("{config:?}").contains("s3cret"));
        assert!(!format!("{:?}", Client::new(config).unwrap()).contains("s3cret"));
    }
}
