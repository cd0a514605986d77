//! The verbs over a real ledger, and `check` over both simulators.

mod check;
mod lists;
mod shows;
mod status;
mod stock;
mod world;
