//! The activities of stock, as the workflows ask for them.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]
#![expect(
    clippy::unimplemented,
    reason = "the macro wants these bodies, and drops them"
)]

use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

use super::words::{
    ImportEnd, OffersRead, PublishInput, ReviewTicket, SnapshotRead, StockComputed, StockSent,
    StockTicket,
};

/// Activities of stock.
pub struct StockActivities;

#[activity_definitions]
impl StockActivities {
    /// Takes the marketplace's lease and has the site's newest batch in the ledger.
    #[activity(name = "read_snapshot")]
    pub fn read_snapshot(input: PublishInput) -> Result<SnapshotRead, ActivityError> {
        unimplemented!()
    }

    /// Reads which offers there are and what they show (OF52, OF53, OF54).
    #[activity(name = "read_offers")]
    pub fn read_offers(ticket: StockTicket) -> Result<OffersRead, ActivityError> {
        unimplemented!()
    }

    /// Computes what each offer should show, and holds what trips the guard.
    #[activity(name = "compute_stock")]
    pub fn compute_stock(ticket: StockTicket) -> Result<StockComputed, ActivityError> {
        unimplemented!()
    }

    /// Sends what differs (STO01), once.
    #[activity(name = "send_stock")]
    pub fn send_stock(ticket: StockTicket) -> Result<StockSent, ActivityError> {
        unimplemented!()
    }

    /// Waits until Mirakl has taken the file (STO02), and notes what it refused (STO03).
    #[activity(name = "await_stock_import")]
    pub fn await_stock_import(ticket: StockTicket) -> Result<ImportEnd, ActivityError> {
        unimplemented!()
    }

    /// Takes a person's word on what is held. Answers how the review ended.
    #[activity(name = "decide_stock")]
    pub fn decide_stock(ticket: ReviewTicket) -> Result<String, ActivityError> {
        unimplemented!()
    }
}
