//! One page of a list, row by row, so that a row that cannot be read spoils no other.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::unreadable::{Problem, Unreadable, read};

/// One page of a list.
///
/// Source: BlueCherry connector profile v1, "ListFields".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order they came.
    pub rows: Vec<Row<T>>,
    /// Where to go on. A feed gives one on its last page too; other lists give none there.
    pub next_cursor: Option<String>,
    /// The moment the rows are true for.
    pub as_of: Timestamp,
    /// Batch the rows come from.
    pub batch_id: Option<String>,
    /// When the batch was made.
    pub generated_at: Timestamp,
    /// The batch holds every row, whichever page this is; of a feed: nothing more follows now.
    pub complete: bool,
}

/// One row: its text as it came, and what was read from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Row<T> {
    /// The JSON text. It may hold personal data, so `Debug` shows its length only.
    pub text: String,
    /// What was read, or the place that could not be; its path begins at the row.
    pub read: Result<T, Unreadable>,
}

impl<T: fmt::Debug> fmt::Debug for Row<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("text", &format_args!("[{} bytes]", self.text.len()))
            .field("read", &self.read)
            .finish()
    }
}

#[derive(Deserialize)]
struct Envelope<I> {
    items: Vec<I>,
    #[serde(default)]
    next_cursor: Option<String>,
    as_of: Timestamp,
    #[serde(default)]
    batch_id: Option<String>,
    generated_at: Timestamp,
    complete: bool,
    count: usize,
}

impl<I> Envelope<I> {
    /// Fewer rows than counted is an answer that lost some.
    fn counted(self) -> Result<Self, Unreadable> {
        if self.count == self.items.len() {
            Ok(self)
        } else {
            Err(Unreadable::at("count", Problem::Unexpected))
        }
    }
}

impl<T: DeserializeOwned> Page<T> {
    pub(crate) fn read(text: &[u8]) -> Result<Self, Unreadable> {
        let page = read::<Envelope<Box<RawValue>>>(text)?.counted()?;
        let row = |raw: Box<RawValue>| Row {
            read: read(raw.get().as_bytes()),
            text: raw.get().to_owned(),
        };
        Ok(Self {
            rows: page.items.into_iter().map(row).collect(),
            next_cursor: page.next_cursor.filter(|cursor| !cursor.is_empty()),
            as_of: page.as_of,
            batch_id: page.batch_id,
            generated_at: page.generated_at,
            complete: page.complete,
        })
    }

    /// As [`Page::read`], for a feed: without a cursor the caller would lose its place.
    pub(crate) fn read_feed(text: &[u8]) -> Result<Self, Unreadable> {
        let page = Self::read(text)?;
        if page.next_cursor.is_none() {
            return Err(Unreadable::at("next_cursor", Problem::Unexpected));
        }
        Ok(page)
    }
}

/// Every row of a list that fits one page; `None` when the site says that some are missing.
pub(crate) fn read_all<T: DeserializeOwned>(text: &[u8]) -> Result<Option<Vec<T>>, Unreadable> {
    let list = read::<Envelope<T>>(text)?.counted()?;
    Ok((list.complete && list.next_cursor.is_none()).then_some(list.items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &str, count: usize, next_cursor: &str) -> String {
        format!(
            r#"{{"items": {items}, "next_cursor": {next_cursor}, "as_of": "2025-03-04T15:00:00Z",
                "batch_id": "B1", "generated_at": "2025-03-04T15:00:00Z", "complete": true,
                "count": {count}, "more": [1]}}"#
        )
    }

    #[test]
    fn a_row_that_cannot_be_read_spoils_no_other_and_keeps_its_text() {
        let text = page(r#"[1, {"x": "Jane"}, 3]"#, 3, "\"c1\"");
        let page = Page::<u8>::read_feed(text.as_bytes()).expect("a page");

        let read: Vec<_> = page.rows.iter().map(|row| row.read.is_ok()).collect();
        assert_eq!(read, [true, false, true]);
        assert_eq!(page.rows[1].text, r#"{"x": "Jane"}"#);
        assert!(!format!("{page:?}").contains("Jane"));
    }

    #[test]
    fn a_page_that_lost_rows_is_unreadable() {
        let error = Page::<u8>::read(page("[1]", 2, "null").as_bytes()).expect_err("too few");
        assert_eq!(error.path, "count");
    }

    #[test]
    fn a_feed_without_a_cursor_is_unreadable() {
        let error = Page::<u8>::read_feed(page("[]", 0, "null").as_bytes()).expect_err("no place");
        assert_eq!(error.path, "next_cursor");
    }

    #[test]
    fn a_look_up_that_is_not_complete_finds_nothing_for_certain() {
        let whole = page("[1]", 1, "null");
        assert_eq!(
            read_all::<u8>(whole.as_bytes()).expect("a list"),
            Some(vec![1])
        );
        let partial = whole.replace("\"complete\": true", "\"complete\": false");
        assert_eq!(read_all::<u8>(partial.as_bytes()).expect("a list"), None);
        let first = page("[1]", 1, "\"c1\"");
        assert_eq!(read_all::<u8>(first.as_bytes()).expect("a list"), None);
    }
}
