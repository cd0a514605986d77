//! The one way to send a call.

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Response, Url};
use serde::Serialize;

use super::Rest;
use super::answer::{Answer, Body};
use crate::error::{Error, Loss, Obstacle};

/// An operation of the profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub name: &'static str,
    pub is_write: bool,
}

impl Call {
    pub(super) const fn read(name: &'static str) -> Self {
        Self {
            name,
            is_write: false,
        }
    }

    pub(super) const fn write(name: &'static str) -> Self {
        Self {
            name,
            is_write: true,
        }
    }

    /// The same loss means different things to a read and to a write.
    pub(super) fn lost(self, loss: Loss) -> Error {
        if self.is_write {
            Error::Unknown {
                call: self.name,
                loss,
            }
        } else {
            Error::Unreachable {
                call: self.name,
                loss,
            }
        }
    }
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Waits longer than this are asked for by mistake.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

impl Rest {
    /// Sends a read.
    pub(super) async fn get(
        &self,
        name: &'static str,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<Answer, Error> {
        let call = Call::read(name);
        let mut url = self.url(call, path)?;
        let given = query
            .iter()
            .filter_map(|(key, value)| value.map(|value| (*key, value)));
        for (key, value) in given {
            url.query_pairs_mut().append_pair(key, value);
        }
        self.send(call, Request::new(Method::GET, url)).await
    }

    /// Sends a write.
    pub(super) async fn write<B: Serialize + Sync>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        body: &B,
        idempotency_key: &str,
    ) -> Result<Answer, Error> {
        let call = Call::write(name);
        let unsendable = |field| Error::Unsendable { call: name, field };
        let mut request = Request::new(method, self.url(call, path)?);
        let key = HeaderValue::from_str(idempotency_key)
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or_else(|| unsendable("idempotency_key"))?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = serde_json::to_vec(body).map_err(|_| unsendable("body"))?;
        *request.body_mut() = Some(body.into());
        self.send(call, request).await
    }

    fn url(&self, call: Call, path: &[&str]) -> Result<Url, Error> {
        let unsendable = || Error::Unsendable {
            call: call.name,
            field: "path",
        };
        // A URL takes these three as steps in a tree: another resource would be asked.
        if path.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err(unsendable());
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| unsendable())?
            .pop_if_empty()
            .push("v1")
            .extend(path);
        Ok(url)
    }

    async fn send(&self, call: Call, request: Request) -> Result<Answer, Error> {
        let began = Instant::now();
        let answer = tokio::time::timeout(self.call_timeout, self.exchange(call, request))
            .await
            .unwrap_or_else(|_| Err(call.lost(Loss::TimedOut)));
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &answer {
            Ok(answer) => {
                tracing::debug!(
                    call = call.name,
                    status = answer.status,
                    duration_ms,
                    "BlueCherry answered"
                );
            }
            Err(error) => {
                tracing::debug!(call = call.name, %error, duration_ms, "BlueCherry gave no answer");
            }
        }
        answer
    }

    async fn exchange(&self, call: Call, mut request: Request) -> Result<Answer, Error> {
        request.headers_mut().insert(AUTHORIZATION, self.key());
        let response = self
            .http
            .execute(request)
            .await
            .map_err(|error| failed(call, &error))?;
        let status = response.status().as_u16();
        let wait = retry_after(&response);
        let body = self.body(response).await.map_err(|loss| call.lost(loss))?;
        Ok(Answer {
            call,
            status,
            wait,
            body,
            limit: self.max_body,
        })
    }

    async fn body(&self, mut response: Response) -> Result<Body, Loss> {
        let mut text = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|_| Loss::ConnectionLost)?;
            let Some(chunk) = chunk else {
                return Ok(Body::Whole(text));
            };
            if text.len() + chunk.len() > self.max_body {
                return Ok(Body::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(capped(seconds))
}

pub(super) fn capped(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

fn failed(call: Call, error: &reqwest::Error) -> Error {
    if error.is_connect() {
        Error::NotSent {
            call: call.name,
            obstacle: obstacle(error),
        }
    } else if error.is_builder() {
        Error::Unsendable {
            call: call.name,
            field: "request",
        }
    } else if error.is_timeout() {
        call.lost(Loss::TimedOut)
    } else {
        call.lost(Loss::ConnectionLost)
    }
}

fn obstacle(error: &reqwest::Error) -> Obstacle {
    if error.is_timeout() {
        return Obstacle::TimedOut;
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return Obstacle::Tls;
        }
        cause = error.source();
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => return Obstacle::Refused,
                io::ErrorKind::TimedOut => return Obstacle::TimedOut,
                _ => {}
            }
            // The source of an I/O error is that of the error it wraps: the wrapped one is skipped.
            if let Some(wrapped) = error.get_ref() {
                cause = Some(wrapped);
            }
        }
    }
    Obstacle::Other
}
