//! Stock from BlueCherry's batch to Mirakl's offers, on a real server.

mod happy;
mod place;
