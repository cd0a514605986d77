//! How a request or its answer was lost.

use std::io;

/// How a request or its answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The host name has no address.
    #[error("the host name was not found")]
    Dns,
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// TLS failed otherwise.
    #[error("tls failed")]
    Tls,
    /// The time allowed ran out.
    #[error("the time allowed ran out")]
    Timeout,
    /// The connection failed.
    #[error("{0}")]
    Io(io::ErrorKind),
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer")]
    Closed,
    /// The server, or something before it, failed.
    #[error("status {0}")]
    Status(u16),
    /// The answer to a write cannot be read.
    #[error("the answer cannot be read{}", at(path))]
    Unreadable {
        /// JSON path of the first thing that cannot be read; empty at the root.
        path: String,
    },
    /// The answer to a write was longer than `max_body`.
    #[error("the answer is too large")]
    TooLarge,
}

impl Cause {
    /// Names a transport error without the address, the text or the bytes that it may quote.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(link) = next {
            if let Some(io) = link.downcast_ref::<io::Error>() {
                return Self::of_io(io);
            }
            if link.to_string().starts_with("dns error") {
                return Self::Dns;
            }
            next = link.source();
        }
        Self::Closed
    }

    fn of_io(error: &io::Error) -> Self {
        let mut inner = error.get_ref();
        while let Some(wrapped) = inner {
            if let Some(tls) = wrapped.downcast_ref::<rustls::Error>() {
                return match tls {
                    rustls::Error::InvalidCertificate(_) => Self::Certificate,
                    _ => Self::Tls,
                };
            }
            inner = wrapped
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref);
        }
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::UnexpectedEof => Self::Closed,
            kind => Self::Io(kind),
        }
    }
}

/// A JSON path as part of a sentence.
pub(crate) fn at(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(" at {path}")
    }
}
