//! The ledger against PostgreSQL: the tests of `main.rs`, each on a database of its own.

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
const ON_POSTGRES: bool = true;

#[test]
fn postgresql_is_tried_where_it_must_be() {
    let required = std::env::var("BCM_TEST_POSTGRES").is_ok();
    assert!(harness::postgres::server().is_some() || !required);
}
