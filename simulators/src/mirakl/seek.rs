//! Seek paging: `limit`, then only `page_token`.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a list was asked for.
#[derive(Debug)]
pub struct Ask(pub Vec<(String, String)>);

/// Bounds of a moment; an absent one holds nothing back.
#[derive(Debug)]
pub struct Between(Option<Timestamp>, Option<Timestamp>);

impl Between {
    /// Whether the moment lies within.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.0.is_none_or(|from| from <= at) && self.1.is_none_or(|to| at <= to)
    }
}

impl Ask {
    /// What the token on from a page stands for, when there is one: the first page's question and
    /// the place of the next row.
    ///
    /// # Errors
    /// The token is none of this list.
    pub fn from_query(asked: Vec<(String, String)>) -> Result<(Self, usize), String> {
        let token = asked.iter().find(|(name, _)| name == "page_token");
        let Some((_, token)) = token else {
            return Ok((Self(asked), 0));
        };
        let bytes: Option<Vec<u8>> = (0..token.len() / 2)
            .map(|at| u8::from_str_radix(token.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        let read = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (place, asked): (usize, Vec<(String, String)>) =
            read.ok_or_else(|| "page_token is not valid".to_owned())?;
        Ok((Self(asked), place))
    }

    fn first(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(asked, _)| asked == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// Whether the value is among those asked for; nothing asked for takes every one.
    pub fn names(&self, name: &str, value: &str) -> bool {
        let asked = self.0.iter().filter(|(asked, _)| asked == name);
        let mut asked = asked.flat_map(|(_, list)| list.split(',')).peekable();
        asked.peek().is_none() || asked.any(|one| one == value)
    }

    /// The moments between which rows are asked for.
    ///
    /// # Errors
    /// A moment that cannot be read.
    pub fn between(&self, from: &str, to: &str) -> Result<Between, String> {
        let moment = |name: &str| {
            let text = self.first(name);
            text.map(|text| text.parse().map_err(|_| format!("{name} is not valid")))
                .transpose()
        };
        Ok(Between(moment(from)?, moment(to)?))
    }

    /// Field to sort by, and whether it rises.
    pub fn sort(&self, usual: &str) -> (String, bool) {
        let sort = self.first("sort").unwrap_or(usual);
        let (field, way) = sort.split_once(',').unwrap_or((sort, "ASC"));
        (field.to_owned(), way.eq_ignore_ascii_case("ASC"))
    }

    /// One page of rows from a place on, at most so many.
    ///
    /// # Errors
    /// A limit that is out of bounds.
    pub fn page(&self, rows: Vec<Value>, from: usize, most: usize) -> Result<Value, String> {
        let limit = self.first("limit").map_or(Ok(10), str::parse);
        let limit = limit.ok().filter(|limit| (1..=most).contains(limit));
        let limit = limit.ok_or_else(|| format!("limit must be between 1 and {most}"))?;
        let total = rows.len();
        let token = |place: usize| -> String {
            let text = json!([place, self.0]).to_string();
            text.bytes().map(|byte| format!("{byte:02x}")).collect()
        };
        let data: Vec<Value> = rows.into_iter().skip(from).take(limit).collect();
        let next = from + data.len();
        let mut page = json!({ "data": data });
        if next < total {
            page["next_page_token"] = json!(token(next));
        }
        if from > 0 {
            page["previous_page_token"] = json!(token(from.saturating_sub(limit)));
        }
        Ok(page)
    }
}

/// Sorts by a moment; equal ones stay as they were written, or the other way round.
pub fn by_time<T>(rows: &mut [T], is_rising: bool, at: impl Fn(&T) -> Timestamp) {
    if !is_rising {
        rows.reverse();
        rows.sort_by_key(|row| std::cmp::Reverse(at(row)));
    } else {
        rows.sort_by_key(at);
    }
}
