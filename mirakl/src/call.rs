//! One request, before it is sent.

use reqwest::{Method, Url};
use serde::Serialize;

use crate::answer::Kind;
use crate::error::Error;

/// One request, before it is sent.
pub(crate) struct Call {
    pub code: &'static str,
    pub kind: Kind,
    pub method: Method,
    /// A whole address that Mirakl named, instead of a path.
    pub file: Option<Url>,
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Vec<u8>>,
    /// What the body is.
    pub content_type: &'static str,
    /// What the answer is to be.
    pub accept: &'static str,
}

impl Call {
    /// A GET; `path` stands behind `/api`, slash-separated.
    pub(crate) fn read(code: &'static str, path: &str) -> Self {
        let path = path.split('/').map(str::to_owned).collect();
        Self {
            code,
            kind: Kind::Read,
            method: Method::GET,
            file: None,
            path,
            query: Vec::new(),
            body: None,
            content_type: "application/json",
            accept: "application/json",
        }
    }

    /// A GET of a file that Mirakl named; the caller has seen that it is Mirakl's own.
    pub(crate) fn read_file(code: &'static str, file: Url) -> Self {
        Self {
            file: Some(file),
            ..Self::read(code, "")
        }
    }

    /// A POST; `path` stands behind `/api`.
    pub(crate) fn post(code: &'static str, path: &str) -> Self {
        Self {
            kind: Kind::Write,
            method: Method::POST,
            ..Self::read(code, path)
        }
    }

    /// A PUT; `path` stands behind `/api`.
    pub(crate) fn write_at(code: &'static str, path: &str) -> Self {
        Self {
            kind: Kind::Write,
            method: Method::PUT,
            ..Self::read(code, path)
        }
    }

    /// A PUT on `/api/orders`.
    pub(crate) fn write_orders(code: &'static str) -> Self {
        Self {
            kind: Kind::Write,
            method: Method::PUT,
            ..Self::read(code, "orders")
        }
    }

    /// A PUT on `/api/orders/{order_id}/{action}`.
    pub(crate) fn write_order(
        code: &'static str,
        order_id: &str,
        action: &str,
    ) -> Result<Self, Error> {
        // Dots would be resolved as steps in the path, and reach another operation.
        if matches!(order_id, "" | "." | "..") {
            return Err(Error::Config {
                call: code,
                what: "not an order id",
            });
        }
        let mut call = Self::write_orders(code);
        call.path.extend([order_id.to_owned(), action.to_owned()]);
        Ok(call)
    }

    pub(crate) fn query(mut self, name: &'static str, value: Option<String>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    /// Asks for a CSV file instead of JSON.
    pub(crate) fn csv(mut self) -> Self {
        self.accept = "text/csv";
        self
    }

    /// A body that is written already.
    pub(crate) fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.content_type = content_type;
        self.body = Some(body);
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::Config {
            call: self.code,
            what: "the body cannot be written",
        })?;
        self.body = Some(body);
        Ok(self)
    }
}
