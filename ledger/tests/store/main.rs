//! The ledger against a SQLite file. `postgres.rs` runs the same tests against PostgreSQL.

mod attempts;
mod calls;
mod deadlines;
mod decisions;
mod feeds;
mod harness;
mod inbox;
mod intents;
mod papers;
mod parked;
mod people;
mod proposals;
mod secrets;
mod sharing;
mod shipments;
mod stock;
mod sweeps;

/// Where these tests keep their ledgers.
const ON_POSTGRES: bool = false;
