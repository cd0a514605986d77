//! Tracking and confirmation: how a carrier is named, and what does not count as shipped.

mod carriers;
mod one_by_one;
mod parcels;
