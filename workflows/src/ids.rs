//! Workflow IDs, task queues, and names that stand in running executions.

use domain::marketplace::{MarketplaceCode, OrderKey};

/// Queue of the orders' workflows and their activities.
pub const ORDERS: &str = "orders";
/// Queue of the feeds.
pub const FEEDS: &str = "feeds";

/// Queue of stock: a large feed under way holds up no order.
pub const STOCK: &str = "stock";

/// `order/{marketplace}/{order_id}`: no order runs twice at once.
pub fn order(key: &OrderKey) -> String {
    format!("order/{}/{}", key.marketplace, key.order_id)
}

/// `feed/{marketplace}/orders`: one pull of orders a shop.
pub fn orders_feed(marketplace: &MarketplaceCode) -> String {
    format!("feed/{marketplace}/orders")
}

/// `feed/{site}/shipments`: one reader of fulfilments a site.
pub fn shipments_feed(site: &str) -> String {
    format!("feed/{site}/shipments")
}

/// `sweep/{marketplace}`: the schedule, and the start of its runs' IDs.
pub fn sweep(marketplace: &MarketplaceCode) -> String {
    format!("sweep/{marketplace}")
}

/// `stock/{marketplace}`: the schedule, and the start of its runs' IDs.
pub fn stock(marketplace: &MarketplaceCode) -> String {
    format!("stock/{marketplace}")
}

/// `stock-review/{marketplace}/{review}`: what waits for a person, by the number of the computation
/// that held it first.
pub fn stock_review(marketplace: &MarketplaceCode, review: i64) -> String {
    format!("stock-review/{marketplace}/{review}")
}

/// The search attributes of the design, all keywords: ten a namespace is all there is.
pub const SEARCH_ATTRIBUTES: [&str; 6] = [
    "Marketplace",
    "OrderStage",
    "SalesOrder",
    "BlockedOn",
    "Owner",
    "Deadline",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activities::{FeedActivities, OrderActivities};
    use crate::feeds::{CollectOrders, CollectShipments};
    use crate::orders::FulfillOrder;
    use crate::stock::{PublishStock, ReviewStock, StockActivities};
    use crate::sweep::{Sweep, SweepActivities};
    use temporalio_common::{
        ActivityDefinition, QueryDefinition, SignalDefinition, UpdateDefinition, WorkflowDefinition,
    };

    /// These names stand in running executions: a change here breaks open orders.
    #[test]
    fn names_that_stand_in_running_executions() {
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "C-1001-A".into(),
        };
        let mut names = vec![
            format!("workflow ID  {}", order(&key)),
            format!("workflow ID  {}", orders_feed(&key.marketplace)),
            format!("workflow ID  {}", shipments_feed("northwind")),
            format!("schedule ID  {}", sweep(&key.marketplace)),
            format!("schedule ID  {}", stock(&key.marketplace)),
            format!("workflow ID  {}", stock_review(&key.marketplace, 17)),
            format!("task queues  {ORDERS} {FEEDS} {STOCK}"),
            format!("attributes   {}", SEARCH_ATTRIBUTES.join(" ")),
        ];
        names.extend(
            [
                WorkflowDefinition::name(&FulfillOrder::run),
                WorkflowDefinition::name(&CollectOrders::run),
                WorkflowDefinition::name(&CollectShipments::run),
                WorkflowDefinition::name(&Sweep::run),
                WorkflowDefinition::name(&PublishStock::run),
                WorkflowDefinition::name(&ReviewStock::run),
            ]
            .map(|name| format!("workflow     {name}")),
        );
        names.extend(
            [
                SignalDefinition::name(&FulfillOrder::order_changed),
                SignalDefinition::name(&FulfillOrder::shipment_confirmed),
                SignalDefinition::name(&FulfillOrder::mapping_changed),
                SignalDefinition::name(&FulfillOrder::signal_retry),
                SignalDefinition::name(&FulfillOrder::signal_cancel),
                SignalDefinition::name(&FulfillOrder::signal_hold),
                SignalDefinition::name(&FulfillOrder::signal_release),
                SignalDefinition::name(&FulfillOrder::signal_correct),
                SignalDefinition::name(&FulfillOrder::signal_resolve_incident),
                SignalDefinition::name(&FulfillOrder::signal_mark_done),
                SignalDefinition::name(&CollectOrders::pause),
                SignalDefinition::name(&CollectOrders::resume),
                SignalDefinition::name(&CollectOrders::poll_now),
                SignalDefinition::name(&CollectShipments::pause),
                SignalDefinition::name(&CollectShipments::resume),
                SignalDefinition::name(&CollectShipments::poll_now),
                SignalDefinition::name(&ReviewStock::approve),
                SignalDefinition::name(&ReviewStock::reject),
                SignalDefinition::name(&ReviewStock::replaced),
            ]
            .map(|name| format!("signal       {name}")),
        );
        names.extend(
            [
                UpdateDefinition::name(&FulfillOrder::update_retry),
                UpdateDefinition::name(&FulfillOrder::update_cancel),
                UpdateDefinition::name(&FulfillOrder::update_hold),
                UpdateDefinition::name(&FulfillOrder::update_release),
                UpdateDefinition::name(&FulfillOrder::update_correct),
                UpdateDefinition::name(&FulfillOrder::update_resolve_incident),
                UpdateDefinition::name(&FulfillOrder::update_mark_done),
            ]
            .map(|name| format!("update       {name}")),
        );
        names.extend(
            [
                QueryDefinition::name(&FulfillOrder::progress),
                QueryDefinition::name(&CollectOrders::state),
                QueryDefinition::name(&CollectShipments::state),
                QueryDefinition::name(&Sweep::report),
                QueryDefinition::name(&PublishStock::report),
                QueryDefinition::name(&ReviewStock::review),
            ]
            .map(|name| format!("query        {name}")),
        );
        names.extend(
            [
                OrderActivities::decide.name(),
                OrderActivities::take_command.name(),
                OrderActivities::create_sales_order.name(),
                OrderActivities::find_sales_order.name(),
                OrderActivities::accept_order_lines.name(),
                OrderActivities::refuse_order_lines.name(),
                OrderActivities::release_sales_order.name(),
                OrderActivities::cancel_sales_order.name(),
                OrderActivities::cancel_order.name(),
                OrderActivities::send_tracking.name(),
                OrderActivities::tell_parcels.name(),
                OrderActivities::correct_tracking.name(),
                OrderActivities::cancel_units.name(),
                OrderActivities::read_units.name(),
                OrderActivities::cancel_lines.name(),
                OrderActivities::refund.name(),
                OrderActivities::forward_returns.name(),
                OrderActivities::resolve_incident.name(),
                OrderActivities::confirm_shipment.name(),
                FeedActivities::collect_orders.name(),
                FeedActivities::collect_shipments.name(),
                SweepActivities::request_order_export.name(),
                SweepActivities::await_order_export.name(),
                SweepActivities::read_order_export.name(),
                SweepActivities::compare_orders.name(),
                StockActivities::read_snapshot.name(),
                StockActivities::read_offers.name(),
                StockActivities::compute_stock.name(),
                StockActivities::send_stock.name(),
                StockActivities::await_stock_import.name(),
                StockActivities::decide_stock.name(),
            ]
            .map(|name| format!("activity     {name}")),
        );
        insta::assert_snapshot!(names.join("\n"));
    }
}
