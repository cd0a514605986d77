//! What was seen, meant, sent and went wrong, in SQL.
//!
//! One schema and one set of queries for SQLite (one host) and PostgreSQL (several workers).
//! Messages with personal data rest sealed, one data key an order: forgetting is deleting a key.
//! The ledger has no clock of its own; every moment is passed in. A method without "Errors" fails
//! with [`Error::Unavailable`] or [`Error::Corrupt`] only.

mod attempts;
mod budgets;
mod columns;
mod commands;
mod cursors;
mod deadlines;
mod decisions;
mod error;
mod events;
mod exceptions;
mod export;
mod findings;
mod gates;
mod in_place;
mod inbox;
mod intents;
mod keys;
mod mappings;
mod open;
mod orders;
mod papers;
mod parked;
mod progress;
mod proposals;
mod rebuild;
mod references;
mod rows;
mod runs;
mod seal;
mod shipments;
mod stock;
mod sweeps;
mod tables;
mod turns;
mod unreadable;
mod waiting;

pub use attempts::{Attempt, Ended};
pub use budgets::{CallClosing, ClosedCall};
pub use deadlines::{Due, Stale, Watched};
pub use error::{Error, Result};
pub use export::{Exported, Said, Stands, read_export};
pub use findings::Finding;
pub use gates::{Closing, Gate};
pub use open::Ledger;
pub use papers::{SeenCredit, SeenErpReturn, SeenReturn};
pub use proposals::{Approval, ChangedKey, Offered, Proposal};
pub use rebuild::Rebuild;
pub use rows::*;
pub use seal::MasterKey;
pub use stock::*;
pub use sweeps::{NewSweep, Sweep, SweepCounts};
pub use tables::{TablesInForce, beside, read_tables};
