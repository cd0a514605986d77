//! The client against servers: a scripted one that misbehaves, and the simulated marketplace.

mod aftercare;
mod conformance;
mod exports;
mod reading;
mod refunds;
mod returns;
mod scripted;
mod shipments;
mod simulated;
mod stock;
mod wire;
