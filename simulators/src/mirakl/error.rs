//! Refusals, in the marketplace's body.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

/// A call refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// Machine code, where the operation documents some.
    pub code: Option<&'static str>,
    pub message: String,
}

impl Refusal {
    /// A refusal without a machine code.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: None,
            message: message.into(),
        }
    }

    /// Wrong parameters, or the object is not in the state the call needs.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A wrong call with one of the operation's machine codes.
    pub fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::bad(message)
        }
    }

    /// The same with 404.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::coded(code, message)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "status": self.status.as_u16(), "message": self.message });
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        (self.status, Json(body)).into_response()
    }
}

/// The body of a bare status, as faults send it.
pub fn bare(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Error");
    Refusal::new(status, message).into_response()
}

/// A control call that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlError {
    /// No such order.
    NotFound(String),
    /// The order is in a state that does not allow it, or already exists.
    Conflict(String),
    /// What was sent makes no order.
    Invalid(String),
}

impl ControlError {
    /// HTTP status of the control route.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, words: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::NotFound(text) | Self::Conflict(text) | Self::Invalid(text)) = self;
        words.write_str(text)
    }
}

impl std::error::Error for ControlError {}
