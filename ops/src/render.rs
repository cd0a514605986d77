//! Tables, colours, moments and JSON.

use comfy_table::{
    Cell as TableCell, Color, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};
use domain::money::minor_digits;
use domain::shipment::Quantity;
use jiff::Timestamp;
use owo_colors::OwoColorize;
use rust_decimal::Decimal;
use serde::Serialize;

const LIGHT: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('┌', '─', '┬', '┐'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('└', '─', '┴', '┘'));

/// How an answer is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// JSON instead of tables?
    pub json: bool,
    /// May colours be used?
    pub color: bool,
    /// Columns to keep within; `None` never wraps.
    pub width: Option<u16>,
}

/// What a word means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Headings.
    Strong,
    /// All is well.
    Good,
    /// Wants a look.
    Warning,
    /// Late or failed.
    Bad,
    /// Not so important.
    Faint,
}

/// One cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a tone.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self {
            text: plain(text.as_ref()),
            tone,
        }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// A cell, or a faint dash where there is nothing.
pub fn or_dash(text: Option<impl AsRef<str>>) -> Cell {
    match text {
        Some(text) => text.into(),
        None => Cell::new("–", Tone::Faint),
    }
}

/// A table with light borders, ending with a line feed. Without a width no line is ever wrapped.
pub fn table(headers: &[&str], rows: Vec<Vec<Cell>>, look: Look) -> String {
    let mut table = Table::new();
    table.load_style(LIGHT).set_header(headers.to_vec());
    match look.width {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if look.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for row in rows {
        table.add_row(row.into_iter().map(in_table).collect::<Vec<_>>());
    }
    format!("{table}\n")
}

/// Escape sequences inside a cell would count as columns, so here the table itself colours.
fn in_table(cell: Cell) -> TableCell {
    let plain = TableCell::new(cell.text);
    match cell.tone {
        Tone::Plain | Tone::Strong => plain,
        Tone::Good => plain.fg(Color::Green),
        Tone::Warning => plain.fg(Color::Yellow),
        Tone::Bad => plain.fg(Color::Red),
        Tone::Faint => plain.fg(Color::DarkGrey),
    }
}

/// Text in a tone, for outside of tables.
pub fn paint(text: &str, tone: Tone, look: Look) -> String {
    if !look.color {
        return text.to_owned();
    }
    match tone {
        Tone::Plain => text.to_owned(),
        Tone::Strong => text.bold().to_string(),
        Tone::Good => text.green().to_string(),
        Tone::Warning => text.yellow().to_string(),
        Tone::Bad => text.red().to_string(),
        Tone::Faint => text.dimmed().to_string(),
    }
}

/// Names and values, one a line, the values under each other.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let widest = fields.iter().map(|(name, _)| name.chars().count()).max();
    let wide = widest.unwrap_or(0);
    fields
        .iter()
        .map(|(name, value)| format!("{name:wide$}  {value}\n"))
        .collect()
}

/// Text from outside without what a terminal would obey.
pub fn plain(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '·' } else { c };
    text.chars().map(harmless).collect()
}

/// The first so many characters, with an ellipsis where more follow.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A document as JSON, ending with a line feed.
pub(crate) fn json(document: &impl Serialize) -> String {
    // Only a map with keys that are no text could fail, and no document has one.
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|_| "{}".to_owned());
    format!("{text}\n")
}

/// A moment, to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How far a moment is, whole units rounded down: `in 3 h`, `20 min ago`, `now`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs();
    let far = age(seconds.unsigned_abs());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {far}"),
        _ => format!("{far} ago"),
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A deadline, told by how far it is; one that is past is bad news.
pub fn due(deadline: Option<Timestamp>, now: Timestamp) -> Cell {
    match deadline {
        Some(at) if at < now => Cell::new(relative(at, now), Tone::Bad),
        Some(at) => relative(at, now).into(),
        None => or_dash(None::<&str>),
    }
}

/// A name and its value; names may repeat, and come in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// What it is.
    pub name: String,
    /// What was found; a code, a number, a quantity or an amount.
    pub value: String,
}

