//! Naming what came back before it is read.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use crate::answer::Kind;
use crate::cause::Cause;
use crate::error::Error;
use crate::error_body::{code_in, names_balance, words_in};

/// Bytes of an error body that are read in search of a code.
const ERROR_BODY_MAX: usize = 64 * 1024;
/// Time for an error body: its status already tells most.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(2);
/// What a 429 without a readable `Retry-After` means.
const WAIT_DEFAULT: Duration = Duration::from_secs(60);
/// The longest quota is a day's.
const WAIT_S_MAX: u64 = 86_400;

/// Names an answer that is not 2xx.
pub(crate) async fn refusal(call: &'static str, kind: Kind, response: Response) -> Error {
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED => return Error::Unauthorized { call },
        StatusCode::FORBIDDEN => return Error::Forbidden { call },
        StatusCode::TOO_MANY_REQUESTS => {
            let told = header(&response, &RETRY_AFTER).and_then(retry_after);
            let wait = told.unwrap_or(WAIT_DEFAULT);
            let told = told.is_some();
            return Error::Throttled { call, wait, told };
        }
        // These two say nothing sure about what was done before them.
        StatusCode::REQUEST_TIMEOUT | StatusCode::SEE_OTHER => {
            return kind.lost(call, Cause::Status(status.as_u16()));
        }
        _ => {}
    }
    if !status.is_redirection() && !status.is_client_error() {
        return kind.lost(call, Cause::Status(status.as_u16()));
    }
    // The status stands whatever becomes of the body, so a body that fails is an empty one.
    let body =
        match tokio::time::timeout(ERROR_BODY_WAIT, read_body(response, ERROR_BODY_MAX)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
    let code = code_in(&body);
    tracing::debug!(
        call,
        status = status.as_u16(),
        code,
        bytes = body.len(),
        "mirakl refused"
    );
    match status {
        StatusCode::NOT_FOUND => Error::NotFound { call, code },
        _ => Error::Refused {
            call,
            status: status.as_u16(),
            code,
            says: words_in(call, &body),
            lacks_balance: names_balance(&body),
        },
    }
}

/// Reads a body in pieces, and stops at the piece that makes it too large.
pub(crate) async fn read_body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Cause> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > bytes_max) {
        return Err(Cause::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Cause::of(&error))? {
        if body.len() + piece.len() > bytes_max {
            return Err(Cause::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

pub(crate) fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn retry_after(text: &str) -> Option<Duration> {
    let wait_s = text.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(wait_s.clamp(1, WAIT_S_MAX)))
}

pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_whole_seconds_within_a_day() {
        for (text, wait_s) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("0", Some(1)),
            ("9999999", Some(WAIT_S_MAX)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(text), wait_s.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn the_date_header_is_read() {
        let date = http_date("Mon, 02 Mar 2026 09:15:04 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-03-02T09:15:04Z");
        assert_eq!(http_date("yesterday"), None);
    }
}
