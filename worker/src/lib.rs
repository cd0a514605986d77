//! The program `bcm`: the worker, the demo and every verb.

pub mod attributes;
pub mod bench;
pub mod campaign;
pub mod config;
pub mod connect;
pub mod deadlines;
pub mod demo;
pub mod feeds;
pub mod health;
pub mod mappings;
pub mod place;
pub mod rebuild;
pub mod run;
pub mod schedules;
pub mod secrets;
pub mod shop_folder;
pub mod stock;
pub mod telemetry;
pub mod temporal;
pub mod webhook;
