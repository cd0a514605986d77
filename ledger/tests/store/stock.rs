//! Stock: batches, what offers should show and why, files for Mirakl, what is held, and the lease.

mod batches;
mod files;
mod held;
mod lines;
mod place;
