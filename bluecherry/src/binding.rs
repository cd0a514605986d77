//! The operations of the profile, however a site is reached.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::cancellation::{Cancellation, CancelledOrder};
use crate::credit_memos::CreditMemo;
use crate::customers::{Customer, NewCustomer};
use crate::error::Error;
use crate::fulfilments::Fulfilment;
use crate::items::Item;
use crate::new_sales_order::NewSalesOrder;
use crate::page::Page;
use crate::positions::{Mode, Position};
use crate::profile::{Batch, Profile};
use crate::returns::{Announced, NewReturn, Return};
use crate::sales_orders::{SalesOrder, ShipToChange};

/// What became of a sales order that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once a call and taken apart at once"
)]
pub enum Created {
    /// It stands.
    Done(SalesOrder),
    /// It waits for the next batch: it does not exist until a look-up shows it.
    Queued,
}

/// A site, one method an operation, one call a method. No method repeats a call by itself.
///
/// Every call may fail with [`Error::NotSent`] (nobody answers: again later),
/// [`Error::Unavailable`] and [`Error::Throttled`] (nothing was done: wait as told),
/// [`Error::Unauthorized`] (the key is wrong), [`Error::Forbidden`] (it lacks the right) and
/// [`Error::Unsendable`]. A read may fail with
/// [`Error::Unreachable`] (again later), [`Error::Unreadable`] and [`Error::TooLarge`] (a fault of
/// the site's adapter: a person looks), a write with [`Error::Unknown`] (look up, then send again
/// what is missing). [`Error::retry`] and [`Error::fate`] sum that up; the methods name the rest.
#[async_trait]
pub trait Binding: Send + Sync {
    /// Asks what the site can do, its limits and its clocks.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `get_profile`.
    async fn profile(&self) -> Result<Profile, Error>;

    /// Asks with another key which site answers, and goes on with it if it is that one; the answer
    /// tells. A key of another site, or one that is refused, changes nothing.
    ///
    /// # Errors
    /// [`Error::Config`]: the key does not fit a header. Else as every read.
    ///
    /// Source: BlueCherry connector profile v1, `get_profile`.
    async fn renew_key(&self, key: &SecretString, site: &str) -> Result<Profile, Error>;

    /// Lists the latest batches, newest first, of one feed or of all.
    ///
    /// Empty when none ran yet.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_batches`.
    async fn batches(&self, feed: Option<&str>) -> Result<Vec<Batch>, Error>;

    /// Finds the customer behind a handle; `None` when there is none.
    ///
    /// # Errors
    /// As every read. An answer that is not complete is [`Error::Unreachable`], since it proves
    /// nothing.
    ///
    /// Source: BlueCherry connector profile v1, `find_customer`.
    async fn find_customer(&self, external_handle: &str) -> Result<Option<Customer>, Error>;

    /// Creates the customer of a handle, or returns the one that is there, unchanged.
    ///
    /// `created` tells which. Safe to repeat. The handle never holds an email.
    ///
    /// # Errors
    /// As every write. [`Error::Refused`] with `customer_handle_conflict`: the handle belongs to an
    /// account of another kind, division or currency; a person decides.
    ///
    /// Source: BlueCherry connector profile v1, `put_customer`.
    async fn put_customer(
        &self,
        handle: &str,
        customer: &NewCustomer,
        idempotency_key: &str,
    ) -> Result<Customer, Error>;

    /// Creates a sales order.
    ///
    /// Lines the site cannot take come back as rejected. [`Created::Queued`] is not existence: look
    /// the order up until it is there.
    ///
    /// # Errors
    /// As every write. [`Error::Refused`] with `duplicate_external_po`: an order of this number is
    /// there, `existing_id` is its number; with `unknown_sku`, `inactive_item`,
    /// `unknown_warehouse`, `unknown_division`, `unknown_ship_via`, `insufficient_stock` or
    /// `invalid`: a mapping or the order is wrong, `field` says where.
    ///
    /// Source: BlueCherry connector profile v1, `create_sales_order`.
    async fn create_sales_order(
        &self,
        order: &NewSalesOrder,
        idempotency_key: &str,
    ) -> Result<Created, Error>;

    /// Finds sales orders by purchase order number, of one customer or of all.
    ///
    /// Canceled and closed ones too. Empty means that there is none; an order still queued is not
    /// there yet.
    ///
    /// # Errors
    /// As every read. An answer that is not complete is [`Error::Unreachable`], since it proves
    /// nothing.
    ///
    /// Source: BlueCherry connector profile v1, `find_sales_orders`.
    async fn find_sales_orders(
        &self,
        customer: Option<&str>,
        external_po: &str,
    ) -> Result<Vec<SalesOrder>, Error>;

