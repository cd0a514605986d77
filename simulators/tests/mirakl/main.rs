//! The simulated marketplace, called over HTTP as a seller would.

mod acceptance;
mod behavior;
mod conformance;
mod exports;
mod faults;
mod listing;
mod offers;
mod orders;
mod refunds;
mod returns;
mod seller;
mod shipments;
mod spoiled;
