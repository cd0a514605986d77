//! Which refunds the credit memos of the ERP call for, and what was refunded already.
//!
//! A refund has one of two causes: a posted credit memo, or units that the ERP confirms as canceled
//! and not invoiced. Amounts come from the records of each line, never from the order's totals, and
//! what does not add up is parked with its arithmetic while its neighbours go on.

mod flights;
mod memo;
mod order;
mod plan;
mod problem;
mod read_back;
mod rest;
mod short;
mod tax;

pub use flights::{excluded, in_flight};
pub use memo::{CreditMemo, MemoKind, MemoLine, MemoStatus, TaxBase, TaxDetail};
pub use order::{Money, PaidLine, PaidOrder, PaidTax, ShownRefund, TaxPart, TaxRule};
pub use plan::{Cause, Parked, Planned, RefundItem, Rules, Sent, SentState, Short, plan};
pub use problem::{Arithmetic, Part, Problem};
pub use read_back::{Foreign, ReadBack, read_back};
pub use rest::remaining;
pub use short::cancelation;

#[cfg(test)]
mod lives;
#[cfg(test)]
mod tests;
