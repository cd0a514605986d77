//! What may be promised of one item on one marketplace, and the sum that says why.
//!
//! `published = clamp(cap, floor(share × min over components of floor((OTS of the eligible pools −
//! in-flight) / units per pack)) − buffers)`, never below zero. Whole numbers and decimals, checked:
//! what is too large is unknown, and what is unknown is not published.

mod buffer;
mod compute;
mod explanation;
mod in_flight;
mod pool;
mod position;
mod what_if;
mod wide;

pub use buffer::{Adaptive, Buffer, BufferTerm};
pub use compute::{Component, Terms, explain};
pub use explanation::{ComponentSum, Explanation, InFlightTerm, Place, Quantity, Setting, Unknown};
pub use in_flight::{InFlight, Mark, SeenThrough};
pub use pool::{Code, Exclusion, PoolRules};
pub use position::{Figures, Position};
pub use what_if::WhatIf;
pub use wide::{WideError, WidePosition};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
