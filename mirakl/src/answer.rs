//! Reading what came back, and saying where it cannot be read.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::amount::{NESTED_AMOUNT, NOT_AN_AMOUNT};
use crate::cause::Cause;
use crate::error::Error;

/// What is wrong with a piece of JSON: its kind and place, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at line {line} column {column}")]
pub struct Malformed {
    /// What is wrong.
    pub kind: MalformedKind,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1; 0 where the place is not known.
    pub column: usize,
}

/// What can be wrong with a piece of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedKind {
    /// It is no JSON at all, such as a page of HTML, or it ends too early.
    NotJson,
    /// It is JSON of another shape than the API describes.
    Shape,
}

impl std::fmt::Display for MalformedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotJson => "not json",
            Self::Shape => "unexpected value",
        })
    }
}

/// One order that cannot be read; its neighbours are not affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("order cannot be read at {}", if path.is_empty() { "its root" } else { path })]
pub struct OrderUnreadable {
    /// JSON path inside the order, such as `order_lines[0].price`; empty at the root.
    pub path: String,
    /// What is wrong there.
    pub source: Malformed,
}

/// Whether a call changes anything at Mirakl, which decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Kind {
    /// The error for a request that went out and whose answer did not come.
    pub(crate) fn lost(self, call: &'static str, source: Cause) -> Error {
        match self {
            Self::Read => Error::Unreachable { call, source },
            Self::Write => Error::Unknown { call, source },
        }
    }
}

/// A 2xx answer, its body read whole.
pub(crate) struct Answer {
    pub(crate) call: &'static str,
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) server_date: Option<Timestamp>,
}

impl Answer {
    /// Reads the body as one JSON object.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read_object(&self.body).map_err(|(path, source)| self.unreadable(path, source))
    }

    /// Takes the answer of a write that has nothing to say.
    ///
    /// That is 204 by Mirakl's documents. JSON is let through, since operations may start to answer;
    /// another 2xx with nothing, `null` or a page of HTML is somebody in between speaking, and tells
    /// nothing about what was written.
    pub(crate) fn nothing(&self) -> Result<(), Error> {
        let body = self.body.trim_ascii();
        if self.status == 204 && body.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) if body != b"null" => Ok(()),
            Ok(_) => Err(self.contradictory("")),
            Err(error) => Err(self.unreadable(String::new(), malformed(&error))),
        }
    }

    /// The error for an answer that came and means nothing here.
    pub(crate) fn unreadable(&self, path: String, source: Malformed) -> Error {
        match self.kind {
            Kind::Read => Error::Unreadable {
                call: self.call,
                path,
                source,
            },
            Kind::Write => Error::Unknown {
                call: self.call,
                source: Cause::Unreadable { path },
            },
        }
    }

    /// The error for JSON of the right types that contradicts itself at `path`.
    pub(crate) fn contradictory(&self, path: &str) -> Error {
        let source = Malformed {
            kind: MalformedKind::Shape,
            line: 1,
            column: 0,
        };
        self.unreadable(path.to_owned(), source)
    }
}

/// Reads one JSON object, or says at which path it cannot be read.
pub(crate) fn read_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, (String, Malformed)> {
    // A list in the place of an object would be read by position: nothing says what its items are.
    if json.trim_ascii_start().first() == Some(&b'[') {
        return Err((
            String::new(),
            Malformed {
                kind: MalformedKind::Shape,
                line: 1,
                column: 1,
            },
        ));
    }
    serde_json::from_slice(json).map_err(|error| (path_of(json, &error), malformed(&error)))
}

fn malformed(error: &serde_json::Error) -> Malformed {
    let kind = match error.classify() {
        Category::Data => MalformedKind::Shape,
        Category::Syntax | Category::Eof | Category::Io => MalformedKind::NotJson,
    };
    Malformed {
        kind,
        line: error.line(),
        column: error.column(),
    }
}

enum Level {
    Object(Option<String>),
    Array(usize),
}

