//! A worker's life: started, killed, frozen, told to stop, several at once, and Temporal with it.
//!
//! Workers are processes of their own. Every world has simulators, a ledger and a namespace; the
//! Temporal server is one for all, but where a test ends it.

mod effects;
mod kill_points;
mod machine;
mod mappings;
mod processes;
mod recovery;
mod several;
mod temporal;
mod world;
