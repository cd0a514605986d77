//! One CSV file, row by row; strict, because a wrong code ships the wrong goods.

use std::collections::HashMap;
use std::path::Path;

use domain::mapping::Valid;
use domain::marketplace::MarketplaceCode;
use jiff::civil::Date;

use super::problems::{Report, unreadable};

/// Longest value that a problem quotes.
const QUOTED_CHARS_MAX: usize = 40;

/// One row, by column.
pub(super) struct Row<'a> {
    pub(super) line: usize,
    columns: &'static [&'static str],
    /// In the order of `columns`, without spaces around.
    cells: Vec<String>,
    report: &'a Report,
    shops: &'a [MarketplaceCode],
}

/// Reads the rows of a file whose head names exactly these columns, in any order.
pub(super) fn rows<'a>(
    path: &Path,
    columns: &'static [&'static str],
    report: &'a Report,
    shops: &'a [MarketplaceCode],
) -> Vec<Row<'a>> {
    let Some(text) = text(path, columns, report) else {
        return Vec::new();
    };
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(place, line)| (place + 1, line));
    let head = lines.next().map(|(_, line)| line).unwrap_or_default();
    let Some(places) = places(head, columns, report) else {
        return Vec::new();
    };

    let last = text.lines().count();
    let cut = !text.ends_with('\n');
    let mut rows = Vec::new();
    for (line, written) in lines {
        let Some(cells) = cells(written) else {
            report.at(
                line,
                "a quote is not closed",
                "close it on the same line, or take it out",
            );
            continue;
        };
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if cells.len() != columns.len() {
            let counts = format!("{} of {} columns", cells.len(), columns.len());
            if cut && line == last {
                let wrong = format!("the file breaks off in this line ({counts})");
                report.at(line, wrong, "copy the file again, whole");
            } else {
                let instead = "write each column, and quote a value with a comma";
                report.at(line, format!("has {counts}"), instead);
            }
            continue;
        }
        let cells = places.iter().map(|&place| cells[place].clone()).collect();
        let row = Row {
            line,
            columns,
            cells,
            report,
            shops,
        };
        if row.is_intact() {
            rows.push(row);
        }
    }
    rows
}

fn text(path: &Path, columns: &[&str], report: &Report) -> Option<String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.whole(
                unreadable(&error),
                format!(
                    "write the file, if only its first line: {}",
                    columns.join(",")
                ),
            );
            return None;
        }
    };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) => {
            let before = bytes.iter().take(error.valid_up_to());
            let line = 1 + before.filter(|b| **b == b'\n').count();
            report.at(line, "is not UTF-8", "save the file as \"CSV UTF-8\"");
            None
        }
    }
}

/// Where each column stands in a line.
fn places(head: &str, columns: &[&str], report: &Report) -> Option<Vec<usize>> {
    let commas = head.matches(',').count();
    let other = [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")];
    if let Some((_, name)) = other
        .iter()
        .find(|(other, _)| head.matches(*other).count() > commas)
    {
        let wrong = format!("the columns are separated by {name}");
        report.at(1, wrong, "save the file with commas between columns");
        return None;
    }
    if head.trim().is_empty() {
        let instead = format!("write the columns there: {}", columns.join(","));
        report.at(1, "the first line is empty", instead);
        return None;
    }
    let named = cells(head).unwrap_or_default();
    let mut sound = true;
    for column in columns {
        let count = named.iter().filter(|name| name == column).count();
        if count != 1 {
            let wrong = match count {
                0 => format!("the first line has no column `{column}`"),
                _ => format!("the first line names `{column}` more than once"),
            };
            report.at(1, wrong, format!("write it as {}", columns.join(",")));
            sound = false;
        }
    }
    for name in named
        .iter()
        .filter(|name| !columns.contains(&name.as_str()))
    {
        let wrong = format!("the first line names an unknown column `{}`", short(name));
        report.at(1, wrong, format!("write it as {}", columns.join(",")));
        sound = false;
    }
    let place = |column: &&str| named.iter().position(|name| name == column);
    columns
        .iter()
        .map(place)
        .collect::<Option<Vec<_>>>()
        .filter(|_| sound)
}

/// The values of a line, without spaces around; `None` when a quote is left open.
fn cells(line: &str) -> Option<Vec<String>> {
    let trimmed = |cell: &str| cell.trim().to_owned();
    if !line.contains('"') {
        return Some(line.split(',').map(trimmed).collect());
    }
    if line.matches('"').count() % 2 == 1 {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(trimmed).collect())
}

/// A value as a problem may quote it.
fn short(value: &str) -> String {
    let printable = value
        .chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c });
    let mut quoted: String = printable.take(QUOTED_CHARS_MAX).collect();
    if value.chars().count() > QUOTED_CHARS_MAX {
        quoted.push('…');
    }
    quoted
}

