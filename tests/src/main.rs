//! Journeys across crates, on a real Temporal server and both simulators.
//!
//! Every test has a namespace, a ledger and simulators of its own; the server is one for all.
//! With `BCM_RECORD_HISTORIES=1` the journeys write their histories to `histories/`, which `replay`
//! replays.

mod harness;

mod blocked;
mod called_off;
mod canary;
mod deadlines;
mod faults;
mod feeds;
mod happy;
mod postgres;
mod rebuild;
mod replay;
mod restarted;
mod starting;
mod sweep;
