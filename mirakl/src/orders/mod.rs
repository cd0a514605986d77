//! Reading orders, deciding on them, cancelling them and writing our reference on them.

mod customer;
mod line;
mod order;
mod words;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::customer::{Address, Contact, Customer, Organization, OrganizationAddress};
pub use self::line::{
    Cancelation, CommissionTax, Fee, OrderLine, Promotion, PromotionConfiguration, Refund,
    ShippingFrom, ShippingFromAddress, Tax, Warehouse,
};
pub use self::order::{
    AdditionalField, Center, Channel, DeliveryDate, DiscountCampaign, Fulfillment, Order,
    OrderPromotions, OrderRefund, OrderTax, References, parse_order,
};
pub use self::words::{
    LineState, OrderState, PaymentWorkflow, RefundState, TaxCalculationRule, TaxMode,
};
use crate::answer::OrderUnreadable;
use crate::call::Call;
use crate::client::Client;
use crate::error::Error;
use crate::error_body::plain_code;
use crate::page::Page;

/// Most orders a page, a list of IDs or one OR04 may hold.
const ORDERS_MAX: usize = 100;
/// Most characters of a reference.
const REFERENCE_MAX: usize = 2000;

/// Which orders to list, and which page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderQuery {
    /// Changed at this time or later; cut to milliseconds.
    pub since: Option<Timestamp>,
    /// Changed at this time or earlier; cut to milliseconds.
    pub until: Option<Timestamp>,
    /// These orders only, at most 100; empty means no such limit.
    pub order_ids: Vec<String>,
    /// In these states only; empty means every state.
    pub states: Vec<OrderState>,
    /// Orders to skip.
    pub offset: u32,
    /// Orders a page, 1 to 100.
    pub max: u32,
}

impl Default for OrderQuery {
    /// Everything, from the start, 100 a page.
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            order_ids: Vec::new(),
            states: Vec::new(),
            offset: 0,
            max: 100,
        }
    }
}

/// One order of a page: its exact text, and what could be read of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RawOrder {
    /// Its ID, where at least that can be read.
    pub order_id: Option<String>,
    /// Its JSON, byte for byte as it came. Holds personal data.
    pub json: String,
    /// The order, or where it cannot be read.
    pub order: Result<Order, OrderUnreadable>,
}

impl fmt::Debug for RawOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawOrder")
            .field("order_id", &self.order_id)
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

impl RawOrder {
    pub(crate) fn read(json: &RawValue) -> Self {
        #[derive(Deserialize)]
        struct Named {
            order_id: String,
        }
        let json = json.get().to_owned();
        let order = parse_order(&json);
        let order_id = match &order {
            Ok(order) => Some(order.order_id.clone()),
            Err(_) => serde_json::from_str(&json)
                .ok()
                .map(|named: Named| named.order_id),
        };
        Self {
            order_id,
            json,
            order,
        }
    }
}

/// The shop's decision on one line: taken or refused whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineDecision {
    /// The line's ID.
    pub id: String,
    /// Whether the shop takes it.
    pub accepted: bool,
}

/// Our own number for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The order.
    pub order_id: String,
    /// 1 to 2000 characters.
    pub reference: String,
}

/// What became of the reference of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceResult {
    /// The order.
    pub order_id: String,
    /// Mirakl's codes for what it refused; empty when the reference was written. An error without
    /// a readable code counts as `?`.
    pub errors: Vec<String>,
}

impl Client {
    /// Lists orders, one page a call, by creation date.
    ///
    /// A page holds at most `max` orders; `next_offset` is empty on the last one, and a list
    /// without orders is a page without items. An order that cannot be read is delivered as such,
    /// next to its neighbours. Mirakl moves `since` a little into the past, and orders that change
    /// meanwhile may come twice or not at all: overlap `since`, de-duplicate by ID and
    /// `last_updated_date`.
    ///
    /// # Errors
    /// [`Error::Throttled`]: wait as told. [`Error::Unreachable`], [`Error::NotSent`]: try again
    /// later. [`Error::Unauthorized`], [`Error::Forbidden`]: a person must correct the key.
    /// [`Error::Refused`]: Mirakl does not take the query. [`Error::Unreadable`]: the page itself
    /// cannot be read, or promises more than it brings; never take it for an empty one.
    /// [`Error::TooLarge`]: ask for fewer a page. [`Error::Config`]: a bound is exceeded, or an ID
    /// holds a comma, which the list cannot carry.
    ///
    /// Source: Mirakl seller API, OR11.
    pub async fn list_orders(&self, query: &OrderQuery) -> Result<Page<RawOrder>, Error> {
        #[derive(Deserialize)]
        struct Orders {
            orders: Vec<Box<RawValue>>,
            total_count: u32,
        }
        let wrong = |what| Error::Config { call: "OR11", what };
        if !(1..=100).contains(&query.max) {
            return Err(wrong("a page holds 1 to 100 orders"));
        }
        if query.order_ids.len() > ORDERS_MAX {
            return Err(wrong("more than 100 order ids"));
        }
        let broken = |id: &&str| id.is_empty() || id.contains(',');
        let states: Vec<&str> = query.states.iter().map(OrderState::as_str).collect();
        let order_ids: Vec<&str> = query.order_ids.iter().map(String::as_str).collect();
        if order_ids.iter().any(broken) || states.iter().any(broken) {
            return Err(wrong("a list cannot carry an empty word or a comma"));
        }
        let list = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(","));
        let call = Call::read("OR11", "orders")
            .query("start_update_date", query.since.and_then(to_milliseconds))
            .query("end_update_date", query.until.and_then(to_milliseconds))
            .query("order_ids", list(order_ids))
            .query("order_state_codes", list(states))
            .query("max", Some(query.max.to_string()))
            .query("offset", Some(query.offset.to_string()));

