//! Where an answer cannot be read, without quoting any of it.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// What is wrong with an answer. It never holds a value of that answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A required field is not there.
    #[error("missing field `{0}`")]
    Missing(String),
    /// A value of the wrong kind, or one that cannot be what it should.
    #[error("unexpected value")]
    Unexpected,
    /// The text is not JSON.
    #[error("not JSON")]
    NotJson,
    /// The text ends too early.
    #[error("cut short")]
    CutShort,
}

/// A place in an answer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unreadable at `{path}`")]
pub struct Unreadable {
    /// JSON path, such as `items[3].qty_open`; `$` is the whole.
    pub path: String,
    /// What is wrong there.
    #[source]
    pub problem: Problem,
}

impl Unreadable {
    pub(crate) fn at(path: &str, problem: Problem) -> Self {
        Self {
            path: path.to_owned(),
            problem,
        }
    }
}

/// Reads JSON, and says where it cannot.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(text).map_err(|error| {
        let problem = match error.classify() {
            Category::Eof => Problem::CutShort,
            Category::Syntax | Category::Io => Problem::NotJson,
            Category::Data => missing_field(&error).unwrap_or(Problem::Unexpected),
        };
        Unreadable {
            path: path_at(text, error.line(), error.column()),
            problem,
        }
    })
}

/// The name comes from our own types, so it may be shown; nothing else of the message may.
fn missing_field(error: &serde_json::Error) -> Option<Problem> {
    let message = error.to_string();
    let name = message.strip_prefix("missing field `")?.split('`').next()?;
    Some(Problem::Missing(name.to_owned()))
}

enum Place {
    Key(String),
    Index(usize),
}

/// The path of the value that a parser was at when it had read up to a line and column.
fn path_at(text: &[u8], line: usize, column: usize) -> String {
    let start: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.max(1) - 1)
        .map(<[u8]>::len)
        .sum();
    let end = (start + column).min(text.len());
    let mut places: Vec<Place> = Vec::new();
    let mut at = 0;
    while at < end {
        match text[at] {
            b'{' => places.push(Place::Key(String::new())),
            b'[' => places.push(Place::Index(0)),
            b'}' | b']' => {
                places.pop();
            }
            b',' => {
                if let Some(Place::Index(index)) = places.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let close = closing_quote(text, at + 1);
                let is_key = text[(close + 1).min(text.len())..]
                    .iter()
                    .find(|byte| !byte.is_ascii_whitespace())
                    == Some(&b':');
                if let (true, Some(Place::Key(key))) = (is_key, places.last_mut()) {
                    *key = printable(&text[at + 1..close]);
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    let mut path = String::new();
    for place in &places {
        match place {
            Place::Index(index) => path.push_str(&format!("[{index}]")),
            Place::Key(key) if key.is_empty() => {}
            Place::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
        }
    }
    if path.is_empty() {
        "$".to_owned()
    } else {
        path
    }
}

fn closing_quote(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// Field names are shown as they are; anything longer or stranger might be a value.
fn printable(key: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=40).contains(&key.len()) && key.iter().all(plain) {
        String::from_utf8_lossy(key).into_owned()
    } else {
        "?".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Document {
        name: String,
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Line {
        qty: u32,
        price: rust_decimal::Decimal,
    }

    #[test]
    fn an_unreadable_place_is_named_and_never_quoted() {
        for (text, path, problem) in [
            (
                r#"{"name": "a", "lines": [{"qty": 1, "price": "1.00"}, {"qty": "Jane", "price": "2"}]}"#,
                "lines[1].qty",
                Problem::Unexpected,
            ),
            (
                r#"{"name": "a", "lines": [{"qty": 1, "price": 1.5}]}"#,
                "lines[0].price",
                Problem::Unexpected,
            ),
            (
                r#"{"name": "a", "lines": [{"qty": 1, "price": "Jane"}]}"#,
                "lines[0].price",
                Problem::Unexpected,
            ),
            (
                r#"{"name": "a", "lines": [{"qty": 1}]}"#,
                "lines[0]",
                Problem::Missing("price".into()),
            ),
            (r#"{"name": "a"}"#, "$", Problem::Missing("lines".into())),
            (
                "{\n \"name\": \"x,\\\"y{\",\n \"lines\": {\"a\": 1}}",
                "lines",
                Problem::Unexpected,
            ),
            (
                r#"{"name": {"Jane Doe": 1}, "lines": []}"#,
                "name",
                Problem::Unexpected,
            ),
            (r#"{"name": "a", "li"#, "name", Problem::CutShort),
            ("<html>Jane</html>", "$", Problem::NotJson),
            ("", "$", Problem::CutShort),
            (r#""\"#, "$", Problem::CutShort),
        ] {
            let error = read::<Document>(text.as_bytes()).expect_err(text);
            assert_eq!(
                (error.path.as_str(), &error.problem),
                (path, &problem),
                "{text}"
            );
            assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
        }
    }

    #[test]
    fn any_broken_text_is_an_error_and_never_a_panic() {
        let text = r#"{"na\"me": "é\\", "lines": [{"qty": [1, {"a": null}], "price": "1"}]}"#;
        for cut in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            assert!(read::<Document>(&bytes[..cut]).is_err());
            for other in [b'"', b'\\', b'{', b']', b',', 0xff] {
                bytes[cut] = other;
                assert!(read::<Document>(&bytes).is_err());
            }
        }
    }
}
