//! Each effect of an order's run against both simulators: done, done twice, answer lost, refused.

mod accept;
mod aftercare;
mod budgets;
mod cancel;
mod commands;
mod create;
mod gates;
mod harness;
mod hostile;
mod matrix;
mod papers;
mod plan;
mod reading;
mod ship;
mod stock;
mod sweep;
mod tables;
mod web;
mod writes;
