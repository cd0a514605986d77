//! The ledger against a real database: a SQLite file, or PostgreSQL when `BCM_TEST_POSTGRES` names
//! a server on which databases may be created.

mod attempts;
mod decisions;
mod feeds;
mod harness;
mod inbox;
mod intents;
mod people;
mod proposals;
mod secrets;
mod sharing;
mod shipments;