        let answer = self.send(call).await?;
        let page: Orders = answer.object()?;
        let seen = u32::try_from(page.orders.len()).unwrap_or(u32::MAX);
        let seen = query.offset.saturating_add(seen);
        let next_offset = (seen < page.total_count).then_some(seen);
        if page.orders.is_empty() && next_offset.is_some() {
            return Err(answer.contradictory("orders"));
        }
        Ok(Page {
            items: page
                .orders
                .iter()
                .map(|json| RawOrder::read(json))
                .collect(),
            total_count: page.total_count,
            next_offset,
            server_date: answer.server_date,
        })
    }

    /// Accepts or refuses the lines of an order, all of them in one call.
    ///
    /// Only in WAITING_ACCEPTANCE. Every line must be decided, each whole; there is no reason for
    /// a refusal. An empty list is not sent.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the order before sending again. [`Error::Refused`]: nothing was
    /// decided; the code `ORDER_INVALID_STATE` also comes when it was decided before.
    /// [`Error::NotFound`]: no such order or line in this shop. [`Error::NotSent`],
    /// [`Error::Throttled`]: send again later. [`Error::Unauthorized`], [`Error::Forbidden`]: a
    /// person must correct the key. [`Error::Config`]: no line, or not an order ID.
    ///
    /// Source: Mirakl seller API, OR21.
    pub async fn accept_order(&self, order_id: &str, lines: &[LineDecision]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            order_lines: &'a [LineDecision],
        }
        if lines.is_empty() {
            return Err(Error::Config {
                call: "OR21",
                what: "no line is decided",
            });
        }
        let call = Call::write_order("OR21", order_id, "accept")?;
        self.send(call.json(&Body { order_lines: lines })?)
            .await?
            .nothing()
    }

    /// Cancels a whole order before the customer has paid.
    ///
    /// Possible while the order says `can_cancel`; after a debit, refund instead.
    ///
    /// # Errors
    /// [`Error::Unknown`]: read the order before sending again. [`Error::Refused`]: it cannot be
    /// cancelled in its state, or was before. [`Error::NotFound`]: no such order in this shop.
    /// [`Error::NotSent`], [`Error::Throttled`]: send again later. [`Error::Unauthorized`],
    /// [`Error::Forbidden`]: a person must correct the key. [`Error::Config`]: not an order ID.
    ///
    /// Source: Mirakl seller API, OR29.
    pub async fn cancel_order(&self, order_id: &str) -> Result<(), Error> {
        self.send(Call::write_order("OR29", order_id, "cancel")?)
            .await?
            .nothing()
    }

    /// Writes our own number on orders, 1 to 100 a call; nothing else on them changes.
    ///
    /// Harmless when repeated. A 2xx does not mean that every order went through: there is one
    /// result for each order, in the order asked, and its `errors` say. An empty list sends
    /// nothing and has no results.
    ///
    /// # Errors
    /// [`Error::Unknown`]: the answer was lost or leaves an order out; send again.
    /// [`Error::Refused`]: Mirakl does not take the call. [`Error::NotSent`],
    /// [`Error::Throttled`]: send again later. [`Error::Unauthorized`], [`Error::Forbidden`]: a
    /// person must correct the key. [`Error::Config`]: a bound is exceeded.
    ///
    /// Source: Mirakl seller API, OR04.
    pub async fn write_references(
        &self,
        references: &[Reference],
    ) -> Result<Vec<ReferenceResult>, Error> {
        #[derive(Deserialize)]
        struct Updated {
            updated_orders: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            order_id: Option<String>,
            errors: Option<Vec<Problem>>,
        }
        #[derive(Deserialize)]
        struct Problem {
            code: Option<String>,
        }
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let wrong = |what| Error::Config { call: "OR04", what };
        if references.len() > ORDERS_MAX {
            return Err(wrong("more than 100 references"));
        }
        let fits = |text: &str| (1..=REFERENCE_MAX).contains(&text.chars().count());
        if !references
            .iter()
            .all(|one| fits(&one.reference) && !one.order_id.is_empty())
        {
            return Err(wrong("a reference has 1 to 2000 characters"));
        }
        let orders: Vec<_> = references
            .iter()
            .map(|one| {
                serde_json::json!({
                    "order_id": one.order_id,
                    "references": { "order_reference_for_seller": one.reference },
                })
            })
            .collect();
        let call = Call::write_orders("OR04").json(&serde_json::json!({ "orders": orders }))?;

        let answer = self.send(call).await?;
        let rows = answer.object::<Updated>()?.updated_orders;
        let result = |one: &Reference| {
            let row = rows
                .iter()
                .find(|row| row.order_id.as_ref() == Some(&one.order_id))?;
            let problems = row.errors.iter().flatten();
            let code = |problem: &Problem| {
                problem
                    .code
                    .as_deref()
                    .and_then(plain_code)
                    .unwrap_or_else(|| "?".to_owned())
            };
            let errors = problems.map(code).collect();
            Some(ReferenceResult {
                order_id: one.order_id.clone(),
                errors,
            })
        };
        let results: Option<Vec<_>> = references.iter().map(result).collect();
        results.ok_or_else(|| answer.contradictory("updated_orders"))
    }
}

/// Mirakl writes at most three digits behind the second, so no more are sent.
fn to_milliseconds(time: Timestamp) -> Option<String> {
    Timestamp::from_millisecond(time.as_millisecond())
        .ok()
        .map(|time| time.to_string())
}

#[cfg(test)]
mod tests;