/// What a program did to a value on its way, if anything.
fn mangled(value: &str) -> Option<&'static str> {
    let exponent = value.split_once(['E', 'e']).is_some_and(|(number, power)| {
        let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let power = power.strip_prefix(['+', '-']).unwrap_or_default();
        let starts = number.starts_with(|c: char| c.is_ascii_digit());
        digits && starts && !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit())
    });
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let day = value.split_once('-').is_some_and(|(one, two)| {
        let number =
            |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (months.contains(&one) && number(two)) || (number(one) && months.contains(&two))
    });
    if exponent {
        Some("a number that a spreadsheet shortened")
    } else if day {
        Some("a code that a spreadsheet took for a date")
    } else if value.starts_with('=')
        || (value.starts_with('#') && value.ends_with(['!', '?', 'A', '#']))
    {
        Some("a formula or its error")
    } else if value.contains('\u{FFFD}') || value.chars().any(char::is_control) {
        Some("a text with broken characters")
    } else {
        None
    }
}

impl Row<'_> {
    /// Reports a problem of this row.
    pub(super) fn refuse(&self, wrong: impl Into<String>, instead: impl Into<String>) {
        self.report.at(self.line, wrong, instead);
    }

    fn is_intact(&self) -> bool {
        let mut intact = true;
        for (column, cell) in self.columns.iter().zip(&self.cells) {
            if let Some(how) = mangled(cell) {
                let wrong = format!("`{column}` is `{}`, {how}", short(cell));
                self.refuse(
                    wrong,
                    "format the column as text, and write the value in full",
                );
                intact = false;
            }
        }
        intact
    }

    fn cell(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|name| *name == column);
        place.map_or("", |place| &self.cells[place])
    }

    /// A value, if there is one.
    pub(super) fn optional(&self, column: &str) -> Option<String> {
        Some(self.cell(column))
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
    }

    /// A value that must be there.
    pub(super) fn required(&self, column: &str) -> Option<String> {
        let value = self.optional(column);
        if value.is_none() {
            self.refuse(
                format!("`{column}` is empty"),
                "write its code, or take the row out",
            );
        }
        value
    }

    /// A value that passes a check, or else is reported as not being `wanted`.
    pub(super) fn read<T>(
        &self,
        column: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.cell(column));
        if value.is_none() {
            let wrong = format!("`{column}` is `{}`", short(self.cell(column)));
            self.refuse(wrong, format!("write {wanted}"));
        }
        value
    }

    /// A configured marketplace as it is configured, or `*`.
    pub(super) fn marketplace(&self) -> Option<String> {
        let codes: Vec<String> = self.shops.iter().map(|code| format!("`{code}`")).collect();
        let wanted = match codes.as_slice() {
            [] => "`*`, since no marketplace is configured".to_owned(),
            codes => format!("{} or `*`", codes.join(", ")),
        };
        self.read("marketplace", &wanted, |cell| {
            let known = self.shops.iter().map(MarketplaceCode::as_str).chain(["*"]);
            known
                .into_iter()
                .find(|code| code.eq_ignore_ascii_case(cell))
                .map(str::to_owned)
        })
    }

    /// `valid_from` and `valid_to`.
    pub(super) fn valid(&self) -> Option<Valid> {
        let date = |column| {
            self.read(
                column,
                "a date as YYYY-MM-DD, or nothing",
                |cell| match cell {
                    "" => Some(None),
                    _ if cell.len() == 10 && cell.as_bytes()[4] == b'-' => {
                        cell.parse::<Date>().ok().map(Some)
                    }
                    _ => None,
                },
            )
        };
        let (from, to) = (date("valid_from"), date("valid_to"));
        let valid = Valid {
            from: from?,
            to: to?,
        };
        if let (Some(from), Some(to)) = (valid.from, valid.to)
            && to < from
        {
            self.refuse(
                format!("`valid_to` {to} is before `valid_from` {from}"),
                "write the last day the row counts, or nothing",
            );
            return None;
        }
        Some(valid)
    }
}

/// The keys of the rows before, so that no two rows answer one question.
#[derive(Default)]
pub(super) struct Keys(HashMap<Vec<String>, Vec<(usize, Valid)>>);

impl Keys {
    /// Takes a row's key, or reports that another row has it on the same days.
    pub(super) fn take(&mut self, row: &Row<'_>, key: &[&str], valid: Valid) -> Option<()> {
        let folded = key.iter().map(|part| part.to_ascii_lowercase()).collect();
        let others = self.0.entry(folded).or_default();
        if let Some((line, _)) = others.iter().find(|(_, other)| other.overlaps(&valid)) {
            let key = key
                .iter()
                .map(|part| short(part))
                .collect::<Vec<_>>()
                .join("`, `");
            row.refuse(
                format!("`{key}` stands on line {line} already, for the same days"),
                "keep one of the two, or give them days apart",
            );
            return None;
        }
        others.push((row.line, valid));
        Some(())
    }
}