/// Finds the JSON path of the place at which reading stopped.
///
/// serde_json says line and column only, and its message may quote content, so the text before
/// that place is walked again for the keys that lead there.
fn path_of(json: &[u8], error: &serde_json::Error) -> String {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => {
            let breaks = json.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            breaks
                .map(|(at, _)| at + 1)
                .nth(line - 2)
                .unwrap_or(json.len())
        }
    };
    let end = line_start.saturating_add(error.column()).min(json.len());
    let (before, after) = json.split_at(end);
    let (mut levels, closed) = walk(before);
    if matches!(levels.last(), Some(Level::Array(0))) && before.ends_with(b"[") {
        levels.pop();
    }
    // Two errors are placed late: behind the whole object if its last value is wrong.
    let text = error.to_string();
    let missing = missing_field(&text);
    let late = missing.is_some()
        || text.starts_with(NOT_AN_AMOUNT)
        || (text.starts_with(NESTED_AMOUNT) && after.trim_ascii_start().first() != Some(&b','));
    if late && before.ends_with(b"}") {
        levels.extend(closed);
    }
    // A missing field is noticed after the last key, which is not the one to name.
    if missing.is_some()
        && let Some(Level::Object(key)) = levels.last_mut()
    {
        *key = missing;
    }
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object(None) => {}
            Level::Object(Some(key)) if path.is_empty() => path = key,
            Level::Object(Some(key)) => path = format!("{path}.{key}"),
            Level::Array(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

/// The levels that are open at the end of a text, and the one that was closed last.
fn walk(json: &[u8]) -> (Vec<Level>, Option<Level>) {
    let mut levels = Vec::new();
    let mut closed = None;
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'{' => levels.push(Level::Object(None)),
            b'[' => levels.push(Level::Array(0)),
            b'}' | b']' => closed = levels.pop(),
            b',' => match levels.last_mut() {
                Some(Level::Object(key)) => *key = None,
                Some(Level::Array(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let start = at + 1;
                at = start;
                while at < json.len() && json[at] != b'"' {
                    at += if json[at] == b'\\' { 2 } else { 1 };
                }
                if let Some(Level::Object(key @ None)) = levels.last_mut() {
                    *key = Some(plain_key(&json[start..at.min(json.len())]));
                }
            }
            _ => {}
        }
        at += 1;
    }
    (levels, closed)
}

/// A key as it may be shown: field names, not whatever else someone may use as a key.
fn plain_key(key: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    match std::str::from_utf8(key) {
        Ok(text) if (1..=64).contains(&key.len()) && key.iter().all(plain) => text.to_owned(),
        _ => "?".to_owned(),
    }
}

fn missing_field(text: &str) -> Option<String> {
    let (name, _) = text.strip_prefix("missing field `")?.split_once('`')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;

    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        rows: Vec<Row>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Row {
        id: String,
        price: Option<Amount>,
        at: Option<Timestamp>,
        inner: Option<Box<Row>>,
        flags: Option<Vec<bool>>,
    }

    #[test]
    fn the_path_of_what_cannot_be_read_is_named() {
        use MalformedKind::{NotJson, Shape};
        for (json, path, kind) in [
            (
                r#"{"rows":[{"id":"a"},{"id":"b","price":"x y"}]}"#,
                "rows[1].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","x":{"y":[1,"]"]},"at":"tomorrow"}]}"#,
                "rows[0].at",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","inner":{"id":7}}]}"#,
                "rows[0].inner.id",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","flags":[true,"no"]}]}"#,
                "rows[0].flags[1]",
                Shape,
            ),
            (r#"{"rows":[{"price":1}]}"#, "rows[0].id", Shape),
            (r#"{"rows":[{"price":1},{"id":"b"}]}"#, "rows[0].id", Shape),
            (
                r#"{"rows":[{"price":"x","id":"a"}]}"#,
                "rows[0].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","price":"x"},{"id":"b"}]}"#,
                "rows[0].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","price":{"x":{}},"at":null}]}"#,
                "rows[0].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","price":{"x":{}}}]}"#,
                "rows[0].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","price":[1]}]}"#,
                "rows[0].price",
                Shape,
            ),
            (
                r#"{"rows":[{"id":"a","inner":["Ann"]}]}"#,
                "rows[0].inner",
                Shape,
            ),
            (r#"{"rows":[{"id":["Ann"]}]}"#, "rows[0].id", Shape),
            (
                "{\n \"rows\": [\n  {\"id\": null}\n ]\n}",
                "rows[0].id",
                Shape,
            ),
            (r#"{"total":1}"#, "rows", Shape),
            (r#"{"rows":null}"#, "rows", Shape),
            (r#"{"rows":{}}"#, "rows", Shape),
            (r#"{}"#, "rows", Shape),
            ("[[]]", "", Shape),
            ("7", "", Shape),
            ("null", "", Shape),
            ("<html><body>Ann Lee", "", NotJson),
            ("", "", NotJson),
            (r#"{"rows":[{"id":"a"#, "rows[0].id", NotJson),
            (r#"{"Ann Lee":[}"#, "?", NotJson),
        ] {
            let (found, source) = read_object::<Outer>(json.as_bytes()).expect_err(json);
            assert_eq!((found.as_str(), source.kind), (path, kind), "{json}");
            assert!(!format!("{source} {source:?}").contains("Ann"), "{json}");
        }
    }
}
