//! Every write: done twice, lost, failing and refused.

mod lost;
mod refused;
mod repaid;
mod repeated;
pub mod scene;
mod thawed;
mod unknown;
