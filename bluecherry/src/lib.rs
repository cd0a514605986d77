//! Typed client of the BlueCherry connector profile v1.
//!
//! The profile is this connector's own contract, described in `profile-v1.yaml` beside this crate;
//! it is not an API of CGS. A site adapter maps it to what the site has. [`Binding`] is what the
//! rest of the connector sees, [`Rest`] the one way to reach a site so far.

mod address;
mod binding;
mod cancellation;
mod credit_memos;
mod customers;
mod error;
mod fulfilments;
mod items;
mod new_sales_order;
mod page;
mod positions;
mod profile;
mod rest;
mod returns;
mod sales_orders;
mod unreadable;
mod words;

pub use address::Address;
pub use binding::{Binding, Created};
pub use cancellation::{CancelQuantity, Cancellation, CancelledOrder, NotCancelled, Side};
pub use credit_memos::{CreditLine, CreditMemo, CreditStatus, CreditTax};
pub use customers::{AccountModel, Customer, NewCustomer};
pub use error::{Error, Loss, Obstacle};
pub use fulfilments::{Fulfilment, Parcel, ParcelLine, ShortLine};
pub use items::{Component, Item, ItemStatus, Pack, PackKind, Price};
pub use new_sales_order::{
    Charge, ComponentPolicy, Discount, LinePack, NewLine, NewSalesOrder, PriceBasis, Remitter,
    Shipping, Tax,
};
pub use page::{Page, Row};
pub use positions::{Mode, NextReceipt, Position, SkuKey};
pub use profile::{Batch, BatchStatus, Features, Feed, Limits, Profile, QuietWindow, WriteMode};
pub use rest::{Config, Rest};
pub use returns::{
    Announced, Disposition, NewReturn, NewReturnLine, Return, ReturnLine, ReturnStatus,
};
pub use sales_orders::{
    Hold, LineStatus, OrderStatus, SalesOrder, SalesOrderLine, ShipToChange, Totals,
};
pub use unreadable::{Problem, Unreadable};
