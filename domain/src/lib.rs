//! Words and decisions of the connector: no I/O, no clock, no vendor JSON.
//!
//! Everything here is a pure function of what it is given, so every rule can be tested with a table.

pub mod acceptance;
pub mod aftercare;
pub mod ats;
pub mod command;
pub mod deadline;
pub mod exception;
pub mod frequency;
pub mod fulfillment;
pub mod gate;
pub mod mapping;
pub mod marketplace;
pub mod money;
pub mod order;
pub mod papers;
pub mod parcel;
pub mod progress;
pub mod refund;
pub mod retry;
pub mod returns;
pub mod shipment;
pub mod step;
pub mod stock;
