//! Every activity the workflows ask for: names, inputs and answers. Their code is in `activities`.
//!
//! What stands here stands in histories, so types grow by optional fields only.

#![expect(
    missing_docs,
    reason = "the macros make constants without documentation"
)]
#![expect(
    clippy::unimplemented,
    reason = "the macro wants these bodies, and drops them"
)]

use domain::command::Answer;
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::step::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

/// A person's word on its way to the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandRequest {
    /// Which order.
    pub order: OrderKey,
    /// `retry`, `cancel`, `hold`, `release`, `correct` or `mark_done`.
    pub name: String,
    /// As it came; read by `domain::command`.
    #[serde(default)]
    pub detail: Value,
    /// Where it came from: `temporal_ui`, `cli`, `cancel_button`.
    pub by: String,
}

/// Which feed to pull, and of which ledger it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedInput {
    /// Marketplace code, or the ERP site.
    pub of: String,
    /// The ledger that this feed fills; a worker with another one must not go on with it.
    pub ledger_id: String,
    /// Kept over continue-as-new.
    #[serde(default)]
    pub paused: bool,
}

impl FeedInput {
    /// The marketplace, when this is a feed of one.
    pub fn marketplace(&self) -> Option<MarketplaceCode> {
        MarketplaceCode::new(self.of.as_str()).ok()
    }
}

/// What a pull brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedReport {
    /// Rows read.
    pub rows: u32,
    /// New or changed rows.
    pub changed: u32,
    /// Runs that were told to look again.
    pub told: u32,
    /// Rows that could not be read.
    #[serde(default)]
    pub unreadable: u32,
    /// When to pull next, as the settings in force say.
    pub next_in_ms: u64,
}

/// Activities of an order's run. Each answers with what comes next.
pub struct OrderActivities;

#[activity_definitions]
impl OrderActivities {
    /// Reads progress and facts from the ledger and decides. Writes nothing outside the ledger.
    #[activity(name = "decide")]
    pub fn decide(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Takes a person's word into the ledger.
    #[activity(name = "take_command")]
    pub fn take_command(request: CommandRequest) -> Result<Answer, ActivityError> {
        unimplemented!()
    }

    /// Creates the sales order, on hold and without a ship-to.
    #[activity(name = "create_sales_order")]
    pub fn create_sales_order(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Looks whether a queued or doubtful sales order shows by now.
    #[activity(name = "find_sales_order")]
    pub fn find_sales_order(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Tells Mirakl which lines are taken (OR21).
    #[activity(name = "accept_order_lines")]
    pub fn accept_order_lines(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Refuses every line on Mirakl (OR21).
    #[activity(name = "refuse_order_lines")]
    pub fn refuse_order_lines(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Gives the sales order its ship-to and releases it.
    #[activity(name = "release_sales_order")]
    pub fn release_sales_order(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Cancels the sales order's lines in BlueCherry.
    #[activity(name = "cancel_sales_order")]
    pub fn cancel_sales_order(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Cancels the whole order on Mirakl (OR29).
    #[activity(name = "cancel_order")]
    pub fn cancel_order(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Sends carrier and tracking number (OR23).
    #[activity(name = "send_tracking")]
    pub fn send_tracking(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Tells each parcel that left as a shipment of its own (ST01).
    #[activity(name = "tell_parcels")]
    pub fn tell_parcels(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Sends the corrected tracking of parcels that were told (ST23).
    #[activity(name = "correct_tracking")]
    pub fn correct_tracking(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Cancels the units in BlueCherry that Mirakl canceled.
    #[activity(name = "cancel_units")]
    pub fn cancel_units(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Looks in BlueCherry which units are canceled.
    #[activity(name = "read_units")]
    pub fn read_units(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Cancels units on Mirakl before money was taken (OR30).
    #[activity(name = "cancel_lines")]
    pub fn cancel_lines(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Repays what was credited (OR28).
    #[activity(name = "refund")]
    pub fn refund(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Brings returns on, in BlueCherry and on Mirakl (RT01, RT21, RT25, RT26, RT27).
    #[activity(name = "forward_returns")]
    pub fn forward_returns(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Tells Mirakl that an incident is settled (OR64).
    #[activity(name = "resolve_incident")]
    pub fn resolve_incident(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }

    /// Confirms the shipment of the whole order (OR24).
    #[activity(name = "confirm_shipment")]
    pub fn confirm_shipment(order: OrderKey) -> Result<Decision, ActivityError> {
        unimplemented!()
    }
}

/// Activities of the feeds.
pub struct FeedActivities;

#[activity_definitions]
impl FeedActivities {
    /// One pull of OR11 into the ledger, then the runs that owe a look are told.
    #[activity(name = "collect_orders")]
    pub fn collect_orders(feed: FeedInput) -> Result<FeedReport, ActivityError> {
        unimplemented!()
    }

    /// One read of BlueCherry's fulfilments into the ledger, then the runs are told.
    #[activity(name = "collect_shipments")]
    pub fn collect_shipments(feed: FeedInput) -> Result<FeedReport, ActivityError> {
        unimplemented!()
    }
}
