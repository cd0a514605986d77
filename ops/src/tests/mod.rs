//! The verbs over a real ledger, and `check` over both simulators.

mod check;
mod lists;
mod shows;
mod stock;
mod world;
