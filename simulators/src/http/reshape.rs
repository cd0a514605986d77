//! Answers whose JSON says something else than the system meant.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fault::{Faults, Reshape};

/// The parts of a system's answers that faults may change.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// Lists of an answer that hold its rows; an answer without one is a row itself.
    pub rows: &'static [&'static str],
    /// Fields whose words the vendor may extend.
    pub words: &'static [&'static str],
    /// Fields that callers can do without.
    pub optional: &'static [&'static str],
}

/// A word that is in no document.
const NEW_WORD: &str = "SIMULATED_NEW_WORD";

/// A call, as far as a rule is chosen by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub op: &'a str,
    pub key: Option<&'a str>,
    pub path: &'a str,
    pub skew_s: i64,
}

/// Lets every due rule change a successful JSON answer.
pub(super) async fn reshape(
    faults: &Faults,
    vocabulary: Vocabulary,
    about: About<'_>,
    response: Response,
) -> Response {
    if about.skew_s == 0 && !faults.may_reshape(about.op) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    if about.skew_s != 0
        && let Some(date) = date_header(about.skew_s)
    {
        head.headers.insert(header::DATE, date);
    }
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let parsed = serde_json::from_str::<Value>(text).ok();
    let Some(mut answer) = parsed.filter(|_| head.status.is_success()) else {
        return Response::from_parts(head, Body::from(body));
    };
    for (how, key) in faults.reshape(about.op, about.key, about.path, text) {
        change(&mut answer, &how, key.as_deref(), vocabulary);
    }
    if about.skew_s != 0 {
        skew(&mut answer, about.skew_s);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(answer.to_string()))
}

/// The real time of day, off by so much, as the `Date` header has it.
fn date_header(by_s: i64) -> Option<HeaderValue> {
    let now = Timestamp::now().checked_add(SignedDuration::from_secs(by_s));
    let text = now.ok()?.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).ok()
}

fn change(answer: &mut Value, how: &Reshape, key: Option<&str>, vocabulary: Vocabulary) {
    let is_about = |row: &Value| key.is_none_or(|key| row.to_string().contains(key));
    let change_row = |row: &mut Value| match how {
        Reshape::NewWords(None) => each_field(row, &mut |name, value| {
            if vocabulary.words.contains(&name) && value.is_string() {
                *value = NEW_WORD.into();
            }
        }),
        Reshape::NewWords(Some(field)) => each_field(row, &mut |name, value| {
            if name == field {
                *value = NEW_WORD.into();
            }
        }),
        Reshape::NewFields => extend(row),
        Reshape::MissingFields(None) => drop_fields(row, vocabulary.optional),
        Reshape::MissingFields(Some(path)) => {
            let parts: Vec<&str> = path.split('.').collect();
            drop_path(row, &parts);
        }
        Reshape::Skew(_) => {}
    };
    let list = vocabulary
        .rows
        .iter()
        .find(|name| answer.get(name).is_some_and(Value::is_array));
    match list.and_then(|name| answer.get_mut(name)) {
        Some(Value::Array(rows)) => {
            let rows = rows.iter_mut().filter(|row| is_about(row));
            rows.for_each(change_row);
        }
        _ => change_row(answer),
    }
}

/// Visits every field, the inner ones too.
fn each_field(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                visit(name, value);
                each_field(value, visit);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| each_field(value, visit)),
        _ => {}
    }
}

fn extend(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(extend);
            let new = json!({ "since": "a later release", "parts": [1, null, "\u{2603}"] });
            fields.insert("simulated_new_field".to_owned(), new);
        }
        Value::Array(list) => list.iter_mut().for_each(extend),
        _ => {}
    }
}

fn drop_fields(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !names.contains(&name.as_str()));
            fields
                .values_mut()
                .for_each(|value| drop_fields(value, names));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| drop_fields(value, names)),
        _ => {}
    }
}

/// Drops the field at a path; lists on the way are gone through.
fn drop_path(value: &mut Value, path: &[&str]) {
    match (value, path) {
        (Value::Array(list), path) => list.iter_mut().for_each(|value| drop_path(value, path)),
        (Value::Object(fields), [last]) => {
            fields.remove(*last);
        }
        (Value::Object(fields), [first, rest @ ..]) => {
            if let Some(value) = fields.get_mut(*first) {
                drop_path(value, rest);
            }
        }
        _ => {}
    }
}

/// Moves every moment in the answer.
fn skew(value: &mut Value, by_s: i64) {
    match value {
        Value::String(text) if text.ends_with('Z') && text.contains('T') => {
            let moved = text.parse::<Timestamp>().ok();
            let by = SignedDuration::from_secs(by_s);
            if let Some(moved) = moved.and_then(|at| at.checked_add(by).ok()) {
                *text = moved.to_string();
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(|value| skew(value, by_s)),
        Value::Array(list) => list.iter_mut().for_each(|value| skew(value, by_s)),
        _ => {}
    }
}

/// The moment so long before `real_at_us`, both in microseconds since 1970.
pub fn before_us(real_at_us: i64, ago: Duration) -> i64 {
    real_at_us.saturating_sub(i64::try_from(ago.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Vocabulary = Vocabulary {
        rows: &["orders"],
        words: &["state"],
        optional: &["channel"],
    };

    fn page() -> Value {
        json!({ "orders": [
            { "id": "W1", "state": "SHIPPING", "channel": "x", "lines": [{ "state": "SHIPPING", "price": 1 }] },
            { "id": "W2", "state": "SHIPPING", "channel": "x", "lines": [{ "state": "SHIPPING", "price": 1 }] },
        ], "total_count": 2 })
    }

    #[test]
    fn only_rows_about_the_key_change_and_their_lines_with_them() {
        let mut answer = page();
        change(&mut answer, &Reshape::NewWords(None), Some("W2"), WORDS);
        change(
            &mut answer,
            &Reshape::MissingFields(None),
            Some("W2"),
            WORDS,
        );
        let path = Some("lines.price".to_owned());
        change(
            &mut answer,
            &Reshape::MissingFields(path),
            Some("W2"),
            WORDS,
        );

        assert_eq!(answer["orders"][0], page()["orders"][0]);
        let expected = json!({ "id": "W2", "state": NEW_WORD, "lines": [{ "state": NEW_WORD }] });
        assert_eq!(answer["orders"][1], expected);
    }

    #[test]
    fn moments_move_and_texts_that_only_look_like_them_stay() {
        let mut answer = json!({ "at": "2026-03-02T09:15:00Z", "name": "TEZ", "to": "T-1Z" });
        skew(&mut answer, -600);
        let expected = json!({ "at": "2026-03-02T09:05:00Z", "name": "TEZ", "to": "T-1Z" });
        assert_eq!(answer, expected);
    }

    #[test]
    fn new_fields_stand_in_every_object() {
        let mut answer = page();
        change(&mut answer, &Reshape::NewFields, None, WORDS);
        assert!(answer["orders"][1]["simulated_new_field"]["parts"].is_array());
        assert!(answer["orders"][1]["lines"][0]["simulated_new_field"].is_object());
    }
}
