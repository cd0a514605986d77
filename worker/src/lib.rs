//! The program `bcm`: the worker, the demo and every verb.

pub mod attributes;
pub mod config;
pub mod connect;
pub mod deadlines;
pub mod demo;
pub mod feeds;
pub mod health;
pub mod mappings;
pub mod run;
pub mod schedules;
pub mod telemetry;
pub mod temporal;
pub mod webhook;
