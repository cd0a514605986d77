//! Stock from BlueCherry's batch to Mirakl's offers, on a real server.

mod happy;
mod held;
mod place;
mod rebuilt;
mod refused;
mod schedule;
mod sold;
mod terminal;
