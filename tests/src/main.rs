//! Journeys across crates, on a real Temporal server and both simulators.
//!
//! Every test has a namespace, a ledger and simulators of its own; the server is one for all.
//! With `BCM_RECORD_HISTORIES=1` the journeys write their histories to the release's folder in
//! `histories/`; `replay` replays those of every release.

mod harness;

mod blocked;
mod business;
mod called_off;
mod canary;
mod deadlines;
mod deploys;
mod faults;
mod feeds;
mod flood;
mod happy;
mod held_mappings;
mod parcels;
mod postgres;
mod rebuild;
mod rebuild_repaid;
mod rebuild_waiting;
mod replay;
mod restarted;
mod returned;
mod starting;
mod stock;
mod sweep;
