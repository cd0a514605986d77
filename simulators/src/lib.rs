//! Mirakl and BlueCherry as HTTP servers, written from the vendors' documents.
//!
//! Each simulator is a real server on a local port, so that clients meet real connections, real
//! delays and real resets. Nothing here uses another crate of this project: a wrong reading of a
//! document in a client cannot hide behind the same reading in its simulator.

pub mod bluecherry;
pub mod calls;
pub mod clock;
pub mod fault;
pub mod http;
pub mod mirakl;
mod past;
pub mod scenario;
