//! Whether stock may be published: is the batch whole, may the item be listed, is the change
//! plausible, and is this attempt still the newest.

pub mod eligibility;
pub mod fence;
pub mod guard;
pub mod settings;
pub mod snapshot;