    /// Reads one sales order.
    ///
    /// # Errors
    /// As every read. [`Error::NotFound`]: there is no order of this number.
    ///
    /// Source: BlueCherry connector profile v1, `get_sales_order`.
    async fn sales_order(&self, ord_num: &str) -> Result<SalesOrder, Error>;

    /// Sets where an order goes, and by which carrier service.
    ///
    /// # Errors
    /// As every write. [`Error::NotFound`]: no such order. [`Error::Refused`] with
    /// `version_mismatch`: read the order and decide again; with `order_locked`: the warehouse has
    /// begun; with `unknown_ship_via` or `invalid`: `field` says what is wrong.
    ///
    /// Source: BlueCherry connector profile v1, `set_ship_to`.
    async fn set_ship_to(
        &self,
        ord_num: &str,
        change: &ShipToChange,
        idempotency_key: &str,
    ) -> Result<SalesOrder, Error>;

    /// Takes the named hold off an order, and no other.
    ///
    /// One that was taken off before is answered with the order as it stands.
    ///
    /// # Errors
    /// As every write. [`Error::NotFound`]: no such order. [`Error::Refused`] with `invalid`: the
    /// order never bore this hold; with `order_locked`: it is past being released.
    ///
    /// Source: BlueCherry connector profile v1, `release_sales_order`.
    async fn release(
        &self,
        ord_num: &str,
        hold_code: &str,
        idempotency_key: &str,
    ) -> Result<SalesOrder, Error>;

    /// Cancels units of an order, as far as they are not picked.
    ///
    /// Success may mean that nothing was canceled: read `cancelled` and `not_cancelled`. The same
    /// `external_cancel_id` never cancels twice.
    ///
    /// # Errors
    /// As every write. [`Error::NotFound`]: no such order. [`Error::Refused`] with `invalid`: it has
    /// no such line.
    ///
    /// Source: BlueCherry connector profile v1, `cancel_lines`.
    async fn cancel_lines(
        &self,
        ord_num: &str,
        cancellation: &Cancellation,
        idempotency_key: &str,
    ) -> Result<CancelledOrder, Error>;

    /// Lists confirmed shipments and voids after a cursor, one page a call, from the first without.
    ///
    /// At most `limit` rows, or the site's own bound. `next_cursor` is always there, also on an
    /// empty page; `complete` when nothing more follows now. Rows may come again: keep the highest
    /// `version` of each `shipment_id`. A row that cannot be read does not fail the call.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_fulfilments`.
    async fn fulfilments(
        &self,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Fulfilment>, Error>;

    /// Announces goods that a customer sends back.
    ///
    /// The same `external_return_id` is authorized once. [`Announced::Queued`] is not existence:
    /// follow the feed until it is there.
    ///
    /// # Errors
    /// As every write. [`Error::Refused`] with `duplicate_return`: it is there, `existing_id` is
    /// its number; with `over_authorised`, `unknown_order`, `unknown_line` or `feature_off`: a
    /// person looks, `field` says where.
    ///
    /// Source: BlueCherry connector profile v1, `announce_return`.
    async fn create_return_authorization(
        &self,
        announced: &NewReturn,
        idempotency_key: &str,
    ) -> Result<Announced, Error>;

    /// Lists returns and what inspection made of them, as [`fulfilments`](Self::fulfilments) lists
    /// shipments.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_returns`.
    async fn returns(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Return>, Error>;

    /// Lists credit memos, as [`fulfilments`](Self::fulfilments) lists shipments. Drafts and voided
    /// ones are among them.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_credit_memos`.
    async fn credit_memos(
        &self,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<CreditMemo>, Error>;

    /// Lists stock positions, one page a call, from the first page without a cursor.
    ///
    /// `next_cursor` is empty on the last page. All pages of a pass share one `batch_id`: when it
    /// changes, begin again. When one is not `complete`, what is not there is unknown, not zero. A
    /// row that cannot be read does not fail the call.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_positions`.
    async fn positions(&self, cursor: Option<&str>, mode: Mode) -> Result<Page<Position>, Error>;

    /// Lists the item master, one page a call, from the first page without a cursor.
    ///
    /// `next_cursor` is empty on the last page. A row that cannot be read does not fail the call.
    ///
    /// # Errors
    /// As every read.
    ///
    /// Source: BlueCherry connector profile v1, `list_items`.
    async fn items(&self, cursor: Option<&str>) -> Result<Page<Item>, Error>;
}
