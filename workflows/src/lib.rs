//! Durable loops around the decisions of `domain`.
//!
//! Nothing here can do I/O: of Temporal there is only what runs inside a workflow, and
//! `clippy.toml` bans clocks, randomness and unordered maps with the reason.

pub mod activities;
pub mod feeds;
pub mod ids;
pub mod options;
pub mod orders;
pub mod stock;
pub mod sweep;
