//! What the site answers: results, pages and refusals.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A refused request, with the error code that callers go by.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    retry_after_s: Option<u64>,
    existing_id: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            retry_after_s: None,
            existing_id: None,
        }
    }

    /// 401: the key is missing or wrong.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the API key is missing or wrong",
        )
    }

    /// 404: there is no such thing.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    /// 409: what is there already stands against it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 422: a rule of the site stands against it.
    pub fn refused(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        refusal.field = Some(field.to_owned());
        refusal
    }

    /// 422 `invalid`, naming the field.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::refused("invalid", field, message)
    }

    /// The code that callers go by.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// 429: too many requests in the minute; without a wait the caller is not told how long.
    pub fn throttled(retry_after_s: Option<u64>) -> Self {
        let refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "throttled",
            "too many requests in this minute",
        );
        Self {
            retry_after_s,
            ..refusal
        }
    }

    /// 503: the site takes no writes at this time of day.
    pub fn quiet(retry_after_s: u64) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "quiet_window",
            "no writes at this time",
        )
        .after(retry_after_s)
    }

    fn after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Names what is in the way.
    #[must_use]
    pub fn existing(mut self, id: impl Into<String>) -> Self {
        self.existing_id = Some(id.into());
        self
    }

    /// The code and the text, for a record of what went wrong in the queue.
    pub fn to_value(&self) -> Value {
        let mut body = json!({
            "code": self.code,
            "message": self.message,
            "retryable": self.status.is_server_error()
                || self.status == StatusCode::TOO_MANY_REQUESTS,
        });
        if let Some(field) = &self.field {
            body["field"] = json!(field);
        }
        if let Some(seconds) = self.retry_after_s {
            body["retry_after_s"] = json!(seconds);
        }
        if let Some(id) = &self.existing_id {
            body["existing_id"] = json!(id);
        }
        body
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.to_value())).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response
    }
}

/// Reads a body strictly: a field that the profile does not know is refused by its name.
pub fn read<T: DeserializeOwned>(body: &Value) -> Result<T, Refusal> {
    T::deserialize(body).map_err(|error| {
        let message = error.to_string();
        let named = message.starts_with("unknown field") || message.starts_with("missing field");
        let field = message
            .split('`')
            .nth(1)
            .filter(|_| named)
            .unwrap_or("body")
            .to_owned();
        Refusal::invalid(&field, message)
    })
}

/// One page of a list.
pub struct Page {
    /// The rows.
    pub items: Vec<Value>,
    /// Where to go on.
    pub next_cursor: Option<String>,
    /// The moment that the rows describe.
    pub as_of: Timestamp,
    /// Batch that the rows come from; none when they are read from the books.
    pub batch_id: Option<String>,
    /// When the batch was made.
    pub generated_at: Timestamp,
    /// Whether everything is there: all rows of the batch, or all news of a feed.
    pub complete: bool,
}

impl Page {
    /// A page that holds everything, straight from the books.
    pub fn live(items: Vec<Value>, now: Timestamp) -> Self {
        Self {
            items,
            next_cursor: None,
            as_of: now,
            batch_id: None,
            generated_at: now,
            complete: true,
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        Json(json!({
            "count": self.items.len(),
            "items": self.items,
            "next_cursor": self.next_cursor,
            "as_of": self.as_of,
            "batch_id": self.batch_id,
            "generated_at": self.generated_at,
            "complete": self.complete,
        }))
        .into_response()
    }
}

/// What a write came to.
#[derive(Clone, Debug)]
pub struct Written {
    /// Status of the answer.
    pub status: StatusCode,
    /// Body of the answer.
    pub body: Value,
    /// Whether the books changed.
    pub changed: bool,
}

impl Written {
    /// 200 after a change.
    pub fn done(body: impl Serialize) -> Self {
        Self::with(StatusCode::OK, body)
    }

    /// A change with a status of its own.
    pub fn with(status: StatusCode, body: impl Serialize) -> Self {
        let body = serde_json::to_value(body).unwrap_or(Value::Null);
        Self {
            status,
            body,
            changed: true,
        }
    }

    /// 200 although nothing had to change.
    pub fn unchanged(body: impl Serialize) -> Self {
        Self {
            changed: false,
            ..Self::done(body)
        }
    }
}
