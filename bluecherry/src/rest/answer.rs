//! What an answer means to the caller.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::send::{Call, capped};
use crate::error::{Error, Loss};
use crate::unreadable::{Unreadable, read};

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Vec<u8>),
    TooLarge,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub call: Call,
    pub status: u16,
    /// From the header `Retry-After`.
    pub wait: Option<Duration>,
    pub body: Body,
    /// The largest body that is read.
    pub limit: usize,
}

/// The error body of the profile. Its message is for people at the site and is not even read.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    retry_after_s: Option<u64>,
    #[serde(default)]
    existing_id: Option<String>,
}

impl Answer {
    /// The answer to a call that succeeded, read by `how`.
    pub(super) fn read_with<T>(
        self,
        how: impl FnOnce(&[u8]) -> Result<T, Unreadable>,
    ) -> Result<T, Error> {
        if !(200..300).contains(&self.status) {
            return Err(self.refusal());
        }
        let call = self.call;
        match self.body {
            Body::Whole(text) => how(&text).map_err(|unreadable| {
                if call.is_write {
                    call.lost(Loss::Unreadable(unreadable))
                } else {
                    let Unreadable { path, problem } = unreadable;
                    Error::Unreadable {
                        call: call.name,
                        path,
                        source: problem,
                    }
                }
            }),
            Body::TooLarge if call.is_write => Err(call.lost(Loss::TooLarge)),
            Body::TooLarge => Err(Error::TooLarge {
                call: call.name,
                limit: self.limit,
            }),
        }
    }

    /// The answer to a call that succeeded.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.read_with(read)
    }

    fn refusal(self) -> Error {
        let (call, status) = (self.call.name, self.status);
        let refusal = match &self.body {
            Body::Whole(text) => read::<Refusal>(text).ok(),
            Body::TooLarge => None,
        };
        let refusal = refusal.filter(|refusal| is_code(&refusal.code));
        let wait = refusal
            .as_ref()
            .and_then(|refusal| refusal.retry_after_s)
            .map(capped);
        let wait = wait.or(self.wait);
        match status {
            401 => return Error::Unauthorized { call },
            403 => return Error::Forbidden { call },
            _ => {}
        }
        let Some(refusal) = refusal else {
            return match status {
                429 => Error::Throttled { call, wait },
                // A 408 and whatever is no 4xx may have been said after the write was done, or by
                // somebody in between who does not know.
                400..=499 if status != 408 => Error::Refused {
                    call,
                    status,
                    code: None,
                    field: None,
                    existing_id: None,
                },
                _ => self.call.lost(Loss::Status { status, wait }),
            };
        };
        match refusal.code.as_str() {
            "unavailable" | "quiet_window" | "batch_running" => Error::Unavailable {
                call,
                code: refusal.code,
                wait,
            },
            "throttled" => Error::Throttled { call, wait },
            "not_found" if status == 404 => Error::NotFound { call },
            _ if status == 429 => Error::Throttled { call, wait },
            _ if !(400..500).contains(&status) => self.call.lost(Loss::Status { status, wait }),
            _ if refusal.retryable => Error::Unavailable {
                call,
                code: refusal.code,
                wait,
            },
            _ => Error::Refused {
                call,
                status,
                code: Some(refusal.code),
                field: refusal.field.filter(|field| is_short(field, "._[]-", 80)),
                existing_id: refusal.existing_id.filter(|id| is_short(id, "._/-", 40)),
            },
        }
    }
}

fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_short(text: &str, also: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || also.contains(letter))
}

#[cfg(test)]
mod tests {
    use domain::retry::{Fate, Retry};

    use super::*;

    fn answer(is_write: bool, status: u16, body: &str) -> Answer {
        let call = if is_write {
            Call::write("w")
        } else {
            Call::read("r")
        };
        Answer {
            call,
            status,
            wait: None,
            body: Body::Whole(body.into()),
            limit: 100,
        }
    }

    fn error(is_write: bool, status: u16, body: &str) -> Error {
        answer(is_write, status, body)
            .read::<u32>()
            .expect_err("an error")
    }