impl Named {
    pub(crate) fn all(pairs: &[(String, String)]) -> Vec<Self> {
        let named = |(name, value): &(String, String)| Self {
            name: name.clone(),
            value: value.clone(),
        };
        pairs.iter().map(named).collect()
    }

    pub(crate) fn told(&self) -> String {
        plain(&format!("{} {}", self.name, self.value))
    }

    /// A row of fields; arithmetic goes by its own name.
    pub(crate) fn row(&self) -> (&'static str, String) {
        match self.name.as_str() {
            "arithmetic" => ("arithmetic", plain(&self.value)),
            _ => ("evidence", self.told()),
        }
    }
}

/// Whose answer it is, and of when.
pub(crate) fn source(now: Timestamp) -> String {
    format!("ledger, as of {}", moment(now))
}

/// An amount to the minor unit of its currency; a finer one is shown as it is.
pub(crate) fn amount(value: Decimal, currency: &str) -> String {
    let mut value = value.normalize();
    let digits = minor_digits(currency);
    if value.scale() < digits {
        value.rescale(digits);
    }
    value.to_string()
}

/// The word of a code that either side may extend.
pub(crate) fn word(code: &impl Serialize) -> String {
    let json = serde_json::to_value(code).unwrap_or_default();
    plain(json.as_str().unwrap_or("?"))
}

/// Pieces by line: `2 of C-1-A-1, 1 of C-1-A-2`.
pub(crate) fn pieces(lines: &[Quantity]) -> String {
    let lines = lines.iter();
    let told = lines.map(|line| format!("{} of {}", line.quantity, line.line_id));
    told.collect::<Vec<_>>().join(", ")
}

/// `1 order`, `2 orders`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn moments_are_told_by_how_far_they_are() {
        let table = [
            (0, "now"),
            (59, "in 59 s"),
            (60, "in 1 min"),
            (3599, "in 59 min"),
            (3600, "in 1 h"),
            (47 * 3600, "in 47 h"),
            (48 * 3600, "in 2 d"),
            (-1, "1 s ago"),
            (-90, "1 min ago"),
            (-11_000, "3 h ago"),
            (-864_000, "10 d ago"),
        ];
        for (second, told) in table {
            assert_eq!(relative(at(second), at(0)), told);
        }
        assert!(relative(Timestamp::MIN, Timestamp::MAX).ends_with("d ago"));
    }

    #[test]
    fn a_table_is_plain_without_colour_and_red_with_it() {
        let rows = || vec![vec!["C-1".into(), due(Some(at(-7200)), at(0))]];
        insta::assert_snapshot!(table(&["order", "due"], rows(), Look::default()), @r"
        ┌───────┬─────────┐
        │ order │ due     │
        ├───────┼─────────┤
        │ C-1   │ 2 h ago │
        └───────┴─────────┘
        ");
        let colored = Look {
            color: true,
            ..Look::default()
        };
        let text = table(&["order", "due"], rows(), colored);
        assert!(
            text.contains("\u{1b}[38;5;9m 2 h ago") || text.contains("\u{1b}[31m"),
            "{text:?}"
        );
        assert!(paint("late", Tone::Bad, colored).contains("\u{1b}[31m"));
        assert_eq!(paint("late", Tone::Bad, Look::default()), "late");
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let table = [
            ("20.5", "USD", "20.50"),
            ("0", "USD", "0.00"),
            ("-3", "EUR", "-3.00"),
            ("20.500", "JPY", "20.5"),
            ("20", "JPY", "20"),
            ("1.5", "KWD", "1.500"),
            ("1.2345", "USD", "1.2345"),
        ];
        for (value, currency, told) in table {
            assert_eq!(amount(value.parse().unwrap(), currency), told);
        }
    }

    #[test]
    fn only_a_given_width_wraps() {
        let long = "x ".repeat(200);
        let rows = || vec![vec![Cell::from(&long)]];
        let free = table(&["a"], rows(), Look::default());
        assert_eq!(free.lines().count(), 5);
        let narrow = Look {
            width: Some(40),
            ..Look::default()
        };
        let wrapped = table(&["a"], rows(), narrow);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_passed_on() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a·[2Jb·");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }
}
