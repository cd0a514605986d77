//! Stock: what is published, and what waits for a person before it is.

mod activities;
mod publish;
mod review;
mod words;

pub use activities::StockActivities;
pub use publish::PublishStock;
pub use review::{ReviewShown, ReviewStock};
pub use words::{
    Held, ImportEnd, OffersRead, PublishInput, RefusedBatch, ReviewInput, ReviewTicket,
    SnapshotRead, StockComputed, StockReport, StockSent, StockTicket, Word,
};
