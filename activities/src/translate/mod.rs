//! Pure translations: wire to domain and back. Nothing here calls anybody.

mod address;
mod order;
mod papers;
mod sales_order;
mod shipment;

pub use address::ship_to;
pub use order::order;
pub(crate) use papers::code;
pub use papers::{credit_memo, erp_return, marketplace_return};
pub use sales_order::{SalesOrderDraft, matches, new_sales_order};
pub use shipment::shipment;

/// A code from outside as evidence: printable ASCII, at most 64 characters, else only its length.
pub(crate) fn evidence(code: &str) -> String {
    let fits = code.len() <= 64 && code.bytes().all(|b| (0x20..0x7f).contains(&b));
    if fits {
        code.to_owned()
    } else {
        format!("({} bytes)", code.len())
    }
}
