//! One table of the file, its keys asked for one by one; what nobody asked for is a problem.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use workflows::options::CALL_S_MAX;

use super::problems::Report;

/// Bounds of `call_timeout_s`: an activity's calls must end before Temporal gives it up.
pub(super) const CALL_S: RangeInclusive<f64> = 1.0..=CALL_S_MAX as f64;

/// What every section shares.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) folder: &'a Path,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    pub(super) report: &'a Report,
}

impl Source<'_> {
    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        let before = self.text.as_bytes().iter().take(byte);
        1 + before.filter(|b| **b == b'\n').count()
    }
}

/// A value and the line it stands on.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// Is a key needed, and what does an example of it look like?
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
}

pub(super) const fn key(name: &'static str, example: &'static str) -> Key {
    Key { name, example }
}

/// One table of the file.
pub(super) struct Section<'a> {
    pub(super) source: &'a Source<'a>,
    /// As a problem calls it, for example `[bluecherry]`.
    name: String,
    line: usize,
    table: Option<&'a DeTable<'a>>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        name: &str,
        line: usize,
        table: &'a DeTable<'a>,
    ) -> Self {
        let asked = RefCell::default();
        Self {
            source,
            name: name.to_owned(),
            line,
            table: Some(table),
            asked,
        }
    }

    /// The line of the section's head.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// A value as it stands, if there is one; its key is known from then on.
    pub(super) fn find(&self, name: &'static str) -> Option<At<&'a DeValue<'a>>> {
        self.asked.borrow_mut().push(name);
        let (key, value) = self.table?.iter().find(|(key, _)| key.get_ref() == name)?;
        Some(At {
            line: self.source.line(key.span().start),
            value: value.get_ref(),
        })
    }

    /// Reports that a key is absent.
    pub(super) fn missing(&self, key: Key) {
        self.source.report.at(
            self.line,
            format!("{} has no `{}`", self.name, key.name),
            format!("add `{} = {}`", key.name, key.example),
        );
    }

    /// Reports what is wrong with a value, and an example of a right one.
    pub(super) fn wrong(&self, line: usize, key: Key, wrong: impl Display) {
        self.source.report.at(
            line,
            format!("`{}` {wrong}", key.name),
            format!("write for example `{} = {}`", key.name, key.example),
        );
    }

    /// A table in this one; absent, every key of it is missing or takes its default.
    pub(super) fn section(&self, name: &'static str) -> Section<'a> {
        let found = self.find(name);
        let table = found.as_ref().and_then(|at| at.value.as_table());
        let line = found.as_ref().map_or(self.line, |at| at.line);
        if found.is_some() && table.is_none() {
            self.source.report.at(
                line,
                format!("`{name}` is not a section"),
                format!("write `[{name}]` on a line of its own, and its keys below"),
            );
        }
        let asked = RefCell::default();
        Section {
            source: self.source,
            name: format!("[{name}]"),
            line,
            table,
            asked,
        }
    }

    /// Is there such a key?
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.find(name).is_some()
    }

    /// The tables of a list of tables.
    pub(super) fn sections(&self, name: &'static str) -> Vec<Section<'a>> {
        let Some(found) = self.find(name) else {
            return Vec::new();
        };
        let items: &[Spanned<DeValue<'_>>] = found.value.as_array().map_or(&[], |all| all);
        if items.is_empty() || items.iter().any(|item| !item.get_ref().is_table()) {
            self.source.report.at(
                found.line,
                format!("`{name}` is not a list of sections"),
                format!("write `[[{name}]]` above the keys of each"),
            );
        }
        let section = |item: &'a Spanned<DeValue<'a>>| {
            let line = self.source.line(item.span().start);
            let table = item.get_ref().as_table()?;
            Some(Section::new(
                self.source,
                &format!("[[{name}]]"),
                line,
                table,
            ))
        };
        items.iter().filter_map(section).collect()
    }

    /// A text, or nothing when there is no such key or, after a report, no such text.
    pub(super) fn text_if_any(&self, key: Key) -> Option<At<String>> {
        let At { line, value } = self.find(key.name)?;
        match value.as_str().map(str::trim) {
            Some("") => self.wrong(line, key, "is empty"),
            Some(text) => {
                return Some(At {
                    line,
                    value: text.to_owned(),
                });
            }
            None => self.wrong(line, key, "is not a text"),
        }
        None
    }

    /// A text that must be there.
    pub(super) fn text(&self, key: Key) -> Option<At<String>> {
        if !self.has(key.name) {
            self.missing(key);
        }
        self.text_if_any(key)
    }

    /// A text that passes a check, which says what is wrong with it.
    pub(super) fn checked<T>(
        &self,
        key: Key,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let At { line, value } = self.text(key)?;
        self.check(key, line, &value, check)
    }

    /// As [`Section::checked`], for a key that may be absent.
    pub(super) fn checked_if_any<T>(
        &self,
        key: Key,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let At { line, value } = self.text_if_any(key)?;
        self.check(key, line, &value, check)
    }

    /// Reports a text that does not pass a check.
    pub(super) fn check<T>(
        &self,
        key: Key,
        line: usize,
        text: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        match check(text) {
            Ok(value) => return Some(At { line, value }),
            Err(wrong) => self.wrong(line, key, wrong),
        }
        None
    }

    /// A moment: as text, or in the file's own form with an offset.
    pub(super) fn moment(&self, key: Key) -> Option<At<jiff::Timestamp>> {
        let Some(At { line, value }) = self.find(key.name) else {
            self.missing(key);
            return None;
        };
        let text = match value {
            DeValue::Datetime(moment) => moment.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        match text.parse() {
            Ok(value) => return Some(At { line, value }),
            Err(_) => self.wrong(line, key, "is not a moment with its offset from UTC"),
        }
        None
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: Key, default: bool) -> bool {
        let Some(At { line, value }) = self.find(key.name) else {
            return default;
        };
        value.as_bool().unwrap_or_else(|| {
            self.wrong(line, key, "is neither true nor false");
            default
        })
    }

    /// A number within bounds.
    pub(super) fn number(&self, key: Key, default: f64, bounds: RangeInclusive<f64>) -> f64 {
        let Some(At { line, value }) = self.find(key.name) else {
            return default;
        };
        match as_number(value) {
            Some(number) if bounds.contains(&number) => return number,
            Some(number) => {
                let (least, most) = (bounds.start(), bounds.end());
                self.wrong(
                    line,
                    key,
                    format!("is {number}, not between {least} and {most}"),
                );
            }
            None => self.wrong(line, key, "is not a number"),
        }
        default
    }

    /// A time, given in seconds.
    pub(super) fn seconds(&self, key: Key, default: f64, bounds: RangeInclusive<f64>) -> Duration {
        Duration::from_secs_f64(self.number(key, default, bounds))
    }

    /// A whole number within bounds.
    pub(super) fn count(&self, key: Key, default: u16, bounds: RangeInclusive<u16>) -> At<u16> {
        let Some(At { line, value }) = self.find(key.name) else {
            return At {
                line: self.line,
                value: default,
            };
        };
        let (least, most) = (bounds.start(), bounds.end());
        match as_integer(value) {
            Some(number) => match u16::try_from(number).ok().filter(|n| bounds.contains(n)) {
                Some(value) => return At { line, value },
                None => {
                    self.wrong(
                        line,
                        key,
                        format!("is {number}, not between {least} and {most}"),
                    );
                }
            },
            None => self.wrong(line, key, "is not a whole number"),
        }
        At {
            line,
            value: default,
        }
    }

    /// A number that names something: whole and above zero.
    pub(super) fn id(&self, key: Key) -> Option<At<i64>> {
        let Some(At { line, value }) = self.find(key.name) else {
            self.missing(key);
            return None;
        };
        match as_integer(value) {
            Some(value) if value > 0 => return Some(At { line, value }),
            _ => self.wrong(line, key, "is not a whole number above zero"),
        }
        None
    }

    /// A list of texts, none empty.
    pub(super) fn texts(&self, key: Key, default: &[&str]) -> Vec<String> {
        let usual = || default.iter().map(|&text| text.to_owned()).collect();
        let Some(At { line, value }) = self.find(key.name) else {
            return usual();
        };
        let text = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let all = value
            .as_array()
            .and_then(|all| all.iter().map(text).collect());
        match all {
            Some(texts) if !Vec::is_empty(&texts) => return texts,
            _ => self.wrong(line, key, "is not a list of texts"),
        }
        usual()
    }

    /// What is wrong with a value that was read well by itself.
    pub(super) fn refuse(&self, line: usize, wrong: impl Into<String>, instead: impl Into<String>) {
        self.source.report.at(line, wrong, instead);
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn close(self) {
        let asked = self.asked.into_inner();
        for key in self.table.into_iter().flatten().map(|(key, _)| key) {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) {
                continue;
            }
            let near = asked.iter().copied().find(|known| alike(known, name));
            let instead = near.map_or_else(
                || "take it out".to_owned(),
                |known| format!("take it out, or write `{known}`"),
            );
            let line = self.source.line(key.span().start);
            self.source
                .report
                .at(line, format!("{} knows no `{name}`", self.name), instead);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the bounds are far below where it begins"
)]
pub(super) fn as_number(value: &DeValue<'_>) -> Option<f64> {
    let whole = as_integer(value).map(|whole| whole as f64);
    whole.or_else(|| value.as_float()?.as_str().replace('_', "").parse().ok())
}

fn as_integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Could one name be the other, mistyped?
fn alike(known: &str, written: &str) -> bool {
    let letters = |name: &str| {
        let mut letters: Vec<char> = name.to_lowercase().chars().collect();
        letters.retain(|c| c.is_alphanumeric());
        letters
    };
    let (known, written) = (letters(known), letters(written));
    let from_start = known
        .iter()
        .zip(&written)
        .take_while(|(a, b)| a == b)
        .count();
    let from_end = known
        .iter()
        .rev()
        .zip(written.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let longer = known.len().max(written.len());
    from_start + from_end + 2 >= longer && known.len().abs_diff(written.len()) <= 2
}
