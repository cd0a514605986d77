//! The sales order: one for each order, under its own key, with the body that was meant.

pub mod conflict;
mod consumer;
mod queued;
mod refusals;