    #[test]
    fn each_answer_says_what_may_be_done_and_what_was() {
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        let (done_not, unknown) = (Fate::NotDone, Fate::Unknown);
        for (status, body, retry, write_fate) in [
            (
                503,
                r#"{"code": "quiet_window", "message": "m", "retryable": true, "retry_after_s": 900}"#,
                after(900),
                done_not,
            ),
            (
                503,
                r#"{"code": "batch_running", "message": "m", "retryable": true}"#,
                Retry::Backoff,
                done_not,
            ),
            (
                409,
                r#"{"code": "batch_running", "message": "m", "retryable": true}"#,
                Retry::Backoff,
                done_not,
            ),
            (503, "", Retry::Backoff, unknown),
            (503, "<html>", Retry::Backoff, unknown),
            (502, r#"{"message": "upstream"}"#, Retry::Backoff, unknown),
            (
                500,
                r#"{"code": "internal", "message": "m", "retryable": true}"#,
                Retry::Backoff,
                unknown,
            ),
            (302, "", Retry::Backoff, unknown),
            (408, "", Retry::Backoff, unknown),
            (
                429,
                r#"{"code": "throttled", "message": "m", "retryable": true, "retry_after_s": 5}"#,
                after(5),
                done_not,
            ),
            (429, "", Retry::Backoff, done_not),
            (
                409,
                r#"{"code": "version_mismatch", "message": "m", "retryable": false}"#,
                Retry::Never,
                done_not,
            ),
            (
                409,
                r#"{"code": "record_busy", "message": "m", "retryable": true}"#,
                Retry::Backoff,
                done_not,
            ),
            (
                422,
                r#"{"code": "unknown_sku", "message": "m"}"#,
                Retry::Never,
                done_not,
            ),
            (400, "", Retry::Never, done_not),
            (401, "", Retry::After(Duration::from_secs(60)), done_not),
            (
                404,
                r#"{"code": "not_found", "message": "m", "retryable": false}"#,
                Retry::Never,
                done_not,
            ),
        ] {
            let (write, read) = (error(true, status, body), error(false, status, body));
            assert_eq!(
                (write.retry(), write.fate()),
                (retry, write_fate),
                "{status} {body}"
            );
            assert_eq!(
                (read.retry(), read.fate()),
                (retry, Fate::NotDone),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_success_that_cannot_be_read_leaves_a_write_open_and_is_a_fault_of_a_read() {
        let write = error(true, 201, "\"Jane\"");
        assert_eq!(write.fate(), Fate::Unknown);
        let read = error(false, 200, "\"Jane\"");
        assert!(matches!(read, Error::Unreadable { ref path, .. } if path == "$"));
        let huge = Answer {
            body: Body::TooLarge,
            ..answer(true, 200, "")
        };
        assert_eq!(
            huge.read::<u32>().expect_err("too large").fate(),
            Fate::Unknown
        );
        let huge = Answer {
            body: Body::TooLarge,
            ..answer(false, 200, "")
        };
        assert_eq!(
            huge.read::<u32>().expect_err("too large"),
            Error::TooLarge {
                call: "r",
                limit: 100
            }
        );
    }

    #[test]
    fn a_404_of_somebody_in_between_is_not_taken_for_the_order() {
        for body in ["", "<html>not found</html>", r#"{"error": "no route"}"#] {
            let error = error(false, 404, body);
            assert!(
                matches!(
                    error,
                    Error::Refused {
                        status: 404,
                        code: None,
                        ..
                    }
                ),
                "{body}"
            );
        }
    }

    #[test]
    fn only_short_codes_of_a_refusal_are_kept() {
        let said = error(
            true,
            409,
            r#"{"code": "duplicate_external_po", "message": "for Jane Doe",
            "field": "external_po", "retryable": false, "existing_id": "500001"}"#,
        );
        assert_eq!(
            said,
            Error::Refused {
                call: "w",
                status: 409,
                code: Some("duplicate_external_po".into()),
                field: Some("external_po".into()),
                existing_id: Some("500001".into()),
            }
        );
        let said = error(
            true,
            422,
            r#"{"code": "invalid", "message": "m", "retryable": false,
            "field": "Jane Doe, Elm Street", "existing_id": "jane@example.com"}"#,
        );
        assert_eq!(said.to_string(), "w: refused with 422 (invalid)");
        assert!(!format!("{said:?}").contains("Elm") && !format!("{said:?}").contains('@'));
        let said = error(true, 422, r#"{"code": "Jane Doe moved", "message": "m"}"#);
        assert_eq!((said.code(), said.retry()), (None, Retry::Never));
        assert!(!format!("{said:?}").contains("Jane"));
    }

    #[test]
    fn a_wait_out_of_reason_is_cut_and_a_header_counts_too() {
        let said = error(
            false,
            503,
            r#"{"code": "unavailable", "retryable": true, "retry_after_s": 18446744073709551615}"#,
        );
        assert_eq!(said.retry(), Retry::After(Duration::from_secs(86_400)));
        let wait = Some(Duration::from_secs(7));
        let said = Answer {
            wait,
            ..answer(false, 503, "")
        }
        .read::<u32>()
        .expect_err("down");
        assert_eq!(said.retry(), Retry::After(Duration::from_secs(7)));
    }
}
