//! Each effect of an order's run against both simulators: done, done twice, answer lost, refused.

mod harness;
mod plan;
mod tables;
mod web;
mod writes;
