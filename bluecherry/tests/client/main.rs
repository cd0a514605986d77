//! The client against the profile document, a scripted server and a simulated site.

mod conformance;
mod document;
mod lost;
mod refusals;
mod requests;
mod samples;
mod schema;
mod server;
mod site;
mod wire;
mod world;
