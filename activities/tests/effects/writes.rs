//! Every write: done twice, lost, failing and refused.

mod lost;
mod refused;
mod repeated;
mod scene;
