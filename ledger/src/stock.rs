//! Stock: what a site said, what each offer should show and why, and what Mirakl took of it.
//!
//! Rows go in and out in chunks and are compared set-wise in SQL, so that a million offers need no
//! more memory than one chunk. Whoever writes for a run holds a lease, and each write proves it.

mod exceptions;
mod explanations;
mod held;
mod imports;
mod items;
mod lease;
mod lines;
mod offers;
mod publications;
mod reading;
mod reviews;
mod shown;
mod snapshots;

use std::fmt::Write;

pub use explanations::Published;
pub use held::HeldOffer;
pub use imports::{Import, ImportLine, ImportOf};
pub use items::StoredItem;
pub use lease::{Holding, Lease};
pub use lines::SoldLine;
pub(crate) use lines::units;
pub use offers::{Difference, OfferStock, WantedStock};
pub use publications::{NewPublication, Publication, StockCounts};
pub use reading::OffersOf;
pub use reviews::{ReviewDecision, ReviewNow, StockReview};
pub use shown::{ShownOffer, ShownOtherwise};
pub use snapshots::{NewSnapshot, Snapshot, StoredPosition};

// Where given rows meet a table, CROSS JOIN keeps SQLite from walking the table for each statement;
// for PostgreSQL it is a join like any other.

/// Rows of one statement: well below what either database binds.
const CHUNK: usize = 500;

/// `VALUES` of so many rows, their parameters numbered from `first`. The first row says the types,
/// which PostgreSQL cannot guess.
fn values(rows: usize, types: &[&str], first: usize) -> String {
    let mut sql = String::from("VALUES ");
    let mut number = first;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for (column, kind) in types.iter().enumerate() {
            let comma = if column == 0 { "" } else { ", " };
            // Writing into a text cannot fail.
            let _ = match row {
                0 => write!(sql, "{comma}CAST(${number} AS {kind})"),
                _ => write!(sql, "{comma}${number}"),
            };
            number += 1;
        }
        sql.push(')');
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_statement_are_numbered_through() {
        assert_eq!(
            values(2, &["TEXT", "BIGINT"], 3),
            "VALUES (CAST($3 AS TEXT), CAST($4 AS BIGINT)), ($5, $6)"
        );
    }
}
