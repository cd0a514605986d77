//! The verbs over a real ledger, and `check` over both simulators.

mod aftercare;
mod check;
mod lists;
pub(crate) mod partly;
mod shows;
mod status;
mod stock;
mod world;
