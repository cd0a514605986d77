//! One page of an offset-paged list.

use jiff::Timestamp;

/// One page, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What the page holds, in the server's order.
    pub items: Vec<T>,
    /// How many rows the query had on the server when this page was made.
    pub total_count: u32,
    /// Offset of the next page; `None` on the last one.
    pub next_offset: Option<u32>,
    /// The server's own time when it answered (its `Date` header), in UTC, to the second.
    pub server_date: Option<Timestamp>,
}
