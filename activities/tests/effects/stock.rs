//! The parts of a publication against both simulators: done, done twice, answer lost, refused.

mod computed;
mod desk;
mod read;
mod sent;
mod turns;
