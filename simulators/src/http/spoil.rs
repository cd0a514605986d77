//! Answers spoiled on their way: cut, misframed, replaced, swollen.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::connection::{Cut, Raw};
use super::gzip;
use crate::calls::CallLog;
use crate::fault::Spoil;

/// Marks an answer that went out and that nobody can use: put it into the response's extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unusable;

/// Marks a call that gets no answer at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silent;

/// What a write that was not done answers before it is spoiled.
pub(super) fn made_up() -> Response {
    let body = "{\"message\": \"this answer was made up by a fault and nothing was done\"}";
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// An answer that breaks the connection without a byte.
pub(super) fn broken() -> Response {
    cut(Cut::Reset)
}

fn cut(how: Cut) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(how);
    response
}

/// The answer, spoiled. `call` is marked as answered where everything arrives after all.
pub(super) async fn spoil(how: Spoil, response: Response, call: (CallLog, u64)) -> Response {
    let json =
        |body: &'static str| instead("application/json", Bytes::from_static(body.as_bytes()));
    match how {
        Spoil::Html => instead(
            "text/html; charset=utf-8",
            Bytes::from_static(PAGE.as_bytes()),
        ),
        Spoil::Empty => json(""),
        Spoil::Null => json("null"),
        Spoil::Gzip => {
            let mut response = instead("application/json", gzip::bomb());
            let encoding = HeaderValue::from_static("gzip");
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, encoding);
            response
        }
        Spoil::Never => {
            let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            response.extensions_mut().insert(Silent);
            response
        }
        Spoil::Drip(_) | Spoil::Truncate { .. } | Spoil::WrongLength | Spoil::Huge(_) => {
            let whole = Whole::read(response).await;
            cut(Cut::Raw(whole.raw(how, call)))
        }
    }
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head>\
     <body><h1>We will be back soon</h1><p>Maintenance &amp; care.</p></body></html>\n";

fn instead(kind: &'static str, body: Bytes) -> Response {
    let mut response = ([(header::CONTENT_TYPE, kind)], Body::from(body)).into_response();
    response.extensions_mut().insert(Unusable);
    response
}

/// An answer in pieces.
struct Whole {
    status: StatusCode,
    headers: String,
    body: Bytes,
}

impl Whole {
    async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        let kept = head
            .headers
            .iter()
            .filter(|(name, _)| **name != header::CONTENT_LENGTH);
        let headers = kept
            .map(|(name, value)| {
                format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()))
            })
            .collect();
        Self {
            status: head.status,
            headers,
            body,
        }
    }

    fn head(&self, framing: &str) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or("");
        let status = self.status.as_u16();
        let headers = &self.headers;
        format!("HTTP/1.1 {status} {reason}\r\n{headers}{framing}connection: close\r\n\r\n")
            .into_bytes()
    }

    fn raw(self, how: Spoil, call: (CallLog, u64)) -> Raw {
        let length = self.body.len() as u64;
        let bodiless = self.body.is_empty();
        let sized = |length: u64| format!("content-length: {length}\r\n");
        let as_is = Raw {
            head: self.head(&sized(length)),
            spaces: 0,
            body: self.body.clone(),
            pace: Duration::ZERO,
            whole: None,
        };
        match how {
            // An answer without a body has nothing else to drip or to cut than its head.
            Spoil::Drip(pace) => Raw {
                head: if bodiless { Vec::new() } else { as_is.head },
                body: if bodiless {
                    self.head("").into()
                } else {
                    as_is.body
                },
                pace: pace.max(Duration::from_millis(1)),
                whole: Some(call),
                ..as_is
            },
            Spoil::Truncate { .. } if bodiless => Raw {
                head: as_is.head[..as_is.head.len() / 2].to_vec(),
                ..as_is
            },
            Spoil::Truncate { chunked: true } => {
                let head = self.head("transfer-encoding: chunked\r\n");
                let size = format!("{length:x}\r\n").into_bytes();
                Raw {
                    head: [head, size].concat(),
                    body: self.body.slice(..self.body.len() / 2),
                    ..as_is
                }
            }
            Spoil::WrongLength if !bodiless => Raw {
                head: self.head(&sized(length / 2)),
                ..as_is
            },
            Spoil::Huge(mb) => {
                let spaces = mb.saturating_mul(1024 * 1024);
                let status = if bodiless {
                    StatusCode::OK
                } else {
                    self.status
                };
                let whole = Self { status, ..self };
                Raw {
                    head: whole.head(&sized(length.saturating_add(spaces))),
                    spaces,
                    ..as_is
                }
            }
            // Where there is no body, one is announced that never comes.
            Spoil::WrongLength => {
                let whole = Self {
                    status: StatusCode::OK,
                    ..self
                };
                Raw {
                    head: whole.head(&sized(64)),
                    ..as_is
                }
            }
            _ => Raw {
                body: self.body.slice(..self.body.len() / 2),
                ..as_is
            },
        }
    }
}
