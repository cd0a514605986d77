//! The client against the profile document, a scripted server and a simulated site.

mod conformance;
mod credit_memos;
mod document;
mod lost;
mod refusals;
mod requests;
mod returns;
mod samples;
mod schema;
mod server;
mod site;
mod wire;
mod world;
