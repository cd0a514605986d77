//! What was seen, meant, sent and went wrong, in SQL.
//!
//! One schema and one set of queries for SQLite (one host) and PostgreSQL (several workers).
//! Messages with personal data rest sealed, one data key an order: forgetting is deleting a key.
//! The ledger has no clock of its own; every moment is passed in. A method without "Errors" fails
//! with [`Error::Unavailable`] or [`Error::Corrupt`] only.

mod attempts;
mod columns;
mod commands;
mod cursors;
mod decisions;
mod error;
mod events;
mod exceptions;
mod inbox;
mod intents;
mod keys;
mod mappings;
mod open;
mod orders;
mod progress;
mod proposals;
mod references;
mod rows;
mod seal;
mod shipments;
mod unreadable;

pub use attempts::{Attempt, Ended};
pub use error::{Error, Result};
pub use open::Ledger;
pub use proposals::{Approval, ChangedKey, Offered, Proposal};
pub use rows::*;
pub use seal::MasterKey;
